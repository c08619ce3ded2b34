#include "cloud.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BODY_CAP = 8 << 20, INSTANCES_MAX = 20000 };

/* ---- texts ---- */

static void date_text(int64_t wall_ms, char text[32])
{
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm date;

    gmtime_r(&seconds, &date);
    strftime(text, 32, "%Y-%m-%dT%H:%M:%S", &date);
    snprintf(text + 19, 13, ".%03dZ", (int)(wall_ms % 1000));
}

const char *cloud_project_id(const Cloud *cloud, unsigned project)
{
    static const char *const ids[CLOUD_PROJECTS_MAX] = {"prj_1", "prj_2", "prj_3"};

    return cloud->config.projects == 0 ? "default" : ids[project];
}

const char *cloud_project_name(const Cloud *cloud, unsigned project)
{
    static const char *const names[CLOUD_PROJECTS_MAX] = {"prod", "staging", "lab"};

    return cloud->config.projects == 0 ? "default" : names[project];
}

unsigned cloud_project_count(const Cloud *cloud)
{
    return cloud->config.projects == 0 ? 1 : cloud->config.projects;
}

static CloudMember *find_member(CloudMember *members, unsigned count, const char *key)
{
    for (unsigned i = 0; i < count; i++)
        if (strcmp(members[i].key, key) == 0)
            return &members[i];
    return NULL;
}

static void set_member(CloudInstance *instance, const char *key, const char *value)
{
    CloudMember *member = find_member(instance->members, instance->member_count, key);

    if (!member && instance->member_count == CLOUD_MEMBERS_MAX)
        return;
    if (!member)
        member = &instance->members[instance->member_count++];
    snprintf(member->key, sizeof member->key, "%s", key);
    snprintf(member->value, sizeof member->value, "%s", value);
}

static void drop_member(CloudInstance *instance, const char *key)
{
    CloudMember *member = find_member(instance->members, instance->member_count, key);

    if (!member)
        return;
    memmove(member, member + 1, (size_t)(&instance->members[--instance->member_count] - member) * sizeof *member);
}

/* ---- life of an instance ---- */

static const char *status_of(const Cloud *cloud, const CloudInstance *instance)
{
    if (instance->dying_ms)
        return "deleting";
    return cloud->now_ms < instance->settled_ms ? "provisioning" : "running";
}

bool cloud_is_alive(Cloud *cloud, CloudInstance *instance)
{
    if (instance->dying_ms && !instance->died_ms && cloud->now_ms >= instance->dying_ms + cloud->config.deleting_ms)
        instance->died_ms = instance->dying_ms + cloud->config.deleting_ms;
    return instance->died_ms == 0;
}

static void note_place(Cloud *cloud, CloudInstance *instance)
{
    if (instance->past_count == CLOUD_PAST_MAX)
        memmove(instance->past, instance->past + 1, --instance->past_count * sizeof instance->past[0]);
    instance->past[instance->past_count] = (CloudPlace){.from_ms = cloud->now_ms, .project = instance->project};
    memcpy(instance->past[instance->past_count++].name, instance->name, sizeof instance->name);
}

static void note_revision(Cloud *cloud, CloudInstance *instance)
{
    instance->updated_ms = cloud->now_ms;
    instance->revisions[++instance->revision % CLOUD_REVISIONS_MAX] = cloud->now_ms;
}

static CloudInstance *add(Cloud *cloud, unsigned project, const char *name)
{
    CloudInstance *instance = cloud->count < INSTANCES_MAX ? calloc(1, sizeof *instance) : NULL;

    if (!instance)
        return NULL;
    if (cloud->count == cloud->room) {
        cloud->room = cloud->room ? 2 * cloud->room : 32;
        cloud->instances = realloc(cloud->instances, cloud->room * sizeof(CloudInstance *));
        if (!cloud->instances)
            abort();
    }
    cloud->instances[cloud->count++] = instance;
    instance->number = cloud->count;
    instance->project = project;
    snprintf(instance->name, sizeof instance->name, "%s", name);
    instance->born_ms = instance->updated_ms = instance->revisions[0] = cloud->now_ms;
    instance->settled_ms = cloud->now_ms + cloud->config.settle_ms;
    note_place(cloud, instance);
    return instance;
}

