#include "store.h"

#include <stdlib.h>
#include <utlist.h>

#include "api_token.h"
#include "change.h"
#include "error.h"
#include "live.h"
#include "store_internal.h"

/* The journal's disk has taken something, or not. */
static void on_disk(void *ctx, int code)
{
    Store *store = ctx;

    if (code == -ERR_NO_MEMORY)
        return; /* which says nothing of the disk */
    if (code < 0 && store->disk_code == 0)
        store->disk_since_ms = clock_now_ms(store->clock);
    store->disk_code = code;
}

void store_set_config(Store *store, const StoreConfig *config)
{
    store->config = *config;
}

Store *store_new(const StoreConfig *config, Api *api, Journal *journal, Clock *clock)
{
    Store *store = calloc(1, sizeof *store);

    if (!store)
        return NULL;
    store->config = *config;
    store->api = api;
    store->journal = journal;
    store->clock = clock;
    for (int i = 0; i < STORE_SETS; i++) {
        store->sets[i].store = store;
        store->sets[i].kind = (enum StoreSet)i;
    }
    if (warm_init(store) < 0 || settle_init(store) < 0 || live_init(store) < 0) {
        store_free(store);
        return NULL;
    }
    if (journal)
        journal_watch(journal, on_disk, store);
    settle_recover(store);
    return store;
}

static void free_all(StoreOp **waiters)
{
    while (*waiters)
        op_free(*waiters);
}

void store_free(Store *store)
{
    if (!store)
        return;
    if (store->journal)
        journal_watch(store->journal, NULL, NULL);
    change_free_all(store);
    settle_free_all(store);
    warm_free(store);
    keep_free(store);
    live_free(store);
    for (int i = 0; i < STORE_SETS; i++) {
        Set *set = &store->sets[i];

        api_cancel(set->fetch.call);
        set->fetch.call = NULL;
        free_all(&set->fetch.waiters);
        for (Entry *each = set->entries; each; each = each->next) {
            if (each->fetch)
                free_all(&each->fetch->waiters);
        }
        entry_free_all(set);
    }
    free(store);
}

void store_set_tag(StoreEntry *entry, void *tag)
{
    entry->tag = tag;
}

void *store_tag(const StoreEntry *entry)
{
    return entry->tag;
}

void store_set_shown(StoreEntry *entry)
{
    entry->shown = true;
}

/* What a question found out, before anything is done about it. */
typedef struct Question {
    Set *set;
    Entry *entry; /* of a GET */
    enum StoreNeed need;
    Freshness facts;
    enum FreshnessVerdict verdict;
} Question;

static Failure no_memory(void)
{
    return failure_make(-ERR_NO_MEMORY, "There is not enough memory.");
}

static Failure no_such(const char *id)
{
    return failure_make(-ERR_NOT_FOUND, "There is no instance %s any more.", id);
}

static Question ask_list(Set *set)
{
    Freshness facts = set_freshness(set);

    stretch_note(&set->fetch, clock_now_ms(set->store->clock));
    return (Question){.set = set, .facts = facts, .verdict = freshness_decide(&facts)};
}

static Question ask_entry(Entry *entry, enum StoreNeed need)
{
    Freshness facts = entry_freshness(entry, need);

    stretch_note(need == STORE_SUMMARY ? &entry->set->fetch : entry->fetch, clock_now_ms(entry->set->store->clock));
    return (Question){
        .set = entry->set, .entry = entry, .need = need, .facts = facts, .verdict = freshness_decide(&facts)};
}

/* Whether a listing answers the question as well, and costs less in the long run. */
static bool list_instead(const Question *question)
{
    Set *set = question->set;

    if (question->need == STORE_SUMMARY)
        return true;
    return question->facts.known && set->complete && question->entry->listed_whole &&
           (freshness_prefer_list(set->singles, set->by_id.count, API_PAGE_ROWS) || stretch_prefers_list(set));
}

/* Starts or joins the request that a question needs, and parks the operation with it. 0 or a negative code. */
static int wait_for(StoreOp *op, const Question *question)
{
    Set *set = question->set;
    bool under_way = question->entry && question->entry->fetch && question->entry->fetch->call;
    bool by_list = !question->entry || (!op->listed && !under_way && list_instead(question));
    Fetch *fetch = by_list ? &set->fetch : question->entry->fetch;
    int r = 0;

    op->listed = by_list;
    if (by_list)
        fetch_drop_if_old(set);
    if (!fetch || !fetch->call) {
        r = by_list ? fetch_list_start(set, API_READ)
                    : fetch_entry_start(question->entry, stretch_class(question->entry));
        fetch = by_list ? &set->fetch : question->entry->fetch;
    }
    if (r == 0)
        r = op_park(op, fetch, &question->facts);
    if (by_list)
        fetch_hold_if_idle(set);
    return r;
}

