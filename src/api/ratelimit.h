/*
 * ratelimit: what an answer's headers say of the rate limit. Pure; internal to api.
 *
 * X-RateLimit-Limit, -Remaining and -Reset, the same without X- (draft-ietf-httpapi-ratelimit-headers up to 07), and
 * the later one field `RateLimit: "name";r=REMAINING;t=SECONDS`. A reset is in seconds; a large one is a date (seconds
 * since 1970), as some servers write it.
 */
#ifndef SKY_RATELIMIT_H
#define SKY_RATELIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "net.h"

typedef struct RateLimit {
    unsigned limit;     /* 0: not said */
    unsigned remaining; /* requests that may still be sent … */
    int64_t reset_ms;   /* … before the count begins anew, that long from now; -1: not said */
} RateLimit;

/* False if there is nothing, or nothing that makes sense. wall_ms: the date now. */
bool ratelimit_read(const NetResponse *response, int64_t wall_ms, RateLimit *ret_limit);
/* Whether it speaks of a day, and not of a minute. per_minute: our own limit. */
bool ratelimit_is_of_a_day(const RateLimit *limit, unsigned per_minute);

#endif
