/*
 * top_view: which rows are shown, in what order, and where the reader of the screen is. Pure.
 *
 * Rows are sorted by a column, ties by their names, and in groups by their projects first. A filter leaves out rows; a
 * project that is closed shows its heading alone. What comes out is a list of lines, each a row or a project's heading. Who is
 * at a line stays at that instance or project when rows come, go, or are sorted anew.
 *
 * The filter: words with blanks between, of which each must fit. `status:run` looks in one column, any other word in all
 * of them; case does not count.
 */
#ifndef SKY_TOP_VIEW_H
#define SKY_TOP_VIEW_H

#include "top_rows.h"

enum TopSort {
    TOP_BY_NAME,
    TOP_BY_PROJECT,
    TOP_BY_STATUS,
    TOP_BY_IP,
    TOP_BY_SIZE,
    TOP_BY_REGION,
    TOP_BY_CPU,
    TOP_BY_MEMORY,
    TOP_BY_AGE,
    TOP_BY_HEALTH,
    TOP_SORTS
};

enum { TOP_FILTER_BYTES = 64, TOP_TURNED_MAX = 256 };

/* Of a project's rows, filtered or not. */
typedef struct TopGroup {
    size_t rows, shown, running, busy, failed;
    uint32_t rank; /* among the projects, by name */
    bool closed;
} TopGroup;

typedef struct TopLine {
    uint32_t row;     /* TOP_HEADING: the project's own line */
    uint32_t project; /* its place among the rows' projects */
} TopLine;
#define TOP_HEADING UINT32_MAX

typedef struct TopView {
    const TopRows *rows; /* borrowed */
    enum TopSort sort;
    bool reversed, grouped;
    bool all_closed;              /* projects are closed … */
    char *turned[TOP_TURNED_MAX]; /* … but these, or the other way round: names */
    size_t turned_count;
    char filter[TOP_FILTER_BYTES];
    uint32_t *order;      /* all rows, sorted */
    uint32_t *name_ranks; /* each row's place among all names */
    TopGroup *groups;     /* of the projects */
    uint32_t *by_rank;    /* the projects, by name */
    TopGroup total;
    TopLine *lines;
    size_t line_count;
    size_t selected, first; /* lines: where one is, and the uppermost that is shown */
    size_t page;            /* how many are shown, at least 1 */
} TopView;

/* Sorted by name, in groups, everything shown. release takes one that is all zero. */
void top_view_init(TopView *view);
void top_view_release(TopView *view);

/* From now on of these rows, which stay the caller's, as those until now do until this returns: sorts and filters. 0 or
 * -ERR_NO_MEMORY, and then no rows are shown. */
int top_view_take(TopView *view, const TopRows *rows);
/* What was set in `sort`, `reversed` or `grouped` holds, and so does what changed in the rows. */
void top_view_sort(TopView *view);
/* What was set in `filter` holds. */
void top_view_filter(TopView *view);
/* Opens or closes the project at the selected line; nothing where rows are in no groups. */
void top_view_turn(TopView *view);
void top_view_turn_all(TopView *view, bool closed);
/* Goes so many lines up (negative) or down, as far as there are any. */
void top_view_move(TopView *view, long lines);
/* How many lines are on the screen; keeps the selected one there. */
void top_view_set_page(TopView *view, size_t lines);

/* "cpu" and the like. False: there is no such column. */
bool top_sort_parse(const char *text, enum TopSort *ret_sort);
/* In lower case, for people. Static. */
const char *top_sort_name(enum TopSort sort);

/* What a status means for who looks at it. */
enum TopMood { TOP_MOOD_PLAIN, TOP_MOOD_GOOD, TOP_MOOD_BUSY, TOP_MOOD_BAD, TOP_MOOD_REST };
enum TopMood top_mood(const char *status);

#endif
