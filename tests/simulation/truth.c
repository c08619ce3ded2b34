#include "truth.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"

enum {
    CALM_MS = 60000, /* so long after trouble all must be as if there had been none */
    SLACK_MS = 7000, /* patience, and the way there and back */
    BACKUP_MS = 25000,
    SWIFT_MS = 400, /* slower than that, a list takes longer than patience lasts */
};

static int64_t later(int64_t a_ms, int64_t b_ms)
{
    return a_ms > b_ms ? a_ms : b_ms;
}

/* When something out of the ordinary last befell it. */
static int64_t trouble_ms(const World *world)
{
    return later(later(world->net.troubled_ms, world->calm_since_ms), world->net.lists.failed_ms);
}

/* ---- requests ---- */

static bool is_durable(World *world, const char *text)
{
    char prefix[128];

    if (!world->state)
        return true;
    snprintf(prefix, sizeof prefix, "%s/intents/", state_path(world->state));
    return sim_disk_holds(&world->disk, prefix, text, true);
}

/* The marker in a body; false: there is none. */
static bool marker_in(const char *body, char marker[WORLD_MARKER_BYTES])
{
    const char *at = body ? strstr(body, "\"note\":") : NULL;

    at = at ? strchr(at + 7, '"') : NULL;
    if (!at || strcspn(at + 1, "\"") >= WORLD_MARKER_BYTES)
        return false;
    snprintf(marker, WORLD_MARKER_BYTES, "%.*s", (int)strcspn(at + 1, "\""), at + 1);
    return true;
}

static WorldText *find_text(World *world, const char *marker)
{
    for (unsigned i = 0; i < world->text_count; i++)
        if (!world->texts[i].is_mkdir && strcmp(world->texts[i].marker, marker) == 0)
            return &world->texts[i];
    return NULL;
}

/* What an intent on disk must hold for this request to be allowed to leave. */
static void note_of_request(const SimFlight *flight, char *note, size_t room)
{
    CloudMember members[CLOUD_MEMBERS_MAX];
    unsigned count = 0;

    snprintf(note, room, "%s", flight->path + strlen("/v1/instances/"));
    if (strcmp(flight->method, "POST") != 0 ||
        !cloud_json_read(flight->body, flight->body_bytes, members, CLOUD_MEMBERS_MAX, &count))
        return;
    for (unsigned i = 0; i < count; i++)
        if (strcmp(members[i].key, "name") == 0)
            cloud_json_string(members[i].value, note, room);
}

static void check_delete(World *world, const SimFlight *flight)
{
    const CloudInstance *instance = cloud_find(&world->cloud, flight->path + strlen("/v1/instances/"));

    if (!instance || world_instance(world, instance)->asked == 0)
        world_violation(world, "%s is to be deleted, and nobody had asked for that", flight->path);
}

/* Nor more pages abreast than may be, nor any beyond the total. */
static void check_pages(World *world, const SimFlight *flight)
{
    if (world->net.lists.broken)
        world_violation(world, "%s was asked for, and it was not its turn", flight->path);
}

/* Who was told something old because a list dragged on did not bear that for nothing. */
static void check_list(World *world, const SimFlight *flight)
{
    const SimLists *lists = &world->net.lists;

    if (lists->owed && sim_lists_is_new(lists, flight->method, flight->path) &&
        trouble_ms(world) < lists->now.attempt_ms)
        world_violation(world, "a list that began at %lld was too slow for somebody, and was given up",
                        (long long)lists->now.attempt_ms);
}

void truth_on_sent(void *ctx, const SimFlight *flight)
{
    World *world = ctx;
    char note[128], marker[WORLD_MARKER_BYTES];
    WorldText *text;

    check_list(world, flight);
    check_pages(world, flight);
    if (strcmp(flight->method, "GET") == 0)
        return;
    note_of_request(flight, note, sizeof note);
    if (!is_durable(world, note))
        world_violation(world, "%s %s left, and no intent of it is on disk, synced", flight->method, flight->path);
    if (strcmp(flight->method, "DELETE") == 0)
        check_delete(world, flight);
    if (!marker_in(flight->body, marker))
        return;
    if (!is_durable(world, marker))
        world_violation(world, "%s %s left, and its text %s is not on disk, synced", flight->method, flight->path,
                        marker);
    text = find_text(world, marker);
    if (text)
        text->sent++;
}

/* ---- deeds ---- */

