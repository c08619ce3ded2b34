/* What lists mean for what is known: the store over an API whose net answers what the test says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "snapshot.h"
#include "store_report.h"
#include "test_store_steps.h"

#define NUMBERED(rows, total) "{\"data\":[" rows "],\"pagination\":{\"total\":" total "}}"
#define WHOLE(region)         "{\"id\":\"ins_1\",\"name\":\"n\",\"status\":\"running\",\"region\":\"" region "\"}"

enum { PAUSE_MS = 250 };

static void on_got(void *ctx, const Failure *failure, Resource *resource)
{
    (void)ctx;
    assert_null(failure);
    assert_true(span_equal(resource_text(resource), span_of(WHOLE("after"))));
    dones++;
}

static void on_seen(void *ctx, const Failure *failure, Resource *resource)
{
    (void)ctx;
    assert_null(failure);
    assert_non_null(resource);
}

static void see(const char *id, enum StoreOutcome expected)
{
    StoreOp *op;

    assert_int_equal(store_get(store, id, STORE_SUMMARY, on_seen, NULL, &op), expected);
}

static void who_lost_patience_with_a_list_finds_it_whole_the_next_time(void **state)
{
    (void)state;
    look(STORE_STARTED);
    answer(0, PAGE(ROW("ins_1"), "null"));
    fake_pass(&fake, TTL_MS);
    look(STORE_STARTED);
    answer(1, PAGE(ROW("ins_1"), "\"c\""));
    assert_int_equal(dones, 1);
    fake_pass(&fake, PATIENCE_MS);
    assert_int_equal(dones, 2); /* what is known, stale */
    answer(2, PAGE(ROW("ins_2"), "\"d\""));
    answer(3, PAGE(ROW("ins_3"), "null"));
    assert_true(is_known("ins_3"));
    look(STORE_HIT);
    assert_int_equal(net.count, 4);
}

static void who_came_when_a_list_dragged_on_finds_it_whole_the_next_time(void **state)
{
    StoreOp *patient;

    (void)state;
    look(STORE_STARTED);
    answer(0, PAGE(ROW("ins_1"), "null"));
    fake_pass(&fake, TTL_MS);
    patient = look(STORE_STARTED);
    fake_pass(&fake, PATIENCE_MS - 1);
    store_cancel(patient);
    patient = look(STORE_STARTED);
    fake_pass(&fake, 1);
    look(STORE_STALE);
    store_cancel(patient);
    answer(1, PAGE(ROW("ins_1"), "\"c\""));
    answer(2, PAGE(ROW("ins_2"), "null"));
    look(STORE_HIT);
}

static void a_list_that_nobody_reads_on_is_held(void **state)
{
    (void)state;
    store_cancel(look(STORE_STARTED));
    answer(0, PAGE(ROW("ins_1"), "\"c\""));
    assert_int_equal(net.count, 1);
    look(STORE_STARTED);
    answer(1, PAGE(ROW("ins_2"), "null"));
    assert_int_equal(dones, 1);
}

static void read_to(const char *id)
{
    StoreFacts facts;

    assert_true(store_peek(store, STORE_INSTANCES, id, &facts));
    store_list_read(facts.entry);
    fake_pass(&fake, 0);
}

/* One page that somebody waited for until it was under way, and reads. */
static void turn(unsigned page, const char *body, const char *id)
{
    store_cancel(look(STORE_STARTED));
    answer(page, body);
    assert_int_equal(net.count, page + 1);
    read_to(id);
}

static void read_cursor_page(unsigned page)
{
    _cleanup_buf_ Buf body = BUF_INIT(4096);
    char id[32];

    snprintf(id, sizeof id, "ins_%u", page);
    assert_int_equal(buf_printf(&body, PAGE(ROW("ins_%u"), "\"%u\""), page, page), 0);
    turn(page, buf_text(&body), id);
}

