/*
 * warm_start: a mount begins with what an earlier one knew, and leaves what it knows for the next. Private to app.
 */
#ifndef SKY_WARM_START_H
#define SKY_WARM_START_H

#include "app_internal.h"
#include "exit_code.h"

/* Reads what there is. What is wrong with it is a miss, in app->snapshot_failure for the log. An exit code. */
int warm_read(App *app);
/* Runs the loop for the probe; where there is something to begin with, not for longer than a person waits gladly: then
 * app->failure says so. */
void warm_wait(App *app);
/* Whether what was known stands in for an API that is away; if so, it is taken over, and said on the terminal. */
bool warm_stands_in(App *app, const Failure *failure);
/* Takes over what there is, and keeps what comes. An exit code. */
int warm_begin(App *app);
/* Keeps what is known, within a bounded time. */
void warm_keep(App *app);

#endif
