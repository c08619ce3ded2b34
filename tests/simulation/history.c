#include "history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "person.h"
#include "torture.h"

enum {
    BUSY_MS = 120000,          /* how long people are at it, about */
    REST_MS = 420000,          /* what it takes for all to be settled … */
    LIMITED_REST_MS = 2400000, /* … where lists wait in line for the rate limit */
    STEPS_MAX = 400000,
};

typedef struct History {
    World world;
    Person persons[PERSON_PERSONS];
    unsigned storm; /* how much goes wrong: 0 … 3 */
    int64_t until_ms;
    bool ending;
    bool crash; /* at the next step */
    uint64_t steps, scripts;
    bool flushed;
} History;

/* ---- the world's make ---- */

static WorldConfig draw_config(Chance *chance)
{
    static const int no_updates[] = {404, 405, 501};
    WorldConfig config = {
        .cloud = {.projects = chance_below(chance, 4),
                  .numbered = chance_hit(chance, 300),
                  .summaries = chance_hit(chance, 500),
                  .etags = chance_hit(chance, 400),
                  .unique_names = chance_hit(chance, 300),
                  .page_rows = 1 + chance_below(chance, 8),
                  .no_updates = chance_hit(chance, 80) ? no_updates[chance_below(chance, 3)] : 0,
                  .settle_ms = chance_between(chance, 0, 20000),
                  .deleting_ms = chance_hit(chance, 300) ? chance_between(chance, 1, 8000) : 0},
        .store = world_store_defaults(),
        .timeout_ms = 30000,
        .wait_ms = 90000,
        .delete_delay_ms = chance_hit(chance, 250) ? 0 : 2000,
        .max_deletes = chance_hit(chance, 300) ? 2 : 10,
        .max_creates = 50,
    };

    if (chance_hit(chance, 300)) {
        config.per_minute = 10 + chance_below(chance, 111);
        config.cloud.per_minute = config.per_minute;
    }
    if (chance_hit(chance, 500))
        config.timeout_ms = config.store.timeout_ms = 8000;
    return config;
}

static void draw_weather(History *history)
{
    World *world = &history->world;

    history->storm = chance_below(&world->chance, 4);
    world->net.fault_permille = (unsigned[]){0, 30, 120, 400}[history->storm];
    world->net.latency_ms = (int64_t[]){5, 50, 400, 3000}[chance_below(&world->chance, 4)];
    world->disk.fail_permille = history->storm > 1 && chance_hit(&world->chance, 300) ? 50 : 0;
}

static void populate(World *world)
{
    static const char *const odd[] = {"a/b", "..", "x.json", "%41", "~tilde", ".dot", "web 9"};
    unsigned count = chance_below(&world->chance, 12);

    for (unsigned i = 0; i < count; i++) {
        unsigned project = chance_below(&world->chance, cloud_project_count(&world->cloud));
        char name[16];

        snprintf(name, sizeof name, "web-%u", 1 + chance_below(&world->chance, 8));
        cloud_make(&world->cloud, project,
                   chance_hit(&world->chance, 100) ? odd[chance_below(&world->chance, 7)] : name);
    }
}

/* ---- what befalls it ---- */

static CloudInstance *draw_instance(World *world)
{
    CloudInstance *drawn =
        world->cloud.count ? world->cloud.instances[chance_below(&world->chance, world->cloud.count)] : NULL;

    return drawn && cloud_is_alive(&world->cloud, drawn) && !drawn->dying_ms ? drawn : NULL;
}

/* Another client does something. */
static void on_other(History *history)
{
    World *world = &history->world;
    CloudInstance *instance;
    char name[16];

    world->cloud.now_ms = world_now_ms(world);
    instance = draw_instance(world);
    snprintf(name, sizeof name, "web-%u", 1 + chance_below(&world->chance, 8));
    switch (chance_below(&world->chance, 5)) {
    case 0:
        instance = cloud_make(&world->cloud, chance_below(&world->chance, cloud_project_count(&world->cloud)), name);
        break;
    case 1:
        if (instance)
            cloud_remove(&world->cloud, instance);
        break;
    case 2:
        if (instance)
            cloud_rename(&world->cloud, instance, chance_below(&world->chance, cloud_project_count(&world->cloud)),
                         name);
        break;
    default:
        if (instance)
            cloud_touch(&world->cloud, instance);
    }
    world_trace(world, "another client changed ins_%u", instance ? instance->number : 0);
    if (instance)
        sim_events_tell(&world->events, instance);
}

static void on_clock_set(World *world)
{
    world->clock.wall_offset_ms += chance_between(&world->chance, -86400000, 86400000);
    world_trace(world, "the wall clock is set");
}

