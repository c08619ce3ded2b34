/*
 * breaker: whether it makes sense to call an API that can't be reached. Pure; internal to api.
 *
 *   closed    calls go; BREAKER_FAILURES in a row that brought no answer open it; those that were cut off together,
 *             as when a connection breaks that they share, are one
 *   open      calls are refused at once, until a pause is over
 *   trying    one call goes; if it fails, or takes too long, a longer pause follows; an answer, of any call, closes it
 */
#ifndef SKY_BREAKER_H
#define SKY_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

enum {
    BREAKER_FAILURES = 5,
    BREAKER_PAUSE_MS = 1000,     /* the first; each further one doubles … */
    BREAKER_PAUSE_MS_MAX = 4000, /* … up to this, less chance */
    BREAKER_TRY_MS = 3000,       /* after so long without an outcome another call may try */
};

typedef struct Breaker {
    unsigned failures; /* in a row */
    unsigned pauses;   /* in a row; 0: closed */
    int64_t since_ms;  /* the first of those failures */
    int64_t last_ms;   /* the last of them */
    int64_t until_ms;  /* when the next call may try */
} Breaker;

/* Whether a call may go now. While it is not closed, this one is the call that tries. */
bool breaker_admit(Breaker *breaker, int64_t now_ms);
/* The call that was admitted at that time did not go: another may. */
void breaker_withdraw(Breaker *breaker, int64_t now_ms);
bool breaker_is_closed(const Breaker *breaker);
/* A call brought an answer. True if that closed it. */
bool breaker_note_answer(Breaker *breaker);
/* Whether a call that was sent at that time, and was cut off now, was cut off together with the last failure. */
bool breaker_is_same_failure(const Breaker *breaker, int64_t sent_ms);
/* A call brought none. chance: 64 random bits. True if that opened it. */
bool breaker_note_failure(Breaker *breaker, int64_t now_ms, uint64_t chance);
/* How long until the next call may try; 0: now. */
int64_t breaker_wait_ms(const Breaker *breaker, int64_t now_ms);

#endif
