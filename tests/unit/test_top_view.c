/* What stands on the screen of `skystackfs top`: order, filter, projects, keys, and all of it as 80 columns of text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "error.h"
#include "top_options.h"
#include "top_table.h"
#include "top_ui.h"

enum { LINES = 24, COLUMNS = 80, TEXT_BYTES = 64 << 10, NAMES_BYTES = 1000 };

static const int64_t now_ms = INT64_C(1767225600000) + (int64_t)3600 * 1000; /* 2026-01-01, one o'clock */

static TopUi ui;
static TopGrid grid;
static Buf text;
static char names[NAMES_BYTES];

static void add(TopRows *rows, const char *name, const char *status, int cpu, const char *created)
{
    char line[500];

    snprintf(line, sizeof line,
             "{\"id\":\"id-%s\",\"name\":\"%s\",\"status\":\"%s\",\"ip\":\"10.0.0.7\",\"size\":\"standard-2\","
             "\"region\":\"eu-central-1\",\"health\":\"healthy\",\"created_at\":\"2026-01-01T00:%s:00Z\","
             "\"utilization\":{\"cpu\":%d,\"memory\":50}}\n",
             name, name, status, created, cpu);
    assert_int_equal(top_rows_feed(rows, span_of(line)), 0);
}

static void take(TopRows *rows)
{
    assert_int_equal(top_rows_end(rows), 0);
    assert_int_equal(top_ui_take_rows(&ui, rows), 0);
}

static void take_fleet(void)
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

static int set_up(void **state)
{
    (void)state;
    top_ui_init(&ui, "/mnt/sky");
    buf_init(&text, TEXT_BYTES);
    return top_grid_size(&grid, LINES, COLUMNS);
}

static int tear_down(void **state)
{
    (void)state;
    top_ui_release(&ui);
    buf_release(&text);
    top_grid_release(&grid);
    return 0;
}

/* The lines' names, the selected one's in brackets. */
static const char *shown(void)
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

static enum TopWish press(const char *keys)
{
    enum TopWish wish = TOP_GO_ON;

    for (; *keys; keys++)
        wish = top_ui_key(&ui, *keys);
    return wish;
}

static const char *screen(void)
{
    top_ui_draw(&ui, &grid, now_ms);
    buf_clear(&text);
    assert_int_equal(top_grid_text(&grid, &text), 0);
    return buf_text(&text);
}

static void assert_screen_has(const char *part)
{
    if (!strstr(screen(), part))
        fail_msg("no `%s` on the screen:\n%s", part, buf_text(&text));
}

/* ---- order ---- */

static void numbers_in_names_count_as_such_and_projects_come_by_name(void **state)
{
    (void)state;
    take_fleet();
    assert_string_equal(shown(), "[empty] prod web-1 web-2 web-10 staging api-1");
    press("r");
    assert_string_equal(shown(), "[empty] prod web-10 web-2 web-1 staging api-1");
}

static void without_projects_all_are_sorted_together(void **state)
{
    static const struct {
        enum TopSort sort;
        const char *expected;
    } samples[] = {
        {TOP_BY_NAME, "[api-1] web-1 web-2 web-10"},   {TOP_BY_PROJECT, "[web-1] web-2 web-10 api-1"},
        {TOP_BY_STATUS, "[api-1] web-2 web-1 web-10"}, {TOP_BY_CPU, "[web-10] web-1 web-2 api-1"},
        {TOP_BY_AGE, "[api-1] web-2 web-1 web-10"},    {TOP_BY_MEMORY, "[api-1] web-1 web-2 web-10"},
        {TOP_BY_REGION, "[api-1] web-1 web-2 web-10"},
    };

    (void)state;
    take_fleet();
    press("t");
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        ui.view.sort = samples[i].sort;
        top_view_sort(&ui.view);
        assert_string_equal(shown(), samples[i].expected);
    }
}

static void each_press_sorts_by_the_next_column(void **state)
{
    (void)state;
    take_fleet();
    press("s");
    assert_int_equal(ui.view.sort, TOP_BY_STATUS); /* in projects they are sorted by them anyhow */
    press("S");
    assert_int_equal(ui.view.sort, TOP_BY_NAME);
    press("S");
    assert_int_equal(ui.view.sort, TOP_BY_HEALTH);
}

static void the_column_that_rows_are_sorted_by_is_shown(void **state)
{
    (void)state;
    take_fleet();
    assert_null(strstr(screen(), "REGION"));
    ui.view.sort = TOP_BY_REGION;
    top_view_sort(&ui.view);
    assert_screen_has("REGIONv");
    assert_screen_has(" eu-central-1 ");
}

