/*
 * metrics: .skystack/metrics.prom, out of what is known at the moment of its opening; no request is made for it.
 */
#ifndef SKY_METRICS_H
#define SKY_METRICS_H

#include "api_tally.h"
#include "app_internal.h"
#include "exposition.h"
#include "metrics_table.h"

enum {
    METRICS_INSTANCES_MAX = 20000, /* with gauges of their own: the loop stands still while they are written */
    METRICS_FLEET_BYTES = 64 << 20,
};

/* What of the instances belongs to which metric: samples, whole lines. */
typedef struct Fleet {
    Buf info, status, health, utilization;
    Buf labels;     /* of the instance at hand: what tells it from all others */
    Buf text;       /* of the value at hand, decoded */
    size_t count;   /* instances written … */
    size_t omitted; /* … and left out */
    int code;       /* 0, or a code of Buf's */
} Fleet;

/* All that collectors read. */
typedef struct Metrics {
    App *app;
    Facts facts;
    Verdict verdict;
    const ApiTally *tally;
    const uint64_t *errors;
    Fleet fleet;
} Metrics;

/* metrics_fleet.c: goes through the instances once. */
void fleet_init(Fleet *fleet);
void fleet_collect(Tree *tree, Fleet *fleet);
void fleet_release(Fleet *fleet);

#define METRICS_DECLARE(collector, name, type, help)                                                                   \
    void collect_##collector(const Metrics *metrics, Exposition *exposition);
METRICS_TABLE(METRICS_DECLARE)
#undef METRICS_DECLARE

#endif
