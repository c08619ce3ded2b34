#include <string.h>

#include "date.h"
#include "error.h"
#include "event.h"
#include "json.h"

enum {
    KEY_BYTES = 1024,
    PATH_BYTES = 4096,
    SEARCHES_MAX = 256, /* what changes in a huge object whose order changed too is not told to its last */
};

/* A change that is being told, and where. */
typedef struct Telling {
    const Event *event;
    event_take_fn take;
    void *ctx;
    bool known_alone; /* what one of the two lacks is not known */
    unsigned left;
    unsigned searches; /* for a member by its name, each as long as its object */
} Telling;

static const Span no_value = {NULL, 0};

/* How much of a text fits, up to the beginning of a character. */
static size_t cut(Span text)
{
    size_t bytes = EVENT_TEXT_BYTES;

    if (text.len <= bytes)
        return text.len;
    while (bytes > 0 && ((unsigned char)text.at[bytes] & 0xC0) == 0x80)
        bytes--;
    return bytes;
}

static int add_text(Buf *line, const char *key, Span text)
{
    _cleanup_buf_ Buf whole = BUF_INIT(EVENT_LINE_BYTES);
    size_t bytes = cut(text);
    int r = buf_append(&whole, text.at, bytes);

    if (r == 0 && bytes < text.len)
        r = buf_append_str(&whole, "…");
    if (r == 0)
        r = buf_printf(line, ",\"%s\":", key);
    return r < 0 ? r : json_quote_ascii(line, (Span){buf_text(&whole), whole.len});
}

static int add_value(Buf *line, const char *key, Span value)
{
    _cleanup_buf_ Buf text = BUF_INIT(RESOURCE_TEXT_BYTES);
    int r;

    if (!value.at || json_type(value) == JSON_NULL)
        return buf_printf(line, ",\"%s\":null", key);
    r = json_type(value) == JSON_STRING ? json_string(value, &text) : json_compact(&text, value);
    return r < 0 ? r : add_text(line, key, (Span){buf_text(&text), text.len});
}

static int add_subject(Buf *line, const Event *event)
{
    const Resource *resource = event->after ? event->after : event->before;
    char time[DATE_TEXT_BYTES];
    int r;

    date_format(event->wall_ms, time);
    r = buf_printf(line, "{\"time\":\"%s\"", time);
    if (r == 0)
        r = add_text(line, "project", event->project);
    if (r == 0)
        r = add_text(line, "name", resource_name(resource));
    return r < 0 ? r : json_quote_member(line, "id", resource_id(resource));
}

static int add_field(Buf *line, const char *field)
{
    return field ? add_text(line, "field", span_of(field)) : buf_append_str(line, ",\"field\":null");
}

/* A line that would be too long is left out. */
static int tell(Telling *telling, const char *type, const char *field, Span from, Span to)
{
    _cleanup_buf_ Buf line = BUF_INIT(EVENT_LINE_BYTES);
    int r = add_subject(&line, telling->event);

    if (r == 0)
        r = json_quote_member(&line, "type", type);
    if (r == 0)
        r = add_field(&line, field);
    if (r == 0)
        r = add_value(&line, "from", from);
    if (r == 0)
        r = add_value(&line, "to", to);
    if (r == 0)
        r = buf_printf(&line, ",\"source\":\"%s\"}", telling->event->source);
    if (r == 0)
        r = telling->take(telling->ctx, (Span){line.data, line.len});
    return r == -ERR_TOO_BIG ? 0 : r;
}

static int tell_field(Telling *telling, const char *path, Span from, Span to)
{
    if (telling->left == 0)
        return 0;
    telling->left--;
    return tell(telling, strcmp(path, "status") == 0 ? "status_changed" : "updated", path, from, to);
}

static int tell_objects(Telling *telling, const char *path, Span from, Span to);

static int tell_if_other(Telling *telling, const char *path, Span from, Span to)
{
    if (!from.at || !to.at)
        return telling->known_alone ? 0 : tell_field(telling, path, from, to);
    if (json_equal(from, to))
        return 0;
    if (json_type(from) == JSON_OBJECT && json_type(to) == JSON_OBJECT)
        return tell_objects(telling, path, from, to);
    return tell_field(telling, path, from, to);
}

/* A member of one of two objects: its path, and its value in the other, if it is there. A name that is too long to be told
 * gives an empty path. */
static int find_member(const char *path, Span raw_key, Span other, Buf *ret_path, Span *ret_value)
{
    _cleanup_buf_ Buf key = BUF_INIT(KEY_BYTES);
    int r = json_string(raw_key, &key);

    if (r == 0)
        r = buf_printf(ret_path, "%s%s%s", path, *path ? "." : "", buf_text(&key));
    if (r == -ERR_TOO_BIG)
        buf_clear(ret_path);
    *ret_value = no_value;
    if (r == 0)
        (void)json_member(other, buf_text(&key), ret_value);
    return r == -ERR_TOO_BIG ? 0 : r;
}

/* The next member of an object that is walked beside another, most often in the same order: whether it has that name and, if
 * one is given, that value. This spares to look for each. */
static bool is_beside(JsonIter *beside, Span raw_key, const Span *value)
{
    Span key, own;

    return json_iter_next(beside, &key, &own) && span_equal(key, raw_key) && (!value || span_equal(own, *value));
}

static bool may_go_on(const Telling *telling)
{
    return telling->left > 0 && telling->searches < SEARCHES_MAX;
}

static int tell_members(Telling *telling, const char *path, Span from, Span to)
{
    JsonIter iter, beside;
    Span key, value, before;
    int r = 0;

    json_iter_init(&iter, to);
    json_iter_init(&beside, from);
    while (r == 0 && may_go_on(telling) && json_iter_next(&iter, &key, &value)) {
        _cleanup_buf_ Buf own = BUF_INIT(PATH_BYTES);

        if (is_beside(&beside, key, &value))
            continue;
        telling->searches++;
        r = find_member(path, key, from, &own, &before);
        if (r == 0 && own.len > 0)
            r = tell_if_other(telling, buf_text(&own), before, value);
    }
    return r;
}

static int tell_lost(Telling *telling, const char *path, Span from, Span to)
{
    JsonIter iter, beside;
    Span key, value, after;
    int r = 0;

    json_iter_init(&iter, from);
    json_iter_init(&beside, to);
    while (r == 0 && may_go_on(telling) && json_iter_next(&iter, &key, &value)) {
        _cleanup_buf_ Buf own = BUF_INIT(PATH_BYTES);

        if (is_beside(&beside, key, NULL))
            continue;
        telling->searches++;
        r = find_member(path, key, to, &own, &after);
        if (r == 0 && own.len > 0 && !after.at)
            r = tell_if_other(telling, buf_text(&own), value, after);
    }
    return r;
}

/* JSON_DEPTH_MAX bounds how deep this goes. */
static int tell_objects(Telling *telling, const char *path, Span from, Span to)
{
    int r = tell_members(telling, path, from, to);

    telling->searches = 0;
    return r < 0 ? r : tell_lost(telling, path, from, to);
}

int event_lines(const Event *event, event_take_fn take, void *ctx)
{
    Telling telling = {.event = event, .take = take, .ctx = ctx, .left = EVENT_FIELDS_MAX};

    if (!event->before || !event->after)
        return tell(&telling, event->before ? "deleted" : "created", NULL, no_value, no_value);
    telling.known_alone = !resource_is_whole(event->before) || !resource_is_whole(event->after);
    return tell_objects(&telling, "", resource_text(event->before), resource_text(event->after));
}
