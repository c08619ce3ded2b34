/*
 * sim_trace: what happened in a history, in order, as lines. Their hash tells whether two runs were the same, byte for
 * byte; they are printed only if asked for. Lines hold no addresses and no real times.
 */
#ifndef SKY_SIM_TRACE_H
#define SKY_SIM_TRACE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct SimTrace {
    uint64_t hash, lines;
    bool print;
} SimTrace;

void sim_trace_init(SimTrace *trace, bool print);
void sim_trace(SimTrace *trace, int64_t now_ms, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
