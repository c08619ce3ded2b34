/* What the store does about events: it looks again, seldom and soon, and polls nothing meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "test_store_steps.h"

#define WHOLE(id, region) "{\"id\":\"" id "\",\"name\":\"" id "\",\"status\":\"running\",\"region\":\"" region "\"}"

enum { GATHER_MS = 5, HOUR_MS = 3600 * 1000, DAY_MS = 24 * HOUR_MS };

/* Two instances are known, and nobody asks. */
static void list_two(void)
{
    look(STORE_STARTED);
    answer(0, PAGE(WHOLE("ins_1", "a") "," WHOLE("ins_2", "a"), "null"));
    assert_int_equal(dones, 1);
}

static bool asks_for(unsigned index, const char *id)
{
    const char *url = net.calls[index].url;

    return strlen(url) > strlen(id) && strcmp(url + strlen(url) - strlen(id), id) == 0;
}

static StoreFacts facts_of(const char *id)
{
    StoreFacts facts;

    assert_true(store_peek(store, STORE_INSTANCES, id, &facts));
    return facts;
}

static void one_that_is_heard_of_is_asked_for_soon_and_once(void **state)
{
    (void)state;
    list_two();
    store_look_again(store, "ins_1", true);
    store_look_again(store, "ins_1", true);
    assert_int_equal(facts_of("ins_1").fresh_ms, 0);
    assert_true(facts_of("ins_2").fresh_ms > 0);
    assert_int_equal(net.count, 1);
    fake_pass(&fake, GATHER_MS);
    assert_int_equal(net.count, 2);
    assert_true(asks_for(1, "ins_1"));
    answer(1, WHOLE("ins_1", "b"));
    assert_true(facts_of("ins_1").fresh_ms > 0);
    fake_pass(&fake, HOUR_MS / 2);
    assert_int_equal(net.count, 2);
}

static void an_answer_that_left_before_says_nothing(void **state)
{
    (void)state;
    list_two();
    store_look_again(store, "ins_1", true);
    fake_pass(&fake, GATHER_MS);
    store_look_again(store, "ins_1", true);
    answer(1, WHOLE("ins_1", "old"));
    assert_int_equal(facts_of("ins_1").fresh_ms, 0);
    fake_pass(&fake, 4 * GATHER_MS);
    assert_int_equal(net.count, 3);
    answer(2, WHOLE("ins_1", "new"));
    assert_true(span_equal(resource_text(facts_of("ins_1").resource), span_of(WHOLE("ins_1", "new"))));
    fake_pass(&fake, HOUR_MS / 2);
    assert_int_equal(net.count, 3);
}

static void nothing_is_polled_for_an_hour_and_after_a_day_of_silence_as_ever(void **state)
{
    (void)state;
    list_two();
    assert_false(store_is_live(store));
    store_look_again(store, "ins_1", true);
    assert_true(store_is_live(store));
    fake_pass(&fake, GATHER_MS);
    answer(1, WHOLE("ins_1", "a"));
    fake_pass(&fake, HOUR_MS - 1000);
    look(STORE_HIT);
    fake_pass(&fake, 1000);
    look(STORE_STARTED);
    answer(2, PAGE(WHOLE("ins_1", "a") "," WHOLE("ins_2", "a"), "null"));
    fake_pass(&fake, DAY_MS);
    assert_false(store_is_live(store));
    assert_true(facts_of("ins_1").fresh_ms == 0);
}

static void one_that_has_gone_goes_and_is_not_looked_for_again(void **state)
{
    (void)state;
    list_two();
    store_look_again(store, "ins_1", false);
    fake_pass(&fake, GATHER_MS);
    fake_answer(&net, 1, 404, "", "{\"error\":{\"code\":\"not_found\",\"message\":\"\"}}");
    fake_pass(&fake, HOUR_MS / 2);
    assert_false(is_known("ins_1"));
    assert_int_equal(net.count, 2);
}

static void one_that_was_not_known_comes(void **state)
{
    (void)state;
    list_two();
    store_look_again(store, "ins_3", true);
    fake_pass(&fake, GATHER_MS);
    assert_true(asks_for(1, "ins_3"));
    answer(1, WHOLE("ins_3", "a"));
    assert_true(is_known("ins_3"));
}

