#include "json_names.h"

#include <stdlib.h>

#include "error.h"
#include "json_lex.h"
#include "json_text.h"

enum {
    NAMES_FIRST_ROOM = 64,
    NAMES_PAIRWISE_MAX = 64, /* names of an object that are compared without sorting, … */
    NAMES_ESCAPED_MAX = 8,   /* … and if no keys keep them from being decoded each time */
};

void json_names_init(JsonNames *names, Span text)
{
    *names = (JsonNames){.text = text.at, .text_end = text.at + text.len};
}

void json_names_release(JsonNames *names)
{
    free(names->items);
    names->items = NULL;
}

void json_names_open(JsonNames *names)
{
    names->first[names->depth++] = names->count;
}

void json_names_begin(JsonNames *names, const char *quote)
{
    names->name = quote;
}

static int grow(JsonNames *names)
{
    size_t room = names->room ? 2 * names->room : NAMES_FIRST_ROOM;
    JsonName *items;

    if (names->count == JSON_NAMES_MAX)
        return -ERR_TOO_BIG;
    items = realloc(names->items, room * sizeof(*items));
    if (!items)
        return names->error = -ERR_NO_MEMORY;
    names->items = items;
    names->room = room;
    return 0;
}

/* Never 0. Four bytes tell nearly all names of one object apart. */
static uint32_t key_of(const char *name, size_t length)
{
    const unsigned char *bytes = (const unsigned char *)name;
    uint32_t ends;

    if (length == 0)
        return 1;
    ends = bytes[0] | (uint32_t)bytes[length / 2] << 8 | (uint32_t)bytes[length - 1] << 16;
    return (ends | (uint32_t)length << 24) * 0x9E3779B1u | 1;
}

int json_names_end(JsonNames *names, const char *end)
{
    const char *begin = names->name + 1;
    size_t length = (size_t)(end - 1 - begin);
    int r;

    if (names->count == names->room) {
        r = grow(names);
        if (r < 0)
            return r;
    }
    names->items[names->count++] = (JsonName){
        .offset = (uint32_t)(names->name - names->text),
        .key = memchr(begin, '\\', length) ? 0 : key_of(begin, length),
    };
    return 0;
}

static Span raw_name(const JsonNames *names, const JsonName *name)
{
    const char *at = names->text + name->offset;

    return (Span){at, (size_t)(lex_string(at, names->text_end) - at)};
}

/* With a name that has escapes among them, keys tell nothing: whether it is so. */
static bool level_keys(JsonName *items, size_t count)
{
    bool escaped = false;

    for (size_t i = 0; i < count; i++)
        escaped |= items[i].key == 0;
    for (size_t i = 0; escaped && i < count; i++)
        items[i].key = 0;
    return escaped;
}

static bool among(const JsonNames *names, const JsonName *items, size_t count, const JsonName *wanted)
{
    for (size_t i = 0; i < count; i++)
        if (items[i].key == wanted->key && json_text_equal(raw_name(names, &items[i]), raw_name(names, wanted)))
            return true;
    return false;
}

static const JsonName *find_pairwise(const JsonNames *names, const JsonName *items, size_t count)
{
    uint64_t seen = 0; /* a bit for each sixty-fourth of the keys */

    for (size_t i = 0; i < count; i++) {
        uint64_t bit = UINT64_C(1) << (items[i].key >> 26);

        if ((seen & bit) && among(names, items, i, &items[i]))
            return &items[i];
        seen |= bit;
    }
    return NULL;
}

static int compare(const void *left, const void *right, void *context)
{
    const JsonName *a = left, *b = right;
    const JsonNames *names = context;
    int order;

    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    order = json_text_compare(raw_name(names, a), raw_name(names, b));
    return order != 0 ? order : a->offset < b->offset ? -1 : 1;
}

static const JsonName *find_sorted(JsonNames *names, JsonName *items, size_t count)
{
    qsort_r(items, count, sizeof(*items), compare, names);
    for (size_t i = 1; i < count; i++)
        if (items[i].key == items[i - 1].key &&
            json_text_equal(raw_name(names, &items[i]), raw_name(names, &items[i - 1])))
            return &items[i];
    return NULL;
}

int json_names_close(JsonNames *names, const char **ret_duplicate)
{
    size_t first = names->first[--names->depth];
    size_t count = names->count - first, pairwise_max;
    JsonName *items;
    const JsonName *found;

    names->count = first;
    if (count < 2)
        return 0;
    items = names->items + first;
    pairwise_max = level_keys(items, count) ? NAMES_ESCAPED_MAX : NAMES_PAIRWISE_MAX;
    found = count <= pairwise_max ? find_pairwise(names, items, count) : find_sorted(names, items, count);
    if (!found)
        return 0;
    *ret_duplicate = names->text + found->offset;
    return -ERR_EXISTS;
}
