#include "process.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"

enum { STATUS_BYTES = 4096 };

static bool read_status(pid_t thread, char status[STATUS_BYTES])
{
    _cleanup_close_ int fd = -1;
    char path[64];
    ssize_t count;

    snprintf(path, sizeof path, "/proc/%d/status", (int)thread);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    count = read(fd, status, STATUS_BYTES - 1);
    if (count <= 0)
        return false;
    status[count] = '\0';
    return true;
}

/* The text after a line's name, such as "\nTgid:"; "" if there is none. */
static const char *line_value(const char *status, const char *line)
{
    const char *found = strstr(status, line);

    return found ? found + strlen(line) : "";
}

pid_t process_of_thread(pid_t thread)
{
    char status[STATUS_BYTES];

    if (thread <= 0 || !read_status(thread, status))
        return 0;
    return (pid_t)strtol(line_value(status, "\nTgid:"), NULL, 10);
}

pid_t process_session(pid_t thread)
{
    pid_t session = thread > 0 ? getsid(thread) : 0;

    return session > 0 ? session : 0;
}

static uint64_t signal_bits(const char *status, const char *line)
{
    return strtoull(line_value(status, line), NULL, 16);
}

static uint64_t bit_of(int signal_number)
{
    return UINT64_C(1) << (signal_number - 1);
}

bool process_is_stopping(pid_t thread)
{
    char status[STATUS_BYTES];
    uint64_t pending, stopping = bit_of(SIGKILL) | bit_of(SIGINT) | bit_of(SIGTERM) | bit_of(SIGHUP) | bit_of(SIGQUIT);

    if (thread <= 0 || !read_status(thread, status))
        return true;
    pending = signal_bits(status, "\nSigPnd:") | signal_bits(status, "\nShdPnd:");
    pending &= ~(signal_bits(status, "\nSigBlk:") | signal_bits(status, "\nSigIgn:")) | bit_of(SIGKILL);
    return (pending & stopping) != 0;
}
