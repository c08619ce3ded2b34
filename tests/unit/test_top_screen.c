/* The screen of `skystackfs top` as text, its plain table, its options, and when it reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "error.h"
#include "test_top_fleet.h"
#include "top_options.h"
#include "top_table.h"

/* ---- the screen ---- */

static void take_status(const char *more)
{
    char line[1000];

    snprintf(line, sizeof line,
             "{\"state\":\"ok\",\"source\":\"production\",\"endpoint\":\"https://api.test\","
             "\"api\":{\"minute_used\":60,\"minute_limit\":120,\"day_used\":9900,\"day_limit\":10000,"
             "\"ttl_seconds\":10%s",
             more);
    assert_int_equal(top_status_parse(span_of(line), &ui.status), 0);
    ui.answered = true;
}

static const char whole[] = "skystackfs  /mnt/sky  production  https://api.test\n"
                            "ok  4 instances  2 running  1 changing  1 failed\n"
                            "minute ########........ 60 of 120  day ################ 9900 of 10000\n"
                            "listed 7s ago, fresh for 10s\n"
                            "NAMEv    STATUS       IP       SIZE           CPU     MEM   AGE HEALTH\n"
                            "- empty  0 instances\n"
                            "- prod  3 instances  2 running  1 changing\n"
                            "  web-1  running      10.0.0.7 standard-2 ###. 72 ##.. 50   40m healthy\n"
                            "  web-2  provisioning 10.0.0.7 standard-2 ....  5 ##.. 50   30m healthy\n"
                            "  web-10 running      10.0.0.7 standard-2 #### 95 ##.. 50   50m healthy\n"
                            "- staging  1 instance  1 failed\n"
                            "  api-1  failed       10.0.0.7 standard-2 ....  0 ##.. 50   20m healthy\n"
                            "\n\n\n\n\n\n"
                            "-- events ----------------------------------------------------------------------\n"
                            "This mount tells no events; what changes shows when the list is read anew.\n"
                            "\n\n\n"
                            "q quit  h help  s sort  r reverse  enter open/close  t tree  p pause  / filter\n";

static void a_screen_of_24_lines_of_80_columns(void **state)
{
    (void)state;
    take_status("},\"instances\":{\"count\":4,\"complete\":true,\"age_seconds\":7}}");
    ui.stream = TOP_STREAM_NONE;
    take_fleet();
    assert_string_equal(screen(), whole);
}

static void bars_have_eighths_where_the_terminal_has_them(void **state)
{
    (void)state;
    take_status("}}");
    take_fleet();
    grid.utf8 = true;
    assert_screen_has("minute ████████········ 60 of 120");
    assert_screen_has("██▉· 72 ██·· 50");
}

static void a_listing_shows_how_far_it_is_and_what_it_waits_for(void **state)
{
    (void)state;
    take_status(",\"in_line\":1,\"line\":{\"reason\":\"minute\",\"next_seconds\":11.2}},"
                "\"instances\":{\"count\":400,\"complete\":false,\"listing\":true,\"listing_rows\":400,"
                "\"listing_total\":1600}}");
    assert_screen_has("listing ###......... 400 of 1600, waits 12 s: the minute's budget is spent\n");
    take_status("},\"instances\":{\"count\":400,\"complete\":true,\"listing\":true,\"listing_rows\":200}}");
    assert_screen_has("listing ######...... 200 of about 400\n");
    take_status("},\"instances\":{\"count\":400,\"complete\":false,\"listing\":true,\"listing_rows\":200}}");
    assert_screen_has("listing 200 rows so far\n");
}

static void the_verdict_says_what_is_wrong(void **state)
{
    (void)state;
    assert_screen_has("waiting for its first answer");
    take_status("}}");
    assert_screen_has("\nok");
    ui.status.stale = true;
    assert_screen_has("\nstale");
    snprintf(ui.status.state, sizeof ui.status.state, "the token is refused");
    assert_screen_has("\nthe token is refused");
    ui.silent_ms = 1900;
    assert_screen_has("\nthe token is refused");
    ui.silent_ms = 12300;
    assert_screen_has("\nno answer since 12 s");
    ui.silent_ms = 0;
    ui.status_errno = ENOTCONN;
    assert_screen_has("\ndead: unmount it with `skystackfs umount /mnt/sky`");
}

static void events_fill_from_the_top_and_the_newest_is_last(void **state)
{
    TopNews news;

    (void)state;
    ui.stream = TOP_STREAM_OPEN;
    assert_screen_has("nothing has happened since top began");
    for (int i = 0; i < 6; i++) {
        char line[100];

        snprintf(line, sizeof line, "{\"time\":\"2026-01-01T01:02:0%dZ\",\"project\":\"p\",\"name\":\"n%d\"}\n", i, i);
        assert_int_equal(top_events_feed(&ui.events, span_of(line), NULL, &news), 0);
    }
    assert_screen_has("\n01:02:02 p/n2\n01:02:03 p/n3\n01:02:04 p/n4\n01:02:05 p/n5\nq quit");
}

