/* When an API that can't be reached is left alone, and how it is found again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "breaker.h"

enum Step { FAILS, ANSWERS, ASKS };

/* One call after the other: what happens, when, and whether the breaker lets it go (ASKS), opens (FAILS) or closes
 * (ANSWERS). All pauses are the longest that chance allows. */
typedef struct Row {
    enum Step step;
    int64_t now_ms;
    bool yes;
} Row;

static void play(const Row *rows, size_t count)
{
    Breaker breaker = {0};

    for (size_t i = 0; i < count; i++) {
        int64_t now_ms = rows[i].now_ms;
        uint64_t longest = breaker.pauses == 0 ? 500 : breaker.pauses == 1 ? 1000 : 2000;
        bool yes = rows[i].step == FAILS     ? breaker_note_failure(&breaker, now_ms, longest)
                   : rows[i].step == ANSWERS ? breaker_note_answer(&breaker)
                                             : breaker_admit(&breaker, now_ms);

        if (yes != rows[i].yes)
            fail_msg("row %zu: %d", i, yes);
    }
}

#define PLAY(...)                                                                                                      \
    do {                                                                                                               \
        static const Row rows[] = {__VA_ARGS__};                                                                       \
                                                                                                                       \
        play(rows, sizeof rows / sizeof rows[0]);                                                                      \
    } while (0)

static void five_failures_in_a_row_open_it(void **state)
{
    (void)state;
    PLAY({FAILS, 0, false}, {FAILS, 1, false}, {FAILS, 2, false}, {FAILS, 3, false}, {ASKS, 4, true}, {FAILS, 4, true},
         {ASKS, 5, false}, {ASKS, 1003, false});
}

static void an_answer_among_them_begins_the_count_anew(void **state)
{
    (void)state;
    PLAY({FAILS, 0, false}, {FAILS, 1, false}, {FAILS, 2, false}, {FAILS, 3, false}, {ANSWERS, 4, false},
         {FAILS, 5, false}, {FAILS, 6, false}, {FAILS, 7, false}, {FAILS, 8, false}, {ASKS, 9, true});
}

static void after_a_pause_one_call_tries_and_an_answer_closes_it(void **state)
{
    (void)state;
    PLAY({FAILS, 0, false}, {FAILS, 0, false}, {FAILS, 0, false}, {FAILS, 0, false}, {FAILS, 0, true},
         {ASKS, 1000, true}, {ASKS, 1001, false}, {ANSWERS, 1050, true}, {ASKS, 1051, true}, {ASKS, 1051, true});
}

static void a_try_that_fails_makes_the_pause_longer_up_to_its_cap(void **state)
{
    (void)state;
    PLAY({FAILS, 0, false}, {FAILS, 0, false}, {FAILS, 0, false}, {FAILS, 0, false}, {FAILS, 0, true},
         {ASKS, 1000, true}, {FAILS, 1000, false}, {ASKS, 2999, false}, {ASKS, 3000, true}, {FAILS, 3000, false},
         {ASKS, 6999, false}, {ASKS, 7000, true}, {FAILS, 7000, false}, {ASKS, 10999, false}, {ASKS, 11000, true});
}

static void a_try_without_outcome_does_not_keep_others_from_trying(void **state)
{
    (void)state;
    PLAY({FAILS, 0, false}, {FAILS, 0, false}, {FAILS, 0, false}, {FAILS, 0, false}, {FAILS, 0, true},
         {ASKS, 1000, true}, {ASKS, 3999, false}, {ASKS, 4000, true}, {ASKS, 4001, false});
}

static void a_try_that_did_not_go_leaves_it_to_another(void **state)
{
    Breaker breaker = {0};

    (void)state;
    breaker_withdraw(&breaker, 0);
    assert_true(breaker_is_closed(&breaker));
    for (int i = 0; i < BREAKER_FAILURES; i++)
        breaker_note_failure(&breaker, 0, 0);
    assert_true(breaker_admit(&breaker, 500));
    assert_false(breaker_admit(&breaker, 500));
    breaker_withdraw(&breaker, 500);
    assert_true(breaker_admit(&breaker, 500));
    assert_false(breaker_admit(&breaker, 500));
}

static void what_was_out_when_a_call_failed_may_have_failed_with_it(void **state)
{
    Breaker breaker = {0};

    (void)state;
    assert_false(breaker_is_same_failure(&breaker, 0));
    breaker_note_failure(&breaker, 100, 0);
    assert_true(breaker_is_same_failure(&breaker, 99));
    assert_false(breaker_is_same_failure(&breaker, 100));
    breaker_note_failure(&breaker, 200, 0);
    assert_true(breaker_is_same_failure(&breaker, 199));
    breaker_note_answer(&breaker);
    assert_false(breaker_is_same_failure(&breaker, 199));
}

static void the_pause_has_chance_in_it(void **state)
{
    (void)state;
    for (uint64_t chance = 0; chance < 2000; chance++) {
        Breaker breaker = {0};

        for (int i = 0; i < BREAKER_FAILURES; i++)
            breaker_note_failure(&breaker, 0, chance);
        assert_in_range(breaker_wait_ms(&breaker, 0), 500, 1000);
        assert_int_equal(breaker_wait_ms(&breaker, 1000), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(five_failures_in_a_row_open_it),
        cmocka_unit_test(an_answer_among_them_begins_the_count_anew),
        cmocka_unit_test(after_a_pause_one_call_tries_and_an_answer_closes_it),
        cmocka_unit_test(a_try_that_fails_makes_the_pause_longer_up_to_its_cap),
        cmocka_unit_test(a_try_without_outcome_does_not_keep_others_from_trying),
        cmocka_unit_test(a_try_that_did_not_go_leaves_it_to_another),
        cmocka_unit_test(what_was_out_when_a_call_failed_may_have_failed_with_it),
        cmocka_unit_test(the_pause_has_chance_in_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
