#include "world.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "truth.h"

enum { STREAM_HISTORY, STREAM_DISK, STREAM_WORKER, STREAM_NET, STREAM_CLOUD, STREAM_PROGRAM, STREAM_EVENTS };

static const char STATE_DIR[] = "/state", TOKEN_FILE[] = "/etc/token";

static uint64_t next_random(Random *random)
{
    return chance_next(&((WorldRandom *)random)->chance);
}

/* ---- the watch on the token's file ---- */

static void stop_watch(FileWatch *watch)
{
    WorldWatch *world_watch = (WorldWatch *)((char *)watch - offsetof(WorldWatch, watch));

    world_watch->changed = NULL;
}

static int start_watch(FileWatcher *watcher, const char *path, clock_fn changed, void *ctx, FileWatch **ret_watch)
{
    WorldWatch *watch = (WorldWatch *)watcher;

    (void)path;
    watch->changed = changed;
    watch->ctx = ctx;
    watch->watch.stop = stop_watch;
    *ret_watch = &watch->watch;
    return 0;
}

static void on_file_changed(void *ctx)
{
    WorldWatch *watch = ctx;

    if (watch->changed)
        watch->changed(watch->ctx);
}

/* ---- making ---- */

StoreConfig world_store_defaults(void)
{
    return (StoreConfig){.ttl_ms = 10000,
                         .ttl_transition_ms = 2000,
                         .ttl_projects_ms = 60000,
                         .ttl_health_ms = 5000,
                         .stale_contents_ms = 300000,
                         .stale_names_ms = 86400000,
                         .timeout_ms = 30000,
                         .wait_ms = 90000};
}

void world_init(World *world, ChanceSource *source, const WorldConfig *config, bool print)
{
    memset(world, 0, sizeof *world);
    world->config = *config;
    world->source = source;
    world->chance = chance_stream(source, STREAM_HISTORY);
    world->random = (WorldRandom){.random.next = next_random, .chance = chance_stream(source, STREAM_PROGRAM)};
    sim_trace_init(&world->trace, print);
    sim_clock_init(&world->clock);
    sim_disk_init(&world->disk, chance_stream(source, STREAM_DISK));
    sim_worker_init(&world->worker, &world->clock, chance_stream(source, STREAM_WORKER));
    sim_events_init(&world->events, world, chance_stream(source, STREAM_EVENTS));
    cloud_init(&world->cloud, &config->cloud, chance_stream(source, STREAM_CLOUD), truth_on_deed, world);
    world->cloud.now_ms = world->clock.now_ms;
    world->cloud.wall_offset_ms = world->clock.wall_offset_ms;
    sim_net_init(&world->net, &world->clock, &world->trace, &world->cloud, chance_stream(source, STREAM_NET));
    world->net.sent = truth_on_sent;
    world->net.ctx = world;
    world->watch = (WorldWatch){.watcher.start = start_watch, .clock = &world->clock};
    world_put_token(world);
}

void world_release(World *world)
{
    sim_net_release(&world->net);
    cloud_release(&world->cloud);
    sim_disk_release(&world->disk);
    sim_events_release(&world->events);
    sim_clock_release(&world->clock);
}

void world_put_token(World *world)
{
    sim_disk_put(&world->disk, TOKEN_FILE, world->cloud.token);
    sim_clock_after(&world->clock, FILEWATCH_SETTLE_MS, on_file_changed, &world->watch);
}

int64_t world_now_ms(const World *world)
{
    return world->clock.now_ms;
}

WorldInstance *world_instance(World *world, const CloudInstance *instance)
{
    return &world->instances[instance->number % WORLD_INSTANCES_MAX];
}

bool world_is_mounted(const World *world)
{
    return world->tree != NULL;
}

bool world_is_violated(const World *world)
{
    return world->violation[0] != '\0';
}

void world_violation(World *world, const char *format, ...)
{
    va_list args;

    if (world_is_violated(world))
        return;
    va_start(args, format);
    vsnprintf(world->violation, sizeof world->violation, format, args);
    va_end(args);
    world_trace(world, "VIOLATION: %s", world->violation);
}

/* ---- the program's life ---- */

static bool refuse(World *world, const Failure *failure)
{
    world_trace(world, "not mounted: %s", failure_sentence(failure));
    return false;
}

static bool start_disk(World *world, Failure *failure)
{
    Fsio *fsio = &world->disk.fsio;
    unsigned damage = 0;

    if (state_open(fsio, STATE_DIR, "sim", "/mnt", &world->state, failure) < 0 ||
        journal_open(fsio, &world->worker.worker, state_path(world->state), &world->journal, &damage, failure) < 0)
        return refuse(world, failure);
    if (damage > 0)
        world_violation(world, "the journal is damaged after a crash: %s", failure_sentence(failure));
    return true;
}

static bool start_api(World *world, Failure *failure)
{
    const ApiConfig config = {.endpoint = "https://api.sim",
                              .version = "2026-01-15",
                              .token = {.file = TOKEN_FILE, .named = "token_file"},
                              .watcher = &world->watch.watcher,
                              .timeout_ms = world->config.timeout_ms,
                              .wait_ms = world->config.wait_ms,
                              .per_minute = world->config.per_minute,
                              .per_day = world->config.per_day};

    return api_new(&config, &world->net.net, &world->clock.clock, &world->random.random, &world->disk.fsio, &world->api,
                   failure) == 0 ||
           refuse(world, failure);
}

static bool start_tree(World *world, Failure *failure)
{
    const TreeConfig config = {.defaults = "{\"region\":\"eu-central\",\"size\":\"standard-2\"}",
                               .state_dir = state_path(world->state),
                               .delete_delay_ms = world->config.delete_delay_ms,
                               .max_deletes = world->config.max_deletes,
                               .max_creates = world->config.max_creates};

    world->store = store_new(&world->config.store, world->api, world->journal, &world->clock.clock);
    if (world->store)
        world->tree = tree_new(&config, world->store, &world->clock.clock, &world->disk.fsio);
    *failure = failure_make(-ERR_NO_MEMORY, "no memory");
    return world->tree || refuse(world, failure);
}

bool world_mount(World *world)
{
    Failure failure;

    world->mounts++;
    world->mounted_ms = world->calm_since_ms = world_now_ms(world);
    world->disk_failed = world->disk.fail_permille > 0 || world->injected;
    sim_lists_clear(&world->net.lists);
    for (unsigned i = 0; i < WORLD_INSTANCES_MAX; i++)
        world->instances[i] = (WorldInstance){.moved_ms = -1};
    if (start_disk(world, &failure) && start_api(world, &failure) && start_tree(world, &failure)) {
        world_trace(world, "mounted, for the %u. time", world->mounts);
        return true;
    }
    world_unmount(world);
    return false;
}

void world_unmount(World *world)
{
    tree_free(world->tree);
    store_free(world->store);
    api_free(world->api);
    journal_close(world->journal);
    state_close(world->state);
    world->tree = NULL;
    world->store = NULL;
    world->api = NULL;
    world->journal = NULL;
    world->state = NULL;
    sim_clock_end_life(&world->clock);
    world_trace(world, "ended");
    truth_after_end(world);
}

void world_crash(World *world)
{
    world_trace(world, "the power goes");
    sim_disk_power_off(&world->disk);
    world_unmount(world);
    world->net.idle = 0;
    sim_disk_power_on(&world->disk);
}

void world_step(World *world)
{
    sim_clock_step(&world->clock);
    world->cloud.now_ms = world->clock.now_ms;
    truth_after_step(world);
}
