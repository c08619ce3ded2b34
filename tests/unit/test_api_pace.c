/* The day's budget lasts: who looks all day long comes to an even pace, and a short look is not held up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ledger.h"
#include "pace.h"

enum { USABLE = 9500, SECOND_MS = 1000, MINUTE_MS = 60 * SECOND_MS, HOUR_MS = 60 * MINUTE_MS };

static const int64_t start_ms = (int64_t)1000 * HOUR_MS;

static Budget day;

static void spend(int64_t at_ms, unsigned count)
{
    budget_book(&day, at_ms, at_ms, count);
}

static void an_untouched_day_holds_nobody_up(void **state)
{
    (void)state;
    budget_init(&day, 0, LEDGER_DAY_MS);
    assert_int_equal(pace_ms(&day, start_ms, USABLE), 0);
    spend(start_ms, USABLE / PACE_SHARE / 2);
    assert_int_equal(pace_ms(&day, start_ms, USABLE), 0);
}

static void past_half_of_what_may_go_at_once_it_slows_down_to_the_even_pace(void **state)
{
    int64_t even_ms = LEDGER_DAY_MS / (USABLE - 2 * USABLE / PACE_SHARE), before_ms = 0;

    (void)state;
    budget_init(&day, 0, LEDGER_DAY_MS);
    spend(start_ms, USABLE / PACE_SHARE / 2);
    while (budget_used(&day, start_ms) < USABLE / PACE_SHARE) {
        int64_t now_ms;

        spend(start_ms, 1);
        now_ms = pace_ms(&day, start_ms, USABLE);
        assert_true(now_ms >= before_ms && now_ms > 0);
        before_ms = now_ms;
    }
    assert_in_range(before_ms, even_ms - 100, even_ms + 50);
}

static void what_is_spent_comes_back_as_time_passes(void **state)
{
    (void)state;
    budget_init(&day, 0, LEDGER_DAY_MS);
    spend(start_ms, USABLE / PACE_SHARE);
    assert_true(pace_ms(&day, start_ms, USABLE) > 8000);
    assert_int_equal(pace_ms(&day, start_ms + (int64_t)2 * HOUR_MS, USABLE), 0);
}

static void with_nothing_left_the_pace_is_a_day(void **state)
{
    (void)state;
    budget_init(&day, 0, LEDGER_DAY_MS);
    spend(start_ms, USABLE);
    assert_int_equal(pace_ms(&day, start_ms, USABLE), PACE_MS_MAX);
    spend(start_ms, 100);
    assert_int_equal(pace_ms(&day, start_ms, USABLE), PACE_MS_MAX);
    assert_int_equal(pace_ms(&day, start_ms + LEDGER_DAY_MS + 5 * MINUTE_MS, USABLE), 0);
}

static void spent_too_fast_it_stays_below_the_even_pace_and_never_stops(void **state)
{
    (void)state;
    budget_init(&day, 0, LEDGER_DAY_MS);
    spend(start_ms, USABLE - 100);                                                        /* by a find, say */
    assert_in_range(pace_ms(&day, start_ms, USABLE), 1700 * SECOND_MS, 1740 * SECOND_MS); /* 100 in two days */
}

typedef struct Watch {
    unsigned cost;
    int64_t ttl_ms, asked_ms;
} Watch;

static int64_t least_ms, most_ms; /* between two refreshes, once it has settled */

/* One that looks again and again, and refreshes when the stretched TTL is over. */
static void look(Watch *watch, int64_t now_ms, unsigned demand, int64_t settled_ms)
{
    int64_t age_ms = now_ms - watch->asked_ms, stretched_ms = pace_ms(&day, now_ms, USABLE) * demand;

    if (age_ms < watch->ttl_ms || age_ms < stretched_ms)
        return;
    if (watch->asked_ms > settled_ms) {
        least_ms = age_ms < least_ms ? age_ms : least_ms;
        most_ms = age_ms > most_ms ? age_ms : most_ms;
    }
    watch->asked_ms = now_ms;
    spend(now_ms, watch->cost);
    assert_true(budget_used(&day, now_ms) <= USABLE);
}

static void watch_for_two_days(unsigned cost)
{
    Watch watch = {.cost = cost, .ttl_ms = 10 * SECOND_MS};

    budget_init(&day, 0, LEDGER_DAY_MS);
    least_ms = INT64_MAX;
    most_ms = 0;
    for (int64_t at_ms = 0; at_ms < (int64_t)2 * LEDGER_DAY_MS; at_ms += 2 * SECOND_MS)
        look(&watch, start_ms + at_ms, cost, start_ms + 2 * HOUR_MS);
}

static void ten_thousand_instances_watched_settle_at_some_eight_minutes(void **state)
{
    (void)state;
    watch_for_two_days(50);
    assert_in_range(most_ms, 7 * MINUTE_MS, 9 * MINUTE_MS);
}

static void one_file_watched_stays_within_some_ten_seconds(void **state)
{
    (void)state;
    watch_for_two_days(1);
    assert_in_range(least_ms, 10 * SECOND_MS, 10 * SECOND_MS);
    assert_in_range(most_ms, 10 * SECOND_MS, 12 * SECOND_MS);
}

static void many_that_are_watched_share_the_pace(void **state)
{
    Watch watches[65];

    (void)state;
    budget_init(&day, 0, LEDGER_DAY_MS);
    least_ms = INT64_MAX;
    most_ms = 0;
    for (unsigned i = 0; i < 65; i++)
        watches[i] = (Watch){.cost = i == 0 ? 50 : 1, .ttl_ms = 10 * SECOND_MS};
    for (int64_t at_ms = 0; at_ms < (int64_t)2 * LEDGER_DAY_MS; at_ms += 30 * SECOND_MS) {
        for (unsigned i = 0; i < 65; i++)
            look(&watches[i], start_ms + at_ms, 50 + 64, start_ms + 6 * HOUR_MS);
    }
    assert_in_range(most_ms, 16 * MINUTE_MS, 21 * MINUTE_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_untouched_day_holds_nobody_up),
        cmocka_unit_test(past_half_of_what_may_go_at_once_it_slows_down_to_the_even_pace),
        cmocka_unit_test(what_is_spent_comes_back_as_time_passes),
        cmocka_unit_test(with_nothing_left_the_pace_is_a_day),
        cmocka_unit_test(spent_too_fast_it_stays_below_the_even_pace_and_never_stops),
        cmocka_unit_test(ten_thousand_instances_watched_settle_at_some_eight_minutes),
        cmocka_unit_test(one_file_watched_stays_within_some_ten_seconds),
        cmocka_unit_test(many_that_are_watched_share_the_pace),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
