/*
 * sim_clock: simulated time. One queue of events; time stands still while one runs, and jumps to the next.
 *
 * It is the Clock of the program under test, and what the world around it lives by. The wall clock may be set to
 * whatever, and the machine may sleep: then what fell due meanwhile happens late.
 */
#ifndef SKY_SIM_CLOCK_H
#define SKY_SIM_CLOCK_H

#include <stddef.h>

#include "clock.h"

typedef struct SimEvent {
    int64_t due_ms;
    uint64_t number; /* events of one time run in the order in which they were set up */
    clock_fn call;
    void *ctx;
    struct SimTimer *timer; /* or NULL */
    uint64_t started;       /* of the timer: an event of an earlier start is void */
    unsigned life;          /* of the program, if that posted it; 0: it is the world's own */
} SimEvent;

typedef struct SimTimer {
    Timer timer;
    clock_fn fire;
    void *ctx;
    uint64_t started; /* counts starts and stops */
    unsigned queued;  /* events that name it */
    bool armed, freed;
    struct SimTimer *prev, *next;
} SimTimer;

typedef struct SimClock {
    Clock clock;
    int64_t now_ms;
    int64_t wall_offset_ms; /* the program's wall clock, less the time */
    int64_t asleep_ms;      /* how long the machine slept so far */
    SimEvent *events;       /* a heap */
    size_t count, room;
    uint64_t number;
    SimTimer *timers; /* those that are not freed */
    size_t timer_count;
    unsigned life; /* counts the program's starts, from 1 */
} SimClock;

void sim_clock_init(SimClock *clock);
/* Frees everything; timers that are left are the caller's fault, see timer_count. */
void sim_clock_release(SimClock *clock);
/* Something of the world's own: can't be taken back. */
void sim_clock_after(SimClock *clock, int64_t delay_ms, clock_fn call, void *ctx);
/* The same, of what ends with the program. */
void sim_clock_after_in_life(SimClock *clock, int64_t delay_ms, clock_fn call, void *ctx);
/* When the next event is due; -1: there is none. */
int64_t sim_clock_next_ms(SimClock *clock);
/* Runs the next event. */
void sim_clock_step(SimClock *clock);
/* The program has ended: what it posted and was not run yet never runs. */
void sim_clock_end_life(SimClock *clock);
/* The machine sleeps. */
void sim_clock_sleep(SimClock *clock, int64_t for_ms);

#endif
