/* The operations of the API over a net that answers what the test says. */
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

#define REFUSED "{\"error\":{\"code\":\"unauthorized\",\"message\":\"No\",\"request_id\":\"req_1\"}}"
#define ONE     "{\"id\":\"ins_1\",\"name\":\"a\"}"

enum { MINUTE_LIMIT = 120 };

typedef struct Outcome {
    int dones;
    bool complete;
    Failure failure; /* code 0: none */
    char id[64];     /* of the resource; "" if there was none */
    size_t rows;
    unsigned restarts;
    ApiCall *cancel_in_page;
} Outcome;

static FakeClock fake;
static FakeNet net;
static Random chance = {.next = fake_next};
static char path[] = "/tmp/test_api_calls.XXXXXX";
static Api *api;
static Outcome out;

static void write_token(const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static int open_api(void **state)
{
    const ApiConfig config = {.endpoint = "https://api.test",
                              .version = "2026-01-15",
                              .token = {.file = path, .named = "token_file=THERE"},
                              .timeout_ms = 30000,
                              .wait_ms = 90000,
                              .per_minute = MINUTE_LIMIT};
    Failure failure;

    (void)state;
    fake_clock_init(&fake);
    fake_net_init(&net);
    memset(&out, 0, sizeof out);
    write_token("one");
    return api_new(&config, &net.net, &fake.clock, &chance, fsio_system(), &api, &failure);
}

static int close_api(void **state)
{
    (void)state;
    api_free(api);
    return 0;
}

static void on_one(void *ctx, const Failure *failure, const ApiAnswer *answer)
{
    Resource *resource = answer ? answer->resource : NULL;
    Outcome *outcome = ctx;

    outcome->dones++;
    outcome->failure = failure ? *failure : (Failure){0};
    snprintf(outcome->id, sizeof outcome->id, "%s", resource ? resource_id(resource) : "");
}

static void on_page(void *ctx, Resource *const *rows, size_t count)
{
    Outcome *outcome = ctx;

    (void)rows;
    outcome->rows += count;
    outcome->restarts += count == 0;
    if (outcome->cancel_in_page)
        api_cancel(outcome->cancel_in_page);
}

static void on_list(void *ctx, const Failure *failure, bool complete)
{
    Outcome *outcome = ctx;

    outcome->dones++;
    outcome->failure = failure ? *failure : (Failure){0};
    outcome->complete = complete;
}

/* A call that has ended is not its caller's any more. */
static void assert_all_are_out(void)
{
    assert_int_equal(out.failure.code, 0);
    assert_int_equal(out.dones, 0);
}

static void assert_sent(unsigned index, const char *method, const char *url)
{
    assert_true(index < net.count);
    assert_string_equal(net.calls[index].method, method);
    assert_string_equal(net.calls[index].url, url);
}

static void each_operation_asks_as_the_api_wants_it(void **state)
{
    ApiCall *call;

    (void)state;
    assert_int_equal(api_get(api, API_READ, "ins/1", on_one, &out, &call), 0);
    assert_int_equal(net.count, 0);
    assert_int_equal(api_create(api, span_of("{\"name\":\"a\",\"size\":\"s\"}"), on_one, &out, &call), 0);
    assert_int_equal(api_create(api, span_of("{\"name\":\"a\",\"profile\":\"c4\"}"), on_one, &out, &call), 0);
    assert_int_equal(api_update(api, "ins_1", span_of("{\"size\":\"l\"}"), "\"v1\"", on_one, &out, &call), 0);
    assert_int_equal(api_delete(api, "ins_1", on_one, &out, &call), 0);
    fake_pass(&fake, 0);
    assert_int_equal(net.count, 5); /* changes go first */
    assert_sent(0, "POST", "https://api.test/v1/instances");
    assert_sent(1, "POST", "https://api.test/v1/compute/instances");
    assert_sent(2, "PATCH", "https://api.test/v1/instances/ins_1");
    assert_sent(3, "DELETE", "https://api.test/v1/instances/ins_1");
    assert_sent(4, "GET", "https://api.test/v1/instances/ins%2F1");
    assert_string_equal(net.calls[4].authorization, "Bearer one");
    assert_int_equal(strlen(net.calls[0].key), 36);
    assert_string_not_equal(net.calls[0].key, net.calls[1].key);
    assert_string_equal(net.calls[2].key, "");
    assert_string_equal(net.calls[2].if_match, "\"v1\"");
    assert_string_equal(net.calls[2].body, "{\"size\":\"l\"}");
    assert_true(net.calls[0].fresh && net.calls[2].fresh);
    assert_false(net.calls[4].fresh);
}

static void ids_that_would_name_the_collection_are_refused(void **state)
{
    ApiCall *call;

    (void)state;
    assert_int_equal(api_delete(api, "", on_one, &out, &call), -ERR_INVALID);
    assert_int_equal(api_delete(api, ".", on_one, &out, &call), -ERR_INVALID);
    assert_int_equal(api_get(api, API_READ, "..", on_one, &out, &call), -ERR_INVALID);
    fake_pass(&fake, 1000);
    assert_int_equal(net.count, 0);
    assert_int_equal(out.dones, 0);
}

static void a_create_is_sent_once_whatever_becomes_of_it(void **state)
{
    ApiCall *call;

    (void)state;
    assert_int_equal(api_create(api, span_of("{\"name\":\"a\"}"), on_one, &out, &call), 0);
    fake_pass(&fake, 0);
    fake_break(&net, 0, -ERR_TIMEOUT, true);
    assert_int_equal(out.failure.code, -ERR_UNSETTLED);
    assert_int_equal(out.failure.sent, FAILURE_UNKNOWN);
    assert_int_equal(api_create(api, span_of("{\"name\":\"a\"}"), on_one, &out, &call), 0);
    fake_pass(&fake, 0);
    fake_answer(&net, 1, 503, "", "");
    assert_int_equal(out.failure.code, -ERR_UNSETTLED);
    assert_int_equal(api_create(api, span_of("{\"name\":\"a\"}"), on_one, &out, &call), 0);
    fake_pass(&fake, 0);
    fake_break(&net, 2, -ERR_REFUSED, false);
    assert_int_equal(out.failure.code, -ERR_REFUSED);
    assert_int_equal(out.failure.sent, FAILURE_NOT_SENT);
    fake_pass(&fake, 3600000);
    assert_int_equal(net.count, 3);
    assert_int_equal(out.dones, 3);
}

/* The proof of a new token: call number `index`. */
static void is_proof(unsigned index, const char *authorization)
{
    assert_int_equal(net.count, index + 1);
    assert_string_equal(net.calls[index].method, "GET");
    assert_string_equal(net.calls[index].url, "https://api.test/v1/projects?limit=1");
    assert_string_equal(net.calls[index].authorization, authorization);
}

static void a_new_token_is_proved_once_for_all_who_were_refused(void **state)
{
    ApiCall *call;

    (void)state;
    assert_int_equal(api_create(api, span_of("{\"name\":\"a\"}"), on_one, &out, &call), 0);
    assert_int_equal(api_get(api, API_READ, "ins_1", on_one, &out, &call), 0);
    fake_pass(&fake, 0);
    write_token("two");
    fake_answer(&net, 0, 401, "", REFUSED);
    fake_answer(&net, 1, 401, "", REFUSED);
    assert_int_equal(out.dones, 0);
    fake_pass(&fake, 0);
    is_proof(2, "Bearer two");
    fake_answer(&net, 2, 200, "", "{\"data\":[],\"next_cursor\":null}");
    fake_pass(&fake, 0);
    assert_int_equal(net.count, 5);
    assert_string_equal(net.calls[3].authorization, "Bearer two");
    assert_string_equal(net.calls[4].authorization, "Bearer two");
    assert_string_equal(net.calls[3].key, net.calls[0].key);
    fake_answer(&net, 3, 201, "", ONE);
    fake_answer(&net, 4, 200, "", ONE);
    assert_string_equal(out.id, "ins_1");
    assert_int_equal(out.dones, 2);
}

static void a_request_is_sent_again_for_so_many_new_tokens_and_no_more(void **state)
{
    static const char *const tokens[] = {"two", "three", "four", "five"};
    ApiCall *call;

    (void)state;
    assert_int_equal(api_create(api, span_of("{\"name\":\"a\"}"), on_one, &out, &call), 0);
    fake_pass(&fake, 0);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(out.dones, 0);
        write_token(tokens[i]);
        fake_answer(&net, 2 * i, 401, "", REFUSED);
        fake_pass(&fake, 0);
        fake_answer(&net, 2 * i + 1, 200, "", "{\"data\":[]}");
        fake_pass(&fake, 0);
    }
    assert_int_equal(out.failure.code, -ERR_TOKEN);
    assert_int_equal(out.dones, 1);
    assert_int_equal(net.count, 8);
}

