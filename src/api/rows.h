/*
 * rows: from a successful answer's JSON to resources. Pure; internal to api.
 *
 * The body has passed json_check(). All return 0, -ERR_PROTOCOL with a static reason, or -ERR_NO_MEMORY; on failure
 * the verdict holds nothing more than before.
 */
#ifndef SKY_ROWS_H
#define SKY_ROWS_H

#include "envelope.h"

/* A list: `data`, and what it says of paging. */
int rows_read_page(Span body, Verdict *verdict, const char **ret_reason);
/* One resource. id: what it must be called, or NULL. */
int rows_read_one(Span body, const char *id, Verdict *verdict, const char **ret_reason);

#endif
