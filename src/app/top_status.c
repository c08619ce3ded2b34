#include "top_status.h"

#include <math.h>

#include "buf.h"
#include "error.h"
#include "json.h"
#include "log.h"

enum { VALUE_BYTES = 16 << 10, NUMBER_BYTES = 40 };

static const struct {
    const char *word, *sentence;
} reasons[] = {
    {"retry_after", "the API told us to wait"},
    {"minute", "the minute's budget is spent"},
    {"in_flight", "others are under way"},
    {"ledger", "the day's count is written"},
};

static void take_text(Span object, const char *member, char *ret_text, size_t room)
{
    _cleanup_buf_ Buf text = BUF_INIT(VALUE_BYTES);
    _cleanup_buf_ Buf shown = BUF_INIT(VALUE_BYTES);
    Span value;

    *ret_text = '\0';
    if (!json_member(object, member, &value) || json_type(value) != JSON_STRING || json_string(value, &text) < 0 ||
        text_escape(&shown, buf_text(&text), text.len) < 0)
        return;
    memcpy(ret_text, buf_text(&shown), shown.len < room ? shown.len + 1 : room);
    ret_text[room - 1] = '\0';
}

static double take_number(Span object, const char *member, double otherwise)
{
    double number;
    Span value;

    if (!json_member(object, member, &value) || json_trim(value).len >= NUMBER_BYTES || !json_double(value, &number))
        return otherwise;
    return isfinite(number) && fabs(number) < 1e15 ? number : otherwise;
}

static int64_t take_count(Span object, const char *member, int64_t otherwise)
{
    return (int64_t)take_number(object, member, (double)otherwise);
}

static int64_t take_seconds(Span object, const char *member, int64_t otherwise_ms)
{
    return (int64_t)(take_number(object, member, (double)otherwise_ms / 1000) * 1000);
}

static bool is_true(Span object, const char *member)
{
    Span value;

    return json_member(object, member, &value) && json_type(value) == JSON_TRUE;
}

/* An object; what is none has no members. */
static Span take_object(Span object, const char *member)
{
    Span value;

    return json_member(object, member, &value) ? value : span_of("{}");
}

static void take_list(Span list, TopStatus *status)
{
    status->known = take_count(list, "count", 0);
    status->complete = is_true(list, "complete");
    status->listing = is_true(list, "listing");
    status->stale = is_true(list, "stale");
    status->listed_rows = take_count(list, "listing_rows", -1);
    status->listed_total = take_count(list, "listing_total", -1);
    status->age_ms = take_seconds(list, "age_seconds", 0);
}

static void take_api(Span api, TopStatus *status)
{
    Span line = take_object(api, "line");

    status->minute_used = take_count(api, "minute_used", 0);
    status->minute_limit = take_count(api, "minute_limit", 0);
    status->day_used = take_count(api, "day_used", 0);
    status->day_limit = take_count(api, "day_limit", 0);
    status->ttl_ms = take_seconds(api, "ttl_seconds", 0);
    status->in_line = take_count(api, "in_line", 0);
    status->waits_ms = take_seconds(line, "next_seconds", -1);
    take_text(line, "reason", status->reason, sizeof status->reason);
}

/* The first reason's sentence: what is wrong, in words. */
static void take_reason(Span text, TopStatus *status)
{
    Span list, name, first;
    JsonIter iter;

    if (!json_member(text, "reasons", &list) || json_type(list) != JSON_ARRAY)
        return;
    json_iter_init(&iter, list);
    if (json_iter_next(&iter, &name, &first) && json_type(first) == JSON_OBJECT)
        take_text(first, "sentence", status->wrong, sizeof status->wrong);
}

int top_status_parse(Span text, TopStatus *ret_status)
{
    int r = json_check(text, NULL);

    if (r < 0 || json_type(text) != JSON_OBJECT)
        return r < 0 ? r : -ERR_PROTOCOL;
    *ret_status = (TopStatus){0};
    take_text(text, "state", ret_status->state, sizeof ret_status->state);
    take_text(text, "source", ret_status->source, sizeof ret_status->source);
    take_text(text, "endpoint", ret_status->endpoint, sizeof ret_status->endpoint);
    take_text(text, "project", ret_status->project, sizeof ret_status->project);
    take_reason(text, ret_status);
    take_list(take_object(text, "instances"), ret_status);
    take_api(take_object(text, "api"), ret_status);
    return 0;
}

/* The file counts ages in whole seconds. */
bool top_status_is_fresh(const TopStatus *status, int64_t for_ms)
{
    return status->complete && !status->stale && status->age_ms + 1000 + for_ms < status->ttl_ms;
}

const char *top_status_reason(const TopStatus *status)
{
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        if (strcmp(status->reason, reasons[i].word) == 0)
            return reasons[i].sentence;
    }
    return status->reason;
}
