/*
 * day: the day's budget of requests, as the line sees it. Internal to api.
 *
 * Without a ledger it is counted here and lasts as long as the process. With one, requests are taken from a lease, some
 * at a time (ledger.h):
 *
 *   empty     the next request has the ledger asked, and waits for it
 *   leased    requests go; a new lease is asked for before this one is used up
 *   ended     the budget's part in which it was claimed is over: what is left goes back
 *   lent      the ledger fails or takes too long: requests go all the same, are counted here, and booked later
 */
#ifndef SKY_DAY_H
#define SKY_DAY_H

#include <stdbool.h>

#include "api.h"
#include "clock.h"
#include "ledger.h"

enum {
    DAY_WALK_SHARE = 4,        /* of the day's requests, such a part is for walks */
    DAY_BACKGROUND_SHARE = 10, /* … and such a part for what nobody asked for; counted since the mount */
    DAY_PACE_FRESH_MS = 1000,  /* how long the pace is not worked out anew */
    DAY_RESERVE = 500,         /* of a day's requests, for changes alone; half of the day's at most */
    DAY_LEASE_MAX = 50,        /* requests claimed at once: as many are lost to a crash */
    DAY_LEASE_SHARE = 200,     /* … and at most such a part of the day's */
    DAY_PATIENCE_MS = 2000,    /* how long a request waits for the ledger */
    DAY_LENT_MS = 30000,       /* how long the ledger is left alone after a failure */
    DAY_BUSY_MS = 20,          /* … and when another daemon has it */
    DAY_RECENT_MS = 60 * 1000, /* see day_take_recent() */
};

typedef struct Day Day;

/* ledger may be NULL. limit 0: there is none, and no ledger is asked. lease: at most so many are claimed at once.
 * `changed` runs when a request that was not ready may be now. NULL if there is no memory. */
Day *day_new(Clock *clock, Ledger *ledger, unsigned limit, unsigned lease, clock_fn changed, void *ctx);
/* Gives back what was not sent. Takes NULL. */
void day_free(Day *day);
/* Whose requests they are from now on. Needed once before the ledger is asked. */
void day_use(Day *day, const char *account);
enum DayVerdict {
    DAY_HAS_MORE,
    DAY_SPENT,       /* for changes nothing is left; for others, nothing but what is kept for changes */
    DAY_SHARE_SPENT, /* the class has had its share */
};

/* Whether the day has anything left for this class. */
enum DayVerdict day_judge(Day *day, enum ApiClass class);
/* Whether a request of this class that has more may go now. If not, the ledger is asked. */
bool day_ready(Day *day, enum ApiClass class);
/* One was sent. */
void day_spend(Day *day, enum ApiClass class);
/* So many were sent by others, as the API says. */
void day_note_others(Day *day, unsigned count);
/* Requests that were or may have been sent within the last minute by others, or by an earlier run: known after the
 * first lease, and told once. */
unsigned day_take_recent(Day *day);
unsigned day_used(Day *day);
/* What of the day is kept for changes. */
unsigned day_reserve(const Day *day);
/* See pace.h; 0 without a limit. */
int64_t day_pace_ms(Day *day);
/* The ledger can't be written: what is sent now is forgotten if the process ends. */
bool day_is_lent(const Day *day);
/* For how long that has been so; 0 where it is not. */
int64_t day_lent_ms(const Day *day);

#endif
