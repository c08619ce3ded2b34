#include "sources.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "error.h"

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

int token_choose(const char *token_file, TokenChoice *ret_choice, Failure *ret_failure)
{
    char *value = take_from_environment("SKYSTACK_TOKEN"), *named = NULL;
    TokenChoice choice = {.value = value};
    int r;

    if (token_file) {
        if (asprintf(&named, "token_file=%s", token_file) < 0)
            named = NULL;
        r = set_file(&choice, strdup(token_file), named);
    } else if (value) {
        choice.source = (TokenSource){.value = value, .named = "$SKYSTACK_TOKEN"};
        r = 0;
    } else {
        r = choose_file(&choice);
    }
    if (r == 0) {
        *ret_choice = choice;
        return 0;
    }
    token_choice_release(&choice);
    *ret_failure =
        failure_make(-ERR_TOKEN, "There is no token: none of token_file=, $SKYSTACK_TOKEN, $CREDENTIALS_DIRECTORY, "
                                 "~/.config/skystackfs/token and /etc/skystackfs/token has one.");
    failure_set_mend(
        ret_failure,
        "Make one in the SkyStack console, keep it in a file (chmod 600) and name it by -o token_file=PATH.");
    return -ERR_TOKEN;
}

void token_choice_release(TokenChoice *choice)
{
    if (choice->value)
        explicit_bzero(choice->value, strlen(choice->value));
    free(choice->value);
    free(choice->path);
    free(choice->named);
    *choice = (TokenChoice){0};
}
