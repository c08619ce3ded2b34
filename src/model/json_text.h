/*
 * json_text: what raw strings mean, compared without decoding them into memory. Private to the model.
 *
 * A raw string is one of a checked text, with its quotes.
 */
#ifndef SKY_JSON_TEXT_H
#define SKY_JSON_TEXT_H

#include "json.h"

/* Between the quotes. */
Span json_text_inner(Span raw);
bool json_text_has_escapes(Span raw);
bool json_text_equal(Span a, Span b);
/* By code points: negative, 0 or positive. */
int json_text_compare(Span a, Span b);
/* Whether the raw string means these bytes. */
bool json_text_is(Span raw, Span bytes);

#endif
