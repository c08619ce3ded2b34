/*
 * retry: whether a request goes out again, and when. Pure; internal to api.
 *
 * A read or a delete is tried up to three times within the call's time, for a reason that may pass. All second attempts
 * together are at most a tenth of the first ones, and ten, so that an API in trouble is not given more of it.
 */
#ifndef SKY_RETRY_H
#define SKY_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#include "envelope.h"

enum {
    RETRY_AFTER_MS_MAX = 3600 * 1000,
    RETRY_ATTEMPTS_MAX = 3,
    RETRY_JITTER_MS = 250,        /* longest pause after the first attempt; doubles */
    RETRY_QUOTA = 10,             /* second attempts that may be saved up */
    RETRY_RENEWALS_MAX = 3,       /* tokens that change so often while one request is out */
    RETRY_BACKOFF_MS = 1000,      /* the first pause of our own choosing; each further one doubles … */
    RETRY_BACKOFF_MS_MAX = 60000, /* … up to this, less chance */
};

typedef struct RetryFacts {
    enum Purpose purpose;
    int net_code;       /* why no whole answer came, or 0 */
    int status;         /* of the answer */
    unsigned attempts;  /* that came to nothing for a reason that may pass, this one included */
    int64_t left_ms;    /* of the time that the call may take */
    int64_t pause_ms;   /* before it would go out again, see retry_jitter_ms() */
    bool token_renewed; /* it was refused for its token, and there is another one now */
    unsigned renewals;  /* so often was it sent again for that already */
    bool detached;      /* its caller has gone */
} RetryFacts;

enum RetryVerdict {
    RETRY_END,    /* it stays as it is */
    RETRY_AGAIN,  /* to the line: nothing was done, and that says the answer */
    RETRY_PAUSED, /* to the line after a pause: it failed for a reason that may pass, and doing it twice does no harm */
};

/* Whether no answer, or this one, is a reason that may pass: no way there, a body cut short, a server in trouble. */
bool retry_may_pass(int net_code, int status);
/* A change that can't be done twice goes out again only if the answer proves that nothing was done. */
enum RetryVerdict retry_decide(const RetryFacts *facts);
/* How long one attempt may take. A delete that is not answered is worth asking again within the time. */
int64_t retry_attempt_ms(enum Purpose purpose, unsigned attempts, int64_t left_ms);
/* The pause after so many attempts: any length up to one that doubles ("full jitter"). chance: 64 random bits. */
int64_t retry_jitter_ms(unsigned attempts, uint64_t chance);

/* What may be spent on second attempts: a tenth of the first ones. Zeroed, it is full. */
typedef struct RetryQuota {
    unsigned spent; /* in tenths */
} RetryQuota;

/* A first attempt was made. */
void retry_quota_earn(RetryQuota *quota);
/* Whether there is one left; if so it is taken. */
bool retry_quota_take(RetryQuota *quota);

/* What a Retry-After header asks for, 0 … RETRY_AFTER_MS_MAX; -1 if it is absent (NULL) or unreadable. wall_ms: the
 * date now, for those that name one. */
int64_t retry_after_ms(const char *value, int64_t wall_ms);

/* How long the line stands still after a 429. asked_ms: retry_after_ms(); refused: 429s in a row, this one included;
 * chance: 64 random bits. An API that asks for no pause again and again gets one all the same. */
int64_t retry_pause_ms(int64_t asked_ms, unsigned refused, uint64_t chance);

#endif
