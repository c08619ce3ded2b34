/* What the API lets a client set, field by field. Problems are collected for the `details` of one answer. */
#ifndef SANDBOX_CHECK_H
#define SANDBOX_CHECK_H

#include "row.h"
#include "store.h"

/* A new instance's fields. `by_profile`: a profile is wanted where else a size is. `body` is a checked object. */
void check_create(Store *store, Text body, bool by_profile, Buf *details);

/* The fields of a merge patch, as far as they can be judged without the instance. `patch` is a checked object. */
void check_patch(Store *store, Text patch, Buf *details);

/* That a merge patch leaves the server's own fields as they are. Does not call the store. */
void check_owned(const Row *row, int64_t now, Text patch, Buf *details);

#endif
