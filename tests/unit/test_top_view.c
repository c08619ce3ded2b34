/* What stands on the screen of `skystackfs top`: the order of rows, the filter, projects, and where one is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "test_top_fleet.h"

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
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
