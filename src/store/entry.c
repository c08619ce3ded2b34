#include "store_internal.h"

#include <stdlib.h>
#include <utlist.h>

#include "error.h"
#include "live.h"

static uint32_t hash_of(const char *id)
{
    return index_hash(id, strlen(id));
}

Entry *entry_find(Set *set, const char *id)
{
    size_t at = index_first(&set->by_id, hash_of(id));
    Entry *entry = index_thing(&set->by_id, at);

    while (entry && strcmp(resource_id(entry->resource), id) != 0) {
        at = index_next(&set->by_id, at);
        entry = index_thing(&set->by_id, at);
    }
    return entry;
}

static int64_t now_ms(const Set *set)
{
    return clock_now_ms(set->store->clock);
}

static void tell(Entry *entry, enum StoreEvent event, Resource *before, Resource *after)
{
    if (event != STORE_EXPIRED)
        keep_note(entry->set->store);
    watch_tell(entry->set->store, entry->set->kind, event, before, after, entry);
}

static void note_membership(Set *set)
{
    set->changed_wall_ms = clock_wall_ms(set->store->clock);
}

/* What is known is not all any more, and neither will the listing under way be. */
static void note_lacking(Set *set)
{
    set->complete = false;
    set->lacking = true;
}

static Entry *entry_add(Set *set, Resource *row)
{
    Entry *entry = calloc(1, sizeof *entry);

    if (!entry || index_add(&set->by_id, hash_of(resource_id(row)), entry) < 0) {
        free(entry);
        note_lacking(set);
        return NULL;
    }
    entry->set = set;
    entry->born = set->listing;
    entry->resource = resource_ref(row);
    DL_APPEND(set->entries, entry);
    set->json_bytes += resource_text(row).len;
    set->moving += resource_in_transition(row);
    note_membership(set);
    return entry;
}

static void replace_resource(Entry *entry, Resource *row)
{
    Resource *before = entry->resource;
    Set *set = entry->set;

    entry->resource = resource_ref(row);
    entry->shown = entry->shown && span_equal(resource_name(before), resource_name(row));
    set->json_bytes += resource_text(row).len - resource_text(before).len;
    set->moving += (size_t)resource_in_transition(row) - (size_t)resource_in_transition(before);
    tell(entry, STORE_CHANGED, before, row);
    resource_unref(before);
}

static bool buried_since(Set *set, const char *id, uint64_t generation)
{
    Tombstone *tombstone;

    HASH_FIND_STR(set->tombstones, id, tombstone);
    return tombstone && tombstone->generation > generation;
}

/* Whether a row says more than, or something else than, what is known: a summary that agrees with known details adds
 * nothing. */
static bool row_replaces(const Entry *entry, const Resource *row, bool brings_details)
{
    const Resource *known = entry->resource;

    if (brings_details || entry->details_ms == 0)
        return !resource_same(known, row);
    return !span_equal(resource_name(known), resource_name(row)) ||
           (resource_project_id(row).len > 0 && !span_equal(resource_project_id(known), resource_project_id(row)));
}

static void set_times(Entry *entry, bool brings_details, bool moved)
{
    int64_t now = now_ms(entry->set);
    int64_t first = entry->set->store->config.ttl_transition_ms;

    entry->seen_ms = now;
    entry->warm = entry->seen_expired = false;
    if (!brings_details) {
        if (moved)
            entry->details_ms = 0;
        return;
    }
    entry->details_ms = now;
    entry->expired = false;
    entry->transition_ttl_ms = (uint32_t)freshness_transition_ttl_ms(first, entry->transition_ttl_ms, moved);
}

