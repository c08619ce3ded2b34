#include "json_index.h"

#include <stdlib.h>

#include "json_text.h"

enum { INDEX_WALKED_MAX = 32 };

struct JsonIndexMember {
    Span name, value;
};

static int compare_members(const void *left, const void *right)
{
    const struct JsonIndexMember *a = left, *b = right;

    return json_text_compare(a->name, b->name);
}

static size_t count_members(Span object)
{
    Span name, value;
    size_t count = 0;
    JsonIter iter;

    json_iter_init(&iter, object);
    while (iter.is_object && json_iter_next(&iter, &name, &value))
        count++;
    return count;
}

void json_index_init(JsonIndex *index, Span object)
{
    size_t at = 0;
    JsonIter iter;

    *index = (JsonIndex){.object = object, .count = count_members(object)};
    if (index->count <= INDEX_WALKED_MAX)
        return;
    index->members = calloc(index->count, sizeof(*index->members));
    if (!index->members)
        return;
    json_iter_init(&iter, object);
    while (at < index->count && json_iter_next(&iter, &index->members[at].name, &index->members[at].value))
        at++;
    qsort(index->members, index->count, sizeof(*index->members), compare_members);
}

void json_index_release(JsonIndex *index)
{
    free(index->members);
    *index = (JsonIndex){.members = NULL};
}

static bool find_walking(const JsonIndex *index, Span raw_name, Span *ret_value)
{
    Span name, value;
    JsonIter iter;

    json_iter_init(&iter, index->object);
    while (iter.is_object && json_iter_next(&iter, &name, &value)) {
        if (json_text_equal(name, raw_name)) {
            *ret_value = value;
            return true;
        }
    }
    return false;
}

bool json_index_find(const JsonIndex *index, Span raw_name, Span *ret_value)
{
    const struct JsonIndexMember wanted = {.name = raw_name};
    const struct JsonIndexMember *found;

    if (!index->members)
        return find_walking(index, raw_name, ret_value);
    found = bsearch(&wanted, index->members, index->count, sizeof(wanted), compare_members);
    if (!found)
        return false;
    *ret_value = found->value;
    return true;
}

static bool equal(Span a, Span b);

static bool arrays_equal(Span a, Span b)
{
    Span name, left, right;
    JsonIter in_a, in_b;

    json_iter_init(&in_a, a);
    json_iter_init(&in_b, b);
    while (json_iter_next(&in_a, &name, &left))
        if (!json_iter_next(&in_b, &name, &right) || !equal(left, right))
            return false;
    return !json_iter_next(&in_b, &name, &right);
}

/* The usual case is the same order. Both are walked in step, so that their members are counted against each other; as
 * no name comes twice, that, and finding each of a's in b, is enough. */
static bool objects_equal(Span a, Span b)
{
    _cleanup_json_index_ JsonIndex index = {.members = NULL};
    Span name, other, left, right;
    JsonIter in_a, in_b;

    json_iter_init(&in_a, a);
    json_iter_init(&in_b, b);
    while (json_iter_next(&in_a, &name, &left)) {
        if (!json_iter_next(&in_b, &other, &right))
            return false;
        if (!json_text_equal(name, other)) {
            if (!index.object.at)
                json_index_init(&index, b);
            if (!json_index_find(&index, name, &right))
                return false;
        }
        if (!equal(left, right))
            return false;
    }
    return !json_iter_next(&in_b, &other, &right);
}

/* As deep as the texts, which were checked against JSON_DEPTH_MAX. */
static bool equal(Span a, Span b)
{
    enum JsonType type = json_type(a);

    if (span_equal(a, b))
        return true;
    if (type != json_type(b))
        return false;
    switch (type) {
    case JSON_OBJECT:
        return objects_equal(a, b);
    case JSON_ARRAY:
        return arrays_equal(a, b);
    case JSON_STRING:
        return json_text_equal(a, b);
    case JSON_TRUE:
    case JSON_FALSE:
    case JSON_NULL:
        return true;
    case JSON_NUMBER:
        break;
    }
    return false;
}

bool json_equal(Span a, Span b)
{
    return equal(json_trim(a), json_trim(b));
}
