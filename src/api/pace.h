/*
 * pace: how far apart requests must lie for the day's budget to last. Pure; internal to api.
 *
 * Nine tenths of the day's requests are spread evenly over the day to come. A twentieth may be spent as fast as anybody
 * likes, and fills up again while less than the even pace is spent; the last twentieth is left for what can't wait. So a
 * short look costs no patience, and whoever looks all day long comes to the even pace, and never runs out.
 */
#ifndef SKY_PACE_H
#define SKY_PACE_H

#include <stdint.h>

#include "budget.h"

enum {
    PACE_SHARE = 20,            /* such a part of the day's requests may go at once; none is paced until … */
    PACE_BURST_MS = 15 * 60000, /* … half of it is gone, and the rest of it goes in about this time */
    PACE_MS_MAX = 24 * 3600 * 1000,
};

/* Milliseconds from one request to the next; 0: as near as they like. `usable`: requests that may be sent in a day, of
 * which `day` holds those that were. The budget is brought up to now. */
int64_t pace_ms(Budget *day, int64_t now_ms, unsigned usable);

#endif
