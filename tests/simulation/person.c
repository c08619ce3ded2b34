#include "person.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "error.h"
#include "torture.h"

enum { SLACK_MS = 3000, CANCEL_PERMILLE = 40 };

void person_init(Person *person, World *world, unsigned index)
{
    memset(person, 0, sizeof *person);
    person->world = world;
    person->chance = chance_stream(world->source, 100 + index);
    person->index = index;
    person->caller = (TreeCaller){.thread = (pid_t)(1000 + 10 * index), .uid = 1000, .gid = 1000};
}

int64_t person_bound_ms(const World *world, unsigned stages)
{
    return stages * (world->config.timeout_ms + world->config.wait_ms) + SLACK_MS;
}

void person_check(Person *person)
{
    World *world = person->world;
    int64_t waited = world_now_ms(world) - person->asked_ms;

    if (person->waiting && waited > person_bound_ms(world, person->stages))
        world_violation(world, "%s of %s has waited for %lld ms", person->verb, person->name, (long long)waited);
}

/* ---- calls ---- */

static void go_on(void *ctx)
{
    Person *person = ctx;
    person_fn next = person->next;

    person->next = NULL;
    if (next)
        next(person);
}

static int64_t think_ms(Person *person)
{
    if (person->swift)
        return 0;
    return chance_hit(&person->chance, 50) ? chance_between(&person->chance, 50, 4000)
                                           : chance_between(&person->chance, 0, 3);
}

static void note_reply(Person *person, const TreeReply *reply)
{
    size_t count = reply->count < PERSON_BYTES - 1 ? reply->count : PERSON_BYTES - 1;

    person->code = reply->code;
    person->entry = reply->entry;
    person->opened = reply->opened;
    person->count = reply->count;
    if (reply->bytes && reply->code == 0) {
        memcpy(person->bytes, reply->bytes, count);
        person->bytes[count] = '\0';
    }
}

static unsigned name_index(const char *name)
{
    unsigned number = 0;

    sscanf(name, "web-%u", &number);
    return number % WORLD_NAMES_MAX;
}

static void note_shown(Person *person)
{
    unsigned *shown_to = person->world->shown_to[person->project];

    shown_to[name_index(person->stem)] = shown_to[name_index(person->other)] = person->index;
    for (unsigned i = 0; i < WORLD_NAMES_MAX && strcmp(person->verb, "list") == 0; i++)
        shown_to[i] = person->index;
}

bool person_saw_last(const Person *person)
{
    return person->world->shown_to[person->project][name_index(person->stem)] == person->index;
}

static void reply(Person *person)
{
    World *world = person->world;

    person->waiting = false;
    person->op = NULL;
    world_trace(world, "%u: %s %s: %s", person->index, person->verb, person->name, error_name(person->code));
    person_check(person);
    if (person->at_once)
        person->at_once(person);
    person->at_once = NULL;
    note_shown(person);
    sim_clock_after_in_life(&world->clock, think_ms(person), go_on, person);
    person->swift = false;
}

static void on_done(void *ctx, const TreeReply *answer)
{
    Person *person = ctx;

    if (!person->waiting) {
        world_violation(person->world, "%s was answered twice, or after its cancel", person->verb);
        return;
    }
    note_reply(person, answer);
    reply(person);
}

static void interrupt(Person *person)
{
    if (!person->waiting || !person->op)
        return;
    world_trace(person->world, "%u: interrupts %s", person->index, person->verb);
    tree_cancel(person->op);
    person->code = -ERR_INTERRUPTED;
    reply(person);
}

static void on_interrupt(void *ctx)
{
    Person *person = ctx;

    if (person->may_cancel)
        interrupt(person);
}

static void begin(Person *person, const char *verb, unsigned stages, person_fn next)
{
    person->verb = verb;
    person->stages = stages;
    person->next = next;
    person->waiting = true;
    person->asked_ms = world_now_ms(person->world);
    person->op = NULL;
    person->may_cancel = !person->patient && chance_hit(&person->chance, CANCEL_PERMILLE);
    if (person->may_cancel)
        sim_clock_after_in_life(&person->world->clock, chance_between(&person->chance, 0, 3000), on_interrupt, person);
}

void person_lookup(Person *person, uint64_t parent, const char *name, person_fn next)
{
    begin(person, "lookup", 2, next);
    tree_lookup(person->world->tree, &person->caller, parent, name, on_done, person, &person->op);
}

void person_open(Person *person, uint64_t node, int flags, person_fn next)
{
    begin(person, "open", 2, next);
    tree_open(person->world->tree, &person->caller, node, flags, on_done, person, &person->op);
}

void person_create(Person *person, uint64_t parent, const char *name, person_fn next)
{
    begin(person, "create", 2, next);
    tree_create(person->world->tree, &person->caller, parent, name, O_WRONLY | O_CREAT, 0644, on_done, person,
                &person->op);
}

void person_read(Person *person, person_fn next)
{
    begin(person, "read", 1, next);
    tree_read(person->world->tree, &person->caller, person->handle, 0, PERSON_BYTES, O_RDONLY, on_done, person,
              &person->op);
}

