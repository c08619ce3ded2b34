/*
 * torture_alloc: memory that runs out where it is told to; see torture.h.
 *
 * The program under test is linked so that its calls for memory come here. The simulation's own sources include this
 * first, and get theirs from the system, since the world never runs out.
 */
#ifndef SKY_SIM_TORTURE_ALLOC_H
#define SKY_SIM_TORTURE_ALLOC_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strndup(const char *text, size_t count);

#define malloc(size)         __real_malloc(size)
#define calloc(count, size)  __real_calloc(count, size)
#define realloc(old, size)   __real_realloc(old, size)
#define strndup(text, count) __real_strndup(text, count)

#endif
