/* How requests are counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api_tally.h"

static uint64_t count_of(const ApiTally *tally, enum ApiClass class, int status)
{
    uint64_t count = 0;

    for (size_t i = 0; i < tally->row_count; i++)
        count += tally->rows[i].class == class && tally->rows[i].status == status ? tally->rows[i].count : 0;
    return count;
}

static void test_by_class_and_status(void **state)
{
    ApiTally tally = {0};

    (void)state;
    api_tally_note(&tally, API_READ, 200, 1);
    api_tally_note(&tally, API_READ, 200, 1);
    api_tally_note(&tally, API_READ, 404, 1);
    api_tally_note(&tally, API_CHANGE, 200, 1);
    api_tally_note(&tally, API_CHANGE, API_STATUS_NONE, 30001);
    api_tally_note(&tally, API_READ, API_STATUS_CANCELLED, 7);
    assert_int_equal(count_of(&tally, API_READ, 200), 2);
    assert_int_equal(count_of(&tally, API_READ, 404), 1);
    assert_int_equal(count_of(&tally, API_CHANGE, 200), 1);
    assert_int_equal(count_of(&tally, API_CHANGE, API_STATUS_NONE), 1);
    assert_int_equal(count_of(&tally, API_READ, API_STATUS_CANCELLED), 1);
    assert_int_equal(tally.row_count, 5);
    /* what was cancelled says nothing of how long an answer takes */
    assert_int_equal(tally.total_ms[API_READ], 3);
}

/* A bucket takes what is not above its bound. */
static void test_buckets(void **state)
{
    static const struct {
        int64_t took_ms;
        size_t bucket;
    } rows[] = {{0, 0},    {5, 0},      {6, 1},      {10, 1},     {11, 2},
                {1000, 7}, {29999, 11}, {30000, 11}, {30001, 12}, {INT32_MAX, 12}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ApiTally tally = {0};

        api_tally_note(&tally, API_REFRESH, 200, rows[i].took_ms);
        assert_int_equal(tally.times[API_REFRESH][rows[i].bucket], 1);
        assert_int_equal(tally.total_ms[API_REFRESH], rows[i].took_ms);
    }
    for (size_t i = 1; i < API_TALLY_BOUNDS; i++)
        assert_true(api_tally_bounds_ms[i - 1] < api_tally_bounds_ms[i]);
}

static void test_a_server_that_answers_with_anything_takes_no_more_room(void **state)
{
    ApiTally tally = {0};

    (void)state;
    for (int status = 100; status < 600; status++)
        api_tally_note(&tally, API_READ, status, 1);
    api_tally_note(&tally, API_READ, 100, 1);
    assert_int_equal(tally.row_count, API_TALLY_ROWS);
    assert_int_equal(count_of(&tally, API_READ, 100), 2);
    assert_int_equal(tally.others[API_READ], 500 - API_TALLY_ROWS);
    assert_int_equal(tally.total_ms[API_READ], 501);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_class_and_status),
        cmocka_unit_test(test_buckets),
        cmocka_unit_test(test_a_server_that_answers_with_anything_takes_no_more_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
