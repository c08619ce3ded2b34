/*
 * history: one seed's: a world, people in it, and what befalls them; from the first mount until all is quiet again.
 */
#ifndef SKY_SIM_HISTORY_H
#define SKY_SIM_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct HistoryResult {
    char violation[512]; /* "": none */
    uint64_t hash;       /* of the trace */
    uint64_t steps, scripts, requests;
} HistoryResult;

void history_run(uint64_t seed, bool print, HistoryResult *ret_result);

#endif
