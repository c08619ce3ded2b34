#include "facts.h"

#include <malloc.h>

#include "app_internal.h"

static size_t heap_bytes(void)
{
    struct mallinfo2 heap = mallinfo2();

    return heap.uordblks + heap.hblkhd;
}

void facts_collect(App *app, Facts *ret_facts)
{
    *ret_facts = (Facts){
        .wall_ms = clock_wall_ms(loop_clock(app->loop)),
        .started_wall_ms = app->started_wall_ms,
        .read_only = app->read_only,
        .heap_bytes = heap_bytes(),
        .last_error = tree_last_error(app->tree),
        .notice = api_notice(app->api),
    };
    api_stats(app->api, &ret_facts->api);
    api_token_facts(app->api, &ret_facts->token);
    (void)api_token_latched(app->api, &ret_facts->refusal);
    mount_stats(app->mount, &ret_facts->mount);
    tree_counts(app->tree, &ret_facts->tree);
    store_list_facts(app->store, STORE_PROJECTS, &ret_facts->projects);
    store_list_facts(app->store, STORE_INSTANCES, &ret_facts->instances);
    store_report(app->store, &ret_facts->store);
}
