/* The day's count of requests: leases from the ledger, what goes back, and what happens when the ledger does not answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "day.h"
#include "error.h"
#include "test_api_fakes.h"

enum { LIMIT = 10000, LEASE = 50, SECOND_MS = 1000, PART_MS = LEDGER_DAY_MS / BUDGET_PARTS };

/* ---- a ledger that answers when the test says ---- */

typedef struct FakeLedger {
    Ledger ledger;
    Budget booked;
    LedgerClaim claim; /* the newest */
    ledger_done_fn done;
    void *ctx;
    unsigned claims;
    int refuses; /* a code, if it does not even take the claim */
} FakeLedger;

static FakeClock clock;
static FakeLedger ledger;
static Day *day;
static unsigned changes;

static int take_claim(Ledger *base, const LedgerClaim *claim, ledger_done_fn done, void *ctx)
{
    FakeLedger *fake = (FakeLedger *)base;

    if (fake->refuses)
        return fake->refuses;
    assert_null(fake->done); /* one at a time */
    fake->claims++;
    fake->claim = *claim;
    fake->done = done;
    fake->ctx = ctx;
    return 0;
}

static void forget(Ledger *base, const void *ctx)
{
    FakeLedger *fake = (FakeLedger *)base;

    if (fake->ctx == ctx)
        fake->done = NULL;
}

/* Books what was claimed and answers, as ledger.h says. */
static void grant(unsigned granted)
{
    ledger_done_fn done = ledger.done;
    const LedgerClaim *claim = &ledger.claim;

    assert_non_null(done);
    ledger.done = NULL;
    budget_unbook(&ledger.booked, clock.now_ms, claim->back_at_ms, claim->back);
    budget_book(&ledger.booked, clock.now_ms, claim->now_ms, claim->debt + granted);
    done(ledger.ctx, 0, granted, &ledger.booked);
}

static void refuse(int code)
{
    ledger_done_fn done = ledger.done;

    assert_non_null(done);
    ledger.done = NULL;
    done(ledger.ctx, code, 0, NULL);
}

static void on_changed(void *ctx)
{
    (void)ctx;
    changes++;
}

static int begin(void **state)
{
    (void)state;
    fake_clock_init(&clock);
    ledger = (FakeLedger){.ledger = {.claim = take_claim, .forget = forget}};
    budget_init(&ledger.booked, LIMIT, LEDGER_DAY_MS);
    changes = 0;
    day = day_new(&clock.clock, &ledger.ledger, LIMIT, LEASE, on_changed, NULL);
    if (!day)
        return -1;
    day_use(day, "account");
    return 0;
}

static int end(void **state)
{
    (void)state;
    day_free(day);
    assert_null(clock.timers);
    return 0;
}

/* The first lease is there. */
static void lease(void)
{
    assert_false(day_ready(day, API_CHANGE));
    grant(LEASE);
    assert_true(day_ready(day, API_CHANGE));
}

static void spend(unsigned count)
{
    while (count-- > 0)
        day_spend(day, API_CHANGE);
}

/* ---- leases ---- */

static void the_first_request_waits_for_a_lease(void **state)
{
    (void)state;
    assert_false(day_ready(day, API_READ));
    assert_false(day_ready(day, API_READ));
    assert_int_equal(ledger.claims, 1);
    assert_string_equal(ledger.claim.account, "account");
    assert_int_equal(ledger.claim.limit, LIMIT);
    assert_int_equal(ledger.claim.want, LEASE);
    assert_int_equal(ledger.claim.keep, DAY_RESERVE);
    grant(LEASE);
    assert_int_equal(changes, 1);
    assert_true(day_ready(day, API_READ));
    assert_int_equal(day_used(day), 0);
    day_spend(day, API_READ);
    assert_int_equal(day_used(day), 1);
}

static void a_change_may_have_what_is_kept_for_changes(void **state)
{
    (void)state;
    assert_false(day_ready(day, API_CHANGE));
    assert_int_equal(ledger.claim.keep, 0);
}

