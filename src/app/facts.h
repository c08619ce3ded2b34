/*
 * facts: how a mount is doing at one moment, out of what is known: collecting them asks the API nothing. The status page and
 * the metrics show them, and the verdict judges them.
 */
#ifndef SKY_FACTS_H
#define SKY_FACTS_H

#include "api.h"
#include "mount.h"
#include "store_report.h"
#include "tree.h"

typedef struct App App;

typedef struct Facts {
    int64_t wall_ms, started_wall_ms; /* now, and when it was mounted */
    ApiStats api;
    TokenFacts token;
    Failure refusal; /* why the token is latched; code 0: it is not */
    MountStats mount;
    TreeCounts tree;
    StoreListFacts projects, instances;
    StoreReport store;
    Failure read_only;      /* why nothing can be changed, where nobody asked for that; code 0: it is not so */
    size_t heap_bytes;      /* allocated, by the C library's count */
    const char *last_error; /* a JSON line, "" if there was none; borrowed, as the next */
    const char *notice;     /* of the API's, "" if there is none */
} Facts;

void facts_collect(App *app, Facts *ret_facts);

#endif
