#include "top_events.h"

#include <stdio.h>
#include <string.h>

#include "error.h"
#include "json.h"
#include "log.h"

enum { LINE_BYTES = 256 << 10, MEMBER_BYTES = 1 << 20, DAY_AT = 11, TIME_OF_DAY = 8 };

void top_events_init(TopEvents *events)
{
    *events = (TopEvents){0};
    buf_init(&events->line, LINE_BYTES);
}

void top_events_release(TopEvents *events)
{
    buf_release(&events->line);
}

void top_events_cut(TopEvents *events)
{
    buf_clear(&events->line);
    events->skips = false;
}

const TopEvent *top_events_back(const TopEvents *events, size_t back)
{
    if (back >= TOP_EVENTS_MAX || back >= events->seen)
        return NULL;
    return &events->ring[(events->seen - 1 - back) % TOP_EVENTS_MAX];
}

/* A scalar member, decoded and escaped; nothing where there is none. */
static int add_member(Span event, const char *member, Buf *into)
{
    _cleanup_buf_ Buf text = BUF_INIT(MEMBER_BYTES);
    Span value;
    int r;

    if (!json_member(event, member, &value) || json_type(value) == JSON_NULL)
        return 0;
    r = json_text(value, &text);
    return r < 0 ? r : text_escape(into, buf_text(&text), text.len);
}

static bool has(Span event, const char *member)
{
    Span value;

    return json_member(event, member, &value) && json_type(value) != JSON_NULL;
}

static int add_labelled(Span event, const char *before, const char *member, const char *after, Buf *into)
{
    int r = has(event, member) ? buf_append_str(into, before) : 0;

    if (r == 0)
        r = add_member(event, member, into);
    return r < 0 || !has(event, member) ? r : buf_append_str(into, after);
}

/* What changes all the time, by itself, would leave no room for the rest; the table shows it. */
static bool is_churn(const char *field)
{
    return strncmp(field, "utilization.", strlen("utilization.")) == 0 || strcmp(field, "updated_at") == 0;
}

/* "prod/web-3 status: provisioning -> running (webhook)", or "prod/web-3 created (poll)". */
static int describe(Span event, Buf *into)
{
    bool changed = has(event, "field");
    int r = add_labelled(event, "", "project", "/", into);

    if (r == 0)
        r = add_labelled(event, "", "name", "", into);
    if (r == 0)
        r = changed ? add_labelled(event, " ", "field", ":", into) : add_labelled(event, " ", "type", "", into);
    if (r == 0 && changed)
        r = add_labelled(event, " ", "from", " ->", into);
    if (r == 0 && changed)
        r = add_labelled(event, " ", "to", "", into);
    return r < 0 ? r : add_labelled(event, " (", "source", ")", into);
}

static void copy_cut(const Buf *from, char *ret_text, size_t room)
{
    snprintf(ret_text, room, "%s", buf_text(from));
}

/* Out of 2026-03-19T10:22:44.123Z. */
static int take_time(Span event, TopEvent *into)
{
    _cleanup_buf_ Buf time = BUF_INIT(MEMBER_BYTES);
    int r = add_member(event, "time", &time);

    if (r == 0 && time.len >= DAY_AT + TIME_OF_DAY)
        snprintf(into->time, sizeof into->time, "%.*s", TIME_OF_DAY, buf_text(&time) + DAY_AT);
    return r;
}

static int take_text(Span event, TopEvent *into)
{
    _cleanup_buf_ Buf text = BUF_INIT(MEMBER_BYTES);
    int64_t missed;
    Span value;
    int r;

    if (json_member(event, "missed", &value) && json_integer(value, &missed))
        r = buf_printf(&text, "%lld events came too fast, and are not shown", (long long)missed);
    else
        r = describe(event, &text);
    copy_cut(&text, into->text, sizeof into->text);
    return r;
}

