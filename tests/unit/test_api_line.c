/* Who goes when: classes, the limits of a minute and a day, holds, and the cap on exchanges in flight. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "budget.h"
#include "line.h"
#include "test_api_fakes.h"

enum { WAITERS = 64, NO_LIMIT = 0 };

typedef struct Waiter {
    LineTicket ticket;
    int turns;
    enum LineOutcome outcome;
    int order; /* of its turn among all, from 1 */
} Waiter;

static FakeClock fake;
static Line *line;
static Waiter waiters[WAITERS];
static int turns;

static bool on_turn(void *ctx, enum LineOutcome outcome)
{
    Waiter *waiter = ctx;

    waiter->turns++;
    waiter->outcome = outcome;
    waiter->order = ++turns;
    return outcome == LINE_GO;
}

static void open_line(unsigned per_minute, unsigned per_day, int64_t wait_ms)
{
    fake_clock_init(&fake);
    memset(waiters, 0, sizeof waiters);
    turns = 0;
    line = line_new(&fake.clock, NULL, per_minute, per_day, wait_ms);
    assert_non_null(line);
}

static Waiter *join(unsigned index, enum ApiClass class)
{
    Waiter *waiter = &waiters[index];

    waiter->ticket = (LineTicket){.class = class, .turn = on_turn, .ctx = waiter};
    line_join(line, &waiter->ticket);
    return waiter;
}

static unsigned count_turns(enum LineOutcome outcome)
{
    unsigned count = 0;

    for (unsigned i = 0; i < WAITERS; i++)
        count += waiters[i].turns > 0 && waiters[i].outcome == outcome;
    return count;
}

static void a_turn_never_comes_from_inside_joining(void **state)
{
    Waiter *waiter;

    (void)state;
    open_line(NO_LIMIT, NO_LIMIT, 0);
    assert_int_equal(fake_timers_running(&fake), 0);
    waiter = join(0, API_READ);
    assert_int_equal(waiter->turns, 0);
    fake_pass(&fake, 0);
    assert_int_equal(waiter->turns, 1);
    assert_int_equal(fake_timers_running(&fake), 0);
    line_free(line);
}

static void classes_go_in_order_and_fifo_within(void **state)
{
    static const enum ApiClass classes[] = {API_BACKGROUND, API_REFRESH, API_READ, API_READ, API_CHANGE, API_REFRESH};
    static const int orders[] = {6, 4, 2, 3, 1, 5};

    (void)state;
    open_line(NO_LIMIT, NO_LIMIT, 1000);
    for (unsigned i = 0; i < 6; i++)
        join(i, classes[i]);
    fake_pass(&fake, 0);
    for (unsigned i = 0; i < 6; i++)
        assert_int_equal(waiters[i].order, orders[i]);
    line_free(line);
}

static void the_cap_in_flight_is_kept_and_never_refuses(void **state)
{
    (void)state;
    open_line(NO_LIMIT, NO_LIMIT, 0);
    for (unsigned i = 0; i < 20; i++)
        join(i, API_READ);
    fake_pass(&fake, 600000);
    assert_int_equal(turns, API_IN_FLIGHT_MAX);
    assert_int_equal(fake_timers_running(&fake), 0);
    line_ended(line, &waiters[0].ticket);
    fake_pass(&fake, 0);
    assert_int_equal(turns, API_IN_FLIGHT_MAX + 1);
    assert_int_equal(count_turns(LINE_GO), API_IN_FLIGHT_MAX + 1);
    for (unsigned i = 0; i < 20; i++)
        line_leave(line, &waiters[i].ticket);
    line_free(line);
}

static void the_minute_s_limit_holds_in_any_minute(void **state)
{
    (void)state;
    open_line(3, NO_LIMIT, 130000);
    for (unsigned i = 0; i < 7; i++)
        join(i, API_READ);
    fake_pass(&fake, 59000);
    assert_int_equal(turns, 3);
    fake_pass(&fake, 1300);
    assert_int_equal(turns, 6);
    fake_pass(&fake, 59000);
    assert_int_equal(turns, 6);
    fake_pass(&fake, 2000);
    assert_int_equal(turns, 7);
    assert_int_equal(count_turns(LINE_GO), 7);
    line_free(line);
}

static void who_would_wait_too_long_is_told_at_once(void **state)
{
    (void)state;
    open_line(2, NO_LIMIT, 90000);
    for (unsigned i = 0; i < 6; i++)
        join(i, API_READ);
    fake_pass(&fake, 0);
    assert_int_equal(count_turns(LINE_GO), 2); /* 2 more after 60 s, and the last 2 after 120 s */
    assert_int_equal(count_turns(LINE_TOO_LONG), 2);
    assert_int_equal(waiters[4].outcome, LINE_TOO_LONG);
    assert_int_equal(waiters[5].outcome, LINE_TOO_LONG);
    fake_pass(&fake, 61000);
    assert_int_equal(count_turns(LINE_GO), 4);
    line_free(line);
}

