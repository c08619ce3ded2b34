/*
 * known_ids: the ids that bore a name before it was created anew, as one text for the journal. Pure; internal to store.
 *
 * Each ends in a `/`, which no id holds; a blank may be part of one.
 */
#ifndef SKY_KNOWN_IDS_H
#define SKY_KNOWN_IDS_H

#include <stdbool.h>

#include "buf.h"

/* 0 or a code of Buf's. */
int known_ids_add(Buf *ids, const char *id);
bool known_ids_have(const char *ids, const char *id);

#endif
