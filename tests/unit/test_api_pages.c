/* Lists whose pages have numbers: which of them are under way side by side, and what comes of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "api.h"
#include "error.h"
#include "test_api_fakes.h"

enum { MINUTE_LIMIT = 16, ROWS = 2, SEEN_MAX = 64 };

#define REFUSED "{\"error\":{\"code\":\"invalid\",\"message\":\"No\",\"request_id\":\"req_1\"}}"

typedef struct Outcome {
    int dones;
    bool complete;
    Failure failure;   /* code 0: none */
    int ids[SEEN_MAX]; /* of the rows, as they came; -1: began anew */
    unsigned count;
    unsigned hold_at, cancel_at; /* from inside of the page after which there are so many; 0: never */
} Outcome;

static FakeClock fake;
static FakeNet net;
static Random chance = {.next = fake_next};
static char path[] = "/tmp/test_api_pages.XXXXXX";
static Api *api;
static ApiCall *call;
static Outcome out;

static int make_file(void **state)
{
    (void)state;
    return fake_token_make(path);
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

static int open_api_with(unsigned per_minute)
{
    const ApiConfig config = {.endpoint = "https://api.test",
                              .version = "2026-01-15",
                              .token = {.file = path, .named = "token_file=THERE"},
                              .timeout_ms = 30000,
                              .wait_ms = 90000,
                              .per_minute = per_minute};
    Failure failure;

    fake_clock_init(&fake);
    fake_net_init(&net);
    memset(&out, 0, sizeof out);
    return api_new(&config, &net.net, &fake.clock, &chance, fsio_system(), &api, &failure);
}

static int open_api(void **state)
{
    (void)state;
    return open_api_with(0);
}

static int open_limited(void **state)
{
    (void)state;
    return open_api_with(MINUTE_LIMIT);
}

static int close_api(void **state)
{
    (void)state;
    api_free(api);
    return 0;
}

static void on_page(void *ctx, Resource *const *rows, size_t count)
{
    Outcome *outcome = ctx;

    if (count == 0)
        outcome->ids[outcome->count++] = -1;
    for (size_t i = 0; i < count && outcome->count < SEEN_MAX; i++)
        outcome->ids[outcome->count++] = (int)strtol(resource_id(rows[i]) + 1, NULL, 10);
    if (outcome->count == outcome->hold_at)
        api_list_hold(call, true);
    if (outcome->count == outcome->cancel_at)
        api_cancel(call);
}

static void on_list(void *ctx, const Failure *failure, bool complete)
{
    Outcome *outcome = ctx;

    outcome->dones++;
    outcome->failure = failure ? *failure : (Failure){0};
    outcome->complete = complete;
}

static void on_one(void *ctx, const Failure *failure, const ApiAnswer *answer)
{
    (void)ctx;
    (void)failure;
    (void)answer;
}

static void begin(void)
{
    assert_int_equal(api_list_instances(api, API_READ, on_page, on_list, &out, &call), 0);
    fake_pass(&fake, 0);
}

/* The page that request number `index` was for. */
static unsigned page_of(unsigned index)
{
    const char *page = strstr(net.calls[index].url, "&page=");

    assert_true(index < net.count);
    return page ? (unsigned)strtoul(page + 6, NULL, 10) : 1;
}

/* Which of those under way asks for this page. */
static unsigned request_for(unsigned page)
{
    for (unsigned i = 0; i < net.count; i++)
        if (!net.calls[i].ended && !net.calls[i].cancelled && page_of(i) == page)
            return i;
    fail_msg("page %u is not under way", page);
    return 0;
}

/* Pages that are under way, as a text: "2 3". */
static const char *under_way(void)
{
    static char text[64];

    text[0] = '\0';
    for (unsigned page = 1; page < 40; page++)
        for (unsigned i = 0; i < net.count; i++)
            if (!net.calls[i].ended && !net.calls[i].cancelled && page_of(i) == page)
                snprintf(text + strlen(text), sizeof text - strlen(text), "%s%u", text[0] ? " " : "", page);
    return text;
}

/* Answers with rows from `first` on; the loop turns after. */
static void answer_with(unsigned page, int first, int rows, int total)
{
    char body[512] = "{\"data\":[";

    for (int i = 0; i < rows; i++)
        snprintf(body + strlen(body), sizeof body - strlen(body), "%s{\"id\":\"i%d\"}", i > 0 ? "," : "", first + i);
    snprintf(body + strlen(body), sizeof body - strlen(body), "],\"pagination\":{\"total\":%d}}", total);
    fake_answer(&net, request_for(page), 200, "", body);
    fake_pass(&fake, 0);
}

static void answer(unsigned page, int total)
{
    int first = ((int)page - 1) * ROWS, left = total - first;

    answer_with(page, first, left < ROWS ? left : ROWS, total);
}

/* All up to here, in their order. */
static void assert_rows(unsigned count)
{
    assert_int_equal(out.count, count);
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(out.ids[i], i);
}

static void up_to_four_pages_are_under_way_and_each_is_asked_for_once(void **state)
{
    (void)state;
    begin();
    assert_string_equal(under_way(), "1");
    answer(1, 19);
    assert_string_equal(under_way(), "2 3");
    answer(2, 19);
    assert_string_equal(under_way(), "3 4 5");
    answer(3, 19);
    assert_string_equal(under_way(), "4 5 6 7");
    answer(4, 19);
    assert_string_equal(under_way(), "5 6 7 8");
    for (unsigned page = 5; page < 10; page++)
        answer(page, 19);
    assert_string_equal(under_way(), "10");
    assert_int_equal(out.dones, 0);
    answer(10, 19);
    assert_int_equal(net.count, 10);
    assert_rows(19);
    assert_int_equal(out.dones, 1);
    assert_true(out.complete);
}

static void pages_are_handed_on_in_their_order(void **state)
{
    (void)state;
    begin();
    answer(1, 14);
    answer(3, 14);
    assert_rows(2);
    assert_string_equal(under_way(), "2");
    answer(2, 14);
    assert_rows(6);
    assert_string_equal(under_way(), "4 5 6 7");
    answer(7, 14);
    answer(6, 14);
    answer(5, 14);
    assert_rows(6);
    assert_int_equal(out.dones, 0);
    answer(4, 14);
    assert_rows(14);
    assert_true(out.complete);
    assert_int_equal(net.count, 7);
}

/* What came early is not believed before what stands in front of it. */
static void a_total_that_changes_begins_anew_and_ends_those_under_way(void **state)
{
    (void)state;
    begin();
    answer(1, 20);
    answer(2, 20);
    answer(3, 20);
    answer(5, 21);
    assert_int_equal(out.count, 6);
    assert_string_equal(under_way(), "4 6 7");
    answer(4, 20);
    assert_int_equal(out.count, 11);
    assert_int_equal(out.ids[10], -1);
    assert_string_equal(under_way(), "1");
    assert_int_equal(net.count, 8); /* none was asked for beyond the one that looked odd */
    answer(1, 2);
    assert_int_equal(out.dones, 1);
    assert_true(out.complete);
}

static void a_row_that_comes_twice_begins_anew(void **state)
{
    (void)state;
    begin();
    answer(1, 8);
    answer_with(3, 3, ROWS, 8); /* its first one is page 2's last */
    answer(2, 8);
    assert_int_equal(out.ids[out.count - 1], -1);
    assert_string_equal(under_way(), "1");
    assert_int_equal(out.dones, 0);
}

static void a_page_that_fails_ends_the_list_when_its_turn_comes(void **state)
{
    (void)state;
    begin();
    answer(1, 20);
    for (unsigned attempt = 0; attempt < 3; attempt++) {
        fake_answer(&net, request_for(3), 503, "", "");
        fake_pass(&fake, 1000);
    }
    assert_int_equal(out.dones, 0);
    assert_string_equal(under_way(), "2");
    answer(2, 20);
    assert_int_equal(out.dones, 1);
    assert_int_equal(out.failure.code, -ERR_REMOTE);
    assert_false(out.complete);
    assert_rows(4);
    assert_string_equal(under_way(), "");
    assert_int_equal(net.count, 5);
}

static void those_behind_a_page_that_fails_are_ended(void **state)
{
    (void)state;
    begin();
    answer(1, 20);
    answer(2, 20);
    answer(4, 20);
    assert_string_equal(under_way(), "3 5");
    fake_answer(&net, request_for(3), 403, "", REFUSED);
    assert_int_equal(out.failure.code, -ERR_FORBIDDEN);
    assert_string_equal(under_way(), "");
    assert_rows(4);
}

/* Where rows went there may be no such page any more. */
static void a_page_that_is_refused_as_such_begins_anew(void **state)
{
    (void)state;
    begin();
    answer(1, 6);
    fake_answer(&net, request_for(3), 400, "", REFUSED);
    fake_pass(&fake, 0);
    assert_string_equal(under_way(), "2");
    answer(2, 5);
    assert_string_equal(under_way(), "1");
    assert_int_equal(out.dones, 0);
}

static void a_list_that_is_held_keeps_what_comes_and_asks_for_no_more(void **state)
{
    (void)state;
    out.hold_at = 6;
    begin();
    answer(1, 20);
    answer(2, 20);
    assert_string_equal(under_way(), "3 4 5");
    answer(3, 20);
    assert_string_equal(under_way(), "4 5");
    answer(5, 20);
    answer(4, 20);
    assert_rows(10);
    assert_string_equal(under_way(), "");
    fake_pass(&fake, 1000);
    assert_int_equal(net.count, 5);
    api_list_hold(call, false);
    fake_pass(&fake, 0);
    assert_string_equal(under_way(), "6 7 8 9");
    for (unsigned page = 6; page <= 10; page++)
        answer(page, 20);
    assert_rows(20);
    assert_true(out.complete);
    assert_int_equal(net.count, 10);
}

static void the_first_page_alone_is_asked_for_if_nobody_wants_more(void **state)
{
    (void)state;
    out.hold_at = 2;
    begin();
    answer(1, 20);
    fake_pass(&fake, 1000);
    assert_int_equal(net.count, 1);
}

static void cancelling_ends_all_pages(void **state)
{
    (void)state;
    begin();
    answer(1, 20);
    answer(3, 20);
    api_cancel(call);
    assert_string_equal(under_way(), "");
    fake_pass(&fake, 1000);
    assert_rows(2);
    assert_int_equal(out.dones, 0);
}

static void cancelling_from_inside_a_page_ends_all_pages(void **state)
{
    (void)state;
    out.cancel_at = 4;
    begin();
    answer(1, 20);
    answer(3, 20);
    answer(2, 20);
    assert_string_equal(under_way(), "");
    assert_rows(4);
    fake_pass(&fake, 1000);
    assert_int_equal(net.count, 3);
    assert_int_equal(out.dones, 0);
}

static void pages_abreast_leave_others_a_quarter_of_the_minute(void **state)
{
    unsigned page;

    (void)state;
    begin();
    for (page = 1; page <= 8; page++)
        answer(page, 60);
    assert_int_equal(net.count, MINUTE_LIMIT - MINUTE_LIMIT / 4);
    assert_string_equal(under_way(), "9 10 11 12");
    for (; page <= 12; page++)
        answer(page, 60);
    assert_string_equal(under_way(), "13"); /* one by one: as if there were no others abreast */
    answer(13, 60);
    assert_string_equal(under_way(), "14");
    answer(14, 60);
    answer(15, 60);
    answer(16, 60);
    assert_string_equal(under_way(), "");
    assert_int_equal(net.count, MINUTE_LIMIT);
    fake_pass(&fake, 61000);
    assert_string_equal(under_way(), "17");
    answer(17, 60);
    assert_string_equal(under_way(), "18 19 20 21");
}

static void a_person_s_request_waits_behind_one_page_at_most(void **state)
{
    ApiCall *one;
    unsigned page;

    (void)state;
    begin();
    for (page = 1; page <= 16; page++)
        answer(page, 60);
    assert_int_equal(net.count, MINUTE_LIMIT);
    assert_int_equal(api_get(api, API_READ, "x", on_one, NULL, &one), 0);
    fake_pass(&fake, 61000);
    assert_string_equal(net.calls[MINUTE_LIMIT].url, "https://api.test/v1/instances?limit=200&page=17");
    assert_string_equal(net.calls[MINUTE_LIMIT + 1].url, "https://api.test/v1/instances/x");
}

/* All that were abreast were refused, and wait again. */
static void a_person_s_request_waits_behind_one_page_at_most_after_a_429_too(void **state)
{
    ApiCall *one;

    (void)state;
    begin();
    answer(1, 20);
    answer(2, 20);
    for (unsigned page = 3; page <= 5; page++)
        fake_answer(&net, request_for(page), 429, "Retry-After: 5\r\n", "");
    assert_int_equal(api_get(api, API_READ, "x", on_one, NULL, &one), 0);
    fake_pass(&fake, 5000);
    assert_string_equal(net.calls[5].url, "https://api.test/v1/instances?limit=200&page=3");
    assert_string_equal(net.calls[6].url, "https://api.test/v1/instances/x");
    assert_string_equal(net.calls[7].url, "https://api.test/v1/instances?limit=200&page=4");
    assert_string_equal(net.calls[8].url, "https://api.test/v1/instances?limit=200&page=5");
}

static void a_page_whose_turn_comes_while_it_waits_goes_before_others(void **state)
{
    ApiCall *one;

    (void)state;
    begin();
    answer(1, 20);
    answer(2, 20);
    for (unsigned page = 4; page <= 5; page++)
        fake_answer(&net, request_for(page), 429, "Retry-After: 5\r\n", "");
    assert_int_equal(api_get(api, API_READ, "x", on_one, NULL, &one), 0);
    answer(3, 20);
    fake_pass(&fake, 5000);
    assert_string_equal(net.calls[5].url, "https://api.test/v1/instances?limit=200&page=4");
    assert_string_equal(net.calls[6].url, "https://api.test/v1/instances/x");
    assert_string_equal(net.calls[7].url, "https://api.test/v1/instances?limit=200&page=5");
}

static void without_memory_for_another_request_the_list_goes_on_with_those_it_has(void **state)
{
    (void)state;
    begin();
    answer(1, 20);
    net.start_code = -ERR_NO_MEMORY;
    answer(2, 20);
    net.start_code = 0;
    assert_string_equal(under_way(), "3");
    answer(3, 20);
    assert_int_equal(out.dones, 1); /* page 4 could not be sent, and its turn came */
    assert_int_equal(out.failure.code, -ERR_NO_MEMORY);
    assert_string_equal(under_way(), "");
}

#define PAGES_TEST(test)   cmocka_unit_test_setup_teardown(test, open_api, close_api)
#define LIMITED_TEST(test) cmocka_unit_test_setup_teardown(test, open_limited, close_api)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PAGES_TEST(up_to_four_pages_are_under_way_and_each_is_asked_for_once),
        PAGES_TEST(pages_are_handed_on_in_their_order),
        PAGES_TEST(a_total_that_changes_begins_anew_and_ends_those_under_way),
        PAGES_TEST(a_row_that_comes_twice_begins_anew),
        PAGES_TEST(a_page_that_fails_ends_the_list_when_its_turn_comes),
        PAGES_TEST(those_behind_a_page_that_fails_are_ended),
        PAGES_TEST(a_page_that_is_refused_as_such_begins_anew),
        PAGES_TEST(a_list_that_is_held_keeps_what_comes_and_asks_for_no_more),
        PAGES_TEST(the_first_page_alone_is_asked_for_if_nobody_wants_more),
        PAGES_TEST(cancelling_ends_all_pages),
        PAGES_TEST(cancelling_from_inside_a_page_ends_all_pages),
        LIMITED_TEST(pages_abreast_leave_others_a_quarter_of_the_minute),
        LIMITED_TEST(a_person_s_request_waits_behind_one_page_at_most),
        PAGES_TEST(a_person_s_request_waits_behind_one_page_at_most_after_a_429_too),
        PAGES_TEST(a_page_whose_turn_comes_while_it_waits_goes_before_others),
        PAGES_TEST(without_memory_for_another_request_the_list_goes_on_with_those_it_has),
    };

    return cmocka_run_group_tests(tests, make_file, remove_file);
}