/* ---- filter ---- */

static void a_filter_shows_what_fits_all_its_words(void **state)
{
    static const struct {
        const char *filter, *expected;
    } samples[] = {
        {"web", "[prod] web-1 web-2 web-10"},
        {"WEB run", "[prod] web-1 web-10"},
        {"status:failed", "[staging] api-1"},
        {"project:prod name:2", "[prod] web-2"},
        {"size:web", ""},
        {"web-1 zzz", ""},
        {"  ", "[prod] web-1 web-2 web-10 staging api-1"},
        {"nocolumn:x", ""},
    };

    (void)state;
    take_fleet();
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        press("/");
        press(samples[i].filter);
        assert_string_equal(shown(), samples[i].expected);
        top_ui_key(&ui, TOP_KEY_ESCAPE);
        assert_string_equal(ui.view.filter, "");
    }
}

static void a_filter_is_edited_kept_and_dropped(void **state)
{
    (void)state;
    take_fleet();
    press("/webq");
    assert_string_equal(ui.view.filter, "webq");
    top_ui_key(&ui, TOP_KEY_BACKSPACE);
    top_ui_key(&ui, TOP_KEY_ENTER);
    assert_string_equal(ui.view.filter, "web");
    ui.answered = true;
    assert_screen_has("  3 shown");
    assert_int_equal(press("q"), TOP_QUIT);
    top_ui_key(&ui, TOP_KEY_ESCAPE);
    assert_string_equal(ui.view.filter, "");
    for (int i = 0; i < 3 * TOP_FILTER_BYTES; i++)
        press(i ? "x" : "/");
    assert_int_equal(strlen(ui.view.filter), TOP_FILTER_BYTES - 1);
}

/* ---- projects, and where one is ---- */

static void a_project_is_closed_and_opened(void **state)
{
    (void)state;
    take_fleet();
    press("jjj ");
    assert_string_equal(shown(), "empty [prod] staging api-1");
    take_fleet();
    assert_string_equal(shown(), "empty [prod] staging api-1");
    assert_screen_has("+ prod  3 instances  2 running  1 changing");
    press("-");
    assert_string_equal(shown(), "empty [prod] staging");
    press(" ");
    assert_string_equal(shown(), "empty [prod] web-1 web-2 web-10 staging");
    press("+");
    assert_string_equal(shown(), "empty [prod] web-1 web-2 web-10 staging api-1");
}

static void who_is_at_an_instance_stays_there(void **state)
{
    TopRows rows;

    (void)state;
    take_fleet();
    press("jjj");
    assert_string_equal(shown(), "empty prod web-1 [web-2] web-10 staging api-1");
    press("r");
    assert_string_equal(shown(), "empty prod web-10 [web-2] web-1 staging api-1");
    press("t");
    assert_string_equal(shown(), "web-10 [web-2] web-1 api-1");
    top_rows_init(&rows);
    add(&rows, "web-2", "running", 1, "10");
    add(&rows, "a", "running", 1, "10");
    take(&rows);
    assert_string_equal(shown(), "[web-2] a");
}

static void moving_ends_at_the_ends_and_the_selected_line_is_in_sight(void **state)
{
    TopRows rows;

    (void)state;
    top_rows_init(&rows);
    for (int i = 0; i < 100; i++) {
        char name[20];

        snprintf(name, sizeof name, "n-%d", i);
        add(&rows, name, "running", 1, "10");
    }
    take(&rows);
    screen();
    assert_int_equal(ui.view.page, 13);
    press("G");
    assert_int_equal(ui.view.selected, 100);
    assert_screen_has("  n-99");
    top_ui_key(&ui, TOP_KEY_PAGE_UP);
    assert_int_equal(ui.view.selected, 87);
    top_ui_key(&ui, TOP_KEY_HOME);
    press("k");
    assert_int_equal(ui.view.selected, 0);
    assert_screen_has("  n-0 ");
    top_ui_key(&ui, TOP_KEY_PAGE_DOWN);
    assert_int_equal(ui.view.selected, 13);
    assert_int_equal(ui.view.first, 1);
}

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
        cmocka_unit_test_setup_teardown(numbers_in_names_count_as_such_and_projects_come_by_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_projects_all_are_sorted_together, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_press_sorts_by_the_next_column, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_column_that_rows_are_sorted_by_is_shown, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_filter_shows_what_fits_all_its_words, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_filter_is_edited_kept_and_dropped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_project_is_closed_and_opened, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_is_at_an_instance_stays_there, set_up, tear_down),
        cmocka_unit_test_setup_teardown(moving_ends_at_the_ends_and_the_selected_line_is_in_sight, set_up, tear_down),
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