static void a_lease_half_used_up_has_the_next_one_claimed_and_nobody_waits(void **state)
{
    (void)state;
    lease();
    spend(LEASE / 2 - 1);
    assert_true(day_ready(day, API_CHANGE));
    assert_int_equal(ledger.claims, 1);
    spend(1);
    assert_true(day_ready(day, API_CHANGE));
    assert_int_equal(ledger.claims, 2);
    spend(LEASE / 2);
    assert_false(day_ready(day, API_CHANGE));
    grant(LEASE);
    assert_true(day_ready(day, API_CHANGE));
    assert_int_equal(day_used(day), LEASE);
}

static void what_an_ended_lease_left_goes_back(void **state)
{
    int64_t leased_ms = clock.now_ms;

    (void)state;
    lease();
    spend(10);
    fake_pass(&clock, PART_MS);
    assert_int_equal(ledger.claims, 2);
    assert_int_equal(ledger.claim.want, 0);
    assert_int_equal(ledger.claim.back, LEASE - 10);
    assert_int_equal(ledger.claim.back_at_ms, leased_ms);
    grant(0);
    assert_int_equal(budget_used(&ledger.booked, clock.now_ms), 10);
    assert_int_equal(day_used(day), 10);
    assert_false(day_ready(day, API_CHANGE));
    assert_int_equal(ledger.claim.want, LEASE);
}

static void an_ended_lease_lets_nothing_go_even_if_its_timer_is_late(void **state)
{
    (void)state;
    lease();
    clock.now_ms += PART_MS;
    assert_false(day_ready(day, API_CHANGE));
    assert_int_equal(ledger.claim.back, LEASE);
    assert_int_equal(ledger.claim.want, LEASE);
}

static void what_could_not_be_given_back_is_given_back_later_and_once(void **state)
{
    (void)state;
    lease();
    spend(10);
    fake_pass(&clock, PART_MS);
    refuse(-ERR_BUSY);
    fake_pass(&clock, DAY_BUSY_MS);
    assert_false(day_ready(day, API_CHANGE));
    assert_int_equal(ledger.claim.back, LEASE - 10);
    grant(LEASE);
    spend(LEASE / 2);
    assert_true(day_ready(day, API_CHANGE));
    assert_int_equal(ledger.claim.back, 0);
}

static void the_end_gives_back_what_was_not_sent(void **state)
{
    int64_t leased_ms = clock.now_ms;

    lease();
    spend(10);
    day_free(day);
    assert_int_equal(ledger.claims, 2);
    assert_int_equal(ledger.claim.back, LEASE - 10);
    assert_int_equal(ledger.claim.back_at_ms, leased_ms);
    assert_null(ledger.done);
    begin(state);
}

static void another_account_begins_anew_and_leaves_the_first_what_it_claimed(void **state)
{
    (void)state;
    lease();
    spend(10);
    day_use(day, "account"); /* the same again is nothing */
    assert_int_equal(ledger.claims, 1);
    day_use(day, "another");
    assert_string_equal(ledger.claim.account, "account");
    assert_int_equal(ledger.claim.back, LEASE - 10);
    assert_int_equal(day_used(day), 0);
    assert_false(day_ready(day, API_CHANGE));
    assert_string_equal(ledger.claim.account, "another");
    assert_int_equal(ledger.claim.back, 0);
}

/* ---- a ledger that fails ---- */

static void a_ledger_that_has_no_time_is_asked_again_soon_and_lends_nothing(void **state)
{
    (void)state;
    assert_false(day_ready(day, API_READ));
    refuse(-ERR_BUSY);
    assert_false(day_is_lent(day));
    assert_int_equal(ledger.claims, 1);
    changes = 0;
    fake_pass(&clock, DAY_BUSY_MS);
    assert_int_equal(changes, 1);
    assert_false(day_ready(day, API_READ));
    assert_int_equal(ledger.claims, 2);
}

/* What was sent meanwhile is a debt of the next claim. */
static void expect_debt_after_lending(unsigned count)
{
    assert_true(day_is_lent(day));
    assert_true(day_ready(day, API_CHANGE));
    spend(count);
    assert_int_equal(day_used(day), count);
    fake_pass(&clock, DAY_LENT_MS);
    assert_false(day_is_lent(day));
    assert_false(day_ready(day, API_CHANGE));
    assert_int_equal(ledger.claim.debt, count);
    grant(LEASE);
    assert_int_equal(budget_used(&ledger.booked, clock.now_ms), count + LEASE);
    assert_int_equal(day_used(day), count);
    spend(LEASE / 2);
    assert_true(day_ready(day, API_CHANGE));
    assert_int_equal(ledger.claim.debt, 0);
}