static void who_waits_for_a_new_token_may_leave(void **state)
{
    ApiCall *create, *get;

    (void)state;
    assert_int_equal(api_create(api, span_of("{\"name\":\"a\"}"), on_one, &out, &create), 0);
    assert_int_equal(api_get(api, API_READ, "ins_1", on_one, &out, &get), 0);
    fake_pass(&fake, 0);
    write_token("two");
    fake_answer(&net, 0, 401, "", REFUSED);
    fake_answer(&net, 1, 401, "", REFUSED);
    fake_pass(&fake, 0);
    assert_all_are_out();
    api_cancel(get);
    assert_true(api_retract(create)); /* it was refused, so nothing of it was done */
    fake_answer(&net, 2, 200, "", "{\"data\":[]}");
    fake_pass(&fake, 0);
    assert_int_equal(net.count, 3);
    assert_int_equal(out.dones, 0);
}

static void a_token_that_the_api_repeats_is_hidden(void **state)
{
    ApiCall *call;

    (void)state;
    assert_int_equal(api_get(api, API_READ, "ins_1", on_one, &out, &call), 0);
    fake_pass(&fake, 0);
    fake_answer(&net, 0, 401, "", "{\"error\":{\"code\":\"one\",\"message\":\"Not one.\",\"request_id\":\"req_one\"}}");
    assert_string_equal(out.failure.api_code, "***");
    assert_non_null(strstr(out.failure.message, "Not ***."));
    assert_string_equal(out.failure.request_id, "req_***");
}

