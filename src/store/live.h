/* live: what events say. Internal to the store; store.h has what others call. */
#ifndef SKY_LIVE_H
#define SKY_LIVE_H

#include "store.h"

/* 0 or -ERR_NO_MEMORY. */
int live_init(Store *store);
void live_free(Store *store);
/* A TTL, and the one that holds while events say what changes and all of it is known: an hour, or half a minute of what is in
 * transition. What is known from before, and what is never fresh, stays so. */
int64_t live_ttl_ms(const Store *store, int64_t ttl_ms, bool in_transition, int64_t known_since_ms);
/* Something is not as it was thought to be: a list that left before now is not fresh for an hour. */
void live_note_doubt(Store *store);
/* A request has come to its end: what was heard of meanwhile may be asked for. */
void live_go_on(Store *store);
/* The same of a listing. */
void live_on_listed(Store *store, bool failed);

#endif
