#include <math.h>
#include <stdio.h>

#include "metrics.h"

enum { STATUS_BYTES = 16 };

static void write_status(int status, char ret_text[STATUS_BYTES])
{
    static const char *const words[] = {
        [API_STATUS_NONE] = "none", [API_STATUS_CANCELLED] = "cancelled", [API_STATUS_OTHER] = "other"};

    if (status <= API_STATUS_OTHER)
        snprintf(ret_text, STATUS_BYTES, "%s", words[status]);
    else
        snprintf(ret_text, STATUS_BYTES, "%d", status);
}

static void add_requests(Exposition *exposition, enum ApiClass class, int status, uint64_t count)
{
    char text[STATUS_BYTES];
    ExpositionLabel labels[] = {{"class", span_of(status_class(class))}, {.name = "status"}};

    write_status(status, text);
    labels[1].value = span_of(text);
    exposition_sample(exposition, labels, 2, (double)count);
}

void collect_requests(const Metrics *metrics, Exposition *exposition)
{
    const ApiTally *tally = metrics->tally;

    for (size_t i = 0; i < tally->row_count; i++)
        add_requests(exposition, tally->rows[i].class, tally->rows[i].status, tally->rows[i].count);
    for (int class = 0; class < API_CLASSES; class ++) {
        if (tally->others[class] > 0)
            add_requests(exposition, (enum ApiClass) class, API_STATUS_OTHER, tally->others[class]);
    }
}

void collect_durations(const Metrics *metrics, Exposition *exposition)
{
    for (int class = 0; class < API_CLASSES; class ++) {
        const ExpositionHistogram histogram = {.bounds_ms = api_tally_bounds_ms,
                                               .counts = metrics->tally->times[class],
                                               .bounds = API_TALLY_BOUNDS,
                                               .total_ms = metrics->tally->total_ms[class]};

        exposition_histogram(exposition, "class", status_class((enum ApiClass) class), &histogram);
    }
}

void collect_retries(const Metrics *metrics, Exposition *exposition)
{
    exposition_value(exposition, (double)metrics->facts.api.retries);
}

void collect_in_flight(const Metrics *metrics, Exposition *exposition)
{
    exposition_value(exposition, metrics->facts.api.in_flight);
}

void collect_waiting(const Metrics *metrics, Exposition *exposition)
{
    for (int class = 0; class < API_CLASSES; class ++)
        exposition_one(exposition, "class", status_class((enum ApiClass) class), metrics->facts.api.waiting[class]);
}

void collect_longest_wait(const Metrics *metrics, Exposition *exposition)
{
    exposition_value(exposition, exposition_seconds(metrics->facts.api.longest_ms));
}

void collect_hold(const Metrics *metrics, Exposition *exposition)
{
    exposition_value(exposition, exposition_seconds(metrics->facts.api.held_ms));
}

void collect_reachable(const Metrics *metrics, Exposition *exposition)
{
    exposition_value(exposition, !metrics->facts.api.unreachable);
}

void collect_token_refused(const Metrics *metrics, Exposition *exposition)
{
    exposition_value(exposition, metrics->facts.api.token_latched);
}

void collect_token_start(const Metrics *metrics, Exposition *exposition)
{
    if (metrics->facts.token.since_wall_ms)
        exposition_value(exposition, exposition_seconds(metrics->facts.token.since_wall_ms));
}

/* ---- the budget ---- */

static void add_windows(Exposition *exposition, double minute, double day)
{
    exposition_one(exposition, "window", "minute", minute);
    exposition_one(exposition, "window", "day", day);
}

static double limit_of(unsigned limit)
{
    return limit > 0 ? (double)limit : (double)INFINITY;
}

/* Others may have used more than we would. */
static double left_of(unsigned limit, unsigned used)
{
    return limit == 0 ? (double)INFINITY : used < limit ? (double)(limit - used) : 0;
}

void collect_budget_used(const Metrics *metrics, Exposition *exposition)
{
    add_windows(exposition, metrics->facts.api.minute_used, metrics->facts.api.day_used);
}

void collect_budget_left(const Metrics *metrics, Exposition *exposition)
{
    const ApiStats *api = &metrics->facts.api;

    add_windows(exposition, left_of(api->minute_limit, api->minute_used), left_of(api->day_limit, api->day_used));
}

void collect_budget_limit(const Metrics *metrics, Exposition *exposition)
{
    add_windows(exposition, limit_of(metrics->facts.api.minute_limit), limit_of(metrics->facts.api.day_limit));
}
