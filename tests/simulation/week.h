/*
 * week: days of steady use under the API's limits: many readers, a `watch cat`, a `watch ls`, a `find` each minute, and a
 * change each hour.
 *
 * What must hold: the limits, by the count of what left; a person's read does not wait for what nobody waits for; each
 * change goes through, in the last hour of a day too.
 */
#ifndef SKY_SIM_WEEK_H
#define SKY_SIM_WEEK_H

#include <stdbool.h>

typedef struct WeekOrder {
    unsigned days, instances;
    bool summaries; /* lists bring names alone */
    bool print;
} WeekOrder;

/* Prints what it measured, and what does not hold. False: something does not. */
bool week_run(const WeekOrder *order);

#endif
