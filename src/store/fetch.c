#include "store_internal.h"

#include <stdlib.h>
#include <utlist.h>

#include "error.h"
#include "live.h"
#include "log.h"

enum {
    HELD_MAX_MS = 10000,
    AHEAD_FROM = 8,   /* from this page on the next is asked for ahead: whoever has read so far is no `ls | head` */
    ABREAST_FROM = 4, /* the same where several can be had at once, which gains more */
};

/* The API has brought something, or the first request is under way. */
static void end_silence(Store *store)
{
    store->silent_ms = clock_now_ms(store->clock);
    store->silent_asleep_ms = clock_asleep_ms(store->clock);
}

static bool drags_on(const Store *store, int64_t now_ms)
{
    int64_t silent_ms = now_ms - store->silent_ms;

    return store->in_flight > 0 && silent_ms >= FRESHNESS_PATIENCE_MS &&
           silent_ms - (clock_asleep_ms(store->clock) - store->silent_asleep_ms) >= FRESHNESS_PATIENCE_MS;
}

bool fetch_drags_on(const Store *store)
{
    return drags_on(store, clock_now_ms(store->clock));
}

static void begin(Store *store, Fetch *fetch)
{
    fetch->generation = store->generation;
    fetch->started_ms = clock_now_ms(store->clock);
    fetch->asleep_ms = clock_asleep_ms(store->clock);
    fetch->paused_ms = 0;
    fetch->source = STORE_BY_POLL;
    if (store->in_flight++ == 0)
        end_silence(store);
}

static void note_outcome(Store *store, Fetch *fetch, const Failure *failure)
{
    bool own_reason = failure && (failure->code == -ERR_NOT_FOUND || failure->code == -ERR_NO_MEMORY);

    fetch->call = NULL;
    store->in_flight -= !fetch->held;
    end_silence(store);
    fetch->failing = failure && !own_reason;
    if (fetch->failing) {
        fetch->failed_ms = store->trouble_ms = clock_now_ms(store->clock);
        if (!store->trouble)
            store->trouble_since_ms = store->trouble_ms;
    }
    store->trouble = fetch->failing;
}

void fetch_freshness(const Store *store, const Fetch *fetch, int64_t now, Freshness *facts)
{
    if (fetch && fetch->call && !fetch->held) {
        facts->refreshing = true;
        facts->refreshing_ms =
            now - fetch->started_ms - fetch->paused_ms - (clock_asleep_ms(store->clock) - fetch->asleep_ms);
    }
    if (fetch && fetch->failing) {
        facts->failing = true;
        facts->failed_ago_ms = now - fetch->failed_ms;
    }
    if (store->trouble) {
        facts->failing = true;
        facts->failed_ago_ms = now - store->trouble_ms;
        facts->refreshing = facts->refreshing || store->in_flight > 0;
    }
    /* One request that drags on is enough to know that the next would too. */
    if (drags_on(store, now)) {
        facts->failing = facts->refreshing = true;
        facts->failed_ago_ms = 0;
    }
}

/* Moves the waiters to a list of the caller's, so that answering one can't disturb the others. */
static void take_waiters(Fetch *fetch, StoreOp **list)
{
    StoreOp *each, *next;

    DL_FOREACH_SAFE(fetch->waiters, each, next)
    {
        op_unpark(each);
        each->head = list;
        DL_APPEND(*list, each);
    }
}

void fetch_answer_all(StoreOp **list, const Failure *failure)
{
    while (*list) {
        StoreOp *op = *list;

        op_unpark(op);
        op_answer(op, failure);
    }
}

/* One that was held for longer than a list is fresh begins anew. */
static bool is_too_old(const Set *set)
{
    return set->fetch.held && clock_now_ms(set->store->clock) - set->fetch.held_ms >= HELD_MAX_MS;
}

void fetch_drop_if_old(Set *set)
{
    StoreOp *nobody = NULL;

    if (is_too_old(set))
        fetch_abort(set->store, &set->fetch, &nobody);
}

bool fetch_is_under_way(const Set *set)
{
    return set->fetch.call && !is_too_old(set);
}

void fetch_abort(Store *store, Fetch *fetch, StoreOp **waiters)
{
    take_waiters(fetch, waiters);
    if (!fetch->call)
        return;
    api_cancel(fetch->call);
    fetch->call = NULL;
    store->in_flight -= !fetch->held;
    live_go_on(store);
}

/* What a request has brought is being taken in: its changes are told with its source. */
static void begin_intake(Store *store, const Fetch *fetch)
{
    store->source = fetch->source;
}

static void end_intake(Store *store)
{
    store->source = STORE_BY_POLL;
}

/* Takes in a row of a request that left at a generation. It may have done so before the machine was suspended: then the
 * next look asks again. */
