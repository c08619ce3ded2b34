#include <stdlib.h>

#include "error.h"
#include "log.h"
#include "store_internal.h"

/*
 * Ids are never reused, but by a sandbox that is reset: then everything known is gone, and an id may come back as
 * another instance. Two things show it: a row that was created at another time than the one that is known under its id,
 * or a complete list that has none of the instances known before. One that is gone alone was deleted by somebody.
 *
 * What is known then goes before anything is done by it: the watcher takes back the deletes that wait, changes that
 * were not sent yet fail (change.c compares the store's world), unanswered creates are settled as not to be told, and
 * what was kept for the next mount is dropped.
 */
enum {
    SAME_TIME_MS = 1000, /* a time may be written with or without its fraction */
    GONE_MIN = 2,
};

bool reset_is_another(const Resource *known, const Resource *row)
{
    int64_t was = resource_created_ms(known), is = resource_created_ms(row);

    return was != 0 && is != 0 && llabs(was - is) >= SAME_TIME_MS;
}

static void declare(Store *store)
{
    store->world++;
    watch_tell(store, STORE_INSTANCES, STORE_RESET, NULL, NULL, NULL);
    keep_drop(store);
}

void reset_by_row(Store *store, const Resource *row)
{
    Set *set = &store->sets[STORE_INSTANCES];

    log_warn("%s is another instance than it was: the API was reset; all %zu instances known are forgotten",
             resource_id(row), set->by_id.count);
    declare(store);
    settle_reset(store);
    set->complete = set->warm = false;
    set->expired = true;
    while (set->entries)
        entry_remove(set, set->entries, &store->orphans);
}

void reset_answer(Store *store)
{
    fetch_answer_all(&store->orphans, NULL);
}

/* What came by our own hand after the list had left says nothing, nor what came and went while it was read. */
bool reset_shows_in_list(const Set *set)
{
    size_t gone = 0;

    for (const Entry *each = set->entries; each; each = each->next) {
        bool listed = each->listed == set->listing;

        if (listed && each->born != set->listing)
            return false;
        gone += !listed && each->born != set->listing && each->generation <= set->fetch.generation;
    }
    return gone >= GONE_MIN;
}

void reset_by_list(Store *store)
{
    log_warn("none of the instances known is there any more: the API was reset, or the token is another account's");
    declare(store);
}