static void with_no_wait_allowed_nobody_stands_for_the_limit(void **state)
{
    (void)state;
    open_line(1, NO_LIMIT, 0);
    join(0, API_READ);
    fake_pass(&fake, 0);
    join(1, API_CHANGE);
    fake_pass(&fake, 0);
    assert_int_equal(waiters[0].outcome, LINE_GO);
    assert_int_equal(waiters[1].outcome, LINE_TOO_LONG);
    line_free(line);
}

static void a_hold_stops_all_and_refuses_whom_it_outlasts(void **state)
{
    ApiStats stats = {0};

    (void)state;
    open_line(NO_LIMIT, NO_LIMIT, 10000);
    line_hold(line, 5000);
    join(0, API_READ);
    fake_pass(&fake, 4999);
    assert_int_equal(turns, 0);
    line_hold(line, 1); /* a shorter one changes nothing */
    line_stats(line, &stats);
    assert_int_equal(stats.held_ms, 1);
    assert_int_equal(stats.holding_ms, 4999);
    assert_int_equal(stats.in_line, 1);
    assert_int_equal(line_stood_ms(line, &waiters[0].ticket), 4999);
    fake_pass(&fake, 1);
    assert_int_equal(waiters[0].outcome, LINE_GO);
    join(1, API_READ);
    line_hold(line, 3600000);
    fake_pass(&fake, 0);
    assert_int_equal(waiters[1].outcome, LINE_TOO_LONG);
    assert_int_equal(line_wait_ms(line, API_READ), 3600000);
    line_free(line);
}

static void what_nobody_needs_yet_goes_last_of_its_class_until_it_is_needed(void **state)
{
    static const enum ApiClass classes[] = {API_READ, API_READ, API_READ, API_REFRESH, API_READ, API_CHANGE};
    static const bool ahead[] = {false, true, true, false, false, false};
    static const int orders[] = {2, 5, 3, 6, 4, 1};

    (void)state;
    open_line(NO_LIMIT, NO_LIMIT, 10000);
    line_hold(line, 1000);
    for (unsigned i = 0; i < 6; i++) {
        waiters[i].ticket = (LineTicket){.class = classes[i], .ahead = ahead[i], .turn = on_turn, .ctx = &waiters[i]};
        line_join(line, &waiters[i].ticket);
    }
    line_need(line, &waiters[2].ticket);
    fake_pass(&fake, 999);
    assert_int_equal(line_stood_ms(line, &waiters[2].ticket), 999);
    fake_pass(&fake, 1);
    for (unsigned i = 0; i < 6; i++)
        assert_int_equal(waiters[i].order, orders[i]);
    line_need(line, &waiters[1].ticket); /* it does not wait any more */
    line_free(line);
}

static void who_comes_back_keeps_its_place(void **state)
{
    (void)state;
    open_line(NO_LIMIT, NO_LIMIT, 60000);
    join(0, API_READ);
    join(1, API_READ);
    fake_pass(&fake, 0);
    line_hold(line, 1000);
    join(2, API_READ);
    line_ended(line, &waiters[1].ticket);
    line_join(line, &waiters[1].ticket);
    line_ended(line, &waiters[0].ticket);
    line_join(line, &waiters[0].ticket);
    fake_pass(&fake, 1000);
    assert_int_equal(waiters[0].order, 3);
    assert_int_equal(waiters[1].order, 4);
    assert_int_equal(waiters[2].order, 5);
    line_free(line);
}

static void who_leaves_gets_no_turn(void **state)
{
    (void)state;
    open_line(NO_LIMIT, NO_LIMIT, 0);
    join(0, API_READ);
    line_leave(line, &waiters[0].ticket);
    line_leave(line, &waiters[0].ticket);
    assert_int_equal(fake_timers_running(&fake), 0);
    fake_pass(&fake, 1000);
    assert_int_equal(turns, 0);
    line_free(line);
}

static void send_many(unsigned count, enum ApiClass class)
{
    for (unsigned i = 0; i < count; i++) {
        join(0, class);
        fake_pass(&fake, 0);
        if (waiters[0].outcome == LINE_GO)
            line_ended(line, &waiters[0].ticket);
    }
}

static void the_last_of_a_day_are_kept_for_changes(void **state)
{
    ApiStats stats = {0};

    (void)state;
    open_line(NO_LIMIT, 2000, 60000);
    send_many(1499, API_READ);
    line_stats(line, &stats);
    assert_false(stats.day_spent);
    send_many(1, API_READ);
    assert_int_equal(waiters[0].outcome, LINE_GO);
    fake_pass(&fake, 7000); /* since the last one, not since somebody was refused */
    send_many(1, API_READ);
    assert_int_equal(waiters[0].outcome, LINE_DAY_SPENT);
    line_stats(line, &stats);
    assert_true(stats.day_spent);
    assert_int_equal(stats.day_spent_ms, 7000);
    send_many(500, API_CHANGE);
    assert_int_equal(waiters[0].outcome, LINE_GO);
    send_many(1, API_CHANGE);
    assert_int_equal(waiters[0].outcome, LINE_DAY_SPENT);
    line_stats(line, &stats);
    assert_int_equal(stats.day_used, 2000);
    fake_pass(&fake, 25 * 3600 * 1000);
    send_many(1, API_READ);
    assert_int_equal(waiters[0].outcome, LINE_GO);
    line_stats(line, &stats);
    assert_false(stats.day_spent);
    assert_int_equal(stats.day_spent_ms, 0);
    line_free(line);
}

