#include "mount_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log.h"

extern char **environ;

static int refuse(Failure *ret_failure, Failure failure, const char *mend)
{
    failure_set_mend(&failure, "%s", mend);
    *ret_failure = failure;
    return failure.code;
}

/* An ordinary user's mount is taken away by the helper that made it. */
static int unmount_by_helper(const char *mountpoint)
{
    char *const command[] = {(char[]){"fusermount3"}, (char[]){"-u"},     (char[]){"-z"},
                             (char[]){"--"},          (char *)mountpoint, NULL};
    pid_t child;
    int status;

    if (posix_spawnp(&child, command[0], NULL, NULL, command, environ) != 0)
        return -ERR_NOT_FOUND;
    if (waitpid(child, &status, 0) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return -ERR_NOT_PERMITTED;
    return 0;
}

static int take_over(const char *mountpoint, Failure *ret_failure)
{
    if (umount2(mountpoint, MNT_DETACH) == 0 || unmount_by_helper(mountpoint) == 0) {
        log_info("%s was a dead mount, and was taken over", mountpoint);
        return 0;
    }
    return refuse(ret_failure,
                  failure_make(-ERR_BUSY, "A dead mount is on %s, and could not be taken away.", mountpoint),
                  "Take it away with `fusermount3 -u -z MOUNTPOINT`, or `umount -l MOUNTPOINT` as root.");
}

static bool is_empty(const char *path)
{
    DIR *dir = opendir(path);
    const struct dirent *entry;
    bool empty = true;

    if (!dir)
        return false;
    while (empty && (entry = readdir(dir)) != NULL)
        empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    closedir(dir);
    return empty;
}

static bool is_mounted_on(const char *path, const struct stat *st)
{
    char parent[4096];
    struct stat above;

    if (snprintf(parent, sizeof parent, "%s/..", path) >= (int)sizeof parent || stat(parent, &above) < 0)
        return false;
    return above.st_dev != st->st_dev || above.st_ino == st->st_ino;
}

/* fs: what it is on. An automount's own mount (autofs) is there to be mounted on, and whoever looks into it waits for this
 * very mount. */
static int check(const char *mountpoint, const struct stat *st, const struct statfs *fs, Failure *ret_failure)
{
    if (!S_ISDIR(st->st_mode))
        return refuse(ret_failure,
                      failure_make(-ERR_NOT_DIRECTORY, "The mount point %s is not a directory.", mountpoint),
                      "Name an empty directory.");
    if (fs->f_type == AUTOFS_SUPER_MAGIC)
        return 0;
    if (is_mounted_on(mountpoint, st))
        return refuse(ret_failure, failure_make(-ERR_BUSY, "Something is mounted on %s already.", mountpoint),
                      "Unmount it first with `umount MOUNTPOINT`, or mount elsewhere.");
    if (access(mountpoint, R_OK | X_OK) < 0)
        return refuse(ret_failure,
                      failure_make(-ERR_NO_ACCESS, "The mount point %s can't be read by this user.", mountpoint),
                      "Mount on a directory of your own.");
    if (!is_empty(mountpoint))
        return refuse(ret_failure, failure_make(-ERR_NOT_EMPTY, "The mount point %s is not empty.", mountpoint),
                      "Name an empty directory: what is in this one would be hidden.");
    return 0;
}

/* stat() may still be answered from the kernel's memory when the daemon is gone; statfs() never is. By a path alone
 * (O_PATH), since statfs() of the name would have an automount mount something first. */
static bool look_at(const char *mountpoint, struct stat *st, struct statfs *fs)
{
    int fd = open(mountpoint, O_PATH | O_CLOEXEC), error;
    bool seen = fd >= 0 && fstat(fd, st) == 0 && fstatfs(fd, fs) == 0;

    error = errno;
    if (fd >= 0)
        close(fd);
    errno = error;
    return seen;
}

int mountpoint_prepare(const char *mountpoint, Failure *ret_failure)
{
    struct stat st;
    struct statfs fs;
    int r = 0;

    if (look_at(mountpoint, &st, &fs))
        return check(mountpoint, &st, &fs, ret_failure);
    if (errno == ENOTCONN || errno == ECONNABORTED)
        r = take_over(mountpoint, ret_failure);
    if (r < 0)
        return r;
    if (look_at(mountpoint, &st, &fs))
        return check(mountpoint, &st, &fs, ret_failure);
    if (errno == ENOENT)
        return refuse(ret_failure, failure_make(-ERR_NOT_FOUND, "The mount point %s is not there.", mountpoint),
                      "Make it with `mkdir -p MOUNTPOINT`.");
    return refuse(
        ret_failure,
        failure_make(-ERR_NO_ACCESS, "The mount point %s can't be looked at: %s.", mountpoint, strerror(errno)),
        "Mount on a directory of your own.");
}
