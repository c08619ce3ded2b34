/*
 * store_internal: what the files of the store share.
 *
 * An *entry* is what is known of one resource, a *set* all entries of one kind with the list's own freshness. A *fetch*
 * is one request under way, of an entry or of a set, with the operations that wait for it. Generations: every change
 * that we make, and every hint, takes the next number; a result whose request left before an entry's number was taken
 * says nothing about it.
 */
#ifndef SKY_STORE_INTERNAL_H
#define SKY_STORE_INTERNAL_H

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "api.h"
#include "budget.h"
#include "freshness.h"
#include "index.h"
#include "journal.h"
#include "snapshot.h"
#include "store_report.h"

typedef StoreEntry Entry;
typedef struct Set Set;
typedef struct Live Live;

typedef struct Fetch {
    ApiCall *call;       /* NULL: none under way */
    uint64_t generation; /* when it left */
    int64_t started_ms;
    int64_t asleep_ms; /* how long the machine had been suspended by then */
    StoreOp *waiters;  /* a doubly linked list */
    bool unattended;   /* it goes on with nobody waiting for it */
    bool held;         /* a list that nobody reads on … */
    int64_t held_ms;   /* … since */
    int64_t paused_ms; /* … and before that, all told */
    uint16_t pages;    /* of a list: so many have come … */
    uint16_t read;     /* … and somebody has got to this one */
    /* Why it left: who starts one because the API said so sets STORE_BY_WEBHOOK once it has begun, and the changes that
     * it brings are told with that. Each begins as STORE_BY_POLL. */
    enum StoreSource source;
    bool failing;      /* the last one failed … */
    int64_t failed_ms; /* … then */
    int64_t asked_ms;  /* when somebody last wanted to know; 0: never */
} Fetch;

struct Entry {
    Entry *prev, *next; /* in the order in which they came */
    Set *set;
    Resource *resource;
    void *tag;
    int64_t seen_ms;    /* when the API last said that it exists */
    int64_t details_ms; /* when the API last said all of it; 0: never */
    uint64_t generation;
    uint32_t listed; /* the listing that last brought it */
    uint32_t born;   /* the listing that was under way, or the last one, when it came */
    uint32_t transition_ttl_ms;
    uint16_t page;         /* of the listing that last brought it */
    bool expired : 1;      /* its details are not to be served as fresh … */
    bool seen_expired : 1; /* … nor what a list said of it */
    bool listed_whole : 1; /* the list's last row of it was no summary */
    bool homeless : 1;     /* the list that brought it named no project */
    bool warm : 1;         /* an earlier mount left it, and the API has not spoken of it since */
    bool unproven : 1;     /* … or not said when it was created, so that it may be another one of the same id */
    bool shown : 1;        /* somebody saw it under its name */
    Fetch *fetch;          /* made when first needed */
};

/* An id whose deletion we know of: a listing that left before says nothing about it. */
typedef struct Tombstone {
    UT_hash_handle hh;
    uint64_t generation;
    char id[];
} Tombstone;

struct Set {
    Store *store;
    enum StoreSet kind;
    Entry *entries; /* a doubly linked list */
    Index by_id;    /* the same */
    Tombstone *tombstones;
    Fetch fetch;
    bool complete;
    bool expired;
    uint64_t doubted;  /* only a list that left after this generation ends `expired` and `shaky` */
    bool numbered;     /* the listing's pages are */
    bool shaky;        /* the list may lack one, so that it is fresh for no longer than without events */
    bool lacking;      /* a row came since the listing began, and there was no memory for it */
    uint64_t unmarked; /* a deletion took this generation, and there was no memory for its tombstone */
    bool warm;         /* an earlier mount left it, and it was not listed since … */
    bool awaits;       /* … which begins in a moment */
    uint64_t world;    /* … when the listing began */
    int64_t complete_ms;
    int64_t changed_wall_ms;
    uint32_t listing; /* number of the listing under way or last done */
    size_t singles;   /* single looks since the last listing */
    size_t moving;    /* entries in transition */
    size_t json_bytes;
};

enum OpKind { OP_GET, OP_LIST, OP_CHANGE };

struct StoreOp {
    StoreOp *prev, *next;
    StoreOp **head; /* the list that it is in */
    Store *store;
    enum OpKind kind;
    Set *set;
    Fetch *fetch; /* what it waits for */
    char *id;     /* of a GET */
    enum StoreNeed need;
    bool listed; /* a GET that already waited for a listing instead */
    store_get_fn get_done;
    store_done_fn list_done;
    store_page_fn on_page;
    void *ctx;
    Timer *timer;
    int64_t started_ms;
    int64_t asleep_ms;      /* as of a fetch */
    int64_t patience_at_ms; /* when it would rather be served stale, sleep not counted; negative: never */
};

