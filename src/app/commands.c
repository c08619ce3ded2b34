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

const Command commands[] = {
    {"status", "[MOUNTPOINT] [--json]", "how a mount is doing", command_status, 0},
    {"why", "[PATH] [--json]", "why the last operation here failed, and what to do", command_why, TAKES_SINCE},
    {"events", "[MOUNTPOINT] [--follow] [--json]", "what changed; with --follow, what changes from now on",
     command_events, TAKES_FOLLOW},
    {"wait", "PATH STATUS [--timeout S]", "wait until an instance has a status; 124 when the time is up", command_wait,
     TAKES_STATUS | TAKES_TIMEOUT},
    {"top", "[MOUNTPOINT] [--once] [--interval S] [--sort [-]FIELD] [--filter TEXT]",
     "the instances on a full screen, as they change; a plain table where there is no terminal", command_top,
     TAKES_ALL},
    {"undo", "[PATH]", "take back deletes that still wait", command_undo, 0},
    {"refresh", "[PATH]", "let the next look ask the API", command_refresh, 0},
    {"doctor", "[SOURCE|MOUNTPOINT] [-o OPTIONS] [--json]",
     "what stands in the way of mounting, and what to do about it", command_doctor, TAKES_ALL},
    {"demo", "MOUNTPOINT", "mount a cloud made for trying out, and say what to try; Ctrl-C takes it away", command_demo,
     0},
    {"umount", "[MOUNTPOINT]", "unmount", command_umount, 0},
    {"hook", "bash|zsh|fish", "shell code that tells why after each command that failed on a mount", command_hook, 0},
    {0},
};