static void without_the_ledger_requests_go_all_the_same_and_are_booked_later(void **state)
{
    (void)state;
    assert_false(day_ready(day, API_CHANGE));
    refuse(-ERR_NO_SPACE);
    expect_debt_after_lending(7);
}

static void a_ledger_that_takes_no_claim_is_lent_from_too(void **state)
{
    (void)state;
    ledger.refuses = -ERR_NO_MEMORY;
    assert_true(day_ready(day, API_CHANGE));
    ledger.refuses = 0;
    expect_debt_after_lending(7);
}

static void a_ledger_that_takes_too_long_holds_nobody_up(void **state)
{
    (void)state;
    assert_false(day_ready(day, API_CHANGE));
    fake_pass(&clock, DAY_PATIENCE_MS - 1);
    assert_false(day_ready(day, API_CHANGE));
    assert_int_equal(changes, 0);
    fake_pass(&clock, 1);
    assert_int_equal(changes, 1);
    assert_true(day_is_lent(day));
    assert_true(day_ready(day, API_CHANGE));
    spend(3);
    grant(LEASE); /* late, and good all the same */
    assert_false(day_is_lent(day));
    assert_int_equal(day_used(day), 3);
    spend(LEASE / 2);
    assert_true(day_ready(day, API_CHANGE));
    assert_int_equal(ledger.claim.debt, 3);
}

static void the_end_books_what_was_sent_without_the_ledger(void **state)
{
    assert_false(day_ready(day, API_CHANGE));
    refuse(-ERR_NO_SPACE);
    spend(7);
    day_free(day);
    assert_int_equal(ledger.claim.debt, 7);
    begin(state);
}

/* A claim that is under way is carried out without us, with the debt that it has. */
static void the_end_books_no_debt_twice(void **state)
{
    assert_false(day_ready(day, API_CHANGE));
    refuse(-ERR_NO_SPACE);
    spend(7);
    fake_pass(&clock, DAY_LENT_MS);
    assert_false(day_ready(day, API_CHANGE));
    assert_int_equal(ledger.claim.debt, 7);
    day_free(day);
    assert_int_equal(ledger.claims, 2);
    begin(state);
}

/* ---- what is left ---- */

static void the_last_of_the_day_is_for_changes_alone(void **state)
{
    (void)state;
    budget_book(&ledger.booked, clock.now_ms, clock.now_ms, LIMIT - DAY_RESERVE - 1);
    assert_false(day_ready(day, API_READ));
    grant(0);
    assert_int_equal(day_judge(day, API_READ), DAY_HAS_MORE);
    day_note_others(day, 1);
    assert_int_equal(day_judge(day, API_READ), DAY_SPENT);
    assert_int_equal(day_judge(day, API_CHANGE), DAY_HAS_MORE);
    day_note_others(day, DAY_RESERVE);
    assert_int_equal(day_judge(day, API_CHANGE), DAY_SPENT);
    fake_pass(&clock, LEDGER_DAY_MS + PART_MS);
    assert_int_equal(day_judge(day, API_READ), DAY_HAS_MORE);
}

/* Spends the share of a class, and sees that it stops there and that others go on. */
static void expect_share(enum ApiClass class, unsigned share)
{
    for (unsigned i = 0; i < share; i++) {
        assert_int_equal(day_judge(day, class), DAY_HAS_MORE);
        day_spend(day, class);
    }
    assert_int_equal(day_judge(day, class), DAY_SHARE_SPENT);
    assert_int_equal(day_judge(day, API_READ), DAY_HAS_MORE);
}

static void walks_and_the_background_have_a_share_each(void **state)
{
    (void)state;
    expect_share(API_WALK, LIMIT / DAY_WALK_SHARE);
    expect_share(API_BACKGROUND, LIMIT / DAY_BACKGROUND_SHARE);
}

