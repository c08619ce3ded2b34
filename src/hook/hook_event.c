#include "hook_event.h"

#include <string.h>

#include "buf.h"
#include "date.h"
#include "error.h"
#include "json.h"

static const struct {
    const char *type;
    enum HookKind kind;
} kinds[] = {
    {"instance.created", HOOK_CREATED},
    {"instance.updated", HOOK_UPDATED},
    {"instance.status_changed", HOOK_STATUS_CHANGED},
    {"instance.deleted", HOOK_DELETED},
};

static const char project_prefix[] = "project.";

enum Part { PART_ID, PART_TYPE, PART_CREATED_AT, PART_DATA, PARTS };

static const Span part_names[PARTS] = {[PART_ID] = {"id", 2},
                                       [PART_TYPE] = {"type", 4},
                                       [PART_CREATED_AT] = {"created_at", 10},
                                       [PART_DATA] = {"data", 4}};

enum Detail { DETAIL_ID, DETAIL_PROJECT_ID, DETAIL_NAME, DETAILS };

static const Span detail_names[DETAILS] = {
    [DETAIL_ID] = {"id", 2}, [DETAIL_PROJECT_ID] = {"project_id", 10}, [DETAIL_NAME] = {"name", 4}};

static bool is_of(Span value, enum JsonType type)
{
    return value.at && json_type(value) == type;
}

/* The text of a JSON string that fits, with its NUL. -ERR_PROTOCOL if there is none, it is empty, holds a NUL of its own
 * or is too long. */
static int take_text(Span value, char *into, size_t bytes_max)
{
    _cleanup_buf_ Buf text = BUF_INIT(bytes_max);
    int r = is_of(value, JSON_STRING) ? json_string(value, &text) : -ERR_PROTOCOL;

    if (r == -ERR_TOO_BIG || (r == 0 && (text.len == 0 || memchr(text.data, '\0', text.len))))
        return -ERR_PROTOCOL;
    if (r == 0)
        memcpy(into, text.data, text.len + 1);
    return r;
}

/* The same for what may be missing: then it is left "". */
static int take_detail(Span value, char *into, size_t bytes_max)
{
    int r = take_text(value, into, bytes_max);

    return r == -ERR_PROTOCOL ? 0 : r;
}

static int take_date(Span value, int64_t *ret_ms)
{
    char text[DATE_TEXT_BYTES * 2];
    int r = take_text(value, text, sizeof text - 1);

    if (r == 0 && !date_parse_rfc3339(span_of(text), ret_ms))
        return -ERR_PROTOCOL;
    return r;
}

static enum HookKind kind_of(const char *type)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].type, type) == 0)
            return kinds[i].kind;
    return strncmp(type, project_prefix, sizeof project_prefix - 1) == 0 ? HOOK_PROJECT : HOOK_OTHER;
}

static int take_data(Span data, HookEvent *event)
{
    Span details[DETAILS];
    int r;

    if (!is_of(data, JSON_OBJECT))
        return -ERR_PROTOCOL;
    json_members(data, detail_names, DETAILS, details);
    r = take_detail(details[DETAIL_ID], event->subject_id, RESOURCE_ID_BYTES);
    if (r == 0)
        r = take_detail(details[DETAIL_PROJECT_ID], event->project_id, RESOURCE_ID_BYTES);
    if (r == 0)
        r = take_detail(details[DETAIL_NAME], event->name, HOOK_EVENT_NAME_BYTES);
    return r;
}

int hook_event_parse(Span body, HookEvent *ret_event)
{
    HookEvent event = {0};
    Span parts[PARTS];
    int r = json_check(body, NULL);

    if (r < 0)
        return r;
    body = json_trim(body);
    if (!is_of(body, JSON_OBJECT))
        return -ERR_PROTOCOL;
    json_members(body, part_names, PARTS, parts);
    r = take_text(parts[PART_ID], event.id, HOOK_EVENT_ID_BYTES);
    if (r == 0)
        r = take_text(parts[PART_TYPE], event.type, HOOK_EVENT_TYPE_BYTES);
    if (r == 0)
        r = take_date(parts[PART_CREATED_AT], &event.created_wall_ms);
    if (r == 0)
        r = take_data(parts[PART_DATA], &event);
    if (r < 0)
        return r;
    event.kind = kind_of(event.type);
    *ret_event = event;
    return 0;
}
