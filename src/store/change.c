#include "change.h"

#include <stdlib.h>
#include <utlist.h>

#include "crash.h"
#include "error.h"
#include "known_ids.h"

enum { KNOWN_IDS_BYTES = 1 << 20 };

static void advance(Change *change);

static void change_free(Change *change)
{
    DL_DELETE(change->store->changes, change);
    free(change->id);
    free(change->project_id);
    free(change->name);
    free(change->text);
    free(change->body);
    free(change->etag);
    free(change);
}

static char *copy(Span span)
{
    char *text = malloc(span.len + 1);

    if (!text)
        return NULL;
    if (span.len > 0)
        memcpy(text, span.at, span.len);
    text[span.len] = '\0';
    return text;
}

static Change *change_new(Store *store, const StoreIntent *intent)
{
    Change *change = calloc(1, sizeof *change);

    if (!change)
        return NULL;
    *change = (Change){.store = store,
                       .kind = intent->change,
                       .id = strdup(intent->id ? intent->id : ""),
                       .project_id = strdup(intent->project_id ? intent->project_id : ""),
                       .name = copy(intent->name),
                       .name_bytes = intent->name.len,
                       .text = copy(intent->text),
                       .text_bytes = intent->text.len,
                       .body = copy(intent->body),
                       .uid = intent->uid,
                       .kept = intent->after,
                       .world = store->world,
                       .prepare = intent->prepare,
                       .prepare_ctx = intent->prepare_ctx};
    DL_APPEND(store->changes, change);
    if (change->id && change->project_id && change->name && change->text && change->body)
        return change;
    change_free(change);
    return NULL;
}

/* Whether two changes are about the same instance, so that one has to wait. */
static bool is_same_instance(const Change *a, const Change *b)
{
    return a->id[0] && strcmp(a->id, b->id) == 0;
}

static bool has_turn(const Change *change)
{
    const Change *each;

    DL_FOREACH(change->store->changes, each)
    {
        if (each == change)
            return true;
        if (is_same_instance(each, change))
            return false;
    }
    return true;
}

/* Takes it off, and lets the next one of the same instance go on. */
static void end(Change *change)
{
    Store *store = change->store;
    Change *each, *waiting = NULL;

    DL_FOREACH(change->store->changes, each)
    {
        if (each != change && each->begun && each->state == CHANGE_QUEUED && is_same_instance(each, change)) {
            waiting = each;
            break;
        }
    }
    change_free(change);
    if (waiting && has_turn(waiting))
        advance(waiting);
    change_tell_idle(store);
}

static void finish(Change *change, const Failure *failure, Resource *known)
{
    StoreOp *op = change->op;

    change->op = NULL;
    if (op) {
        op->get_done(op->ctx, failure, known);
        op_free(op);
    }
    end(change);
}

static void fail_unsent(Change *change, const Failure *failure)
{
    outcome_keep_unsent(change, failure);
    finish(change, failure, NULL);
}

/* Its caller is gone, and nothing was sent. */
static void stop(Change *change)
{
    Failure failure = failure_make(-ERR_INTERRUPTED, "This was stopped before it was sent.");

    failure_set_mend(&failure, "To send it after all, mv NAME.json.rejected NAME.json; or rm it.");
    fail_unsent(change, &failure);
}

static void on_answered(void *ctx, const Failure *failure, const ApiAnswer *answer)
{
    Change *change = ctx;

    crash_point("change.answered");
    change->call = NULL;
    finish(change, failure, outcome_take(change, failure, answer));
}

static int start_call(Change *change)
{
    Api *api = change->store->api;
    Span body = span_of(change->body);

    switch (change->kind) {
    case STORE_CREATE:
        return api_create(api, body, on_answered, change, &change->call);
    case STORE_UPDATE:
        return api_update(api, change->id, body, change->etag, on_answered, change, &change->call);
    case STORE_DELETE:
        return api_delete(api, change->id, on_answered, change, &change->call);
    }
    return -ERR_INVALID;
}

/* An id that was given before the API was reset is never sent after. */
static bool is_of_another_world(const Change *change, Failure *ret_failure)
{
    if (!change->id[0] || change->world == change->store->world)
        return false;
    *ret_failure =
        failure_make(-ERR_BUSY, "Nothing was sent: the API was reset, and %s is not what it was.", change->id);
    failure_set_mend(ret_failure, "Look at what is there now, and ask again.");
    return true;
}

