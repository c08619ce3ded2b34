#include "mount_command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app.h"
#include "config.h"
#include "error.h"
#include "exit_code.h"
#include "mounts.h"
#include "say.h"

/* What mount(8) says when it ends ("EXIT STATUS" there). */
enum { MOUNT_GOOD = 0, MOUNT_USAGE = 1, MOUNT_SYSTEM = 2, MOUNT_FAILED = 32 };

typedef struct MountWords {
    const char *source, *mountpoint;
    const char **texts; /* of each -o */
    size_t count;
    bool foreground, debug, fake, verbose, sloppy;
    bool is_helper;
} MountWords;

static const char *name_of(const char *program)
{
    const char *slash = program ? strrchr(program, '/') : NULL;

    return slash ? slash + 1 : program;
}

bool mount_is_bare(const char *program)
{
    const char *name = name_of(program);

    return name && strcmp(name, MOUNT_BARE_NAME) == 0;
}

bool mount_is_helper(const char *program)
{
    const char *name = name_of(program);

    return name && (strcmp(name, "mount.skystackfs") == 0 || strcmp(name, "mount.fuse.skystackfs") == 0);
}

static int take_word(MountWords *words, const char *word, Failure *ret_failure)
{
    const char **place = !words->source ? &words->source : &words->mountpoint;

    if (*place) {
        *ret_failure = failure_make(-ERR_INVALID, "`%s` is one word too many.", word);
        return -ERR_INVALID;
    }
    *place = word;
    return 0;
}

/* -n and -N (no mtab, a namespace that mount went into) and -t are mount's alone. */
static int take_flag(MountWords *words, int flag, Failure *ret_failure)
{
    if (flag == 'f')
        *(words->is_helper ? &words->fake : &words->foreground) = true;
    else if (flag == 'd')
        words->foreground = words->debug = true;
    else if (flag == 'v')
        words->verbose = true;
    else if (flag == 's')
        words->sloppy = true;
    else if (flag != 'n' && flag != 'N' && flag != 't') {
        *ret_failure = failure_make(-ERR_INVALID, "`-%c` is not understood.", optopt);
        return -ERR_INVALID;
    }
    return 0;
}

/* getopt's order of options and words is free, as mount(8) calls its helpers. */
static int parse_words(MountWords *words, int argc, char **argv, Failure *ret_failure)
{
    int option, r = 0;

    opterr = 0;
    while (r == 0 && (option = getopt(argc, argv, words->is_helper ? "-sfnvN:t:o:" : "-fdo:")) != -1) {
        if (option == 1)
            r = take_word(words, optarg, ret_failure);
        else if (option == 'o')
            words->texts[words->count++] = optarg;
        else
            r = take_flag(words, option, ret_failure);
    }
    while (r == 0 && optind < argc) /* behind `--` */
        r = take_word(words, argv[optind++], ret_failure);
    if (r == 0 && !words->mountpoint) {
        *ret_failure = failure_make(-ERR_INVALID, "A SOURCE and a MOUNTPOINT are needed.");
        r = -ERR_INVALID;
    }
    return r;
}

static int take_settings(const MountWords *words, Settings *settings, Failure *ret_failure)
{
    int r;

    settings->foreground = words->foreground;
    settings->debug = words->debug;
    settings->sloppy = words->sloppy;
    settings->is_helper = words->is_helper;
    settings->mountpoint = mounts_absolute(words->mountpoint); /* the daemon works in `/` */
    r = settings->mountpoint ? 0 : -ERR_NO_MEMORY;
    if (r == 0)
        r = config_load(settings, words->source, words->texts, words->count, ret_failure);
    return r;
}

static int run(const MountWords *words, Settings *settings)
{
    int code = words->fake ? EXIT_OK : app_run(settings);

    if (code == EXIT_OK && words->verbose)
        printf("%s mounted on %s.\n", settings->source, settings->mountpoint);
    return code;
}

static int code_for_mount(int code)
{
    switch (code) {
    case EXIT_OK:
        return MOUNT_GOOD;
    case EXIT_USAGE:
        return MOUNT_USAGE;
    case EXIT_FAILED:
        return MOUNT_SYSTEM;
    default:
        return MOUNT_FAILED;
    }
}

int mount_command(int argc, char **argv)
{
    MountWords words = {.is_helper = mount_is_helper(argv[0])};
    Failure failure = {.code = -ERR_NO_MEMORY};
    Settings settings;
    int code;

    settings_init(&settings);
    settings.bare = mount_is_bare(argv[0]);
    words.texts = calloc((size_t)argc, sizeof *words.texts);
    if (!words.texts || parse_words(&words, argc, argv, &failure) < 0 || take_settings(&words, &settings, &failure) < 0)
        code = say_usage(failure);
    else
        code = run(&words, &settings);
    settings_release(&settings);
    free(words.texts);
    return words.is_helper ? code_for_mount(code) : code;
}
