#include "error.h"
#include "store_internal.h"

/* Who is told of changes. A handful, for the store's whole life: an array in the order in which they came. */

int store_watch(Store *store, store_watch_fn watch, void *ctx)
{
    if (store->watcher_count == STORE_WATCHERS_MAX)
        return -ERR_NO_SPACE;
    store->watchers[store->watcher_count++] = (Watcher){.watch = watch, .ctx = ctx};
    return 0;
}

void store_unwatch(Store *store, store_watch_fn watch, void *ctx)
{
    size_t kept = 0;

    for (size_t i = 0; i < store->watcher_count; i++) {
        if (store->watchers[i].watch != watch || store->watchers[i].ctx != ctx)
            store->watchers[kept++] = store->watchers[i];
    }
    store->watcher_count = kept;
}

enum StoreSource store_source(const Store *store)
{
    return store->source;
}

void watch_tell(Store *store, enum StoreSet set, enum StoreEvent event, Resource *before, Resource *after, Entry *entry)
{
    for (size_t i = 0; i < store->watcher_count; i++)
        store->watchers[i].watch(store->watchers[i].ctx, set, event, before, after, entry);
}
