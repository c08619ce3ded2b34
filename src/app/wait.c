#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "commands.h"
#include "error.h"
#include "exit_code.h"
#include "mounts.h"
#include "say.h"
#include "span.h"

enum { STATUS_BYTES = 4096 };

static const char FAILED[] = "failed";

static int say(int exit_code, const Failure *failure)
{
    say_failure(failure);
    return exit_code;
}

static bool ends_in(const char *path, size_t length, const char *end)
{
    size_t bytes = strlen(end);

    return length > bytes && memcmp(path + length - bytes, end, bytes) == 0;
}

static bool is_file(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* NAME.json, NAME or NAME/ and NAME/status stand for the last. */
static char *status_file(const char *path)
{
    size_t length = strlen(path);
    char *file = NULL;

    while (length > 1 && path[length - 1] == '/')
        length--;
    if (ends_in(path, length, "/status") && is_file(path))
        return strdup(path);
    if (ends_in(path, length, ".json"))
        length -= strlen(".json");
    return asprintf(&file, "%.*s/status", (int)length, path) < 0 ? NULL : file;
}

static int timed_out(const CommandWords *words)
{
    Failure failure = failure_make(-ERR_TIMEOUT, "%s did not become `%s` within %g s.", words->path, words->status,
                                   (double)words->timeout_ms / 1000);

    return say(EXIT_TIMED_OUT, &failure);
}

/* Each call on the mount may wait for the API, and a signal that does not kill would not end that. */
static void *watch_deadline(void *ctx)
{
    const CommandWords *words = ctx;
    struct timespec left = {.tv_sec = words->timeout_ms / 1000, .tv_nsec = words->timeout_ms % 1000 * 1000000};

    while (clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) == EINTR)
        continue;
    _exit(timed_out(words));
}

static int start_deadline(const CommandWords *words)
{
    pthread_t thread;

    if (words->timeout_ms <= 0)
        return 0;
    if (pthread_create(&thread, NULL, watch_deadline, (void *)(uintptr_t)words) != 0)
        return -ERR_NO_MEMORY;
    return pthread_detach(thread) == 0 ? 0 : -ERR_NO_MEMORY;
}

/* The status as it is known now, without its end of line. 0 or an errno. */
static int read_status(int fd, char ret_status[STATUS_BYTES])
{
    ssize_t count = pread(fd, ret_status, STATUS_BYTES - 1, 0);

    if (count < 0)
        return errno;
    ret_status[count] = '\0';
    ret_status[strcspn(ret_status, "\n")] = '\0';
    return 0;
}

static int cant_read(const char *path, int number)
{
    bool gone = number == ESTALE || number == ENOENT;
    Failure failure = gone ? failure_make(-ERR_GONE, "%s is gone: it was deleted, or has another name.", path)
                           : failure_make(-ERR_DISK, "%s can't be read: %s.", path, strerror(number));

    return say(EXIT_FAILED, &failure);
}

static int has_failed(const CommandWords *words)
{
    Failure failure = failure_make(-ERR_REMOTE, "%s has failed.", words->path);

    return say(EXIT_FAILED, &failure);
}

/* After each change the status is read from the beginning, which poll(2) then takes as seen. */
static int wait_for(int fd, const CommandWords *words)
{
    struct pollfd file = {.fd = fd, .events = POLLPRI};
    char status[STATUS_BYTES];

    for (;;) {
        int number = read_status(fd, status);

        if (number != 0)
            return cant_read(words->path, number);
        if (strcmp(status, words->status) == 0)
            return EXIT_OK;
        if (strcmp(status, FAILED) == 0)
            return has_failed(words);
        if (words->timeout_ms == 0)
            return timed_out(words);
        if (poll(&file, 1, -1) < 0 && errno != EINTR)
            return cant_read(words->path, errno);
    }
}

static int wait_for_file(const char *path, const CommandWords *words)
{
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    int number = errno;
    Failure failure;

    if (fd >= 0)
        return wait_for(fd, words);
    if (number != ENOENT && number != ENOTDIR)
        return cant_read(words->path, number);
    failure = failure_make(-ERR_NOT_FOUND, "There is no instance at %s.", words->path);
    return say(EXIT_NOT_FOUND, &failure);
}

int command_wait(const CommandWords *words)
{
    _cleanup_free_ char *mountpoint = NULL, *path = NULL;
    Failure failure;
    int r;

    if (!words->path || !words->status) {
        failure = failure_make(-ERR_INVALID, "`skystackfs wait` takes a PATH and a STATUS.");
        return say(EXIT_USAGE, &failure);
    }
    r = start_deadline(words); /* to find out what a path is may take long as well */
    if (r == 0 && mounts_find(words->path, &mountpoint, NULL, &failure) < 0)
        return say(EXIT_NOT_FOUND, &failure);
    path = r == 0 ? status_file(words->path) : NULL;
    if (path)
        return wait_for_file(path, words);
    failure = failure_make(-ERR_NO_MEMORY, "%s", error_sentence(-ERR_NO_MEMORY));
    return say(EXIT_FAILED, &failure);
}
