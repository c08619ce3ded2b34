/*
 * top_status: what .skystack/status.json says, as far as `skystackfs top` shows it. Pure.
 */
#ifndef SKY_TOP_STATUS_H
#define SKY_TOP_STATUS_H

#include <stdbool.h>
#include <stdint.h>

#include "span.h"

enum { TOP_TEXT_BYTES = 256, TOP_WORD_BYTES = 32 };

/* Texts are escaped for a terminal, and cut. What the file does not say is 0 or "", but where another value is named. */
typedef struct TopStatus {
    char state[TOP_TEXT_BYTES]; /* "ok", "degraded" or "broken" … */
    char wrong[TOP_TEXT_BYTES]; /* … and a sentence that says why; "" if there is none */
    char source[TOP_TEXT_BYTES], endpoint[TOP_TEXT_BYTES];
    char project[TOP_TEXT_BYTES]; /* the one that the mount shows alone */
    int64_t minute_used, minute_limit, day_used, day_limit;
    int64_t known; /* instances */
    bool complete, listing, stale;
    int64_t listed_rows, listed_total; /* of the listing under way; -1: not said */
    int64_t age_ms;                    /* of the complete list */
    int64_t ttl_ms;
    int64_t waits_ms;            /* until the first request in line goes; -1: none waits, or nobody knows */
    int64_t in_line;             /* requests */
    char reason[TOP_WORD_BYTES]; /* why they wait */
} TopStatus;

/* Reads a whole file. -ERR_PROTOCOL: it is none, and *ret_status is as it was; or -ERR_NO_MEMORY. */
int top_status_parse(Span text, TopStatus *ret_status);
/* Whether reading the list within the next so many milliseconds asks the API nothing. */
bool top_status_is_fresh(const TopStatus *status, int64_t for_ms);
/* Why requests wait, for people: a part of a sentence. Static. */
const char *top_status_reason(const TopStatus *status);

#endif
