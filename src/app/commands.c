#include "commands.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "command_table.h"
#include "error.h"
#include "exit_code.h"
#include "mounts.h"
#include "say.h"

extern char **environ;

int commands_open_control(const char *mountpoint, const char *name, int flags)
{
    _cleanup_free_ char *path = NULL;
    int fd;

    if (asprintf(&path, "%s/.skystack/%s", mountpoint, name) < 0) {
        path = NULL;
        return -ERR_NO_MEMORY;
    }
    fd = open(path, flags | O_CLOEXEC);
    return fd < 0 ? error_from_errno(errno) : fd;
}

int commands_cant_read(int code, const char *what, const char *mountpoint)
{
    Failure failure = failure_make(code, "%s of %s can't be read: %s", what, mountpoint, error_sentence(code));

    failure_set_mend(&failure, "If the mount is dead, unmount it with `skystackfs umount %s`.", mountpoint);
    say_failure(&failure);
    return EXIT_FAILED;
}

static int copy_out(int fd)
{
    char chunk[64 << 10];
    ssize_t count;

    while ((count = read(fd, chunk, sizeof chunk)) > 0) {
        if (write(STDOUT_FILENO, chunk, (size_t)count) != count)
            return EXIT_FAILED;
    }
    return count < 0 ? EXIT_FAILED : EXIT_OK;
}

static int command_status(const CommandWords *words)
{
    _cleanup_free_ char *mountpoint = NULL;
    _cleanup_close_ int fd = -1;
    Failure failure;

    if (mounts_find(words->path, &mountpoint, NULL, &failure) < 0) {
        say_failure(&failure);
        return EXIT_NOT_FOUND;
    }
    fd = commands_open_control(mountpoint, words->json ? "status.json" : "status", O_RDONLY);
    return fd < 0 ? commands_cant_read(fd, "The status", mountpoint) : copy_out(fd);
}

/* Writes the path that was given, or "all", to a file of .skystack. */
static int tell_control(const CommandWords *words, const char *control)
{
    _cleanup_free_ char *mountpoint = NULL, *below = NULL;
    _cleanup_close_ int fd = -1;
    Failure failure;
    const char *what;

    if (mounts_find(words->path, &mountpoint, &below, &failure) < 0) {
        say_failure(&failure);
        return EXIT_NOT_FOUND;
    }
    what = words->path && below && strcmp(below, "/") != 0 ? below : "all";
    fd = commands_open_control(mountpoint, control, O_WRONLY);
    if (fd < 0)
        return commands_cant_read(fd, control, mountpoint);
    if (write(fd, what, strlen(what)) == (ssize_t)strlen(what))
        return EXIT_OK;
    failure = failure_make(error_from_errno(errno), "%s: there is nothing to %s.", what, control);
    say_failure(&failure);
    return errno == ENOENT ? EXIT_NOT_FOUND : EXIT_FAILED;
}

static int command_refresh(const CommandWords *words)
{
    return tell_control(words, "refresh");
}

static int command_undo(const CommandWords *words)
{
    return tell_control(words, "undo");
}

static int unmount_by_helper(char *mountpoint)
{
    char *const command[] = {(char[]){"fusermount3"}, (char[]){"-u"}, (char[]){"--"}, mountpoint, NULL};
    pid_t child;
    int status;

    if (posix_spawnp(&child, command[0], NULL, NULL, command, environ) != 0 || waitpid(child, &status, 0) < 0)
        return EXIT_FAILED;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? EXIT_OK : EXIT_FAILED;
}

static int command_umount(const CommandWords *words)
{
    _cleanup_free_ char *mountpoint = NULL, *below = NULL;
    Failure failure;

    if (mounts_find(words->path, &mountpoint, &below, &failure) < 0) {
        say_failure(&failure);
        return EXIT_NOT_FOUND;
    }
    if (words->path && below && strcmp(below, "/") != 0) {
        failure = failure_make(-ERR_INVALID, "%s is not a mount point; %s is.", words->path, mountpoint);
        say_failure(&failure);
        return EXIT_USAGE;
    }
    if (geteuid() != 0)
        return unmount_by_helper(mountpoint);
    if (umount2(mountpoint, UMOUNT_NOFOLLOW) == 0)
        return EXIT_OK;
    failure = failure_make(-ERR_BUSY, "%s can't be unmounted: %s.", mountpoint, strerror(errno));
    failure_set_mend(&failure, "See who uses it with `fuser -vm %s`.", mountpoint);
    say_failure(&failure);
    return EXIT_FAILED;
}

#define COMMAND_ROW(name, arguments, meaning, takes) {#name, arguments, meaning, command_##name, takes},
const Command commands[] = {COMMAND_TABLE(COMMAND_ROW){0}};
#undef COMMAND_ROW
