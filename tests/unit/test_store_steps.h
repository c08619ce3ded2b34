/*
 * What the store's tests share: a store over an API whose net answers what a test says.
 */
#ifndef TEST_STORE_STEPS_H
#define TEST_STORE_STEPS_H

#include <unistd.h>

#include "api.h"
#include "store.h"
#include "test_api_fakes.h"

#define ROW(id)          "{\"id\":\"" id "\",\"name\":\"n\"}"
#define PAGE(rows, next) "{\"data\":[" rows "],\"next_cursor\":" next "}"

enum { TTL_MS = 10000, HEALTH_MS = 4000, PATIENCE_MS = 5000 };

static FakeClock fake;
static FakeNet net;
static Random chance = {.next = fake_next};
static char path[] = "/tmp/test_store.XXXXXX";
static Api *api;
static Store *store;
static int dones;

static inline int open_store(void **state)
{
    const ApiConfig config = {.endpoint = "https://api.test",
                              .version = "2026-01-15",
                              .token = {.file = path, .named = "token_file=THERE"},
                              .timeout_ms = 30000,
                              .wait_ms = 90000};
    const StoreConfig times = {.ttl_ms = TTL_MS,
                               .ttl_transition_ms = 2000,
                               .ttl_projects_ms = 60000,
                               .ttl_health_ms = HEALTH_MS,
                               .stale_contents_ms = 300000,
                               .stale_names_ms = 86400000,
                               .timeout_ms = 30000,
                               .wait_ms = 90000};
    Failure failure;

    (void)state;
    fake_clock_init(&fake);
    fake_net_init(&net);
    dones = 0;
    if (api_new(&config, &net.net, &fake.clock, &chance, fsio_system(), &api, &failure) < 0)
        return -1;
    store = store_new(&times, api, NULL, &fake.clock);
    return store ? 0 : -1;
}

static inline int close_store(void **state)
{
    (void)state;
    store_free(store);
    api_free(api);
    return 0;
}

static inline void on_done(void *ctx, const Failure *failure)
{
    (void)ctx;
    assert_null(failure);
    dones++;
}

static inline StoreOp *look(enum StoreOutcome expected)
{
    StoreOp *op;

    assert_int_equal(store_list(store, STORE_INSTANCES, NULL, on_done, NULL, &op), expected);
    fake_pass(&fake, 0);
    return op;
}

/* To one of so many requests. */
static inline void answer_one_of(unsigned count, unsigned index, const char *body)
{
    assert_int_equal(net.count, count);
    fake_answer(&net, index, 200, "", body);
    fake_pass(&fake, 0);
}

static inline void answer(unsigned index, const char *body)
{
    answer_one_of(index + 1, index, body);
}

static inline bool is_known(const char *id)
{
    StoreFacts facts;

    return store_peek(store, STORE_INSTANCES, id, &facts);
}

static inline int make_file(void **state)
{
    (void)state;
    return fake_token_make(path);
}

static inline int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

#define STORE_TEST(function) cmocka_unit_test_setup_teardown(function, open_store, close_store)

#endif
