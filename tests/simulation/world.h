/*
 * world: one simulated machine with the program under test on it, a network, and SkyStack.
 *
 * The program is the real one from the tree down: state, journal, api, store and tree. What is between it and the world
 * is simulated: time, chance, disk, worker, network. world_step() lets the next thing happen.
 */
#ifndef SKY_SIM_WORLD_H
#define SKY_SIM_WORLD_H

#include "api.h"
#include "filewatch.h"
#include "journal.h"
#include "sim_disk.h"
#include "sim_events.h"
#include "sim_net.h"
#include "sim_worker.h"
#include "state.h"
#include "store.h"
#include "tree.h"

enum {
    WORLD_TEXTS_MAX = 160,
    WORLD_MARKER_BYTES = 16,
    WORLD_INSTANCES_MAX = 128,
    WORLD_NAMES_MAX = 16,
    WORLD_VIOLATION_BYTES = 512,
};

typedef struct WorldRandom {
    Random random; /* first */
    Chance chance;
} WorldRandom;

/* The one file that is watched: the token's. */
typedef struct WorldWatch {
    FileWatcher watcher; /* first */
    FileWatch watch;
    SimClock *clock;
    clock_fn changed; /* NULL: nobody watches */
    void *ctx;
} WorldWatch;

typedef struct WorldConfig {
    CloudConfig cloud;
    StoreConfig store;
    int64_t timeout_ms, wait_ms;
    unsigned per_minute, per_day;
    int64_t delete_delay_ms;
    unsigned max_deletes, max_creates;
} WorldConfig;

/* One text that somebody set out to write, or one mkdir. What was made of it is told by its marker, which is in the text;
 * a mkdir has no text, and is told by its name. */
typedef struct WorldText {
    char marker[WORLD_MARKER_BYTES];
    unsigned project;
    char name[CLOUD_NAME_BYTES];
    bool is_mkdir;
    unsigned asked, created, updated; /* how often it was to be carried out, and was */
    int64_t asked_ms;
    unsigned sent;     /* how often a request with it left */
    unsigned instance; /* the number of what it made or changed; 0: nothing yet */
    unsigned revision; /* which that has had since */
    int outcome;       /* as the writer was told; 1: not yet */
    bool unsettled;    /* he was told once that nobody knows: putting it in place again in vain does not end that */
    bool kept;         /* it is to be among the kept texts … */
    unsigned kept_project;
    char kept_name[CLOUD_NAME_BYTES]; /* … under this name: its file may have moved since it was opened */
    int64_t begun_ms;                 /* when the call began of whose outcome the writer was told … */
    int64_t told_ms;                  /* … and when that was */
    int64_t done_ms;                  /* when a writer was last told that it was carried out; 0: none was */
    unsigned mount;                   /* number of the mount in which it was written */
} WorldText;

/* What is known of an instance's deletion and of what readers saw, by its number. */
typedef struct WorldInstance {
    unsigned asked;  /* removals of its file that were not taken back */
    bool ever_asked; /* … at any time in this mount */
    unsigned asked_project;
    char asked_name[CLOUD_NAME_BYTES];
    pid_t asked_by, was_asked_by; /* process: now, and before the last removal, which may yet be refused */
    int64_t due_ms,
        was_due_ms;   /* when its DELETE leaves, or an earlier time when somebody said that it may; as above */
    bool undone;      /* somebody was told that it was taken back */
    int64_t moved_ms; /* when one of ours last gave it another name, or hid it: -1 never */
    unsigned acked;   /* the revision that a writer was told of */
} WorldInstance;

typedef struct World {
    WorldConfig config;
    ChanceSource *source;
    Chance chance;
    SimTrace trace;
    SimClock clock;
    SimDisk disk;
    SimWorker worker;
    SimNet net;
    Cloud cloud;
    SimEvents events;
    WorldRandom random;
    WorldWatch watch;
    State *state;
    Journal *journal;
    Api *api;
    Store *store;
    Tree *tree;
    unsigned mounts; /* so far */
    int64_t mounted_ms;
    int64_t calm_since_ms; /* nothing out of the ordinary since, but for what the network tells itself */
    WorldText texts[WORLD_TEXTS_MAX];
    unsigned text_count;
    WorldInstance instances[WORLD_INSTANCES_MAX];
    /* The person who was last answered about a name, by the number in it: web-N. */
    unsigned shown_to[CLOUD_PROJECTS_MAX][WORLD_NAMES_MAX];
    bool disk_failed; /* in this mount */
    bool injected;    /* one call is made to fail */
    char violation[WORLD_VIOLATION_BYTES];
} World;

/* A mount's without options. */
StoreConfig world_store_defaults(void);
/* All of its chance is drawn from `source`, which outlives it. */
void world_init(World *world, ChanceSource *source, const WorldConfig *config, bool print);
void world_release(World *world);
/* Starts the program. False: it would not start, which is said in the trace. */
bool world_mount(World *world);
bool world_is_mounted(const World *world);
/* Ends it: with everything that it has in memory, and without a word. Operations must be cancelled first. */
void world_unmount(World *world);
/* The same, by the power going. */
void world_crash(World *world);
void world_step(World *world);
/* An invariant does not hold; the first one is kept, and ends the history. */
void world_violation(World *world, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool world_is_violated(const World *world);
/* Traces with the time. */
#define world_trace(world, ...) sim_trace(&(world)->trace, (world)->clock.now_ms, __VA_ARGS__)
int64_t world_now_ms(const World *world);
/* The token's file is written anew, with the token of now. */
void world_put_token(World *world);
WorldInstance *world_instance(World *world, const CloudInstance *instance);

#endif