static void while_the_token_is_latched_nothing_is_sent(void **state)
{
    ApiStats stats;
    ApiCall *call;

    (void)state;
    assert_int_equal(api_get(api, API_READ, "ins_1", on_one, &out, &call), 0);
    fake_pass(&fake, 0);
    fake_answer(&net, 0, 401, "", REFUSED);
    assert_int_equal(out.failure.code, -ERR_TOKEN);
    assert_non_null(strstr(out.failure.mend, "token_file=THERE"));
    for (int i = 0; i < 5; i++) {
        assert_int_equal(api_get(api, API_READ, "ins_1", on_one, &out, &call), 0);
        fake_pass(&fake, 1000);
    }
    assert_int_equal(net.count, 1);
    assert_int_equal(out.dones, 6);
    assert_int_equal(out.failure.sent, FAILURE_NOT_SENT);
    api_stats(api, &stats);
    assert_true(stats.token_latched);
    assert_int_equal(stats.requests, 1);
    write_token("two");
    fake_pass(&fake, 1000);
    assert_int_equal(api_get(api, API_READ, "ins_1", on_one, &out, &call), 0);
    fake_pass(&fake, 0);
    is_proof(1, "Bearer two");
}

static void a_429_holds_all_and_is_sent_again(void **state)
{
    ApiCall *call, *other;

    (void)state;
    assert_int_equal(api_create(api, span_of("{\"name\":\"a\"}"), on_one, &out, &call), 0);
    fake_pass(&fake, 0);
    fake_answer(&net, 0, 429, "HTTP/1.1 429 X\r\nRetry-After: 5\r\n\r\n", REFUSED);
    assert_int_equal(api_get(api, API_READ, "ins_1", on_one, &out, &other), 0);
    fake_pass(&fake, 4999);
    assert_int_equal(net.count, 1);
    assert_all_are_out();
    assert_int_equal(api_line_ms(other), 4999);
    fake_pass(&fake, 1);
    assert_int_equal(net.count, 3);
    fake_answer(&net, 1, 201, "", ONE);
    fake_answer(&net, 2, 200, "", ONE);
    assert_int_equal(out.dones, 2);
}

