#include "store_internal.h"

enum {
    LOOKED_AT_MS = 60 * 60 * 1000, /* what was last asked for longer ago is not looked at any more */
    DEMAND_FRESH_MS = 10 * 1000,   /* how long the demand is not worked out anew */
    WALK_SPAN_MS = 60 * 1000,
    WALK_BEGINS = 100, /* first looks in a minute that make a walk … */
    WALK_ENDS = 10,    /* … which goes on while there are so many */
};

void stretch_note(Fetch *fetch, int64_t now_ms)
{
    if (fetch)
        fetch->asked_ms = now_ms;
}

static bool is_looked_at(const Fetch *fetch, int64_t now_ms)
{
    return fetch && fetch->asked_ms != 0 && now_ms - fetch->asked_ms < LOOKED_AT_MS;
}

static size_t pages_of(const Set *set)
{
    return set->by_id.count / API_PAGE_ROWS + 1;
}

static size_t count_demand(const Store *store, int64_t now_ms)
{
    const Set *projects = &store->sets[STORE_PROJECTS], *instances = &store->sets[STORE_INSTANCES];
    FreshnessDemand demand = {.pages = pages_of(instances), .whole = true};

    for (const Entry *each = instances->entries; each; each = each->next) {
        demand.whole = demand.whole && each->listed_whole;
        demand.singles += is_looked_at(each->fetch, now_ms);
    }
    if (is_looked_at(&projects->fetch, now_ms))
        demand.project_pages = pages_of(projects);
    if (is_looked_at(&instances->fetch, now_ms))
        demand.list_pages = demand.pages;
    return freshness_demand(&demand);
}

int64_t stretch_ttl_ms(Store *store, int64_t ttl_ms, int64_t now_ms)
{
    int64_t pace_ms = api_pace_ms(store->api);

    if (pace_ms == 0)
        return ttl_ms;
    if (store->demand_ms == 0 || now_ms - store->demand_ms >= DEMAND_FRESH_MS) {
        store->demand = count_demand(store, now_ms);
        store->demand_ms = now_ms;
    }
    return freshness_stretch_ms(ttl_ms, store->demand, pace_ms);
}

bool stretch_prefers_list(const Set *set)
{
    Freshness list = set_freshness(set);

    return api_pace_ms(set->store->api) > 0 && is_looked_at(&set->fetch, clock_now_ms(set->store->clock)) &&
           freshness_decide(&list) != FRESHNESS_SERVE;
}

enum ApiClass stretch_class(const Entry *entry)
{
    Store *store = entry->set->store;
    int64_t now_ms = clock_now_ms(store->clock);
    unsigned looks;

    if (entry->details_ms != 0)
        return API_READ;
    if (store->walk.part_ms == 0)
        budget_init(&store->walk, 0, WALK_SPAN_MS);
    looks = budget_used(&store->walk, now_ms);
    store->walking = looks >= (store->walking ? WALK_ENDS : WALK_BEGINS);
    budget_spend(&store->walk, now_ms);
    return store->walking ? API_WALK : API_READ;
}
