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

static void only_what_was_surely_not_done_goes_out_again(void **state)
{
    static const struct {
        RetryFacts facts;
        bool again;
    } rows[] = {
        {{.purpose = PURPOSE_GET, .status = 200}, false},
        {{.purpose = PURPOSE_GET, .status = 503}, false},
        {{.purpose = PURPOSE_CREATE, .status = 503}, false},
        {{.purpose = PURPOSE_CREATE, .net_code = -ERR_TIMEOUT, .sent = true}, false},
        {{.purpose = PURPOSE_GET, .net_code = -ERR_REMOTE, .sent = true, .status = 429}, false},
        {{.purpose = PURPOSE_CREATE, .status = 429}, true},
        {{.purpose = PURPOSE_CREATE, .status = 429, .detached = true}, false},
        {{.purpose = PURPOSE_CREATE, .status = 401}, false},
        {{.purpose = PURPOSE_CREATE, .status = 401, .token_renewed = true}, true},
        {{.purpose = PURPOSE_CREATE, .status = 401, .token_renewed = true, .renewals = RETRY_RENEWALS_MAX}, false},
        {{.purpose = PURPOSE_CREATE, .status = 401, .token_renewed = true, .detached = true}, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(retry_decide(&rows[i].facts), rows[i].again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(retry_after_is_read_in_every_form),
        cmocka_unit_test(without_retry_after_the_pause_doubles_with_chance),
        cmocka_unit_test(no_pause_asked_for_again_and_again_gets_one_all_the_same),
        cmocka_unit_test(only_what_was_surely_not_done_goes_out_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
