#include "ratelimit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    VALUE_BYTES = 128,
    EPOCH_S = 1000000000, /* a reset from here on is a date */
    LONGEST_S = 48 * 3600,
    MINUTES_MS = 10 * 60 * 1000,
    DAY_FACTOR = 10, /* a limit that is so many times that of a minute is a day's */
};

/* The number that a text begins with; false if it begins with none. */
static bool read_number(const char *text, int64_t *ret_number)
{
    char *end;

    text += strspn(text, " ");
    if (*text < '0' || *text > '9')
        return false;
    *ret_number = strtoll(text, &end, 10);
    return *ret_number <= INT64_MAX / 2000;
}

static bool read_header(const NetResponse *response, const char *name, int64_t *ret_number)
{
    static const char *const prefixes[] = {"X-RateLimit-", "RateLimit-", "X-Rate-Limit-"};
    char full[64], value[VALUE_BYTES];

    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        snprintf(full, sizeof full, "%s%s", prefixes[i], name);
        if (net_header(response, full, value, sizeof value))
            return read_number(value, ret_number);
    }
    return false;
}

/* The value of `;key=` in the one field that later drafts have. */
static bool read_parameter(const char *field, const char *key, int64_t *ret_number)
{
    const char *at = strstr(field, key);

    return at && read_number(at + strlen(key), ret_number);
}

static int64_t reset_in_ms(int64_t reset_s, int64_t wall_ms)
{
    if (reset_s >= EPOCH_S)
        reset_s -= wall_ms / 1000;
    return reset_s < 0 ? 0 : (reset_s < LONGEST_S ? reset_s : LONGEST_S) * 1000;
}

bool ratelimit_read(const NetResponse *response, int64_t wall_ms, RateLimit *ret_limit)
{
    int64_t limit = 0, remaining = 0, reset_s = 0;
    char field[VALUE_BYTES];
    bool has_reset;

    if (read_header(response, "Remaining", &remaining)) {
        (void)read_header(response, "Limit", &limit);
        has_reset = read_header(response, "Reset", &reset_s);
    } else if (net_header(response, "RateLimit", field, sizeof field) && read_parameter(field, ";r=", &remaining)) {
        has_reset = read_parameter(field, ";t=", &reset_s);
    } else {
        return false;
    }
    if (remaining > UINT32_MAX || limit > UINT32_MAX)
        return false;
    *ret_limit = (RateLimit){.limit = (unsigned)limit,
                             .remaining = (unsigned)remaining,
                             .reset_ms = has_reset ? reset_in_ms(reset_s, wall_ms) : -1};
    return true;
}

bool ratelimit_is_of_a_day(const RateLimit *limit, unsigned per_minute)
{
    if (limit->reset_ms > MINUTES_MS)
        return true;
    return limit->limit > 0 && per_minute > 0 && limit->limit / DAY_FACTOR >= per_minute;
}
