#include "sources.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "words.h"

/* unsetenv() alone would leave the bytes where /proc/PID/environ shows them. */
static char *take_from_environment(const char *name)
{
    char *value = getenv(name), *copy;

    if (!value)
        return NULL;
    copy = strdup(value);
    explicit_bzero(value, strlen(value));
    unsetenv(name);
    return copy;
}

static int set_file(TokenChoice *choice, char *path, char *named)
{
    choice->path = path;
    choice->named = named;
    choice->source = (TokenSource){.file = path, .named = named};
    return path && named ? 0 : -ERR_NO_MEMORY;
}

/* DIRECTORY/NAME if it is there. */
static char *path_in(const char *directory, const char *name)
{
    char *path;

    if (!directory || asprintf(&path, "%s/%s", directory, name) < 0)
        return NULL;
    if (access(path, F_OK) == 0)
        return path;
    free(path);
    return NULL;
}

static char *path_in_home(void)
{
    const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

    if (config && config[0])
        return path_in(config, "skystackfs/token");
    return path_in(home, ".config/skystackfs/token");
}

static int choose_file(TokenChoice *choice)
{
    char *path = path_in(getenv("CREDENTIALS_DIRECTORY"), "skystack-token");

    if (!path)
        path = path_in_home();
    if (!path)
        path = path_in("/etc/skystackfs", "token");
    return path ? set_file(choice, path, strdup(path)) : -ERR_NOT_FOUND;
}

static int set_named_file(TokenChoice *choice, const char *path)
{
    char *named;

    if (asprintf(&named, "token_file=%s", path) < 0)
        named = NULL;
    return set_file(choice, strdup(path), named);
}

/* Named by its program alone: arguments may tell more than messages should. */
static int set_command(TokenChoice *choice, const char *text)
{
    int r = words_split(text, &choice->command);

    if (r < 0)
        return r;
    if (asprintf(&choice->named, "token_command=%s", choice->command[0]) < 0) {
        choice->named = NULL;
        return -ERR_NO_MEMORY;
    }
    choice->source = (TokenSource){.command = choice->command, .named = choice->named};
    return 0;
}

static Failure refuse_choice(int code)
{
    Failure failure =
        failure_make(-ERR_TOKEN, "There is no token: none of token_file=, token_command=, $SKYSTACK_TOKEN, "
                                 "$CREDENTIALS_DIRECTORY, ~/.config/skystackfs/token and /etc/skystackfs/token has "
                                 "one.");

    failure_set_mend(
        &failure, "Make one in the SkyStack console, keep it in a file (chmod 600) and name it by -o token_file=PATH.");
    if (code == -ERR_INVALID) {
        failure = failure_make(code, "The option `token_command` names no program.");
        failure_set_mend(&failure,
                         "Write words with blanks between; one that holds blanks as \"a b\", a quote in that as "
                         "\"\".");
    } else if (code == -ERR_NO_MEMORY) {
        failure = failure_make(code, "%s", error_sentence(code));
    }
    return failure;
}

int token_choose(const char *token_file, const char *token_command, TokenChoice *ret_choice, Failure *ret_failure)
{
    char *value = take_from_environment("SKYSTACK_TOKEN");
    TokenChoice choice = {.value = value};
    int r = 0;

    if (token_file)
        r = set_named_file(&choice, token_file);
    else if (token_command)
        r = set_command(&choice, token_command);
    else if (value)
        choice.source = (TokenSource){.value = value, .named = "$SKYSTACK_TOKEN"};
    else
        r = choose_file(&choice);
    if (r == 0) {
        *ret_choice = choice;
        return 0;
    }
    token_choice_release(&choice);
    *ret_failure = refuse_choice(r);
    return ret_failure->code;
}

void token_choice_release(TokenChoice *choice)
{
    if (choice->value)
        explicit_bzero(choice->value, strlen(choice->value));
    free(choice->value);
    free(choice->path);
    words_free(choice->command);
    free(choice->named);
    *choice = (TokenChoice){0};
}