static void walks_and_the_like_leave_room_in_flight(void **state)
{
    (void)state;
    open_line(NO_LIMIT, NO_LIMIT, 0);
    for (unsigned i = 0; i < 20; i++)
        join(i, i < 10 ? API_BACKGROUND : API_WALK);
    fake_pass(&fake, 0);
    assert_int_equal(turns, 12);
    assert_int_equal(fake_timers_running(&fake), 0);
    join(20, API_READ);
    fake_pass(&fake, 0);
    assert_int_equal(waiters[20].outcome, LINE_GO);
    assert_int_equal(waiters[20].turns, 1);
    line_ended(line, &waiters[10].ticket);
    fake_pass(&fake, 0);
    assert_int_equal(turns, 14);
    for (unsigned i = 0; i < 20; i++)
        line_leave(line, &waiters[i].ticket);
    line_free(line);
}

static void walks_and_the_like_leave_a_quarter_of_the_minute(void **state)
{
    (void)state;
    open_line(20, NO_LIMIT, 600000);
    for (unsigned i = 0; i < 30; i++) {
        join(i, API_WALK);
        fake_pass(&fake, 0);
        if (waiters[i].turns > 0)
            line_ended(line, &waiters[i].ticket);
    }
    assert_int_equal(turns, 15);
    for (unsigned i = 30; i < 35; i++)
        join(i, API_READ);
    fake_pass(&fake, 0);
    assert_int_equal(turns, 20);
    for (unsigned i = 30; i < 35; i++)
        line_ended(line, &waiters[i].ticket);
    fake_pass(&fake, 61000);
    assert_int_equal(turns, 32); /* as many as may be in flight */
    for (unsigned i = 27; i < 30; i++)
        line_leave(line, &waiters[i].ticket);
    line_free(line);
}

static void walks_get_a_quarter_of_the_day_and_what_nobody_asked_for_a_tenth(void **state)
{
    (void)state;
    open_line(NO_LIMIT, 2000, 60000);
    send_many(500, API_WALK);
    assert_int_equal(waiters[0].outcome, LINE_GO);
    send_many(1, API_WALK);
    assert_int_equal(waiters[0].outcome, LINE_SHARE_SPENT);
    send_many(200, API_BACKGROUND);
    assert_int_equal(waiters[0].outcome, LINE_GO);
    send_many(1, API_BACKGROUND);
    assert_int_equal(waiters[0].outcome, LINE_SHARE_SPENT);
    send_many(800, API_READ);
    assert_int_equal(waiters[0].outcome, LINE_GO);
    send_many(1, API_READ);
    assert_int_equal(waiters[0].outcome, LINE_DAY_SPENT);
    line_free(line);
}

static void a_clock_that_jumps_a_year_empties_the_budget_and_no_more(void **state)
{
    Budget budget;

    (void)state;
    budget_init(&budget, 2, 60000);
    budget_spend(&budget, 1000);
    budget_spend(&budget, 1000);
    assert_int_equal(budget_used(&budget, 61000), 2);
    assert_int_equal(budget_wait_ms(&budget, 61000, 0), 100);
    assert_int_equal(budget_used(&budget, 61100), 0);
    budget_spend(&budget, 61100);
    assert_int_equal(budget_used(&budget, INT64_C(366) * 86400000), 0);
    assert_int_equal(budget_wait_ms(&budget, INT64_C(366) * 86400000, 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_turn_never_comes_from_inside_joining),
        cmocka_unit_test(classes_go_in_order_and_fifo_within),
        cmocka_unit_test(the_cap_in_flight_is_kept_and_never_refuses),
        cmocka_unit_test(the_minute_s_limit_holds_in_any_minute),
        cmocka_unit_test(who_would_wait_too_long_is_told_at_once),
        cmocka_unit_test(with_no_wait_allowed_nobody_stands_for_the_limit),
        cmocka_unit_test(a_hold_stops_all_and_refuses_whom_it_outlasts),
        cmocka_unit_test(what_nobody_needs_yet_goes_last_of_its_class_until_it_is_needed),
        cmocka_unit_test(who_comes_back_keeps_its_place),
        cmocka_unit_test(who_leaves_gets_no_turn),
        cmocka_unit_test(the_last_of_a_day_are_kept_for_changes),
        cmocka_unit_test(walks_and_the_like_leave_room_in_flight),
        cmocka_unit_test(walks_and_the_like_leave_a_quarter_of_the_minute),
        cmocka_unit_test(walks_get_a_quarter_of_the_day_and_what_nobody_asked_for_a_tenth),
        cmocka_unit_test(a_clock_that_jumps_a_year_empties_the_budget_and_no_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
