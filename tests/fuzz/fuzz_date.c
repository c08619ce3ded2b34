/* Dates and Retry-After. Eight bytes are a time, the rest is a header's value. */
#include <inttypes.h>
#include <time.h>

#include "date.h"
#include "fuzz.h"
#include "retry.h"

static const int64_t years_0_ms = -INT64_C(62167219200000), years_10000_ms = INT64_C(253402300800000);

static int64_t second_of(int64_t ms)
{
    return ms / 1000 - (ms % 1000 < 0 ? 1 : 0);
}

/* A time as the C library writes it is read as that time. */
static void check_time(int64_t ms)
{
    time_t second = (time_t)second_of(ms);
    char ours[DATE_TEXT_BYTES], theirs[128];
    struct tm parts;
    int64_t read;

    gmtime_r(&second, &parts);
    strftime(theirs, sizeof theirs, "%Y-%m-%dT%H:%M:%SZ", &parts);
    if (parts.tm_year + 1900 >= 1000) {
        FUZZ_HOLDS(date_parse_rfc3339(span_of(theirs), &read) && read == second * 1000);
        strftime(theirs, sizeof theirs, "%a, %d %b %Y %H:%M:%S GMT", &parts);
        FUZZ_HOLDS(date_parse_http(span_of(theirs), &read) && read == second * 1000);
        strftime(theirs, sizeof theirs, "%a %b %e %H:%M:%S %Y", &parts);
        FUZZ_HOLDS(date_parse_http(span_of(theirs), &read) && read == second * 1000);
    }
    date_format(ms, ours);
    FUZZ_HOLDS(date_parse_rfc3339(span_of(ours), &read) && read == ms);
}

/* Any number can be written, however far from all dates. */
static void check_age(int64_t ms)
{
    char text[DATE_TEXT_BYTES];

    date_format_age(ms, text);
    FUZZ_HOLDS(text[0] && strlen(text) < sizeof text);
    date_format(ms, text);
    FUZZ_HOLDS(strlen(text) >= strlen("0000-00-00T00:00:00.000Z") && text[strlen(text) - 1] == 'Z');
}

/* What was read is in the years that can be written, and means the same when it is written. */
static void check_text(const char *text)
{
    char written[DATE_TEXT_BYTES];
    int64_t ms, again;

    if (date_parse_rfc3339(span_of(text), &ms)) {
        date_format(ms, written);
        FUZZ_HOLDS(ms < years_0_ms + 86400000 || ms >= years_10000_ms - 86400000 ||
                   (date_parse_rfc3339(span_of(written), &again) && again == ms));
        FUZZ_HOLDS(ms >= years_0_ms - 86400000 && ms < years_10000_ms + 86400000);
    }
    if (date_parse_http(span_of(text), &ms))
        FUZZ_HOLDS(ms % 1000 == 0 && ms >= years_0_ms && ms < years_10000_ms);
}

/* Digits alone are so many seconds, by another way of reading them. */
static int64_t seconds_of(const char *text)
{
    size_t digits = strspn(text, "0123456789");

    if (digits == 0 || text[digits])
        return -1;
    while (*text == '0' && text[1])
        text++;
    return strlen(text) > 5 ? RETRY_AFTER_MS_MAX : strtol(text, NULL, 10) * 1000;
}

static void check_retry_after(const char *text, int64_t wall_ms)
{
    int64_t ms = retry_after_ms(text, wall_ms), wanted = seconds_of(text);

    FUZZ_HOLDS(ms >= -1 && ms <= RETRY_AFTER_MS_MAX);
    if (wanted >= 0)
        FUZZ_HOLDS(ms == (wanted < RETRY_AFTER_MS_MAX ? wanted : RETRY_AFTER_MS_MAX));
}

static void check_pause(int64_t asked_ms, unsigned refused, uint64_t chance)
{
    int64_t ms = retry_pause_ms(asked_ms, refused, chance);

    FUZZ_HOLDS(ms >= (asked_ms < 0 ? RETRY_BACKOFF_MS / 2 : asked_ms));
    FUZZ_HOLDS(ms <= (asked_ms > RETRY_BACKOFF_MS_MAX ? asked_ms : RETRY_BACKOFF_MS_MAX));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    Fuzz fuzz = {bytes, count};
    uint64_t number = fuzz_number(&fuzz, 8);
    int64_t ms = (int64_t)(number % (uint64_t)(years_10000_ms - years_0_ms)) + years_0_ms;
    char *text = fuzz_text(fuzz_rest(&fuzz));

    fuzz_quiet();
    check_time(ms);
    check_age((int64_t)number);
    check_text(text);
    check_retry_after(text, ms);
    FUZZ_HOLDS(retry_after_ms(NULL, ms) == -1);
    check_pause(retry_after_ms(text, ms), (unsigned)number, number >> 7);
    free(text);
    return 0;
}
