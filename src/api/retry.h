/*
 * retry: whether a request goes out again, and when. Pure; internal to api.
 */
#ifndef SKY_RETRY_H
#define SKY_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#include "envelope.h"

enum {
    RETRY_AFTER_MS_MAX = 3600 * 1000,
    RETRY_RENEWALS_MAX = 3,       /* tokens that change so often while one request is out */
    RETRY_BACKOFF_MS = 1000,      /* the first pause of our own choosing; each further one doubles … */
    RETRY_BACKOFF_MS_MAX = 60000, /* … up to this, less chance */
};

typedef struct RetryFacts {
    enum Purpose purpose;
    int net_code;       /* why no whole answer came, or 0 */
    bool sent;          /* some of it may have reached the API */
    int status;         /* of the answer */
    unsigned sends;     /* so far, this one included */
    bool token_renewed; /* it was refused for its token, and there is another one now */
    unsigned renewals;  /* so often was it sent again for that already */
    bool detached;      /* its caller has gone */
} RetryFacts;

/* Whether to stand in line again. A change goes out again only if the answer proves that nothing was done. */
bool retry_decide(const RetryFacts *facts);

/* What a Retry-After header asks for, 0 … RETRY_AFTER_MS_MAX; -1 if it is absent (NULL) or unreadable. wall_ms: the
 * date now, for those that name one. */
int64_t retry_after_ms(const char *value, int64_t wall_ms);

/* How long the line stands still after a 429. asked_ms: retry_after_ms(); refused: 429s in a row, this one included;
 * chance: 64 random bits. An API that asks for no pause again and again gets one all the same. */
int64_t retry_pause_ms(int64_t asked_ms, unsigned refused, uint64_t chance);

#endif