static void one_that_nobody_knows_is_looked_for_once_a_minute(void **state)
{
    (void)state;
    list_two();
    store_look_again(store, "ins_9", true);
    fake_pass(&fake, GATHER_MS);
    fake_answer(&net, 1, 404, "", "{\"error\":{\"code\":\"not_found\",\"message\":\"\"}}");
    fake_pass(&fake, 30 * 1000);
    store_look_again(store, "ins_9", true);
    look(STORE_STARTED); /* it may have come: the list is fresh for no longer than without events */
    answer(2, PAGE(WHOLE("ins_1", "a") "," WHOLE("ins_2", "a"), "null"));
    fake_pass(&fake, 31 * 1000);
    look(STORE_HIT);
    assert_int_equal(net.count, 3);
    store_look_again(store, "ins_9", true);
    fake_pass(&fake, GATHER_MS);
    assert_int_equal(net.count, 4);
}

static void what_nobody_has_looked_at_costs_nothing(void **state)
{
    (void)state;
    store_look_again(store, "ins_1", true);
    store_look_again(store, "ins_2", false);
    store_look_at_projects(store);
    fake_pass(&fake, HOUR_MS);
    assert_int_equal(net.count, 0);
}

static void many_are_one_listing(void **state)
{
    (void)state;
    list_two();
    store_look_again(store, "ins_1", true);
    store_look_again(store, "ins_2", true);
    fake_pass(&fake, GATHER_MS);
    assert_int_equal(net.count, 2);
    assert_non_null(strstr(net.calls[1].url, "limit="));
    answer(1, PAGE(WHOLE("ins_1", "b") "," WHOLE("ins_2", "b"), "null"));
    assert_true(facts_of("ins_1").fresh_ms > 0 && facts_of("ins_2").fresh_ms > 0);
    fake_pass(&fake, HOUR_MS / 2);
    assert_int_equal(net.count, 2);
}

/* A thousand a second, for ten seconds. */
static void a_storm_costs_a_look_a_second(void **state)
{
    (void)state;
    list_two();
    for (unsigned i = 0; i < 10000; i++) {
        store_look_again(store, i % 2 ? "ins_1" : "ins_2", true);
        fake_pass(&fake, 1);
        if (net.count > 1 && !net.calls[net.count - 1].ended)
            fake_answer(&net, net.count - 1, 200, "", PAGE(WHOLE("ins_1", "b") "," WHOLE("ins_2", "b"), "null"));
    }
    assert_in_range(net.count, 10, 20);
}

static void what_fails_is_left_to_whoever_looks_next(void **state)
{
    (void)state;
    list_two();
    store_look_again(store, "ins_1", true);
    fake_pass(&fake, GATHER_MS);
    for (unsigned i = 1; i < net.count || i < 2; i++) {
        fake_answer(&net, i, 500, "", "{}");
        fake_pass(&fake, 10 * 1000);
    }
    fake_pass(&fake, HOUR_MS / 2);
    assert_true(net.count <= 5); /* a read is sent again up to three times */
    assert_int_equal(facts_of("ins_1").fresh_ms, 0);
}

/* A hundred in a moment: one list that left after the first of them, and one after the others. */
static void projects_are_listed_again_and_not_for_each_event(void **state)
{
    StoreOp *op;

    (void)state;
    assert_int_equal(store_list(store, STORE_PROJECTS, NULL, on_done, NULL, &op), STORE_STARTED);
    fake_pass(&fake, 0);
    answer(0, PAGE(ROW("prj_1"), "null"));
    for (unsigned i = 0; i < 100; i++)
        store_look_at_projects(store);
    fake_pass(&fake, GATHER_MS);
    assert_int_equal(net.count, 2);
    store_look_at_projects(store);
    answer(1, PAGE(ROW("prj_1"), "null"));
    fake_pass(&fake, 4 * GATHER_MS);
    assert_int_equal(net.count, 3);
    answer(2, PAGE(ROW("prj_1") "," ROW("prj_2"), "null"));
    assert_int_equal(store_list(store, STORE_PROJECTS, NULL, on_done, NULL, &op), STORE_HIT);
    fake_pass(&fake, HOUR_MS / 2);
    assert_int_equal(net.count, 3);
}

/* A listing of two pages is under way, of which one has come. */
static void list_half(void)
{
    list_two();
    fake_pass(&fake, TTL_MS);
    look(STORE_STARTED);
    answer(1, PAGE(WHOLE("ins_1", "a"), "\"c\""));
    assert_int_equal(net.count, 3);
}

