#include "top_view.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "top_sort.h"

static const struct {
    const char *status;
    enum TopMood mood;
} moods[] = {
    {"running", TOP_MOOD_GOOD},  {"provisioning", TOP_MOOD_BUSY}, {"stopping", TOP_MOOD_BUSY},
    {"deleting", TOP_MOOD_BUSY}, {"failed", TOP_MOOD_BAD},        {"stopped", TOP_MOOD_REST},
    {"deleted", TOP_MOOD_REST},
};

enum TopMood top_mood(const char *status)
{
    for (size_t i = 0; i < sizeof moods / sizeof moods[0]; i++) {
        if (strcmp(status, moods[i].status) == 0)
            return moods[i].mood;
    }
    return TOP_MOOD_PLAIN;
}

void top_view_init(TopView *view)
{
    *view = (TopView){.grouped = true, .page = 1};
}

static void free_turned(TopView *view)
{
    for (size_t i = 0; i < view->turned_count; i++)
        free(view->turned[i]);
    view->turned_count = 0;
}

/* No rows are shown after. */
static void free_lines(TopView *view)
{
    free(view->order);
    free(view->name_ranks);
    free(view->groups);
    free(view->by_rank);
    free(view->lines);
    view->order = NULL;
    view->name_ranks = NULL;
    view->groups = NULL;
    view->by_rank = NULL;
    view->lines = NULL;
    view->line_count = 0;
    view->rows = NULL;
    view->total = (TopGroup){0};
}

void top_view_release(TopView *view)
{
    free_turned(view);
    free_lines(view);
}

/* ---- groups ---- */

static size_t find_turned(const TopView *view, const char *name)
{
    size_t at = 0;

    while (at < view->turned_count && strcmp(view->turned[at], name) != 0)
        at++;
    return at;
}

static void close_as_told(TopView *view)
{
    for (size_t i = 0; i < view->rows->project_count; i++) {
        bool turned = find_turned(view, top_rows_project_name(view->rows, i)) < view->turned_count;

        view->groups[i].closed = view->all_closed != turned;
    }
}

static int compare_projects(const void *one, const void *other, void *ctx)
{
    const TopRows *rows = ctx;
    uint32_t a = *(const uint32_t *)one, b = *(const uint32_t *)other;
    int r = strverscmp(top_rows_project_name(rows, a), top_rows_project_name(rows, b));

    return r != 0 ? r : (a > b) - (a < b);
}

static void rank_projects(TopView *view)
{
    size_t count = view->rows->project_count;

    for (uint32_t i = 0; i < count; i++)
        view->by_rank[i] = i;
    qsort_r(view->by_rank, count, sizeof *view->by_rank, compare_projects, (void *)(uintptr_t)view->rows);
    for (uint32_t i = 0; i < count; i++)
        view->groups[view->by_rank[i]].rank = i;
}

static void count_row(TopGroup *group, enum TopMood mood, bool shown)
{
    group->rows++;
    group->shown += shown;
    group->running += mood == TOP_MOOD_GOOD;
    group->busy += mood == TOP_MOOD_BUSY;
    group->failed += mood == TOP_MOOD_BAD;
}

static void forget_counts(TopView *view)
{
    view->total = (TopGroup){0};
    for (size_t i = 0; i < view->rows->project_count; i++) {
        TopGroup *group = &view->groups[i];

        *group = (TopGroup){.rank = group->rank, .closed = group->closed};
    }
}

/* ---- filter ---- */

static bool cell_holds(const TopRows *rows, const TopRow *row, enum TopCell cell, const char *word)
{
    return strcasestr(top_rows_cell(rows, row, cell), word) != NULL;
}

