/* What a new instance has beyond the fields that were given for it. */
#ifndef SANDBOX_FIELDS_H
#define SANDBOX_FIELDS_H

#include "store.h"

/* Adds to `out` the stored object for `given` (a checked object): its members without the white space between them, a
 * project if it names none (an explicit null names none and stays without), a network and tags; and with `all` whatever
 * a client must give as well. */
void fields_complete(Store *store, Text given, bool all, Buf *out);

#endif
