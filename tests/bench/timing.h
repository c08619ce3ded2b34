/*
 * timing: the clock that the benchmark's programs read.
 */
#ifndef BENCH_TIMING_H
#define BENCH_TIMING_H

#include <stddef.h>
#include <stdint.h>

/* Since some moment; never set back. */
int64_t now_ns(void);
/* Sorts them. The count must not be 0. */
int64_t median_ns(int64_t *ns, size_t count);
/* As a line on standard output. 0, for main() to return. */
int print_ns(int64_t ns);

#endif