/* "status:run": the column, and what follows the colon. False: it names no column that is a text. */
static bool split_word(char *word, enum TopCell *ret_cell, const char **ret_text)
{
    static const char *const names[TOP_CELLS] = {"name", "project", "status", "ip", "size", "region", "health", "id"};
    char *colon = strchr(word, ':');

    for (enum TopCell cell = 0; colon && cell < TOP_CELLS; cell++) {
        if (strncasecmp(word, names[cell], (size_t)(colon - word)) == 0 && names[cell][colon - word] == '\0') {
            *ret_cell = cell;
            *ret_text = colon + 1;
            return true;
        }
    }
    return false;
}

static bool word_fits(const TopRows *rows, const TopRow *row, char *word)
{
    enum TopCell cell;
    const char *text;

    if (split_word(word, &cell, &text))
        return cell_holds(rows, row, cell, text);
    for (cell = 0; cell < TOP_CELLS; cell++) {
        if (cell_holds(rows, row, cell, word))
            return true;
    }
    return false;
}

static bool is_wanted(const TopView *view, const TopRow *row)
{
    char words[TOP_FILTER_BYTES], *rest = words, *word;

    if (!view->filter[0])
        return true;
    memcpy(words, view->filter, sizeof words);
    while ((word = strsep(&rest, " ")) != NULL) {
        if (*word && !word_fits(view->rows, row, word))
            return false;
    }
    return true;
}

/* ---- lines ---- */

static void add_line(TopView *view, uint32_t row, uint32_t project)
{
    view->lines[view->line_count++] = (TopLine){.row = row, .project = project};
}

static void add_row(TopView *view, uint32_t at)
{
    const TopRow *row = &view->rows->rows[at];
    TopGroup *group = &view->groups[row->project];
    enum TopMood mood = top_mood(top_rows_cell(view->rows, row, TOP_STATUS));
    bool wanted = is_wanted(view, row);

    count_row(group, mood, wanted);
    count_row(&view->total, mood, wanted);
    if (wanted && !(view->grouped && group->closed))
        add_line(view, at, row->project);
}

/* A project without rows has its line too, but where a filter looks for rows. Returns the place of the next one's. */
static size_t add_group(TopView *view, uint32_t project, size_t place)
{
    size_t heading = view->line_count;

    add_line(view, TOP_HEADING, project);
    for (; place < view->rows->count && view->rows->rows[view->order[place]].project == project; place++)
        add_row(view, view->order[place]);
    if (view->filter[0] && view->groups[project].shown == 0)
        view->line_count = heading;
    return place;
}

static void make_lines(TopView *view)
{
    size_t place = 0;

    view->line_count = 0;
    forget_counts(view);
    for (size_t rank = 0; view->grouped && rank < view->rows->project_count; rank++)
        place = add_group(view, view->by_rank[rank], place);
    for (; place < view->rows->count; place++)
        add_row(view, view->order[place]);
}

/* ---- where one is ---- */

/* What stands at the selected line, to be found again: an id or a project's name. Nothing at the first line, where one
 * looks at what comes first. */
typedef struct Anchor {
    char *text; /* NULL: nothing */
    bool heading;
} Anchor;

static const char *line_text(const TopView *view, const TopLine *line)
{
    return line->row == TOP_HEADING ? top_rows_project_name(view->rows, line->project)
                                    : top_rows_cell(view->rows, &view->rows->rows[line->row], TOP_ID);
}

static Anchor make_anchor(const TopView *view)
{
    const TopLine *line = &view->lines[view->selected];

    if (view->selected == 0 || view->selected >= view->line_count)
        return (Anchor){0};
    return (Anchor){.text = strdup(line_text(view, line)), .heading = line->row == TOP_HEADING};
}

static void keep_in_sight(TopView *view)
{
    size_t last = view->line_count > 0 ? view->line_count - 1 : 0;

    if (view->selected > last)
        view->selected = last;
    if (view->first > view->selected)
        view->first = view->selected;
    if (view->selected - view->first >= view->page)
        view->first = view->selected - view->page + 1;
    if (view->first + view->page > view->line_count)
        view->first = view->line_count > view->page ? view->line_count - view->page : 0;
}

