/*
 * date: times as text.
 */
#ifndef SKY_DATE_H
#define SKY_DATE_H

#include <stdbool.h>
#include <stdint.h>

#include "span.h"

enum { DATE_TEXT_BYTES = 32 };

/* RFC 3339, such as 2026-03-19T10:22:44.123Z or with +02:00, to milliseconds since 1970. */
bool date_parse_rfc3339(Span text, int64_t *ret_ms);
/* An HTTP date (RFC 9110 section 5.6.7, all three forms), to milliseconds since 1970. */
bool date_parse_http(Span text, int64_t *ret_ms);
/* RFC 3339 in UTC with milliseconds. */
void date_format(int64_t ms, char ret_text[DATE_TEXT_BYTES]);
/* A duration for people, short and at most two units: "45s", "12m", "3h05m", "41d". */
void date_format_age(int64_t ms, char ret_text[DATE_TEXT_BYTES]);

#endif