/* The newest that may still be under way; one that was refused before it was sent is not. */
static WorldText *find_mkdir(World *world, const CloudInstance *instance)
{
    for (unsigned i = world->text_count; i > 0; i--) {
        WorldText *each = &world->texts[i - 1];

        if (each->is_mkdir && each->project == instance->project && strcmp(each->name, instance->name) == 0 &&
            each->created < each->asked &&
            (each->outcome == 1 || each->outcome == -ERR_UNSETTLED || each->outcome == -ERR_INTERRUPTED))
            return each;
    }
    return NULL;
}

static void on_created(World *world, CloudInstance *instance)
{
    WorldText *text = instance->note[0] ? find_text(world, instance->note) : find_mkdir(world, instance);

    if (!text) {
        world_violation(world, "ins_%u (%s) was created, and nobody had asked for it", instance->number,
                        instance->name);
        return;
    }
    text->created++;
    text->instance = instance->number;
    if (text->created > text->asked)
        world_violation(world, "the text %s of %s was created %u times, and asked for %u times", text->marker,
                        text->name, text->created, text->asked);
}

static void on_updated(World *world, CloudInstance *instance)
{
    WorldText *text = world->cloud.noted ? find_text(world, instance->note) : NULL;

    if (!text)
        return;
    text->updated++;
    text->instance = instance->number;
    text->revision = instance->revision;
    if (text->created + text->updated > text->asked)
        world_violation(world, "the text %s of %s was carried out %u times, and asked for %u times", text->marker,
                        text->name, text->created + text->updated, text->asked);
}

void truth_on_deed(void *ctx, enum CloudDeed deed, CloudInstance *instance)
{
    World *world = ctx;

    world_trace(world, "deed %d: ins_%u %s, revision %u", (int)deed, instance->number, instance->name,
                instance->revision);
    if (deed == CLOUD_CREATED)
        on_created(world, instance);
    if (deed == CLOUD_UPDATED)
        on_updated(world, instance);
    sim_events_tell(&world->events, instance);
}

/* While the token is refused nothing is asked. Who began then may be answered of what was known before. */
void truth_after_step(World *world)
{
    ApiStats stats;

    if (!world->api)
        return;
    api_stats(world->api, &stats);
    if (stats.token_latched)
        world->calm_since_ms = world_now_ms(world);
}

void truth_after_end(World *world)
{
    if (world->clock.timer_count > 0)
        world_violation(world, "%zu timers outlive the program", world->clock.timer_count);
    if (world->net.under_way > 0)
        world_violation(world, "%u exchanges outlive the program", world->net.under_way);
    if (!sim_worker_is_idle(&world->worker))
        world_violation(world, "works outlive the program");
    if (world->disk.locked)
        world_violation(world, "the lock outlives the program");
}

/* ---- texts ---- */

WorldText *truth_new_text(World *world, unsigned project, const char *name, bool is_mkdir)
{
    WorldText *text = world->text_count < WORLD_TEXTS_MAX ? &world->texts[world->text_count] : NULL;

    if (!text)
        return NULL;
    *text = (WorldText){.project = project,
                        .is_mkdir = is_mkdir,
                        .asked = 1,
                        .asked_ms = world_now_ms(world),
                        .outcome = 1,
                        .mount = world->mounts};
    snprintf(text->marker, sizeof text->marker, "t%u.", ++world->text_count);
    snprintf(text->name, sizeof text->name, "%s", name);
    snprintf(text->kept_name, sizeof text->kept_name, "%s", name);
    text->kept_project = project;
    return text;
}

/* Those that their writers were told of by then. */
static void drop_kept(World *world, unsigned project, const char *name, int64_t until_ms)
{
    for (unsigned i = 0; i < world->text_count; i++) {
        WorldText *each = &world->texts[i];

        if (each->kept_project == project && strcmp(each->kept_name, name) == 0 && each->told_ms <= until_ms)
            each->kept = false;
    }
}

void truth_dropped(World *world, unsigned project, const char *name)
{
    drop_kept(world, project, name, world_now_ms(world));
}

/* The number of what is kept of a text; 0: nothing. */
static uint64_t find_kept(World *world, const WorldText *text, StoreText *ret_kept)
{
    for (uint64_t number = 0; store_next_text(world->store, number, ret_kept); number = ret_kept->number)
        if (memmem(ret_kept->text.at, ret_kept->text.len, text->marker, strlen(text->marker)))
            return ret_kept->number;
    return 0;
}

