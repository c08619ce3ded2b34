/*
 * json_names: whether two members of one object have the same name. Private to the model.
 *
 * While a text is scanned, it holds the names of every object that is still open, eight bytes each, as a stack. When an
 * object ends, its names are compared and taken off. An object of n members costs O(n log n), whatever their names.
 */
#ifndef SKY_JSON_NAMES_H
#define SKY_JSON_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "json.h"

enum { JSON_NAMES_MAX = 1 << 18 }; /* names held at once: 2 MiB, and as much again to sort them */

typedef struct JsonName {
    uint32_t offset; /* of the opening quote */
    uint32_t key;    /* equal for equal names without escapes; 0: the name has escapes */
} JsonName;

typedef struct JsonNames {
    const char *text, *text_end;
    const char *name; /* the one that has begun */
    JsonName *items;
    size_t count, room;
    size_t first[JSON_DEPTH_MAX]; /* where each open object's names begin */
    unsigned depth;
    int error; /* -ERR_NO_MEMORY once memory ran out */
} JsonNames;

/* Names that stand in `text`, which must be shorter than 4 GiB. Allocates nothing. */
void json_names_init(JsonNames *names, Span text);
void json_names_release(JsonNames *names);
void json_names_open(JsonNames *names);
void json_names_begin(JsonNames *names, const char *quote);
/* The name ended before `end`. -ERR_NO_MEMORY, or -ERR_TOO_BIG if there are too many. */
int json_names_end(JsonNames *names, const char *end);
/* -ERR_EXISTS and the second of two equal names (its opening quote), if there are two. */
int json_names_close(JsonNames *names, const char **ret_duplicate);

#endif
