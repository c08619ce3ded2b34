/* Who watches the store is told of changes, and how they came to be known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "error.h"
#include "store_internal.h"
#include "test_store_steps.h"

#define NAMED_ROW(id, name) "{\"id\":\"" id "\",\"name\":\"" name "\"}"

static char told[256];

static int open_untold(void **state)
{
    told[0] = '\0';
    return open_store(state);
}

/* WATCHER, then what happened, its name, and its source. */
static void on_event(void *ctx, enum StoreSet set, enum StoreEvent event, Resource *before, Resource *after,
                     StoreEntry *entry)
{
    static const char signs[] = {
        [STORE_ADDED] = '+', [STORE_CHANGED] = '~', [STORE_REMOVED] = '-', [STORE_RESET] = '!'};
    static const char sources[] = {
        [STORE_BY_POLL] = 'p', [STORE_BY_SELF] = 's', [STORE_BY_WEBHOOK] = 'w', [STORE_BY_RESTORE] = 'r'};
    Span name = event == STORE_RESET ? span_of("") : resource_name(after ? after : before);
    size_t at = strlen(told);

    (void)entry;
    assert_int_equal(set, STORE_INSTANCES);
    if (event == STORE_EXPIRED) /* nothing is known to have changed yet */
        return;
    snprintf(told + at, sizeof told - at, "%s%c%.*s:%c ", (const char *)ctx, signs[event], (int)name.len, name.at,
             sources[store_source(store)]);
}

static void is_told(const char *expected)
{
    assert_string_equal(told, expected);
    told[0] = '\0';
}

static void on_got(void *ctx, const Failure *failure, Resource *resource)
{
    (void)ctx;
    (void)failure;
    (void)resource;
}

/* A new list: the request of that number, from that source. */
static void list(unsigned index, const char *body, enum StoreSource source)
{
    fake_pass(&fake, TTL_MS);
    look(STORE_STARTED);
    store->sets[STORE_INSTANCES].fetch.source = source;
    answer(index, body);
}

static char a[] = "a", b[] = "b";

static void each_watcher_is_told_in_the_order_in_which_they_came(void **state)
{
    (void)state;
    assert_int_equal(store_watch(store, on_event, a), 0);
    assert_int_equal(store_watch(store, on_event, b), 0);
    list(0, PAGE(NAMED_ROW("1", "x"), "null"), STORE_BY_POLL);
    is_told("a+x:p b+x:p ");
    store_unwatch(store, on_event, a);
    store_unwatch(store, on_event, a); /* is none any more */
    list(1, PAGE(NAMED_ROW("1", "y"), "null"), STORE_BY_POLL);
    is_told("b~y:p ");
    store_unwatch(store, on_event, b);
    list(2, PAGE(NAMED_ROW("1", "z"), "null"), STORE_BY_POLL);
    is_told("");
}

static void there_are_no_more_watchers_than_fit(void **state)
{
    (void)state;
    for (int i = 0; i < STORE_WATCHERS_MAX; i++)
        assert_int_equal(store_watch(store, on_event, a), 0);
    assert_int_equal(store_watch(store, on_event, b), -ERR_NO_SPACE);
    store_unwatch(store, on_event, a);
    assert_int_equal(store_watch(store, on_event, b), 0);
}

static void a_change_has_the_source_of_the_list_that_brought_it(void **state)
{
    (void)state;
    list(0, PAGE(NAMED_ROW("1", "x") "," NAMED_ROW("2", "y"), "null"), STORE_BY_POLL);
    assert_int_equal(store_watch(store, on_event, a), 0);
    list(1, PAGE(NAMED_ROW("1", "z") "," NAMED_ROW("3", "v"), "null"), STORE_BY_WEBHOOK);
    is_told("a~z:w a+v:w a-y:w ");
    list(2, PAGE(NAMED_ROW("1", "x") "," NAMED_ROW("3", "v"), "null"), STORE_BY_POLL);
    is_told("a~x:p ");
    assert_int_equal(store_source(store), STORE_BY_POLL);
}

/* The request of that number, which begins as a poll whatever the one before was. */
static void get(unsigned index, int status, const char *body, enum StoreSource source)
{
    StoreFacts facts;
    StoreOp *op;

    store_hint(store, "1");
    assert_int_equal(store_get(store, "1", STORE_DETAILS, on_got, NULL, &op), STORE_STARTED);
    assert_true(store_peek(store, STORE_INSTANCES, "1", &facts));
    assert_int_equal(facts.entry->fetch->source, STORE_BY_POLL);
    facts.entry->fetch->source = source;
    fake_pass(&fake, 0);
    assert_int_equal(net.count, index + 1);
    fake_answer(&net, index, status, "", body);
    fake_pass(&fake, 0);
}

static void so_it_has_of_a_look_at_one(void **state)
{
    (void)state;
    list(0, PAGE(NAMED_ROW("1", "x"), "null"), STORE_BY_POLL);
    assert_int_equal(store_watch(store, on_event, a), 0);
    get(1, 200, NAMED_ROW("1", "y"), STORE_BY_WEBHOOK);
    is_told("a~y:w ");
    get(2, 200, NAMED_ROW("1", "z"), STORE_BY_POLL);
    is_told("a~z:p ");
    get(3, 404, "{\"error\":{\"code\":\"not_found\",\"message\":\"no\"}}", STORE_BY_WEBHOOK);
    is_told("a-z:w ");
}

#define WATCH_TEST(function) cmocka_unit_test_setup_teardown(function, open_untold, close_store)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WATCH_TEST(each_watcher_is_told_in_the_order_in_which_they_came),
        WATCH_TEST(there_are_no_more_watchers_than_fit),
        WATCH_TEST(a_change_has_the_source_of_the_list_that_brought_it),
        WATCH_TEST(so_it_has_of_a_look_at_one),
    };

    return cmocka_run_group_tests(tests, make_file, remove_file);
}
