/*
 * seen: a set of texts, kept as 64-bit hashes, to notice what comes twice. Internal to api.
 */
#ifndef SKY_SEEN_H
#define SKY_SEEN_H

#include <stddef.h>
#include <stdint.h>

#include "span.h"

typedef struct Seen {
    uint64_t *slots; /* open addressing; 0: empty */
    size_t room, count;
} Seen;

/* An empty set is all zero. Frees, and leaves an empty set. */
void seen_release(Seen *seen);
/* 1: it is new and was added; 0: it was there; or -ERR_NO_MEMORY. */
int seen_add(Seen *seen, Span text);

#endif
