/*
 * api: the SkyStack API: list, get, create, update, delete.
 *
 * It owns the token, the line in which requests wait for the rate limit, paging and the envelope: what an answer means.
 * It remembers nothing of what it fetched: that is the store's.
 *
 * Every call is an operation: `done` runs exactly once, from the loop and never from inside the starter. api_cancel()
 * before that means that it never runs; a change that was sent goes on by itself, and is logged. Failures and resources
 * given to a callback are borrowed for its duration.
 */
#ifndef SKY_API_H
#define SKY_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clock.h"
#include "failure.h"
#include "filewatch.h"
#include "fsio.h"
#include "ledger.h"
#include "random.h"
#include "resource.h"
#include "span.h"
#include "token.h"

typedef struct Net Net; /* net.h: only app brings the two together */

typedef struct Api Api;
typedef struct ApiCall ApiCall;

enum {
    API_PAGE_ROWS = 200,    /* asked for; the API's maximum */
    API_ROWS_MAX = 2000000, /* a list that brings more is ended with an error */
    API_BODY_CAP = 8 << 20, /* of one answer, decoded */
    API_IN_FLIGHT_MAX = 16, /* exchanges at once */
};

/* In the order in which they leave the line. The last two never keep the others waiting, and get a part of the day:
 * a walk, which looks at each of many instances, a quarter; what nobody asked for a tenth. */
enum ApiClass { API_CHANGE, API_READ, API_REFRESH, API_WALK, API_BACKGROUND, API_CLASSES };

typedef struct ApiConfig {
    const char *endpoint; /* https://host[:port], without a final slash; copied, as all texts here */
    const char *version;  /* SkyStack-Version */
    TokenSource token;
    FileWatcher *watcher; /* sees a token file change; NULL: it is read again after a refusal */
    Programs *programs;   /* runs a token command; NULL: there can be none */
    int64_t timeout_ms;   /* for one exchange */
    int64_t wait_ms;      /* longest in line for the rate limit */
    unsigned per_minute;  /* our own limit: requests in any 60 s; 0: none */
    unsigned per_day;     /* in any 24 h; 0: none */
    Ledger *ledger;       /* where the day is counted for all who share the token; NULL: here, until api_free() */
} ApiConfig;

/* Why requests stand in line. */
enum ApiWait { API_WAIT_NONE, API_WAIT_RETRY_AFTER, API_WAIT_MINUTE, API_WAIT_IN_FLIGHT, API_WAIT_LEDGER };

/* What status pages show. */
typedef struct ApiStats {
    uint64_t requests; /* sent since the mount */
    uint64_t by_class[API_CLASSES];
    uint64_t failures; /* exchanges that brought no 2xx */
    uint64_t retries;  /* reads and deletes that were sent again after a failure */
    unsigned in_line, in_flight;
    unsigned waiting[API_CLASSES]; /* of those in line */
    int64_t longest_ms;            /* how long the one that stands longest has stood */
    enum ApiWait why;              /* what keeps the first one … */
    int64_t next_ms;               /* … for so long from now; -1: nobody knows */
    int64_t pace_ms;               /* see api_pace_ms() */
    unsigned day_kept;             /* of the day's requests, for changes alone */
    bool day_spent;                /* … and these are all that is left … */
    int64_t day_spent_ms;          /* … for so long already */
    bool day_in_memory;            /* the day's count can't be written to disk at present … */
    int64_t day_in_memory_ms;      /* … for so long already */
    bool unreachable;           /* calls are refused, but for one now and then, because so many failed in a row … */
    unsigned unreachable_calls; /* … so many, … */
    int64_t unreachable_ms;     /* … since so long, … */
    int unreachable_code;       /* … the last one for this reason, … */
    int64_t try_ms;             /* … and one is let through in so long */
    unsigned minute_used, minute_limit;
    unsigned day_used, day_limit;
    int64_t held_ms;      /* the line stands still for so long from now, by a Retry-After; 0: it moves … */
    int64_t holding_ms;   /* … and has for so long already */
    bool version_refused; /* what api_notice() says is that the version is refused … */
    int64_t notice_ms;    /* … and it has been so for so long */
    bool token_latched;   /* refused, and no request is sent until it changes */
} ApiStats;

