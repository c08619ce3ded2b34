/* Whether what is known may be answered: one row a situation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "freshness.h"

enum { TTL = 10000, LIMIT = 300000 };

typedef struct Case {
    const char *situation;
    Freshness facts;
    enum FreshnessVerdict verdict;
} Case;

#define KNOWN(age) .known = true, .age_ms = (age), .ttl_ms = TTL, .stale_limit_ms = LIMIT

static const Case cases[] = {
    {"young: served", {KNOWN(9999)}, FRESHNESS_SERVE},
    {"young, while a refresh runs: served", {KNOWN(1), .refreshing = true}, FRESHNESS_SERVE},
    {"its time is up: asked for", {KNOWN(10000)}, FRESHNESS_START},
    {"young, but said to have changed: asked for", {KNOWN(1), .expired = true}, FRESHNESS_START},
    {"a refresh runs already: joined", {KNOWN(10001), .refreshing = true, .refreshing_ms = 4999}, FRESHNESS_JOIN},
    {"the refresh drags on: served stale",
     {KNOWN(10001), .refreshing = true, .refreshing_ms = 5000},
     FRESHNESS_SERVE_STALE},
    {"it drags on, and what is known is too old: joined",
     {KNOWN(LIMIT), .refreshing = true, .refreshing_ms = 60000},
     FRESHNESS_JOIN},
    {"the API just failed: served stale",
     {KNOWN(20000), .failing = true, .failed_ago_ms = 1999},
     FRESHNESS_SERVE_STALE},
    {"it failed a while ago: served stale, and tried again",
     {KNOWN(20000), .failing = true, .failed_ago_ms = 2000},
     FRESHNESS_SERVE_AND_START},
    {"it failed long ago, and may be well now: asked for",
     {KNOWN(60000), .failing = true, .failed_ago_ms = 30000},
     FRESHNESS_START},
    {"it failed long ago, and a new try runs: joined",
     {KNOWN(60000), .failing = true, .failed_ago_ms = 30000, .refreshing = true},
     FRESHNESS_JOIN},
    {"it fails, and a new try runs: served stale", {KNOWN(20000), .failing = true, .refreshing = true}, FRESHNESS_SERVE_STALE},
    {"it fails, and what is known is too old: asked for", {KNOWN(LIMIT), .failing = true}, FRESHNESS_START},
    {"nothing is known: asked for", {.ttl_ms = TTL, .stale_limit_ms = LIMIT}, FRESHNESS_START},
    {"nothing is known, and somebody asks already: joined",
     {.ttl_ms = TTL, .stale_limit_ms = LIMIT, .refreshing = true, .refreshing_ms = 29000},
     FRESHNESS_JOIN},
    {"nothing is known, and the API fails: asked for all the same",
     {.ttl_ms = TTL, .stale_limit_ms = LIMIT, .failing = true},
     FRESHNESS_START},
    {"an earlier mount left it: served stale, and asked for",
     {KNOWN(1), .warm = true, .expired = true},
     FRESHNESS_SERVE_AND_START},
    {"an earlier mount left it, and it is being asked for: served stale",
     {KNOWN(1), .warm = true, .expired = true, .refreshing = true},
     FRESHNESS_SERVE_STALE},
    {"an earlier mount left it, and the API just failed: served stale",
     {KNOWN(1), .warm = true, .expired = true, .failing = true, .failed_ago_ms = 1999},
     FRESHNESS_SERVE_STALE},
    {"an earlier mount left it, and it is too old: asked for",
     {KNOWN(LIMIT), .warm = true, .expired = true},
     FRESHNESS_START},
};

static void each_situation_has_its_verdict(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (freshness_decide(&cases[i].facts) != cases[i].verdict)
            fail_msg("%s: %d", cases[i].situation, (int)freshness_decide(&cases[i].facts));
    }
}

static void patience_is_for_those_who_could_be_served_stale(void **state)
{
    Freshness could = {KNOWN(20000), .refreshing = true, .refreshing_ms = 1000}, could_not = {.refreshing = true};

    (void)state;
    assert_int_equal(freshness_patience_ms(&could), 4000);
    assert_true(freshness_patience_ms(&could_not) < 0);
}

static void the_ttl_in_transition_doubles_up_to_30_s_while_nothing_moves(void **state)
{
    int64_t ttl = freshness_transition_ttl_ms(2000, 0, false);
    const int64_t expected[] = {2000, 4000, 8000, 16000, 30000, 30000};

    (void)state;
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        assert_int_equal(ttl, expected[i]);
        ttl = freshness_transition_ttl_ms(2000, ttl, false);
    }
    assert_int_equal(freshness_transition_ttl_ms(2000, 30000, true), 2000);
}

static void a_listing_replaces_single_looks_once_they_have_cost_as_much(void **state)
{
    (void)state;
    assert_false(freshness_prefer_list(0, 40, 200));
    assert_true(freshness_prefer_list(1, 40, 200));
    assert_false(freshness_prefer_list(49, 10000, 200));
    assert_true(freshness_prefer_list(50, 10000, 200));
    assert_false(freshness_prefer_list(50, 10001, 200));
}

static void what_is_looked_at_costs_so_many_requests(void **state)
{
    static const struct {
        const char *situation;
        FreshnessDemand demand;
        size_t requests;
    } rows[] = {
        {"nobody looks", {.pages = 50, .whole = true}, 0},
        {"a listing of whole rows refreshes every file",
         {.list_pages = 50, .singles = 64, .pages = 50, .whole = true},
         50},
        {"a listing of summaries does not", {.list_pages = 50, .singles = 64, .pages = 50}, 114},
        {"files alone, whole: never more than a listing", {.singles = 64, .pages = 50, .whole = true}, 50},
        {"files alone, whole, few", {.singles = 3, .pages = 50, .whole = true}, 3},
        {"files alone, summaries", {.singles = 64, .pages = 50}, 64},
        {"projects come on top", {.project_pages = 1, .list_pages = 2, .pages = 2, .whole = true}, 3},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (freshness_demand(&rows[i].demand) != rows[i].requests)
            fail_msg("%s: %zu", rows[i].situation, freshness_demand(&rows[i].demand));
    }
}

static void a_ttl_is_stretched_to_what_the_day_can_bear(void **state)
{
    (void)state;
    assert_int_equal(freshness_stretch_ms(10000, 50, 0), 10000);
    assert_int_equal(freshness_stretch_ms(10000, 1, 9600), 10000);
    assert_int_equal(freshness_stretch_ms(10000, 50, 9600), 480000);
    assert_int_equal(freshness_stretch_ms(0, 1, 9600), 9600);
    assert_int_equal(freshness_stretch_ms(10000, 0, 9600), 10000);
    assert_int_equal(freshness_stretch_ms(10000, SIZE_MAX / 4, 86400000), 86400000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_looked_at_costs_so_many_requests),
        cmocka_unit_test(a_ttl_is_stretched_to_what_the_day_can_bear),
        cmocka_unit_test(each_situation_has_its_verdict),
        cmocka_unit_test(patience_is_for_those_who_could_be_served_stale),
        cmocka_unit_test(the_ttl_in_transition_doubles_up_to_30_s_while_nothing_moves),
        cmocka_unit_test(a_listing_replaces_single_looks_once_they_have_cost_as_much),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
