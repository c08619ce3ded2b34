#include "store_internal.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "hash.h"
#include "live.h"

/*
 * Looking again. Whoever hears that an instance changed asks for it anew, in the background, together with what else was
 * heard of in the same moment:
 *
 *   heard of ── GATHER_MS ──> asked for ── an answer that left after it was heard of ──> done
 *                   └── overtaken by the next one that is heard of ──> asked for again, ever later while that goes on
 *
 * Many are asked for by one listing, where that brings all of each and costs less, and so are more than are kept. While the
 * budget is needed elsewhere they wait. What fails is left to whoever looks next: it counts as expired, and the list is fresh for
 * no longer than without events.
 */
enum {
    GATHER_MS = 5,        /* at first; twice as long each time … */
    GATHER_MAX_MS = 1000, /* … up to this … */
    CALM_MS = 2000,       /* … until it was quiet for so long */
    RETRY_MS = 1000,      /* while the budget is needed elsewhere */
    LOOKS_MAX = 512,      /* more are a listing */
    IN_FLIGHT_MAX = 8,    /* half of what the line lets go at once */
    TRIES_MAX = 5,
    ABSENT_KEPT = 256,     /* ids that nobody knows, … */
    ABSENT_MS = 60 * 1000, /* … so long */
    HEARD_MS = 24 * 3600 * 1000,
};

/* An instance that was heard of. */
typedef struct Look {
    UT_hash_handle hh; /* by id */
    Live *live;
    uint64_t heard; /* the generation since which nothing older is believed of it */
    bool was_known;
    unsigned tries;
    ApiCall *call;       /* of one that was not known; NULL: none under way … */
    uint64_t generation; /* … and when it left */
    char id[];
} Look;

typedef struct Absent {
    uint64_t id; /* hash */
    int64_t at_ms;
} Absent;

struct Live {
    Store *store;
    Timer *timer;
    bool armed;                     /* the timer runs */
    int64_t gather_ms, gathered_ms; /* how long, and when that was last over */
    Look *looks;
    bool whole;    /* all of them, by a listing */
    bool projects; /* these as well */
    bool heard;
    int64_t heard_ms;
    int64_t since_ms; /* events tell what changes since; of what is known from before they don't */
    Absent absent[ABSENT_KEPT];
    unsigned absent_next;
};

static Set *instances_of(const Live *live)
{
    return &live->store->sets[STORE_INSTANCES];
}

static void drop(Look *look)
{
    api_cancel(look->call);
    HASH_DEL(look->live->looks, look);
    free(look);
}

static void drop_all(Live *live)
{
    Look *each, *next;

    HASH_ITER(hh, live->looks, each, next)
    {
        drop(each);
    }
}

/* Neither what is known nor what the list under way says is fresh for longer than without events. */
static void doubt(Set *set)
{
    set->shaky = true;
    set->doubted = set->store->generation;
}

/* What was heard of may have come, or have another name by now, so that is the list's to say. */
static void doubt_list(const Live *live)
{
    doubt(instances_of(live));
}

static void give_up(Look *look)
{
    doubt_list(look->live);
    drop(look);
}

static void give_up_all(Live *live)
{
    if (live->looks || live->whole)
        doubt_list(live);
    live->whole = live->projects = false;
    drop_all(live);
}

static bool is_absent(const Live *live, const char *id)
{
    uint64_t hash = hash_mixed(id, strlen(id));
    int64_t now = clock_now_ms(live->store->clock);

    for (size_t i = 0; i < ABSENT_KEPT; i++)
        if (live->absent[i].id == hash && live->absent[i].at_ms != 0 && now - live->absent[i].at_ms < ABSENT_MS)
            return true;
    return false;
}

static void note_absent(Live *live, const char *id)
{
    live->absent[live->absent_next++ % ABSENT_KEPT] =
        (Absent){.id = hash_mixed(id, strlen(id)), .at_ms = clock_now_ms(live->store->clock)};
}

static void arm(Live *live, int64_t delay_ms)
{
    if (!live->armed)
        timer_start(live->timer, delay_ms);
    live->armed = true;
}

/* One that is heard of by itself is asked for at once; a stream of them costs a look a second. */
static void gather(Live *live)
{
    bool calm = clock_now_ms(live->store->clock) - live->gathered_ms >= CALM_MS;

    if (live->armed)
        return;
    live->gather_ms = calm ? GATHER_MS : live->gather_ms * 2 < GATHER_MAX_MS ? live->gather_ms * 2 : GATHER_MAX_MS;
    arm(live, live->gather_ms);
}

