#include "patch.h"

#include <stdlib.h>

#include "error.h"
#include "json.h"
#include "json_index.h"

/* A member that isn't there and one that is null are the same to a patch: nothing stands there. */
static const Span nothing = {"null", 4};

static Span member_or_nothing(const JsonIndex *object, Span raw_name)
{
    Span value;

    return json_index_find(object, raw_name, &value) ? value : nothing;
}

/* An object that is being written: knows whether a comma is due. */
typedef struct Writer {
    Buf *into;
    bool any;
} Writer;

static int open_object(Writer *writer, Buf *into)
{
    *writer = (Writer){into, false};
    return buf_append_char(into, '{');
}

static int close_object(Writer *writer)
{
    return buf_append_char(writer->into, '}');
}

static int put_name(Writer *writer, Span raw_name)
{
    int r = writer->any ? buf_append_char(writer->into, ',') : 0;

    writer->any = true;
    if (r == 0)
        r = buf_append(writer->into, raw_name.at, raw_name.len);
    return r < 0 ? r : buf_append_char(writer->into, ':');
}

static int put_member(Writer *writer, Span raw_name, Span value)
{
    int r = put_name(writer, raw_name);

    return r < 0 ? r : json_compact(writer->into, value);
}

/* 1 if the predicate holds for the name, 0 if not or if there is none. */
static int holds(bool (*predicate)(Span name), Span raw_name)
{
    _cleanup_buf_ Buf name = BUF_INIT(raw_name.len);
    int r;

    if (!predicate)
        return 0;
    r = json_string(raw_name, &name);
    return r < 0 ? r : predicate((Span){buf_text(&name), name.len});
}

/* A failed append leaves `into` as it was. */
static int undo(Buf *into, size_t length, int r)
{
    if (r < 0)
        into->len = length;
    if (r < 0 && into->data)
        into->data[length] = '\0';
    return r;
}

static bool among_earlier(const JsonIndex *indexes, size_t count, Span raw_name)
{
    Span value;

    for (size_t i = 0; i < count; i++)
        if (json_index_find(&indexes[i], raw_name, &value))
            return true;
    return false;
}

/* Puts the members of object `at` that no earlier one has, with the value that the last one gives them. */
static int overlay_one(Writer *writer, const JsonIndex *indexes, size_t at, size_t count, bool (*drop)(Span name))
{
    Span name, value;
    JsonIter iter;
    int r = 0;

    json_iter_init(&iter, indexes[at].object);
    while (r == 0 && iter.is_object && json_iter_next(&iter, &name, &value)) {
        if (among_earlier(indexes, at, name))
            continue;
        r = holds(drop, name);
        if (r != 0) {
            r = r < 0 ? r : 0;
            continue;
        }
        for (size_t later = count; --later > at;)
            if (json_index_find(&indexes[later], name, &value))
                break;
        r = put_member(writer, name, value);
    }
    return r;
}

static int overlay(const JsonIndex *indexes, size_t count, bool (*drop)(Span name), Buf *into)
{
    Writer writer;
    int r = open_object(&writer, into);

    for (size_t i = 0; r == 0 && i < count; i++)
        r = overlay_one(&writer, indexes, i, count, drop);
    return r < 0 ? r : close_object(&writer);
}

int patch_overlay(const Span *objects, size_t count, bool (*drop)(Span name), Buf *into)
{
    size_t begin = into->len;
    JsonIndex *indexes = calloc(count + 1, sizeof(*indexes));
    int r;

    if (!indexes)
        return -ERR_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        json_index_init(&indexes[i], objects[i]);
    r = overlay(indexes, count, drop, into);
    for (size_t i = 0; i < count; i++)
        json_index_release(&indexes[i]);
    free(indexes);
    return undo(into, begin, r);
}

typedef struct Making {
    bool removals;
    bool (*skip)(Span name); /* NULL below the top level */
} Making;

static int make(const Making *making, Span from, Span to, Buf *into);