typedef struct Watcher {
    store_watch_fn watch;
    void *ctx;
} Watcher;

struct Store {
    StoreConfig config;
    Api *api;
    Journal *journal;
    Clock *clock;
    Set sets[STORE_SETS];
    uint64_t generation;
    Watcher watchers[STORE_WATCHERS_MAX];
    size_t watcher_count;
    enum StoreSource source; /* of what is being taken in; by poll while nothing is */
    struct Change *changes;
    bool finishing;   /* no further change is taken */
    clock_fn on_idle; /* who waits for the last one; NULL: nobody */
    void *on_idle_ctx;
    struct Settling *settlings;
    struct Keeper *keeper; /* NULL: nothing is kept for the next mount */
    StoreOp *orphans;      /* who waited for what was dropped by a reset */
    uint64_t world;        /* how often everything known turned out to be of another time: see reset.c */
    Timer *settle_timer, *warm_timer;
    Live *live;
    /* Trouble: the last request failed for a reason that is not its own. While it lasts one request at a time tries
     * again. */
    bool trouble;
    int64_t trouble_ms, trouble_since_ms;
    int disk_code; /* why the journal's disk took nothing when it was last written to; 0: it did */
    int64_t disk_since_ms;
    uint64_t gets[STORE_OUTCOMES], lists[STORE_OUTCOMES];
    Budget walk; /* first looks at instances that lists bring in summary */
    bool walking;
    size_t demand;     /* requests that refresh once all that is looked at … */
    int64_t demand_ms; /* … worked out then; 0: never */
    unsigned in_flight;
    int64_t silent_ms;        /* the API has brought nothing since, while something is under way … */
    int64_t silent_asleep_ms; /* … and how long the machine had been suspended by then */
};

/* watch.c: tells the watchers */
void watch_tell(Store *store, enum StoreSet set, enum StoreEvent event, Resource *before, Resource *after,
                Entry *entry);

/* entry.c */
Entry *entry_find(Set *set, const char *id);
/* Where a row comes from: of a list it may be a summary, of a look at the one instance it is all there is. */
enum RowSource { ROW_LISTED, ROW_DETAILS, ROW_CREATED };
/* Takes over what a row says; makes the entry if there is none. NULL if a deletion is known to be newer than
 * `generation`, when the row's request left; or if there is no memory: then the set lacks it, and is not complete. */
Entry *entry_take(Set *set, Resource *row, enum RowSource source, uint64_t generation);
/* Forgets it and tells the watcher. Whoever waits for it moves to a list of the caller's, to be answered when that is
 * through: an answer may begin anything, a listing too. */
void entry_remove(Set *set, Entry *entry, StoreOp **waiters);
/* As entry_remove, no listing that has already left brings it back, and its waiters are answered. */
void entry_bury(Set *set, Entry *entry);
/* Of an id that is not known: no listing that has already left brings it. */
void entry_mark_gone(Set *set, const char *id);
/* Makes one of what an earlier mount left, unless its id is known; the times are by our clock, details_ms 0: never. */
void entry_restore(Set *set, const SnapshotRow *row, int64_t seen_ms, int64_t details_ms);
void entry_free_all(Set *set);
void tombstones_drop_before(Set *set, uint64_t generation);
Freshness entry_freshness(const Entry *entry, enum StoreNeed need);
void entry_facts(Entry *entry, StoreFacts *ret_facts);
/* The next look at it asks the API. */
void entry_expire(Entry *entry);
/* What was taken in just now is of a request that left before the machine was suspended for so long, and as old: the next
 * look asks, and where that fails it is not shown for longer than if it had come then. */
void entry_outdate(Entry *entry, int64_t slept_ms);
/* As entry_expire(), and what is under way says nothing of it: it left before the store's newest generation. */
void entry_overtake(Entry *entry);

/* stretch.c: what is looked at, and what that means for TTLs and classes */
/* Somebody wants to know. */
void stretch_note(Fetch *fetch, int64_t now_ms);
/* The effective TTL. */
int64_t stretch_ttl_ms(Store *store, int64_t ttl_ms, int64_t now_ms);
/* Whether an instance that is past its time is better refreshed by a listing, because that is due as well. */
bool stretch_prefers_list(const Set *set);
/* The class of a look at one instance that a person waits for. */
enum ApiClass stretch_class(const Entry *entry);

/* waiter.c */
StoreOp *op_new(Store *store, enum OpKind kind, void *ctx);
void op_free(StoreOp *op);
/* Parks an operation with a fetch, and sets its timer. 0 or -ERR_NO_MEMORY. */
int op_park(StoreOp *op, Fetch *fetch, const Freshness *facts);
void op_unpark(StoreOp *op);