CloudInstance *cloud_make(Cloud *cloud, unsigned project, const char *name)
{
    CloudInstance *instance = add(cloud, project, name);

    if (!instance)
        return NULL;
    set_member(instance, "region", "\"eu-central\"");
    set_member(instance, "size", chance_hit(&cloud->chance, 500) ? "\"standard-1\"" : "\"standard-2\"");
    set_member(instance, "cost", "12345678901234567890.10");
    return instance;
}

void cloud_touch(Cloud *cloud, CloudInstance *instance)
{
    char value[32];

    snprintf(value, sizeof value, "\"other-%u\"", instance->revision);
    set_member(instance, "touched", value);
    note_revision(cloud, instance);
}

void cloud_rename(Cloud *cloud, CloudInstance *instance, unsigned project, const char *name)
{
    instance->project = project;
    if (name != instance->name)
        snprintf(instance->name, sizeof instance->name, "%s", name);
    note_place(cloud, instance);
    note_revision(cloud, instance);
}

void cloud_remove(Cloud *cloud, CloudInstance *instance)
{
    if (instance->dying_ms)
        return;
    instance->dying_ms = cloud->now_ms;
    note_revision(cloud, instance);
    (void)cloud_is_alive(cloud, instance);
}

bool cloud_was_there(Cloud *cloud, CloudInstance *instance, int64_t since_ms, int project, const char *name)
{
    const CloudPlace *now = &instance->past[instance->past_count - 1];

    return cloud_is_alive(cloud, instance) && !instance->dying_ms && now->from_ms <= since_ms &&
           (project < 0 || now->project == (unsigned)project) && (!name || strcmp(now->name, name) == 0);
}

bool cloud_was_called(const CloudInstance *instance, int64_t since_ms, unsigned project, const char *name)
{
    int64_t until_ms = instance->dying_ms ? instance->dying_ms : INT64_MAX;

    for (unsigned i = instance->past_count; i > 0 && until_ms >= since_ms; until_ms = instance->past[--i].from_ms) {
        const CloudPlace *each = &instance->past[i - 1];

        if (each->from_ms <= until_ms && each->project == project && strcmp(each->name, name) == 0)
            return true;
    }
    return false;
}

bool cloud_was_seen(Cloud *cloud, CloudInstance *instance, int64_t since_ms)
{
    return cloud_is_alive(cloud, instance) || instance->died_ms >= since_ms;
}

CloudInstance *cloud_find(Cloud *cloud, const char *id)
{
    unsigned long number = strncmp(id, "ins_", 4) == 0 ? strtoul(id + 4, NULL, 10) : 0;

    return number > 0 && number <= cloud->count ? cloud->instances[number - 1] : NULL;
}

/* ---- answers ---- */

void cloud_refuse(Cloud *cloud, int status, const char *code, CloudAnswer *answer)
{
    answer->status = status;
    buf_clear(&answer->body);
    buf_printf(&answer->body,
               "{\"error\":{\"code\":\"%s\",\"message\":\"It was refused: %s.\",\"request_id\":\"req_%llu\"}}", code,
               code, (unsigned long long)cloud->requests);
}

static void write_row(Cloud *cloud, const CloudInstance *instance, bool summary, Buf *body)
{
    char name[2 * CLOUD_NAME_BYTES], created[32], updated[32];

    cloud_json_quote(instance->name, name, sizeof name);
    buf_printf(body, "{\"id\":\"ins_%u\",\"name\":%s", instance->number, name);
    if (cloud->config.projects > 0)
        buf_printf(body, ",\"project_id\":\"%s\"", cloud_project_id(cloud, instance->project));
    if (!summary) {
        date_text(instance->born_ms + cloud->wall_offset_ms, created);
        date_text(instance->updated_ms + cloud->wall_offset_ms, updated);
        buf_printf(body, ",\"status\":\"%s\",\"ip\":\"10.0.0.%u\",\"created_at\":\"%s\",\"updated_at\":\"%s\"",
                   status_of(cloud, instance), instance->number, created, updated);
        for (unsigned i = 0; i < instance->member_count; i++)
            buf_printf(body, ",\"%s\":%s", instance->members[i].key, instance->members[i].value);
        buf_printf(body, ",\"health\":\"r%u\"", instance->revision);
    }
    buf_append_char(body, '}');
}