static void a_429_that_lasts_too_long_is_an_error_with_the_api_s_words(void **state)
{
    ApiCall *call;

    (void)state;
    assert_int_equal(api_get(api, API_READ, "ins_1", on_one, &out, &call), 0);
    fake_pass(&fake, 0);
    fake_answer(&net, 0, 429, "HTTP/1.1 429 X\r\nRetry-After: 1000000000\r\n\r\n", REFUSED);
    assert_int_equal(out.dones, 0);
    fake_pass(&fake, 0);
    assert_int_equal(out.failure.code, -ERR_LIMITED);
    assert_int_equal(out.failure.http_status, 429);
    assert_string_equal(out.failure.request_id, "req_1");
    assert_non_null(strstr(out.failure.mend, "3600 s"));
    assert_int_equal(api_get(api, API_READ, "ins_1", on_one, &out, &call), 0);
    fake_pass(&fake, 0);
    assert_int_equal(out.failure.code, -ERR_LIMITED);
    assert_int_equal(out.failure.sent, FAILURE_NOT_SENT);
    assert_int_equal(net.count, 1);
}

static void cancelled_calls_are_never_heard_of(void **state)
{
    ApiCall *waiting, *reading, *changing;
    ApiStats stats;

    (void)state;
    assert_int_equal(api_get(api, API_READ, "ins_1", on_one, &out, &waiting), 0);
    api_cancel(waiting);
    fake_pass(&fake, 0);
    assert_int_equal(net.count, 0);
    assert_int_equal(api_get(api, API_READ, "ins_1", on_one, &out, &reading), 0);
    assert_int_equal(api_delete(api, "ins_1", on_one, &out, &changing), 0);
    fake_pass(&fake, 0);
    assert_all_are_out();
    api_cancel(reading);
    api_cancel(changing);
    assert_true(net.calls[1].cancelled);
    assert_false(net.calls[0].cancelled); /* a change goes on */
    fake_answer(&net, 0, 429, "HTTP/1.1 429 X\r\nRetry-After: 0\r\n\r\n", REFUSED);
    fake_pass(&fake, 10000);
    assert_int_equal(net.count, 2); /* but is not begun anew */
    assert_int_equal(out.dones, 0);
    api_stats(api, &stats);
    assert_int_equal(stats.in_flight, 0);
    api_cancel(NULL);
}

static void a_change_can_be_taken_back_until_it_is_sent(void **state)
{
    ApiCall *call;

    (void)state;
    assert_int_equal(api_delete(api, "ins_1", on_one, &out, &call), 0);
    assert_true(api_retract(call));
    fake_pass(&fake, 0);
    assert_int_equal(net.count, 0);
    assert_int_equal(api_delete(api, "ins_1", on_one, &out, &call), 0);
    fake_pass(&fake, 0);
    assert_all_are_out();
    assert_false(api_retract(call));
    fake_answer(&net, 0, 204, "", "");
    assert_int_equal(out.dones, 1);
    assert_int_equal(out.failure.code, 0);
}

static void a_list_goes_page_by_page(void **state)
{
    ApiCall *call;

    (void)state;
    assert_int_equal(api_list_instances(api, API_READ, on_page, on_list, &out, &call), 0);
    fake_pass(&fake, 0);
    assert_sent(0, "GET", "https://api.test/v1/instances?limit=200");
    fake_answer(&net, 0, 200, "", "{\"data\":[" ONE ",{\"id\":\"b\"}],\"next_cursor\":\"x y\"}");
    assert_int_equal(out.rows, 2);
    fake_pass(&fake, 0);
    assert_sent(1, "GET", "https://api.test/v1/instances?limit=200&cursor=x%20y");
    fake_answer(&net, 1, 200, "", "{\"data\":[{\"id\":\"c\"}],\"next_cursor\":null}");
    assert_int_equal(out.rows, 3);
    assert_int_equal(out.dones, 1);
    assert_true(out.complete);
}

static void a_list_that_fails_on_the_way_is_not_complete(void **state)
{
    ApiCall *call;

    (void)state;
    assert_int_equal(api_list_instances(api, API_READ, on_page, on_list, &out, &call), 0);
    fake_pass(&fake, 0);
    fake_answer(&net, 0, 200, "", "{\"data\":[" ONE "],\"next_cursor\":\"x\"}");
    fake_pass(&fake, 0);
    for (unsigned attempt = 1; attempt <= 3; attempt++) {
        fake_answer(&net, attempt, 503, "", "");
        fake_pass(&fake, 1000);
    }
    assert_int_equal(net.count, 4);
    assert_int_equal(out.failure.code, -ERR_REMOTE);
    assert_false(out.complete);
}