/* What a listing that left earlier says of it counts no more. */
static void take_unknown(const Look *look, Resource *resource)
{
    Entry *entry = entry_take(instances_of(look->live), resource, ROW_DETAILS, look->generation);

    if (entry && entry->generation < look->generation)
        entry->generation = look->generation;
}

static void take_absence(const Look *look)
{
    Set *set = instances_of(look->live);
    Entry *entry = entry_find(set, look->id);

    note_absent(look->live, look->id);
    if (!entry)
        entry_mark_gone(set, look->id);
    else if (entry->generation <= look->generation)
        entry_bury(set, entry);
}

/* It was heard of again since its request left, or a listing brought it meanwhile. */
static void take_over(Look *look, Entry *entry)
{
    entry_overtake(entry);
    look->was_known = true;
}

/* One that was not known: now it is, or nobody knows it. */
static void on_unknown(void *ctx, const Failure *failure, const ApiAnswer *answer)
{
    Look *look = ctx;
    Live *live = look->live;
    Store *store = live->store;
    bool is_overtaken = look->heard > look->generation;
    Entry *entry;

    look->call = NULL;
    store->source = STORE_BY_WEBHOOK;
    if (answer)
        take_unknown(look, answer->resource);
    else if (failure->code != -ERR_NOT_FOUND)
        doubt_list(live);
    else if (!is_overtaken)
        take_absence(look);
    store->source = STORE_BY_POLL;
    entry = entry_find(instances_of(live), look->id);
    if (is_overtaken && entry)
        take_over(look, entry);
    else if (!is_overtaken)
        drop(look);
    reset_answer(store);
    live_go_on(store);
}

/* An answer that left since it was heard of clears that; an instance that has gone has nothing more to say. */
static bool is_done(const Look *look, const Entry *entry)
{
    return entry ? !entry->expired : look->was_known;
}

/* A listing that left since brings it as well. */
static bool is_listed_now(const Entry *entry)
{
    const Fetch *list = &entry->set->fetch;

    return list->call && !list->held && entry->listed_whole && entry->generation <= list->generation;
}

static bool is_under_way(const Look *look, const Entry *entry)
{
    return look->call || (entry && ((entry->fetch && entry->fetch->call) || is_listed_now(entry)));
}

static int ask_for_known(Entry *entry)
{
    int r = fetch_entry_start(entry, API_WALK);

    if (r == 0)
        entry->fetch->source = STORE_BY_WEBHOOK;
    return r;
}

static int ask_for(Look *look, Entry *entry)
{
    Store *store = look->live->store;

    if (look->tries++ == TRIES_MAX)
        return -ERR_BUSY;
    if (entry)
        return ask_for_known(entry);
    look->generation = store->generation;
    return api_get(store->api, API_WALK, look->id, on_unknown, look, &look->call);
}

/* As many as may be asked for at once. */
static void ask_for_each(Live *live)
{
    unsigned under_way = 0;
    Look *each, *next;

    HASH_ITER(hh, live->looks, each, next)
    {
        Entry *entry = entry_find(instances_of(live), each->id);

        if (entry && !each->was_known && entry->generation < each->heard)
            take_over(each, entry);
        if (is_done(each, entry)) {
            drop(each);
        } else if (is_under_way(each, entry)) {
            under_way++;
        } else if (under_way < IN_FLIGHT_MAX) {
            if (ask_for(each, entry) < 0)
                give_up(each);
            else
                under_way++;
        }
    }
}

/* A listing that began before they were heard of says nothing of them: it is waited for, and then the next begins. */
static void ask_for_all(Live *live)
{
    Set *set = instances_of(live);
    bool under_way = fetch_is_under_way(set);

    fetch_list_refresh(set);
    live->whole = under_way;
    if (under_way)
        return;
    if (!set->fetch.call) { /* there is no memory for it */
        doubt_list(live);
        drop_all(live);
        return;
    }
    set->fetch.source = STORE_BY_WEBHOOK;
    drop_all(live);
}

/* One that is under way leaves them in doubt: whoever looks next asks. */
static void ask_for_projects(Live *live)
{
    live->projects = false;
    fetch_list_refresh(&live->store->sets[STORE_PROJECTS]);
}

