#include "loop.h"

#include <stdlib.h>
#include <time.h>
#include <utlist.h>
#include <uv.h>

#include "error.h"
#include "loop_uv.h"

typedef struct Posted {
    clock_fn call;
    void *ctx;
    struct Posted *prev, *next;
} Posted;

typedef struct LoopSignal {
    uv_signal_t handle;
    loop_signal_fn call;
    void *ctx;
    struct LoopSignal *next;
} LoopSignal;

struct Loop {
    Clock clock; /* first: a Clock* of ours is a Loop* */
    uv_loop_t uv;
    uv_check_t after_poll; /* runs posted calls after I/O … */
    uv_idle_t no_wait;     /* … and keeps the loop from sleeping while any is left */
    Posted *posted;
    LoopSignal *signals;
};

typedef struct LoopTimer {
    Timer timer; /* first: a Timer* of ours is a LoopTimer* */
    uv_timer_t handle;
    clock_fn fire;
    void *ctx;
} LoopTimer;

struct LoopPoll {
    uv_poll_t handle;
    loop_poll_fn call;
    void *ctx;
};

struct LoopWaker {
    uv_async_t handle;
    clock_fn call;
    void *ctx;
};

static int64_t read_clock_ms(clockid_t id)
{
    struct timespec now;

    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t real_now_ms(Clock *clock)
{
    (void)clock;
    return read_clock_ms(CLOCK_BOOTTIME);
}

static int64_t real_wall_ms(Clock *clock)
{
    (void)clock;
    return read_clock_ms(CLOCK_REALTIME);
}

static int64_t real_asleep_ms(Clock *clock)
{
    (void)clock;
    return read_clock_ms(CLOCK_BOOTTIME) - read_clock_ms(CLOCK_MONOTONIC);
}

static void on_timer(uv_timer_t *handle)
{
    LoopTimer *timer = handle->data;

    timer->fire(timer->ctx);
}

static Timer *real_timer_new(Clock *clock, clock_fn fire, void *ctx)
{
    LoopTimer *timer = calloc(1, sizeof *timer);

    if (!timer)
        return NULL;
    timer->timer.clock = clock;
    timer->fire = fire;
    timer->ctx = ctx;
    timer->handle.data = timer;
    uv_timer_init(&((Loop *)clock)->uv, &timer->handle);
    return &timer->timer;
}

static void real_timer_start(Timer *base, int64_t delay_ms)
{
    LoopTimer *timer = (LoopTimer *)base;

    /* libuv counts from the time it cached when this turn of the loop began */
    uv_update_time(timer->handle.loop);
    uv_timer_start(&timer->handle, on_timer, (uint64_t)delay_ms, 0);
}

static void real_timer_stop(Timer *base)
{
    uv_timer_stop(&((LoopTimer *)base)->handle);
}

static void free_data(uv_handle_t *handle)
{
    free(handle->data);
}

static void real_timer_free(Timer *base)
{
    LoopTimer *timer = (LoopTimer *)base;

    uv_close((uv_handle_t *)&timer->handle, free_data);
}

static void on_idle(uv_idle_t *handle)
{
    (void)handle;
}

static int real_post(Clock *clock, clock_fn call, void *ctx)
{
    Loop *loop = (Loop *)clock;
    Posted *posted = malloc(sizeof *posted);

    if (!posted)
        return -ERR_NO_MEMORY;
    *posted = (Posted){.call = call, .ctx = ctx};
    DL_APPEND(loop->posted, posted);
    uv_idle_start(&loop->no_wait, on_idle);
    return 0;
}

/* Runs what is posted now; calls that these post in turn wait for the next round, so that I/O is never starved. */
static void run_posted(uv_check_t *handle)
{
    Loop *loop = handle->data;
    Posted *batch = loop->posted, *each, *next;

    loop->posted = NULL;
    DL_FOREACH_SAFE(batch, each, next)
    {
        each->call(each->ctx);
        free(each);
    }
    if (!loop->posted)
        uv_idle_stop(&loop->no_wait);
}

static const ClockOps real_clock = {
    .now_ms = real_now_ms,
    .wall_ms = real_wall_ms,
    .asleep_ms = real_asleep_ms,
    .timer_new = real_timer_new,
    .timer_start = real_timer_start,
    .timer_stop = real_timer_stop,
    .timer_free = real_timer_free,
    .post = real_post,
};

Loop *loop_new(void)
{
    Loop *loop = calloc(1, sizeof *loop);

    if (!loop)
        return NULL;
    if (uv_loop_init(&loop->uv) < 0) {
        free(loop);
        return NULL;
    }
    loop->clock.ops = &real_clock;
    loop->after_poll.data = loop;
    uv_check_init(&loop->uv, &loop->after_poll);
    uv_check_start(&loop->after_poll, run_posted);
    uv_idle_init(&loop->uv, &loop->no_wait);
    return loop;
}

void loop_free(Loop *loop)
{
    Posted *posted, *next_posted;
    LoopSignal *each, *next;

    if (!loop)
        return;
    LL_FOREACH_SAFE(loop->signals, each, next)
    {
        uv_close((uv_handle_t *)&each->handle, free_data);
    }
    uv_close((uv_handle_t *)&loop->after_poll, NULL);
    uv_close((uv_handle_t *)&loop->no_wait, NULL);
    while (uv_run(&loop->uv, UV_RUN_NOWAIT))
        ;
    uv_loop_close(&loop->uv);
    DL_FOREACH_SAFE(loop->posted, posted, next_posted)
    {
        free(posted);
    }
    free(loop);
}

void loop_run(Loop *loop)
{
    uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void loop_stop(Loop *loop)
{
    uv_stop(&loop->uv);
}

Clock *loop_clock(Loop *loop)
{
    return &loop->clock;
}

int64_t loop_now_ns(const Loop *loop)
{
    (void)loop;
    return (int64_t)uv_hrtime();
}

uv_loop_t *loop_uv(Loop *loop)
{
    return &loop->uv;
}

static void on_poll(uv_poll_t *handle, int status, int events)
{
    LoopPoll *poll = handle->data;
    int seen = 0;

    if (status < 0 || (events & (UV_READABLE | UV_DISCONNECT)))
        seen |= LOOP_READABLE;
    if (events & UV_WRITABLE)
        seen |= LOOP_WRITABLE;
    poll->call(poll->ctx, seen);
}

int loop_poll_update(LoopPoll *poll, int events)
{
    int wanted = (events & LOOP_READABLE ? UV_READABLE : 0) | (events & LOOP_WRITABLE ? UV_WRITABLE : 0);

    return uv_poll_start(&poll->handle, wanted, on_poll) < 0 ? -ERR_NO_MEMORY : 0;
}

LoopPoll *loop_poll_start(Loop *loop, int fd, int events, loop_poll_fn call, void *ctx)
{
    LoopPoll *poll = calloc(1, sizeof *poll);

    if (!poll)
        return NULL;
    poll->call = call;
    poll->ctx = ctx;
    poll->handle.data = poll;
    if (uv_poll_init(&loop->uv, &poll->handle, fd) < 0) {
        free(poll);
        return NULL;
    }
    if (loop_poll_update(poll, events) < 0) {
        loop_poll_stop(poll);
        return NULL;
    }
    return poll;
}

void loop_poll_stop(LoopPoll *poll)
{
    if (poll)
        uv_close((uv_handle_t *)&poll->handle, free_data);
}

static void on_signal(uv_signal_t *handle, int signal_number)
{
    LoopSignal *watch = handle->data;

    watch->call(watch->ctx, signal_number);
}

int loop_signal(Loop *loop, int signal_number, loop_signal_fn call, void *ctx)
{
    LoopSignal *watch = calloc(1, sizeof *watch);

    if (!watch)
        return -ERR_NO_MEMORY;
    watch->call = call;
    watch->ctx = ctx;
    watch->handle.data = watch;
    uv_signal_init(&loop->uv, &watch->handle);
    LL_PREPEND(loop->signals, watch);
    return uv_signal_start(&watch->handle, on_signal, signal_number) < 0 ? -ERR_INVALID : 0;
}

static void on_waker(uv_async_t *handle)
{
    LoopWaker *waker = handle->data;

    waker->call(waker->ctx);
}

LoopWaker *loop_waker_new(Loop *loop, clock_fn call, void *ctx)
{
    LoopWaker *waker = calloc(1, sizeof *waker);

    if (!waker)
        return NULL;
    waker->call = call;
    waker->ctx = ctx;
    waker->handle.data = waker;
    if (uv_async_init(&loop->uv, &waker->handle, on_waker) < 0) {
        free(waker);
        return NULL;
    }
    return waker;
}

void loop_waker_send(LoopWaker *waker)
{
    uv_async_send(&waker->handle);
}

void loop_waker_free(LoopWaker *waker)
{
    if (waker)
        uv_close((uv_handle_t *)&waker->handle, free_data);
}
