#include <stdlib.h>

#include "error.h"
#include "store_internal.h"

static bool is_text(const Intent *intent)
{
    return intent->state == INTENT_UNSETTLED || intent->state == INTENT_REJECTED;
}

static void describe(const Intent *intent, StoreText *ret_text)
{
    *ret_text = (StoreText){
        .number = intent->number,
        .project_id = intent->project_id,
        .name = intent->name,
        .text = {intent->text, intent->text_bytes},
        .failure = &intent->failure,
        .wall_ms = intent->wall_ms,
        .unsettled = intent->state == INTENT_UNSETTLED,
    };
}

bool store_next_text(Store *store, uint64_t number, StoreText *ret_text)
{
    const Intent *intent = store->journal ? journal_next(store->journal, number) : NULL;

    while (intent && !is_text(intent))
        intent = journal_next(store->journal, intent->number);
    if (intent)
        describe(intent, ret_text);
    return intent != NULL;
}

static uint64_t kept_of(const Store *store, const StoreText *text)
{
    return journal_find(store->journal, text->number)->kept;
}

bool store_find_text(Store *store, const char *project_id, const char *name, StoreText *ret_text)
{
    StoreText each;
    bool found = false;
    uint64_t newest = 0;

    for (uint64_t number = 0; store_next_text(store, number, &each); number = each.number) {
        if (strcmp(each.project_id, project_id) != 0 || strcmp(each.name, name) != 0 || kept_of(store, &each) < newest)
            continue;
        *ret_text = each;
        newest = kept_of(store, &each);
        found = true;
    }
    return found;
}

void text_clear(Store *store, const char *project_id, Span name, Span text, uint64_t number, uint64_t kept)
{
    StoreText each;

    for (uint64_t last = 0; store_next_text(store, last, &each); last = each.number) {
        bool seen = each.number < number && kept_of(store, &each) <= kept;

        if (!each.unsettled && each.number != number && (seen || span_equal(each.text, text)) &&
            strcmp(each.project_id, project_id) == 0 && span_equal(span_of(each.name), name))
            journal_end(store->journal, each.number);
    }
}

void text_clear_same(Store *store, const char *project_id, Span name, Span text)
{
    text_clear(store, project_id, name, text, 0, 0);
}

/* Once it is written down, those of that name that were kept before it may go. */
static void on_kept(void *ctx, int code, const Intent *intent)
{
    Store *store = ctx;

    if (code == 0 && intent) /* NULL: it is gone again already */
        text_clear(store, intent->project_id, span_of(intent->name), (Span){intent->text, intent->text_bytes},
                   intent->number, intent->after);
}

void store_keep_text(Store *store, const StoreText *text, uid_t uid, uint64_t after)
{
    Intent intent = {
        .kind = INTENT_CREATE,
        .state = INTENT_REJECTED,
        .project_id = (char *)text->project_id,
        .name = (char *)text->name,
        .id = (char[]){""},
        .text = (char *)text->text.at,
        .text_bytes = text->text.len,
        .body = (char[]){""},
        .known_ids = (char[]){""},
        .wall_ms = clock_wall_ms(store->clock),
        .uid = uid,
        .failure = *text->failure,
        .after = after,
    };

    if (store->journal)
        (void)journal_begin(store->journal, &intent, on_kept, store);
}

uint64_t store_texts(const Store *store)
{
    return store->journal ? journal_texts(store->journal) : 1;
}

static int find_editable(Store *store, uint64_t number, const Intent **ret_intent)
{
    const Intent *intent = store->journal ? journal_find(store->journal, number) : NULL;

    if (!intent || !is_text(intent))
        return -ERR_NOT_FOUND;
    *ret_intent = intent;
    return intent->state == INTENT_UNSETTLED ? -ERR_BUSY : 0;
}

int store_edit_text(Store *store, uint64_t number, Span text)
{
    const Intent *intent;
    Failure failure;
    int r = find_editable(store, number, &intent);

    if (r < 0)
        return r;
    failure = intent->failure;
    return journal_set(store->journal, number, INTENT_REJECTED, &failure, text.at ? text.at : "", text.len, NULL, NULL);
}

int store_drop_text(Store *store, uint64_t number)
{
    const Intent *intent;
    int r = find_editable(store, number, &intent);

    if (r == 0)
        journal_end(store->journal, number);
    return r;
}