static void send(Change *change)
{
    Failure failure;
    int r;

    if (is_of_another_world(change, &failure)) {
        fail_unsent(change, &failure);
        return;
    }
    change->state = CHANGE_SENDING;
    change->asleep_ms = clock_asleep_ms(change->store->clock);
    crash_point("change.written");
    r = start_call(change);
    if (r == 0) {
        crash_point("change.sent");
        return;
    }
    failure = failure_make(r, "%s", error_sentence(r));
    fail_unsent(change, &failure);
}

static void on_written(void *ctx, int code, const Intent *intent)
{
    Change *change = ctx;
    Failure failure;

    if (code < 0) {
        failure = failure_make(code, "What was asked for could not be written down, so nothing was sent: %s",
                               error_sentence(code));
        failure_set_mend(&failure, "See that there is room in the state directory.");
        finish(change, &failure, NULL);
        return;
    }
    change->number = intent->number;
    if (change->op)
        send(change);
    else
        stop(change); /* its caller went meanwhile */
}

/* Ids that bear the name already: if the create stays unanswered, it was none of these. One that was left out could be
 * taken for it. */
static int add_ids_of_name(const Change *change, Buf *ids)
{
    const Set *set = &change->store->sets[STORE_INSTANCES];
    int r = 0;

    for (const Entry *each = set->entries; r == 0 && each && change->kind == STORE_CREATE; each = each->next) {
        if (span_equal(resource_name(each->resource), (Span){change->name, change->name_bytes}))
            r = known_ids_add(ids, resource_id(each->resource));
    }
    return r;
}

static int begin_intent(Change *change)
{
    _cleanup_buf_ Buf ids = BUF_INIT(KNOWN_IDS_BYTES);
    int r = add_ids_of_name(change, &ids);
    const Intent intent = {
        .kind = (enum IntentKind)change->kind,
        .state = INTENT_BEGUN,
        .project_id = change->project_id,
        .name = change->name,
        .id = change->id,
        .text = change->text,
        .text_bytes = change->text_bytes,
        .body = change->body,
        .known_ids = ids.data,
        .wall_ms = clock_wall_ms(change->store->clock),
        .uid = change->uid,
        .after = change->kept,
    };

    return r < 0 ? r : journal_begin(change->store->journal, &intent, on_written, change);
}

static void write_down(Change *change)
{
    Failure failure;
    int r;

    change->state = CHANGE_WRITING;
    crash_point("change.begun");
    r = begin_intent(change);
    if (r == 0)
        return;
    failure = failure_make(r, "%s", error_sentence(r));
    finish(change, &failure, NULL);
}

/* {} means that there is nothing left to change. */
static void on_patch(Change *change, const ApiAnswer *answer, Resource *known)
{
    _cleanup_buf_ Buf patch = BUF_INIT(RESOURCE_TEXT_BYTES);
    Failure failure;

    if (change->prepare(change->prepare_ctx, answer->resource, &patch, &failure) < 0) {
        fail_unsent(change, &failure);
        return;
    }
    if (strcmp(buf_text(&patch), "{}") == 0) {
        text_clear_same(change->store, change->project_id, (Span){change->name, change->name_bytes},
                        (Span){change->text, change->text_bytes});
        finish(change, NULL, known);
        return;
    }
    free(change->body);
    change->body = strdup(buf_text(&patch));
    change->etag = answer->etag[0] ? strdup(answer->etag) : NULL;
    if (change->body) {
        write_down(change);
        return;
    }
    failure = failure_make(-ERR_NO_MEMORY, "%s", error_sentence(-ERR_NO_MEMORY));
    fail_unsent(change, &failure);
}

/* What is to be deleted is gone already: that is success. */
static void look_failed(Change *change, const Failure *failure)
{
    Set *set = &change->store->sets[STORE_INSTANCES];
    bool gone = failure->code == -ERR_NOT_FOUND;
    Entry *entry = gone ? entry_find(set, change->id) : NULL;

    if (entry)
        entry_bury(set, entry);
    if (gone && change->kind == STORE_DELETE)
        finish(change, NULL, NULL);
    else
        fail_unsent(change, failure);
}

/* A name that changed hands since it was kept is not what its caller means. */
static bool is_called_otherwise(const Change *change, const Resource *now, Failure *ret_failure)
{
    if (span_equal(resource_name(now), (Span){change->name, change->name_bytes}))
        return false;
    *ret_failure = failure_make(-ERR_BUSY, "Nothing was deleted: %s has another name by now.", change->id);
    failure_set_mend(ret_failure, "Look at what is there now, and ask again.");
    return true;
}

