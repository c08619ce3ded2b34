/* What headers say of the rate limit, in the forms that servers write. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "ratelimit.h"

typedef struct Row {
    const char *headers;
    bool said;
    RateLimit limit;
    bool of_a_day;
} Row;

static void each_form_is_read(void **state)
{
    static const int64_t wall_ms = INT64_C(1773915764000);
    static const Row rows[] = {
        {"", false, {0}, false},
        {"X-RateLimit-Limit: 120\r\n", false, {0}, false},
        {"X-RateLimit-Limit: 120\r\nX-RateLimit-Remaining: 7\r\nX-RateLimit-Reset: 30\r\n",
         true,
         {120, 7, 30000},
         false},
        {"ratelimit-limit: 120, 120;w=60\r\nratelimit-remaining: 0\r\nratelimit-reset: 5\r\n",
         true,
         {120, 0, 5000},
         false},
        {"X-RateLimit-Remaining: 7\r\nX-RateLimit-Reset: 1773915774\r\n", true, {0, 7, 10000}, false},
        {"X-RateLimit-Remaining: 7\r\nX-RateLimit-Reset: 1773915700\r\n", true, {0, 7, 0}, false},
        {"X-RateLimit-Remaining: 7\r\n", true, {0, 7, -1}, false},
        {"X-RateLimit-Remaining: 7\r\nX-RateLimit-Reset: soon\r\n", true, {0, 7, -1}, false},
        {"X-RateLimit-Remaining: -1\r\n", false, {0}, false},
        {"X-RateLimit-Remaining: many\r\n", false, {0}, false},
        {"X-RateLimit-Remaining: 99999999999999999999999\r\n", false, {0}, false},
        {"X-RateLimit-Limit: 10000\r\nX-RateLimit-Remaining: 7\r\n", true, {10000, 7, -1}, true},
        {"X-RateLimit-Remaining: 7\r\nX-RateLimit-Reset: 40000\r\n", true, {0, 7, 40000000}, true},
        {"RateLimit: \"default\";r=50;t=30\r\n", true, {0, 50, 30000}, false},
        {"RateLimit: \"daily\";r=50;t=3600\r\n", true, {0, 50, 3600000}, true},
        {"RateLimit: \"default\";t=30\r\n", false, {0}, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char headers[256];
        const NetResponse response = {.status = 200, .headers = headers};
        RateLimit limit;

        snprintf(headers, sizeof headers, "HTTP/1.1 200 OK\r\n%s\r\n", rows[i].headers);
        if (ratelimit_read(&response, wall_ms, &limit) != rows[i].said)
            fail_msg("row %zu", i);
        if (!rows[i].said)
            continue;
        assert_int_equal(limit.limit, rows[i].limit.limit);
        assert_int_equal(limit.remaining, rows[i].limit.remaining);
        assert_int_equal(limit.reset_ms, rows[i].limit.reset_ms);
        assert_int_equal(ratelimit_is_of_a_day(&limit, 120), rows[i].of_a_day);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_form_is_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
