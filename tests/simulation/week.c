#include "week.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "world.h"

enum {
    READERS = 64,
    VISITORS = READERS + 4,
    PER_MINUTE = 120,
    PER_DAY = 10000,
    SECOND_MS = 1000,
    MINUTE_MS = 60 * SECOND_MS,
    HOUR_MS = 60 * MINUTE_MS,
    DAY_MS = 24 * HOUR_MS,
    SLOW_MS = 10000, /* longer than this no read and no change may take */
    LOOKED_AT = 1000,
};

enum Role { READER, WATCH_CAT, WATCH_LS, FIND, CHANGER, ROLES };

typedef struct Tally {
    uint64_t done, failed, slow;
    int64_t longest_ms;
    int first_failure;
} Tally;

typedef struct Visitor {
    struct Week *week;
    enum Role role;
    unsigned number;
    int64_t began_ms; /* what is under way */
    uint64_t node, handle, cookie;
    unsigned filled;
    TreeOp *op;
    TreeCaller caller;
} Visitor;

typedef struct Week {
    World world;
    WeekOrder order;
    Chance chance;
    uint64_t directory;
    Visitor visitors[VISITORS];
    Tally tallies[ROLES];
    uint64_t last_hour_changes; /* that went through in the last hour of a day */
    uint64_t texts;
    char text[128];
} Week;

static const char *const role_names[ROLES] = {"readers", "watch cat", "watch ls", "find", "changes"};

/* ---- one visit ---- */

static int64_t pause_ms(Visitor *visitor)
{
    switch (visitor->role) {
    case READER:
        return chance_between(&visitor->week->chance, 5 * SECOND_MS, 2 * MINUTE_MS);
    case WATCH_CAT:
    case WATCH_LS:
        return SECOND_MS;
    case FIND:
        return MINUTE_MS;
    default:
        return HOUR_MS;
    }
}

static void visit(void *ctx);

static void end_visit(Visitor *visitor, int code)
{
    Week *week = visitor->week;
    Tally *tally = &week->tallies[visitor->role];
    int64_t now = world_now_ms(&week->world), took = now - visitor->began_ms;

    tally->done++;
    if (took > tally->longest_ms)
        tally->longest_ms = took;
    tally->slow += took > SLOW_MS;
    if (code < 0 && tally->failed++ == 0)
        tally->first_failure = code;
    if (code == 0 && visitor->role == CHANGER && now % DAY_MS >= DAY_MS - HOUR_MS)
        week->last_hour_changes++;
    if (visitor->node)
        tree_forget(week->world.tree, visitor->node, 1);
    visitor->node = visitor->handle = 0;
    sim_clock_after(&week->world.clock, pause_ms(visitor), visit, visitor);
}

static void ignore(void *ctx, const TreeReply *reply)
{
    (void)ctx, (void)reply;
}

static void release(Visitor *visitor)
{
    TreeOp *op;

    tree_settle(visitor->week->world.tree, &visitor->caller, visitor->handle, TREE_RELEASE, ignore, NULL, &op);
}

/* The operation is over. */
static Visitor *begin_reply(void *ctx)
{
    Visitor *visitor = ctx;

    visitor->op = NULL;
    return visitor;
}

static void on_written(void *ctx, const TreeReply *reply)
{
    Visitor *visitor = begin_reply(ctx);
    int code = reply->code;

    release(visitor);
    end_visit(visitor, code);
}

static void on_opened(void *ctx, const TreeReply *reply)
{
    Visitor *visitor = begin_reply(ctx);
    Week *week = visitor->week;

    if (reply->code < 0) {
        end_visit(visitor, reply->code);
        return;
    }
    visitor->handle = reply->opened.handle;
    if (visitor->role != CHANGER) {
        release(visitor);
        end_visit(visitor, 0);
        return;
    }
    snprintf(week->text, sizeof week->text, "{\"note\": \"week-%llu\"}\n", (unsigned long long)++week->texts);
    tree_write(week->world.tree, &visitor->caller, visitor->handle, 0, week->text, strlen(week->text), on_written,
               visitor, &visitor->op);
}

static void on_found(void *ctx, const TreeReply *reply)
{
    Visitor *visitor = begin_reply(ctx);

    if (reply->code < 0) {
        end_visit(visitor, reply->code);
        return;
    }
    visitor->node = reply->entry.node;
    tree_open(visitor->week->world.tree, &visitor->caller, visitor->node,
              visitor->role == CHANGER ? O_WRONLY | O_TRUNC : O_RDONLY, on_opened, visitor, &visitor->op);
}

static bool fill(void *ctx, const TreeDirent *dirent)
{
    Visitor *visitor = ctx;

    if (visitor->filled == (visitor->role == FIND ? 500 : 10))
        return false;
    visitor->filled++;
    visitor->cookie = dirent->cookie;
    return true;
}

static void list(Visitor *visitor);

/* `ls` gets the rest from the kernel, which keeps a directory while its time of change is the same. */
static void on_listed(void *ctx, const TreeReply *reply)
{
    Visitor *visitor = begin_reply(ctx);

    if (reply->code == 0 && visitor->filled > 0 && visitor->role == FIND)
        list(visitor);
    else
        end_visit(visitor, reply->code);
}

static void list(Visitor *visitor)
{
    visitor->filled = 0;
    tree_list(visitor->week->world.tree, &visitor->caller, visitor->week->directory, visitor->cookie, false, fill,
              on_listed, visitor, &visitor->op);
}

/* Where lists bring names alone each first look is a request of its own, and a day has not enough for 10,000: then people
 * look at some of the instances, and list all. */
static unsigned looked_at(const Week *week)
{
    return week->order.summaries && week->order.instances > LOOKED_AT ? LOOKED_AT : week->order.instances;
}

