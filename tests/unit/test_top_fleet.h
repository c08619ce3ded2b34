/*
 * A small fleet on a screen of top's, for its tests: two projects with instances and an empty one.
 */
#ifndef SKY_TEST_TOP_FLEET_H
#define SKY_TEST_TOP_FLEET_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "top_ui.h"

enum { LINES = 24, COLUMNS = 80, TEXT_BYTES = 64 << 10, NAMES_BYTES = 1000 };

static const int64_t now_ms = INT64_C(1767225600000) + (int64_t)3600 * 1000; /* 2026-01-01, one o'clock */

static TopUi ui;
static TopGrid grid;
static Buf text;
static char names[NAMES_BYTES];

static inline void add(TopRows *rows, const char *name, const char *status, int cpu, const char *created)
{
    char line[500];

    snprintf(line, sizeof line,
             "{\"id\":\"id-%s\",\"name\":\"%s\",\"status\":\"%s\",\"ip\":\"10.0.0.7\",\"size\":\"standard-2\","
             "\"region\":\"eu-central-1\",\"health\":\"healthy\",\"created_at\":\"2026-01-01T00:%s:00Z\","
             "\"utilization\":{\"cpu\":%d,\"memory\":50}}\n",
             name, name, status, created, cpu);
    assert_int_equal(top_rows_feed(rows, span_of(line)), 0);
}

static inline void take(TopRows *rows)
{
    assert_int_equal(top_rows_end(rows), 0);
    assert_int_equal(top_ui_take_rows(&ui, rows), 0);
}

static inline void take_fleet(void)
{
    TopRows rows;

    top_rows_init(&rows);
    assert_int_equal(top_rows_project(&rows, span_of("staging")), 0);
    add(&rows, "api-1", "failed", 0, "40");
    assert_int_equal(top_rows_project(&rows, span_of("prod")), 0);
    add(&rows, "web-10", "running", 95, "10");
    add(&rows, "web-2", "provisioning", 5, "30");
    add(&rows, "web-1", "running", 72, "20");
    assert_int_equal(top_rows_project(&rows, span_of("empty")), 0);
    take(&rows);
}

static inline int set_up(void **state)
{
    (void)state;
    top_ui_init(&ui, "/mnt/sky");
    buf_init(&text, TEXT_BYTES);
    return top_grid_size(&grid, LINES, COLUMNS);
}

static inline int tear_down(void **state)
{
    (void)state;
    top_ui_release(&ui);
    buf_release(&text);
    top_grid_release(&grid);
    return 0;
}

/* The lines' names, the selected one's in brackets. */
static inline const char *shown(void)
{
    const TopView *view = &ui.view;
    size_t used = 0;

    names[0] = '\0';
    for (size_t i = 0; i < view->line_count; i++) {
        const TopLine *line = &view->lines[i];
        const char *name = line->row == TOP_HEADING ? top_rows_project_name(view->rows, line->project)
                                                    : top_rows_cell(view->rows, &view->rows->rows[line->row], TOP_NAME);

        used += (size_t)snprintf(names + used, sizeof names - used, i == view->selected ? "%s[%s]" : "%s%s",
                                 i ? " " : "", name);
    }
    return names;
}

static inline enum TopWish press(const char *keys)
{
    enum TopWish wish = TOP_GO_ON;

    for (; *keys; keys++)
        wish = top_ui_key(&ui, *keys);
    return wish;
}

static inline const char *screen(void)
{
    top_ui_draw(&ui, &grid, now_ms);
    buf_clear(&text);
    assert_int_equal(top_grid_text(&grid, &text), 0);
    return buf_text(&text);
}

static inline void assert_screen_has(const char *part)
{
    if (!strstr(screen(), part))
        fail_msg("no `%s` on the screen:\n%s", part, buf_text(&text));
}

#endif
