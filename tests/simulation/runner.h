/*
 * runner: many histories, by as many processes as are asked for.
 *
 * Each process takes every JOBS-th seed. One that dies has found something too: it is named with its seed, and another
 * goes on after it.
 */
#ifndef SKY_SIM_RUNNER_H
#define SKY_SIM_RUNNER_H

#include <stdbool.h>
#include <stdint.h>

typedef struct RunnerOrder {
    uint64_t from, count;
    unsigned jobs;
    bool progress;    /* a line now and then */
    bool until_found; /* stops at the first that fails */
} RunnerOrder;

typedef struct RunnerSum {
    uint64_t passed, failed;
    uint64_t steps, scripts, requests;
    double seconds;
} RunnerSum;

/* What fails is printed, with its seed. 0, or -1: the processes can't be made. */
int runner_run(const RunnerOrder *order, RunnerSum *ret_sum);

#endif