static void a_list_whose_cursor_is_refused_begins_anew_twice(void **state)
{
    static const char page[] = "{\"data\":[" ONE "],\"next_cursor\":\"x\"}";
    ApiCall *call;

    (void)state;
    assert_int_equal(api_list_instances(api, API_READ, on_page, on_list, &out, &call), 0);
    for (unsigned run = 0; run < 3; run++) {
        fake_pass(&fake, 0);
        assert_sent(2 * run, "GET", "https://api.test/v1/instances?limit=200");
        fake_answer(&net, 2 * run, 200, "", page);
        fake_pass(&fake, 0);
        assert_int_equal(out.dones, 0);
        fake_answer(&net, 2 * run + 1, 400, "", REFUSED);
    }
    assert_int_equal(out.dones, 1);
    assert_int_equal(out.restarts, 2);
    assert_int_equal(out.failure.code, -ERR_REMOTE);
    assert_false(out.complete);
    assert_int_equal(api_list_instances(api, API_READ, on_page, on_list, &out, &call), 0);
    fake_pass(&fake, 0);
    fake_answer(&net, 6, 400, "", REFUSED); /* not for the cursor's sake */
    assert_int_equal(out.failure.code, -ERR_INVALID);
}

static void a_read_that_fails_for_a_reason_that_may_pass_is_sent_again(void **state)
{
    ApiStats stats;
    ApiCall *call;

    (void)state;
    assert_int_equal(api_get(api, API_READ, "ins_1", on_one, &out, &call), 0);
    fake_pass(&fake, 0);
    assert_false(net.calls[0].fresh);
    fake_break(&net, 0, -ERR_REMOTE, true);
    fake_pass(&fake, 250);
    assert_int_equal(net.count, 2);
    assert_false(net.calls[1].fresh); /* it shares a connection: net leaves the one that may be dead */
    fake_answer(&net, 1, 503, "", "");
    fake_pass(&fake, 500);
    assert_int_equal(net.count, 3);
    assert_false(net.calls[2].fresh);
    assert_true(net.calls[2].timeout_ms < 30000);
    assert_int_equal(out.dones, 0);
    fake_answer(&net, 2, 200, "", ONE);
    assert_int_equal(out.dones, 1);
    assert_string_equal(out.id, "ins_1");
    api_stats(api, &stats);
    assert_int_equal(stats.retries, 2);
    assert_int_equal(stats.in_flight, 0);
}

static void a_server_in_trouble_may_ask_for_a_longer_pause(void **state)
{
    ApiCall *call;

    (void)state;
    assert_int_equal(api_get(api, API_READ, "ins_1", on_one, &out, &call), 0);
    fake_pass(&fake, 0);
    fake_answer(&net, 0, 503, "HTTP/1.1 503 X\r\nRetry-After: 7\r\n\r\n", "");
    fake_pass(&fake, 6999);
    assert_int_equal(net.count, 1);
    fake_pass(&fake, 1);
    assert_int_equal(net.count, 2);
    fake_answer(&net, 1, 503, "HTTP/1.1 503 X\r\nRetry-After: 60\r\n\r\n", ""); /* more than there is time for */
    assert_int_equal(out.dones, 1);
    assert_int_equal(out.failure.code, -ERR_REMOTE);
}

static void a_delete_that_is_not_answered_is_sent_again_and_gone_is_success(void **state)
{
    ApiCall *call;

    (void)state;
    assert_int_equal(api_delete(api, "ins_1", on_one, &out, &call), 0);
    fake_pass(&fake, 0);
    assert_int_equal(net.calls[0].timeout_ms, 15000);
    fake_pass(&fake, 15000);
    fake_break(&net, 0, -ERR_TIMEOUT, true);
    assert_all_are_out();
    assert_false(api_retract(call)); /* it may have been done */
    fake_pass(&fake, 250);
    assert_int_equal(net.count, 2);
    assert_false(net.calls[1].fresh);
    assert_in_range(net.calls[1].timeout_ms, 14750, 15000);
    fake_answer(&net, 1, 404, "", "{\"error\":{\"code\":\"not_found\",\"message\":\"No\"}}");
    assert_int_equal(out.dones, 1);
    assert_int_equal(out.failure.code, 0);
}