static bool is_cheaper_by_list(const Live *live)
{
    const Set *set = instances_of(live);
    unsigned looks = HASH_COUNT(live->looks);

    return looks > 1 && set->complete && set->entries && set->entries->listed_whole &&
           freshness_prefer_list(looks, set->by_id.count, API_PAGE_ROWS);
}

static void on_time(void *ctx)
{
    Live *live = ctx;

    live->armed = false;
    live->gathered_ms = clock_now_ms(live->store->clock);
    if (live->store->trouble) {
        give_up_all(live);
        return;
    }
    if (!api_may_go(live->store->api, API_WALK)) {
        arm(live, RETRY_MS);
        return;
    }
    if (live->projects)
        ask_for_projects(live);
    if (live->whole || is_cheaper_by_list(live))
        ask_for_all(live);
    else
        ask_for_each(live);
}

void live_go_on(Store *store)
{
    Live *live = store->live;

    if (live && (live->looks || live->whole))
        gather(live);
}

void live_note_doubt(Store *store)
{
    if (store_is_live(store))
        doubt_list(store->live);
}

void live_on_listed(Store *store, bool failed)
{
    if (failed && instances_of(store->live)->fetch.source == STORE_BY_WEBHOOK)
        doubt_list(store->live);
    live_go_on(store);
}

static void add(Live *live, const char *id, bool was_known)
{
    size_t length = strlen(id);
    unsigned count = HASH_COUNT(live->looks);
    Look *look = NULL;

    HASH_FIND(hh, live->looks, id, length, look);
    if (look) {
        look->heard = live->store->generation;
        return;
    }
    look = count < LOOKS_MAX ? calloc(1, sizeof *look + length + 1) : NULL;
    if (look) {
        memcpy(look->id, id, length);
        look->live = live;
        look->heard = live->store->generation;
        look->was_known = was_known;
        HASH_ADD_KEYPTR(hh, live->looks, look->id, length, look);
    }
    if (HASH_COUNT(live->looks) > count)
        return;
    free(look);
    live->whole = true;
}

static void note_heard(Live *live)
{
    int64_t now = clock_now_ms(live->store->clock);

    if (!store_is_live(live->store))
        live->since_ms = now;
    live->heard = true;
    live->heard_ms = now;
}

void store_look_again(Store *store, const char *id, bool may_be_new)
{
    Live *live = store->live;
    Set *set = instances_of(live);
    Entry *entry = entry_find(set, id);

    note_heard(live);
    store->generation++;
    if (!entry && set->fetch.call)
        doubt_list(live); /* what it brings of this one may be from before */
    if (entry)
        entry_overtake(entry);
    else if (!set->fetch.call && (!may_be_new || !set->complete))
        return; /* there is nothing to see, or nobody has looked yet */
    if (!entry && !set->fetch.call && is_absent(live, id)) {
        /* Unless it has come since: the list will tell, within the time that it is fresh by itself. */
        set->shaky = true;
        return;
    }
    add(live, id, entry != NULL);
    gather(live);
}

void store_look_at_projects(Store *store)
{
    Set *set = &store->sets[STORE_PROJECTS];

    note_heard(store->live);
    store->generation++;
    doubt(set);
    if (!set->complete)
        return;
    store->live->projects = true;
    gather(store->live);
}

bool store_is_live(const Store *store)
{
    return store->live->heard && clock_now_ms(store->clock) - store->live->heard_ms < HEARD_MS;
}

int64_t live_ttl_ms(const Store *store, int64_t ttl_ms, bool in_transition, int64_t known_since_ms)
{
    const Live *live = store->live;
    bool knows_all = !live->looks && !live->whole && known_since_ms >= live->since_ms;

    return ttl_ms > 0 && knows_all && store_is_live(store) ? freshness_live_ttl_ms(ttl_ms, in_transition) : ttl_ms;
}

int live_init(Store *store)
{
    Live *live = calloc(1, sizeof *live);

    if (!live)
        return -ERR_NO_MEMORY;
    live->store = store;
    live->gathered_ms = clock_now_ms(store->clock) - CALM_MS;
    live->timer = timer_new(store->clock, on_time, live);
    store->live = live;
    return live->timer ? 0 : -ERR_NO_MEMORY;
}

void live_free(Store *store)
{
    if (!store->live)
        return;
    drop_all(store->live);
    timer_free(store->live->timer);
    free(store->live);
    store->live = NULL;
}
