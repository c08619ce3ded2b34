#include "top_table.h"

#include <stdio.h>
#include <string.h>

#include "date.h"

enum {
    GAP = 1,
    PLAIN_GAP = 2,
    INDENT = 2,
    NAME_WIDTH_MIN = 8,
    NAME_WIDTH_FAIR = 16, /* before it gets narrower, columns go */
    CELL_WIDTH_MAX = 40,
    BAR_WIDTH = 4,
    NUMBER_WIDTH = 3,
    SHORT_BYTES = 40,
    BUSY_FROM = 700, /* thousandths of load, from which on it is shown as such */
    BAD_FROM = 900,
};

/* In the order of the screen. Those with the highest `goes` are left out first where there is no room; 0: never. */
static const struct {
    const char *title;
    enum TopSort sort;
    enum TopCell cell;  /* TOP_CELLS: a bar, or the age */
    unsigned width_min; /* and of those that are no text, the width */
    unsigned goes;
} columns[] = {
    {"NAME", TOP_BY_NAME, TOP_NAME, NAME_WIDTH_MIN, 0},
    {"PROJECT", TOP_BY_PROJECT, TOP_PROJECT, 7, 2},
    {"STATUS", TOP_BY_STATUS, TOP_STATUS, 12, 0},
    {"IP", TOP_BY_IP, TOP_IP, 2, 7},
    {"SIZE", TOP_BY_SIZE, TOP_SIZE, 4, 6},
    {"REGION", TOP_BY_REGION, TOP_REGION, 6, 8},
    {"CPU", TOP_BY_CPU, TOP_CELLS, BAR_WIDTH + NUMBER_WIDTH, 1},
    {"MEM", TOP_BY_MEMORY, TOP_CELLS, BAR_WIDTH + NUMBER_WIDTH, 3},
    {"AGE", TOP_BY_AGE, TOP_CELLS, 5, 4},
    {"HEALTH", TOP_BY_HEALTH, TOP_HEALTH, 6, 5},
};

enum { COLUMNS = sizeof columns / sizeof columns[0], FIRST_TO_GO = 8 };

typedef struct Widths {
    unsigned of[COLUMNS]; /* 0: left out */
} Widths;

/* ---- widths ---- */

static unsigned natural_width(const TopView *view, size_t column)
{
    unsigned width = columns[column].width_min;
    size_t widest = 0;

    if (columns[column].cell < TOP_CELLS && view->rows)
        widest = view->rows->widths[columns[column].cell];
    if (widest > CELL_WIDTH_MAX)
        widest = CELL_WIDTH_MAX;
    if (column == 0 && view->grouped)
        widest += INDENT;
    return widest > width ? (unsigned)widest : width;
}

static unsigned total_width(const Widths *widths)
{
    unsigned total = 0;

    for (size_t i = 0; i < COLUMNS; i++)
        total += widths->of[i] ? widths->of[i] + (i > 0 ? GAP : 0) : 0;
    return total;
}

/* The name gives way down to a fair width, then columns go, then the name gives all it has. */
static void shrink_name(Widths *widths, unsigned room, unsigned least)
{
    unsigned total = total_width(widths), over = total > room ? total - room : 0;
    unsigned spare = widths->of[0] > least ? widths->of[0] - least : 0;

    widths->of[0] -= over < spare ? over : spare;
}

/* The one that rows are sorted by stays. */
static void drop_column(Widths *widths, unsigned goes, enum TopSort sort)
{
    for (size_t i = 0; i < COLUMNS; i++) {
        if (columns[i].goes == goes && columns[i].sort != sort)
            widths->of[i] = 0;
    }
}

static Widths fit(const TopView *view, unsigned room)
{
    unsigned name = natural_width(view, 0), fair = name < NAME_WIDTH_FAIR ? name : NAME_WIDTH_FAIR;
    Widths widths;

    for (size_t i = 0; i < COLUMNS; i++)
        widths.of[i] = natural_width(view, i);
    if (view->grouped)
        widths.of[TOP_BY_PROJECT] = 0;
    for (unsigned goes = FIRST_TO_GO; goes > 0; goes--) {
        shrink_name(&widths, room, fair);
        if (total_width(&widths) > room)
            drop_column(&widths, goes, view->sort);
    }
    shrink_name(&widths, room, NAME_WIDTH_MIN);
    return widths;
}