Entry *entry_take(Set *set, Resource *row, enum RowSource source, uint64_t generation)
{
    bool brings_details = source == ROW_DETAILS || (source == ROW_LISTED && resource_is_whole(row));
    Entry *entry = entry_find(set, resource_id(row));
    bool added = false, moved = true;

    if (entry && entry->generation > generation)
        return entry;
    if (entry && set->kind == STORE_INSTANCES && reset_is_another(entry->resource, row)) {
        reset_by_row(set->store, row);
        entry = NULL;
    }
    if (!entry) {
        if (buried_since(set, resource_id(row), generation))
            return NULL;
        if (generation < set->unmarked) { /* it may be the one that was deleted since */
            note_lacking(set);
            return NULL;
        }
        entry = entry_add(set, row);
        if (!entry)
            return NULL;
        added = true;
    }
    if (source == ROW_LISTED) {
        entry->homeless = resource_project_id(row).len == 0;
        entry->listed_whole = brings_details;
    }
    if (!added) {
        moved = row_replaces(entry, row, brings_details);
        if (moved)
            replace_resource(entry, row);
    }
    set_times(entry, brings_details, moved);
    if (brings_details || resource_created_ms(row) != 0)
        entry->unproven = false;
    if (added)
        tell(entry, STORE_ADDED, NULL, row);
    return entry;
}

void entry_restore(Set *set, const SnapshotRow *row, int64_t seen_ms, int64_t details_ms)
{
    Entry *entry = entry_find(set, resource_id(row->resource)) ? NULL : entry_add(set, row->resource);

    if (!entry)
        return;
    entry->seen_ms = seen_ms;
    entry->details_ms = details_ms;
    entry->listed_whole = row->listed_whole;
    entry->homeless = row->homeless;
    entry->shown = row->shown;
    entry->warm = entry->unproven = true;
    tell(entry, STORE_ADDED, NULL, entry->resource);
}

void entry_remove(Set *set, Entry *entry, StoreOp **waiters)
{
    DL_DELETE(set->entries, entry);
    index_remove(&set->by_id, hash_of(resource_id(entry->resource)), entry);
    set->json_bytes -= resource_text(entry->resource).len;
    set->moving -= resource_in_transition(entry->resource);
    note_membership(set);
    tell(entry, STORE_REMOVED, entry->resource, NULL);
    if (entry->fetch)
        fetch_abort(set->store, entry->fetch, waiters);
    free(entry->fetch);
    resource_unref(entry->resource);
    free(entry);
}

void entry_mark_gone(Set *set, const char *id)
{
    size_t length = strlen(id);
    Tombstone *tombstone = calloc(1, sizeof *tombstone + length + 1);
    uint64_t generation = ++set->store->generation;
    unsigned count_before = HASH_COUNT(set->tombstones);

    if (tombstone) {
        memcpy(tombstone->id, id, length);
        tombstone->generation = generation;
        HASH_ADD_KEYPTR(hh, set->tombstones, tombstone->id, length, tombstone);
    }
    if (HASH_COUNT(set->tombstones) == count_before) {
        free(tombstone);
        set->unmarked = generation;
    }
}

void entry_bury(Set *set, Entry *entry)
{
    StoreOp *waiters = NULL;

    entry_mark_gone(set, resource_id(entry->resource));
    entry_remove(set, entry, &waiters);
    fetch_answer_all(&waiters, NULL);
}

void tombstones_drop_before(Set *set, uint64_t generation)
{
    Tombstone *each, *next;

    HASH_ITER(hh, set->tombstones, each, next)
    {
        if (each->generation <= generation) {
            HASH_DEL(set->tombstones, each);
            free(each);
        }
    }
}

void entry_free_all(Set *set)
{
    Entry *each, *next;
    StoreOp *nobody = NULL; /* the waiters are gone */

    set->store->watcher_count = 0;
    DL_FOREACH_SAFE(set->entries, each, next)
    {
        entry_remove(set, each, &nobody);
    }
    index_release(&set->by_id);
    tombstones_drop_before(set, UINT64_MAX);
}

static int64_t known_since_ms(const Entry *entry, enum StoreNeed need)
{
    return need == STORE_SUMMARY ? entry->seen_ms : entry->details_ms;
}

