/* What `skystackfs top` keeps of the mount's lines: rows, the status, the stream of events. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "error.h"
#include "top_events.h"
#include "top_rows.h"
#include "top_status.h"

static const char web_1[] =
    "{\"id\":\"ins_1\",\"name\":\"web-1\",\"status\":\"running\",\"ip\":\"10.0.0.1\",\"size\":\"standard-2\","
    "\"region\":\"eu-west-1\",\"created_at\":\"2026-01-01T00:00:00Z\",\"health\":\"healthy\","
    "\"utilization\":{\"cpu\":64.54,\"memory\":101}}\n";

static TopRows rows;

static int set_up(void **state)
{
    (void)state;
    top_rows_init(&rows);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    top_rows_release(&rows);
    return 0;
}

static void feed(const char *text)
{
    assert_int_equal(top_rows_feed(&rows, span_of(text)), 0);
}

static const char *cell(size_t row, enum TopCell which)
{
    return top_rows_cell(&rows, &rows.rows[row], which);
}

/* ---- rows ---- */

static void a_line_becomes_a_row(void **state)
{
    (void)state;
    assert_int_equal(top_rows_project(&rows, span_of("prod")), 0);
    feed(web_1);
    assert_int_equal(top_rows_end(&rows), 0);
    assert_int_equal(rows.count, 1);
    assert_string_equal(cell(0, TOP_NAME), "web-1");
    assert_string_equal(cell(0, TOP_PROJECT), "prod");
    assert_string_equal(cell(0, TOP_STATUS), "running");
    assert_string_equal(cell(0, TOP_IP), "10.0.0.1");
    assert_string_equal(cell(0, TOP_HEALTH), "healthy");
    assert_int_equal(rows.rows[0].cpu, 645);
    assert_int_equal(rows.rows[0].memory, 1000);
    assert_int_equal(rows.rows[0].created_ms, INT64_C(1767225600000));
    assert_int_equal(rows.widths[TOP_SIZE], 10);
}

static void lines_may_come_in_pieces_of_any_size(void **state)
{
    (void)state;
    for (size_t i = 0; i < strlen(web_1); i++)
        assert_int_equal(top_rows_feed(&rows, (Span){web_1 + i, 1}), 0);
    feed("{\"id\":\"ins_2\",\"name\":\"without an end\"}");
    assert_int_equal(top_rows_end(&rows), 0);
    assert_int_equal(rows.count, 2);
    assert_string_equal(cell(0, TOP_NAME), "web-1");
    assert_string_equal(cell(1, TOP_NAME), "without an end");
}

static void what_is_not_known_is_empty(void **state)
{
    (void)state;
    feed("{\"id\":\"a\",\"ip\":null,\"size\":{\"cpus\":2},\"health\":true,\"region\":7,\"utilization\":null}\n");
    assert_string_equal(cell(0, TOP_NAME), "");
    assert_string_equal(cell(0, TOP_IP), "");
    assert_string_equal(cell(0, TOP_SIZE), "");
    assert_string_equal(cell(0, TOP_HEALTH), "true");
    assert_string_equal(cell(0, TOP_REGION), "7");
    assert_int_equal(rows.rows[0].cpu, TOP_UNKNOWN);
    assert_int_equal(rows.rows[0].created_ms, 0);
}

static void what_a_terminal_would_obey_is_made_visible(void **state)
{
    (void)state;
    assert_int_equal(top_rows_project(&rows, span_of("p\033[2J")), 0);
    feed("{\"id\":\"a\",\"name\":\"x\\u001b[31m\\r\\u0000\\u202ey\",\"status\":\"\\u009b0m\"}\n");
    assert_string_equal(cell(0, TOP_PROJECT), "p\\x1b[2J");
    assert_string_equal(cell(0, TOP_NAME), "x\\x1b[31m\\x0d\\x00\\xe2\\x80\\xaey");
    assert_string_equal(cell(0, TOP_STATUS), "\\xc2\\x9b0m");
}

static void a_line_that_is_no_instance_is_skipped_and_counted(void **state)
{
    (void)state;
    feed("nonsense\n[1]\n\n{\"id\":\"a\",\"id\":\"b\"}\n{\"id\":\"c\",\"name\":\"good\"}\n");
    assert_int_equal(rows.count, 1);
    assert_int_equal(rows.skipped, 3);
    assert_string_equal(cell(0, TOP_NAME), "good");
}