void person_write(Person *person, const char *bytes, size_t count, uint64_t offset, person_fn next)
{
    begin(person, "write", 8, next);
    tree_write(person->world->tree, &person->caller, person->handle, offset, bytes, count, on_done, person,
               &person->op);
}

void person_settle(Person *person, enum TreeSettle when, person_fn next)
{
    static const char *const verbs[] = {"flush", "fsync", "release"};

    begin(person, verbs[when], 8, next);
    if (when == TREE_RELEASE)
        person->may_cancel = false;
    tree_settle(person->world->tree, &person->caller, person->handle, when, on_done, person, &person->op);
    if (when == TREE_RELEASE)
        person->handle = 0;
}

void person_getattr(Person *person, uint64_t node, person_fn next)
{
    begin(person, "getattr", 2, next);
    tree_getattr(person->world->tree, &person->caller, node, on_done, person, &person->op);
}

void person_mkdir(Person *person, uint64_t parent, const char *name, person_fn next)
{
    begin(person, "mkdir", 8, next);
    tree_mkdir(person->world->tree, &person->caller, parent, name, on_done, person, &person->op);
}

void person_unlink(Person *person, uint64_t parent, const char *name, person_fn next)
{
    begin(person, "unlink", 8, next);
    tree_unlink(person->world->tree, &person->caller, parent, name, on_done, person, &person->op);
}

void person_rmdir(Person *person, uint64_t parent, const char *name, person_fn next)
{
    begin(person, "rmdir", 8, next);
    tree_rmdir(person->world->tree, &person->caller, parent, name, on_done, person, &person->op);
}

void person_rename(Person *person, uint64_t parent, const char *name, const char *to, person_fn next)
{
    begin(person, "rename", 8, next);
    tree_rename(person->world->tree, &person->caller, parent, name, parent, to, 0, on_done, person, &person->op);
}

void person_sync_dir(Person *person, uint64_t node, person_fn next)
{
    begin(person, "fsyncdir", 8, next);
    tree_sync_dir(person->world->tree, &person->caller, node, on_done, person, &person->op);
}

static bool fill(void *ctx, const TreeDirent *dirent)
{
    Person *person = ctx;

    if (person->filled == person->room || person->listed_count == PERSON_LISTED_MAX)
        return false;
    person->filled++;
    person->cookie = dirent->cookie;
    world_trace(person->world, "%u: entry %s, at %llu", person->index, dirent->name,
                (unsigned long long)dirent->cookie);
    person->listed[person->listed_count++] = dirent->entry ? dirent->entry->node : 0;
    return true;
}

void person_list(Person *person, person_fn next)
{
    begin(person, "list", 2, next);
    person->filled = 0;
    person->room = 1 + chance_below(&person->chance, 20);
    tree_list(person->world->tree, &person->caller, person->directory, person->cookie, true, fill, on_done, person,
              &person->op);
}

/* ---- scripts ---- */

void person_forget(Person *person, uint64_t node)
{
    if (node)
        tree_forget(person->world->tree, node, 1);
}

static void on_released(Person *person)
{
    person_rest(person);
}

void person_rest(Person *person)
{
    if (person->handle) {
        person_settle(person, TREE_RELEASE, on_released);
        return;
    }
    person_forget(person, person->node);
    person_forget(person, person->directory);
    person->node = person->directory = 0;
    person->busy = false;
}

static void on_id(void *ctx, const TreeReply *answer)
{
    char *id = ctx;

    snprintf(id, 32, "%.*s", answer->code == 0 ? (int)answer->count : 0, answer->code == 0 ? answer->bytes : "");
}

CloudInstance *person_instance_of(Person *person, uint64_t node)
{
    char id[32];

    torture_pause(true);
    tree_getxattr(person->world->tree, node, "user.skystack.id", on_id, id);
    torture_pause(false);
    return cloud_find(&person->world->cloud, id);
}

void person_begin(Person *person)
{
    static const struct {
        person_fn script;
        unsigned weight;
    } scripts[] = {{script_look, 10}, {script_read, 25},   {script_list, 15},  {script_write, 25},
                   {script_mkdir, 8}, {script_remove, 14}, {script_rename, 5}, {script_edit, 6},
                   {script_undo, 4},  {script_refresh, 3}, {script_sync, 4},   {script_mend, 5}};
    unsigned sum = 0, drawn;
    size_t i = 0;

    for (size_t k = 0; k < sizeof scripts / sizeof scripts[0]; k++)
        sum += scripts[k].weight;
    drawn = chance_below(&person->chance, sum);
    while (drawn >= scripts[i].weight)
        drawn -= scripts[i++].weight;
    person->busy = true;
    person->instance = NULL;
    person->text = NULL;
    person->looked_again = false;
    person->listed_count = 0;
    script_draw_name(person);
    scripts[i].script(person);
}

void person_drop(Person *person)
{
    if (person->waiting)
        tree_cancel(person->op);
    person->op = NULL;
    person->waiting = person->busy = person->may_cancel = person->swift = false;
    person->next = person->at_once = NULL;
    person->handle = person->node = person->directory = 0;
}