/* Nobody waits while the machine sleeps. */
static void on_sleep(History *history)
{
    World *world = &history->world;
    int64_t for_ms = chance_between(&world->chance, 1000, 7200000);

    world_trace(world, "the machine sleeps for %lld ms", (long long)for_ms);
    sim_clock_sleep(&world->clock, for_ms);
    world->calm_since_ms = world_now_ms(world);
    for (unsigned i = 0; i < PERSON_PERSONS; i++)
        history->persons[i].asked_ms += for_ms;
}

static void on_rotation(World *world)
{
    cloud_rotate(&world->cloud, chance_hit(&world->chance, 500));
    world_put_token(world);
    world_trace(world, "the token was renewed");
}

static void on_outage(World *world)
{
    world->net.out = !world->net.out;
    world_trace(world, "the network is %s", world->net.out ? "out" : "back");
}

static void drop_all(History *history)
{
    for (unsigned i = 0; i < PERSON_PERSONS; i++)
        person_drop(&history->persons[i]);
}

static void mount(History *history)
{
    if (!world_mount(&history->world))
        world_trace(&history->world, "it will be tried again");
}

static void crash(History *history)
{
    drop_all(history);
    world_crash(&history->world);
    mount(history);
}

static void on_crash(History *history)
{
    World *world = &history->world;

    if (chance_hit(&world->chance, 500)) {
        world->disk.crash_at = world->disk.calls + 1 + chance_below(&world->chance, 12);
        world_trace(world, "the power will go in the middle of it");
    } else {
        crash(history);
    }
}

static void befall(void *ctx)
{
    History *history = ctx;
    World *world = &history->world;
    unsigned drawn = chance_below(&world->chance, 100);

    if (history->ending)
        return;
    if (drawn < 50)
        on_other(history);
    else if (history->storm == 0)
        ; /* else nothing happens */
    else if (drawn < 60)
        on_rotation(world);
    else if (drawn < 70)
        on_crash(history);
    else if (drawn < 80)
        on_outage(world);
    else if (drawn < 85)
        on_clock_set(world);
    else if (drawn < 88)
        on_sleep(history);
    sim_clock_after(&world->clock, chance_between(&world->chance, 500, 20000), befall, history);
}

/* Somebody who rests begins something, sooner or later. */
static void wake(void *ctx)
{
    History *history = ctx;
    World *world = &history->world;
    Person *person = &history->persons[chance_below(&world->chance, PERSON_PERSONS)];

    if (history->ending)
        return;
    if (!world_is_mounted(world))
        mount(history);
    if (world_is_mounted(world) && !person->busy) {
        history->scripts++;
        person_begin(person);
    }
    sim_clock_after(&world->clock,
                    chance_hit(&world->chance, 600) ? chance_between(&world->chance, 0, 1500)
                                                    : chance_between(&world->chance, 1000, 15000),
                    wake, history);
}

/* ---- running ---- */

static bool anybody_is_busy(const History *history)
{
    for (unsigned i = 0; i < PERSON_PERSONS; i++)
        if (history->persons[i].busy)
            return true;
    return false;
}

static void step(History *history)
{
    World *world = &history->world;

    world_step(world);
    if (world->disk.off)
        crash(history);
    for (unsigned i = 0; i < PERSON_PERSONS; i++)
        person_check(&history->persons[i]);
    if (++history->steps > STEPS_MAX)
        world_violation(world, "it does not come to rest");
}

static void run_until(History *history, int64_t until_ms)
{
    World *world = &history->world;
    int64_t next;

    while (!world_is_violated(world) && (next = sim_clock_next_ms(&world->clock)) >= 0 && next <= until_ms)
        step(history);
    if (!world_is_violated(world) && world->clock.now_ms < until_ms)
        world->clock.now_ms = world->cloud.now_ms = until_ms;
}

/* From here on all is well. */
static void calm(History *history)
{
    World *world = &history->world;

    history->ending = true;
    world->net.fault_permille = 0;
    world->net.out = false;
    world->net.latency_ms = 50;
    world->calm_since_ms = world_now_ms(world);
    world->disk.fail_permille = 0;
    world->disk.crash_at = 0;
    on_rotation(world); /* a token that was refused for no reason stays latched until there is another */
    world_trace(world, "calm");
    if (!world_is_mounted(world))
        mount(history);
}

static void run_script(History *history, person_fn script, unsigned project)
{
    World *world = &history->world;
    Person *person = &history->persons[0];

    person->busy = person->patient = true;
    script_draw_name(person);
    person->project = project;
    person->instance = NULL;
    person->text = NULL;
    script(person);
    for (unsigned i = 0; person->busy && !world_is_violated(world) && i < 1000; i++)
        run_until(history, world->clock.now_ms + 1000);
    if (person->busy)
        world_violation(world, "%s never ends", person->verb);
}

