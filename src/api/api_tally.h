/*
 * api_tally: how the requests of an API went, counted since it was made, for whoever watches it.
 */
#ifndef SKY_API_TALLY_H
#define SKY_API_TALLY_H

#include "api.h"

enum {
    API_TALLY_ROWS = 64,      /* pairs of class and status that are told apart */
    API_TALLY_BOUNDS = 12,    /* of the times that answers take */
    API_STATUS_NONE = 0,      /* no answer, or none that is whole */
    API_STATUS_CANCELLED = 1, /* nobody wanted the answer any more */
    API_STATUS_OTHER = 2,     /* what found no row of its own */
};

typedef struct ApiTallyRow {
    enum ApiClass class;
    int status; /* HTTP's, or one of those above */
    uint64_t count;
} ApiTallyRow;

typedef struct ApiTally {
    ApiTallyRow rows[API_TALLY_ROWS];
    size_t row_count;
    uint64_t others[API_CLASSES]; /* answers with API_STATUS_OTHER */
    /* How long requests were under way that were not cancelled: of a class, those up to each bound and above the one
     * before, then those above all. */
    uint64_t times[API_CLASSES][API_TALLY_BOUNDS + 1];
    int64_t total_ms[API_CLASSES];
} ApiTally;

/* From 5 ms to 30 s, ascending. */
extern const int64_t api_tally_bounds_ms[API_TALLY_BOUNDS];

/* Counts one; took_ms is ignored for those that were cancelled. */
void api_tally_note(ApiTally *tally, enum ApiClass class, int status, int64_t took_ms);
/* Borrowed for as long as the API lives. */
const ApiTally *api_tally(const Api *api);

#endif
