#include <stdlib.h>
#include <utlist.h>

#include "error.h"
#include "json.h"
#include "known_ids.h"
#include "log.h"
#include "store_internal.h"

/*
 * An unanswered create is settled by looking. A complete list that left after the create ended either shows an instance
 * that can only be it (settled), or several (told, and left alone), or none; none in three lists over two minutes means
 * that it was not created. A new instance of that name which does not fit is no proof of either: the clock of this machine
 * may have been wrong, and the instance may have been changed since.
 */
enum { LISTS_NEEDED = 3, SETTLE_MS = 120000, FIRST_LOOK_MS = 1000, LOOK_MS = 40000, WINDOW_SLACK_MS = 600000 };

typedef struct Settling {
    uint64_t number;
    uint64_t generation; /* lists that left before it say nothing */
    int64_t begun_ms;
    int64_t counted_ms; /* when the last list that counted had come */
    unsigned lists;
    struct Settling *prev, *next;
} Settling;

static bool is_settling(const Store *store, uint64_t number)
{
    const Settling *each;

    DL_FOREACH(store->settlings, each)
    {
        if (each->number == number)
            return true;
    }
    return false;
}

static bool add(Store *store, uint64_t number)
{
    Settling *settling = calloc(1, sizeof *settling);

    if (!settling)
        return false;
    settling->number = number;
    settling->generation = ++store->generation;
    settling->begun_ms = clock_now_ms(store->clock);
    DL_APPEND(store->settlings, settling);
    return true;
}

/* Those that there was no memory for when they began. False: there still is none. */
static bool add_missing(Store *store)
{
    const Intent *each = journal_next(store->journal, 0);
    bool all = true;

    for (; each; each = journal_next(store->journal, each->number)) {
        if (each->state == INTENT_UNSETTLED && !is_settling(store, each->number))
            all = add(store, each->number) && all;
    }
    return all;
}

static void on_time(void *ctx)
{
    Store *store = ctx;
    Set *set = &store->sets[STORE_INSTANCES];

    if (add_missing(store) && !store->settlings)
        return;
    timer_start(store->settle_timer, LOOK_MS);
    set->expired = true;
    fetch_list_refresh(set); /* however long it takes: nobody's deadline ends it */
}

int settle_init(Store *store)
{
    store->settle_timer = timer_new(store->clock, on_time, store);
    return store->settle_timer ? 0 : -ERR_NO_MEMORY;
}

void settle_begin(Store *store, uint64_t number)
{
    (void)add(store, number); /* without memory for it, when the timer fires */
    timer_start(store->settle_timer, FIRST_LOOK_MS);
}

/* What was asked for and what is there must not contradict each other. */
static bool agrees(Span body, const Resource *resource, const char *field)
{
    Span asked, there;

    if (!json_member(body, field, &asked) || !json_member(resource_text(resource), field, &there))
        return true;
    return json_equal(asked, there);
}

/* Of that name, and not there before. */
static bool may_be_it(const Intent *intent, const Resource *resource)
{
    Span project = resource_project_id(resource);

    return span_equal(resource_name(resource), span_of(intent->name)) &&
           (project.len == 0 || span_equal(project, span_of(intent->project_id))) &&
           !known_ids_have(intent->known_ids, resource_id(resource));
}

/* Nothing speaks against it. It may have been changed since, and a clock may be wrong. */
static bool fits(const Intent *intent, const Resource *resource)
{
    int64_t created = resource_created_ms(resource);
    Span body = span_of(intent->body);

    return (created == 0 || created >= intent->wall_ms - WINDOW_SLACK_MS) && agrees(body, resource, "region") &&
           agrees(body, resource, "size");
}

typedef struct Found {
    unsigned count;        /* of those that can only be it, */
    const Resource *match; /* and one of them */
    const Resource *doubt; /* one that may be it, though something speaks against it; NULL: none */
} Found;

static Found look_for(const Store *store, const Intent *intent)
{
    Found found = {0};

    for (const Entry *each = store->sets[STORE_INSTANCES].entries; each; each = each->next) {
        if (!may_be_it(intent, each->resource))
            continue;
        if (!fits(intent, each->resource)) {
            found.doubt = each->resource;
            continue;
        }
        found.match = each->resource;
        found.count++;
    }
    return found;
}

static void settling_free(Store *store, Settling *settling)
{
    DL_DELETE(store->settlings, settling);
    free(settling);
}

/* By a person: of a mkdir, what was sent stands in for a text. */
static bool is_written(const Intent *intent)
{
    return intent->text_bytes > 0 && strcmp(intent->text, intent->body) != 0;
}

static void settle_found(Store *store, Settling *settling, const Intent *intent, const char *id)
{
    log_info("the unanswered create of %s is settled: it is %s", intent->name, id);
    audit_write(store, intent, id, "", NULL);
    if (is_written(intent))
        text_clear(store, intent->project_id, span_of(intent->name), (Span){intent->text, intent->text_bytes},
                   intent->number, intent->after);
    journal_end(store->journal, intent->number);
    settling_free(store, settling);
}

static void settle_rejected(Store *store, Settling *settling, const Intent *intent, const Failure *failure)
{
    log_warn("the unanswered create of %s: %s", intent->name, failure_sentence(failure));
    audit_write(store, intent, "", "", failure);
    (void)journal_set(store->journal, settling->number, INTENT_REJECTED, failure, NULL, 0, NULL, NULL);
    settling_free(store, settling);
}

