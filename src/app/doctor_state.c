#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "cleanup.h"
#include "doctor.h"
#include "doctor_read.h"
#include "error.h"
#include "intent.h"
#include "name.h"
#include "state_dir.h"

enum {
    NAMES_BYTES = 16 << 20,
    PATH_BYTES = 4096,
    LOCKS_BYTES = 4 << 20,
};
/* Less free than this is low; less than that, and no text of a person can be kept. */
static const uint64_t LOW_BYTES = 64 << 20, FULL_BYTES = 1 << 20;

static const char CHECK[] = "state directory";

static void say_unusable(Report *report, const char *path, const char *why)
{
    Failure said = failure_make(-ERR_NO_ACCESS, "%s %s, so the mount would be read-only.", path, why);

    failure_set_mend(&said, "Name a directory that this user may write with -o state_dir=PATH.");
    report_failure(report, FINDING_BAD, CHECK, &said);
}

/* The nearest above that is there. */
static char *nearest(const char *path)
{
    char *above = strdup(path), *slash;

    while (above && access(above, F_OK) < 0 && (errno == ENOENT || errno == ENOTDIR) &&
           (slash = strrchr(above, '/')) != NULL && slash[1])
        slash[slash == above] = '\0';
    return above;
}

static void check_space(Report *report, const char *path)
{
    struct statvfs fs;
    uint64_t free_bytes;
    Failure said;

    if (statvfs(path, &fs) < 0)
        return;
    free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
    if (free_bytes >= LOW_BYTES && (fs.f_files == 0 || fs.f_favail > 0)) {
        report_say(report, FINDING_GOOD, "disk space", "%.1f GB are free.", (double)free_bytes / 1e9);
        return;
    }
    said = free_bytes < LOW_BYTES
               ? failure_make(-ERR_NO_SPACE, "Only %.1f MB are free where %s is.", (double)free_bytes / 1e6, path)
               : failure_make(-ERR_NO_SPACE, "There is room for no more files where %s is.", path);
    failure_set_mend(&said, "Make room: without it nothing can be created or changed.");
    report_failure(report, free_bytes < FULL_BYTES || (fs.f_files && !fs.f_favail) ? FINDING_BAD : FINDING_WARN,
                   "disk space", &said);
}

/* ---- one mount's folder ---- */

typedef struct Tally {
    unsigned open, rejected, damaged, unread;
} Tally;

static void count_intent(const char *path, Tally *tally)
{
    _cleanup_buf_ Buf bytes = BUF_INIT(INTENT_FILE_BYTES);
    const char *reason;
    Intent intent = {0};
    int r = fsio_read(fsio_system(), path, &bytes, NULL);

    if (r == -ERR_NOT_FOUND)
        return; /* it has ended meanwhile */
    if (r == 0)
        r = intent_decode((Span){buf_text(&bytes), bytes.len}, &intent, &reason);
    else if (r == -ERR_NO_ACCESS)
        tally->unread++;
    if (r == -ERR_PROTOCOL || r == -ERR_TOO_BIG)
        tally->damaged++;
    if (r < 0)
        return;
    *(intent.state == INTENT_REJECTED ? &tally->rejected : &tally->open) += 1;
    intent_release(&intent);
}

static Tally count_intents(const char *folder)
{
    _cleanup_buf_ Buf names = BUF_INIT(NAMES_BYTES);
    char path[PATH_BYTES];
    Tally tally = {0};

    if (snprintf(path, sizeof path, "%s/intents", folder) >= PATH_BYTES || fsio_list(fsio_system(), path, &names) < 0)
        return tally;
    for (size_t at = 0; at < names.len; at += strlen(names.data + at) + 1) {
        const char *name = names.data + at, *suffix = strrchr(name, '.');

        if (suffix && strcmp(suffix, ".intent") == 0 &&
            snprintf(path, sizeof path, "%s/intents/%s", folder, name) < PATH_BYTES)
            count_intent(path, &tally);
    }
    return tally;
}

static long who_locks(ino_t inode)
{
    _cleanup_buf_ Buf locks = BUF_INIT(LOCKS_BYTES);

    return fsio_read(fsio_system(), "/proc/locks", &locks, NULL) < 0 ? 0 : lock_holder(buf_text(&locks), inode);
}

/* Whether a mount has it now, and which process: 0 where that is not known. It is taken for a moment, shared; a mount
 * that begins just then tries again. */
