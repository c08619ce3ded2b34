#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "command_table.h"
#include "commands.h"
#include "error.h"
#include "exit_code.h"
#include "mount_command.h"
#include "options.h"
#include "say.h"

enum { HELP_BYTES = 16 << 10 };

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
    printf("\nSOURCE is `production`, `sandbox`, an address such as https://host:port, or a section of the "
           "configuration.\n"
           "    -f  stay in the foreground, log to standard error\n"
           "    -d  the same, and show each request of the kernel\n"
           "    -h  this help        -V  the version\n"
           "\nOptions (and their defaults):\n%s"
           "\nAn option that is not given comes from $SKYSTACKFS_NAME (as $SKYSTACKFS_TTL), else from the section of "
           "SOURCE in\n~/.config/skystackfs/config, else from that in /etc/skystackfs/config.\n"
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
            return say_usage(failure_make(-ERR_INVALID, "`skystackfs %s` does not take `%s`.", command->name, word));
    }
    return command->run(&parsed);
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
    if (mount_is_helper(argv[0]))
        return mount_command(argc, argv);
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
