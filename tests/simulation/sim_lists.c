#include "sim_lists.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const SimList none = {.attempt_ms = -1, .begun_ms = -1, .done_ms = -1};

static bool is_page(const char *path)
{
    return strncmp(path, "/v1/instances?", 14) == 0;
}

static bool is_first_page(const char *method, const char *path)
{
    return strcmp(method, "GET") == 0 && is_page(path) && !strchr(path, '&');
}

void sim_lists_clear(SimLists *lists)
{
    *lists = (SimLists){.now = none, .asked_ms = -1, .failed_ms = -1};
}

bool sim_lists_is_new(const SimLists *lists, const char *method, const char *path)
{
    return is_first_page(method, path) && !lists->shifted;
}

void sim_lists_sent(SimLists *lists, const char *method, const char *path, int64_t now_ms)
{
    if (strcmp(method, "GET") == 0 && is_page(path))
        lists->asked_ms = now_ms;
    if (!is_first_page(method, path))
        return;
    if (!lists->shifted) {
        lists->now = none;
        lists->now.attempt_ms = now_ms;
        lists->restarts = 0;
        lists->owed = false;
    }
    lists->now.begun_ms = now_ms;
    lists->now.took_ms = 0;
    lists->shifted = false;
    lists->total = 0;
    memset(lists->ids, 0, sizeof lists->ids);
}

/* Whether one came before in this run. */
static bool note_ids(SimLists *lists, const char *body)
{
    bool twice = false;

    for (const char *at = strstr(body, "\"id\":\"ins_"); at; at = strstr(at + 1, "\"id\":\"ins_")) {
        bool *id = &lists->ids[strtoul(at + 10, NULL, 10) % SIM_LISTS_IDS];

        twice |= *id;
        *id = true;
    }
    return twice;
}

/* Numbered pages can't be read on where rows came or went. */
static bool has_shifted(SimLists *lists, const char *body, unsigned total)
{
    bool twice = note_ids(lists, body), changed = lists->total && lists->total != total;

    lists->total = total;
    return twice || changed || (strstr(body, "\"data\":[]") && total > 0);
}

static void keep(SimLists *lists, int64_t now_ms)
{
    lists->now.done_ms = now_ms;
    lists->kept[lists->count++ % SIM_LISTS_KEPT] = lists->now;
    lists->now = none;
    lists->owed = false;
}

static void begin_anew(SimLists *lists, int64_t now_ms)
{
    if (lists->restarts++ < SIM_LISTS_RESTARTS) {
        lists->shifted = true;
        return;
    }
    lists->now = none;
    lists->owed = false;
    lists->failed_ms = now_ms;
}

void sim_lists_came(SimLists *lists, const char *path, const char *body, int64_t sent_ms, int64_t now_ms)
{
    const char *numbers = strstr(body, "\"pagination\":");
    unsigned page, limit, total;
    bool last = strstr(body, "\"next_cursor\":null") != NULL;

    if (!is_page(path))
        return;
    lists->asked_ms = -1;
    lists->now.took_ms += now_ms - sent_ms;
    lists->now.spent_ms += now_ms - sent_ms;
    if (numbers &&
        sscanf(numbers, "\"pagination\":{\"page\":%u,\"limit\":%u,\"total\":%u", &page, &limit, &total) == 3) {
        last = page * limit >= total;
        if (has_shifted(lists, body, total)) {
            begin_anew(lists, now_ms);
            return;
        }
    }
    if (last)
        keep(lists, now_ms);
}

/* The one that came last but `back`; NULL: there is none. */
static const SimList *find_whole(const SimLists *lists, unsigned back)
{
    return back < lists->count && back < SIM_LISTS_KEPT ? &lists->kept[(lists->count - 1 - back) % SIM_LISTS_KEPT]
                                                        : NULL;
}

/* Whether the attempt that followed on a list was read for longer than patience lasts. */
static bool drags_on(const SimLists *lists, const SimList *next, int64_t now_ms)
{
    if (next->done_ms >= 0)
        return next->spent_ms >= SIM_LISTS_PATIENCE_MS;
    return lists->asked_ms >= 0 && next->spent_ms + now_ms - lists->asked_ms >= SIM_LISTS_PATIENCE_MS;
}

int64_t sim_lists_told_ms(SimLists *lists, int64_t ttl_ms, int64_t asked_ms, int64_t now_ms)
{
    const SimList *next = &lists->now, *each;
    int64_t told = asked_ms;

    for (unsigned back = 0; (each = find_whole(lists, back)); back++) {
        if (asked_ms - each->done_ms < ttl_ms && asked_ms - ttl_ms - each->took_ms < told)
            told = asked_ms - ttl_ms - each->took_ms;
        if (drags_on(lists, next, now_ms) && each->begun_ms < told) {
            told = each->begun_ms;
            lists->owed |= next->done_ms < 0 && asked_ms - each->done_ms >= ttl_ms;
        }
        if (each->done_ms < asked_ms) /* none before it was the newest since */
            break;
        next = each;
    }
    return told;
}
