/*
 * worker: a way to have something done off the loop, handed in like time.
 *
 * `work` runs elsewhere and may block; it touches nothing but its ctx. `done` then runs on the loop, never from inside
 * worker_run(). Works given one after the other are done one after the other: the next one begins when the `done`
 * before it has returned, so that a `done` may still change the ctx of the works that wait behind it.
 */
#ifndef SKY_WORKER_H
#define SKY_WORKER_H

#include "clock.h"
#include "loop.h"

typedef struct Worker Worker;
struct Worker {
    int (*run)(Worker *worker, clock_fn work, clock_fn done, void *ctx);
    void (*drain)(Worker *worker);
};

/* 0 or -ERR_NO_MEMORY: then neither runs. */
static inline int worker_run(Worker *worker, clock_fn work, clock_fn done, void *ctx)
{
    return worker->run(worker, work, done, ctx);
}

/* Waits until everything that was given is done, and runs each `done` itself, whether the loop runs or not. Called from
 * the loop's thread, never from a `done`. */
static inline void worker_drain(Worker *worker)
{
    worker->drain(worker);
}

/* The program's: one thread. NULL if the system gives none. Freed before its loop, after what was given is done; takes
 * NULL. */
Worker *worker_new(Loop *loop);
void worker_free(Worker *worker);

#endif