static void answer_one(Cloud *cloud, int status, const CloudInstance *instance, CloudAnswer *answer)
{
    size_t used = strlen(answer->headers);

    answer->status = status;
    write_row(cloud, instance, false, &answer->body);
    if (cloud->config.etags)
        snprintf(answer->headers + used, sizeof answer->headers - used, "ETag: \"r%u\"\r\n", instance->revision);
}

/* A number in a query. */
static unsigned long number_in(const char *path, const char *key, unsigned long otherwise)
{
    const char *at = strstr(path, key);

    return at ? strtoul(at + strlen(key), NULL, 10) : otherwise;
}

static void end_list(Cloud *cloud, unsigned long page, unsigned total, unsigned last, bool more, Buf *body)
{
    if (cloud->config.numbered)
        buf_printf(body, "],\"pagination\":{\"page\":%lu,\"limit\":%u,\"total\":%u}}", page, cloud->config.page_rows,
                   total);
    else if (more)
        buf_printf(body, "],\"next_cursor\":\"after%u\"}", last);
    else
        buf_append_str(body, "],\"next_cursor\":null}");
}

static void list_instances(Cloud *cloud, const char *path, CloudAnswer *answer)
{
    unsigned long page = number_in(path, "&page=", 1), after = number_in(path, "cursor=after", 0);
    unsigned rows = cloud->config.page_rows, alive = 0, given = 0, last = 0;
    bool more = false;

    answer->status = 200;
    buf_append_str(&answer->body, "{\"data\":[");
    for (unsigned i = 0; i < cloud->count; i++) {
        CloudInstance *each = cloud->instances[i];
        bool wanted;

        if (!cloud_is_alive(cloud, each))
            continue;
        alive++;
        wanted = cloud->config.numbered ? alive > (page - 1) * rows : each->number > after;
        if (!wanted)
            continue;
        if (given == rows) {
            more = true;
            continue;
        }
        if (given++ > 0)
            buf_append_char(&answer->body, ',');
        write_row(cloud, each, cloud->config.summaries, &answer->body);
        last = each->number;
    }
    end_list(cloud, page, alive, last, more, &answer->body);
}

static void list_projects(Cloud *cloud, CloudAnswer *answer)
{
    if (cloud->config.projects == 0) {
        cloud_refuse(cloud, 404, "not_found", answer);
        return;
    }
    answer->status = 200;
    buf_append_str(&answer->body, "{\"data\":[");
    for (unsigned i = 0; i < cloud->config.projects; i++)
        buf_printf(&answer->body, "%s{\"id\":\"%s\",\"name\":\"%s\"}", i > 0 ? "," : "", cloud_project_id(cloud, i),
                   cloud_project_name(cloud, i));
    buf_append_str(&answer->body, "],\"next_cursor\":null}");
}

/* ---- changes ---- */

static int project_of(const Cloud *cloud, const char *value)
{
    char id[32];

    if (!value)
        return 0;
    for (unsigned i = 0; i < cloud->config.projects; i++)
        if (cloud_json_string(value, id, sizeof id) && strcmp(id, cloud_project_id(cloud, i)) == 0)
            return (int)i;
    return -1;
}

/* Fields that the server owns, or keeps elsewhere. */
static bool is_taken(const char *key)
{
    static const char *const keys[] = {"id",         "name",   "project_id", "status",     "ip",
                                       "created_at", "health", "updated_at", "utilization"};

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (strcmp(key, keys[i]) == 0)
            return true;
    return false;
}