static int member_text(Span event, const char *member, char *ret_text, size_t room)
{
    _cleanup_buf_ Buf text = BUF_INIT(MEMBER_BYTES);
    int r = add_member(event, member, &text);

    copy_cut(&text, ret_text, room);
    return r;
}

static bool is_of_type(Span event, const char *word)
{
    char type[TOP_EVENT_BYTES];

    return member_text(event, "type", type, sizeof type) == 0 && strstr(type, word) != NULL;
}

static enum TopCell cell_of_field(const char *field)
{
    static const char *const names[TOP_CELLS] = {
        [TOP_STATUS] = "status", [TOP_IP] = "ip",         [TOP_SIZE] = "size",
        [TOP_REGION] = "region", [TOP_HEALTH] = "health", [TOP_NAME] = "name",
    };

    for (enum TopCell cell = 0; cell < TOP_CELLS; cell++) {
        if (names[cell] && strcmp(names[cell], field) == 0)
            return cell;
    }
    return TOP_CELLS;
}

/* Puts into its row what the event says. */
static int change_row(Span event, TopRows *rows, TopNews *news)
{
    char id[TOP_EVENT_BYTES], field[TOP_EVENT_BYTES], to[TOP_EVENT_BYTES];
    bool deleted = is_of_type(event, "deleted");
    enum TopCell cell = TOP_STATUS;
    TopRow *row;
    int r = member_text(event, "id", id, sizeof id);

    if (r == 0)
        r = member_text(event, "field", field, sizeof field);
    if (r == 0)
        r = member_text(event, "to", to, sizeof to);
    row = r == 0 && rows ? top_rows_find(rows, id) : NULL;
    if (!row || deleted)
        news->incomplete = true;
    if (!deleted)
        cell = cell_of_field(field);
    if (!row || cell == TOP_CELLS)
        return r;
    news->changed = true;
    return top_rows_set(rows, row, cell, deleted ? "deleted" : to);
}

static int take_line(TopEvents *events, Span line, TopRows *rows, TopNews *news)
{
    TopEvent *event = &events->ring[events->seen % TOP_EVENTS_MAX];
    char field[TOP_EVENT_BYTES] = "";
    int r = json_check(line, NULL);

    if (r < 0 || json_type(line) != JSON_OBJECT)
        return r == -ERR_NO_MEMORY ? r : 0;
    r = member_text(line, "field", field, sizeof field);
    if (r < 0 || is_churn(field))
        return r;
    *event = (TopEvent){0};
    events->seen++;
    r = take_time(line, event);
    if (r == 0)
        r = take_text(line, event);
    if (has(line, "missed"))
        news->incomplete = true;
    else if (r == 0)
        r = change_row(line, rows, news);
    return r < 0 ? r : member_text(line, "to", event->to, sizeof event->to);
}

static int end_line(TopEvents *events, TopRows *rows, TopNews *news)
{
    Span line = {buf_text(&events->line), events->line.len};
    int r = events->skips || line.len == 0 ? 0 : take_line(events, line, rows, news);

    top_events_cut(events);
    return r;
}

/* A line that is too long is left out, and no error. */
static int keep(TopEvents *events, Span part)
{
    int r = events->skips ? 0 : buf_append(&events->line, part.at, part.len);

    events->skips = events->skips || r < 0;
    return r == -ERR_TOO_BIG ? 0 : r;
}

int top_events_feed(TopEvents *events, Span bytes, TopRows *rows, TopNews *news)
{
    int r, worst = 0;

    while (bytes.len > 0) {
        const char *end = memchr(bytes.at, '\n', bytes.len);
        size_t count = end ? (size_t)(end - bytes.at) : bytes.len;

        r = keep(events, (Span){bytes.at, count});
        worst = r < 0 ? r : worst;
        r = end ? end_line(events, rows, news) : 0;
        worst = r == -ERR_NO_MEMORY ? r : worst;
        count += end != NULL;
        bytes = (Span){bytes.at + count, bytes.len - count};
    }
    return worst;
}
