/*
 * strict_json: a second opinion on what JSON is, written from RFC 8259 and RFC 3629 and from nothing else.
 *
 * It descends recursively, decodes every string, and compares names each with each: slow, and too simple to be wrong in
 * the ways of a scanner.
 */
#ifndef SKY_FUZZ_STRICT_JSON_H
#define SKY_FUZZ_STRICT_JSON_H

#include <stdbool.h>
#include <stddef.h>

/* Whether these bytes are one JSON value with white space around it, in UTF-8, at most `depth` containers deep, without
 * two members of one name in an object. */
bool strict_json_accepts(const char *bytes, size_t count, unsigned depth);

/* Whether cJSON, as a third opinion, reads of an accepted text all that is written: it knows nothing of long numbers and those
 * that no double holds, takes no surrogates on their own, and ends a string at a NUL. */
bool cjson_reads_all(const char *bytes, size_t count);

#endif