/* ---- cells ---- */

static int16_t load_of(const TopRow *row, enum TopSort sort)
{
    return sort == TOP_BY_CPU ? row->cpu : row->memory;
}

static void age_text(const TopRow *row, int64_t wall_ms, char ret_text[DATE_TEXT_BYTES])
{
    snprintf(ret_text, DATE_TEXT_BYTES, "-");
    if (row->created_ms)
        date_format_age(wall_ms > row->created_ms ? wall_ms - row->created_ms : 0, ret_text);
}

static uint8_t mood_style(enum TopMood mood)
{
    static const uint8_t styles[] = {
        [TOP_MOOD_PLAIN] = TOP_PLAIN, [TOP_MOOD_GOOD] = TOP_GOOD, [TOP_MOOD_BUSY] = TOP_BUSY,
        [TOP_MOOD_BAD] = TOP_BAD,     [TOP_MOOD_REST] = TOP_DIM,
    };

    return styles[mood];
}

static uint8_t cell_style(enum TopSort sort, const char *text)
{
    if (sort == TOP_BY_STATUS)
        return mood_style(top_mood(text));
    if (sort == TOP_BY_HEALTH && *text)
        return strcmp(text, "healthy") == 0 || strcmp(text, "ok") == 0 ? TOP_GOOD : TOP_BUSY;
    return TOP_PLAIN;
}

static void draw_load(TopGrid *grid, unsigned line, unsigned at, int16_t tenths)
{
    uint8_t style = tenths >= BAD_FROM ? TOP_BAD : tenths >= BUSY_FROM ? TOP_BUSY : TOP_GOOD;

    if (tenths == TOP_UNKNOWN) {
        top_grid_printf(grid, line, at, TOP_DIM, "%*s", BAR_WIDTH + NUMBER_WIDTH, "-");
        return;
    }
    at = top_grid_bar(grid, line, at, BAR_WIDTH, style, (unsigned)tenths);
    top_grid_printf(grid, line, at, TOP_PLAIN, "%*d", NUMBER_WIDTH, (tenths + 5) / 10);
}

static void draw_cell(const TopView *view, TopGrid *grid, unsigned line, unsigned at, size_t column, unsigned width,
                      const TopRow *row, int64_t wall_ms)
{
    enum TopSort sort = columns[column].sort;
    char age[DATE_TEXT_BYTES];
    const char *text;

    if (sort == TOP_BY_CPU || sort == TOP_BY_MEMORY) {
        draw_load(grid, line, at, load_of(row, sort));
    } else if (sort == TOP_BY_AGE) {
        age_text(row, wall_ms, age);
        top_grid_printf(grid, line, at, TOP_PLAIN, "%*s", (int)width, age);
    } else {
        text = top_rows_cell(view->rows, row, columns[column].cell);
        top_grid_put(grid, line, at, width, *text ? cell_style(sort, text) : TOP_DIM, *text ? text : "-");
    }
}

static void draw_row(const TopView *view, TopGrid *grid, unsigned line, const Widths *widths, const TopRow *row,
                     int64_t wall_ms)
{
    unsigned indent = view->grouped ? INDENT : 0, at = indent;

    for (size_t i = 0; i < COLUMNS; i++) {
        unsigned width = widths->of[i] - (i == 0 ? indent : 0);

        if (widths->of[i] == 0)
            continue;
        draw_cell(view, grid, line, at, i, width, row, wall_ms);
        at += width + GAP;
    }
}

static unsigned draw_count(TopGrid *grid, unsigned line, unsigned at, size_t count, const char *what, uint8_t style)
{
    return count ? top_grid_printf(grid, line, at, style, "  %zu %s", count, what) : at;
}

static void draw_heading(const TopView *view, TopGrid *grid, unsigned line, uint32_t project)
{
    const TopGroup *group = &view->groups[project];
    const char *name = top_rows_project_name(view->rows, project);
    unsigned at = top_grid_put(grid, line, 0, INDENT, TOP_STRONG, group->closed ? "+ " : "- ");

    at = top_grid_put(grid, line, at, CELL_WIDTH_MAX, TOP_STRONG, *name ? name : "instances");
    at = top_grid_printf(grid, line, at, TOP_PLAIN, "  %zu instance%s", group->rows, group->rows == 1 ? "" : "s");
    at = draw_count(grid, line, at, group->running, "running", TOP_GOOD);
    at = draw_count(grid, line, at, group->busy, "changing", TOP_BUSY);
    at = draw_count(grid, line, at, group->failed, "failed", TOP_BAD);
    if (group->shown != group->rows)
        top_grid_printf(grid, line, at, TOP_DIM, "  %zu shown", group->shown);
}

