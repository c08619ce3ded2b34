/*
 * sim_lists: the lists of instances that were read, as the network shows them: what of them may be told for how long.
 *
 * A list is read page by page, perhaps with pauses, and begins anew where its pages shift. An attempt is all of that, from
 * its first request on; a run is what a complete list consists of in the end. Numbered pages may be under way side by side;
 * one that comes early counts when those before it came.
 */
#ifndef SKY_SIM_LISTS_H
#define SKY_SIM_LISTS_H

#include <stdbool.h>
#include <stdint.h>

enum { SIM_LISTS_KEPT = 16, SIM_LISTS_IDS = 1024, SIM_LISTS_RESTARTS = 2, SIM_LISTS_PATIENCE_MS = 5000 };
enum { SIM_LISTS_ABREAST = 4, SIM_LISTS_ROWS = 200 };

typedef struct SimList {
    int64_t attempt_ms; /* when its attempt began, -1: it is none … */
    int64_t begun_ms;   /* … its run … */
    int64_t done_ms;    /* … and when its last page came; -1: it did not yet */
    int64_t took_ms;    /* the run, without the pauses between its pages … */
    int64_t spent_ms;   /* … and so the attempt */
} SimList;

/* What a numbered page brought. */
typedef struct SimPage {
    bool came;
    unsigned total, limit, rows;
    unsigned ids[SIM_LISTS_ROWS];
} SimPage;

typedef struct SimLists {
    SimList kept[SIM_LISTS_KEPT];
    unsigned count;     /* of those that came whole, all told */
    SimList now;        /* the attempt under way, or given up; none since a whole one */
    unsigned under_way; /* pages */
    int64_t asked_ms;   /* since when some are; -1: none is */
    unsigned restarts;
    bool shifted;                     /* its run begins anew with the next request … */
    unsigned total, limit;            /* … since the first number changed (both 0: not told yet), … */
    bool ids[SIM_LISTS_IDS];          /* … or one of those that it brought came twice */
    unsigned page;                    /* the number of the one whose turn it is, … */
    SimPage pages[SIM_LISTS_ABREAST]; /* … and those that came, by number, round about */
    bool broken;                      /* more were abreast than may be, or one beyond the total */
    int64_t failed_ms;                /* when an attempt last shifted once too often; -1: never */
    bool owed;                        /* somebody lost patience with the attempt under way: it must come to its end */
} SimLists;

/* As of a mount: none was read. */
void sim_lists_clear(SimLists *lists);
/* Whether a request begins an attempt. */
bool sim_lists_is_new(const SimLists *lists, const char *method, const char *path);
/* A request leaves. */
void sim_lists_sent(SimLists *lists, const char *method, const char *path, int64_t now_ms);
/* A good answer came. */
void sim_lists_came(SimLists *lists, const char *path, const char *body, int64_t now_ms);
/* A request is over, whatever came of it. */
void sim_lists_over(SimLists *lists, const char *method, const char *path, int64_t now_ms);
/*
 * The earliest time whose truth whole lists may tell somebody who asked then, and is answered now. A list is told for its
 * TTL, and is as old as it took to read, but for pauses. Where the next one takes longer than patience lasts, it is told
 * until that came, which is owed from then on.
 */
int64_t sim_lists_told_ms(SimLists *lists, int64_t ttl_ms, int64_t asked_ms, int64_t now_ms);

#endif
