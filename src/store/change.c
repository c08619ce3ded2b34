#include "change.h"

#include <stdio.h>
#include <stdlib.h>
#include <utlist.h>

#include "error.h"
#include "json.h"
#include "patch.h"

/* A change under way. It outlives the operation that asked for it: what was sent is taken in, whoever still waits. */
typedef struct Change {
    Store *store;
    enum StoreChange kind;
    ApiCall *call;
    StoreOp *op; /* NULL once its caller is gone */
    char *id;
    char *project; /* of a create: {"project_id":…}, as it was sent */
    struct Change *prev, *next;
} Change;

static void change_free(Change *change)
{
    DL_DELETE(change->store->changes, change);
    free(change->id);
    free(change->project);
    free(change);
}

/* A create's answer need not name the project, but we know where we asked for it. NULL: the answer says all that there is to say. */
static Resource *place(const Change *change, Resource *answer)
{
    _cleanup_buf_ Buf whole = BUF_INIT(RESOURCE_TEXT_BYTES);
    Resource *placed = NULL;
    Span parts[2];

    if (!change->project || resource_project_id(answer).len > 0)
        return NULL;
    parts[0] = resource_text(answer);
    parts[1] = span_of(change->project);
    if (patch_overlay(parts, 2, NULL, &whole) < 0 || resource_new((Span){whole.data, whole.len}, &placed) < 0)
        return NULL;
    return placed;
}

static Entry *take_row(Change *change, Resource *row, uint64_t generation)
{
    Set *set = &change->store->sets[STORE_INSTANCES];
    Resource *placed = place(change, row);
    Entry *entry = entry_take(set, placed ? placed : row, resource_is_whole(row) ? ROW_DETAILS : ROW_CREATED, generation);

    resource_unref(placed);
    return entry;
}

/* What the API said of a change becomes what is known; returns it, or NULL. */
static Resource *take_in(Change *change, Resource *resource)
{
    Store *store = change->store;
    Set *set = &store->sets[STORE_INSTANCES];
    Entry *entry = change->id ? entry_find(set, change->id) : NULL;
    uint64_t generation = ++store->generation;

    if (change->kind == STORE_DELETE) {
        if (entry)
            entry_bury(set, entry);
        return NULL;
    }
    if (resource)
        entry = take_row(change, resource, generation);
    if (!entry)
        return NULL;
    entry->generation = generation;
    if (!resource)
        entry->expired = true;
    return entry->resource;
}

/* Nobody knows what became of it: whatever is known may be wrong now. */
static void note_doubt(Change *change)
{
    store_hint(change->store, change->id);
}

static void on_changed(void *ctx, const Failure *failure, Resource *resource)
{
    Change *change = ctx;
    StoreOp *op = change->op;
    Resource *known = NULL;

    if (!failure)
        known = take_in(change, resource);
    else if (failure->sent == FAILURE_UNKNOWN || failure->code == -ERR_NOT_FOUND)
        note_doubt(change);
    change_free(change);
    if (op) {
        op->get_done(op->ctx, failure, known);
        op_free(op);
    }
}

static int send(Change *change, const StoreIntent *intent)
{
    Api *api = change->store->api;

    switch (intent->change) {
    case STORE_CREATE:
        return api_create(api, intent->body, on_changed, change, &change->call);
    case STORE_UPDATE:
        return api_update(api, intent->id, intent->body, NULL, on_changed, change, &change->call);
    case STORE_DELETE:
        return api_delete(api, intent->id, on_changed, change, &change->call);
    }
    return -ERR_INVALID;
}

static int keep_project(Change *change, Span body)
{
    Span project;

    if (!json_member(body, "project_id", &project))
        return 0;
    if (asprintf(&change->project, "{\"project_id\":%.*s}", (int)project.len, project.at) >= 0)
        return 0;
    change->project = NULL;
    return -ERR_NO_MEMORY;
}

static Change *change_new(Store *store, const StoreIntent *intent)
{
    Change *change = calloc(1, sizeof *change);
    int r = 0;

    if (!change)
        return NULL;
    change->store = store;
    change->kind = intent->change;
    DL_APPEND(store->changes, change);
    if (intent->id) {
        change->id = strdup(intent->id);
        r = change->id ? 0 : -ERR_NO_MEMORY;
    }
    if (r == 0 && intent->change == STORE_CREATE)
        r = keep_project(change, intent->body);
    if (r == 0)
        return change;
    change_free(change);
    return NULL;
}

int change_start(StoreOp *op, const StoreIntent *intent)
{
    Change *change = change_new(op->store, intent);
    int r;

    if (!change)
        return -ERR_NO_MEMORY;
    r = send(change, intent);
    if (r < 0) {
        change_free(change);
        return r;
    }
    change->op = op;
    return 0;
}

bool change_abandon(StoreOp *op)
{
    Change *each, *next;

    DL_FOREACH_SAFE(op->store->changes, each, next)
    {
        if (each->op != op)
            continue;
        each->op = NULL;
        if (!api_retract(each->call))
            return false;
        change_free(each);
        return true;
    }
    return true;
}

void change_free_all(Store *store)
{
    Change *each, *next;

    DL_FOREACH_SAFE(store->changes, each, next)
    {
        if (each->op)
            op_free(each->op);
        change_free(each);
    }
}
