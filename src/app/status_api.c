#include <cjson/cJSON.h>

#include "app_internal.h"
#include "date.h"

static const char *const class_names[API_CLASSES] = {"change", "read", "refresh", "walk", "background"};

const char *status_class(enum ApiClass class)
{
    return class_names[class];
}

/* What keeps the first in line, for people and for programs. */
static const struct {
    const char *sentence, *word;
} reasons[] = {
    [API_WAIT_NONE] = {"", "nothing"},
    [API_WAIT_RETRY_AFTER] = {"the API told us to wait (Retry-After)", "retry_after"},
    [API_WAIT_MINUTE] = {"the minute's requests are spent", "minute"},
    [API_WAIT_IN_FLIGHT] = {"as many requests as may be are under way", "in_flight"},
    [API_WAIT_LEDGER] = {"the day's count is being written to disk", "ledger"},
};

static long long in_seconds(int64_t ms)
{
    return (ms + 999) / 1000;
}

static int add_minute(const ApiStats *api, Buf *into)
{
    if (api->minute_limit == 0)
        return buf_printf(into, "budget     %u in this minute (no limit)", api->minute_used);
    return buf_printf(into, "budget     %u of %u in this minute", api->minute_used, api->minute_limit);
}

static int add_day(const ApiStats *api, Buf *into)
{
    if (api->day_limit == 0)
        return buf_printf(into, ", %u in this day (no limit)\n", api->day_used);
    return buf_printf(into, ", %u of %u in this day (the last %u are kept for changes)\n%s", api->day_used,
                      api->day_limit, api->day_kept,
                      api->day_in_memory ? "           the day's count can't be written to disk: a restart forgets it\n"
                                         : "");
}

static int add_classes(const ApiStats *api, Buf *into)
{
    const char *before = " (";
    int r = 0;

    for (size_t class = 0; class < API_CLASSES && r == 0; class ++) {
        if (api->waiting[class] == 0)
            continue;
        r = buf_printf(into, "%s%u %s", before, api->waiting[class], class_names[class]);
        before = ", ";
    }
    return r < 0 || *before == ' ' ? r : buf_append_char(into, ')');
}

static int add_reason(const ApiStats *api, Buf *into)
{
    int r = buf_printf(into, "           the first waits since %lld s: %s", in_seconds(api->longest_ms),
                       reasons[api->why].sentence);

    if (r == 0 && api->next_ms >= 0)
        r = buf_printf(into, "; it goes in %lld s", in_seconds(api->next_ms));
    return r < 0 ? r : buf_append_char(into, '\n');
}

static int add_line(const ApiStats *api, Buf *into)
{
    int r = buf_printf(into, "line       %u waiting", api->in_line);

    if (r == 0)
        r = add_classes(api, into);
    if (r == 0)
        r = buf_printf(into, ", %u under way", api->in_flight);
    if (r == 0 && api->held_ms > 0)
        r = buf_printf(into, ", held for %lld s by the API", in_seconds(api->held_ms));
    if (r == 0)
        r = buf_append_char(into, '\n');
    return r < 0 || api->why == API_WAIT_NONE ? r : add_reason(api, into);
}

static int add_reach(const ApiStats *api, Buf *into)
{
    char since[DATE_TEXT_BYTES];

    if (!api->unreachable)
        return 0;
    date_format_age(api->unreachable_ms, since);
    return buf_printf(
        into, "reach      no answer to %u calls in a row, since %s; calls fail at once, and one tries in %lld s\n",
        api->unreachable_calls, since, in_seconds(api->try_ms));
}

static int add_stretch(const StoreListFacts *list, Buf *into)
{
    char ttl[DATE_TEXT_BYTES];

    if (!list->stretched)
        return 0;
    date_format_age(list->ttl_ms, ttl);
    return buf_printf(into, "freshness  listings and files stay as they are for %s, so that the day's requests last\n",
                      ttl);
}

int status_api_render(const ApiStats *api, const StoreListFacts *instances, Buf *into)
{
    int r = buf_printf(into, "requests   %llu sent, %llu without success, %llu sent again\n",
                       (unsigned long long)api->requests, (unsigned long long)api->failures,
                       (unsigned long long)api->retries);

    if (r == 0)
        r = add_minute(api, into);
    if (r == 0)
        r = add_day(api, into);
    if (r == 0)
        r = add_line(api, into);
    if (r == 0)
        r = add_reach(api, into);
    return r < 0 ? r : add_stretch(instances, into);
}

static void add_wait_json(cJSON *api, const ApiStats *stats)
{
    cJSON *line = cJSON_AddObjectToObject(api, "line"), *waiting = cJSON_AddObjectToObject(line, "waiting");

    for (size_t class = 0; class < API_CLASSES; class ++)
        cJSON_AddNumberToObject(waiting, class_names[class], stats->waiting[class]);
    cJSON_AddStringToObject(line, "reason", reasons[stats->why].word);
    cJSON_AddNumberToObject(line, "longest_seconds", (double)stats->longest_ms / 1000);
    if (stats->next_ms >= 0)
        cJSON_AddNumberToObject(line, "next_seconds", (double)stats->next_ms / 1000);
}

static void add_reach_json(cJSON *api, const ApiStats *stats)
{
    cJSON *reach = cJSON_AddObjectToObject(api, "reach");

    cJSON_AddBoolToObject(reach, "answers", !stats->unreachable);
    cJSON_AddNumberToObject(reach, "failed_in_a_row", stats->unreachable_calls);
    cJSON_AddNumberToObject(reach, "since_seconds", (double)(stats->unreachable_ms / 1000));
    cJSON_AddNumberToObject(reach, "tries_in_seconds", (double)stats->try_ms / 1000);
}

void status_api_json(cJSON *root, const ApiStats *stats, const StoreListFacts *instances)
{
    cJSON *api = cJSON_AddObjectToObject(root, "api");
    cJSON *by_class = cJSON_AddObjectToObject(api, "by_class");

    for (size_t class = 0; class < API_CLASSES; class ++)
        cJSON_AddNumberToObject(by_class, class_names[class], (double)stats->by_class[class]);
    cJSON_AddNumberToObject(api, "requests", (double)stats->requests);
    cJSON_AddNumberToObject(api, "failures", (double)stats->failures);
    cJSON_AddNumberToObject(api, "retries", (double)stats->retries);
    cJSON_AddNumberToObject(api, "in_line", stats->in_line);
    cJSON_AddNumberToObject(api, "in_flight", stats->in_flight);
    cJSON_AddNumberToObject(api, "minute_used", stats->minute_used);
    cJSON_AddNumberToObject(api, "minute_limit", stats->minute_limit);
    cJSON_AddNumberToObject(api, "day_used", stats->day_used);
    cJSON_AddNumberToObject(api, "day_limit", stats->day_limit);
    cJSON_AddBoolToObject(api, "day_on_disk", !stats->day_in_memory);
    cJSON_AddNumberToObject(api, "held_seconds", (double)in_seconds(stats->held_ms));
    cJSON_AddNumberToObject(api, "ttl_seconds", (double)instances->ttl_ms / 1000);
    cJSON_AddBoolToObject(api, "ttl_stretched", instances->stretched);
    cJSON_AddBoolToObject(api, "token_latched", stats->token_latched);
    add_wait_json(api, stats);
    add_reach_json(api, stats);
}