static void who_has_read_eight_pages_finds_the_next_one_on_its_way(void **state)
{
    (void)state;
    for (unsigned page = 0; page < 7; page++)
        read_cursor_page(page);
    assert_int_equal(net.count, 7);
    read_cursor_page(7);
    assert_int_equal(net.count, 9);
    answer(8, PAGE(ROW("ins_8"), "\"8\""));
    read_to("ins_7");
    assert_int_equal(net.count, 9); /* not two of them */
    read_to("ins_8");
    answer(9, PAGE(ROW("ins_9"), "null"));
    look(STORE_HIT);
}

static void who_has_read_four_numbered_pages_finds_those_abreast_on_their_way(void **state)
{
    (void)state;
    store_cancel(look(STORE_STARTED));
    answer(0, NUMBERED(ROW("ins_1"), "20"));
    read_to("ins_1");
    assert_int_equal(net.count, 1);
    store_cancel(look(STORE_STARTED));
    answer_one_of(3, 1, NUMBERED(ROW("ins_2"), "20"));
    answer_one_of(3, 2, NUMBERED(ROW("ins_3"), "20"));
    read_to("ins_3");
    assert_int_equal(net.count, 3);
    store_cancel(look(STORE_STARTED));
    answer_one_of(7, 3, NUMBERED(ROW("ins_4"), "20"));
    assert_int_equal(net.count, 7); /* held */
    read_to("ins_4");
    assert_int_equal(net.count, 8);
    for (unsigned index = 4; index < 8; index++)
        fake_answer(&net, index, 200, "",
                    (const char *[]){NUMBERED(ROW("ins_5"), "20"), NUMBERED(ROW("ins_6"), "20"),
                                     NUMBERED(ROW("ins_7"), "20"), NUMBERED(ROW("ins_8"), "20")}[index - 4]);
    fake_pass(&fake, 0);
    assert_true(is_known("ins_8"));
    assert_int_equal(net.count, 11); /* four came that nobody read yet: no more are asked for */
    read_to("ins_5");
    assert_int_equal(net.count, 12);
}

static void a_list_is_none_the_younger_for_having_been_held(void **state)
{
    (void)state;
    store_cancel(look(STORE_STARTED));
    answer(0, PAGE(ROW("ins_1"), "\"c\""));
    fake_pass(&fake, TTL_MS - 1000);
    look(STORE_STARTED);
    answer(1, PAGE(ROW("ins_2"), "null"));
    assert_int_equal(dones, 1);
    fake_pass(&fake, 999);
    look(STORE_HIT);
    fake_pass(&fake, 1);
    look(STORE_STARTED);
    assert_int_equal(net.count, 3);
}

static void a_list_that_was_held_again_and_again_begins_anew(void **state)
{
    (void)state;
    store_cancel(look(STORE_STARTED));
    answer(0, PAGE(ROW("ins_1"), "\"c\""));
    fake_pass(&fake, TTL_MS / 2);
    store_cancel(look(STORE_STARTED));
    answer(1, PAGE(ROW("ins_2"), "\"d\""));
    fake_pass(&fake, TTL_MS / 2);
    look(STORE_STARTED);
    answer(2, PAGE(ROW("ins_3"), "null"));
    assert_int_equal(dones, 0);
    answer(3, PAGE(ROW("ins_2"), "null"));
    assert_int_equal(dones, 1);
    assert_false(is_known("ins_1"));
}

static void a_list_that_the_machine_slept_in_begins_anew(void **state)
{
    (void)state;
    look(STORE_STARTED);
    answer(0, PAGE(ROW("ins_1"), "\"c\""));
    fake_sleep(&fake, 3600000);
    answer(1, PAGE(ROW("ins_2"), "null"));
    assert_int_equal(dones, 0);
    answer(2, PAGE(ROW("ins_2"), "null"));
    assert_int_equal(dones, 1);
    assert_false(is_known("ins_1"));
    look(STORE_HIT);
    see("ins_2", STORE_HIT);
}

static void a_list_of_summaries_is_all_that_a_refresh_costs(void **state)
{
    (void)state;
    look(STORE_STARTED);
    answer(0, PAGE(ROW("ins_1"), "null"));
    store_hint(store, NULL);
    look(STORE_STARTED);
    answer(1, PAGE(ROW("ins_1"), "null"));
    see("ins_1", STORE_HIT);
    assert_int_equal(net.count, 2);
}

