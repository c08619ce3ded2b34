#include <stdbool.h>
#include <stdlib.h>
#include <utlist.h>

#include "error.h"
#include "sim_clock.h"
#include "torture.h"

enum { FIRST_ROOM = 256 };
/* Somewhere in 2026. */
static const int64_t WALL_START_MS = INT64_C(1773915764000), START_MS = 1000000;

static bool is_before(const SimEvent *a, const SimEvent *b)
{
    return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->number < b->number;
}

static void sift_up(SimClock *clock, size_t at)
{
    SimEvent event = clock->events[at];

    while (at > 0 && is_before(&event, &clock->events[(at - 1) / 2])) {
        clock->events[at] = clock->events[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    clock->events[at] = event;
}

static void sift_down(SimClock *clock, size_t at)
{
    SimEvent event = clock->events[at];

    for (size_t child = 2 * at + 1; child < clock->count; child = 2 * at + 1) {
        if (child + 1 < clock->count && is_before(&clock->events[child + 1], &clock->events[child]))
            child++;
        if (!is_before(&clock->events[child], &event))
            break;
        clock->events[at] = clock->events[child];
        at = child;
    }
    clock->events[at] = event;
}

static void push(SimClock *clock, SimEvent event)
{
    if (clock->count == clock->room) {
        clock->room = clock->room ? 2 * clock->room : FIRST_ROOM;
        clock->events = realloc(clock->events, clock->room * sizeof(SimEvent));
        if (!clock->events)
            abort();
    }
    event.number = ++clock->number;
    clock->events[clock->count++] = event;
    sift_up(clock, clock->count - 1);
}

static SimEvent pop(SimClock *clock)
{
    SimEvent first = clock->events[0];

    clock->events[0] = clock->events[--clock->count];
    if (clock->count > 0)
        sift_down(clock, 0);
    return first;
}

/* An event may name a timer that is stopped or freed since; the last one frees it. */
static void let_go(SimTimer *timer)
{
    if (--timer->queued == 0 && timer->freed)
        free(timer);
}

static bool is_void(const SimClock *clock, const SimEvent *event)
{
    if (event->timer)
        return event->timer->freed || event->timer->started != event->started;
    return event->life && event->life != clock->life;
}

static void drop_void(SimClock *clock)
{
    while (clock->count > 0 && is_void(clock, &clock->events[0])) {
        SimEvent event = pop(clock);

        if (event.timer)
            let_go(event.timer);
    }
}

/* ---- the program's clock ---- */

static int64_t now_ms(Clock *clock)
{
    return ((SimClock *)clock)->now_ms;
}

static int64_t wall_ms(Clock *clock)
{
    return ((SimClock *)clock)->now_ms + ((SimClock *)clock)->wall_offset_ms;
}

static int64_t asleep_ms(Clock *clock)
{
    return ((SimClock *)clock)->asleep_ms;
}

static Timer *new_timer(Clock *clock, clock_fn fire, void *ctx)
{
    SimClock *sim = (SimClock *)clock;
    SimTimer *timer = torture_has_memory() ? calloc(1, sizeof *timer) : NULL;

    if (!timer)
        return NULL;
    *timer = (SimTimer){.timer.clock = clock, .fire = fire, .ctx = ctx};
    DL_APPEND(sim->timers, timer);
    sim->timer_count++;
    return &timer->timer;
}

static void start_timer(Timer *base, int64_t delay_ms)
{
    SimTimer *timer = (SimTimer *)base;
    SimClock *clock = (SimClock *)base->clock;

    timer->started++;
    timer->armed = true;
    timer->queued++;
    push(clock, (SimEvent){.due_ms = clock->now_ms + delay_ms, .timer = timer, .started = timer->started});
}

static void stop_timer(Timer *base)
{
    SimTimer *timer = (SimTimer *)base;

    timer->started++;
    timer->armed = false;
}

static void free_timer(Timer *base)
{
    SimTimer *timer = (SimTimer *)base;
    SimClock *clock = (SimClock *)base->clock;

    DL_DELETE(clock->timers, timer);
    clock->timer_count--;
    timer->freed = true;
    if (timer->queued == 0)
        free(timer);
}

static int post(Clock *clock, clock_fn call, void *ctx)
{
    if (!torture_has_memory())
        return -ERR_NO_MEMORY;
    sim_clock_after_in_life((SimClock *)clock, 0, call, ctx);
    return 0;
}

/* ---- the world's ---- */

void sim_clock_init(SimClock *clock)
{
    static const ClockOps ops = {.now_ms = now_ms,
                                 .wall_ms = wall_ms,
                                 .asleep_ms = asleep_ms,
                                 .timer_new = new_timer,
                                 .timer_start = start_timer,
                                 .timer_stop = stop_timer,
                                 .timer_free = free_timer,
                                 .post = post};

    *clock = (SimClock){.clock.ops = &ops, .now_ms = START_MS, .wall_offset_ms = WALL_START_MS - START_MS, .life = 1};
}

void sim_clock_release(SimClock *clock)
{
    while (clock->count > 0) {
        SimEvent event = pop(clock);

        if (event.timer)
            let_go(event.timer);
    }
    free(clock->events);
}

void sim_clock_after(SimClock *clock, int64_t delay_ms, clock_fn call, void *ctx)
{
    push(clock, (SimEvent){.due_ms = clock->now_ms + delay_ms, .call = call, .ctx = ctx});
}

void sim_clock_after_in_life(SimClock *clock, int64_t delay_ms, clock_fn call, void *ctx)
{
    push(clock, (SimEvent){.due_ms = clock->now_ms + delay_ms, .call = call, .ctx = ctx, .life = clock->life});
}

int64_t sim_clock_next_ms(SimClock *clock)
{
    drop_void(clock);
    return clock->count > 0 ? clock->events[0].due_ms : -1;
}

void sim_clock_step(SimClock *clock)
{
    SimEvent event;

    drop_void(clock);
    if (clock->count == 0)
        return;
    event = pop(clock);
    if (event.due_ms > clock->now_ms)
        clock->now_ms = event.due_ms;
    if (!event.timer) {
        event.call(event.ctx);
        return;
    }
    event.timer->queued--;
    event.timer->armed = false;
    event.timer->started++;
    event.timer->fire(event.timer->ctx);
}

void sim_clock_end_life(SimClock *clock)
{
    clock->life++;
}

void sim_clock_sleep(SimClock *clock, int64_t for_ms)
{
    clock->now_ms += for_ms;
    clock->asleep_ms += for_ms;
}
