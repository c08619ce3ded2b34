#include "sim_events.h"

#include <stdio.h>
#include <stdlib.h>
#include <utlist.h>

#include "world.h"

enum { AGAIN_MS = 5000, TIMES_MAX = 100 };

typedef struct Delivery {
    struct Delivery *prev, *next;
    SimEvents *events;
    unsigned number;
    bool is_alive;
    unsigned times;
} Delivery;

void sim_events_init(SimEvents *events, World *world, Chance chance)
{
    *events = (SimEvents){.world = world, .chance = chance};
    events->on = chance_hit(&events->chance, 250);
}

static void arrive(void *ctx)
{
    Delivery *delivery = ctx;
    World *world = delivery->events->world;
    char id[32];

    if (world_is_mounted(world)) {
        snprintf(id, sizeof id, "ins_%u", delivery->number);
        world_trace(world, "heard of %s", id);
        store_look_again(world->store, id, delivery->is_alive);
    } else if (delivery->times++ < TIMES_MAX) {
        sim_clock_after(&world->clock, AGAIN_MS, arrive, delivery);
        return;
    }
    DL_DELETE(delivery->events->under_way, delivery);
    free(delivery);
}

static void send(SimEvents *events, const CloudInstance *instance, bool is_alive, int64_t delay_ms)
{
    Delivery *delivery = calloc(1, sizeof *delivery);

    if (!delivery)
        abort();
    *delivery = (Delivery){.events = events, .number = instance->number, .is_alive = is_alive};
    DL_APPEND(events->under_way, delivery);
    sim_clock_after(&events->world->clock, delay_ms + chance_between(&events->chance, 0, SIM_EVENTS_LATE_MS), arrive,
                    delivery);
}

void sim_events_release(SimEvents *events)
{
    Delivery *each, *next;

    DL_FOREACH_SAFE(events->under_way, each, next)
    {
        free(each);
    }
    events->under_way = NULL;
}

/* Also of what it comes to by itself: that it runs, or is gone. */
void sim_events_tell(SimEvents *events, CloudInstance *instance)
{
    const World *world = events->world;
    bool is_alive = cloud_is_alive(&events->world->cloud, instance);
    int64_t now = world_now_ms(world);

    if (!events->on)
        return;
    send(events, instance, is_alive, 0);
    if (chance_hit(&events->chance, 200))
        send(events, instance, is_alive, 0);
    if (is_alive && instance->dying_ms)
        send(events, instance, false, instance->dying_ms + world->config.cloud.deleting_ms - now);
    else if (is_alive && instance->settled_ms > now)
        send(events, instance, true, instance->settled_ms - now);
}
