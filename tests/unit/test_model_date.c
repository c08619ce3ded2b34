#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "date.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

struct Sample {
    const char *text;
    bool good;
    int64_t ms;
};

static const struct Sample rfc3339[] = {
    {"1970-01-01T00:00:00Z", true, 0},
    {"2026-03-19T10:22:44Z", true, 1773915764000},
    {"2026-03-19T10:22:44.1Z", true, 1773915764100},
    {"2026-03-19T10:22:44.123Z", true, 1773915764123},
    {"2026-03-19T10:22:44.123999999999999999999Z", true, 1773915764123},
    {"2026-03-19T12:22:44+02:00", true, 1773915764000},
    {"2026-03-19T06:52:44-03:30", true, 1773915764000},
    {"2026-03-19t10:22:44z", true, 1773915764000},
    {"2026-03-19 10:22:44Z", true, 1773915764000},
    {"2000-02-29T00:00:00Z", true, 951782400000},
    {"2016-12-31T23:59:60Z", true, 1483228800000},
    {"1969-12-31T23:59:59.999Z", true, -1},
    {"0000-01-01T00:00:00Z", true, -62167219200000},
    {"9999-12-31T23:59:59Z", true, 253402300799000},
    {"2026-02-29T00:00:00Z", false, 0},
    {"1900-02-29T00:00:00Z", false, 0},
    {"2026-13-01T00:00:00Z", false, 0},
    {"2026-00-01T00:00:00Z", false, 0},
    {"2026-01-00T00:00:00Z", false, 0},
    {"2026-01-01T24:00:00Z", false, 0},
    {"2026-01-01T00:60:00Z", false, 0},
    {"2026-01-01T00:00:61Z", false, 0},
    {"2026-01-01T00:00:00.Z", false, 0},
    {"2026-01-01T00:00:00", false, 0},
    {"2026-01-01T00:00:00Zx", false, 0},
    {"2026-01-01T00:00:00+0200", false, 0},
    {"2026-01-01T00:00:00+24:00", false, 0},
    {"2026-01-01", false, 0},
    {"+026-01-01T00:00:00Z", false, 0},
    {"", false, 0},
};

static const struct Sample http[] = {
    {"Sun, 06 Nov 1994 08:49:37 GMT", true, 784111777000},
    {"Sunday, 06-Nov-94 08:49:37 GMT", true, 784111777000},
    {"Sun Nov  6 08:49:37 1994", true, 784111777000},
    {"Wed Nov 16 08:49:37 1994", true, 784975777000},
    {"Thursday, 19-Mar-26 10:22:44 GMT", true, 1773915764000},
    {"Sun, 06 Nov 1994 08:49:37 UTC", false, 0},
    {"Sun, 6 Nov 1994 08:49:37 GMT", false, 0},
    {"Son, 06 Nov 1994 08:49:37 GMT", false, 0},
    {"Sun, 31 Nov 1994 08:49:37 GMT", false, 0},
    {"Sun, 06 nov 1994 08:49:37 GMT", false, 0},
    {"Sun, 06 Nov 1994 08:49:37 GMT ", false, 0},
    {"120", false, 0},
    {"", false, 0},
};

static void check_samples(const struct Sample *samples, size_t count, bool (*parse)(Span, int64_t *))
{
    for (size_t i = 0; i < count; i++) {
        int64_t ms = 42;

        if (parse(span_of(samples[i].text), &ms) != samples[i].good)
            fail_msg("%s", samples[i].text);
        if (ms != (samples[i].good ? samples[i].ms : 42))
            fail_msg("%s is %lld", samples[i].text, (long long)ms);
    }
}

static void rfc3339_dates_are_read_strictly(void **state)
{
    (void)state;
    check_samples(rfc3339, COUNT(rfc3339), date_parse_rfc3339);
}

static void all_three_http_dates_are_read(void **state)
{
    (void)state;
    check_samples(http, COUNT(http), date_parse_http);
}

static void a_formatted_date_reads_back(void **state)
{
    char text[DATE_TEXT_BYTES];
    int64_t ms;

    (void)state;
    date_format(1773915764123, text);
    assert_string_equal(text, "2026-03-19T10:22:44.123Z");
    date_format(-1, text);
    assert_string_equal(text, "1969-12-31T23:59:59.999Z");
    for (int64_t at = -62167219200000; at < 253402300799999; at += 86399999 * 7) {
        date_format(at, text);
        assert_true(date_parse_rfc3339(span_of(text), &ms));
        assert_int_equal(ms, at);
    }
    date_format(INT64_MIN, text);
    date_format(INT64_MAX, text);
}

static void ages_are_short(void **state)
{
    static const struct {
        int64_t ms;
        const char *text;
    } samples[] = {{-5, "0s"},
                   {0, "0s"},
                   {45999, "45s"},
                   {60000, "1m"},
                   {3599999, "59m"},
                   {3600000, "1h00m"},
                   {11100000, "3h05m"},
                   {86399999, "23h59m"},
                   {86400000, "1d"},
                   {3542400000, "41d"},
                   {INT64_MAX, "106751991167d"}};
    char text[DATE_TEXT_BYTES];

    (void)state;
    for (size_t i = 0; i < COUNT(samples); i++) {
        date_format_age(samples[i].ms, text);
        assert_string_equal(text, samples[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc3339_dates_are_read_strictly),
        cmocka_unit_test(all_three_http_dates_are_read),
        cmocka_unit_test(a_formatted_date_reads_back),
        cmocka_unit_test(ages_are_short),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
