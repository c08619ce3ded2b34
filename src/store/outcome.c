#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "change.h"
#include "crash.h"
#include "error.h"
#include "json.h"
#include "live.h"
#include "patch.h"

static Set *instances(const Change *change)
{
    return &change->store->sets[STORE_INSTANCES];
}

/* A create's answer need not name the project, but we know where we asked for it. NULL: the answer says all that there
 * is to say. */
static Resource *place(const Change *change, Resource *answer)
{
    _cleanup_buf_ Buf whole = BUF_INIT(RESOURCE_TEXT_BYTES), project = BUF_INIT(RESOURCE_TEXT_BYTES);
    Resource *placed = NULL;
    Span parts[2], sent;

    if (resource_project_id(answer).len > 0 || !json_member(span_of(change->body), "project_id", &sent) ||
        buf_printf(&project, "{\"project_id\":%.*s}", (int)sent.len, sent.at) < 0)
        return NULL;
    parts[0] = resource_text(answer);
    parts[1] = (Span){project.data, project.len};
    if (patch_overlay(parts, 2, NULL, &whole) < 0 || resource_new((Span){whole.data, whole.len}, &placed) < 0)
        return NULL;
    return placed;
}

static Entry *take_row(Change *change, Resource *row, uint64_t generation)
{
    Resource *placed = place(change, row);
    Entry *entry = entry_take(instances(change), placed ? placed : row,
                              resource_is_whole(row) ? ROW_DETAILS : ROW_CREATED, generation);

    resource_unref(placed);
    return entry;
}

/* What the API said of a change becomes what is known. NULL: nothing is known of it now. */
static Entry *take_answer(Change *change, Resource *resource, uint64_t generation)
{
    Entry *entry = change->id[0] ? entry_find(instances(change), change->id) : NULL;

    if (change->kind != STORE_DELETE)
        return resource ? take_row(change, resource, generation) : entry;
    if (entry)
        entry_bury(instances(change), entry);
    return NULL;
}

static Resource *take_in(Change *change, Resource *resource)
{
    Store *store = change->store;
    uint64_t generation = ++store->generation;
    Entry *entry;

    if (resource && change->kind == STORE_UPDATE && !entry_find(instances(change), change->id))
        live_note_doubt(store); /* it went while it was being changed */
    store->source = STORE_BY_SELF;
    entry = take_answer(change, resource, generation);
    store->source = STORE_BY_POLL;
    reset_answer(store);
    if (!entry)
        return NULL;
    entry->generation = generation;
    if (!resource)
        entry_expire(entry);
    else if (store_slept_since(store, change->asleep_ms))
        entry_outdate(entry, store_slept_ms(store, change->asleep_ms));
    return entry->resource;
}

/* mkdir and rm have no text of their own; a create that nobody answered is kept as what was sent. */
static const char *text_to_keep(const Change *change, const Failure *failure)
{
    if (change->text_bytes > 0 || failure->code != -ERR_UNSETTLED)
        return NULL;
    return change->body;
}

static int set_state(const Change *change, const Failure *failure, const char *text)
{
    enum IntentState state = failure->code == -ERR_UNSETTLED ? INTENT_UNSETTLED : INTENT_REJECTED;

    return journal_set(change->store->journal, change->number, state, failure, text, text ? strlen(text) : 0, NULL,
                       NULL);
}

static void clear_texts(const Change *change)
{
    text_clear(change->store, change->project_id, (Span){change->name, change->name_bytes},
               (Span){change->text, change->text_bytes}, change->number, change->kept);
}

static void keep(Change *change, const Failure *failure)
{
    Store *store = change->store;
    bool unsettled = failure->code == -ERR_UNSETTLED;
    const char *instead = text_to_keep(change, failure);

    if (!unsettled && (change->text_bytes == 0 || change->kind == STORE_DELETE)) {
        journal_end(store->journal, change->number);
        return;
    }
    if (change->text_bytes > 0)
        clear_texts(change);
    if (set_state(change, failure, instead) < 0 && instead)
        (void)set_state(change, failure, NULL);
    if (unsettled)
        settle_begin(store, change->number);
}

Resource *outcome_take(Change *change, const Failure *failure, const ApiAnswer *answer)
{
    Store *store = change->store;
    const Intent *intent = journal_find(store->journal, change->number);
    const char *id = answer && answer->resource ? resource_id(answer->resource) : change->id;
    Resource *known = NULL;

    if (intent)
        audit_write(store, intent, id, answer ? answer->request_id : "", failure);
    if (failure) {
        if (failure->sent == FAILURE_UNKNOWN || failure->code == -ERR_NOT_FOUND)
            store_hint(store, change->id[0] ? change->id : NULL);
        keep(change, failure);
        return NULL;
    }
    assert(answer);
    known = take_in(change, answer->resource);
    crash_point("change.taken");
    journal_end(store->journal, change->number);
    if (change->text_bytes > 0) /* another text is true now; mv, mkdir or one value say nothing of what is kept */
        clear_texts(change);
    return known;
}

void outcome_keep_unsent(Change *change, const Failure *failure)
{
    StoreText text = {.project_id = change->project_id,
                      .name = change->name,
                      .text = {change->text, change->text_bytes},
                      .failure = failure};

    if (change->number)
        keep(change, failure);
    else if (change->kind != STORE_DELETE && change->text_bytes > 0)
        store_keep_text(change->store, &text, change->uid, change->kept);
}
