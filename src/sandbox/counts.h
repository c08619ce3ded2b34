/* How many requests the API has received, told apart in the ways that tests ask for. Safe from every thread. */
#ifndef SANDBOX_COUNTS_H
#define SANDBOX_COUNTS_H

#include "buf.h"

typedef struct Counts Counts;

Counts *counts_new(void);
void counts_free(Counts *counts);

void counts_connection(Counts *counts);

/* `route` is the pattern of the path. */
void counts_request(Counts *counts, const char *method, const char *route);

/* `status` 0: the request got no answer. */
void counts_answer(Counts *counts, unsigned status);

void counts_reset(Counts *counts);

/* Adds everything as a JSON object. */
void counts_put(Counts *counts, Buf *out);

#endif