static void a_cell_is_cut_where_no_screen_reaches(void **state)
{
    static char line[40000];
    int head = snprintf(line, sizeof line, "{\"id\":\"a\",\"name\":\"");

    (void)state;
    memset(line + head, 'x', 30000);
    snprintf(line + head + 30000, 100, "\"}\n");
    feed(line);
    assert_int_equal(strlen(cell(0, TOP_NAME)), 4096);
}

static void rows_are_found_by_their_ids_and_changed(void **state)
{
    TopRow *row;

    (void)state;
    for (int i = 0; i < 1000; i++) {
        char line[100];

        snprintf(line, sizeof line, "{\"id\":\"ins_%d\",\"name\":\"n%d\"}\n", i, i);
        feed(line);
    }
    assert_int_equal(top_rows_end(&rows), 0);
    row = top_rows_find(&rows, "ins_777");
    assert_non_null(row);
    assert_string_equal(top_rows_cell(&rows, row, TOP_NAME), "n777");
    assert_int_equal(top_rows_set(&rows, row, TOP_STATUS, "stopping"), 0);
    assert_string_equal(cell(777, TOP_STATUS), "stopping");
    assert_null(top_rows_find(&rows, "ins_1000"));
}

/* ---- the status ---- */

static void the_status_is_read(void **state)
{
    TopStatus status;

    (void)state;
    assert_int_equal(
        top_status_parse(span_of("{\"state\":\"ok\",\"source\":\"production\",\"project\":null,"
                                 "\"instances\":{\"count\":40,\"complete\":true,\"listing\":true,"
                                 "\"listing_rows\":20,\"age_seconds\":7},"
                                 "\"api\":{\"minute_used\":3,\"minute_limit\":120,\"in_line\":2,"
                                 "\"ttl_seconds\":10.5,\"line\":{\"reason\":\"minute\",\"next_seconds\":1.25}}}"),
                         &status),
        0);
    assert_string_equal(status.source, "production");
    assert_string_equal(status.project, "");
    assert_int_equal(status.listed_rows, 20);
    assert_int_equal(status.listed_total, -1);
    assert_int_equal(status.minute_limit, 120);
    assert_int_equal(status.ttl_ms, 10500);
    assert_int_equal(status.waits_ms, 1250);
    assert_string_equal(top_status_reason(&status), "the minute's budget is spent");
}

static void what_is_no_status_changes_nothing(void **state)
{
    TopStatus status = {.known = 42};

    (void)state;
    assert_int_equal(top_status_parse(span_of(""), &status), -ERR_PROTOCOL);
    assert_int_equal(top_status_parse(span_of("[]"), &status), -ERR_PROTOCOL);
    assert_int_equal(top_status_parse(span_of("{\"state\":"), &status), -ERR_PROTOCOL);
    assert_int_equal(status.known, 42);
    assert_int_equal(top_status_parse(span_of("{\"instances\":7,\"api\":null}"), &status), 0);
    assert_int_equal(status.known, 0);
    assert_int_equal(status.waits_ms, -1);
}

static void a_list_is_fresh_while_its_whole_seconds_leave_no_doubt(void **state)
{
    TopStatus status = {.complete = true, .ttl_ms = 10000, .age_ms = 8000};

    (void)state;
    assert_true(top_status_is_fresh(&status, 0));
    status.age_ms = 9000;
    assert_false(top_status_is_fresh(&status, 0));
    status = (TopStatus){.complete = true, .stale = true, .ttl_ms = 10000};
    assert_false(top_status_is_fresh(&status, 0));
    status = (TopStatus){.ttl_ms = 10000};
    assert_false(top_status_is_fresh(&status, 0));
}

/* ---- events ---- */

static TopEvents events;
static TopNews news;

static void hear(const char *text)
{
    news = (TopNews){0};
    assert_int_equal(top_events_feed(&events, span_of(text), &rows, &news), 0);
}

static int set_up_events(void **state)
{
    set_up(state);
    top_events_init(&events);
    feed(web_1);
    return top_rows_end(&rows);
}

static int tear_down_events(void **state)
{
    top_events_release(&events);
    return tear_down(state);
}

