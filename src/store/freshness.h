/*
 * freshness: whether what is known may be answered, or the API must be asked first. Pure: no clock, no state.
 *
 * The rules, in order: what is young enough is served. What is past its time is asked for, once for all who want it; if
 * the last attempt failed, or the present one drags on, what is known is served meanwhile, marked stale, up to a limit.
 * What an earlier mount left is served at once, marked stale, while the API is asked.
 */
#ifndef SKY_FRESHNESS_H
#define SKY_FRESHNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    FRESHNESS_PATIENCE_MS = 5000, /* how long a caller who could be served stale waits for fresh */
    FRESHNESS_RETRY_MS = 2000,    /* how long after a failed refresh the next one is started */
    FRESHNESS_DOUBT_MS = 30000,   /* how long after it nobody waits for that one: what failed then may be well now */
};

typedef struct Freshness {
    bool known;     /* there is something to serve */
    bool expired;   /* somebody said that it changed */
    bool warm;      /* an earlier mount left it, and it will do until the API was asked */
    int64_t age_ms; /* since it was true */
    int64_t ttl_ms;
    int64_t stale_limit_ms; /* oldest age that may be served while the API fails */
    bool refreshing;        /* a fetch is under way … */
    int64_t refreshing_ms;  /* … since */
    bool failing;           /* the last fetch failed … */
    int64_t failed_ago_ms;  /* … and that long ago */
} Freshness;

enum FreshnessVerdict {
    FRESHNESS_SERVE,           /* answer now */
    FRESHNESS_SERVE_STALE,     /* answer now, marked stale; start nothing */
    FRESHNESS_SERVE_AND_START, /* answer now, marked stale; start a fetch that nobody waits for */
    FRESHNESS_JOIN,            /* wait for the fetch under way */
    FRESHNESS_START,           /* start a fetch and wait for it */
};

enum FreshnessVerdict freshness_decide(const Freshness *facts);
/* How long a waiter waits before it is served stale; negative: it has nothing to be served, and waits for its deadline.
 */
int64_t freshness_patience_ms(const Freshness *facts);
/* The next TTL of a thing in transition: doubled while nothing moves, up to 30 s, anew from `first_ms` when something
 * did. */
int64_t freshness_transition_ttl_ms(int64_t first_ms, int64_t last_ms, bool moved);
/* The TTL of what events are told of: a backstop, in case one is lost. */
int64_t freshness_live_ttl_ms(int64_t ttl_ms, bool in_transition);
/*
 * Whether many single looks are better replaced by one listing: when as many were made since the last one as a listing
 * has pages (the rule of the ski rental: never more than twice the requests of the best choice in hindsight).
 */
bool freshness_prefer_list(size_t singles_since_list, size_t rows, size_t page_rows);

/* What somebody looks at again and again. */
typedef struct FreshnessDemand {
    size_t project_pages; /* of the list of projects; 0: nobody looks at it, as for the next two */
    size_t list_pages;    /* of the list of instances */
    size_t singles;       /* instances that are asked for one by one */
    size_t pages;         /* that the list of instances would have */
    bool whole;           /* it brings all fields, so that it is as good as any number of single looks */
} FreshnessDemand;

/* How many requests it costs to refresh all of it once. */
size_t freshness_demand(const FreshnessDemand *demand);
/* The effective TTL: longer than the one that was asked for where refreshing all that is looked at would cost more than
 * a request each `pace_ms` (0: as many as they like). */
int64_t freshness_stretch_ms(int64_t ttl_ms, size_t demand, int64_t pace_ms);

#endif