/* Puts a member whose value `make` writes; with may_drop it is left out again if that says nothing. */
static int put_nested(Writer *writer, const Making *making, Span raw_name, Span from, Span to, bool may_drop)
{
    const Making below = {.removals = making->removals};
    Writer before = *writer;
    size_t begin = writer->into->len, value_begin;
    int r = put_name(writer, raw_name);

    value_begin = writer->into->len;
    if (r == 0)
        r = make(&below, from, to, writer->into);
    if (r < 0 || !may_drop || writer->into->len - value_begin > strlen("{}"))
        return r;
    *writer = before;
    return buf_resize(writer->into, begin);
}

static int put_change(Writer *writer, const Making *making, Span raw_name, const JsonIndex *from, Span to)
{
    Span old = member_or_nothing(from, raw_name);

    if (json_equal(old, to))
        return 0;
    if (json_type(to) == JSON_OBJECT)
        return put_nested(writer, making, raw_name, old, to, json_type(old) == JSON_OBJECT);
    return put_member(writer, raw_name, to);
}

static int put_changes(Writer *writer, const Making *making, const JsonIndex *from, Span to)
{
    Span name, value;
    JsonIter iter;
    int r = 0;

    json_iter_init(&iter, to);
    while (r == 0 && iter.is_object && json_iter_next(&iter, &name, &value)) {
        r = holds(making->skip, name);
        if (r == 0)
            r = put_change(writer, making, name, from, value);
        else if (r > 0)
            r = 0;
    }
    return r;
}

static int put_removals(Writer *writer, const Making *making, Span from, const JsonIndex *to)
{
    Span name, value;
    JsonIter iter;
    int r = 0;

    json_iter_init(&iter, from);
    while (r == 0 && iter.is_object && json_iter_next(&iter, &name, &value)) {
        if (json_type(value) == JSON_NULL || json_index_find(to, name, &value))
            continue;
        r = holds(making->skip, name);
        if (r == 0)
            r = put_member(writer, name, nothing);
        else if (r > 0)
            r = 0;
    }
    return r;
}

static int make(const Making *making, Span from, Span to, Buf *into)
{
    _cleanup_json_index_ JsonIndex from_index, to_index;
    Writer writer;
    int r = open_object(&writer, into);

    json_index_init(&from_index, from);
    json_index_init(&to_index, to);
    if (r == 0)
        r = put_changes(&writer, making, &from_index, to);
    if (r == 0 && making->removals)
        r = put_removals(&writer, making, from, &to_index);
    return r < 0 ? r : close_object(&writer);
}

int patch_make(Span from, Span to, bool removals, bool (*skip)(Span name), Buf *into)
{
    const Making making = {removals, skip};
    size_t begin = into->len;

    return undo(into, begin, make(&making, from, to, into));
}

static int apply(Span target, Span patch, Buf *into);

static int apply_to_members(Writer *writer, Span target, const JsonIndex *patch)
{
    Span name, value, change;
    JsonIter iter;
    int r = 0;

    json_iter_init(&iter, target);
    while (r == 0 && iter.is_object && json_iter_next(&iter, &name, &value)) {
        if (!json_index_find(patch, name, &change)) {
            r = put_member(writer, name, value);
        } else if (json_type(change) != JSON_NULL) {
            r = put_name(writer, name);
            if (r == 0)
                r = apply(value, change, writer->into);
        }
    }
    return r;
}

static int add_members(Writer *writer, const JsonIndex *target, Span patch)
{
    Span name, change, value;
    JsonIter iter;
    int r = 0;

    json_iter_init(&iter, patch);
    while (r == 0 && json_iter_next(&iter, &name, &change)) {
        if (json_type(change) == JSON_NULL || json_index_find(target, name, &value))
            continue;
        r = put_name(writer, name);
        if (r == 0)
            r = apply(nothing, change, writer->into);
    }
    return r;
}