static void go_to(TopView *view, size_t line)
{
    size_t above = view->selected - view->first;

    view->selected = line;
    view->first = line > above ? line - above : 0;
    keep_in_sight(view);
}

static void find_anchor(TopView *view, Anchor *anchor)
{
    size_t at = 0;

    while (anchor->text && at < view->line_count &&
           ((view->lines[at].row == TOP_HEADING) != anchor->heading ||
            strcmp(line_text(view, &view->lines[at]), anchor->text) != 0))
        at++;
    if (anchor->text && at < view->line_count)
        go_to(view, at);
    free(anchor->text);
    keep_in_sight(view);
}

static void go_to_heading(TopView *view, uint32_t project)
{
    for (size_t at = 0; at < view->line_count; at++) {
        if (view->lines[at].row == TOP_HEADING && view->lines[at].project == project)
            go_to(view, at);
    }
    keep_in_sight(view);
}

/* ---- */

static int make_room(TopView *view, const TopRows *rows)
{
    view->order = calloc(rows->count + 1, sizeof *view->order);
    view->name_ranks = calloc(rows->count + 1, sizeof *view->name_ranks);
    view->groups = calloc(rows->project_count + 1, sizeof *view->groups);
    view->by_rank = calloc(rows->project_count + 1, sizeof *view->by_rank);
    view->lines = calloc(rows->count + rows->project_count + 1, sizeof *view->lines);
    if (!view->order || !view->name_ranks || !view->groups || !view->by_rank || !view->lines)
        return -ERR_NO_MEMORY;
    for (size_t i = 0; i < rows->count; i++)
        view->order[i] = (uint32_t)i;
    view->rows = rows;
    return 0;
}

int top_view_take(TopView *view, const TopRows *rows)
{
    Anchor anchor = view->rows ? make_anchor(view) : (Anchor){0};
    int r;

    free_lines(view);
    r = make_room(view, rows);
    if (r < 0) {
        free_lines(view);
        free(anchor.text);
        return r;
    }
    rank_projects(view);
    close_as_told(view);
    top_sort_names(view);
    top_sort_rows(view);
    make_lines(view);
    find_anchor(view, &anchor);
    return 0;
}

void top_view_sort(TopView *view)
{
    Anchor anchor;

    if (!view->rows)
        return;
    anchor = make_anchor(view);
    top_sort_rows(view);
    make_lines(view);
    find_anchor(view, &anchor);
}

void top_view_filter(TopView *view)
{
    Anchor anchor;

    if (!view->rows)
        return;
    anchor = make_anchor(view);
    make_lines(view);
    find_anchor(view, &anchor);
}

static void turn(TopView *view, const char *name)
{
    size_t at = find_turned(view, name);

    if (at < view->turned_count) {
        free(view->turned[at]);
        view->turned[at] = view->turned[--view->turned_count];
    } else if (at < TOP_TURNED_MAX) {
        view->turned[at] = strdup(name);
        view->turned_count += view->turned[at] != NULL;
    }
}

void top_view_turn(TopView *view)
{
    uint32_t project;

    if (!view->rows || !view->grouped || view->selected >= view->line_count)
        return;
    project = view->lines[view->selected].project;
    turn(view, top_rows_project_name(view->rows, project));
    close_as_told(view);
    make_lines(view);
    go_to_heading(view, project);
}

void top_view_turn_all(TopView *view, bool closed)
{
    uint32_t project = view->selected < view->line_count ? view->lines[view->selected].project : 0;

    free_turned(view);
    view->all_closed = closed;
    if (!view->rows)
        return;
    close_as_told(view);
    make_lines(view);
    go_to_heading(view, project);
}

void top_view_move(TopView *view, long lines)
{
    long at = (long)view->selected + lines, last = (long)view->line_count - 1;

    if (at > last)
        at = last;
    view->selected = at > 0 ? (size_t)at : 0;
    keep_in_sight(view);
}

void top_view_set_page(TopView *view, size_t lines)
{
    view->page = lines > 0 ? lines : 1;
    keep_in_sight(view);
}
