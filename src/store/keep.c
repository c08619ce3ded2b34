#include <stdlib.h>
#include <utlist.h>

#include "error.h"
#include "log.h"
#include "store_internal.h"

/*
 * Keeping what is known for the next mount. Clean, nothing runs. What changes makes it dirty and starts the timer; the
 * timer gives the worker a job with references to all there is; the job's end makes the next one possible.
 *
 *   clean ──something changed──> dirty ──its time──> writing ──done──> clean, or dirty again
 *                                  └──a list is not complete: the next that is goes on
 */
enum {
    SETTLE_MS = 1000,     /* what comes together is written together */
    INTERVAL_MS = 30000,  /* between two writings … */
    BYTES_PER_MS = 256,   /* … and longer, so that a large cloud that is watched wears no disk out */
    CONFIRM_MS = 3600000, /* how old its times may be where nothing else changed */
};

typedef struct Job {
    struct Keeper *keeper; /* NULL: it is gone */
    Fsio *fsio;
    char *directory, *endpoint;
    Snapshot snapshot;
    bool removes;
    int code;
    atomic_bool give_up;
    struct Job *prev, *next;
} Job;

typedef struct Keeper {
    Fsio *fsio;
    Worker *worker;
    char *directory, *endpoint;
    Clock *clock;
    Store *store;
    Timer *timer;
    Job *jobs; /* given, in the worker's order */
    bool dirty;
    int64_t tried_ms; /* when the last writing ended */
    int64_t kept_wall_ms;
    int64_t kept_complete_ms; /* when the list was complete that was kept last */
    int code;
    int64_t failing_ms; /* since when that is negative */
    clock_fn finished;  /* of store_keep_now() */
    void *finished_ctx;
} Keeper;

static bool is_complete(const Store *store)
{
    for (int i = 0; i < STORE_SETS; i++) {
        if (!store->sets[i].complete)
            return false;
    }
    return true;
}

/* --- the job --- */

static void job_free(Job *job)
{
    if (!job)
        return;
    snapshot_release(&job->snapshot);
    free(job->directory);
    free(job->endpoint);
    free(job);
}

static Job *job_new(Keeper *keeper)
{
    Job *job = calloc(1, sizeof *job);

    if (!job)
        return NULL;
    job->keeper = keeper;
    job->fsio = keeper->fsio;
    job->directory = strdup(keeper->directory);
    job->endpoint = strdup(keeper->endpoint);
    if (job->directory && job->endpoint)
        return job;
    job_free(job);
    return NULL;
}

/* By the worker. */
static void job_work(void *ctx)
{
    Job *job = ctx;

    job->code = job->removes ? snapshot_remove(job->fsio, job->directory)
                             : snapshot_write(job->fsio, job->directory, job->endpoint, &job->snapshot, &job->give_up);
}

static SnapshotRow row_of(const Entry *entry, int64_t wall_of_zero_ms)
{
    return (SnapshotRow){
        .resource = resource_ref(entry->resource),
        .seen_wall_ms = entry->seen_ms + wall_of_zero_ms,
        .details_wall_ms = entry->details_ms ? entry->details_ms + wall_of_zero_ms : 0,
        .listed_whole = entry->listed_whole,
        .homeless = entry->homeless,
        .shown = entry->shown,
    };
}

static int take_set(const Set *set, int64_t wall_of_zero_ms, SnapshotSet *into)
{
    into->rows = calloc(set->by_id.count + 1, sizeof *into->rows);
    if (!into->rows)
        return -ERR_NO_MEMORY;
    into->complete_wall_ms = set->complete_ms + wall_of_zero_ms;
    into->changed_wall_ms = set->changed_wall_ms;
    for (const Entry *each = set->entries; each; each = each->next)
        into->rows[into->count++] = row_of(each, wall_of_zero_ms);
    return 0;
}

static int take_all(const Store *store, Snapshot *into)
{
    int64_t wall_of_zero_ms = clock_wall_ms(store->clock) - clock_now_ms(store->clock);
    int r = 0;

    into->wall_ms = clock_wall_ms(store->clock);
    for (int i = 0; r == 0 && i < STORE_SETS; i++)
        r = take_set(&store->sets[i], wall_of_zero_ms, &into->sets[i]);
    return r;
}

/* --- when --- */

static int64_t interval_ms(const Store *store)
{
    int64_t bytes = 0;

    for (int i = 0; i < STORE_SETS; i++)
        bytes += (int64_t)store->sets[i].json_bytes;
    return INTERVAL_MS + bytes / BYTES_PER_MS;
}

static void arm(Keeper *keeper)
{
    int64_t wait = keeper->tried_ms + interval_ms(keeper->store) - clock_now_ms(keeper->clock);

    if (keeper->dirty && !keeper->jobs && is_complete(keeper->store))
        timer_start(keeper->timer, keeper->tried_ms && wait > SETTLE_MS ? wait : SETTLE_MS);
}

static void finish(Keeper *keeper)
{
    clock_fn finished = keeper->finished;

    keeper->finished = NULL;
    if (finished)
        finished(keeper->finished_ctx);
}

static void write_now(Keeper *keeper);

