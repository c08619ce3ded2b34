#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "loop_uv.h"
#include "secret.h"

/* One of its two outputs, as it is read here. */
typedef struct Stream {
    struct LoopProgram *program;
    int fd; /* -1: at its end */
    LoopPoll *poll;
    char *bytes; /* secret */
    size_t count, cap;
} Stream;

enum { STREAM_OUTPUT, STREAM_COMPLAINT, STREAMS };

enum { COMPLAINT_READS = 64 }; /* once it has ended: others may write on for ever */

/*
 *   running   until it has ended by itself, or was killed and has gone: then `done` runs
 *   ended     `done` has run, or never will; freed when libuv has closed the process's handle
 */
typedef struct LoopProgram {
    Program base; /* first: a Program* of ours is a LoopProgram* */
    Loop *loop;
    uv_process_t process;
    Stream streams[STREAMS];
    Timer *deadline;
    ProgramEnd end;
    program_done_fn done;
    void *ctx;
} LoopProgram;

typedef struct LoopPrograms {
    Programs base; /* first */
    Loop *loop;
} LoopPrograms;

/* ---- the end ---- */

static void stream_close(Stream *stream)
{
    loop_poll_stop(stream->poll);
    stream->poll = NULL;
    if (stream->fd >= 0)
        close(stream->fd);
    stream->fd = -1;
}

static void program_free(LoopProgram *program)
{
    for (size_t i = 0; i < STREAMS; i++) {
        stream_close(&program->streams[i]);
        secret_free(program->streams[i].bytes, program->streams[i].cap);
    }
    timer_free(program->deadline);
    free(program);
}

static void on_closed(uv_handle_t *handle)
{
    program_free(handle->data);
}

static void retire(LoopProgram *program)
{
    timer_stop(program->deadline);
    for (size_t i = 0; i < STREAMS; i++)
        stream_close(&program->streams[i]);
    uv_close((uv_handle_t *)&program->process, on_closed);
}

/* What it started in its session goes with it. */
static void kill_all(LoopProgram *program)
{
    kill(-program->process.pid, SIGKILL);
}

/* The outcome is told when it has gone, which libuv sees: else it would stay a zombie. */
static void end_early(LoopProgram *program, int code)
{
    program->end.code = code;
    kill_all(program);
    for (size_t i = 0; i < STREAMS; i++)
        stream_close(&program->streams[i]);
}

static void on_deadline(void *ctx)
{
    end_early(ctx, -ERR_TIMEOUT);
}

static void cancel(Program *base)
{
    LoopProgram *program = (LoopProgram *)base;

    kill_all(program);
    retire(program);
}

/* ---- its outputs ---- */

/* Keeps what fits. More than that is too much of an output, and too long a complaint. */
static void take(Stream *stream, const char *bytes, size_t count)
{
    LoopProgram *program = stream->program;
    size_t room = stream->cap - stream->count;

    memcpy(stream->bytes + stream->count, bytes, count < room ? count : room);
    stream->count += count < room ? count : room;
    if (count > room && stream == &program->streams[STREAM_OUTPUT])
        end_early(program, -ERR_TOO_BIG);
}

/* False when there is nothing more to read now. */
static bool read_some(Stream *stream)
{
    char chunk[4096];
    ssize_t count;

    if (stream->fd < 0)
        return false;
    count = read(stream->fd, chunk, sizeof chunk);
    if (count > 0)
        take(stream, chunk, (size_t)count);
    else if (count == 0 || (errno != EAGAIN && errno != EINTR))
        stream_close(stream);
    explicit_bzero(chunk, sizeof chunk);
    return count > 0;
}

static void on_readable(void *ctx, int events)
{
    (void)events;
    (void)read_some(ctx);
}

/* What it wrote is all in the pipes by now. Their end is not waited for: something that it left behind may keep them
 * open. */