/* What a listing shows now must be what is there. NULL: so it is; else the first that differs. */
static CloudInstance *find_difference(History *history, unsigned project)
{
    World *world = &history->world;

    for (unsigned i = 0; i < world->cloud.count; i++) {
        CloudInstance *each = world->cloud.instances[i];
        bool there = cloud_is_alive(&world->cloud, each) && each->project == project;

        if (there != history->persons[0].numbers[each->number % WORLD_INSTANCES_MAX])
            return each;
    }
    return NULL;
}

/* Under a rate limit a list may take longer than patience lasts, so that an older one is served first. */
static void check_last_list(History *history, unsigned project)
{
    World *world = &history->world;
    const Person *person = &history->persons[0];
    CloudInstance *different;
    unsigned tries = 0;

    do {
        if (tries > 0 && world->config.per_minute)
            run_until(history, world->clock.now_ms + 90000);
        run_script(history, script_list, project);
        different = find_difference(history, project);
    } while (!world_is_violated(world) && (different || person->code < 0) &&
             ++tries < (person->code < 0 || world->config.per_minute ? 4 : 1));
    if (person->code < 0)
        world_violation(world, "in calm weather a listing failed: %s", error_name(person->code));
    else if (different && !world->config.per_minute)
        world_violation(world, "at the end ins_%u (%s) is %s, and the listing says otherwise", different->number,
                        different->name, cloud_is_alive(&world->cloud, different) ? "there" : "gone");
}

static void rest(History *history)
{
    World *world = &history->world;

    for (unsigned i = 0; anybody_is_busy(history) && !world_is_violated(world) && i < 2000; i++)
        run_until(history, world->clock.now_ms + 1000);
    run_until(history, world->clock.now_ms + (world->config.per_minute ? LIMITED_REST_MS : REST_MS));
    for (unsigned i = 0; i < cloud_project_count(&world->cloud) && !world_is_violated(world); i++)
        check_last_list(history, i);
    if (!world_is_violated(world))
        truth_at_rest(world);
}

static void on_flushed(void *ctx)
{
    ((History *)ctx)->flushed = true;
}

static void check_counts(World *world)
{
    TreeCounts counts;

    tree_counts(world->tree, &counts);
    if (counts.parked > 0)
        world_violation(world, "%llu operations are still parked", (unsigned long long)counts.parked);
    if (counts.waiting_deletes > 0)
        world_violation(world, "%llu deletes still wait", (unsigned long long)counts.waiting_deletes);
}

static void end(History *history)
{
    World *world = &history->world;

    if (!world_is_mounted(world))
        return;
    if (!world_is_violated(world)) {
        tree_flush(world->tree, on_flushed, history);
        run_until(history, world->clock.now_ms + 60000);
        if (!history->flushed)
            world_violation(world, "the unmount's flush never ends");
        check_counts(world);
    }
    drop_all(history);
    world_unmount(world);
}

static void check_budget(World *world)
{
    unsigned busiest = sim_net_busiest(&world->net, 60000);

    if (world->config.per_minute && world->mounts == 1 && busiest > world->config.per_minute)
        world_violation(world, "%u requests in a minute, and %u are allowed", busiest, world->config.per_minute);
}

/* People are at it for so long, or until there are no bytes left to decide by. */
static void be_busy(History *history, bool by_bytes, int64_t until_ms)
{
    World *world = &history->world;

    if (!by_bytes)
        run_until(history, until_ms);
    while (world->source->left > 0 && world->clock.now_ms < until_ms && !world_is_violated(world))
        run_until(history, world->clock.now_ms + 1000);
}

void history_run(const HistoryOrder *order, HistoryResult *ret_result)
{
    History *history = calloc(1, sizeof *history);
    ChanceSource source = {order->seed, order->bytes, order->byte_count};
    Chance making = chance_stream(&source, 1000);
    WorldConfig config = draw_config(&making);
    World *world = &history->world;

    if (!history)
        abort();
    world_init(world, &source, &config, order->print);
    world->injected = order->fail_memory_at > 0 || order->fail_disk_at > 0;
    world->disk.fail_at = order->fail_disk_at;
    torture_fail_at(order->fail_memory_at);
    for (unsigned i = 0; i < PERSON_PERSONS; i++)
        person_init(&history->persons[i], world, i);
    populate(world);
    draw_weather(history);
    mount(history);
    wake(history);
    befall(history);
    be_busy(history, order->byte_count > 0, world->clock.now_ms + chance_between(&world->chance, BUSY_MS / 4, BUSY_MS));
    calm(history);
    rest(history);
    end(history);
    check_budget(world);
    *ret_result = (HistoryResult){.hash = world->trace.hash,
                                  .steps = history->steps,
                                  .scripts = history->scripts,
                                  .requests = world->net.started,
                                  .memory_calls = torture_calls(),
                                  .disk_calls = world->disk.calls};
    memcpy(ret_result->violation, world->violation, sizeof ret_result->violation);
    world_release(world);
    free(history);
}
