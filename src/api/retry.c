#include "retry.h"

#include <string.h>

#include "date.h"
#include "span.h"

bool retry_decide(const RetryFacts *facts)
{
    if (facts->net_code < 0 || facts->detached)
        return false;
    if (facts->status == 401)
        return facts->token_renewed && facts->renewals < RETRY_RENEWALS_MAX;
    return facts->status == 429;
}

static int64_t clamp_ms(int64_t ms)
{
    return ms < 0 ? 0 : ms > RETRY_AFTER_MS_MAX ? RETRY_AFTER_MS_MAX : ms;
}

/* Whole seconds, as many digits as they like. False for anything else. */
static bool parse_seconds(const char *text, int64_t *ret_ms)
{
    bool negative = *text == '-';
    const char *digits = text + (negative || *text == '+');
    int64_t seconds = 0;

    if (!*digits || digits[strspn(digits, "0123456789")])
        return false;
    for (; *digits; digits++)
        if (seconds < RETRY_AFTER_MS_MAX)
            seconds = seconds * 10 + (*digits - '0');
    *ret_ms = negative ? 0 : clamp_ms(seconds * 1000);
    return true;
}

int64_t retry_after_ms(const char *value, int64_t wall_ms)
{
    int64_t ms;

    if (!value)
        return -1;
    if (parse_seconds(value, &ms))
        return ms;
    if (date_parse_http(span_of(value), &ms))
        return clamp_ms(ms - wall_ms);
    return -1;
}

/* Between half and all of a pause that doubles. */
static int64_t backoff_ms(unsigned refused, uint64_t chance)
{
    unsigned doublings = refused > 0 ? refused - 1 : 0;
    int64_t full = doublings < 6 ? (int64_t)RETRY_BACKOFF_MS << doublings : RETRY_BACKOFF_MS_MAX;

    if (full > RETRY_BACKOFF_MS_MAX)
        full = RETRY_BACKOFF_MS_MAX;
    return full / 2 + (int64_t)(chance % (uint64_t)(full / 2 + 1));
}

int64_t retry_pause_ms(int64_t asked_ms, unsigned refused, uint64_t chance)
{
    int64_t own_ms = backoff_ms(refused, chance);

    if (asked_ms < 0)
        return own_ms;
    return refused > 1 && asked_ms < own_ms ? own_ms : asked_ms;
}
