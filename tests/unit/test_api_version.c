/* What the API says of its version, and how often that is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "error.h"
#include "log.h"
#include "version.h"

static const Failure fine = {0};
static Version version;
static FILE *said;
static int own_stderr;

static int open_version(void **state)
{
    (void)state;
    said = tmpfile();
    own_stderr = dup(STDERR_FILENO);
    if (!said || own_stderr < 0 || dup2(fileno(said), STDERR_FILENO) < 0)
        return -1;
    log_open(LOG_TO_STDERR, LOG_LEVEL_WARN);
    return version_init(&version, "2026-01-15");
}

static int close_version(void **state)
{
    (void)state;
    version_release(&version);
    dup2(own_stderr, STDERR_FILENO);
    close(own_stderr);
    return fclose(said);
}

static void heed(const char *headers, const Failure *failure, int64_t now_ms)
{
    const NetResponse response = {.status = 200, .headers = headers};

    version_heed(&version, &response, failure, now_ms);
}

static unsigned lines_said(void)
{
    unsigned lines = 0;

    rewind(said);
    for (int c = getc(said); c != EOF; c = getc(said))
        lines += c == '\n';
    return lines;
}

static void nothing_said_is_nothing_to_know(void **state)
{
    (void)state;
    heed("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n", &fine, 0);
    assert_string_equal(version_notice(&version, 0), "");
    assert_int_equal(lines_said(), 0);
}

static void an_end_is_told_at_once_and_once_a_day(void **state)
{
    const char *headers =
        "HTTP/1.1 200 OK\r\nDeprecation: @1735689600\r\nSunset: Sun, 01 Nov 2027 00:00:00 GMT\r\n\r\n";

    (void)state;
    heed(headers, &fine, 1000);
    assert_int_equal(lines_said(), 1);
    assert_non_null(
        strstr(version_notice(&version, 1000), "2026-01-15 is going away (Deprecation: @1735689600, Sunset: Sun"));
    for (int64_t now_ms = 1000; now_ms < 1000 + VERSION_SAY_MS; now_ms += VERSION_SAY_MS / 100)
        heed(headers, &fine, now_ms);
    assert_int_equal(lines_said(), 1);
    heed(headers, &fine, 1000 + VERSION_SAY_MS);
    assert_int_equal(lines_said(), 2);
    assert_false(version_is_refused(&version, 1000 + VERSION_SAY_MS));
    assert_int_equal(version_notice_ms(&version, 1000 + VERSION_SAY_MS), VERSION_SAY_MS); /* since it was first heard */
    heed("", &fine, 2000 + VERSION_SAY_MS);
    assert_string_not_equal(version_notice(&version, 2 * VERSION_SAY_MS), "");
    assert_string_equal(version_notice(&version, 1001 + 2 * VERSION_SAY_MS), "");
    assert_int_equal(version_notice_ms(&version, 1001 + 2 * VERSION_SAY_MS), 0);
}

static void one_header_is_enough(void **state)
{
    (void)state;
    heed("sunset: soon\r\n", &fine, 0);
    assert_non_null(strstr(version_notice(&version, 0), "(Deprecation: not said, Sunset: soon)"));
}

static void a_refusal_is_told_once_a_day_and_is_over_with_the_first_success(void **state)
{
    Failure refused = failure_make(-ERR_INVALID, "This API version is not supported.");

    (void)state;
    heed("Sunset: soon\r\n", &fine, 0);
    for (int64_t now_ms = 0; now_ms < VERSION_SAY_MS; now_ms += VERSION_SAY_MS / 100)
        heed("", &refused, now_ms);
    assert_int_equal(lines_said(), 2);
    assert_non_null(strstr(version_notice(&version, 0), "refuses version 2026-01-15"));
    assert_non_null(strstr(version_notice(&version, 0), "This API version is not supported."));
    assert_true(version_is_refused(&version, VERSION_SAY_MS - 2));
    heed("", &fine, VERSION_SAY_MS - 1);
    assert_non_null(strstr(version_notice(&version, VERSION_SAY_MS - 1), "going away"));
    assert_int_equal(lines_said(), 2);
}

static void another_400_says_nothing_of_the_version(void **state)
{
    Failure other = failure_make(-ERR_INVALID, "kernel_version: is not a known one.");

    (void)state;
    heed("", &other, 0);
    assert_string_equal(version_notice(&version, 0), "");
    snprintf(other.api_code, sizeof other.api_code, "unsupported_version");
    heed("", &other, 0);
    assert_string_not_equal(version_notice(&version, 0), "");
}

#define VERSION_TEST(function) cmocka_unit_test_setup_teardown(function, open_version, close_version)

int main(void)
{
    const struct CMUnitTest tests[] = {
        VERSION_TEST(nothing_said_is_nothing_to_know),
        VERSION_TEST(an_end_is_told_at_once_and_once_a_day),
        VERSION_TEST(one_header_is_enough),
        VERSION_TEST(a_refusal_is_told_once_a_day_and_is_over_with_the_first_success),
        VERSION_TEST(another_400_says_nothing_of_the_version),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
