#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app.h"
#include "cleanup.h"
#include "commands.h"
#include "error.h"
#include "exit_code.h"
#include "options.h"
#include "say.h"

enum { HELP_BYTES = 16 << 10 };

static int usage_error(Failure failure)
{
    if (!failure.mend[0])
        failure_set_mend(&failure, "`skystackfs --help` shows how it is called.");
    say_failure(&failure);
    return EXIT_USAGE;
}

static int print_help(void)
{
    _cleanup_buf_ Buf help = BUF_INIT(HELP_BYTES);

    if (options_help(&help) < 0)
        return EXIT_FAILED;
    printf("skystackfs shows a SkyStack cloud's instances as files.\n\n"
           "Usage:\n"
           "    skystackfs SOURCE MOUNTPOINT [-f] [-d] [-o OPTION[,OPTION...]]\n");
    for (const Command *command = commands; command->name; command++)
        printf("    skystackfs %s %s\n        %s\n", command->name, command->arguments, command->meaning);
    printf("\nSOURCE is `production`, `sandbox`, or an address such as https://host:port.\n"
           "    -f  stay in the foreground, log to standard error\n"
           "    -d  the same, and show each request of the kernel\n"
           "    -h  this help        -V  the version\n"
           "\nOptions (and their defaults):\n%s"
           "\nThe token comes from token_file=, token_command=, else $SKYSTACK_TOKEN, "
           "$CREDENTIALS_DIRECTORY/skystack-token,\n"
           "~/.config/skystackfs/token or /etc/skystackfs/token. It is never an argument.\n"
           "\nExit codes: 0 good, 1 failed, 2 wrong usage, 3 not found, 4 token refused, 32 not mounted, 124 time is "
           "up.\n",
           buf_text(&help));
    return EXIT_OK;
}

static const Command *find_command(const char *name)
{
    for (const Command *command = commands; command->name; command++) {
        if (strcmp(command->name, name) == 0)
            return command;
    }
    return NULL;
}

/* Seconds, as shells have those since 1970 in $EPOCHREALTIME. */
static int parse_seconds(const char *text, int64_t *ret_ms)
{
    char *end;
    double seconds = strtod(text, &end);

    if (end == text || *end || !(seconds >= 0 && seconds <= 1e11))
        return -ERR_INVALID;
    *ret_ms = (int64_t)(seconds * 1000);
    return 0;
}

/* Takes the word at *at, and its value after it, which moves *at. False: it is not for this command. */
static bool take_option(const Command *command, int count, char **words, int *at, CommandWords *parsed)
{
    const char *word = words[*at], *value = *at + 1 < count ? words[*at + 1] : "";
    int64_t *seconds = NULL;

    if (strcmp(word, "--json") == 0)
        parsed->json = true;
    else if (strcmp(word, "--follow") == 0 && (command->takes & TAKES_FOLLOW))
        parsed->follow = true;
    else if (strcmp(word, "--since") == 0 && (command->takes & TAKES_SINCE))
        seconds = &parsed->since_ms;
    else if (strcmp(word, "--timeout") == 0 && (command->takes & TAKES_TIMEOUT))
        seconds = &parsed->timeout_ms;
    else
        return false;
    *at += seconds != NULL;
    return !seconds || parse_seconds(value, seconds) == 0;
}

static bool take_plain_word(const Command *command, const char *word, CommandWords *parsed)
{
    const char **place = !parsed->path ? &parsed->path : &parsed->status;

    if (word[0] == '-' || *place || (place == &parsed->status && !(command->takes & TAKES_STATUS)))
        return false;
    *place = word;
    return true;
}

static int run_command(const Command *command, int count, char **words)
{
    CommandWords parsed = {.timeout_ms = -1, .count = count, .words = words};

    if (command->takes & TAKES_ALL)
        return command->run(&parsed);
    for (int i = 0; i < count; i++) {
        const char *word = words[i];

        if (!take_option(command, count, words, &i, &parsed) && !take_plain_word(command, word, &parsed))
            return usage_error(failure_make(-ERR_INVALID, "`skystackfs %s` does not take `%s`.", command->name, word));
    }
    return command->run(&parsed);
}

/* The daemon works in `/`, so the mount point must be absolute. A dead mount can't be resolved: then the text itself
 * has to do. */
static char *absolute_mountpoint(const char *path)
{
    _cleanup_free_ char *here = NULL;
    char *whole = realpath(path, NULL);

    if (whole || path[0] == '/')
        return whole ? whole : strdup(path);
    here = getcwd(NULL, 0);
    if (!here || asprintf(&whole, "%s/%s", here, path) < 0)
        return NULL;
    return whole;
}

static int take_word(Settings *settings, const char *word, int position, Failure *ret_failure)
{
    if (position == 0)
        return source_parse(settings, word, ret_failure);
    if (position == 1) {
        settings->mountpoint = absolute_mountpoint(word);
        return settings->mountpoint ? 0 : -ERR_NO_MEMORY;
    }
    *ret_failure = failure_make(-ERR_INVALID, "`%s` is one word too many.", word);
    return -ERR_INVALID;
}

/* getopt's order of options and words is free, as mount(8) helpers are called. */
static int parse_words(Settings *settings, int argc, char **argv, Failure *ret_failure)
{
    int position = 0, option, r = 0;

    opterr = 0;
    while (r == 0 && (option = getopt(argc, argv, "-fdo:")) != -1) {
        switch (option) {
        case 1:
            r = take_word(settings, optarg, position++, ret_failure);
            break;
        case 'f':
            settings->foreground = true;
            break;
        case 'd':
            settings->foreground = settings->debug = true;
            break;
        case 'o':
            r = options_parse(settings, optarg, ret_failure);
            break;
        default:
            *ret_failure = failure_make(-ERR_INVALID, "`-%c` is not understood.", optopt);
            r = -ERR_INVALID;
        }
    }
    if (r == 0 && position < 2) {
        *ret_failure = failure_make(-ERR_INVALID, "A SOURCE and a MOUNTPOINT are needed.");
        r = -ERR_INVALID;
    }
    return r;
}

static int mount_command(int argc, char **argv)
{
    Settings settings;
    Failure failure = {.code = -ERR_NO_MEMORY};
    int code;

    settings_init(&settings);
    if (parse_words(&settings, argc, argv, &failure) < 0)
        code = usage_error(failure);
    else
        code = app_run(&settings);
    settings_release(&settings);
    return code;
}

/* Where one of the first three is closed, the next file that is opened would get its number, and what is printed. */
static bool open_standard_files(void)
{
    for (int fd = 0; fd <= 2; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
            return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    const Command *command = argc > 1 ? find_command(argv[1]) : NULL;

    if (!open_standard_files())
        return EXIT_FAILED;
    if (command)
        return run_command(command, argc - 2, argv + 2);
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0)
            return print_help();
        if (strcmp(argv[i], "-V") == 0 || strcmp(argv[i], "--version") == 0) {
            printf("skystackfs %s\n", SKYSTACKFS_VERSION);
            return EXIT_OK;
        }
    }
    return mount_command(argc, argv);
}
