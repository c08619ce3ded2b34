/*
 * verdict: whether a mount is well, and if not, what is wrong, since when, what it does meanwhile and what to do. Pure:
 * one table of reasons, judged over the facts of one moment.
 */
#ifndef SKY_VERDICT_H
#define SKY_VERDICT_H

#include "facts.h"

enum {
    VERDICT_REASONS_MAX = 24,
    VERDICT_DETAIL_BYTES = 512,
};

enum VerdictState {
    VERDICT_OK,
    VERDICT_DEGRADED, /* something is not as it should be, or waits for a person */
    VERDICT_BROKEN,   /* nothing new can be learned from the API, and nothing be changed there */
    VERDICT_STATES,
};

/* Texts are static, but for the detail. */
typedef struct VerdictReason {
    const char *word; /* for programs */
    enum VerdictState state;
    const char *sentence, *meanwhile, *mend; /* each without an end of line */
    int64_t since_wall_ms;
    char detail[VERDICT_DETAIL_BYTES]; /* what is known of the case, unescaped; "" if there is nothing to add */
} VerdictReason;

typedef struct Verdict {
    enum VerdictState state;
    int64_t since_wall_ms;                      /* the oldest reason of that state; 0: all is well */
    VerdictReason reasons[VERDICT_REASONS_MAX]; /* those that hold, the worst first */
    size_t count;
} Verdict;

void verdict_judge(const Facts *facts, Verdict *ret_verdict);
/* "ok", "degraded" or "broken". Static. */
const char *verdict_state_word(enum VerdictState state);
/* The words of all reasons there are, by index; NULL behind the last. Static. */
const char *verdict_word(size_t index);
/* Whether a reason holds. */
bool verdict_has(const Verdict *verdict, const char *word);

#endif