/* A refresh that nobody waits for; if it can't be started, what is known is served all the same. */
static void refresh(const Question *question)
{
    if (question->entry && !(question->facts.warm && list_instead(question)))
        (void)fetch_entry_start(question->entry, API_REFRESH);
    else if (question->facts.warm)
        warm_refresh_soon(question->set);
    else
        fetch_list_refresh(question->set);
}

static bool is_answer(enum FreshnessVerdict verdict)
{
    return verdict == FRESHNESS_SERVE || verdict == FRESHNESS_SERVE_STALE || verdict == FRESHNESS_SERVE_AND_START;
}

static enum StoreOutcome outcome_of(enum FreshnessVerdict verdict)
{
    static const enum StoreOutcome outcomes[] = {
        [FRESHNESS_SERVE] = STORE_HIT,
        [FRESHNESS_SERVE_STALE] = STORE_STALE,
        [FRESHNESS_SERVE_AND_START] = STORE_STALE,
        [FRESHNESS_JOIN] = STORE_JOINED,
        [FRESHNESS_START] = STORE_STARTED,
    };

    return outcomes[verdict];
}

static enum StoreOutcome note(uint64_t counts[STORE_OUTCOMES], enum StoreOutcome outcome)
{
    counts[outcome]++;
    return outcome;
}

static enum StoreOutcome park(StoreOp *op, const Question *question, StoreOp **ret_op)
{
    Failure failure = no_memory();

    *ret_op = op;
    if (wait_for(op, question) == 0)
        return outcome_of(question->verdict);
    *ret_op = NULL;
    if (op->kind == OP_GET)
        op->get_done(op->ctx, &failure, NULL);
    else
        op->list_done(op->ctx, &failure);
    op_free(op);
    return STORE_ABSENT;
}

enum StoreOutcome store_get(Store *store, const char *id, enum StoreNeed need, store_get_fn done, void *ctx,
                            StoreOp **ret_op)
{
    Entry *entry = entry_find(&store->sets[STORE_INSTANCES], id);
    Failure failure = entry ? no_memory() : no_such(id);
    Question question;
    StoreOp *op = NULL;

    *ret_op = NULL;
    if (entry) {
        question = ask_entry(entry, need);
        if (question.verdict == FRESHNESS_SERVE_AND_START)
            refresh(&question);
        if (is_answer(question.verdict)) {
            note(store->gets, outcome_of(question.verdict));
            done(ctx, NULL, entry->resource);
            return outcome_of(question.verdict);
        }
        op = op_new(store, OP_GET, ctx);
    }
    if (op)
        op->id = strdup(id);
    if (!op || !op->id) {
        if (op)
            op_free(op);
        note(store->gets, STORE_ABSENT);
        done(ctx, &failure, NULL);
        return STORE_ABSENT;
    }
    op->need = need;
    op->get_done = done;
    return note(store->gets, park(op, &question, ret_op));
}

void store_read_ahead(StoreEntry *entry)
{
    const Store *store = entry->set->store;
    Question question;

    if (store->trouble || !api_may_go(store->api, API_WALK))
        return;
    question = ask_entry(entry, STORE_DETAILS);
    if (question.verdict == FRESHNESS_START && !list_instead(&question))
        (void)fetch_entry_start(entry, API_WALK);
}

enum StoreOutcome store_list(Store *store, enum StoreSet set, store_page_fn on_page, store_done_fn done, void *ctx,
                             StoreOp **ret_op)
{
    Question question = ask_list(&store->sets[set]);
    Failure failure = no_memory();
    StoreOp *op;

    *ret_op = NULL;
    if (question.verdict == FRESHNESS_SERVE_AND_START)
        refresh(&question);
    if (question.verdict == FRESHNESS_SERVE_STALE)
        fetch_list_goes_on(question.set);
    if (is_answer(question.verdict)) {
        note(store->lists, outcome_of(question.verdict));
        done(ctx, NULL);
        return outcome_of(question.verdict);
    }
    op = op_new(store, OP_LIST, ctx);
    if (!op) {
        note(store->lists, STORE_ABSENT);
        done(ctx, &failure);
        return STORE_ABSENT;
    }
    op->set = &store->sets[set];
    op->list_done = done;
    op->on_page = on_page;
    return note(store->lists, park(op, &question, ret_op));
}