static unsigned project_of(const World *world, const char *id)
{
    unsigned project = 0;

    while (project + 1 < cloud_project_count(&world->cloud) &&
           strcmp(cloud_project_id(&world->cloud, project), id) != 0)
        project++;
    return project;
}

/* Where it is kept: under the name that its file has by now, which need not be that which was asked for. */
static void note_where_kept(World *world, WorldText *text)
{
    StoreText kept;

    if (!find_kept(world, text, &kept))
        return;
    text->kept_project = project_of(world, kept.project_id);
    snprintf(text->kept_name, sizeof text->kept_name, "%s", kept.name);
}

static bool moved_since(World *world, unsigned project, const char *name, int64_t since_ms)
{
    for (unsigned i = 0; i < world->cloud.count; i++) {
        const CloudInstance *each = world->cloud.instances[i];

        if (each->project == project && strcmp(each->name, name) == 0 &&
            world_instance(world, each)->moved_ms >= since_ms)
            return true;
    }
    return false;
}

/* A text takes the place of those of the name that its file has by now, unless it had another when the text was begun: what
 * is kept there was never its own. */
static void drop_replaced(World *world, WorldText *text, unsigned project, const char *name)
{
    bool kept = text->kept;

    if (strcmp(name, text->name) == 0 || !moved_since(world, project, name, text->asked_ms))
        drop_kept(world, project, name, text->begun_ms);
    text->kept = kept;
}

void truth_closed(World *world, WorldText *text)
{
    if (text->outcome == 0)
        return;
    note_where_kept(world, text);
    drop_replaced(world, text, text->kept_project, text->kept_name);
}

static bool is_kept(int code)
{
    switch (-code) {
    case ERR_ALREADY:
    case ERR_DISK:
    case ERR_NO_SPACE:
    case ERR_NO_MEMORY:
    case ERR_INTERRUPTED:
        return false;
    default:
        return code < 0;
    }
}

/* A mkdir that took its own process's rmdir back has made nothing. */
static bool is_there(const World *world, const WorldText *text)
{
    for (unsigned i = 0; i < world->cloud.count; i++)
        if (text->is_mkdir && cloud_was_called(world->cloud.instances[i], text->asked_ms, text->project, text->name))
            return true;
    return false;
}

void truth_told(World *world, WorldText *text, int code)
{
    const char *what = text->is_mkdir ? text->name : text->marker;
    bool done_meanwhile =
        text->done_ms > 0 && text->done_ms >= text->begun_ms; /* by another, who put the same in place */

    world_trace(world, "told of %s %s: %s", what, text->name, error_name(code));
    text->outcome = code;
    text->unsettled |= code == -ERR_UNSETTLED;
    /* It takes the place of those that were there to be seen when it began. Its file may have moved. */
    for (unsigned i = 0; i < cloud_project_count(&world->cloud) && !text->is_mkdir; i++)
        drop_kept(world, i, text->name, text->begun_ms);
    text->told_ms = world_now_ms(world);
    text->kept = is_kept(code) && !text->is_mkdir && !done_meanwhile;
    if (code == 0)
        text->done_ms = text->told_ms;
    note_where_kept(world, text);
    if (text->kept)
        drop_replaced(world, text, text->kept_project, text->kept_name);
    if (code == 0 && text->instance > 0 && !text->is_mkdir) {
        const CloudInstance *made = world->cloud.instances[text->instance - 1];

        drop_replaced(world, text, made->project, made->name);
    }
    if (code == 0 && text->created + text->updated == 0 && !is_there(world, text))
        world_violation(world, "%s of %s was acknowledged, and was never carried out", what, text->name);
    if (code == 0 && text->revision > world->instances[text->instance % WORLD_INSTANCES_MAX].acked)
        world->instances[text->instance % WORLD_INSTANCES_MAX].acked = text->revision;
    if ((code == -ERR_UNSETTLED || (text->sent > 0 && text->kept)) && !is_durable(world, what))
        world_violation(world, "%s of %s came to %s, and is kept nowhere", what, text->name, error_name(code));
}

/* ---- removals ---- */

void truth_removed(World *world, CloudInstance *instance, unsigned project, const char *name, pid_t process)
{
    WorldInstance *known = instance ? world_instance(world, instance) : NULL;

    world_trace(world, "removed: %s, ins_%u", name, instance ? instance->number : 0);
    if (!known)
        return;
    known->asked++;
    known->ever_asked = true;
    known->undone = false;
    known->was_due_ms = known->due_ms;
    known->was_asked_by = known->asked_by;
    known->due_ms = world_now_ms(world) + world->config.delete_delay_ms;
    known->asked_by = process;
    known->asked_project = project;
    snprintf(known->asked_name, sizeof known->asked_name, "%s", name);
}

