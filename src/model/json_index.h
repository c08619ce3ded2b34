/*
 * json_index: an object's members by name. Private to the model.
 *
 * Looking up each member of a large object in another one must not cost n times n. A small object is walked, a large
 * one is sorted once; where there is no memory for that it is walked too, slowly and rightly.
 */
#ifndef SKY_JSON_INDEX_H
#define SKY_JSON_INDEX_H

#include "json.h"

typedef struct JsonIndex {
    Span object;
    struct JsonIndexMember *members; /* sorted; NULL: `object` is walked */
    size_t count;
} JsonIndex;

#define _cleanup_json_index_ __attribute__((cleanup(json_index_release)))

/* Borrows the object's text. Anything but an object has no members. */
void json_index_init(JsonIndex *index, Span object);
void json_index_release(JsonIndex *index);
/* By a raw name, as json_iter_next() gives them. */
bool json_index_find(const JsonIndex *index, Span raw_name, Span *ret_value);

#endif