/* Loads the token first, but for a command's: on failure ret_failure says what is wrong. */
int api_new(const ApiConfig *config, Net *net, Clock *clock, Random *random, Fsio *fsio, Api **ret_api,
            Failure *ret_failure);
/* Cancels what is under way; no `done` runs. Takes NULL. */
void api_free(Api *api);
/* Takes NULL. */
void api_cancel(ApiCall *call);
/* Takes a change back if nothing of it was sent: true, and `done` never runs. False: it goes on, and `done` will run.
 */
bool api_retract(ApiCall *call);
void api_stats(Api *api, ApiStats *ret_stats);
/* What it says of its version, a sentence, unescaped; "" for nothing. Lives until the next answer. */
const char *api_notice(Api *api);
/* Whether one of this class that joined the line now could leave it at once. */
bool api_may_go(Api *api, enum ApiClass class);
/* How far apart requests must lie that can wait, so that the day's last; 0: as near as they like. In milliseconds. */
int64_t api_pace_ms(Api *api);
/* How long this call has stood in line so far for the rate limit, in milliseconds. */
int64_t api_line_ms(const ApiCall *call);

/* Rows of one page, each borrowed: take a reference to keep one. None: the list begins anew, since rows came or went while
 * it was read; those that it brought so far may be gone. */
typedef void (*api_page_fn)(void *ctx, Resource *const *rows, size_t count);
/* complete: the list's end was seen, and nothing shifted while paging: what was not in it does not exist. With a
 * failure never complete. */
typedef void (*api_list_fn)(void *ctx, const Failure *failure, bool complete);
/* What the API said of one instance; borrowed. */
typedef struct ApiAnswer {
    Resource *resource; /* NULL where there is none to give (delete) */
    const char *etag;   /* "" if there was none, as for the next */
    const char *request_id;
} ApiAnswer;
/* answer is NULL with a failure. */
typedef void (*api_one_fn)(void *ctx, const Failure *failure, const ApiAnswer *answer);

/* Asks for no further page of a list until told to go on. A list that is held for long may find its cursor refused. */
void api_list_hold(ApiCall *call, bool hold);
/* How many of its pages may be under way at once. */
unsigned api_list_abreast(const ApiCall *call);
/* Whether its pages go by number: then a row can slip from one to another unseen, if as many came as went. */
bool api_list_is_numbered(const ApiCall *call);
/* How far it has got: rows so far, since it last began anew, and how many there are by what its pages say (-1: they do not
 * say). */
void api_list_progress(const ApiCall *call, uint64_t *ret_rows, int64_t *ret_total);
/* All instances that the token may see, page by page. A page is asked for when the one before was handed on. 0, or
 * -ERR_NO_MEMORY: then `done` never runs. The same holds for each starter below; those that take an id also give
 * -ERR_INVALID for one that can't stand in a path ("", ".", ".."). */
int api_list_instances(Api *api, enum ApiClass class, api_page_fn page, api_list_fn done, void *ctx,
                       ApiCall **ret_call);
/* All projects; an API without projects (404) has one, with id and name "default". */
int api_list_projects(Api *api, enum ApiClass class, api_page_fn page, api_list_fn done, void *ctx, ApiCall **ret_call);
int api_get(Api *api, enum ApiClass class, const char *id, api_one_fn done, void *ctx, ApiCall **ret_call);
/* Sent once, never again. A body with a `profile` goes to the compute endpoint. A sent create without a whole answer,
 * or with a 5xx, is -ERR_UNSETTLED. The resource is a summary. */
int api_create(Api *api, Span body, api_one_fn done, void *ctx, ApiCall **ret_call);
/* Sends a merge patch; the resource is the answer's, or NULL if it brought none. if_match: an ETag, or NULL. */
int api_update(Api *api, const char *id, Span patch, const char *if_match, api_one_fn done, void *ctx,
               ApiCall **ret_call);
/* A 404 is success. */
int api_delete(Api *api, const char *id, api_one_fn done, void *ctx, ApiCall **ret_call);

#endif
