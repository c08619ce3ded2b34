/*
 * error_line: reading one line of .skystack/errors or events, a JSON object.
 */
#ifndef SKY_ERROR_LINE_H
#define SKY_ERROR_LINE_H

#include "buf.h"
#include "json.h"

/* Whether it may be read: JSON, by the strict scan. The others are for such lines alone. */
bool error_line_check(Span line);
/* Appends a string member, decoded; nothing where there is none. 0 or a code of Buf's. */
int error_line_get(Span line, const char *member, Buf *into);
/* The same, escaped for a terminal. */
int error_line_show(Span line, const char *member, Buf *into);
/* Whether a string member is this text. */
bool error_line_is(Span line, const char *member, const char *text);

#endif
