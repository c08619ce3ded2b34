/*
 * torture: histories in which one call for memory, or one of the disk's, fails: the first, the second, …, the last.
 */
#ifndef SKY_SIM_TORTURE_H
#define SKY_SIM_TORTURE_H

#include <stdint.h>

/* From now on calls of the program for memory are counted anew, and this one (from 1; 0: none) fails. */
void torture_fail_at(uint64_t call);
/* How many there were. */
uint64_t torture_calls(void);

#endif