/* A merge patch (RFC 7396) of top-level members. */
static void merge(Cloud *cloud, CloudInstance *instance, CloudMember *members, unsigned count)
{
    cloud->noted = find_member(members, count, "note") != NULL;
    for (unsigned i = 0; i < count; i++) {
        if (is_taken(members[i].key))
            continue;
        if (strcmp(members[i].value, "null") == 0)
            drop_member(instance, members[i].key);
        else
            set_member(instance, members[i].key, members[i].value);
        if (strcmp(members[i].key, "note") == 0 &&
            !cloud_json_string(members[i].value, instance->note, sizeof instance->note))
            instance->note[0] = '\0';
    }
}

static bool name_is_taken(Cloud *cloud, unsigned project, const char *name)
{
    for (unsigned i = 0; i < cloud->count; i++)
        if (cloud_is_alive(cloud, cloud->instances[i]) && cloud->instances[i]->project == project &&
            strcmp(cloud->instances[i]->name, name) == 0)
            return true;
    return false;
}

static void create(Cloud *cloud, const CloudRequest *request, CloudAnswer *answer)
{
    CloudMember members[CLOUD_MEMBERS_MAX], *name, *project;
    char text[CLOUD_NAME_BYTES];
    CloudInstance *made;
    unsigned count;
    int where;

    if (!cloud_json_read(request->body, request->body_bytes, members, CLOUD_MEMBERS_MAX, &count)) {
        cloud_refuse(cloud, 400, "invalid_json", answer);
        return;
    }
    name = find_member(members, count, "name");
    project = find_member(members, count, "project_id");
    where = project_of(cloud, project ? project->value : NULL);
    if (!name || !cloud_json_string(name->value, text, sizeof text) || where < 0) {
        cloud_refuse(cloud, 422, "invalid", answer);
        return;
    }
    if (cloud->config.unique_names && name_is_taken(cloud, (unsigned)where, text)) {
        cloud_refuse(cloud, 409, "exists", answer);
        return;
    }
    made = add(cloud, (unsigned)where, text);
    if (!made) {
        cloud_refuse(cloud, 403, "too_many", answer);
        return;
    }
    merge(cloud, made, members, count);
    cloud->deed(cloud->ctx, CLOUD_CREATED, made);
    answer->status = 201;
    if (cloud->config.summaries)
        buf_printf(&answer->body, "{\"id\":\"ins_%u\",\"name\":%s,\"status\":\"%s\"}", made->number, name->value,
                   status_of(cloud, made));
    else
        write_row(cloud, made, false, &answer->body);
}

static void update(Cloud *cloud, const CloudRequest *request, CloudInstance *instance, CloudAnswer *answer)
{
    CloudMember members[CLOUD_MEMBERS_MAX], *name, *project;
    char tag[24], text[CLOUD_NAME_BYTES];
    unsigned count;
    int where;

    snprintf(tag, sizeof tag, "\"r%u\"", instance->revision);
    if (request->if_match[0] && strcmp(request->if_match, tag) != 0) {
        cloud_refuse(cloud, 412, "changed", answer);
        return;
    }
    if (!cloud_json_read(request->body, request->body_bytes, members, CLOUD_MEMBERS_MAX, &count)) {
        cloud_refuse(cloud, 400, "invalid_json", answer);
        return;
    }
    name = find_member(members, count, "name");
    project = find_member(members, count, "project_id");
    where = project ? project_of(cloud, project->value) : (int)instance->project;
    if (where < 0 || (name && !cloud_json_string(name->value, text, sizeof text))) {
        cloud_refuse(cloud, 422, "invalid", answer);
        return;
    }
    merge(cloud, instance, members, count);
    if (name || project)
        cloud_rename(cloud, instance, (unsigned)where, name ? text : instance->name);
    else
        note_revision(cloud, instance);
    cloud->deed(cloud->ctx, CLOUD_UPDATED, instance);
    answer_one(cloud, 200, instance, answer);
}

