#include "mount_words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"

enum WordKind {
    WORD_UNKNOWN,
    WORD_FOR_MOUNT, /* mount's or systemd's business alone, or what is so anyway */
    WORD_FOR_KERNEL,
    WORD_WRITABLE,
    WORD_REMOUNT
};

typedef struct MountWord {
    const char *word;
    enum WordKind kind;
} MountWord;

/* Without special files and set-user-ids a file system of JSON is the same with `dev` and `suid`. */
static const MountWord words[] = {
    {"_netdev", WORD_FOR_MOUNT},     {"auto", WORD_FOR_MOUNT},
    {"noauto", WORD_FOR_MOUNT},      {"nofail", WORD_FOR_MOUNT},
    {"user", WORD_FOR_MOUNT},        {"nouser", WORD_FOR_MOUNT},
    {"users", WORD_FOR_MOUNT},       {"owner", WORD_FOR_MOUNT},
    {"group", WORD_FOR_MOUNT},       {"defaults", WORD_FOR_MOUNT},
    {"async", WORD_FOR_MOUNT},       {"exec", WORD_FOR_MOUNT},
    {"suid", WORD_FOR_MOUNT},        {"nosuid", WORD_FOR_MOUNT},
    {"dev", WORD_FOR_MOUNT},         {"nodev", WORD_FOR_MOUNT},
    {"atime", WORD_FOR_MOUNT},       {"diratime", WORD_FOR_MOUNT},
    {"relatime", WORD_FOR_MOUNT},    {"loud", WORD_FOR_MOUNT},
    {"lazytime", WORD_FOR_MOUNT},    {"silent", WORD_FOR_MOUNT},
    {"nomand", WORD_FOR_MOUNT},      {"noiversion", WORD_FOR_MOUNT},
    {"nolazytime", WORD_FOR_MOUNT},  {"nostrictatime", WORD_FOR_MOUNT},
    {"noexec", WORD_FOR_KERNEL},     {"noatime", WORD_FOR_KERNEL},
    {"nodiratime", WORD_FOR_KERNEL}, {"sync", WORD_FOR_KERNEL},
    {"dirsync", WORD_FOR_KERNEL},    {"rw", WORD_WRITABLE},
    {"remount", WORD_REMOUNT},
};

static enum WordKind kind_of(const char *word)
{
    if (strncmp(word, "x-", 2) == 0 || strncmp(word, "X-", 2) == 0 || strncmp(word, "comment=", 8) == 0)
        return WORD_FOR_MOUNT;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(words[i].word, word) == 0)
            return words[i].kind;
    }
    return WORD_UNKNOWN;
}

static int keep_for_kernel(Settings *settings, const char *word)
{
    char *all;

    if (asprintf(&all, "%s,%s", settings->kernel_options ? settings->kernel_options : "", word) < 0)
        return -ERR_NO_MEMORY;
    free(settings->kernel_options);
    settings->kernel_options = all;
    return 0;
}

bool mount_word_take(const char *word, Settings *settings, Failure *ret_failure)
{
    static const OptionPlace place = {.origin = ORIGIN_OPTION};
    enum WordKind kind = kind_of(word);
    int r = 0;

    if (kind == WORD_UNKNOWN)
        return false;
    if (kind == WORD_FOR_KERNEL)
        r = keep_for_kernel(settings, word);
    if (kind == WORD_WRITABLE && !settings->is_helper)
        r = settings_set(settings, "ro", "no", &place, ret_failure);
    if (r == 0)
        *ret_failure = (Failure){.code = 0};
    else
        *ret_failure = failure_make(r, "%s", error_sentence(r));
    if (kind == WORD_REMOUNT) {
        *ret_failure = failure_make(-ERR_INVALID, "A skystackfs can't be remounted.");
        failure_set_mend(ret_failure,
                         "Unmount it, and mount it with the new options; a new token is read without that, "
                         "and SIGHUP reads it at once.");
    }
    return true;
}
