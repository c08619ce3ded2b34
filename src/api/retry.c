#include "retry.h"

#include <string.h>

#include "date.h"
#include "error.h"
#include "span.h"

bool retry_may_pass(int net_code, int status)
{
    switch (-net_code) {
    case 0:
        return status == 500 || status == 502 || status == 503 || status == 504;
    case ERR_ROUTE:
    case ERR_REFUSED:
    case ERR_TIMEOUT:
    case ERR_REMOTE:
        return true;
    default:
        return false;
    }
}

enum RetryVerdict retry_decide(const RetryFacts *facts)
{
    bool once = facts->purpose == PURPOSE_CREATE || facts->purpose == PURPOSE_UPDATE;

    if (facts->detached)
        return RETRY_END;
    if (retry_may_pass(facts->net_code, facts->status))
        return !once && facts->attempts < RETRY_ATTEMPTS_MAX && facts->pause_ms < facts->left_ms ? RETRY_PAUSED
                                                                                                 : RETRY_END;
    if (facts->net_code < 0)
        return RETRY_END;
    if (facts->status == 401)
        return facts->token_renewed && facts->renewals < RETRY_RENEWALS_MAX ? RETRY_AGAIN : RETRY_END;
    return facts->status == 429 ? RETRY_AGAIN : RETRY_END;
}

int64_t retry_attempt_ms(enum Purpose purpose, unsigned attempts, int64_t left_ms)
{
    int64_t most_ms = purpose == PURPOSE_DELETE && attempts == 0 ? left_ms / 2 : left_ms;

    return most_ms > 0 ? most_ms : 1;
}

int64_t retry_jitter_ms(unsigned attempts, uint64_t chance)
{
    unsigned doublings = attempts > 1 ? attempts - 1 : 0;
    int64_t most_ms = (int64_t)RETRY_JITTER_MS << (doublings < RETRY_ATTEMPTS_MAX ? doublings : RETRY_ATTEMPTS_MAX);

    return (int64_t)(chance % (uint64_t)(most_ms + 1));
}

void retry_quota_earn(RetryQuota *quota)
{
    if (quota->spent > 0)
        quota->spent--;
}

bool retry_quota_take(RetryQuota *quota)
{
    if (quota->spent + 10 > RETRY_QUOTA * 10)
        return false;
    quota->spent += 10;
    return true;
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
