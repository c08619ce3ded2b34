#include "top_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "error.h"
#include "top_source.h"

enum { RECEIVE_BYTES = 64 << 10, GOODBYE_MS = 20 };

struct TopReader {
    pid_t process;
    int socket;
    Loop *loop;
    LoopPoll *poll;
    const TopReaderCalls *calls;
    void *ctx;
    bool asked, gone;
    int64_t heard_ms;              /* of the one that was asked: when it was, or said something */
    TopFrameHead head;             /* of the frame that comes */
    size_t head_bytes, bytes_left; /* so much of it has come, and so much is still to come */
};

/* ---- the process ---- */

static void keep_one_descriptor(int *socket)
{
    int nothing = open("/dev/null", O_RDWR);

    for (int fd = 0; fd <= STDERR_FILENO; fd++)
        dup2(nothing, fd);
    *socket = dup2(*socket, STDERR_FILENO + 1);
    close_range(STDERR_FILENO + 2, ~0U, 0);
}

/* It has nothing of the terminal and of the mount: a session of its own, no descriptor, another working directory. */
static _Noreturn void run(int socket, const char *mountpoint, enum TopSource source, pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() == parent && setsid() > 0 && chdir("/") == 0) {
        keep_one_descriptor(&socket);
        top_source_serve(socket, mountpoint, source);
    }
    _exit(0);
}

TopReader *top_reader_start(const char *mountpoint, enum TopSource source)
{
    TopReader *reader = calloc(1, sizeof *reader);
    pid_t parent = getpid();
    int pair[2];

    if (!reader)
        return NULL;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        goto fail;
    reader->socket = pair[0];
    reader->process = fork();
    if (reader->process == 0)
        run(pair[1], mountpoint, source, parent);
    close(pair[1]);
    if (reader->process > 0)
        return reader;
    close(pair[0]);
fail:
    free(reader);
    return NULL;
}

/* One that no mount holds is gone in a moment; one that is held is left to whoever adopts it. */
static void bury(pid_t process)
{
    const struct timespec moment = {.tv_nsec = 1000000};

    kill(process, SIGKILL);
    for (int i = 0; i < GOODBYE_MS && waitpid(process, NULL, WNOHANG) == 0; i++)
        nanosleep(&moment, NULL);
}

void top_reader_free(TopReader *reader)
{
    if (!reader)
        return;
    loop_poll_stop(reader->poll);
    close(reader->socket);
    bury(reader->process);
    free(reader);
}

/* ---- what comes from it ---- */

static void hear(TopReader *reader)
{
    reader->heard_ms = clock_now_ms(loop_clock(reader->loop));
}

static void end_answer(TopReader *reader, int number)
{
    reader->asked = false;
    reader->calls->ended(reader->ctx, number);
}

static void heed_head(TopReader *reader)
{
    switch ((enum TopFrame)reader->head.frame) {
    case TOP_FRAME_OPENED:
        if (reader->calls->opened)
            reader->calls->opened(reader->ctx);
        break;
    case TOP_FRAME_END:
        end_answer(reader, (int)reader->head.bytes);
        break;
    default:
        reader->bytes_left = reader->head.bytes;
    }
}

static void heed_bytes(TopReader *reader, Span bytes)
{
    if (reader->head.frame == TOP_FRAME_PROJECT && reader->calls->project)
        reader->calls->project(reader->ctx, bytes);
    else
        reader->calls->bytes(reader->ctx, bytes);
}

/* A part of what came: of a head, or of a frame's bytes. Returns how much of it was taken. */
static size_t take(TopReader *reader, Span bytes)
{
    size_t head_left = sizeof reader->head - reader->head_bytes;
    size_t wanted = reader->bytes_left ? reader->bytes_left : head_left;
    size_t count = wanted < bytes.len ? wanted : bytes.len;

    if (reader->bytes_left) {
        reader->bytes_left -= count;
        heed_bytes(reader, (Span){bytes.at, count});
        return count;
    }
    memcpy((char *)&reader->head + reader->head_bytes, bytes.at, count);
    reader->head_bytes += count;
    if (reader->head_bytes == sizeof reader->head) {
        reader->head_bytes = 0;
        heed_head(reader);
    }
    return count;
}

static void on_readable(void *ctx, int events)
{
    TopReader *reader = ctx;
    char chunk[RECEIVE_BYTES];
    ssize_t count = recv(reader->socket, chunk, sizeof chunk, MSG_DONTWAIT);
    Span rest = {chunk, count > 0 ? (size_t)count : 0};

    (void)events;
    if (count < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (count <= 0) { /* somebody ended it */
        reader->gone = true;
        loop_poll_update(reader->poll, 0);
        end_answer(reader, ECHILD);
        return;
    }
    hear(reader);
    while (rest.len > 0) {
        size_t taken = take(reader, rest);

        rest = (Span){rest.at + taken, rest.len - taken};
    }
}

int top_reader_attach(TopReader *reader, Loop *loop, const TopReaderCalls *calls, void *ctx)
{
    reader->loop = loop;
    reader->calls = calls;
    reader->ctx = ctx;
    reader->poll = loop_poll_start(loop, reader->socket, LOOP_READABLE, on_readable, reader);
    return reader->poll ? 0 : -ERR_NO_MEMORY;
}

void top_reader_ask(TopReader *reader)
{
    if (reader->asked || reader->gone || send(reader->socket, "?", 1, MSG_DONTWAIT | MSG_NOSIGNAL) != 1)
        return;
    reader->asked = true;
    hear(reader);
}

bool top_reader_is_asked(const TopReader *reader)
{
    return reader->asked;
}

int64_t top_reader_silent_since_ms(const TopReader *reader)
{
    return reader->asked ? reader->heard_ms : 0;
}

void top_reader_pause(TopReader *reader, bool pause)
{
    if (!reader->gone)
        loop_poll_update(reader->poll, pause ? 0 : LOOP_READABLE);
}