static Entry *take_row(Set *set, Resource *row, enum RowSource source, uint64_t generation, int64_t slept_ms)
{
    Entry *entry = entry_take(set, row, source, generation);

    if (entry && slept_ms > 0)
        entry_outdate(entry, slept_ms);
    return entry;
}

static void on_entry(void *ctx, const Failure *failure, const ApiAnswer *answer)
{
    Entry *entry = ctx;
    Set *set = entry->set;
    Fetch *fetch = entry->fetch;
    StoreOp *waiters = NULL;

    note_outcome(set->store, fetch, failure);
    take_waiters(fetch, &waiters);
    begin_intake(set->store, fetch);
    if (failure && failure->code == -ERR_NOT_FOUND && entry->generation > fetch->generation)
        failure = NULL; /* that was said before something else was: it is asked for again */
    else if (answer)
        take_row(set, answer->resource, ROW_DETAILS, fetch->generation, store_slept_ms(set->store, fetch->asleep_ms));
    else if (failure->code == -ERR_NOT_FOUND)
        entry_bury(set, entry);
    end_intake(set->store);
    reset_answer(set->store);
    live_go_on(set->store);
    fetch_answer_all(&waiters, failure);
}

/* A request that could not be started is not under way. */
static int started(Store *store, Fetch *fetch, int r)
{
    if (r < 0) {
        fetch->call = NULL;
        store->in_flight--;
    }
    return r;
}

int fetch_entry_start(Entry *entry, enum ApiClass class)
{
    Set *set = entry->set;
    int r;

    if (!entry->fetch)
        entry->fetch = calloc(1, sizeof *entry->fetch);
    if (!entry->fetch)
        return -ERR_NO_MEMORY;
    begin(set->store, entry->fetch);
    stretch_note(entry->fetch, entry->fetch->started_ms);
    set->singles++;
    r = api_get(set->store->api, class, resource_id(entry->resource), on_entry, entry, &entry->fetch->call);
    return started(set->store, entry->fetch, r);
}

/* A list that nobody reads on costs nothing more, and tells nothing of how the API is doing. Refreshes that nobody waits
 * for from the start go on. */
static void set_held(Set *set, bool held)
{
    Store *store = set->store;
    Fetch *fetch = &set->fetch;

    if (fetch->held == held)
        return;
    fetch->held = held;
    api_list_hold(fetch->call, held);
    if (held) {
        fetch->held_ms = clock_now_ms(store->clock);
        store->in_flight--;
        live_go_on(store);
        return;
    }
    fetch->paused_ms += clock_now_ms(store->clock) - fetch->held_ms;
    if (store->in_flight++ == 0)
        end_silence(store);
}

static bool is_ahead(const Fetch *list)
{
    unsigned abreast = api_list_abreast(list->call);
    bool reads_all = list->read >= (abreast > 1 ? ABREAST_FROM : AHEAD_FROM);

    return list->pages >= list->read + (reads_all ? abreast : 0);
}

void fetch_hold_if_idle(Set *set)
{
    if (set->fetch.call && !set->fetch.unattended)
        set_held(set, set->fetch.waiters == NULL && is_ahead(&set->fetch));
}

void fetch_list_goes_on(Set *set)
{
    if (set->fetch.call && !set->fetch.held)
        set->fetch.unattended = true;
}

void fetch_list_refresh(Set *set)
{
    fetch_drop_if_old(set);
    if (!set->fetch.call) {
        (void)fetch_list_start(set, API_REFRESH);
        return;
    }
    set->fetch.unattended = true;
    set_held(set, false);
}

/* What a list had brought before it began anew may be gone. */
static void unlist_all(Set *set)
{
    for (Entry *each = set->entries; each; each = each->next)
        each->listed = 0;
    set->fetch.pages = set->fetch.read = 0;
}

static void note_listed(Entry *entry)
{
    entry->listed = entry->set->listing;
    entry->page = entry->set->fetch.pages;
}

static void on_page(void *ctx, Resource *const *rows, size_t count)
{
    Set *set = ctx;
    int64_t slept_ms = store_slept_ms(set->store, set->fetch.asleep_ms);
    StoreOp *each, *next;

    end_silence(set->store);
    set->numbered = api_list_is_numbered(set->fetch.call);
    if (count == 0)
        unlist_all(set);
    else
        set->fetch.pages++; /* no list has more of them than fit */
    begin_intake(set->store, &set->fetch);
    for (size_t i = 0; i < count; i++) {
        Entry *entry = take_row(set, rows[i], ROW_LISTED, set->fetch.generation, slept_ms);

        if (entry)
            note_listed(entry);
    }
    end_intake(set->store);
    reset_answer(set->store);
    DL_FOREACH_SAFE(set->fetch.waiters, each, next)
    {
        if (each->on_page)
            each->on_page(each->ctx);
    }
    fetch_hold_if_idle(set);
}

