/*
 * sim_worker: the program's worker, whose works are done at some time later, one after the other.
 */
#ifndef SKY_SIM_WORKER_H
#define SKY_SIM_WORKER_H

#include "sim_chance.h"
#include "sim_clock.h"
#include "worker.h"

typedef struct SimWork {
    clock_fn work, done;
    void *ctx;
    struct SimWork *prev, *next;
} SimWork;

typedef struct SimWorker {
    Worker worker; /* first */
    SimClock *clock;
    Chance chance;
    SimWork *works;
    bool busy; /* an event is set up */
} SimWorker;

void sim_worker_init(SimWorker *worker, SimClock *clock, Chance chance);
bool sim_worker_is_idle(const SimWorker *worker);

#endif
