/*
 * say: what the program tells a person on the terminal before it serves.
 */
#ifndef SKY_SAY_H
#define SKY_SAY_H

#include <stdbool.h>

#include "failure.h"

/* Prints "skystackfs: WHAT MEND" in one line to standard error, safe for a terminal. */
void say_failure(const Failure *failure);
/* The same of a command that was not understood; how it is called is the mend where there is no other. EXIT_USAGE. */
int say_usage(Failure failure);
/* Whether NO_COLOR has any value (no-color.org). */
bool say_without_colour(void);

#endif
