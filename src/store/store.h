/*
 * store: what is known of the API's resources, and how fresh it is.
 *
 * It keeps the newest snapshot of each instance and project, asks the API when somebody wants to know and the time is
 * up (one request however many ask: their list of waiters is the single flight), carries changes out, and tells whoever
 * watches what came, changed and went. It knows nothing of files and names.
 *
 * Operations: a starter either calls `done` inline and sets *ret_op to NULL, or sets *ret_op and calls `done` once,
 * later, from the loop. After store_cancel() `done` never runs. Resources and failures given to a callback are borrowed
 * for its duration.
 */
#ifndef SKY_STORE_H
#define SKY_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "buf.h"
#include "clock.h"
#include "failure.h"
#include "resource.h"
#include "span.h"

typedef struct Api Api;           /* api.h */
typedef struct Journal Journal;   /* journal.h */
typedef struct Fsio Fsio;         /* fsio.h */
typedef struct Snapshot Snapshot; /* snapshot.h */
typedef struct Worker Worker;     /* worker.h */

typedef struct Store Store;
typedef struct StoreOp StoreOp;
typedef struct Entry StoreEntry; /* what is known of one resource; lives until the watcher was told that it is gone */

enum StoreSet { STORE_PROJECTS, STORE_INSTANCES, STORE_SETS };

/* What became of a question. The first two, and a failure to start, call `done` inline. */
enum StoreOutcome {
    STORE_HIT,     /* answered, fresh */
    STORE_STALE,   /* answered, past its time: the API fails or drags on */
    STORE_JOINED,  /* waits for a request under way */
    STORE_STARTED, /* waits for a request that was started for it */
    STORE_ABSENT,  /* answered: a complete, fresh list doesn't have it; or it could not be started */
};

enum StoreNeed {
    STORE_SUMMARY,    /* that it exists, and its name */
    STORE_ATTRIBUTES, /* all of it; while the API fails, for as long as names are served */
    STORE_DETAILS,    /* all of it; while the API fails, for as long as contents are */
    STORE_VITALS,     /* the same, and so fresh that what changes by itself is to be trusted: health, utilization */
};

typedef struct StoreConfig {
    int64_t ttl_ms, ttl_transition_ms, ttl_projects_ms;
    int64_t ttl_health_ms;     /* of what changes by itself; the others hold for it too where they are shorter */
    int64_t stale_contents_ms; /* how old details may be served while the API fails */
    int64_t stale_names_ms;    /* how old lists may be */
    int64_t timeout_ms;        /* how long a waiter waits for the network … */
    int64_t wait_ms;           /* … and, on top, in line for the rate limit */
} StoreConfig;

/* What is known of one resource. */
typedef struct StoreFacts {
    StoreEntry *entry;
    Resource *resource; /* borrowed until the loop turns */
    int64_t age_ms;     /* since the API said so */
    int64_t fresh_ms;   /* how long it may be taken as true from now; 0: its time is up */
    bool stale;         /* its time is up, and the API could not be asked, or was not yet since the mount */
    bool whole;         /* all of it is known, not a summary alone */
    bool listed_whole;  /* the list brings all of it, so that staying up to date costs no request of its own */
    bool current;       /* a listing is under way, and brought it, or it is newer than that */
    bool homeless;      /* the list named no project for it, whatever its details say */
    bool shown;         /* see store_set_shown() */
    void *tag;          /* the watcher's, see store_set_tag() */
} StoreFacts;

typedef struct StoreListFacts {
    bool complete;         /* a complete list is known, of whatever age */
    bool stale;            /* its time is up, and the API could not be asked, or was not yet since the mount */
    bool warm;             /* it is what an earlier mount left */
    bool listing;          /* a listing is under way … */
    uint64_t listing_rows; /* … which has brought so many rows … */
    int64_t listing_total; /* … of so many; -1: the API does not say */
    int64_t age_ms;        /* of the complete list */
    int64_t fresh_ms;
    int64_t ttl_ms;          /* how long it is fresh … */
    bool stretched;          /* … which is longer than was asked for, so that the day's requests last */
    int64_t changed_wall_ms; /* when something last came or went, by the wall clock */
    size_t count;            /* resources known */
    size_t json_bytes;
} StoreListFacts;

enum StoreEvent {
    STORE_ADDED,
    STORE_CHANGED,
    STORE_REMOVED,
    STORE_EXPIRED, /* it is said to have changed, and is not known yet in what */
    STORE_RESET,   /* every known id is gone or means another instance: they are about to be removed */
};

/* How a change came to be known. */
enum StoreSource {
    STORE_BY_POLL,    /* an answer told it that somebody's look asked for */
    STORE_BY_SELF,    /* it is the outcome of a change that was made through this mount */
    STORE_BY_WEBHOOK, /* the API said that there is something to see */
    STORE_BY_RESTORE, /* an earlier mount left it */
};