static void an_event_is_told_and_changes_its_row(void **state)
{
    (void)state;
    hear("{\"time\":\"2026-03-19T10:22:44.123Z\",\"project\":\"prod\",\"name\":\"web-1\",\"id\":\"ins_1\",\"type\":"
         "\"changed\","
         "\"field\":\"status\",\"from\":\"running\",\"to\":\"stopping\",\"source\":\"webhook\"}\n");
    assert_string_equal(top_events_back(&events, 0)->time, "10:22:44");
    assert_string_equal(top_events_back(&events, 0)->text, "prod/web-1 status: running -> stopping (webhook)");
    assert_string_equal(top_events_back(&events, 0)->to, "stopping");
    assert_string_equal(cell(0, TOP_STATUS), "stopping");
    assert_true(news.changed);
    assert_false(news.incomplete);
}

static void an_event_of_an_instance_that_is_not_known_asks_for_the_list(void **state)
{
    (void)state;
    hear("{\"project\":\"prod\",\"name\":\"web-9\",\"id\":\"ins_9\",\"type\":\"created\"}\n");
    assert_string_equal(top_events_back(&events, 0)->text, "prod/web-9 created");
    assert_false(news.changed);
    assert_true(news.incomplete);
}

static void what_was_deleted_is_marked_until_the_list_is_read(void **state)
{
    (void)state;
    hear("{\"project\":\"prod\",\"name\":\"web-1\",\"id\":\"ins_1\",\"type\":\"instance.deleted\",\"field\":null}\n");
    assert_string_equal(cell(0, TOP_STATUS), "deleted");
    assert_true(news.changed && news.incomplete);
}

static void who_was_too_slow_is_told(void **state)
{
    (void)state;
    hear("{\"missed\":12}\n");
    assert_string_equal(top_events_back(&events, 0)->text, "12 events came too fast, and are not shown");
    assert_true(news.incomplete);
}

static void what_is_no_event_is_left_out(void **state)
{
    static char huge[300 << 10];

    (void)state;
    memset(huge, 'x', sizeof huge - 1);
    hear("nonsense\n\n7\n");
    hear(huge);
    hear("\n{\"name\":\"after\"}\n");
    assert_int_equal(events.seen, 1);
    assert_string_equal(top_events_back(&events, 0)->text, "after");
}

static void the_last_ones_are_kept_and_no_more(void **state)
{
    (void)state;
    for (int i = 0; i < 3 * TOP_EVENTS_MAX; i++) {
        char line[40];

        snprintf(line, sizeof line, "{\"name\":\"n%d\"}\n", i);
        hear(line);
    }
    assert_string_equal(top_events_back(&events, 0)->text, "n191");
    assert_string_equal(top_events_back(&events, TOP_EVENTS_MAX - 1)->text, "n128");
    assert_null(top_events_back(&events, TOP_EVENTS_MAX));
}

static void half_a_line_of_a_stream_that_broke_is_dropped(void **state)
{
    (void)state;
    hear("{\"name\":\"ha");
    top_events_cut(&events);
    hear("{\"name\":\"whole\"}\n");
    assert_string_equal(top_events_back(&events, 0)->text, "whole");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_line_becomes_a_row, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lines_may_come_in_pieces_of_any_size, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_not_known_is_empty, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_a_terminal_would_obey_is_made_visible, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_line_that_is_no_instance_is_skipped_and_counted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_cell_is_cut_where_no_screen_reaches, set_up, tear_down),
        cmocka_unit_test_setup_teardown(rows_are_found_by_their_ids_and_changed, set_up, tear_down),
        cmocka_unit_test(the_status_is_read),
        cmocka_unit_test(what_is_no_status_changes_nothing),
        cmocka_unit_test(a_list_is_fresh_while_its_whole_seconds_leave_no_doubt),
        cmocka_unit_test_setup_teardown(an_event_is_told_and_changes_its_row, set_up_events, tear_down_events),
        cmocka_unit_test_setup_teardown(an_event_of_an_instance_that_is_not_known_asks_for_the_list, set_up_events,
                                        tear_down_events),
        cmocka_unit_test_setup_teardown(what_was_deleted_is_marked_until_the_list_is_read, set_up_events,
                                        tear_down_events),
        cmocka_unit_test_setup_teardown(who_was_too_slow_is_told, set_up_events, tear_down_events),
        cmocka_unit_test_setup_teardown(what_is_no_event_is_left_out, set_up_events, tear_down_events),
        cmocka_unit_test_setup_teardown(the_last_ones_are_kept_and_no_more, set_up_events, tear_down_events),
        cmocka_unit_test_setup_teardown(half_a_line_of_a_stream_that_broke_is_dropped, set_up_events, tear_down_events),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