/* Whatever the size, nothing is drawn beside the grid (valgrind and the sanitizers look on). */
static void every_size_is_drawn(void **state)
{
    (void)state;
    take_fleet();
    take_status("}}");
    for (unsigned lines = 0; lines < 60; lines++) {
        for (unsigned columns = 0; columns < 200; columns += 7) {
            assert_int_equal(top_grid_size(&grid, lines, columns), 0);
            screen();
        }
    }
    assert_int_equal(top_grid_size(&grid, 9, 80), 0);
    assert_screen_has("too small: 80x9\nneeds 40x10\n");
    assert_int_equal(top_grid_size(&grid, 30, 160), 0);
    assert_screen_has("  web-1  running      10.0.0.7 standard-2 eu-central-1 ###. 72 ##.. 50   40m healthy\n");
    press("t");
    assert_screen_has("\nweb-1    prod    running      10.0.0.7 standard-2 eu");
}

static void help_is_shown_until_a_key(void **state)
{
    (void)state;
    take_fleet();
    press("h");
    assert_screen_has("up down j k");
    press("x");
    assert_screen_has("- prod");
}

static void keys_that_are_for_others_are_handed_on(void **state)
{
    (void)state;
    assert_int_equal(press("p"), TOP_PAUSE);
    assert_true(ui.paused);
    assert_screen_has("  paused");
    assert_int_equal(top_ui_key(&ui, TOP_KEY_REDRAW), TOP_REDRAW);
    assert_int_equal(press("q"), TOP_QUIT);
    assert_int_equal(press("sStr +-/x"), TOP_GO_ON); /* with no rows at all */
}

/* ---- plain, options, time ---- */

static void plain_output_has_every_column_and_row(void **state)
{
    (void)state;
    take_fleet();
    ui.view.reversed = true;
    ui.view.all_closed = false;
    top_view_sort(&ui.view);
    assert_int_equal(top_table_plain(&ui.view, now_ms, &text), 0);
    assert_string_equal(
        buf_text(&text),
        "NAME    PROJECT  STATUS        IP        SIZE        REGION        CPU    MEM    AGE    HEALTH\n"
        "web-10  prod     running       10.0.0.7  standard-2  eu-central-1  95.0   50.0   50m    healthy\n"
        "web-2   prod     provisioning  10.0.0.7  standard-2  eu-central-1  5.0    50.0   30m    healthy\n"
        "web-1   prod     running       10.0.0.7  standard-2  eu-central-1  72.0   50.0   40m    healthy\n"
        "api-1   staging  failed        10.0.0.7  standard-2  eu-central-1  0.0    50.0   20m    healthy\n");
}

static void options_are_read(void **state)
{
    char *good[] = {(char[]){"--sort"},     (char[]){"-cpu"},   (char[]){"/mnt"},       (char[]){"--filter"},
                    (char[]){"status:run"}, (char[]){"--once"}, (char[]){"--interval"}, (char[]){"2.5"}};
    TopOptions options;
    Failure failure;

    (void)state;
    assert_int_equal(top_options_parse(8, good, &options, &failure), 0);
    assert_int_equal(options.sort, TOP_BY_CPU);
    assert_true(options.reversed && options.once);
    assert_string_equal(options.path, "/mnt");
    assert_string_equal(options.filter, "status:run");
    assert_int_equal(options.interval_ms, 2500);
}

static void wrong_options_are_refused(void **state)
{
    static const char *const samples[][2] = {
        {"--sort", "colour"}, {"--sort", NULL},
        {"--interval", "0"},  {"--interval", "nan"},
        {"--interval", "2x"}, {"--nonsense", NULL},
        {"/mnt", "/other"},   {"--filter", "0123456789012345678901234567890123456789012345678901234567890123"},
    };
    TopOptions options;
    Failure failure;

    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        char *words[2] = {(char *)(uintptr_t)samples[i][0], (char *)(uintptr_t)samples[i][1]};

        assert_int_equal(top_options_parse(words[1] ? 2 : 1, words, &options, &failure), -ERR_INVALID);
    }
}

static void the_list_is_read_no_more_often_than_it_may_cost(void **state)
{
    const TopStatus long_lived = {.complete = true, .ttl_ms = 60000, .age_ms = 5000}, short_lived = {.ttl_ms = 500};

    (void)state;
    assert_int_equal(top_list_due_ms(1000, 1000, &long_lived, false), 61000);
    assert_int_equal(top_list_due_ms(1000, 1000, &long_lived, true), 1000 + TOP_LIST_MS);
    assert_int_equal(top_list_due_ms(1000, 1000, &short_lived, false), 1000 + TOP_LIST_MS);
    assert_int_equal(top_list_due_ms(1000, 1000, &short_lived, true), 1000 + TOP_LIST_MS);
    assert_int_equal(top_list_due_ms(1000, 90000, &long_lived, false), 91000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_screen_of_24_lines_of_80_columns, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bars_have_eighths_where_the_terminal_has_them, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_listing_shows_how_far_it_is_and_what_it_waits_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_verdict_says_what_is_wrong, set_up, tear_down),
        cmocka_unit_test_setup_teardown(events_fill_from_the_top_and_the_newest_is_last, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_size_is_drawn, set_up, tear_down),
        cmocka_unit_test_setup_teardown(help_is_shown_until_a_key, set_up, tear_down),
        cmocka_unit_test_setup_teardown(keys_that_are_for_others_are_handed_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(plain_output_has_every_column_and_row, set_up, tear_down),
        cmocka_unit_test(options_are_read),
        cmocka_unit_test(wrong_options_are_refused),
        cmocka_unit_test(the_list_is_read_no_more_often_than_it_may_cost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