static int apply(Span target, Span patch, Buf *into)
{
    _cleanup_json_index_ JsonIndex target_index, patch_index;
    Writer writer;
    int r;

    json_index_init(&target_index, target);
    json_index_init(&patch_index, patch);
    if (json_type(patch) != JSON_OBJECT)
        return json_compact(into, patch);
    r = open_object(&writer, into);
    if (r == 0)
        r = apply_to_members(&writer, target, &patch_index);
    if (r == 0)
        r = add_members(&writer, &target_index, patch);
    return r < 0 ? r : close_object(&writer);
}

int patch_apply(Span target, Span patch, Buf *into)
{
    size_t begin = into->len;

    return undo(into, begin, apply(target, patch, into));
}

static int reduce(Span now, Span patch, Buf *into);

static int put_reduced(Writer *writer, Span raw_name, Span now, Span change)
{
    Writer before = *writer;
    size_t begin = writer->into->len, value_begin;
    int r;

    if (json_type(change) != JSON_OBJECT)
        return json_equal(now, change) ? 0 : put_member(writer, raw_name, change);
    r = put_name(writer, raw_name);
    value_begin = writer->into->len;
    if (r == 0)
        r = reduce(now, change, writer->into);
    if (r < 0 || json_type(now) != JSON_OBJECT || writer->into->len - value_begin > strlen("{}"))
        return r;
    *writer = before;
    return buf_resize(writer->into, begin);
}

static int reduce(Span now, Span patch, Buf *into)
{
    _cleanup_json_index_ JsonIndex now_index;
    Span name, change;
    Writer writer;
    JsonIter iter;
    int r = open_object(&writer, into);

    json_index_init(&now_index, now);
    json_iter_init(&iter, patch);
    while (r == 0 && iter.is_object && json_iter_next(&iter, &name, &change))
        r = put_reduced(&writer, name, member_or_nothing(&now_index, name), change);
    return r < 0 ? r : close_object(&writer);
}

int patch_reduce(Span now, Span patch, Buf *into)
{
    size_t begin = into->len;

    return undo(into, begin, reduce(now, patch, into));
}

/* Where a walk through nested objects stands. */
typedef struct Place {
    const struct Place *above; /* NULL at the top level */
    Span raw_name;
} Place;

static int put_path(const Place *place, Buf *into)
{
    int r = 0;

    if (place->above) {
        r = put_path(place->above, into);
        if (r == 0)
            r = buf_append_char(into, '.');
    }
    return r < 0 ? r : json_string(place->raw_name, into);
}

static bool may_be_members(Span value)
{
    return json_type(value) == JSON_OBJECT || json_type(value) == JSON_NULL;
}

static int conflict(const Place *above, Span base, Span now, Span patch, Buf *ret_path);

/* Objects are at odds only where their members are, unless something else has stood in the place of one. */
static int conflict_at(const Place *place, Span base, Span now, Span change, Buf *ret_path)
{
    int r;

    if (json_equal(base, now) || json_equal(now, change))
        return 0;
    if (json_type(change) == JSON_OBJECT && may_be_members(base) && may_be_members(now))
        return conflict(place, base, now, change, ret_path);
    r = put_path(place, ret_path);
    return r < 0 ? r : 1;
}

static int conflict(const Place *above, Span base, Span now, Span patch, Buf *ret_path)
{
    _cleanup_json_index_ JsonIndex base_index, now_index;
    Place place = {.above = above};
    JsonIter iter;
    Span change;
    int r = 0;

    json_index_init(&base_index, base);
    json_index_init(&now_index, now);
    json_iter_init(&iter, patch);
    while (r == 0 && iter.is_object && json_iter_next(&iter, &place.raw_name, &change))
        r = conflict_at(&place, member_or_nothing(&base_index, place.raw_name),
                        member_or_nothing(&now_index, place.raw_name), change, ret_path);
    return r;
}

int patch_conflict(Span base, Span now, Span patch, Buf *ret_path)
{
    size_t begin = ret_path->len;

    return undo(ret_path, begin, conflict(NULL, base, now, patch, ret_path));
}
