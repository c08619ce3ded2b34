#include "freshness.h"

enum { TRANSITION_TTL_MAX_MS = 30000, LIVE_TTL_MS = 3600 * 1000, STRETCHED_MAX_MS = 24 * 3600 * 1000 };

static bool may_be_stale(const Freshness *facts)
{
    return facts->known && facts->age_ms < facts->stale_limit_ms;
}

static bool failed_just_now(const Freshness *facts)
{
    return facts->failing && facts->failed_ago_ms < FRESHNESS_RETRY_MS;
}

enum FreshnessVerdict freshness_decide(const Freshness *facts)
{
    bool failing = facts->failing && facts->failed_ago_ms < FRESHNESS_DOUBT_MS;

    if (facts->known && !facts->expired && facts->age_ms < facts->ttl_ms)
        return FRESHNESS_SERVE;
    if (facts->warm && may_be_stale(facts) && (facts->refreshing || failed_just_now(facts)))
        return FRESHNESS_SERVE_STALE;
    if (facts->warm && may_be_stale(facts))
        return FRESHNESS_SERVE_AND_START;
    if (facts->refreshing) {
        bool drags_on = failing || facts->refreshing_ms >= FRESHNESS_PATIENCE_MS;

        return may_be_stale(facts) && drags_on ? FRESHNESS_SERVE_STALE : FRESHNESS_JOIN;
    }
    if (failing && may_be_stale(facts))
        return failed_just_now(facts) ? FRESHNESS_SERVE_STALE : FRESHNESS_SERVE_AND_START;
    return FRESHNESS_START;
}

int64_t freshness_patience_ms(const Freshness *facts)
{
    if (!may_be_stale(facts))
        return -1;
    return facts->refreshing ? FRESHNESS_PATIENCE_MS - facts->refreshing_ms : FRESHNESS_PATIENCE_MS;
}

int64_t freshness_transition_ttl_ms(int64_t first_ms, int64_t last_ms, bool moved)
{
    if (moved || last_ms < first_ms)
        return first_ms;
    return last_ms * 2 < TRANSITION_TTL_MAX_MS ? last_ms * 2 : TRANSITION_TTL_MAX_MS;
}

int64_t freshness_live_ttl_ms(int64_t ttl_ms, bool in_transition)
{
    int64_t least = in_transition ? TRANSITION_TTL_MAX_MS : LIVE_TTL_MS;

    return ttl_ms < least ? least : ttl_ms;
}

bool freshness_prefer_list(size_t singles_since_list, size_t rows, size_t page_rows)
{
    return singles_since_list >= (rows + page_rows - 1) / page_rows;
}

size_t freshness_demand(const FreshnessDemand *demand)
{
    size_t singles = demand->singles;

    if (demand->whole && demand->list_pages > 0)
        singles = 0;
    else if (demand->whole && singles > demand->pages)
        singles = demand->pages;
    return demand->project_pages + demand->list_pages + singles;
}

int64_t freshness_stretch_ms(int64_t ttl_ms, size_t demand, int64_t pace_ms)
{
    int64_t stretched_ms;

    if (__builtin_mul_overflow((int64_t)demand, pace_ms, &stretched_ms) || stretched_ms > STRETCHED_MAX_MS)
        stretched_ms = STRETCHED_MAX_MS;
    return stretched_ms > ttl_ms ? stretched_ms : ttl_ms;
}
