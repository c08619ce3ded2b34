/*
 * budget: how many requests were sent within the last minute or day, and when the next may go. Pure; internal to api.
 *
 * A sliding window in 600 parts: a part counts until all of it is older than the span, so never more than `limit`
 * requests fall into any span, at the price of up to 1/600 of it.
 */
#ifndef SKY_BUDGET_H
#define SKY_BUDGET_H

#include <stdint.h>

enum { BUDGET_PARTS = 600 };

typedef struct Budget {
    unsigned limit; /* 0: none */
    int64_t part_ms;
    int64_t newest; /* number of the newest part, counted from the clock's zero */
    unsigned used;
    uint32_t counts[BUDGET_PARTS + 1];
} Budget;

void budget_init(Budget *budget, unsigned limit, int64_t span_ms);
/* Counts one request. */
void budget_spend(Budget *budget, int64_t now_ms);
/* Requests within the span. */
unsigned budget_used(Budget *budget, int64_t now_ms);
/* How long until one more may go, after `ahead` others that wait already; 0: now. */
int64_t budget_wait_ms(Budget *budget, int64_t now_ms, unsigned ahead);

#endif
