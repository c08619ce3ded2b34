/*
 * say: what the program tells a person on the terminal before it serves.
 */
#ifndef SKY_SAY_H
#define SKY_SAY_H

#include <stdbool.h>

#include "failure.h"

/* Prints "skystackfs: WHAT MEND" in one line to standard error, safe for a terminal. */
void say_failure(const Failure *failure);
/* Whether NO_COLOR has any value (no-color.org). */
bool say_without_colour(void);

#endif
