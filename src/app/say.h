/*
 * say: what the program tells a person on the terminal before it serves.
 */
#ifndef SKY_SAY_H
#define SKY_SAY_H

#include "failure.h"

/* Prints "skystackfs: WHAT MEND" in one line to standard error, safe for a terminal. */
void say_failure(const Failure *failure);

#endif
