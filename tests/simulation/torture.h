/*
 * torture: histories in which one call for memory, or one of the disk's, fails: the first, the second, …, the last.
 */
#ifndef SKY_SIM_TORTURE_H
#define SKY_SIM_TORTURE_H

#include <stdbool.h>
#include <stdint.h>

/* From now on calls of the program for memory are counted anew, and this one (from 1; 0: none) fails. */
void torture_fail_at(uint64_t call);
/* Tells of each from now on, by its number, while those who made it are on the stack. NULL: no more. */
typedef void (*torture_watch_fn)(uint64_t call);
void torture_watch(torture_watch_fn call);
/* How many there were. */
uint64_t torture_calls(void);
/* What the program would need memory for, and the world stands in for: a timer, an exchange. Counts as such a call; false:
 * it fails. */
bool torture_has_memory(void);
/* While the API is at work with code that the program uses too, calls don't count. */
void torture_pause(bool pause);

#endif