/* Whoever is not in a complete list is gone, unless it came or changed by our own hand after the list's request had
 * left. Their waiters are answered when all of it is taken in. */
static void remove_unlisted(Set *set, StoreOp **waiters)
{
    Entry *each, *next;

    DL_FOREACH_SAFE(set->entries, each, next)
    {
        if (each->listed != set->listing && each->generation <= set->fetch.generation)
            entry_remove(set, each, waiters);
    }
}

/* The list is what there is. That nobody read on for a while made it no younger. */
static void take_list(Set *set, StoreOp **waiters)
{
    Store *store = set->store;
    bool reset = set->kind == STORE_INSTANCES && reset_shows_in_list(set);

    if (reset)
        reset_by_list(store);
    begin_intake(store, &set->fetch);
    remove_unlisted(set, waiters);
    end_intake(store);
    tombstones_drop_before(set, set->fetch.generation);
    set->complete = true;
    set->warm = false;
    set->expired = set->expired && set->doubted > set->fetch.generation;
    /* While numbered pages are read a row may slip from one to another, if as many come as go. */
    set->shaky = set->doubted > set->fetch.generation || (set->numbered && store->generation > set->fetch.generation);
    set->complete_ms = clock_now_ms(store->clock) - set->fetch.paused_ms;
    if (set->kind == STORE_INSTANCES)
        settle_on_list(store, set->fetch.generation);
    if (reset)
        settle_reset(store);
    keep_note_list(store);
}

/* A list that the API was reset or the machine suspended under, or that was held again and again, is of two times: it
 * begins anew, for those who wait. 0: it is of one; 1: it has begun; negative: it can't, or nobody waits. */
static int begin_anew(Set *set)
{
    bool reset = set->kind == STORE_INSTANCES && set->world != set->store->world;
    bool slept = store_slept_since(set->store, set->fetch.asleep_ms);
    enum StoreSource source = set->fetch.source;
    int r;

    if (!reset && !slept && set->fetch.paused_ms < HELD_MAX_MS)
        return 0;
    if (!set->fetch.waiters && !set->fetch.unattended)
        return -ERR_INTERRUPTED;
    r = fetch_list_start(set, set->fetch.unattended ? API_REFRESH : API_READ);
    set->fetch.source = source;
    return r < 0 ? r : 1;
}

static void on_listed(void *ctx, const Failure *failure, bool complete)
{
    Set *set = ctx;
    StoreOp *waiters = NULL;
    Failure shifted, lacking = failure_make(-ERR_NO_MEMORY, "%s", error_sentence(-ERR_NO_MEMORY));
    int anew;

    if (!failure && !complete) {
        shifted = failure_make(-ERR_REMOTE,
                               "The list kept changing while its pages were read, or did not say where it ends.");
        shifted.sent = FAILURE_ANSWERED;
        failure = &shifted;
    } else if (!failure && set->lacking) {
        failure = &lacking;
    }
    note_outcome(set->store, &set->fetch, failure);
    anew = failure ? 0 : begin_anew(set);
    if (anew > 0)
        return;
    if (anew < 0)
        failure = &lacking; /* the only reason that somebody can be told */
    if (!failure)
        take_list(set, &waiters);
    take_waiters(&set->fetch, &waiters);
    live_on_listed(set->store, failure != NULL);
    fetch_answer_all(&waiters, failure);
}

int fetch_list_start(Set *set, enum ApiClass class)
{
    Api *api = set->store->api;
    int r;

    begin(set->store, &set->fetch);
    set->listing++;
    set->world = set->store->world;
    set->lacking = false;
    set->fetch.held = false;
    set->fetch.pages = set->fetch.read = 0;
    set->fetch.unattended = class != API_READ;
    set->singles = 0;
    if (set->kind == STORE_PROJECTS)
        r = api_list_projects(api, class, on_page, on_listed, set, &set->fetch.call);
    else
        r = api_list_instances(api, class, on_page, on_listed, set, &set->fetch.call);
    return started(set->store, &set->fetch, r);
}

int64_t set_ttl_ms(const Set *set)
{
    const StoreConfig *config = &set->store->config;
    int64_t ttl_ms = set->kind == STORE_PROJECTS ? config->ttl_projects_ms : config->ttl_ms;

    return set->shaky ? ttl_ms : live_ttl_ms(set->store, ttl_ms, set->moving > 0, set->complete_ms);
}

Freshness set_freshness(const Set *set)
{
    const StoreConfig *config = &set->store->config;
    int64_t now = clock_now_ms(set->store->clock);

    Freshness facts = {
        .known = set->complete,
        .expired = set->expired || set->warm,
        .age_ms = now - set->complete_ms,
        .ttl_ms = stretch_ttl_ms(set->store, set_ttl_ms(set), now),
        .stale_limit_ms = config->stale_names_ms,
    };

    fetch_freshness(set->store, &set->fetch, now, &facts);
    return facts;
}