static void on_ended(uv_process_t *process, int64_t status, int signal_number)
{
    LoopProgram *program = process->data;
    Stream *output = &program->streams[STREAM_OUTPUT], *complaint = &program->streams[STREAM_COMPLAINT];
    size_t reads = 0;

    while (read_some(output))
        ;
    while (reads++ < COMPLAINT_READS && read_some(complaint))
        ;
    program->end.status = (int)status;
    program->end.signal = signal_number;
    program->end.output = output->bytes;
    program->end.output_bytes = output->count;
    program->end.complaint = complaint->bytes;
    program->end.complaint_bytes = complaint->count;
    program->done(program->ctx, &program->end);
    retire(program);
}

static int stream_open(Stream *stream, LoopProgram *program, size_t cap, int *ret_its_end)
{
    int fds[2];

    if (pipe2(fds, O_CLOEXEC) < 0)
        return error_from_errno(errno);
    *ret_its_end = fds[1];
    *stream = (Stream){.program = program, .fd = fds[0], .cap = cap, .bytes = secret_new(cap)};
    fcntl(fds[0], F_SETFL, O_NONBLOCK);
    stream->poll = loop_poll_start(program->loop, fds[0], LOOP_READABLE, on_readable, stream);
    return stream->bytes && stream->poll ? 0 : -ERR_NO_MEMORY;
}

/* ---- the start ---- */

/* libuv closes nothing for the child, and who started us may have left descriptors open. */
static void hide_descriptors(void)
{
    (void)close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
}

static int spawn(LoopProgram *program, char *const *words, const int its_ends[STREAMS])
{
    uv_stdio_container_t stdio[] = {
        {.flags = UV_IGNORE},
        {.flags = UV_INHERIT_FD, .data.fd = its_ends[STREAM_OUTPUT]},
        {.flags = UV_INHERIT_FD, .data.fd = its_ends[STREAM_COMPLAINT]},
    };
    uv_process_options_t options = {.exit_cb = on_ended,
                                    .file = words[0],
                                    .args = (char **)(uintptr_t)words,
                                    .cwd = "/",
                                    .flags = UV_PROCESS_DETACHED, /* a session of its own */
                                    .stdio_count = 3,
                                    .stdio = stdio};

    hide_descriptors();
    program->process.data = program;
    return error_from_errno(-uv_spawn(loop_uv(program->loop), &program->process, &options));
}

/* A handle that uv_spawn() has seen must be closed, whatever came of it. */
static int begin(LoopProgram *program, const ProgramOrder *order)
{
    int its_ends[STREAMS] = {-1, -1}, r;
    bool spawned = false;

    r = stream_open(&program->streams[STREAM_OUTPUT], program, order->output_cap, &its_ends[STREAM_OUTPUT]);
    if (r == 0)
        r = stream_open(&program->streams[STREAM_COMPLAINT], program, PROGRAM_COMPLAINT_BYTES,
                        &its_ends[STREAM_COMPLAINT]);
    if (r == 0) {
        r = spawn(program, order->words, its_ends);
        spawned = true;
    }
    for (size_t i = 0; i < STREAMS; i++)
        if (its_ends[i] >= 0)
            close(its_ends[i]);
    if (r < 0 && spawned)
        retire(program);
    else if (r < 0)
        program_free(program);
    return r;
}

static int start(Programs *base, const ProgramOrder *order, program_done_fn done, void *ctx, Program **ret_program)
{
    Loop *loop = ((LoopPrograms *)base)->loop;
    LoopProgram *program = calloc(1, sizeof *program);
    int r;

    if (!program)
        return -ERR_NO_MEMORY;
    *program = (LoopProgram){.base.cancel = cancel, .loop = loop, .done = done, .ctx = ctx};
    for (size_t i = 0; i < STREAMS; i++)
        program->streams[i].fd = -1;
    program->deadline = timer_new(loop_clock(loop), on_deadline, program);
    if (!program->deadline) {
        free(program);
        return -ERR_NO_MEMORY;
    }
    r = begin(program, order);
    if (r < 0)
        return r;
    timer_start(program->deadline, order->timeout_ms);
    *ret_program = &program->base;
    return 0;
}

Programs *programs_new(Loop *loop)
{
    LoopPrograms *programs = calloc(1, sizeof *programs);

    if (!programs)
        return NULL;
    *programs = (LoopPrograms){.base.start = start, .loop = loop};
    return &programs->base;
}

void programs_free(Programs *programs)
{
    free(programs);
}
