#include "top_sort.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    enum TopCell cell; /* of the columns that are texts */
    bool text;
} sorts[TOP_SORTS] = {
    [TOP_BY_NAME] = {"name", TOP_NAME, true},
    [TOP_BY_PROJECT] = {"project", TOP_PROJECT, true},
    [TOP_BY_STATUS] = {"status", TOP_STATUS, true},
    [TOP_BY_IP] = {"ip", TOP_IP, true},
    [TOP_BY_SIZE] = {"size", TOP_SIZE, true},
    [TOP_BY_REGION] = {"region", TOP_REGION, true},
    [TOP_BY_CPU] = {.name = "cpu"},
    [TOP_BY_MEMORY] = {.name = "mem"},
    [TOP_BY_AGE] = {.name = "age"},
    [TOP_BY_HEALTH] = {"health", TOP_HEALTH, true},
};

bool top_sort_parse(const char *text, enum TopSort *ret_sort)
{
    for (enum TopSort sort = 0; sort < TOP_SORTS; sort++) {
        if (strcasecmp(text, sorts[sort].name) == 0) {
            *ret_sort = sort;
            return true;
        }
    }
    return false;
}

const char *top_sort_name(enum TopSort sort)
{
    return sorts[sort].name;
}

static int higher_first(int64_t a, int64_t b)
{
    return (a < b) - (a > b);
}

static int compare_cells(const TopRows *rows, const TopRow *a, const TopRow *b, enum TopCell cell)
{
    if (a->cells[cell] == b->cells[cell])
        return 0;
    return strverscmp(top_rows_cell(rows, a, cell), top_rows_cell(rows, b, cell));
}

static int compare_column(const TopView *view, const TopRow *a, const TopRow *b)
{
    switch (view->sort) {
    case TOP_BY_CPU:
        return higher_first(a->cpu, b->cpu);
    case TOP_BY_MEMORY:
        return higher_first(a->memory, b->memory);
    case TOP_BY_AGE:
        return higher_first(a->created_ms, b->created_ms);
    default:
        return compare_cells(view->rows, a, b, sorts[view->sort].cell);
    }
}

/* Names that are the same keep the order of the listing, which is that of the mount. */
static int compare_names(const void *one, const void *other, void *ctx)
{
    const TopRows *rows = ctx;
    uint32_t at = *(const uint32_t *)one, beside = *(const uint32_t *)other;
    int r = compare_cells(rows, &rows->rows[at], &rows->rows[beside], TOP_NAME);

    return r != 0 ? r : (at > beside) - (at < beside);
}

void top_sort_names(TopView *view)
{
    qsort_r(view->order, view->rows->count, sizeof *view->order, compare_names, (void *)(uintptr_t)view->rows);
    for (uint32_t i = 0; i < view->rows->count; i++)
        view->name_ranks[view->order[i]] = i;
}

static int compare(const void *one, const void *other, void *ctx)
{
    const TopView *view = ctx;
    uint32_t at = *(const uint32_t *)one, beside = *(const uint32_t *)other;
    const TopRow *a = &view->rows->rows[at], *b = &view->rows->rows[beside];
    int r = 0;

    if (view->grouped && a->project != b->project)
        return view->groups[a->project].rank < view->groups[b->project].rank ? -1 : 1;
    r = view->sort == TOP_BY_NAME ? 0 : compare_column(view, a, b);
    if (r == 0)
        r = view->name_ranks[at] < view->name_ranks[beside] ? -1 : 1;
    return view->reversed ? -r : r;
}

void top_sort_rows(TopView *view)
{
    qsort_r(view->order, view->rows->count, sizeof *view->order, compare, view);
}