static void a_pause_is_left_by_whoever_gives_up(void **state)
{
    ApiCall *call;

    (void)state;
    assert_int_equal(api_get(api, API_READ, "ins_1", on_one, &out, &call), 0);
    fake_pass(&fake, 0);
    fake_break(&net, 0, -ERR_REFUSED, false);
    assert_all_are_out();
    api_cancel(call);
    fake_pass(&fake, 10000);
    assert_int_equal(net.count, 1);
    assert_int_equal(fake_timers_running(&fake), 0);
    assert_int_equal(out.dones, 0);
}

/* So many that no further call goes out for a while. */
static void break_five_creates(int code, bool sent)
{
    ApiCall *call;

    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(api_create(api, span_of("{\"name\":\"a\"}"), on_one, &out, &call), 0);
        fake_pass(&fake, 0);
        fake_break(&net, i, code, sent);
    }
}

static void an_api_that_cannot_be_reached_is_left_alone_and_found_again(void **state)
{
    ApiStats stats;
    ApiCall *call;

    (void)state;
    break_five_creates(-ERR_ROUTE, false);
    api_stats(api, &stats);
    assert_true(stats.unreachable);
    assert_int_equal(api_create(api, span_of("{\"name\":\"a\"}"), on_one, &out, &call), 0);
    fake_pass(&fake, 0);
    assert_int_equal(net.count, 5);
    assert_int_equal(out.dones, 6);
    assert_int_equal(out.failure.code, -ERR_ROUTE);
    assert_int_equal(out.failure.sent, FAILURE_NOT_SENT);
    assert_non_null(strstr(out.failure.message, "tried again in 1 s"));
    fake_pass(&fake, 1000);
    assert_int_equal(api_get(api, API_READ, "ins_1", on_one, &out, &call), 0);
    fake_pass(&fake, 0);
    assert_int_equal(net.count, 6);
    fake_answer(&net, 5, 200, "", ONE);
    assert_int_equal(out.failure.code, 0);
    api_stats(api, &stats);
    assert_false(stats.unreachable);
}

static void a_call_that_was_let_try_and_could_not_be_sent_leaves_that_to_the_next(void **state)
{
    ApiCall *call;

    (void)state;
    break_five_creates(-ERR_ROUTE, false);
    fake_pass(&fake, 1000);
    net.start_code = -ERR_NO_MEMORY;
    assert_int_equal(api_get(api, API_READ, "ins_1", on_one, &out, &call), 0);
    fake_pass(&fake, 0);
    assert_int_equal(out.failure.code, -ERR_NO_MEMORY);
    assert_int_equal(out.failure.sent, FAILURE_NOT_SENT);
    net.start_code = 0;
    assert_int_equal(api_get(api, API_READ, "ins_1", on_one, &out, &call), 0);
    fake_pass(&fake, 0);
    assert_int_equal(net.count, 6);
    fake_answer(&net, 5, 200, "", ONE);
    assert_int_equal(out.failure.code, 0);
}

/* One connection carries them all, and broke. */
static void calls_that_are_cut_off_together_are_one_failure(void **state)
{
    ApiStats stats;
    ApiCall *call;

    (void)state;
    for (unsigned i = 0; i < 8; i++)
        assert_int_equal(api_get(api, API_READ, "ins_1", on_one, &out, &call), 0);
    fake_pass(&fake, 1);
    for (unsigned i = 0; i < 8; i++)
        fake_break(&net, i, -ERR_REMOTE, true);
    fake_pass(&fake, 250);
    assert_int_equal(net.count, 16);
    for (unsigned i = 8; i < 16; i++)
        fake_answer(&net, i, 200, "", ONE);
    assert_int_equal(out.dones, 8);
    assert_int_equal(out.failure.code, 0);
    api_stats(api, &stats);
    assert_false(stats.unreachable);
}

