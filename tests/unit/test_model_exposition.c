/* Prometheus's text format: what is escaped and how numbers are written, and a histogram's buckets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "error.h"
#include "exposition.h"

enum { TEXT_BYTES = 4096 };

static void escapes(Span value, const char *expected)
{
    _cleanup_buf_ Buf text = BUF_INIT(TEXT_BYTES);

    assert_int_equal(exposition_escape(&text, value), 0);
    assert_string_equal(buf_text(&text), expected);
}

static void test_label_values_are_escaped(void **state)
{
    (void)state;
    escapes(span_of("web-1"), "web-1");
    escapes(span_of(""), "");
    escapes(span_of("a\\b\"c\nd"), "a\\\\b\\\"c\\nd");
    escapes(span_of("\\"), "\\\\");
    escapes(span_of("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"), "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
    escapes(span_of("tab\there, return\rthere"), "tab\there, return\rthere");
}

static void test_what_is_no_text_is_replaced(void **state)
{
    (void)state;
    escapes(span_of("\xff"), "\xef\xbf\xbd");
    escapes(span_of("a\xc3"), "a\xef\xbf\xbd");
    escapes(span_of("\xed\xa0\x80"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"); /* half of a pair */
    escapes((Span){"a\0b", 3}, "a\xef\xbf\xbd"
                               "b");
}

static void writes(double value, const char *expected)
{
    _cleanup_buf_ Buf text = BUF_INIT(TEXT_BYTES);

    assert_int_equal(exposition_number(&text, value), 0);
    assert_string_equal(buf_text(&text), expected);
}

static void test_numbers(void **state)
{
    (void)state;
    writes(0, "0");
    writes(3, "3");
    writes(-3, "-3");
    writes(1795881680, "1795881680");
    writes(1795881680.744, "1795881680.744");
    writes(9007199254740991.0, "9007199254740991");
    writes(0.005, "0.005");
    writes(1e300, "1e+300");
    writes((double)INFINITY, "+Inf");
    writes(-(double)INFINITY, "-Inf");
    writes((double)NAN, "NaN");
}

static void test_a_family_and_its_samples(void **state)
{
    _cleanup_buf_ Buf text = BUF_INIT(TEXT_BYTES);
    Exposition exposition = {.into = &text};
    const ExpositionLabel labels[] = {{"a", span_of("\"")}, {"b", span_of("2")}};

    (void)state;
    exposition_family(&exposition, "things_total", "counter", "Things \\ and\nothers.");
    exposition_value(&exposition, 1);
    exposition_one(&exposition, "kind", "x", 2.5);
    exposition_sample(&exposition, labels, 2, 3);
    assert_int_equal(exposition.code, 0);
    assert_string_equal(buf_text(&text), "# HELP things_total Things \\\\ and\\nothers.\n# TYPE things_total counter\n"
                                         "things_total 1\nthings_total{kind=\"x\"} 2.5\n"
                                         "things_total{a=\"\\\"\",b=\"2\"} 3\n");
}

static void test_a_histogram_counts_up(void **state)
{
    static const int64_t bounds[] = {5, 1000};
    static const uint64_t counts[] = {2, 0, 3};
    const ExpositionHistogram histogram = {.bounds_ms = bounds, .counts = counts, .bounds = 2, .total_ms = 12345};
    _cleanup_buf_ Buf text = BUF_INIT(TEXT_BYTES);
    Exposition exposition = {.into = &text, .family = "took_seconds"};

    (void)state;
    exposition_histogram(&exposition, "class", "read", &histogram);
    assert_int_equal(exposition.code, 0);
    assert_string_equal(buf_text(&text), "took_seconds_bucket{class=\"read\",le=\"0.005\"} 2\n"
                                         "took_seconds_bucket{class=\"read\",le=\"1\"} 2\n"
                                         "took_seconds_bucket{class=\"read\",le=\"+Inf\"} 5\n"
                                         "took_seconds_sum{class=\"read\"} 12.345\n"
                                         "took_seconds_count{class=\"read\"} 5\n");
}

static void test_the_first_failure_stays(void **state)
{
    _cleanup_buf_ Buf text = BUF_INIT(24);
    Exposition exposition = {.into = &text, .family = "things"};

    (void)state;
    exposition_value(&exposition, 1);
    exposition_one(&exposition, "name", "too long for what is left", 1);
    exposition_value(&exposition, 2);
    assert_int_equal(exposition.code, -ERR_TOO_BIG);
    assert_memory_equal(buf_text(&text), "things 1\n", 9);
    assert_null(strstr(buf_text(&text), "things 2"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_label_values_are_escaped),
        cmocka_unit_test(test_what_is_no_text_is_replaced),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_a_family_and_its_samples),
        cmocka_unit_test(test_a_histogram_counts_up),
        cmocka_unit_test(test_the_first_failure_stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