static void visit(void *ctx)
{
    Visitor *visitor = ctx;
    Week *week = visitor->week;
    bool random = visitor->role == READER || visitor->role == CHANGER;
    char name[32];

    visitor->began_ms = world_now_ms(&week->world);
    if (visitor->role == WATCH_LS || visitor->role == FIND) {
        visitor->cookie = 0;
        list(visitor);
        return;
    }
    snprintf(name, sizeof name, "web-%u.json", 1 + (random ? chance_below(&week->chance, looked_at(week)) : 0));
    tree_lookup(week->world.tree, &visitor->caller, week->directory, name, on_found, visitor, &visitor->op);
}

/* ---- the week ---- */

static WorldConfig make_config(const WeekOrder *order)
{
    return (WorldConfig){
        .cloud = {.projects = 1,
                  .summaries = order->summaries,
                  .page_rows = 200,
                  .per_minute = PER_MINUTE,
                  .per_day = PER_DAY},
        .store = world_store_defaults(),
        .timeout_ms = 30000,
        .wait_ms = 90000,
        .per_minute = PER_MINUTE,
        .per_day = PER_DAY,
        .delete_delay_ms = 2000,
        .max_deletes = 10,
        .max_creates = 50,
    };
}

static void on_directory(void *ctx, const TreeReply *reply)
{
    ((Week *)ctx)->directory = reply->entry.node;
}

static void begin(Week *week)
{
    World *world = &week->world;
    TreeCaller caller = {.thread = 1000, .uid = 1000, .gid = 1000};
    TreeOp *op;
    char name[32];

    for (unsigned i = 1; i <= week->order.instances; i++) {
        snprintf(name, sizeof name, "web-%u", i);
        cloud_make(&world->cloud, 0, name);
    }
    if (!world_mount(world))
        world_violation(world, "it does not mount");
    tree_lookup(world->tree, &caller, TREE_ROOT, "prod", on_directory, week, &op);
    while (!week->directory && sim_clock_next_ms(&world->clock) >= 0)
        world_step(world);
    for (unsigned i = 0; i < VISITORS; i++) {
        week->visitors[i] = (Visitor){.week = week,
                                      .role = i < READERS ? READER : (enum Role)(i - READERS + 1),
                                      .number = i,
                                      .caller = {.thread = (pid_t)(1000 + 10 * i), .uid = 1000, .gid = 1000}};
        sim_clock_after(&world->clock, chance_between(&week->chance, 0, 10 * SECOND_MS), visit, &week->visitors[i]);
    }
}

static void run(Week *week)
{
    World *world = &week->world;
    int64_t end_ms = world_now_ms(world) + (int64_t)week->order.days * DAY_MS, next;

    while (!world_is_violated(world) && (next = sim_clock_next_ms(&world->clock)) >= 0 && next <= end_ms)
        world_step(world);
}

static void check(Week *week)
{
    World *world = &week->world;
    unsigned minute = sim_net_busiest(&world->net, MINUTE_MS), day = sim_net_busiest(&world->net, DAY_MS);

    if (minute > PER_MINUTE)
        world_violation(world, "%u requests in a minute", minute);
    if (day > PER_DAY)
        world_violation(world, "%u requests in a day", day);
    if (week->last_hour_changes < week->order.days)
        world_violation(world, "changes went through in the last hour of %llu days of %u",
                        (unsigned long long)week->last_hour_changes, week->order.days);
    for (int i = 0; i < ROLES; i++) {
        const Tally *tally = &week->tallies[i];

        if (tally->failed > 0)
            world_violation(world, "%llu of %llu %s failed, the first with %s", (unsigned long long)tally->failed,
                            (unsigned long long)tally->done, role_names[i], error_name(tally->first_failure));
        if (tally->slow > 0 &&
            (i != READER || !week->order.summaries)) /* who asks for very many details one by one waits */
            world_violation(world, "%llu of %llu %s took longer than %d s, up to %lld ms",
                            (unsigned long long)tally->slow, (unsigned long long)tally->done, role_names[i],
                            SLOW_MS / SECOND_MS, (long long)tally->longest_ms);
    }
}

static void tell(const Week *week)
{
    const World *world = &week->world;

    printf("%u days, %u instances, lists bring %s: %llu requests; at most %u in a minute, %u in 24 h\n",
           week->order.days, week->order.instances, week->order.summaries ? "names" : "all fields",
           (unsigned long long)world->net.ledger_count, sim_net_busiest(&world->net, MINUTE_MS),
           sim_net_busiest(&world->net, DAY_MS));
    for (int i = 0; i < ROLES; i++)
        printf("  %-10s %9llu, %llu failed (%s), longest %lld ms\n", role_names[i],
               (unsigned long long)week->tallies[i].done, (unsigned long long)week->tallies[i].failed,
               error_name(week->tallies[i].first_failure), (long long)week->tallies[i].longest_ms);
    if (world_is_violated(world))
        printf("  does not hold: %s\n", world->violation);
}

bool week_run(const WeekOrder *order)
{
    Week *week = calloc(1, sizeof *week);
    WorldConfig config = make_config(order);
    ChanceSource source = {.seed = 7};
    bool good;

    if (!week)
        abort();
    week->order = *order;
    week->chance = chance_stream(&source, 7);
    world_init(&week->world, &source, &config, order->print);
    week->world.net.latency_ms = 50;
    begin(week);
    run(week);
    check(week);
    tell(week);
    good = !world_is_violated(&week->world);
    for (unsigned i = 0; i < VISITORS; i++)
        tree_cancel(week->visitors[i].op);
    world_unmount(&week->world);
    world_release(&week->world);
    free(week);
    return good;
}
