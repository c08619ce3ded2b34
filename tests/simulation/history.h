/*
 * history: one seed's: a world, people in it, and what befalls them; from the first mount until all is quiet again.
 *
 * Where bytes decide (sim_chance.h), people are at it until these are used up.
 */
#ifndef SKY_SIM_HISTORY_H
#define SKY_SIM_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct HistoryOrder {
    uint64_t seed;
    bool print;
    const uint8_t *bytes; /* that decide ahead of the seed */
    size_t byte_count;
    uint64_t fail_memory_at, fail_disk_at; /* the call that fails, from 1; 0: none */
} HistoryOrder;

typedef struct HistoryResult {
    char violation[512]; /* "": none */
    uint64_t hash;       /* of the trace */
    uint64_t steps, scripts, requests;
    uint64_t memory_calls, disk_calls;
} HistoryResult;

void history_run(const HistoryOrder *order, HistoryResult *ret_result);

#endif