static void a_list_that_the_machine_slept_in_and_that_nobody_waits_for_is_given_up(void **state)
{
    StoreOp *op;

    (void)state;
    op = look(STORE_STARTED);
    answer(0, PAGE(ROW("ins_1"), "\"c\""));
    store_cancel(op);
    fake_sleep(&fake, 3600000);
    answer(1, PAGE(ROW("ins_2"), "null"));
    assert_int_equal(net.count, 2);
    look(STORE_STARTED);
    answer(2, PAGE(ROW("ins_2"), "null"));
    assert_false(is_known("ins_1"));
}

static void patience_counts_no_sleep(void **state)
{
    (void)state;
    look(STORE_STARTED);
    answer(0, PAGE(ROW("ins_1"), "null"));
    fake_pass(&fake, TTL_MS);
    look(STORE_STARTED);
    fake_sleep(&fake, 3600000);
    fake_pass(&fake, PATIENCE_MS - 1);
    assert_int_equal(dones, 1);
    look(STORE_JOINED); /* nor is the API taken to be slow */
    fake_pass(&fake, 1);
    assert_int_equal(dones, 3);
}

static void who_could_be_served_nothing_but_what_is_too_old_waits_on(void **state)
{
    (void)state;
    look(STORE_STARTED);
    answer(0, PAGE(ROW("ins_1"), "null"));
    fake_pass(&fake, TTL_MS);
    look(STORE_STARTED);
    fake_sleep(&fake, 2 * 86400000);
    fake_pass(&fake, 2 * PATIENCE_MS);
    assert_int_equal(dones, 1);
    answer(1, PAGE(ROW("ins_2"), "null"));
    answer(2, PAGE(ROW("ins_2"), "null")); /* the first one was from before */
    assert_int_equal(dones, 2);
    assert_true(is_known("ins_2"));
}

static void a_text_that_came_while_the_machine_slept_is_asked_for_again(void **state)
{
    StoreFacts facts;
    StoreOp *op;

    (void)state;
    look(STORE_STARTED);
    answer(0, PAGE(ROW("ins_1"), "null"));
    assert_int_equal(store_get(store, "ins_1", STORE_DETAILS, on_got, NULL, &op), STORE_STARTED);
    fake_pass(&fake, 0);
    fake_sleep(&fake, 3600000);
    answer(1, WHOLE("before"));
    assert_int_equal(dones, 1);
    assert_true(store_peek(store, STORE_INSTANCES, "ins_1", &facts));
    assert_true(facts.age_ms >= 3600000); /* so that it is not shown where the next request fails */
    answer(2, WHOLE("after"));
    assert_int_equal(dones, 2);
}

static StoreOp *get(enum StoreNeed need, enum StoreOutcome expected)
{
    StoreOp *op;

    assert_int_equal(store_get(store, "ins_1", need, on_got, NULL, &op), expected);
    fake_pass(&fake, 0);
    return op;
}

static void what_changes_by_itself_has_a_time_of_its_own(void **state)
{
    StoreReport report;

    (void)state;
    look(STORE_STARTED);
    answer(0, PAGE(ROW("ins_1"), "null"));
    get(STORE_DETAILS, STORE_STARTED);
    answer(1, WHOLE("after"));
    fake_pass(&fake, HEALTH_MS - 1);
    get(STORE_VITALS, STORE_HIT);
    fake_pass(&fake, 1);
    get(STORE_DETAILS, STORE_HIT);
    get(STORE_VITALS, STORE_STARTED);
    get(STORE_VITALS, STORE_JOINED);
    answer(2, WHOLE("after"));
    assert_int_equal(dones, 6);
    get(STORE_VITALS, STORE_HIT);
    assert_int_equal(net.count, 3);
    store_report(store, &report);
    assert_int_equal(report.lists[STORE_STARTED], 1);
    assert_int_equal(report.gets[STORE_STARTED], 2);
    assert_int_equal(report.gets[STORE_JOINED], 1);
    assert_int_equal(report.gets[STORE_HIT], 3);
}

