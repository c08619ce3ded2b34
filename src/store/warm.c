#include "heap.h"
#include "store_internal.h"

/*
 * The warm start: times of the wall clock, which may have jumped since, become ages by ours.
 */
enum {
    AGE_MAX_MS = INT32_MAX,
    BATCH_ROWS = 1024,
    ROW_BYTES = 640, /* what is kept of one, here and by the watcher, its resource not counted */
};

/* Of something that happened after now, or never, nobody knows the age: it counts as too old for contents. */
static int64_t age_of(const Store *store, int64_t wall_ms)
{
    int64_t now = clock_wall_ms(store->clock);

    if (wall_ms <= 0 || wall_ms > now)
        return store->config.stale_contents_ms;
    return now - wall_ms < AGE_MAX_MS ? now - wall_ms : AGE_MAX_MS;
}

/* Never 0, which means that it never was. */
static int64_t since_of(const Store *store, int64_t wall_ms)
{
    int64_t since = clock_now_ms(store->clock) - age_of(store, wall_ms);

    return since ? since : -1;
}

static void restore_set(Set *set, const SnapshotSet *from)
{
    const Store *store = set->store;

    set->complete = set->warm = true;
    set->complete_ms = since_of(store, from->complete_wall_ms);
    for (size_t i = 0; i < from->count; i++) {
        const SnapshotRow *row = &from->rows[i];

        if (i % BATCH_ROWS == 0)
            heap_prepare((from->count - i < BATCH_ROWS ? from->count - i : BATCH_ROWS) * ROW_BYTES);
        entry_restore(set, row, since_of(store, row->seen_wall_ms),
                      row->details_wall_ms ? since_of(store, row->details_wall_ms) : 0);
    }
    set->changed_wall_ms = from->changed_wall_ms;
}

void store_restore(Store *store, const Snapshot *snapshot)
{
    for (int i = 0; i < STORE_SETS; i++) {
        if (!store->sets[i].complete)
            restore_set(&store->sets[i], &snapshot->sets[i]);
    }
}