static void note_outcome(Keeper *keeper, const Job *job)
{
    keeper->tried_ms = clock_now_ms(keeper->clock);
    if (job->code == 0)
        keeper->kept_wall_ms = job->removes ? 0 : job->snapshot.wall_ms;
    else
        keeper->dirty = true;
    if (job->code == -ERR_CANCELLED)
        return;
    if (job->code < 0 && job->code != keeper->code)
        log_warn("what is known could not be kept for the next mount: %s", error_sentence(job->code));
    if (job->code < 0 && keeper->code == 0)
        keeper->failing_ms = keeper->tried_ms;
    keeper->code = job->code;
}

static void job_done(void *ctx)
{
    Job *job = ctx;
    Keeper *keeper = job->keeper;
    bool failed = job->code < 0;

    if (keeper) {
        DL_DELETE(keeper->jobs, job);
        note_outcome(keeper, job);
    }
    job_free(job);
    if (!keeper || keeper->jobs)
        return;
    if (!keeper->finished)
        arm(keeper);
    else if (failed || !keeper->dirty || !is_complete(keeper->store))
        finish(keeper);
    else
        write_now(keeper);
}

static int give(Keeper *keeper, Job *job)
{
    if (worker_run(keeper->worker, job_work, job_done, job) < 0) {
        job_free(job);
        return -ERR_NO_MEMORY;
    }
    DL_APPEND(keeper->jobs, job);
    return 0;
}

static void write_now(Keeper *keeper)
{
    const Store *store = keeper->store;
    Job *job = job_new(keeper);

    keeper->tried_ms = clock_now_ms(keeper->clock);
    if (job && take_all(store, &job->snapshot) < 0) {
        job_free(job);
        job = NULL;
    }
    if (!job || give(keeper, job) < 0) {
        finish(keeper);
        return; /* no memory: what changes next tries again */
    }
    keeper->dirty = false;
    keeper->kept_complete_ms = store->sets[STORE_INSTANCES].complete_ms;
}

/* In the middle of a listing it waits for the end. */
static void on_time(void *ctx)
{
    Keeper *keeper = ctx;
    const Store *store = keeper->store;

    if (!keeper->dirty || keeper->jobs || !is_complete(store) || store->sets[STORE_INSTANCES].fetch.call)
        return;
    write_now(keeper);
}

void keep_note(Store *store)
{
    Keeper *keeper = store->keeper;
    bool was_dirty;

    if (!keeper)
        return;
    was_dirty = keeper->dirty;
    keeper->dirty = true;
    if (!was_dirty)
        arm(keeper);
}

void keep_note_list(Store *store)
{
    Keeper *keeper = store->keeper;
    int64_t older_ms;

    if (!keeper)
        return;
    older_ms = store->sets[STORE_INSTANCES].complete_ms - keeper->kept_complete_ms;
    if (!keeper->kept_complete_ms || older_ms >= CONFIRM_MS)
        keeper->dirty = true;
    arm(keeper);
}

static void give_all_up(Keeper *keeper)
{
    Job *each;

    DL_FOREACH(keeper->jobs, each)
    {
        atomic_store(&each->give_up, true);
    }
}

void keep_drop(Store *store)
{
    Keeper *keeper = store->keeper;
    Job *job = keeper ? job_new(keeper) : NULL;

    if (!job)
        return;
    job->removes = true;
    give_all_up(keeper);
    keeper->dirty = true;
    (void)give(keeper, job);
}

/* --- the beginning and the end --- */

static void keeper_free(Keeper *keeper)
{
    timer_free(keeper->timer);
    free(keeper->directory);
    free(keeper->endpoint);
    free(keeper);
}

void keep_free(Store *store)
{
    Keeper *keeper = store->keeper;
    Job *each, *next;

    if (!keeper)
        return;
    store->keeper = NULL;
    give_all_up(keeper);
    DL_FOREACH_SAFE(keeper->jobs, each, next)
    {
        each->keeper = NULL;
    }
    keeper_free(keeper);
}

int store_keep(Store *store, Fsio *fsio, Worker *worker, const char *directory, const char *endpoint)
{
    Keeper *keeper = calloc(1, sizeof *keeper);

    if (!keeper)
        return -ERR_NO_MEMORY;
    *keeper = (Keeper){.fsio = fsio,
                       .worker = worker,
                       .directory = strdup(directory),
                       .endpoint = strdup(endpoint),
                       .clock = store->clock,
                       .store = store,
                       .timer = timer_new(store->clock, on_time, keeper)};
    if (!keeper->directory || !keeper->endpoint || !keeper->timer) {
        keeper_free(keeper);
        return -ERR_NO_MEMORY;
    }
    store->keeper = keeper;
    return 0;
}

void store_keep_now(Store *store, clock_fn done, void *ctx)
{
    Keeper *keeper = store->keeper;
    bool clean = !keeper || (!keeper->dirty && !keeper->jobs &&
                             keeper->kept_complete_ms == store->sets[STORE_INSTANCES].complete_ms);

    if (clean || !is_complete(store)) {
        done(ctx);
        return;
    }
    timer_stop(keeper->timer);
    keeper->finished = done;
    keeper->finished_ctx = ctx;
    if (!keeper->jobs)
        write_now(keeper);
}

int64_t store_kept_wall_ms(const Store *store, int *ret_code)
{
    *ret_code = store->keeper ? store->keeper->code : 0;
    return store->keeper ? store->keeper->kept_wall_ms : 0;
}

int keep_failure(const Store *store, int64_t *ret_ms)
{
    const Keeper *keeper = store->keeper;
    int code = keeper ? keeper->code : 0;

    *ret_ms = code < 0 ? clock_now_ms(store->clock) - keeper->failing_ms : 0;
    return code;
}