static void a_create_that_is_in_doubt_puts_no_other_call_in_doubt(void **state)
{
    ApiCall *call;

    (void)state;
    break_five_creates(-ERR_TIMEOUT, true);
    assert_int_equal(out.failure.code, -ERR_UNSETTLED);
    assert_int_equal(api_update(api, "ins_1", span_of("{\"size\":\"s\"}"), NULL, on_one, &out, &call), 0);
    fake_pass(&fake, 0);
    assert_int_equal(net.count, 5);
    assert_int_equal(out.dones, 6);
    assert_int_equal(out.failure.code, -ERR_TIMEOUT);
    assert_int_equal(out.failure.sent, FAILURE_NOT_SENT);
}

static void what_is_refused_names_the_request_that_failed_last(void **state)
{
    ApiCall *call;

    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(api_create(api, span_of("{\"name\":\"a\"}"), on_one, &out, &call), 0);
        fake_pass(&fake, 0);
        fake_cut(&net, i, -ERR_REMOTE, true,
                 i == 4 ? "HTTP/1.1 200 OK\r\nX-Request-Id: req_last\r\n\r\n"
                        : "HTTP/1.1 200 OK\r\nX-Request-Id: req_first\r\n\r\n");
    }
    assert_int_equal(api_get(api, API_READ, "ins_1", on_one, &out, &call), 0);
    fake_pass(&fake, 0);
    assert_int_equal(net.count, 5);
    assert_int_equal(out.failure.sent, FAILURE_NOT_SENT);
    assert_string_equal(out.failure.request_id, "req_last");
}

static void what_the_api_has_counted_for_others_counts(void **state)
{
    ApiStats stats;
    ApiCall *call;

    (void)state;
    assert_int_equal(api_get(api, API_READ, "ins_1", on_one, &out, &call), 0);
    fake_pass(&fake, 0);
    fake_answer(&net, 0, 200, "HTTP/1.1 200 OK\r\nX-RateLimit-Remaining: 3\r\nX-RateLimit-Reset: 10\r\n\r\n", ONE);
    api_stats(api, &stats);
    assert_int_equal(stats.minute_used, MINUTE_LIMIT - 3);
    assert_int_equal(api_get(api, API_READ, "ins_1", on_one, &out, &call), 0);
    fake_pass(&fake, 0);
    fake_answer(&net, 1, 200, "HTTP/1.1 200 OK\r\nX-RateLimit-Remaining: 100\r\nX-RateLimit-Reset: 10\r\n\r\n", ONE);
    api_stats(api, &stats);
    assert_int_equal(stats.minute_used, MINUTE_LIMIT - 2); /* it never gives back */
    fake_pass(&fake, 10200);
    api_stats(api, &stats);
    assert_int_equal(stats.minute_used, 2);
}

static void a_list_that_is_not_found_is_a_failure_of_the_api(void **state)
{
    ApiCall *call;

    (void)state;
    assert_int_equal(api_list_instances(api, API_READ, on_page, on_list, &out, &call), 0);
    fake_pass(&fake, 0);
    fake_answer(&net, 0, 404, "", REFUSED);
    assert_int_equal(out.failure.code, -ERR_REMOTE);
    assert_string_equal(out.failure.request_id, "req_1");
    assert_true(out.failure.mend[0] != '\0');
    assert_false(out.complete);
}

static void a_list_without_an_end_names_the_request_that_showed_it(void **state)
{
    static const char page[] = "{\"data\":[" ONE "],\"next_cursor\":\"x\"}";
    ApiCall *call;

    (void)state;
    assert_int_equal(api_list_instances(api, API_READ, on_page, on_list, &out, &call), 0);
    fake_pass(&fake, 0);
    fake_answer(&net, 0, 200, "X-Request-Id: req_7\r\n", page);
    fake_pass(&fake, 0);
    fake_answer(&net, 1, 200, "X-Request-Id: req_8\r\n", page);
    assert_int_equal(out.failure.code, -ERR_REMOTE);
    assert_string_equal(out.failure.request_id, "req_8");
    assert_false(out.complete);
}

static void a_list_can_be_cancelled_from_its_page(void **state)
{
    (void)state;
    assert_int_equal(api_list_instances(api, API_READ, on_page, on_list, &out, &out.cancel_in_page), 0);
    fake_pass(&fake, 0);
    fake_answer(&net, 0, 200, "", "{\"data\":[" ONE "],\"next_cursor\":\"x\"}");
    fake_pass(&fake, 1000);
    assert_int_equal(out.rows, 1);
    assert_int_equal(net.count, 1);
    assert_int_equal(out.dones, 0);
}