/* The column by which rows are sorted is marked. */
static void draw_titles(const TopView *view, TopGrid *grid, unsigned line, const Widths *widths)
{
    unsigned at = 0;

    for (size_t i = 0; i < COLUMNS; i++) {
        bool sorted = columns[i].sort == view->sort, right = columns[i].cell == TOP_CELLS;
        char title[SHORT_BYTES];

        if (widths->of[i] == 0)
            continue;
        snprintf(title, sizeof title, "%s%s", columns[i].title, !sorted ? "" : view->reversed ? "^" : "v");
        top_grid_printf(grid, line, at, sorted ? TOP_STRONG : TOP_DIM, "%*s", right ? (int)widths->of[i] : 0, title);
        at += widths->of[i] + GAP;
    }
}

void top_table_draw(const TopView *view, TopGrid *grid, unsigned line, int64_t wall_ms)
{
    Widths widths = fit(view, grid->columns);

    draw_titles(view, grid, line, &widths);
    for (size_t i = 0; i < view->page && view->first + i < view->line_count; i++) {
        const TopLine *shown = &view->lines[view->first + i];
        unsigned at = line + 1 + (unsigned)i;

        if (shown->row == TOP_HEADING)
            draw_heading(view, grid, at, shown->project);
        else
            draw_row(view, grid, at, &widths, &view->rows->rows[shown->row], wall_ms);
        if (view->first + i == view->selected)
            top_grid_mark(grid, at, TOP_SELECTED);
    }
}

/* ---- plain ---- */

static int add_load(int16_t tenths, char ret_text[SHORT_BYTES])
{
    if (tenths == TOP_UNKNOWN)
        return snprintf(ret_text, SHORT_BYTES, "-");
    return snprintf(ret_text, SHORT_BYTES, "%d.%d", tenths / 10, tenths % 10);
}

/* The text, or one made in `room`. */
static const char *plain_cell(const TopView *view, const TopRow *row, size_t column, int64_t wall_ms,
                              char room[SHORT_BYTES])
{
    enum TopSort sort = columns[column].sort;
    const char *text = room;

    if (sort == TOP_BY_CPU || sort == TOP_BY_MEMORY)
        add_load(load_of(row, sort), room);
    else if (sort == TOP_BY_AGE)
        age_text(row, wall_ms, room);
    else
        text = top_rows_cell(view->rows, row, columns[column].cell);
    return *text ? text : "-";
}

static int plain_line(const char *const cells[COLUMNS], const size_t widths[COLUMNS], Buf *into)
{
    int r = 0;

    for (size_t i = 0; i < COLUMNS - 1 && r == 0; i++)
        r = buf_printf(into, "%-*s", (int)(widths[i] + PLAIN_GAP), cells[i]);
    return r < 0 ? r : buf_printf(into, "%s\n", cells[COLUMNS - 1]);
}

static void plain_widths(const TopView *view, size_t widths[COLUMNS])
{
    for (size_t i = 0; i < COLUMNS; i++) {
        size_t title = strlen(columns[i].title), widest = 0;

        if (columns[i].cell < TOP_CELLS)
            widest = view->rows->widths[columns[i].cell];
        widths[i] = widest > title ? widest : title > 5 ? title : 5;
    }
}

int top_table_plain(const TopView *view, int64_t wall_ms, Buf *into)
{
    const char *cells[COLUMNS];
    char rooms[COLUMNS][SHORT_BYTES];
    size_t widths[COLUMNS];
    int r;

    plain_widths(view, widths);
    for (size_t i = 0; i < COLUMNS; i++)
        cells[i] = columns[i].title;
    r = plain_line(cells, widths, into);
    for (size_t at = 0; at < view->line_count && r == 0; at++) {
        if (view->lines[at].row == TOP_HEADING)
            continue;
        for (size_t i = 0; i < COLUMNS; i++)
            cells[i] = plain_cell(view, &view->rows->rows[view->lines[at].row], i, wall_ms, rooms[i]);
        r = plain_line(cells, widths, into);
    }
    return r;
}
