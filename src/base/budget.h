/*
 * budget: how many requests were sent within the last minute or day, and when the next may go. Pure.
 *
 * A sliding window in 600 parts: a part counts until all of it is older than the span, so never more than `limit`
 * requests fall into any span, at the price of up to 1/600 of it. Times are a clock's, from a span before its zero on.
 */
#ifndef SKY_BUDGET_H
#define SKY_BUDGET_H

#include <stdint.h>

enum { BUDGET_PARTS = 600 };

typedef struct Budget {
    unsigned limit; /* 0: none */
    int64_t part_ms;
    int64_t newest; /* number of the newest part */
    unsigned used;
    uint32_t counts[BUDGET_PARTS + 1];
} Budget;

void budget_init(Budget *budget, unsigned limit, int64_t span_ms);
/* Counts so many requests as sent at `at_ms`, which is now or earlier; those older than the span are none. */
void budget_book(Budget *budget, int64_t now_ms, int64_t at_ms, unsigned count);
/* Takes back up to so many that were booked at that time, and says how many. */
unsigned budget_unbook(Budget *budget, int64_t now_ms, int64_t at_ms, unsigned count);
/* Counts one request. */
void budget_spend(Budget *budget, int64_t now_ms);
/* Requests within the span. */
unsigned budget_used(Budget *budget, int64_t now_ms);
/* Of them, those that may have been sent within the last `recent_ms`. */
unsigned budget_used_since(Budget *budget, int64_t now_ms, int64_t recent_ms);
/* How long until one more may go, after `ahead` others that wait already; 0: now. */
int64_t budget_wait_ms(Budget *budget, int64_t now_ms, unsigned ahead);
/* When the part that `at_ms` is in ends. */
int64_t budget_part_end_ms(const Budget *budget, int64_t at_ms);
/* Requests of one part, and when it began: the newest is 0, the oldest that counts BUDGET_PARTS. */
unsigned budget_part(const Budget *budget, unsigned back);
int64_t budget_part_begin_ms(const Budget *budget, unsigned back);

#endif