/* The guard takes back all that wait; what was refused otherwise never waited, and an earlier one is due as it was. */
void truth_removal_told(World *world, CloudInstance *instance, int code)
{
    WorldInstance *known = instance ? world_instance(world, instance) : NULL;

    if (known && known->asked > 0 &&
        (code == -ERR_GUARD || code == -ERR_NOT_FOUND || code == -ERR_BUSY || code == -ERR_READ_ONLY ||
         code == -ERR_QUOTA)) {
        known->asked--;
        known->due_ms = known->was_due_ms;
        known->asked_by = known->was_asked_by;
    }
    if (code == -ERR_GUARD)
        truth_taken_back(world, 0, NULL, 0);
}

void truth_hurried(World *world, unsigned project, const char *name)
{
    for (unsigned i = 0; i < WORLD_INSTANCES_MAX; i++) {
        WorldInstance *each = &world->instances[i];

        if (each->asked && each->asked_project == project && (!name || strcmp(each->asked_name, name) == 0))
            each->due_ms = world_now_ms(world);
    }
}

void truth_taken_back(World *world, unsigned project, const char *name, pid_t process)
{
    for (unsigned i = 0; i < WORLD_INSTANCES_MAX; i++) {
        WorldInstance *each = &world->instances[i];

        if (!each->asked || world_now_ms(world) >= each->due_ms || (process && each->asked_by != process) ||
            (name && (each->asked_project != project || strcmp(each->asked_name, name) != 0)))
            continue;
        world_trace(world, "taken back: ins_%u", i);
        each->asked = 0;
        each->moved_ms = world_now_ms(world);
    }
}

/* ---- what is said of the world ---- */

/* The earliest time whose truth may still be told, of what whole lists tell, or of what single looks do. */
static int64_t since_ms(World *world, int64_t asked_ms, bool by_list)
{
    int64_t since = asked_ms - world->config.store.ttl_ms - SLACK_MS;
    ApiStats stats;

    api_stats(world->api, &stats);
    if (stats.token_latched || world->config.per_minute > 0 || world->net.latency_ms > SWIFT_MS ||
        trouble_ms(world) + CALM_MS > since)
        return world->mounted_ms;
    if (by_list && world->net.lists.count > 0) {
        int64_t told_ms =
            sim_lists_told_ms(&world->net.lists, world->config.store.ttl_ms, asked_ms, world_now_ms(world));
        int64_t heard_ms = asked_ms - SIM_EVENTS_HEARD_MS; /* what changed before is known from events */

        return world->events.on && heard_ms < told_ms ? heard_ms : told_ms;
    }
    return since;
}

static bool is_out_of_sight(World *world, const CloudInstance *instance)
{
    const WorldInstance *known = world_instance(world, instance);

    return known->ever_asked || (known->moved_ms >= 0 && world_now_ms(world) - known->moved_ms < BACKUP_MS);
}

static unsigned count_of_name(World *world, unsigned project, const char *name, int64_t since)
{
    unsigned count = 0;

    for (unsigned i = 0; i < world->cloud.count; i++) {
        CloudInstance *each = world->cloud.instances[i];

        for (unsigned k = 0; k < each->past_count; k++)
            count += each->past[k].project == project && strcmp(each->past[k].name, name) == 0 &&
                     cloud_was_seen(&world->cloud, each, since);
    }
    return count;
}

/* Numbered pages can't tell a row that left, if another one came, which keeps the total. */
static bool pages_may_have_shifted(const World *world, int64_t since)
{
    bool came = false, left = false;

    for (unsigned i = 0; i < world->cloud.count && world->config.cloud.numbered; i++) {
        came |= world->cloud.instances[i]->born_ms >= since;
        left |= world->cloud.instances[i]->died_ms >= since;
    }
    return came && left;
}

void truth_absent(World *world, unsigned project, const char *name, int64_t asked_ms)
{
    int64_t since = since_ms(world, asked_ms, true);

    if (count_of_name(world, project, name, world->mounted_ms) > 1 || pages_may_have_shifted(world, since))
        return;
    for (unsigned i = 0; i < world->cloud.count; i++) {
        CloudInstance *each = world->cloud.instances[i];

        if (cloud_was_there(&world->cloud, each, since, (int)project, name) && !is_out_of_sight(world, each))
            world_violation(world, "%s was said to be absent, and ins_%u was there all the time since %lld", name,
                            each->number, (long long)since);
    }
}