static int64_t ttl_ms(const Entry *entry, int64_t since_ms)
{
    const StoreConfig *config = &entry->set->store->config;
    bool moves = resource_in_transition(entry->resource);
    int64_t ttl = config->ttl_ms;

    if (entry->set->kind == STORE_PROJECTS)
        return live_ttl_ms(entry->set->store, config->ttl_projects_ms, false, since_ms);
    if (moves)
        ttl = entry->transition_ttl_ms ? entry->transition_ttl_ms : config->ttl_transition_ms;
    return live_ttl_ms(entry->set->store, ttl, moves, since_ms);
}

static bool is_expired(const Entry *entry, enum StoreNeed need)
{
    return need == STORE_SUMMARY ? entry->seen_expired : entry->expired;
}

void entry_expire(Entry *entry)
{
    entry->expired = entry->seen_expired = true;
}

void entry_outdate(Entry *entry, int64_t slept_ms)
{
    int64_t now = now_ms(entry->set);

    if (entry->seen_ms == now)
        entry->seen_ms -= slept_ms;
    if (entry->details_ms == now)
        entry->details_ms -= slept_ms;
    entry_expire(entry);
}

void entry_overtake(Entry *entry)
{
    entry->generation = entry->set->store->generation;
    entry_expire(entry);
    tell(entry, STORE_EXPIRED, entry->resource, entry->resource);
}

/* As it was asked for; a summary is as fresh as a list. */
static int64_t wanted_ttl_ms(const Entry *entry, enum StoreNeed need)
{
    const StoreConfig *config = &entry->set->store->config;
    int64_t ttl = need == STORE_SUMMARY ? set_ttl_ms(entry->set) : ttl_ms(entry, known_since_ms(entry, need));

    return need == STORE_VITALS && config->ttl_health_ms < ttl ? config->ttl_health_ms : ttl;
}

Freshness entry_freshness(const Entry *entry, enum StoreNeed need)
{
    const StoreConfig *config = &entry->set->store->config;
    bool contents = need == STORE_DETAILS || need == STORE_VITALS;
    int64_t now = now_ms(entry->set), since = known_since_ms(entry, need);
    Freshness facts = {
        .known = since != 0,
        .expired = is_expired(entry, need) || entry->warm,
        .warm = entry->warm && !entry->seen_expired && !contents,
        .age_ms = now - since,
        .ttl_ms = stretch_ttl_ms(entry->set->store, wanted_ttl_ms(entry, need), now),
        .stale_limit_ms = contents ? config->stale_contents_ms : config->stale_names_ms,
    };

    fetch_freshness(entry->set->store, entry->fetch, now, &facts);
    if (facts.warm) /* its list, if it is under way, brings it too */
        fetch_freshness(entry->set->store, &entry->set->fetch, now, &facts);
    return facts;
}

int64_t store_vitals_ms(StoreEntry *entry)
{
    Freshness facts = entry_freshness(entry, STORE_VITALS);
    int64_t left = facts.known && !facts.expired ? facts.ttl_ms - facts.age_ms : 0;

    return left > 0 ? left : 0;
}

void entry_facts(Entry *entry, StoreFacts *ret_facts)
{
    bool whole = entry->details_ms != 0;
    Freshness facts = entry_freshness(entry, whole ? STORE_DETAILS : STORE_SUMMARY);
    int64_t left = facts.expired ? 0 : facts.ttl_ms - facts.age_ms;
    const Fetch *list = &entry->set->fetch;
    bool trouble = facts.failing || list->failing || (facts.refreshing && facts.refreshing_ms >= FRESHNESS_PATIENCE_MS);

    *ret_facts = (StoreFacts){
        .entry = entry,
        .resource = entry->resource,
        .age_ms = facts.age_ms,
        .fresh_ms = left > 0 ? left : 0,
        .stale = left <= 0 && (trouble || entry->warm),
        .whole = whole,
        .listed_whole = entry->listed_whole,
        .current = fetch_is_under_way(entry->set) &&
                   (entry->listed == entry->set->listing || entry->generation > list->generation),
        .homeless = entry->homeless,
        .shown = entry->shown,
        .tag = entry->tag,
    };
}