static void look(Change *change);

static void on_looked(void *ctx, const Failure *failure, const ApiAnswer *answer)
{
    Change *change = ctx;
    Set *set = &change->store->sets[STORE_INSTANCES];
    Failure refused;
    Entry *entry;

    change->call = NULL;
    if (failure) {
        look_failed(change, failure);
        return;
    }
    if (store_slept_since(change->store, change->asleep_ms)) { /* that is not how it is now */
        look(change);
        return;
    }
    entry = entry_take(set, answer->resource, ROW_DETAILS, change->store->generation);
    reset_answer(change->store);
    if (is_of_another_world(change, &refused) ||
        (change->kind == STORE_DELETE && is_called_otherwise(change, answer->resource, &refused)))
        fail_unsent(change, &refused);
    else if (change->kind == STORE_DELETE)
        write_down(change);
    else
        on_patch(change, answer, entry ? entry->resource : answer->resource);
}

static void look(Change *change)
{
    Failure failure;
    int r;

    change->state = CHANGE_LOOKING;
    change->asleep_ms = clock_asleep_ms(change->store->clock);
    crash_point("change.looking");
    r = api_get(change->store->api, API_CHANGE, change->id, on_looked, change, &change->call);
    if (r == 0)
        return;
    failure = failure_make(r, "%s", error_sentence(r));
    fail_unsent(change, &failure);
}

static bool is_unproven(const Change *change)
{
    const Entry *entry = entry_find(&change->store->sets[STORE_INSTANCES], change->id);

    return entry && entry->unproven;
}

static void advance(Change *change)
{
    if (!change->op) {
        stop(change); /* given up meanwhile */
        return;
    }
    if (change->kind == STORE_UPDATE || (change->kind == STORE_DELETE && is_unproven(change)))
        look(change);
    else
        write_down(change);
}

static bool create_is_under_way(Store *store, const char *project_id, Span name)
{
    const Change *each;

    DL_FOREACH(store->changes, each)
    {
        if (each->kind == STORE_CREATE && strcmp(each->project_id, project_id) == 0 &&
            span_equal((Span){each->name, each->name_bytes}, name))
            return true;
    }
    return settle_is_open(store, project_id, name);
}

/* Once in line, a change is out of its starter's hands: it goes on from the loop, so that `done` never runs inside the
 * starter. */
static void begin(void *ctx)
{
    Change *change = ctx;

    change->begun = true;
    if (has_turn(change))
        advance(change);
}

int change_start(StoreOp *op, const StoreIntent *intent, Failure *ret_failure)
{
    Store *store = op->store;
    Change *change;

    *ret_failure = failure_make(-ERR_NO_MEMORY, "%s", error_sentence(-ERR_NO_MEMORY));
    if (store_change_refused(store, ret_failure) < 0)
        return ret_failure->code;
    if (intent->change == STORE_CREATE && create_is_under_way(store, intent->project_id, intent->name)) {
        *ret_failure = failure_make(-ERR_ALREADY, "%s", error_sentence(-ERR_ALREADY));
        failure_set_mend(ret_failure,
                         "Wait: whether it came to be is being found out, which takes two minutes at most.");
        return -ERR_ALREADY;
    }
    change = change_new(store, intent);
    if (!change)
        return -ERR_NO_MEMORY;
    if (clock_post(store->clock, begin, change) < 0) {
        change_free(change);
        return -ERR_NO_MEMORY;
    }
    change->op = op;
    return 0;
}

/* What it is doing decides how it is given up. */
static bool give_up(Change *change)
{
    switch (change->state) {
    case CHANGE_LOOKING:
        api_cancel(change->call);
        stop(change);
        return true;
    case CHANGE_SENDING:
        if (!api_retract(change->call))
            return false;
        stop(change);
        return true;
    case CHANGE_QUEUED:  /* begin() or the one before it will find it without a caller */
    case CHANGE_WRITING: /* so will on_written() */
        return true;
    }
    return true;
}

bool change_abandon(StoreOp *op)
{
    Change *each;

    DL_FOREACH(op->store->changes, each)
    {
        if (each->op == op) {
            each->op = NULL;
            return give_up(each);
        }
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
