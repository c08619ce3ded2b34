/*
 * clock: time, timers and posted calls, handed to every layer that needs them.
 *
 * The program's clock is the loop's (loop_clock()); a simulation brings one that jumps as it likes. No layer above base
 * reads a clock in any other way. All calls come from the loop's thread, and all callbacks run on it, never from inside
 * the call that set them up.
 */
#ifndef SKY_CLOCK_H
#define SKY_CLOCK_H

#include <stdint.h>

typedef struct Clock Clock;
typedef struct Timer Timer;
typedef void (*clock_fn)(void *ctx);

typedef struct ClockOps {
    int64_t (*now_ms)(Clock *clock);
    int64_t (*wall_ms)(Clock *clock);
    int64_t (*asleep_ms)(Clock *clock);
    Timer *(*timer_new)(Clock *clock, clock_fn fire, void *ctx);
    void (*timer_start)(Timer *timer, int64_t delay_ms);
    void (*timer_stop)(Timer *timer);
    void (*timer_free)(Timer *timer);
    int (*post)(Clock *clock, clock_fn call, void *ctx);
} ClockOps;

struct Clock {
    const ClockOps *ops;
};
struct Timer {
    Clock *clock;
};

/* Milliseconds since some fixed point, never going back, and going on while the machine is suspended. */
static inline int64_t clock_now_ms(Clock *clock)
{
    return clock->ops->now_ms(clock);
}

/* Milliseconds since 1970 by the wall clock, which may jump: for dates shown to people or compared with the API's. */
static inline int64_t clock_wall_ms(Clock *clock)
{
    return clock->ops->wall_ms(clock);
}

/* How long the machine has been suspended since that fixed point, within a few milliseconds. */
static inline int64_t clock_asleep_ms(Clock *clock)
{
    return clock->ops->asleep_ms(clock);
}

/* A stopped timer, which the caller frees; NULL if there is no memory. */
static inline Timer *timer_new(Clock *clock, clock_fn fire, void *ctx)
{
    return clock->ops->timer_new(clock, fire, ctx);
}

/* Fires once, delay_ms from now (at least 0); starting a started timer sets it anew. */
static inline void timer_start(Timer *timer, int64_t delay_ms)
{
    timer->clock->ops->timer_start(timer, delay_ms < 0 ? 0 : delay_ms);
}

static inline void timer_stop(Timer *timer)
{
    timer->clock->ops->timer_stop(timer);
}

/* Takes NULL. A freed timer does not fire. */
static inline void timer_free(Timer *timer)
{
    if (timer)
        timer->clock->ops->timer_free(timer);
}

/* Runs call(ctx) from the loop, soon, in the order of posting. 0 or -ERR_NO_MEMORY. A posted call can't be taken back.
 */
static inline int clock_post(Clock *clock, clock_fn call, void *ctx)
{
    return clock->ops->post(clock, call, ctx);
}

#endif
