/*
 * store: what is known of the API's resources, and how fresh it is.
 *
 * It keeps the newest snapshot of each instance and project, asks the API when somebody wants to know and the time is up
 * (one request however many ask: their list of waiters is the single flight), carries changes out, and tells whoever
 * watches what came, changed and went. It knows nothing of files and names.
 *
 * Operations: a starter either calls `done` inline and sets *ret_op to NULL, or sets *ret_op and calls `done` once, later, from the
 * loop. After store_cancel() `done` never runs. Resources and failures given to a callback are borrowed for its duration.
 */
#ifndef SKY_STORE_H
#define SKY_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clock.h"
#include "failure.h"
#include "resource.h"
#include "span.h"

typedef struct Api Api; /* api.h */

typedef struct Store Store;
typedef struct StoreOp StoreOp;

enum StoreSet { STORE_PROJECTS, STORE_INSTANCES, STORE_SETS };

/* What became of a question. The first two, and a failure to start, call `done` inline. */
enum StoreOutcome {
    STORE_HIT,     /* answered, fresh */
    STORE_STALE,   /* answered, past its time: the API fails or drags on */
    STORE_JOINED,  /* waits for a request under way */
    STORE_STARTED, /* waits for a request that was started for it */
    STORE_ABSENT,  /* answered: a complete, fresh list doesn't have it; or it could not be started */
};

enum StoreNeed { STORE_SUMMARY, STORE_DETAILS };

typedef struct StoreConfig {
    int64_t ttl_ms, ttl_transition_ms, ttl_projects_ms;
    int64_t stale_contents_ms; /* how old details may be served while the API fails */
    int64_t stale_names_ms;    /* how old lists may be */
    int64_t timeout_ms;        /* how long a waiter waits for the network … */
    int64_t wait_ms;           /* … and, on top, in line for the rate limit */
} StoreConfig;

/* What is known of one resource. */
typedef struct StoreFacts {
    Resource *resource; /* borrowed until the loop turns */
    int64_t age_ms;     /* since the API said so */
    int64_t fresh_ms;   /* how long it may be taken as true from now; 0: its time is up */
    bool stale;         /* its time is up, and the API could not be asked */
    bool whole;         /* all of it is known, not a summary alone */
    bool listed_whole;  /* the list brings all of it, so that staying up to date costs no request of its own */
    bool homeless;      /* the list named no project for it, whatever its details say */
    void *tag;          /* the watcher's, see store_set_tag() */
} StoreFacts;

typedef struct StoreListFacts {
    bool complete;    /* a complete list is known, of whatever age */
    bool stale;       /* its time is up, and the API could not be asked */
    bool listing;     /* a listing is under way */
    int64_t age_ms;   /* of the complete list */
    int64_t fresh_ms;
    int64_t changed_wall_ms; /* when something last came or went, by the wall clock */
    size_t count;     /* resources known */
    size_t json_bytes;
} StoreListFacts;

enum StoreEvent { STORE_ADDED, STORE_CHANGED, STORE_REMOVED };

/* before is NULL for ADDED, after is NULL for REMOVED; tag is the resource's. Called inside of the store's own work: it may read the store and
 * set tags, and must not start or cancel operations. */
typedef void (*store_watch_fn)(void *ctx, enum StoreSet set, enum StoreEvent event, Resource *before, Resource *after,
                               void *tag);
typedef void (*store_get_fn)(void *ctx, const Failure *failure, Resource *resource);
typedef void (*store_done_fn)(void *ctx, const Failure *failure);
typedef void (*store_page_fn)(void *ctx);

enum StoreChange { STORE_CREATE, STORE_UPDATE, STORE_DELETE };

/* A change that is asked for. Texts are borrowed for the call. */
typedef struct StoreIntent {
    enum StoreChange change;
    const char *id;       /* of what is updated or deleted */
    Span body;            /* of a create, or the merge patch of an update */
} StoreIntent;

/* NULL if there is no memory. The api stays the caller's and must outlive the store. */
Store *store_new(const StoreConfig *config, Api *api, Clock *clock);
/* Forgets everything; no `done` runs. Takes NULL. */
void store_free(Store *store);
/* One watcher; it is told of everything that happens from now on. */
void store_watch(Store *store, store_watch_fn watch, void *ctx);
/* Leaves a word of the watcher's with a resource, given back with its facts and events. */
void store_set_tag(Store *store, enum StoreSet set, const char *id, void *tag);

/* One instance. A resource that is known only in summary is fetched whole if details are needed. */
enum StoreOutcome store_get(Store *store, const char *id, enum StoreNeed need, store_get_fn done, void *ctx,
                            StoreOp **ret_op);
/* Brings the list up to date. on_page (may be NULL) runs after each page that changed anything; whoever has seen enough cancels. */
enum StoreOutcome store_list(Store *store, enum StoreSet set, store_page_fn on_page, store_done_fn done, void *ctx,
                             StoreOp **ret_op);
/* Carries out a change. The resource is what the API answered, as it is now known; NULL for a delete. */
void store_change(Store *store, const StoreIntent *intent, store_get_fn done, void *ctx, StoreOp **ret_op);
/* Takes NULL. A question goes on for the others that wait; a change that was not sent is given up (true), one that was sent goes on
 * without its caller (false). */
bool store_cancel(StoreOp *op);

/* What is known now, at no request. False if nothing is. */
bool store_peek(Store *store, enum StoreSet set, const char *id, StoreFacts *ret_facts);
void store_list_facts(Store *store, enum StoreSet set, StoreListFacts *ret_facts);
/* Walks what is known, in no order, until visit says false. */
void store_each(Store *store, enum StoreSet set, bool (*visit)(void *ctx, const StoreFacts *facts), void *ctx);
/* The next look at this instance asks the API; with NULL, at anything. */
void store_hint(Store *store, const char *id);

#endif
