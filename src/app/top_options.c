#include "top_options.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"

enum { INTERVAL_MS = 1000, INTERVAL_MIN_MS = 100, INTERVAL_MAX_MS = 3600 * 1000 };

static int take_interval(TopOptions *options, const char *text, Failure *ret_failure)
{
    char *end;
    double ms = strtod(text, &end) * 1000;

    if (end == text || *end || !(ms >= INTERVAL_MIN_MS && ms <= INTERVAL_MAX_MS)) {
        *ret_failure = failure_make(-ERR_INVALID, "`--interval` takes seconds, from 0.1 to 3600, not `%s`.", text);
        return -ERR_INVALID;
    }
    options->interval_ms = (int64_t)ms;
    return 0;
}

/* "cpu", or "-cpu" for the other way round. */
static int take_sort(TopOptions *options, const char *text, Failure *ret_failure)
{
    options->sorted = true;
    options->reversed = *text == '-';
    if (top_sort_parse(text + options->reversed, &options->sort))
        return 0;
    *ret_failure = failure_make(-ERR_INVALID, "There is no column `%s`.", text + options->reversed);
    failure_set_mend(ret_failure, "`--sort` takes name, project, status, ip, size, region, cpu, mem, age or health.");
    return -ERR_INVALID;
}

static int take_filter(TopOptions *options, const char *text, Failure *ret_failure)
{
    if (strlen(text) >= TOP_FILTER_BYTES) {
        *ret_failure = failure_make(-ERR_INVALID, "A filter has at most %d characters.", TOP_FILTER_BYTES - 1);
        return -ERR_INVALID;
    }
    options->filter = text;
    return 0;
}

static const struct {
    const char *name;
    int (*take)(TopOptions *options, const char *text, Failure *ret_failure);
} with_value[] = {
    {"--interval", take_interval},
    {"--sort", take_sort},
    {"--filter", take_filter},
};

/* Returns how many words it took, or a negative code. */
static int take_word(TopOptions *options, int left, char **words, Failure *ret_failure)
{
    int r;

    if (strcmp(words[0], "--once") == 0) {
        options->once = true;
        return 1;
    }
    for (size_t i = 0; i < sizeof with_value / sizeof with_value[0]; i++) {
        if (left > 1 && strcmp(words[0], with_value[i].name) == 0) {
            r = with_value[i].take(options, words[1], ret_failure);
            return r < 0 ? r : 2;
        }
    }
    if (words[0][0] == '-' || options->path) {
        *ret_failure = failure_make(-ERR_INVALID, "`skystackfs top` does not take `%s`.", words[0]);
        return -ERR_INVALID;
    }
    options->path = words[0];
    return 1;
}

int top_options_parse(int count, char **words, TopOptions *ret_options, Failure *ret_failure)
{
    TopOptions options = {.filter = "", .interval_ms = INTERVAL_MS};
    int r = 0;

    for (int i = 0; i < count; i += r) {
        r = take_word(&options, count - i, words + i, ret_failure);
        if (r < 0)
            return r;
    }
    *ret_options = options;
    return 0;
}