/* fetch.c */
int fetch_list_start(Set *set, enum ApiClass class);
/* A refresh that nobody waits for: a list that is held goes on as one. */
void fetch_list_refresh(Set *set);
int fetch_entry_start(Entry *entry, enum ApiClass class);
/* As it was asked for; set_freshness() has the effective one. */
int64_t set_ttl_ms(const Set *set);
Freshness set_freshness(const Set *set);
/* Fills in what a fetch (NULL: none yet) and the API's trouble mean for what is known. */
void fetch_freshness(const Store *store, const Fetch *fetch, int64_t now, Freshness *facts);
/* Whether the API has brought nothing for so long, while something is under way, that the next request would be as slow. */
bool fetch_drags_on(const Store *store);
/* Ends a fetch's request, if one is under way, and its wait: its waiters move to a list of the caller's. */
void fetch_abort(Store *store, Fetch *fetch, StoreOp **waiters);
/* Holds a list that has no waiters any more and is as far ahead of who reads as it may be; lets another one go on. */
void fetch_hold_if_idle(Set *set);
/* Somebody was served what is known because the list under way drags on: it comes to its end without him. */
void fetch_list_goes_on(Set *set);
/* Whether what its list has brought so far is still worth something. */
bool fetch_is_under_way(const Set *set);
/* Forgets a list that was held for too long, so that it begins anew. */
void fetch_drop_if_old(Set *set);
/* Answers and empties such a list. */
void fetch_answer_all(StoreOp **list, const Failure *failure);

/* settle.c: finding out what became of an unanswered create */
/* 0 or -ERR_NO_MEMORY. */
int settle_init(Store *store);
/* From now on the lists are asked whether it came to be. */
void settle_begin(Store *store, uint64_t number);
/* Begins what an earlier mount left: creates are settled, other changes that may have been sent are kept as texts or
 * forgotten. */
void settle_recover(Store *store);
/* A complete list has come, whose request left at `generation`. */
void settle_on_list(Store *store, uint64_t generation);
/* What was known is of another time: which of the instances there are is ours can't be told any more. */
void settle_reset(Store *store);
/* Whether a create of that name is unsettled. */
bool settle_is_open(Store *store, const char *project_id, Span name);
void settle_free_all(Store *store);

/* text.c */
/* Ends the texts of a name that are kept as rejected, are older than intent `number`, and were there to be seen when that
 * was asked for, among the journal's first `kept`: it was carried out, or takes their place. What was written later, or
 * refused meanwhile, is another's story. With them goes whatever is the same as its own `text`. */
void text_clear(Store *store, const char *project_id, Span name, Span text, uint64_t number, uint64_t kept);
/* Ends those that are this very text alone: it turned out to be true already. Another text that had nothing to change (an
 * editor that puts the old one back after a refusal) says nothing of them. */
void text_clear_same(Store *store, const char *project_id, Span name, Span text);

/* keep.c: something came, changed or went, or a list is complete again, and is to be kept for the next mount. */
void keep_note(Store *store);
void keep_note_list(Store *store);
/* What was kept is of another time: it goes. */
void keep_drop(Store *store);
/* Why what is known can't be kept, and for how long already; 0: it can. */
int keep_failure(const Store *store, int64_t *ret_ms);
void keep_free(Store *store);

/* reset.c: ids that begin anew. Whether a row is another instance than the one that is known under its id. */
bool reset_is_another(const Resource *known, const Resource *row);
/* A row has shown it: everything known is dropped. Who waited for any of it is answered by reset_answer(), once the row
 * is taken in. */
void reset_by_row(Store *store, const Resource *row);
void reset_answer(Store *store);
/* A complete list has come: whether nothing of what was known is in it any more. */
bool reset_shows_in_list(const Set *set);
void reset_by_list(Store *store);

/* warm.c: a list that an earlier mount left is refreshed a moment after the first look at it, so that whoever reads it
 * is served first. 0 or -ERR_NO_MEMORY. */
int warm_init(Store *store);
void warm_refresh_soon(Set *set);
void warm_free(Store *store);

/* audit.c: one line of audit.jsonl. failure NULL: it was carried out. id: of the instance, or "". */
void audit_write(Store *store, const Intent *intent, const char *id, const char *request_id, const Failure *failure);

/* waiter.c: how long the machine was suspended since clock_asleep_ms() said that, and whether: what comes now of a request
 * that left before may have been said by the API before. */
int64_t store_slept_ms(const Store *store, int64_t asleep_ms);
bool store_slept_since(const Store *store, int64_t asleep_ms);

/* store.c: gives the answer that is there now to an operation that was parked, and frees it. */
void op_answer(StoreOp *op, const Failure *failure);
/* Whether what is known now could stand in for the answer that it waits for. */
bool op_can_be_served_stale(const StoreOp *op);

#endif
