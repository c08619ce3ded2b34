/* When a request goes out again, and how long a 429 holds the line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "error.h"
#include "retry.h"

enum { WALL_MS_PER_S = 1000 };

static void retry_after_is_read_in_every_form(void **state)
{
    const int64_t wall_ms = INT64_C(1773915764) * WALL_MS_PER_S; /* Thu, 19 Mar 2026 10:22:44 GMT */
    static const struct {
        const char *value;
        int64_t ms;
    } rows[] = {
        {NULL, -1},
        {"", -1},
        {"soon", -1},
        {"1.5", -1},
        {"-", -1},
        {"0", 0},
        {"-7", 0},
        {"12", 12000},
        {"3600", 3600000},
        {"3601", 3600000},
        {"1000000000", 3600000},
        {"99999999999999999999999999999999", 3600000},
        {"Thu, 19 Mar 2026 10:22:49 GMT", 5000},
        {"Thu, 19 Mar 2026 10:22:00 GMT", 0},
        {"Thu, 19 Mar 2037 10:22:00 GMT", 3600000},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(retry_after_ms(rows[i].value, wall_ms), rows[i].ms);
}

static void without_retry_after_the_pause_doubles_with_chance(void **state)
{
    (void)state;
    assert_int_equal(retry_pause_ms(-1, 1, 0), 500);
    assert_int_equal(retry_pause_ms(-1, 1, 500), 1000);
    assert_int_equal(retry_pause_ms(-1, 2, 0), 1000);
    assert_int_equal(retry_pause_ms(-1, 4, 0), 4000);
    assert_int_equal(retry_pause_ms(-1, 7, 0), 30000);
    assert_int_equal(retry_pause_ms(-1, 4000000000u, 30000), 60000);
    for (uint64_t chance = 0; chance < 5000; chance++)
        assert_in_range(retry_pause_ms(-1, 1, chance), 500, 1000);
}

static void no_pause_asked_for_again_and_again_gets_one_all_the_same(void **state)
{
    (void)state;
    assert_int_equal(retry_pause_ms(0, 1, 0), 0);
    assert_int_equal(retry_pause_ms(0, 2, 0), 1000);
    assert_int_equal(retry_pause_ms(5000, 2, 0), 5000);
}