static void an_api_without_projects_has_one(void **state)
{
    ApiCall *call;

    (void)state;
    assert_int_equal(api_list_projects(api, API_READ, on_page, on_list, &out, &call), 0);
    fake_pass(&fake, 0);
    fake_answer(&net, 0, 404, "", REFUSED);
    assert_int_equal(out.rows, 1);
    assert_true(out.complete);
    assert_int_equal(api_list_projects(api, API_READ, on_page, on_list, &out, &call), 0);
    fake_pass(&fake, 0);
    fake_answer(&net, 1, 404, "", "<html>"); /* says nothing of projects */
    assert_int_equal(out.failure.code, -ERR_REMOTE);
    assert_false(out.complete);
}

static void what_cannot_be_a_mount_is_refused(void **state)
{
    static const struct {
        const char *endpoint, *version;
    } rows[] = {{"http://api.test", "1"},   {"https://", "1"},    {"https://a b", "1"},
                {"https://a", "1\r\nX: y"}, {"https://a", "1 2"}, {"https://a", ""}};
    Failure failure;
    Api *none;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const ApiConfig config = {
            .endpoint = rows[i].endpoint, .version = rows[i].version, .token = {.value = "one", .named = "$X"}};

        assert_int_equal(api_new(&config, &net.net, &fake.clock, &chance, fsio_system(), &none, &failure),
                         -ERR_INVALID);
    }
}

static int make_file(void **state)
{
    int fd = mkstemp(path);

    (void)state;
    return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

#define API_TEST(function) cmocka_unit_test_setup_teardown(function, open_api, close_api)

int main(void)
{
    const struct CMUnitTest tests[] = {
        API_TEST(each_operation_asks_as_the_api_wants_it),
        API_TEST(ids_that_would_name_the_collection_are_refused),
        API_TEST(a_create_is_sent_once_whatever_becomes_of_it),
        API_TEST(a_new_token_is_proved_once_for_all_who_were_refused),
        API_TEST(a_request_is_sent_again_for_so_many_new_tokens_and_no_more),
        API_TEST(who_waits_for_a_new_token_may_leave),
        API_TEST(a_token_that_the_api_repeats_is_hidden),
        API_TEST(while_the_token_is_latched_nothing_is_sent),
        API_TEST(a_429_holds_all_and_is_sent_again),
        API_TEST(a_429_that_lasts_too_long_is_an_error_with_the_api_s_words),
        API_TEST(cancelled_calls_are_never_heard_of),
        API_TEST(a_change_can_be_taken_back_until_it_is_sent),
        API_TEST(a_list_goes_page_by_page),
        API_TEST(a_list_that_fails_on_the_way_is_not_complete),
        API_TEST(a_list_whose_cursor_is_refused_begins_anew_twice),
        API_TEST(a_read_that_fails_for_a_reason_that_may_pass_is_sent_again),
        API_TEST(a_server_in_trouble_may_ask_for_a_longer_pause),
        API_TEST(a_delete_that_is_not_answered_is_sent_again_and_gone_is_success),
        API_TEST(a_pause_is_left_by_whoever_gives_up),
        API_TEST(an_api_that_cannot_be_reached_is_left_alone_and_found_again),
        API_TEST(a_call_that_was_let_try_and_could_not_be_sent_leaves_that_to_the_next),
        API_TEST(calls_that_are_cut_off_together_are_one_failure),
        API_TEST(a_create_that_is_in_doubt_puts_no_other_call_in_doubt),
        API_TEST(what_is_refused_names_the_request_that_failed_last),
        API_TEST(what_the_api_has_counted_for_others_counts),
        API_TEST(a_list_that_is_not_found_is_a_failure_of_the_api),
        API_TEST(a_list_without_an_end_names_the_request_that_showed_it),
        API_TEST(a_list_can_be_cancelled_from_its_page),
        API_TEST(an_api_without_projects_has_one),
        API_TEST(what_cannot_be_a_mount_is_refused),
    };

    return cmocka_run_group_tests(tests, make_file, remove_file);
}
