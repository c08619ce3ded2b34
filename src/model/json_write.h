/*
 * json_write: writing JSON into memory whose size is known. Private to the model.
 */
#ifndef SKY_JSON_WRITE_H
#define SKY_JSON_WRITE_H

#include "json.h"

/* Writes the value without white space and returns its length, which is at most the value's. With `at` NULL it only
 * counts. */
size_t json_write_compact(char *at, Span value);

/* The lengths of the value without white space and as json_indent() lays it out, in one walk. */
void json_write_measure(Span value, size_t *ret_compact_bytes, size_t *ret_indent_bytes);

#endif