static bool is_locked(const char *folder, long *ret_pid)
{
    char path[PATH_BYTES];
    _cleanup_close_ int fd = -1;
    struct stat st;

    *ret_pid = 0;
    if (snprintf(path, sizeof path, "%s/lock", folder) >= PATH_BYTES)
        return false;
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 || flock(fd, LOCK_SH | LOCK_NB) == 0 || fstat(fd, &st) < 0)
        return false;
    *ret_pid = who_locks(st.st_ino);
    return true;
}

static void say_idle(Report *report, const char *name, const Tally *tally)
{
    Failure said;

    if (tally->open + tally->rejected == 0) {
        report_say(report, FINDING_GOOD, "journal", "%s: nothing is left over; not mounted now.", name);
        return;
    }
    said = failure_make(0, "%s: %u changes are not settled, and %u refused texts are kept; not mounted now.", name,
                        tally->open, tally->rejected);
    failure_set_mend(&said, "Mount it again: what is not settled is looked for, and the texts are NAME.json.rejected.");
    report_failure(report, FINDING_WARN, "journal", &said);
}

static void say_folder(Report *report, const char *folder, const char *name)
{
    Tally tally = count_intents(folder);
    Failure said;
    long pid;
    bool locked = is_locked(folder, &pid);

    if (tally.damaged) {
        said = failure_make(-ERR_DISK, "%u files in %s/intents are damaged, so the mount is read-only.", tally.damaged,
                            folder);
        failure_set_mend(&said, "Look at them (a text is behind the second line), move them away, and mount again.");
        report_failure(report, FINDING_BAD, "journal", &said);
    } else if (tally.unread) {
        report_say(report, FINDING_SKIPPED, "journal", "%s: it can't be read by this user.", name);
    } else if (locked) {
        report_say(report, FINDING_GOOD, "journal",
                   "%s: process %ld has it; %u changes are under way or not settled, %u refused texts are kept.", name,
                   pid, tally.open, tally.rejected);
    } else {
        say_idle(report, name, &tally);
    }
}

/* ---- all of them ---- */

/* A folder's name stands for SOURCE@MOUNTPOINT. */
static bool is_of(const char *folder, const Settings *settings, const char *mountpoint, Buf *ret_name)
{
    size_t length = strlen(settings->source);

    if (name_decode(span_of(folder), ret_name) < 0)
        return false;
    return strncmp(buf_text(ret_name), settings->source, length) == 0 && buf_text(ret_name)[length] == '@' &&
           (!mountpoint || strcmp(buf_text(ret_name) + length + 1, mountpoint) == 0);
}

static void check_folders(Report *report, const char *state_dir, const Settings *settings, const char *mountpoint)
{
    _cleanup_buf_ Buf names = BUF_INIT(NAMES_BYTES);
    char path[PATH_BYTES];

    if (fsio_list(fsio_system(), state_dir, &names) < 0)
        return;
    for (size_t at = 0; at < names.len; at += strlen(names.data + at) + 1) {
        _cleanup_buf_ Buf name = BUF_INIT(PATH_BYTES);

        if (is_of(names.data + at, settings, mountpoint, &name) &&
            snprintf(path, sizeof path, "%s/%s", state_dir, names.data + at) < PATH_BYTES)
            say_folder(report, path, buf_text(&name));
    }
}

void doctor_state(Report *report, const Settings *settings, const char *mountpoint)
{
    _cleanup_free_ char *fallback = settings->state_dir ? NULL : state_dir_default(), *above = NULL;
    const char *path = settings->state_dir ? settings->state_dir : fallback;
    struct stat st;

    if (!path) {
        say_unusable(report, "There is none", "($HOME is not set)");
        return;
    }
    above = nearest(path);
    if (!above || stat(above, &st) < 0) {
        say_unusable(report, path, "can't be looked at");
    } else if (!S_ISDIR(st.st_mode)) {
        say_unusable(report, above, "is not a directory");
    } else if (access(above, W_OK | X_OK) < 0) {
        say_unusable(report, above, errno == EROFS ? "is on a read-only file system" : "can't be written by this user");
    } else {
        report_say(report, FINDING_GOOD, CHECK, "%s %s.", path,
                   strcmp(above, path) == 0 ? "can be written" : "is not there yet, and can be made");
        check_space(report, above);
        check_folders(report, path, settings, mountpoint);
    }
}