bool store_list_warm(Store *store, enum StoreSet set)
{
    Question question = ask_list(&store->sets[set]);

    question.facts.warm = store->sets[set].warm && !store->sets[set].expired;
    question.verdict = freshness_decide(&question.facts);
    if (!question.facts.warm || !is_answer(question.verdict))
        return false;
    if (question.verdict == FRESHNESS_SERVE_AND_START)
        refresh(&question);
    note(store->lists, STORE_STALE);
    return true;
}

static bool is_worth_something(const Freshness *facts)
{
    return facts->known && facts->age_ms < facts->stale_limit_ms;
}

/* What is known stands in for an API that does not answer, and not for memory of our own. */
static bool may_stand_in(const Freshness *facts, const Failure *failure)
{
    return failure->code != -ERR_NO_MEMORY && is_worth_something(facts);
}

static void answer_list(StoreOp *op, const Failure *failure)
{
    Freshness facts = set_freshness(op->set);
    bool serve = !failure || may_stand_in(&facts, failure);

    op->list_done(op->ctx, serve ? NULL : failure);
    op_free(op);
}

static void finish_get(StoreOp *op, const Failure *failure, Resource *resource)
{
    op->get_done(op->ctx, failure, resource);
    op_free(op);
}

/* What came since it was asked for is an answer, however short the TTL. */
static bool came_since(const StoreOp *op, const Freshness *facts)
{
    return facts->known && !facts->expired && clock_now_ms(op->store->clock) - facts->age_ms >= op->started_ms;
}

/* After a fetch: serve what came; look again if that was not enough (a listing brought a summary, a change overtook the
 * answer). */
static void answer_get(StoreOp *op, const Failure *failure)
{
    Entry *entry = entry_find(&op->store->sets[STORE_INSTANCES], op->id);
    Failure local;
    Question question;

    if (!entry) {
        local = no_such(op->id);
        finish_get(op, failure ? failure : &local, NULL);
        return;
    }
    question = ask_entry(entry, op->need);
    if (failure) {
        bool serve = may_stand_in(&question.facts, failure);

        finish_get(op, serve ? NULL : failure, serve ? entry->resource : NULL);
    } else if (is_answer(question.verdict) || came_since(op, &question.facts)) {
        finish_get(op, NULL, entry->resource);
    } else if (wait_for(op, &question) < 0) {
        local = no_memory();
        finish_get(op, &local, NULL);
    }
}

bool op_can_be_served_stale(const StoreOp *op)
{
    const Entry *entry = op->kind == OP_GET ? entry_find(&op->store->sets[STORE_INSTANCES], op->id) : NULL;
    Freshness facts = {0};

    if (op->kind == OP_LIST)
        facts = set_freshness(op->set);
    else if (entry)
        facts = entry_freshness(entry, op->need);
    return is_worth_something(&facts);
}

void op_answer(StoreOp *op, const Failure *failure)
{
    if (op->kind == OP_LIST)
        answer_list(op, failure);
    else
        answer_get(op, failure);
}

/* Refused before it began: its text is kept all the same. */
static void keep_refused(Store *store, const StoreIntent *intent, const Failure *failure)
{
    char *name = strndup(intent->name.at ? intent->name.at : "", intent->name.len);
    StoreText text = {.project_id = intent->project_id, .name = name, .text = intent->text, .failure = failure};

    if (name && intent->text.len > 0 && failure->code != -ERR_ALREADY)
        store_keep_text(store, &text, intent->uid, intent->after);
    free(name);
}

void store_change(Store *store, const StoreIntent *intent, store_get_fn done, void *ctx, StoreOp **ret_op)
{
    StoreOp *op = op_new(store, OP_CHANGE, ctx);
    Failure failure = no_memory();
    int r = op ? 0 : -ERR_NO_MEMORY;

    *ret_op = op;
    if (op) {
        op->get_done = done;
        r = change_start(op, intent, &failure);
    }
    if (r == 0)
        return;
    *ret_op = NULL;
    if (op)
        op_free(op);
    keep_refused(store, intent, &failure);
    done(ctx, &failure, NULL);
}

