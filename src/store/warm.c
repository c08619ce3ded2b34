#include "error.h"
#include "heap.h"
#include "store_internal.h"

/*
 * The warm start: times of the wall clock, which may have jumped since, become ages by ours.
 */
enum {
    AGE_MAX_MS = INT32_MAX,
    PAUSE_MS = 250, /* in which a hundred thousand names are read */
    AHEAD_ROWS = 8, /* of whose ids the memory is fetched meanwhile */
    BATCH_ROWS = 1024,
    ROW_BYTES = 640, /* what is kept of one, here and by the watcher, its resource not counted */
};

/* What both clocks say, for all that is taken over: they are not asked for each row. */
typedef struct Times {
    int64_t now_ms, wall_ms;
    int64_t unknown_age_ms;
} Times;

static Times times_of(const Store *store)
{
    return (Times){.now_ms = clock_now_ms(store->clock),
                   .wall_ms = clock_wall_ms(store->clock),
                   .unknown_age_ms = store->config.stale_contents_ms};
}

/* Of something that happened after now, or never, nobody knows the age: it counts as too old for contents. */
static int64_t age_of(const Times *times, int64_t wall_ms)
{
    if (wall_ms <= 0 || wall_ms > times->wall_ms)
        return times->unknown_age_ms;
    return times->wall_ms - wall_ms < AGE_MAX_MS ? times->wall_ms - wall_ms : AGE_MAX_MS;
}

/* Never 0, which means that it never was. */
static int64_t since_of(const Times *times, int64_t wall_ms)
{
    int64_t since = times->now_ms - age_of(times, wall_ms);

    return since ? since : -1;
}

static void restore_set(Set *set, const SnapshotSet *from)
{
    const Times times = times_of(set->store);

    set->complete = set->warm = true;
    set->complete_ms = since_of(&times, from->complete_wall_ms);
    for (size_t i = 0; i < from->count; i++) {
        const SnapshotRow *row = &from->rows[i];

        if (i + AHEAD_ROWS < from->count)
            __builtin_prefetch(resource_id(row[AHEAD_ROWS].resource));
        if (i % BATCH_ROWS == 0)
            heap_prepare((from->count - i < BATCH_ROWS ? from->count - i : BATCH_ROWS) * ROW_BYTES);
        entry_restore(set, row, since_of(&times, row->seen_wall_ms),
                      row->details_wall_ms ? since_of(&times, row->details_wall_ms) : 0);
    }
    set->changed_wall_ms = from->changed_wall_ms;
}

void store_restore(Store *store, const Snapshot *snapshot)
{
    store->source = STORE_BY_RESTORE;
    for (int i = 0; i < STORE_SETS; i++) {
        if (!store->sets[i].complete)
            restore_set(&store->sets[i], &snapshot->sets[i]);
    }
    store->source = STORE_BY_POLL;
}

static void on_pause(void *ctx)
{
    Store *store = ctx;

    for (int i = 0; i < STORE_SETS; i++) {
        Set *set = &store->sets[i];

        if (set->awaits && set->warm)
            fetch_list_refresh(set);
        set->awaits = false;
    }
}

int warm_init(Store *store)
{
    store->warm_timer = timer_new(store->clock, on_pause, store);
    return store->warm_timer ? 0 : -ERR_NO_MEMORY;
}

void warm_refresh_soon(Set *set)
{
    const Set *sets = set->store->sets;

    if (!sets[STORE_PROJECTS].awaits && !sets[STORE_INSTANCES].awaits)
        timer_start(set->store->warm_timer, PAUSE_MS);
    set->awaits = true;
}

void warm_free(Store *store)
{
    timer_free(store->warm_timer);
}
