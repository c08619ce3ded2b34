/*
 * url: text as part of an address. Internal to api.
 */
#ifndef SKY_URL_H
#define SKY_URL_H

#include "buf.h"
#include "span.h"

/* Appends text with all but unreserved characters (RFC 3986 section 2.3) as %XX. 0 or a code of Buf's. */
int url_encode(Buf *into, Span text);

#endif
