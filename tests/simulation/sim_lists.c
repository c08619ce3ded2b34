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

static unsigned number_of(const char *path)
{
    const char *page = strstr(path, "&page=");

    return page ? (unsigned)strtoul(page + 6, NULL, 10) : 1;
}

/* Side by side are only pages of one run, and of these so many: the one whose turn it is, and those after it. */
static void check_abreast(SimLists *lists, const char *path)
{
    const char *after = strstr(path, "&page=");
    unsigned page = number_of(path);

    if (lists->under_way > 0 && !after)
        lists->broken = true;
    if (after &&
        (page < lists->page || page >= lists->page + SIM_LISTS_ABREAST || lists->under_way >= SIM_LISTS_ABREAST))
        lists->broken = true;
    if (after && lists->limit > 0 && (page - 1) * lists->limit >= lists->total)
        lists->broken = true;
}

static void begin_run(SimLists *lists)
{
    lists->now.took_ms = 0;
    lists->shifted = false;
    lists->total = lists->limit = 0;
    lists->page = 1;
    memset(lists->pages, 0, sizeof lists->pages);
    memset(lists->ids, 0, sizeof lists->ids);
}

void sim_lists_sent(SimLists *lists, const char *method, const char *path, int64_t now_ms)
{
    if (strcmp(method, "GET") != 0 || !is_page(path))
        return;
    check_abreast(lists, path);
    if (lists->under_way++ == 0)
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
    begin_run(lists);
}

/* The time up to now counts. */
static void count_time(SimLists *lists, int64_t now_ms)
{
    if (lists->asked_ms < 0)
        return;
    lists->now.took_ms += now_ms - lists->asked_ms;
    lists->now.spent_ms += now_ms - lists->asked_ms;
    lists->asked_ms = now_ms;
}

void sim_lists_over(SimLists *lists, const char *method, const char *path, int64_t now_ms)
{
    if (strcmp(method, "GET") != 0 || !is_page(path))
        return;
    count_time(lists, now_ms);
    if (--lists->under_way == 0)
        lists->asked_ms = -1;
}

static void read_ids(SimPage *page, const char *body)
{
    for (const char *at = strstr(body, "\"id\":\"ins_"); at && page->rows < SIM_LISTS_ROWS;
         at = strstr(at + 1, "\"id\":\"ins_"))
        page->ids[page->rows++] = (unsigned)(strtoul(at + 10, NULL, 10) % SIM_LISTS_IDS);
}

/* Whether one came before in this run. */
static bool note_ids(SimLists *lists, const SimPage *page)
{
    bool twice = false;

    for (unsigned i = 0; i < page->rows; i++) {
        twice |= lists->ids[page->ids[i]];
        lists->ids[page->ids[i]] = true;
    }
    return twice;
}

/* Numbered pages can't be read on where rows came or went. */
static bool has_shifted(SimLists *lists, const SimPage *page)
{
    bool twice = note_ids(lists, page), changed = lists->limit && lists->total != page->total;

    lists->total = page->total;
    lists->limit = page->limit;
    return twice || changed || (page->rows == 0 && page->total > 0);
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

/* The pages whose turn has come. */
static void take_pages(SimLists *lists, int64_t now_ms)
{
    SimPage *page;

    while ((page = &lists->pages[lists->page % SIM_LISTS_ABREAST])->came) {
        page->came = false;
        if (has_shifted(lists, page)) {
            memset(lists->pages, 0, sizeof lists->pages);
            begin_anew(lists, now_ms);
            return;
        }
        if (lists->page++ * page->limit >= page->total) {
            keep(lists, now_ms);
            return;
        }
    }
}

void sim_lists_came(SimLists *lists, const char *path, const char *body, int64_t now_ms)
{
    const char *numbers = strstr(body, "\"pagination\":");
    SimPage page = {.came = true};
    unsigned number;

    if (!is_page(path))
        return;
    count_time(lists, now_ms);
    if (numbers && sscanf(numbers, "\"pagination\":{\"page\":%u,\"limit\":%u,\"total\":%u", &number, &page.limit,
                          &page.total) == 3) {
        read_ids(&page, body);
        lists->pages[number % SIM_LISTS_ABREAST] = page;
        take_pages(lists, now_ms);
    } else if (strstr(body, "\"next_cursor\":null")) {
        keep(lists, now_ms);
    }
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
