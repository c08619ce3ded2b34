/*
 * sim_events: the cloud's events. It tells of what changes, up to three seconds later, sometimes twice and out of order. While
 * nobody listens it tells again later, as webhooks are sent again until they are taken.
 */
#ifndef SKY_SIM_EVENTS_H
#define SKY_SIM_EVENTS_H

#include <stdbool.h>

#include "cloud.h"
#include "sim_chance.h"

enum {
    SIM_EVENTS_LATE_MS = 3000,
    SIM_EVENTS_HEARD_MS = SIM_EVENTS_LATE_MS + 2000, /* with the time that looking again takes, if all is well */
};

typedef struct World World;

typedef struct SimEvents {
    World *world;
    Chance chance;
    bool on; /* in one history of four */
    struct Delivery *under_way;
} SimEvents;

void sim_events_init(SimEvents *events, World *world, Chance chance);
/* What is under way arrives no more. */
void sim_events_release(SimEvents *events);
void sim_events_tell(SimEvents *events, CloudInstance *instance);

#endif