static void what_a_list_brought_before_it_began_anew_may_be_gone(void **state)
{
    (void)state;
    look(STORE_STARTED);
    answer(0, NUMBERED(ROW("ins_1"), "3"));
    answer_one_of(3, 1, NUMBERED(ROW("ins_2"), "3"));
    answer(2, NUMBERED(ROW("ins_4"), "2")); /* one has gone */
    answer(3, NUMBERED(ROW("ins_2"), "2"));
    assert_true(is_known("ins_1"));
    answer(4, NUMBERED(ROW("ins_4"), "2"));
    assert_int_equal(dones, 1);
    assert_false(is_known("ins_1"));
    assert_true(is_known("ins_2") && is_known("ins_4"));
    assert_int_equal(net.count, 5);
}

/* What an earlier mount left. */
static void restore(const char *row)
{
    SnapshotRow left = {.seen_wall_ms = 1, .shown = true};
    Snapshot snapshot = {
        .sets[STORE_INSTANCES] = {.rows = &left, .count = 1, .complete_wall_ms = fake_wall_ms(&fake.clock)}};

    assert_int_equal(resource_new(span_of(row), &left.resource), 0);
    store_restore(store, &snapshot);
    resource_unref(left.resource);
}

static void who_reads_what_an_earlier_mount_left_is_served_before_it_is_refreshed(void **state)
{
    (void)state;
    restore(ROW("ins_1"));
    fake_pass(&fake, TTL_MS);
    assert_int_equal(net.count, 0); /* nobody looked */
    assert_true(store_list_warm(store, STORE_INSTANCES));
    fake_pass(&fake, PAUSE_MS - 1);
    assert_true(store_list_warm(store, STORE_INSTANCES));
    assert_int_equal(net.count, 0);
    fake_pass(&fake, 1);
    answer(0, PAGE(ROW("ins_2"), "null"));
    assert_false(is_known("ins_1"));
    fake_pass(&fake, PAUSE_MS);
    assert_int_equal(net.count, 1);
}

static void who_waits_for_the_list_meanwhile_starts_it_and_it_is_asked_for_once(void **state)
{
    (void)state;
    restore(ROW("ins_1"));
    assert_true(store_list_warm(store, STORE_INSTANCES));
    store_hint(store, NULL);
    look(STORE_STARTED);
    answer(0, PAGE(ROW("ins_1"), "null"));
    assert_int_equal(dones, 1);
    fake_pass(&fake, PAUSE_MS);
    assert_int_equal(net.count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(who_lost_patience_with_a_list_finds_it_whole_the_next_time),
        STORE_TEST(who_came_when_a_list_dragged_on_finds_it_whole_the_next_time),
        STORE_TEST(a_list_that_nobody_reads_on_is_held),
        STORE_TEST(who_has_read_eight_pages_finds_the_next_one_on_its_way),
        STORE_TEST(who_has_read_four_numbered_pages_finds_those_abreast_on_their_way),
        STORE_TEST(a_list_is_none_the_younger_for_having_been_held),
        STORE_TEST(a_list_that_was_held_again_and_again_begins_anew),
        STORE_TEST(a_list_that_the_machine_slept_in_begins_anew),
        STORE_TEST(a_list_of_summaries_is_all_that_a_refresh_costs),
        STORE_TEST(a_list_that_the_machine_slept_in_and_that_nobody_waits_for_is_given_up),
        STORE_TEST(patience_counts_no_sleep),
        STORE_TEST(who_could_be_served_nothing_but_what_is_too_old_waits_on),
        STORE_TEST(a_text_that_came_while_the_machine_slept_is_asked_for_again),
        STORE_TEST(who_reads_what_an_earlier_mount_left_is_served_before_it_is_refreshed),
        STORE_TEST(who_waits_for_the_list_meanwhile_starts_it_and_it_is_asked_for_once),
        STORE_TEST(what_a_list_brought_before_it_began_anew_may_be_gone),
        STORE_TEST(what_changes_by_itself_has_a_time_of_its_own),
    };

    return cmocka_run_group_tests(tests, make_file, remove_file);
}