int store_change_refused(Store *store, Failure *ret_failure)
{
    ApiStats stats;

    api_stats(store->api, &stats);
    if (!store->journal)
        *ret_failure = failure_make(-ERR_READ_ONLY, "This mount is read-only.");
    else if (store->finishing)
        *ret_failure = failure_make(-ERR_READ_ONLY, "This mount is being ended.");
    else if (api_token_latched(store->api, ret_failure))
        return ret_failure->code;
    else if (stats.day_limit && stats.day_used >= stats.day_limit)
        *ret_failure = failure_make(-ERR_QUOTA, "The day's budget of %u requests is spent.", stats.day_limit);
    else
        return 0;
    return ret_failure->code;
}

bool store_cancel(StoreOp *op)
{
    Store *store = op ? op->store : NULL;
    bool unsent = true;
    Set *set;

    if (!op)
        return true;
    if (op->kind == OP_CHANGE)
        unsent = change_abandon(op);
    set = op->fetch && op->fetch == &store->sets[STORE_INSTANCES].fetch ? &store->sets[STORE_INSTANCES] : NULL;
    op_free(op);
    if (set)
        fetch_hold_if_idle(set);
    return unsent;
}

bool store_peek(Store *store, enum StoreSet set, const char *id, StoreFacts *ret_facts)
{
    Entry *entry = entry_find(&store->sets[set], id);

    if (!entry)
        return false;
    entry_facts(entry, ret_facts);
    return true;
}

void store_facts(StoreEntry *entry, StoreFacts *ret_facts)
{
    entry_facts(entry, ret_facts);
}

bool store_in_trouble(const Store *store)
{
    return store->trouble || fetch_drags_on(store);
}

static void list_progress(const Set *set, StoreListFacts *facts)
{
    facts->listing_rows = 0;
    facts->listing_total = -1;
    if (facts->listing && set->fetch.call)
        api_list_progress(set->fetch.call, &facts->listing_rows, &facts->listing_total);
}

bool store_list_complete(const Store *store, enum StoreSet set)
{
    return store->sets[set].complete;
}

void store_list_facts(Store *store, enum StoreSet kind, StoreListFacts *ret_facts)
{
    const Set *set = &store->sets[kind];
    Freshness facts = set_freshness(set);
    int64_t left = facts.known && !facts.expired ? facts.ttl_ms - facts.age_ms : 0;
    bool trouble = facts.failing || (facts.refreshing && facts.refreshing_ms >= FRESHNESS_PATIENCE_MS);

    *ret_facts = (StoreListFacts){
        .complete = set->complete,
        .listing = facts.refreshing,
        .stale = set->complete && left <= 0 && (trouble || set->warm),
        .warm = set->warm,
        .age_ms = facts.age_ms,
        .fresh_ms = left > 0 ? left : 0,
        .ttl_ms = facts.ttl_ms,
        .stretched = facts.ttl_ms > set_ttl_ms(set),
        .changed_wall_ms = set->changed_wall_ms,
        .count = set->by_id.count,
        .json_bytes = set->json_bytes,
    };
    list_progress(set, ret_facts);
}

void store_list_read(const StoreEntry *entry)
{
    Set *set = entry->set;

    if (!fetch_is_under_way(set) || entry->listed != set->listing || entry->page <= set->fetch.read)
        return;
    set->fetch.read = entry->page;
    fetch_hold_if_idle(set);
}

void store_each(Store *store, enum StoreSet set, bool (*visit)(void *ctx, const StoreFacts *facts), void *ctx)
{
    for (Entry *each = store->sets[set].entries; each; each = each->next) {
        StoreFacts facts;

        entry_facts(each, &facts);
        if (!visit(ctx, &facts))
            return;
    }
}

void store_hint(Store *store, const char *id)
{
    Entry *entry = id ? entry_find(&store->sets[STORE_INSTANCES], id) : NULL;

    store->generation++;
    for (int i = 0; i < STORE_SETS; i++)
        store->sets[i].doubted = store->generation; /* what is under way says nothing of them, nor that they are gone */
    live_note_doubt(store);
    if (entry) {
        entry_overtake(entry);
        return;
    }
    for (int i = 0; i < STORE_SETS; i++) {
        store->sets[i].expired = true;
        for (Entry *each = store->sets[i].entries; each && !id; each = each->next)
            entry_overtake(each);
    }
}