enum { STORE_WATCHERS_MAX = 4 };

/* before is NULL for ADDED, after is NULL for REMOVED, all three for RESET; for EXPIRED both are the same. Called inside of the store's own work: it may
 * read the store and set tags, and must not start or cancel operations. */
typedef void (*store_watch_fn)(void *ctx, enum StoreSet set, enum StoreEvent event, Resource *before, Resource *after,
                               StoreEntry *entry);
typedef void (*store_get_fn)(void *ctx, const Failure *failure, Resource *resource);
typedef void (*store_done_fn)(void *ctx, const Failure *failure);
typedef void (*store_page_fn)(void *ctx);

enum StoreChange { STORE_CREATE, STORE_UPDATE, STORE_DELETE };

/* Makes an update's merge patch out of the state of now. {} means that nothing is left to change. 0, or a negative code
 * and its failure; then nothing is sent. */
typedef int (*store_prepare_fn)(void *ctx, Resource *now, Buf *patch, Failure *ret_failure);

/* A change that is asked for. Everything is borrowed for the call, but for `prepare`, which may run later, while the
 * operation lives. */
typedef struct StoreIntent {
    enum StoreChange change;
    const char *id;         /* of what is updated or deleted */
    const char *project_id; /* where it is; "" if the API knows no projects */
    Span name;              /* the instance's */
    Span text;              /* what a person wrote, to be kept if it comes to nothing; empty: there is none */
    Span body;              /* of a create: what is sent */
    uid_t uid;              /* who asks, for the audit */
    store_prepare_fn prepare;
    void *prepare_ctx;
    uint64_t after; /* what store_texts() said when a text was begun: it takes the place of those alone; 0: of none */
} StoreIntent;

/* A text that came to nothing, or that nobody knows yet what came of. Borrowed until the loop turns. */
typedef struct StoreText {
    uint64_t number;
    const char *project_id;
    const char *name;
    Span text;
    const Failure *failure;
    int64_t wall_ms;
    bool unsettled; /* it is being found out */
} StoreText;

/* NULL if there is no memory. The others stay the caller's and must outlive the store. Without a journal (NULL) nothing
 * can be changed. What the journal holds of an earlier mount is settled or kept from here on. */
Store *store_new(const StoreConfig *config, Api *api, Journal *journal, Clock *clock);
/* Takes over other times, of what is looked at from now on. */
void store_set_config(Store *store, const StoreConfig *config);
/* Forgets everything; no `done` runs. Takes NULL. */
void store_free(Store *store);
/* Tells of everything that happens from now on; of several watchers the first is told first. 0, or -ERR_NO_SPACE: there
 * are STORE_WATCHERS_MAX. */
int store_watch(Store *store, store_watch_fn watch, void *ctx);
/* That watcher is told nothing more; one that is none is taken. */
void store_unwatch(Store *store, store_watch_fn watch, void *ctx);
/* For watchers, while they are told of a change: how it came to be known. */
enum StoreSource store_source(const Store *store);
/* Leaves a word of one watcher's with a resource, given back with its facts. */
void store_set_tag(StoreEntry *entry, void *tag);
void *store_tag(const StoreEntry *entry);

/* Leaves with an instance that somebody saw it under its name, so that the next mount gives that name to no other. */
void store_set_shown(StoreEntry *entry);

/* One instance. A resource that is known only in summary is fetched whole if details are needed. */
enum StoreOutcome store_get(Store *store, const char *id, enum StoreNeed need, store_get_fn done, void *ctx,
                            StoreOp **ret_op);
/* Somebody is likely to ask for these details next: asks for them, if they are not known and no request of a person's would
 * have to wait for that. Nobody waits for the answer. */
void store_read_ahead(StoreEntry *entry);
/* Brings the list up to date. on_page (may be NULL) runs after each page that changed anything; whoever has seen enough
 * cancels. */
enum StoreOutcome store_list(Store *store, enum StoreSet set, store_page_fn on_page, store_done_fn done, void *ctx,
                             StoreOp **ret_op);
/* Somebody reads what the pages of a list under way have brought, and has got to this resource. Whoever has read several
 * pages wants the rest: while he reads one, the next is on its way, and no further one. */
void store_list_read(const StoreEntry *entry);
/* True: the list is what an earlier mount left, and may be shown as it is; a refresh that nobody waits for is under way
 * or begins in a moment (or the last one has just failed). That a name is absent from it means nothing. False: ask store_list(). */