static void what_came_by_an_event_is_not_gone_by_a_listing_that_left_earlier(void **state)
{
    (void)state;
    list_half();
    store_look_again(store, "ins_3", true);
    fake_pass(&fake, GATHER_MS);
    assert_true(asks_for(3, "ins_3"));
    answer_one_of(4, 3, WHOLE("ins_3", "new"));
    answer_one_of(4, 2, PAGE(WHOLE("ins_2", "a"), "null"));
    assert_true(is_known("ins_3"));
}

static void what_a_listing_brings_of_one_that_was_heard_of_meanwhile_is_asked_for(void **state)
{
    (void)state;
    list_half();
    store_look_again(store, "ins_3", true);
    answer_one_of(3, 2, PAGE(WHOLE("ins_2", "a") "," WHOLE("ins_3", "old"), "null"));
    fake_pass(&fake, 4 * GATHER_MS);
    assert_true(asks_for(net.count - 1, "ins_3"));
    assert_int_equal(facts_of("ins_3").fresh_ms, 0);
}

static void one_that_went_is_not_brought_by_a_listing_that_left_earlier(void **state)
{
    (void)state;
    list_half();
    store_look_again(store, "ins_3", false);
    fake_pass(&fake, GATHER_MS);
    assert_true(asks_for(3, "ins_3"));
    fake_answer(&net, 3, 404, "", "{\"error\":{\"code\":\"not_found\",\"message\":\"\"}}");
    fake_pass(&fake, 0);
    answer_one_of(4, 2, PAGE(WHOLE("ins_2", "a") "," WHOLE("ins_3", "old"), "null"));
    assert_false(is_known("ins_3"));
}

static void one_that_is_heard_of_again_while_it_is_looked_for_is_asked_for_again(void **state)
{
    (void)state;
    list_two();
    store_look_again(store, "ins_3", true);
    fake_pass(&fake, GATHER_MS);
    store_look_again(store, "ins_3", true);
    answer(1, WHOLE("ins_3", "old"));
    assert_int_equal(facts_of("ins_3").fresh_ms, 0);
    fake_pass(&fake, 4 * GATHER_MS);
    assert_int_equal(net.count, 3);
    answer(2, WHOLE("ins_3", "new"));
    fake_pass(&fake, 8 * GATHER_MS);
    assert_true(facts_of("ins_3").fresh_ms > TTL_MS);
}

/* Nobody told of what changed before the first event. */
static void the_first_event_makes_nothing_fresh_that_was_not(void **state)
{
    (void)state;
    list_two();
    fake_pass(&fake, TTL_MS + 1);
    store_look_again(store, "ins_1", true);
    fake_pass(&fake, GATHER_MS);
    answer(1, WHOLE("ins_1", "b"));
    fake_pass(&fake, 8 * GATHER_MS);
    assert_true(facts_of("ins_1").fresh_ms > TTL_MS);
    assert_int_equal(facts_of("ins_2").fresh_ms, 0);
    look(STORE_STARTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(one_that_is_heard_of_is_asked_for_soon_and_once),
        STORE_TEST(an_answer_that_left_before_says_nothing),
        STORE_TEST(nothing_is_polled_for_an_hour_and_after_a_day_of_silence_as_ever),
        STORE_TEST(one_that_has_gone_goes_and_is_not_looked_for_again),
        STORE_TEST(one_that_was_not_known_comes),
        STORE_TEST(one_that_nobody_knows_is_looked_for_once_a_minute),
        STORE_TEST(what_nobody_has_looked_at_costs_nothing),
        STORE_TEST(many_are_one_listing),
        STORE_TEST(a_storm_costs_a_look_a_second),
        STORE_TEST(what_fails_is_left_to_whoever_looks_next),
        STORE_TEST(projects_are_listed_again_and_not_for_each_event),
        STORE_TEST(what_came_by_an_event_is_not_gone_by_a_listing_that_left_earlier),
        STORE_TEST(what_a_listing_brings_of_one_that_was_heard_of_meanwhile_is_asked_for),
        STORE_TEST(one_that_went_is_not_brought_by_a_listing_that_left_earlier),
        STORE_TEST(one_that_is_heard_of_again_while_it_is_looked_for_is_asked_for_again),
        STORE_TEST(the_first_event_makes_nothing_fresh_that_was_not),
    };

    return cmocka_run_group_tests(tests, make_file, remove_file);
}
