/* How top reads: by processes of their own, out of a folder that stands for a mount, in which a pipe without a writer hangs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "top_feed.h"

enum { PATH_BYTES = 200, TICK_MS = 5, PATIENCE_MS = 60000 };

static char place[PATH_BYTES];
static TopFeed *feed;
static TopUi ui;
static Loop *loop;
static Timer *tick;
static bool (*wanted)(void);
static int64_t until_ms;

static const char *path_of(const char *name)
{
    static char path[2 * PATH_BYTES];

    snprintf(path, sizeof path, "%s/%s", place, name);
    return path;
}

static void put(const char *name, const char *text)
{
    FILE *file = fopen(path_of(name), "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static int set_up(void **state)
{
    (void)state;
    snprintf(place, sizeof place, "/tmp/skystackfs-top-XXXXXX");
    assert_non_null(mkdtemp(place));
    assert_int_equal(mkdir(path_of(".skystack"), 0700) | mkdir(path_of("prod"), 0700) | mkdir(path_of("empty"), 0700),
                     0);
    put(".skystack/status.json", "{\"state\":\"ok\",\"project\":\"alone\",\"api\":{\"ttl_seconds\":60}}");
    put("prod/.all.ndjson", "{\"id\":\"ins_1\",\"name\":\"web-1\",\"status\":\"running\"}\n");
    put("empty/.all.ndjson", "");
    return 0;
}

static void on_change(void *ctx)
{
    (void)ctx;
}

static int tear_down(void **state)
{
    static const char *const files[] = {".skystack/status.json",
                                        ".skystack/events.follow",
                                        ".skystack",
                                        "prod/.all.ndjson",
                                        "prod",
                                        "empty/.all.ndjson",
                                        "empty",
                                        ".all.ndjson",
                                        ".defaults.json",
                                        ""};

    (void)state;
    timer_free(tick);
    top_feed_free(feed);
    loop_free(loop);
    top_ui_release(&ui);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        remove(path_of(files[i]));
    return 0;
}

static void on_tick(void *ctx)
{
    (void)ctx;
    top_feed_tick(feed);
    if (wanted() || clock_now_ms(loop_clock(loop)) > until_ms)
        loop_stop(loop);
    timer_start(tick, TICK_MS);
}

static void begin(void)
{
    top_ui_init(&ui, place);
    feed = top_feed_new(place, true);
    assert_non_null(feed);
    loop = loop_new();
    assert_non_null(loop);
    tick = timer_new(loop_clock(loop), on_tick, NULL);
    assert_non_null(tick);
    assert_int_equal(top_feed_attach(feed, loop, 50, &ui, on_change, NULL), 0);
}

static void run_until(bool (*condition)(void))
{
    wanted = condition;
    until_ms = clock_now_ms(loop_clock(loop)) + PATIENCE_MS;
    timer_start(tick, 0);
    loop_run(loop);
    if (!condition())
        fail_msg("it does not come to that");
}

static bool is_listed(void)
{
    return ui.listed && ui.stream != TOP_STREAM_UNKNOWN;
}

static const char *status_of(const char *id)
{
    const TopRow *row = top_rows_find(&ui.rows, id);

    return row ? top_rows_cell(&ui.rows, row, TOP_STATUS) : "";
}

static bool is_failed(void)
{
    return strcmp(status_of("ins_1"), "failed") == 0;
}

static bool is_silent(void)
{
    return ui.silent_ms > 100;
}

static bool is_answered_again(void)
{
    return ui.answered && ui.silent_ms == 0;
}

static bool is_without_status(void)
{
    return ui.status_errno == ENOENT;
}

static bool is_told_of(void)
{
    return ui.status_errno != 0 && ui.list_errno != 0;
}

static void status_projects_and_their_rows_are_read(void **state)
{
    (void)state;
    begin();
    run_until(is_listed);
    assert_string_equal(ui.status.state, "ok");
    assert_int_equal(ui.rows.count, 1);
    assert_int_equal(ui.rows.project_count, 2);
    assert_string_equal(status_of("ins_1"), "running");
    assert_int_equal(ui.stream, TOP_STREAM_NONE);
    assert_int_equal(ui.status_errno | ui.list_errno, 0);
}

static void where_one_project_is_shown_alone_its_rows_are_at_the_root(void **state)
{
    (void)state;
    put(".defaults.json", "{}");
    put(".all.ndjson", "{\"id\":\"ins_7\",\"name\":\"web-7\"}\n");
    begin();
    run_until(is_listed);
    assert_int_equal(ui.rows.count, 1);
    assert_string_equal(top_rows_project_name(&ui.rows, 0), "alone");
}

static void events_change_what_is_on_the_screen(void **state)
{
    static const char event[] = "{\"name\":\"web-1\",\"id\":\"ins_1\",\"field\":\"status\",\"to\":\"failed\"}\n";
    int stream;

    (void)state;
    assert_int_equal(mkfifo(path_of(".skystack/events.follow"), 0600), 0);
    stream = open(path_of(".skystack/events.follow"), O_RDWR | O_CLOEXEC);
    assert_true(stream >= 0);
    begin();
    run_until(is_listed);
    assert_int_equal(ui.stream, TOP_STREAM_OPEN);
    assert_int_equal(write(stream, event, sizeof event - 1), sizeof event - 1);
    run_until(is_failed);
    assert_string_equal(top_events_back(&ui.events, 0)->text, "web-1 status: failed");
    close(stream);
}

static void a_file_that_hangs_is_told_of_and_heard_again(void **state)
{
    int writer;

    (void)state;
    remove(path_of(".skystack/status.json"));
    assert_int_equal(mkfifo(path_of(".skystack/status.json"), 0600), 0);
    begin();
    run_until(is_silent);
    assert_false(ui.answered);
    writer = open(path_of(".skystack/status.json"), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    assert_true(writer >= 0);
    remove(path_of(".skystack/status.json"));
    put(".skystack/status.json", "{\"state\":\"ok\"}");
    assert_int_equal(write(writer, "{\"state\":\"late\"}", 16), 16);
    close(writer);
    run_until(is_answered_again);
}

static void a_place_that_is_gone_is_told_of(void **state)
{
    (void)state;
    begin();
    run_until(is_listed);
    remove(path_of(".skystack/status.json"));
    chmod(path_of("prod/.all.ndjson"), 0);
    remove(path_of("prod/.all.ndjson"));
    assert_int_equal(mkdir(path_of("prod/.all.ndjson"), 0700), 0); /* can be opened, and not read */
    run_until(is_without_status);
    ui.status.ttl_ms = 0; /* which no status says otherwise any more */
    run_until(is_told_of);
    assert_int_equal(ui.status_errno, ENOENT);
    assert_int_equal(ui.list_errno, EISDIR);
    assert_int_equal(ui.rows.count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(status_projects_and_their_rows_are_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(where_one_project_is_shown_alone_its_rows_are_at_the_root, set_up, tear_down),
        cmocka_unit_test_setup_teardown(events_change_what_is_on_the_screen, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_hangs_is_told_of_and_heard_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_place_that_is_gone_is_told_of, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