static void serve_one(Cloud *cloud, const CloudRequest *request, CloudAnswer *answer)
{
    CloudInstance *instance = cloud_find(cloud, request->path + strlen("/v1/instances/"));

    if (strcmp(request->method, "PATCH") == 0 && cloud->config.no_updates) {
        answer->status = cloud->config.no_updates;
        buf_append_str(&answer->body, "no such route");
    } else if (!instance || !cloud_is_alive(cloud, instance)) {
        cloud_refuse(cloud, 404, "not_found", answer);
    } else if (strcmp(request->method, "GET") == 0) {
        answer_one(cloud, 200, instance, answer);
    } else if (strcmp(request->method, "PATCH") == 0 && instance->dying_ms) {
        cloud_refuse(cloud, 409, "deleting", answer);
    } else if (strcmp(request->method, "PATCH") == 0) {
        update(cloud, request, instance, answer);
    } else {
        cloud_remove(cloud, instance);
        cloud->deed(cloud->ctx, CLOUD_DELETED, instance);
        answer->status = 204;
    }
}

/* ---- the ledger ---- */

static void note_request(Cloud *cloud)
{
    if (cloud->ledger_count == cloud->ledger_room) {
        cloud->ledger_room = cloud->ledger_room ? 2 * cloud->ledger_room : 256;
        cloud->ledger = realloc(cloud->ledger, cloud->ledger_room * sizeof cloud->ledger[0]);
        if (!cloud->ledger)
            abort();
    }
    cloud->ledger[cloud->ledger_count++] = cloud->now_ms;
    cloud->requests++;
}

unsigned cloud_busiest(const Cloud *cloud, int64_t span_ms)
{
    unsigned first = 0, most = 0;

    for (unsigned i = 0; i < cloud->ledger_count; i++) {
        while (cloud->ledger[i] - cloud->ledger[first] >= span_ms)
            first++;
        if (i - first + 1 > most)
            most = i - first + 1;
    }
    return most;
}

static unsigned count_since(const Cloud *cloud, int64_t since_ms)
{
    unsigned count = 0;

    for (unsigned i = cloud->ledger_count; i > 0 && cloud->ledger[i - 1] > since_ms; i--)
        count++;
    return count;
}

static bool is_over_limit(const Cloud *cloud)
{
    return cloud->config.per_minute && count_since(cloud, cloud->now_ms - 60000) > cloud->config.per_minute;
}

/* ---- the interface ---- */

void cloud_init(Cloud *cloud, const CloudConfig *config, Chance chance, cloud_deed_fn deed, void *ctx)
{
    *cloud = (Cloud){.config = *config, .chance = chance, .deed = deed, .ctx = ctx};
    cloud_rotate(cloud, false);
}

void cloud_release(Cloud *cloud)
{
    for (unsigned i = 0; i < cloud->count; i++)
        free(cloud->instances[i]);
    free(cloud->instances);
    free(cloud->ledger);
}

void cloud_rotate(Cloud *cloud, bool grace)
{
    memcpy(cloud->old_token, cloud->token, sizeof cloud->token);
    if (!grace)
        cloud->old_token[0] = '\0';
    snprintf(cloud->token, sizeof cloud->token, "tok_%016llx", (unsigned long long)chance_next(&cloud->chance));
}

void cloud_serve(Cloud *cloud, const CloudRequest *request, CloudAnswer *ret_answer)
{
    const char *path = request->path;

    note_request(cloud);
    ret_answer->status = 0;
    buf_init(&ret_answer->body, BODY_CAP);
    snprintf(ret_answer->headers, sizeof ret_answer->headers, "X-Request-Id: req_%llu\r\n",
             (unsigned long long)cloud->requests);
    if (strcmp(request->token, cloud->token) != 0 &&
        (!cloud->old_token[0] || strcmp(request->token, cloud->old_token) != 0))
        cloud_refuse(cloud, 401, "unauthorized", ret_answer);
    else if (is_over_limit(cloud))
        cloud_refuse(cloud, 429, "rate_limited", ret_answer);
    else if (strncmp(path, "/v1/projects", 12) == 0)
        list_projects(cloud, ret_answer);
    else if (strncmp(path, "/v1/instances/", 14) == 0)
        serve_one(cloud, request, ret_answer);
    else if (strcmp(request->method, "POST") == 0)
        create(cloud, request, ret_answer);
    else
        list_instances(cloud, path, ret_answer);
}