static void what_may_pass_is_tried_thrice_unless_it_can_be_done_but_once(void **state)
{
    static const struct {
        RetryFacts facts;
        enum RetryVerdict verdict;
    } rows[] = {
#define LEFT .attempts = 1, .left_ms = 10000, .pause_ms = 100
        {{.purpose = PURPOSE_GET, .status = 200, LEFT}, RETRY_END},
        {{.purpose = PURPOSE_GET, .status = 404, LEFT}, RETRY_END},
        {{.purpose = PURPOSE_GET, .status = 500, LEFT}, RETRY_PAUSED},
        {{.purpose = PURPOSE_LIST, .status = 502, LEFT}, RETRY_PAUSED},
        {{.purpose = PURPOSE_DELETE, .status = 503, LEFT}, RETRY_PAUSED},
        {{.purpose = PURPOSE_GET, .status = 504, LEFT}, RETRY_PAUSED},
        {{.purpose = PURPOSE_GET, .status = 501, LEFT}, RETRY_END},
        {{.purpose = PURPOSE_GET, .net_code = -ERR_ROUTE, LEFT}, RETRY_PAUSED},
        {{.purpose = PURPOSE_GET, .net_code = -ERR_REFUSED, LEFT}, RETRY_PAUSED},
        {{.purpose = PURPOSE_GET, .net_code = -ERR_TIMEOUT, LEFT}, RETRY_PAUSED},
        {{.purpose = PURPOSE_LIST, .net_code = -ERR_REMOTE, .status = 200, LEFT}, RETRY_PAUSED},
        {{.purpose = PURPOSE_GET, .net_code = -ERR_CERTIFICATE, LEFT}, RETRY_END},
        {{.purpose = PURPOSE_GET, .net_code = -ERR_PROTOCOL, LEFT}, RETRY_END},
        {{.purpose = PURPOSE_GET, .net_code = -ERR_TOO_BIG, LEFT}, RETRY_END},
        {{.purpose = PURPOSE_GET, .net_code = -ERR_NO_MEMORY, LEFT}, RETRY_END},
        {{.purpose = PURPOSE_CREATE, .status = 503, LEFT}, RETRY_END},
        {{.purpose = PURPOSE_CREATE, .net_code = -ERR_REFUSED, LEFT}, RETRY_END},
        {{.purpose = PURPOSE_UPDATE, .net_code = -ERR_TIMEOUT, LEFT}, RETRY_END},
        {{.purpose = PURPOSE_DELETE, .net_code = -ERR_TIMEOUT, .detached = true, LEFT}, RETRY_END},
#undef LEFT
        {{.purpose = PURPOSE_GET, .status = 500, .attempts = 2, .left_ms = 10000}, RETRY_PAUSED},
        {{.purpose = PURPOSE_GET, .status = 500, .attempts = 3, .left_ms = 10000}, RETRY_END},
        {{.purpose = PURPOSE_GET, .status = 500, .attempts = 1, .left_ms = 100, .pause_ms = 100}, RETRY_END},
        {{.purpose = PURPOSE_GET, .net_code = -ERR_TIMEOUT, .attempts = 1}, RETRY_END},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(retry_decide(&rows[i].facts), rows[i].verdict);
}

static void what_was_surely_not_done_goes_out_again(void **state)
{
    static const struct {
        RetryFacts facts;
        enum RetryVerdict verdict;
    } rows[] = {
        {{.purpose = PURPOSE_CREATE, .status = 429}, RETRY_AGAIN},
        {{.purpose = PURPOSE_CREATE, .status = 429, .detached = true}, RETRY_END},
        {{.purpose = PURPOSE_CREATE, .status = 401}, RETRY_END},
        {{.purpose = PURPOSE_CREATE, .status = 401, .token_renewed = true}, RETRY_AGAIN},
        {{.purpose = PURPOSE_CREATE, .status = 401, .token_renewed = true, .renewals = RETRY_RENEWALS_MAX}, RETRY_END},
        {{.purpose = PURPOSE_CREATE, .status = 401, .token_renewed = true, .detached = true}, RETRY_END},
        {{.purpose = PURPOSE_CREATE, .net_code = -ERR_PROTOCOL, .status = 429}, RETRY_END},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(retry_decide(&rows[i].facts), rows[i].verdict);
}

static void a_delete_keeps_half_of_its_time_for_a_second_attempt(void **state)
{
    (void)state;
    assert_int_equal(retry_attempt_ms(PURPOSE_GET, 0, 30000), 30000);
    assert_int_equal(retry_attempt_ms(PURPOSE_CREATE, 0, 30000), 30000);
    assert_int_equal(retry_attempt_ms(PURPOSE_DELETE, 0, 30000), 15000);
    assert_int_equal(retry_attempt_ms(PURPOSE_DELETE, 1, 14000), 14000);
    assert_int_equal(retry_attempt_ms(PURPOSE_GET, 1, -5), 1);
}

static void the_pause_is_any_up_to_one_that_doubles(void **state)
{
    (void)state;
    assert_int_equal(retry_jitter_ms(1, 0), 0);
    assert_int_equal(retry_jitter_ms(1, 250), 250);
    assert_int_equal(retry_jitter_ms(2, 500), 500);
    for (uint64_t chance = 0; chance < 3000; chance++)
        assert_in_range(retry_jitter_ms(2, chance), 0, 500);
    assert_in_range(retry_jitter_ms(4000000000u, UINT64_MAX), 0, 60000);
}

static void second_attempts_are_at_most_a_tenth_of_the_first_ones_and_ten(void **state)
{
    RetryQuota quota = {0};
    unsigned taken = 0;

    (void)state;
    retry_quota_earn(&quota); /* what is full stays full */
    for (int i = 0; i < 1000; i++) {
        retry_quota_earn(&quota);
        taken += retry_quota_take(&quota);
        taken += retry_quota_take(&quota);
    }
    assert_in_range(taken, 109, 110);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(retry_after_is_read_in_every_form),
        cmocka_unit_test(without_retry_after_the_pause_doubles_with_chance),
        cmocka_unit_test(no_pause_asked_for_again_and_again_gets_one_all_the_same),
        cmocka_unit_test(what_may_pass_is_tried_thrice_unless_it_can_be_done_but_once),
        cmocka_unit_test(what_was_surely_not_done_goes_out_again),
        cmocka_unit_test(a_delete_keeps_half_of_its_time_for_a_second_attempt),
        cmocka_unit_test(the_pause_is_any_up_to_one_that_doubles),
        cmocka_unit_test(second_attempts_are_at_most_a_tenth_of_the_first_ones_and_ten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