static void what_others_sent_of_late_is_told_once_and_without_our_lease(void **state)
{
    (void)state;
    budget_book(&ledger.booked, clock.now_ms, clock.now_ms - 2 * PART_MS, 100);
    budget_book(&ledger.booked, clock.now_ms, clock.now_ms, 30);
    assert_int_equal(day_take_recent(day), 0);
    lease();
    assert_int_equal(day_used(day), 130);
    assert_int_equal(day_take_recent(day), 30);
    assert_int_equal(day_take_recent(day), 0);
    spend(LEASE / 2);
    assert_true(day_ready(day, API_CHANGE));
    grant(LEASE);
    assert_int_equal(day_take_recent(day), 0);
}

static void what_we_sent_without_a_lease_is_not_told_as_sent_by_others(void **state)
{
    (void)state;
    assert_false(day_ready(day, API_CHANGE));
    refuse(-ERR_NO_SPACE);
    spend(7);
    fake_pass(&clock, DAY_LENT_MS);
    assert_false(day_ready(day, API_CHANGE));
    day_note_others(day, 1000); /* in a day, and nobody knows when */
    grant(LEASE);
    assert_int_equal(day_used(day), 1007);
    assert_int_equal(day_take_recent(day), 0);
}

static void a_grant_from_long_ago_is_not_recent(void **state)
{
    (void)state;
    assert_false(day_ready(day, API_CHANGE));
    fake_pass(&clock, 2 * PART_MS);
    grant(LEASE);
    assert_int_equal(day_take_recent(day), 0);
}

static void a_small_limit_has_small_leases_and_keeps_half(void **state)
{
    (void)state;
    day_free(day);
    day = day_new(&clock.clock, &ledger.ledger, 100, LEASE, on_changed, NULL);
    assert_non_null(day);
    day_use(day, "account");
    assert_int_equal(day_reserve(day), 50);
    assert_false(day_ready(day, API_READ));
    assert_int_equal(ledger.claim.want, 1);
}

static void without_a_limit_no_ledger_is_asked(void **state)
{
    (void)state;
    day_free(day);
    day = day_new(&clock.clock, &ledger.ledger, 0, LEASE, on_changed, NULL);
    assert_non_null(day);
    day_use(day, "account");
    assert_true(day_ready(day, API_READ));
    day_spend(day, API_READ);
    assert_int_equal(day_judge(day, API_READ), DAY_HAS_MORE);
    assert_int_equal(day_pace_ms(day), 0);
    assert_int_equal(ledger.claims, 0);
}

#define A_DAY(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        A_DAY(the_first_request_waits_for_a_lease),
        A_DAY(a_change_may_have_what_is_kept_for_changes),
        A_DAY(a_lease_half_used_up_has_the_next_one_claimed_and_nobody_waits),
        A_DAY(what_an_ended_lease_left_goes_back),
        A_DAY(an_ended_lease_lets_nothing_go_even_if_its_timer_is_late),
        A_DAY(what_could_not_be_given_back_is_given_back_later_and_once),
        A_DAY(the_end_gives_back_what_was_not_sent),
        A_DAY(another_account_begins_anew_and_leaves_the_first_what_it_claimed),
        A_DAY(a_ledger_that_has_no_time_is_asked_again_soon_and_lends_nothing),
        A_DAY(without_the_ledger_requests_go_all_the_same_and_are_booked_later),
        A_DAY(a_ledger_that_takes_no_claim_is_lent_from_too),
        A_DAY(a_ledger_that_takes_too_long_holds_nobody_up),
        A_DAY(the_end_books_what_was_sent_without_the_ledger),
        A_DAY(the_end_books_no_debt_twice),
        A_DAY(the_last_of_the_day_is_for_changes_alone),
        A_DAY(walks_and_the_background_have_a_share_each),
        A_DAY(what_others_sent_of_late_is_told_once_and_without_our_lease),
        A_DAY(what_we_sent_without_a_lease_is_not_told_as_sent_by_others),
        A_DAY(a_grant_from_long_ago_is_not_recent),
        A_DAY(a_small_limit_has_small_leases_and_keeps_half),
        A_DAY(without_a_limit_no_ledger_is_asked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
