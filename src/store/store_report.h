/*
 * store_report: how a store is doing, for whoever watches it. Reading it asks the API nothing.
 */
#ifndef SKY_STORE_REPORT_H
#define SKY_STORE_REPORT_H

#include "store.h"

enum { STORE_OUTCOMES = STORE_ABSENT + 1 };

typedef struct StoreReport {
    uint64_t gets[STORE_OUTCOMES], lists[STORE_OUTCOMES]; /* questions since it was made, by what became of them */
    bool trouble;                                         /* as store_in_trouble() … */
    int64_t trouble_ms;                                   /* … for so long already */
    size_t rejected, unsettled;                           /* texts that are kept … */
    int64_t rejected_wall_ms, unsettled_wall_ms;          /* … of when the oldest is; 0: there is none … */
    const char *rejected_name, *unsettled_name;           /* … and of which instance; borrowed until the loop turns */
    int disk_code;   /* why the journal's disk does not take what is written; 0: it does, or there is no journal … */
    int64_t disk_ms; /* … for so long already */
    int kept_code;   /* the same of what is kept for the next mount */
    int64_t kept_ms;
} StoreReport;

void store_report(Store *store, StoreReport *ret_report);

#endif