static Failure not_created(const Settling *settling, const Intent *intent)
{
    Failure failure =
        failure_make(-ERR_REMOTE, "Not created: the create was not answered, and %u lists over %d s do not show it.",
                     settling->lists, SETTLE_MS / 1000);

    failure_set_mend(&failure, "Create it again: mv %s.json.rejected %s.json", intent->name, intent->name);
    return failure;
}

static Failure in_doubt(const Intent *intent, const char *id)
{
    Failure failure = failure_make(
        -ERR_EXISTS,
        "%s has this name and was not known before, but is older than this create by this machine's clock, or is not "
        "as it was asked for: it can't be told whether it is it.",
        id);

    failure_set_mend(&failure, "See if the date is right, and look at %s; if it is the one, rm %s.json.rejected", id,
                     intent->name);
    return failure;
}

static void settle_none(Store *store, Settling *settling, const Intent *intent, const Resource *doubt)
{
    int64_t now = clock_now_ms(store->clock);
    Failure failure;

    if (settling->lists == 0 || now - settling->counted_ms >= LOOK_MS - FIRST_LOOK_MS) {
        settling->lists++;
        settling->counted_ms = now;
    }
    if (settling->lists < LISTS_NEEDED || now - settling->begun_ms < SETTLE_MS)
        return;
    failure = doubt ? in_doubt(intent, resource_id(doubt)) : not_created(settling, intent);
    failure.sent = FAILURE_UNKNOWN;
    settle_rejected(store, settling, intent, &failure);
}

static void settle_several(Store *store, Settling *settling, const Intent *intent, unsigned count)
{
    Failure failure = failure_make(
        -ERR_EXISTS,
        "%u new instances have this name, so it can't be told which one this create made. None was deleted.", count);

    failure.sent = FAILURE_UNKNOWN;
    failure_set_mend(&failure, "Look at them, remove what should not be there, then rm %s.json.rejected", intent->name);
    settle_rejected(store, settling, intent, &failure);
}

void settle_on_list(Store *store, uint64_t generation)
{
    Settling *each, *next;

    DL_FOREACH_SAFE(store->settlings, each, next)
    {
        const Intent *intent = journal_find(store->journal, each->number);
        Found found;

        if (!intent) {
            settling_free(store, each);
            continue;
        }
        if (each->generation > generation)
            continue;
        found = look_for(store, intent);
        if (found.count == 0)
            settle_none(store, each, intent, found.doubt);
        else if (found.count == 1)
            settle_found(store, each, intent, resource_id(found.match));
        else
            settle_several(store, each, intent, found.count);
    }
}

void settle_reset(Store *store)
{
    Failure failure =
        failure_make(-ERR_REMOTE, "The API was reset, so it can't be told whether this create came to be.");

    failure.sent = FAILURE_UNKNOWN;
    while (store->settlings) {
        Settling *settling = store->settlings;
        const Intent *intent = journal_find(store->journal, settling->number);

        if (!intent) {
            settling_free(store, settling);
            continue;
        }
        failure_set_mend(&failure, "Look whether %s.json is there. If not: mv %s.json.rejected %s.json; else rm that.",
                         intent->name, intent->name, intent->name);
        settle_rejected(store, settling, intent, &failure);
    }
}

bool settle_is_open(Store *store, const char *project_id, Span name)
{
    StoreText each;

    for (uint64_t number = 0; store_next_text(store, number, &each); number = each.number) {
        if (each.unsettled && strcmp(each.project_id, project_id) == 0 && span_equal(span_of(each.name), name))
            return true;
    }
    return false;
}

/* An update may have been carried out, and its text is the writer's: it is kept, and says so. A delete has no text;
 * whether it happened shows in the list. */
static void recover_other(Store *store, const Intent *intent)
{
    Failure failure = failure_make(
        -ERR_REMOTE, "skystackfs ended while this update was under way: it may or may not have been carried out.");

    failure.sent = FAILURE_UNKNOWN;
    failure_set_mend(&failure, "Compare it with %s.json; then mv %s.json.rejected %s.json, or rm it.", intent->name,
                     intent->name, intent->name);
    audit_write(store, intent, intent->id, "", &failure);
    if (intent->kind == INTENT_UPDATE && intent->text_bytes > 0)
        (void)journal_set(store->journal, intent->number, INTENT_REJECTED, &failure, NULL, 0, NULL, NULL);
    else
        journal_end(store->journal, intent->number);
}

static void recover_create(Store *store, const Intent *intent)
{
    Failure failure = failure_make(
        -ERR_UNSETTLED, "skystackfs ended while this create was under way: whether it came to be is being found out.");
    const char *instead = intent->text_bytes ? NULL : intent->body;

    failure.sent = FAILURE_UNKNOWN;
    failure_set_mend(&failure, "Wait: this takes two minutes at most.");
    (void)journal_set(store->journal, intent->number, INTENT_UNSETTLED, &failure, instead,
                      instead ? strlen(instead) : 0, NULL, NULL);
    settle_begin(store, intent->number);
}

void settle_recover(Store *store)
{
    const Intent *intent = store->journal ? journal_next(store->journal, 0) : NULL;

    while (intent) {
        uint64_t number = intent->number;

        if (intent->kind == INTENT_CREATE && intent->state != INTENT_REJECTED)
            recover_create(store, intent);
        else if (intent->state != INTENT_REJECTED)
            recover_other(store, intent);
        intent = journal_next(store->journal, number);
    }
}

void settle_free_all(Store *store)
{
    while (store->settlings)
        settling_free(store, store->settlings);
    timer_free(store->settle_timer);
}
