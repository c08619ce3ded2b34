#include "daemon.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "error.h"
#include "exit_code.h"

static int ready_pipe = -1;

/* Ready: one byte. Dead before that: the end of the pipe, and the child's own exit code. */
static void wait_as_parent(pid_t child, int fd)
{
    char byte;
    int status;

    if (read(fd, &byte, 1) == 1)
        _exit(EXIT_OK);
    if (waitpid(child, &status, 0) < 0 || !WIFEXITED(status))
        _exit(EXIT_MOUNT);
    _exit(WEXITSTATUS(status));
}

int daemon_start(void)
{
    int fds[2];
    pid_t child;

    if (pipe2(fds, O_CLOEXEC) < 0)
        return -ERR_DISK;
    child = fork();
    if (child < 0)
        return -ERR_NO_MEMORY;
    if (child > 0) {
        close(fds[1]);
        wait_as_parent(child, fds[0]);
    }
    close(fds[0]);
    ready_pipe = fds[1];
    prctl(PR_SET_PDEATHSIG, SIGTERM); /* whoever interrupts the mounting interrupts us */
    return chdir("/") < 0 ? -ERR_DISK : 0;
}

static void close_terminal(void)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    if (null < 0)
        return;
    for (int fd = 0; fd <= 2; fd++)
        dup2(null, fd);
    if (null > 2)
        close(null);
}

void daemon_ready(void)
{
    if (ready_pipe < 0)
        return;
    /* Not earlier: an automount lets its own mount pass by its process group, and has all others wait for it. */
    setsid();
    prctl(PR_SET_PDEATHSIG, 0);
    close_terminal();
    if (write(ready_pipe, "!", 1) != 1)
        exit(EXIT_MOUNT); /* nobody waits any more: the terminal was closed meanwhile */
    close(ready_pipe);
    ready_pipe = -1;
}