bool store_list_warm(Store *store, enum StoreSet set);
/*
 * Carries out a change: writes it down, sends it, and takes in what comes of it. The resource is what the API answered,
 * as it is now known; NULL for a delete. One change at a time for one instance: later ones wait. A create of a name
 * whose earlier create is under way or unsettled is -ERR_ALREADY. An unanswered create is -ERR_UNSETTLED; it is never
 * sent again, the lists are asked whether it came to be. A text that comes to nothing is kept, also one whose caller went
 * before it was sent, except when it was -ERR_ALREADY.
 */
void store_change(Store *store, const StoreIntent *intent, store_get_fn done, void *ctx, StoreOp **ret_op);
/* Whether a change would be refused now, whatever it is: the token is refused, the day's budget is spent, or there is
 * no journal. 0 or the failure. */
int store_change_refused(Store *store, Failure *ret_failure);

/* Before the end: no further change is taken. done(ctx) runs once, when none is under way any more, perhaps before this
 * returns. NULL: nobody waits. */
void store_finish(Store *store, clock_fn done, void *ctx);
/* Says in the log what is not over yet: changes under way, and creates that are not settled. */
void store_say_open(Store *store);

/* Texts that are kept. Of a name and project the one that was refused last; the first after `number`; false: there is
 * none. */
bool store_find_text(Store *store, const char *project_id, const char *name, StoreText *ret_text);
bool store_next_text(Store *store, uint64_t number, StoreText *ret_text);
/* The last text that was kept, by when; at least 1. */
uint64_t store_texts(const Store *store);
/* Keeps a text that was refused before it came to a change. It takes the place of those of the same name that are not
 * unsettled, up to `after`, as above. */
void store_keep_text(Store *store, const StoreText *text, uid_t uid, uint64_t after);
/* Puts another text in its place. -ERR_NOT_FOUND, -ERR_BUSY (unsettled). */
int store_edit_text(Store *store, uint64_t number, Span text);
/* Forgets it. -ERR_NOT_FOUND, -ERR_BUSY (unsettled). */
int store_drop_text(Store *store, uint64_t number);

/* Takes NULL. A question goes on for the others that wait; a change that was not sent is given up (true), one that was
 * sent goes on without its caller (false). */
bool store_cancel(StoreOp *op);

/* What is known now, at no request. False if nothing is. */
bool store_peek(Store *store, enum StoreSet set, const char *id, StoreFacts *ret_facts);
void store_facts(StoreEntry *entry, StoreFacts *ret_facts);
/* How long what changes by itself (its health, its utilization) may be taken as true from now; 0: its time is up. */
int64_t store_vitals_ms(StoreEntry *entry);
/* Whether the last request failed for a reason that is not its own: the API can't be reached, refuses the token, limits
 * us. */
bool store_in_trouble(const Store *store);
/* Whether a complete list is known, of whatever age. */
bool store_list_complete(const Store *store, enum StoreSet set);
void store_list_facts(Store *store, enum StoreSet set, StoreListFacts *ret_facts);
/* Walks what is known, in no order, until visit says false. */
void store_each(Store *store, enum StoreSet set, bool (*visit)(void *ctx, const StoreFacts *facts), void *ctx);
/* The next look at this instance asks the API; with NULL, at anything. */
void store_hint(Store *store, const char *id);
/*
 * Somebody who knows says that this instance changed, or may have come to be. It is asked for again soon, together with the
 * others of the same moment, whoever looks: where many are cheaper to be had by a listing, by that. Never in the way of a
 * person, and at most as often as a walk. From here on events tell what changes, and what is known is looked at again an
 * hour later at the earliest, until none was heard of for a day.
 */
void store_look_again(Store *store, const char *id, bool may_be_new);
/* The same of the projects. */
void store_look_at_projects(Store *store);
/* Whether events tell what changes. */
bool store_is_live(const Store *store);

/*
 * The warm start. What an earlier mount left is taken over where no complete list is known yet: names are then shown at
 * once, marked stale, and asked for by the first look; contents are asked for, and served only while the API fails and
 * for as long as any other. It ages from when the API said it, by the wall clock; where that clock makes no sense of
 * it, its age counts as too old for contents. Nothing is updated or deleted by an id that is known from there alone:
 * the instance is looked at first.
 */
void store_restore(Store *store, const Snapshot *snapshot);
/* Keeps what is known for the next mount, in a file below `directory`: soon after something changed, at most every half
 * minute (less often the larger it is), by the worker. Texts are copied. 0 or -ERR_NO_MEMORY. */
int store_keep(Store *store, Fsio *fsio, Worker *worker, const char *directory, const char *endpoint);
/* Keeps what is not kept yet, for the end of a mount; done(ctx) runs once, perhaps before this returns. */
void store_keep_now(Store *store, clock_fn done, void *ctx);
/* When it was last kept, by the wall clock; 0: not by this mount. ret_code: how the last attempt went. */
int64_t store_kept_wall_ms(const Store *store, int *ret_code);

#endif
