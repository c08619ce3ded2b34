#include "sim_worker.h"

#include <stdlib.h>
#include <utlist.h>

#include "error.h"
#include "torture.h"

static void do_first(SimWorker *worker)
{
    SimWork *work = worker->works;

    DL_DELETE(worker->works, work);
    work->work(work->ctx);
    work->done(work->ctx);
    free(work);
}

static void set_up(SimWorker *worker);

static void on_time(void *ctx)
{
    SimWorker *worker = ctx;

    worker->busy = false;
    if (worker->works)
        do_first(worker);
    set_up(worker);
}

/* Mostly quick; now and then the disk is busy. */
static void set_up(SimWorker *worker)
{
    int64_t for_ms = chance_hit(&worker->chance, 30) ? chance_between(&worker->chance, 100, 5000)
                                                     : chance_between(&worker->chance, 0, 20);

    if (worker->busy || !worker->works)
        return;
    worker->busy = true;
    sim_clock_after(worker->clock, for_ms, on_time, worker);
}

static int run(Worker *base, clock_fn work, clock_fn done, void *ctx)
{
    SimWorker *worker = (SimWorker *)base;
    SimWork *item = torture_has_memory() ? malloc(sizeof *item) : NULL;

    if (!item)
        return -ERR_NO_MEMORY;
    *item = (SimWork){.work = work, .done = done, .ctx = ctx};
    DL_APPEND(worker->works, item);
    set_up(worker);
    return 0;
}

static void drain(Worker *base)
{
    SimWorker *worker = (SimWorker *)base;

    while (worker->works)
        do_first(worker);
}

void sim_worker_init(SimWorker *worker, SimClock *clock, Chance chance)
{
    *worker = (SimWorker){.worker = {.run = run, .drain = drain}, .clock = clock, .chance = chance};
}

bool sim_worker_is_idle(const SimWorker *worker)
{
    return worker->works == NULL;
}
