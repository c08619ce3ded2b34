/*
 * envelope: what an answer means: a resource, a page of rows, or a failure. Pure; internal to api.
 *
 *   status                    code                            status                    code
 *   2xx, body as expected     0                               405, 501 on an update     NO_UPDATES
 *   2xx, any other body       PROTOCOL (a create: UNSETTLED)  404, no envelope          REMOTE (an update: NO_UPDATES)
 *   2xx but 200 on a read     PROTOCOL                        404, half an envelope     REMOTE
 *   400, 422                  INVALID                         other 5xx                 REMOTE (a create: UNSETTLED)
 *   401                       TOKEN                           429                       LIMITED
 *   403                       FORBIDDEN                       other 4xx                 REMOTE
 *   404                       NOT_FOUND (a delete: 0)         1xx, 3xx                  PROTOCOL
 *   409                       EXISTS on a create, else BUSY   412                       CONFLICT
 *
 * Only what carries the API's error envelope speaks for the API: an object `error` with a code or a message, and with
 * both to say that something is gone. Without it every 4xx is PROTOCOL, but for the 404
 * above and for 401 and 429, which are heeded whoever says so. A 5xx to a change, and a 2xx whose body is broken, leave
 * open what became of it: `sent` is UNKNOWN then.
 */
#ifndef SKY_ENVELOPE_H
#define SKY_ENVELOPE_H

#include <stdbool.h>
#include <stddef.h>

#include "failure.h"
#include "pager.h"
#include "resource.h"
#include "span.h"

enum Purpose { PURPOSE_LIST, PURPOSE_GET, PURPOSE_CREATE, PURPOSE_UPDATE, PURPOSE_DELETE };

enum { ENVELOPE_ROWS_MAX = 20000, /* in one answer */ VERDICT_ETAG_BYTES = 256 };

typedef struct Answer {
    int status;
    Span body;
    const char *request_id; /* by header; "" if none */
    const char *id;         /* the instance that was asked for; NULL if none was named */
} Answer;

typedef struct Verdict {
    Failure failure; /* code 0: none */
    Resource *one;   /* of get, create and update (where it may be NULL) */
    Resource **rows; /* of a list */
    size_t count;
    PagerPage page;
    char request_id[FAILURE_ID_BYTES]; /* of a success; "" if there was none */
    char etag[VERDICT_ETAG_BYTES];     /* of a get; "" if there was none, or one too long to send back */
} Verdict;

/* Whether it changes something. */
bool purpose_changes(enum Purpose purpose);

/* Judges a whole answer. */
void envelope_read(enum Purpose purpose, const Answer *answer, Verdict *ret_verdict);
/* Judges an exchange that brought no whole answer: the net's code, negative, and its words. */
void envelope_unanswered(enum Purpose purpose, int code, bool sent, const char *problem, Verdict *ret_verdict);
/* All that it holds; it is left empty. */
Verdict verdict_take(Verdict *verdict);
/* Drops references and memory. */
void verdict_release(Verdict *verdict);

#endif