/* The newest revision at a time. */
static unsigned revision_at(const CloudInstance *instance, int64_t at_ms)
{
    unsigned revision = instance->revision;

    while (revision > 0 && instance->revision - revision < CLOUD_REVISIONS_MAX - 1 &&
           instance->revisions[revision % CLOUD_REVISIONS_MAX] > at_ms)
        revision--;
    return revision;
}

void truth_read(World *world, const CloudInstance *instance, const char *bytes, size_t count, int64_t asked_ms)
{
    static const char key[] = "\"health\": \"r";
    const char *at = memmem(bytes, count, key, strlen(key));
    int64_t since = since_ms(world, asked_ms, false);
    unsigned long revision;

    if (!world->config.cloud.summaries && since_ms(world, asked_ms, true) < since)
        since = since_ms(world, asked_ms, true);
    if (since == world->mounted_ms && asked_ms - world->config.store.stale_contents_ms - SLACK_MS > since)
        since = asked_ms - world->config.store.stale_contents_ms - SLACK_MS;
    if (!at || !memmem(bytes, count, "\"id\": \"ins_", 11)) {
        world_violation(world, "ins_%u was read, and is not whole: %.*s", instance->number, (int)count, bytes);
        return;
    }
    revision = strtoul(at + strlen(key), NULL, 10);
    if (revision > instance->revision || revision < revision_at(instance, since))
        world_violation(world, "revision %lu of ins_%u was read; it is %u, and was %u at %lld", revision,
                        instance->number, instance->revision, revision_at(instance, since), (long long)since);
}

void truth_listed(World *world, unsigned project, const bool *numbers, int64_t asked_ms)
{
    int64_t since = since_ms(world, asked_ms, true);
    bool shifted = pages_may_have_shifted(world, since);

    for (unsigned i = 0; i < world->cloud.count; i++) {
        CloudInstance *each = world->cloud.instances[i];
        bool listed = numbers[each->number % WORLD_INSTANCES_MAX];

        if (!listed && !shifted && cloud_was_there(&world->cloud, each, since, (int)project, NULL) &&
            !is_out_of_sight(world, each))
            world_violation(world, "a listing lacks ins_%u (%s), which was there all the time since %lld", each->number,
                            each->name, (long long)since);
        if (listed && !cloud_was_seen(&world->cloud, each, since))
            world_violation(world, "a listing has ins_%u (%s), which is gone since %lld", each->number, each->name,
                            (long long)each->died_ms);
    }
}

/* ---- at the end ---- */

/* Another client's, which nobody can tell from what an unanswered create made. */
static bool has_double(const World *world, const WorldText *text)
{
    for (unsigned i = 0; i < world->cloud.count; i++) {
        const CloudInstance *each = world->cloud.instances[i];

        for (unsigned k = 0; k < each->past_count; k++)
            if (each->number != text->instance && each->past[k].project == text->project &&
                strcmp(each->past[k].name, text->name) == 0)
                return true;
    }
    return false;
}

static void check_kept(World *world, const WorldText *text)
{
    StoreText kept;
    bool excused = text->mount != world->mounts || world->disk_failed || (text->unsettled && has_double(world, text));

    if (text->kept && text->created + text->updated == 0 && !excused && !find_kept(world, text, &kept))
        world_violation(world, "the text %s of %s came to %s, and is kept nowhere", text->marker, text->name,
                        error_name(text->outcome));
}

static void check_told(World *world, const StoreText *kept)
{
    char marker[WORLD_MARKER_BYTES];
    const WorldText *text = marker_in(kept->text.at, marker) ? find_text(world, marker) : NULL;
    CloudInstance *made = text && text->created > 0 ? world->cloud.instances[text->instance - 1] : NULL;

    if (kept->unsettled)
        world_violation(world, "%s is unsettled for ever", kept->name);
    if (made && strncmp(kept->failure->message, "Not created", 11) == 0 &&
        cloud_was_there(&world->cloud, made, made->born_ms, (int)text->project, text->name))
        world_violation(world, "%s is told not to be created, and is ins_%u", kept->name, made->number);
}

void truth_at_rest(World *world)
{
    StoreText kept;

    for (uint64_t number = 0; store_next_text(world->store, number, &kept); number = kept.number)
        check_told(world, &kept);
    for (unsigned i = 0; i < world->text_count; i++)
        check_kept(world, &world->texts[i]);
}
