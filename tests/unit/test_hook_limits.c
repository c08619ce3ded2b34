/* What senders may cost the receiver: bytes, time and connections. */
#include "test_hook_steps.h"

#define SIGNATURE "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"

static const char head[] = "POST /hooks HTTP/1.1\r\nHost: here\r\n";

/* A text of so many bytes around what is given; the caller's to free. */
static char *text_of(const char *begin, size_t filling, const char *end, size_t *ret_count)
{
    size_t first = strlen(begin), last = strlen(end);
    char *text = malloc(first + filling + last);

    assert_non_null(text);
    memcpy(text, begin, first);
    memset(text + first, 'x', filling);
    memcpy(text + first + filling, end, last);
    *ret_count = first + filling + last;
    return text;
}

static int ask_filled(const char *begin, size_t filling, const char *end)
{
    size_t count;
    char *text = text_of(begin, filling, end, &count);
    int status = ask(text, count);

    free(text);
    return status;
}

/* Its headers alone are answered: the body is not waited for. */
static void a_length_over_the_cap_is_refused_at_once(void **state)
{
    char *text;

    (void)state;
    begin();
    assert_true(asprintf(&text, "%sContent-Length: %d\r\n\r\n", head, HOOK_BODY_BYTES_MAX + 1) > 0);
    assert_int_equal(ask(text, strlen(text)), 413);
    free(text);
    assert_true(asprintf(&text, "%sContent-Length: 999999999999999999\r\n\r\n", head) > 0);
    assert_int_equal(ask(text, strlen(text)), 413);
    free(text);
    assert_int_equal(stats().refused[HOOK_REFUSED_SIZE], 2);
    end();
}

static void a_body_over_the_cap_is_refused_however_it_is_sent(void **state)
{
    char *begin_text;

    (void)state;
    begin();
    assert_true(asprintf(&begin_text, "%sContent-Length: %d\r\n\r\n", head, 300 << 10) > 0);
    assert_int_equal(ask_filled(begin_text, 300 << 10, ""), 413);
    free(begin_text);
    assert_true(asprintf(&begin_text, "%sX-Signature: %064d\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n", head, 0,
                         300 << 10) > 0);
    assert_int_equal(ask_filled(begin_text, 300 << 10, "\r\n0\r\n\r\n"), 413);
    free(begin_text);
    assert_int_equal(stats().refused[HOOK_REFUSED_SIZE], 2);
    end();
}

static void a_body_of_the_cap_is_taken(void **state)
{
    char *body, *text;
    size_t count;

    (void)state;
    begin();
    body = text_of(event_of("evt_1"), 0, "", &count);
    text = calloc(1, HOOK_BODY_BYTES_MAX + 1);
    assert_non_null(text);
    memset(text, ' ', HOOK_BODY_BYTES_MAX);
    memcpy(text, body, count);
    assert_int_equal(post(text), 200);
    free(text);
    free(body);
    end();
}

/* What goes on for ever is dropped, and then cut. */
static void a_body_without_end_is_cut(void **state)
{
    char *begin_text;

    (void)state;
    begin();
    assert_true(asprintf(&begin_text, "%sTransfer-Encoding: chunked\r\n\r\n7fffffff\r\n", head) > 0);
    assert_int_equal(ask_filled(begin_text, 8 << 20, ""), 0);
    assert_int_equal(stats().connections, 0);
    free(begin_text);
    end();
}

static void headers_have_a_cap(void **state)
{
    char *begin_text;

    (void)state;
    begin();
    assert_true(asprintf(&begin_text, "%sX-Filling: ", head) > 0);
    assert_int_equal(ask_filled(begin_text, HOOK_HEAD_BYTES_MAX, "\r\n\r\n"), 431);
    free(begin_text);
    assert_int_equal(stats().received, 0);
    end();
}

static void what_is_no_http_is_refused(void **state)
{
    static const char *const texts[] = {"\r\n\r\n\r\n", "hello\r\n\r\n", "\x16\x03\x01\x02\x01\x01\r\n\r\n",
                                        "POST /hooks HTTP/9.9\r\n\r\n",
                                        "POST /hooks HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n"};

    (void)state;
    begin_for(SHORT_MS);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        int status = ask(texts[i], strlen(texts[i]));

        assert_true(status == 0 || status == 400 || status == 505);
    }
    assert_int_equal(on.events, 0);
    assert_int_equal(post(event_of("evt_1")), 200);
    end();
}

/* A byte every now and then, for ever, so that no pause is long. */
static void dribble(Sender *sender)
{
    struct pollfd poll_fd = {.fd = sender->fd, .events = POLLIN};

    send_all(sender);
    while (poll(&poll_fd, 1, 20) == 0 && send(sender->fd, "x", 1, MSG_NOSIGNAL) == 1)
        ;
    read_answer(sender);
}

static void a_sender_that_dribbles_is_cut_when_its_time_is_up(void **state)
{
    static const char *const begins[] = {
        "",
        "POST /hooks HTTP/1.1\r\nHost: here\r\nX-Filling: ",
        "POST /hooks HTTP/1.1\r\nHost: here\r\nContent-Length: 200000\r\n\r\n",
        "POST /hooks HTTP/1.1\r\nHost: here\r\nContent-Length: 200000\r\nX-Signature: " SIGNATURE "\r\n\r\n",
    };
    const size_t count = sizeof begins / sizeof *begins;

    (void)state;
    begin_for(SHORT_MS);
    for (size_t i = 0; i < count; i++)
        begin_sender(dribble, begins[i], strlen(begins[i]));
    await_senders();
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(status_of(&on.senders[i]), 0);
        assert_in_range(on.senders[i].took_ms, SHORT_MS - 100, 5 * SHORT_MS);
    }
    assert_in_range(stats().refused[HOOK_REFUSED_TIME], 3, 4); /* the third is refused for its signature */
    end();
}

static void talk_silently(Sender *sender)
{
    read_answer(sender);
}

/* Those beyond the limit wait in the system's queue. Each is cut in its time, and one that has something to say gets its
 * turn. */
static void forty_connections_are_served_in_their_turn(void **state)
{
    enum { MANY = 40 };
    Sender *last;
    char *request;

    (void)state;
    begin_for(SHORT_MS);
    for (size_t i = 0; i < MANY; i++)
        begin_sender(talk_silently, NULL, 0);
    run_for(SHORT_MS / 2);
    assert_int_equal(stats().connections, HOOK_CONNECTIONS_MAX);
    assert_int_equal(on.ended, 0);
    request = signed_request(SECRET, event_of("evt_1"));
    last = begin_sender(talk_plainly, request, strlen(request));
    await_senders();
    assert_int_equal(status_of(last), 200);
    assert_int_equal(stats().refused[HOOK_REFUSED_TIME], MANY);
    assert_int_equal(on.events, 1);
    run_for(20);
    assert_int_equal(stats().connections, 0);
    free(request);
    end();
}

static void many_events_at_once_are_all_taken(void **state)
{
    enum { MANY = 40 };
    char *requests[MANY];

    (void)state;
    begin();
    for (size_t i = 0; i < MANY; i++) {
        char id[16];

        snprintf(id, sizeof id, "evt_%zu", i);
        requests[i] = signed_request(SECRET, event_of(id));
        begin_sender(talk_plainly, requests[i], strlen(requests[i]));
    }
    await_senders();
    for (size_t i = 0; i < MANY; i++) {
        assert_int_equal(status_of(&on.senders[i]), 200);
        free(requests[i]);
    }
    assert_int_equal(on.events, MANY);
    assert_int_equal(stats().taken, MANY);
    assert_int_equal(stats().kept_ids, MANY);
    end();
}

/* Gone before it is answered. */
static void talk_and_go(Sender *sender)
{
    send_all(sender);
}

/* libmicrohttpd does not always notice when one goes in the middle of a request, but its time is up then. */
static void a_sender_that_goes_leaves_nothing_behind(void **state)
{
    char *request;

    (void)state;
    begin();
    use_slow_disk(SHORT_MS);
    request = signed_request(SECRET, event_of("evt_1"));
    begin_sender(talk_and_go, head, sizeof head - 1);
    begin_sender(talk_and_go, request, strlen(request));
    await_senders();
    assert_true(run_until(has_event));
    fake_drain(on.worker);
    run_for(SHORT_MS + 100);
    assert_int_equal(stats().connections, 0);
    assert_int_equal(stats().taken, 1);
    free(request);
    end();
}

static void the_end_cuts_those_who_have_not_said_all(void **state)
{
    (void)state;
    begin();
    begin_sender(talk_silently, NULL, 0);
    begin_sender(talk_plainly, head, sizeof head - 1);
    assert_true(run_until(has_two_connections));
    hook_free(on.hook);
    on.hook = NULL;
    await_senders();
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_length_over_the_cap_is_refused_at_once),
        cmocka_unit_test(a_body_over_the_cap_is_refused_however_it_is_sent),
        cmocka_unit_test(a_body_of_the_cap_is_taken),
        cmocka_unit_test(a_body_without_end_is_cut),
        cmocka_unit_test(headers_have_a_cap),
        cmocka_unit_test(what_is_no_http_is_refused),
        cmocka_unit_test(a_sender_that_dribbles_is_cut_when_its_time_is_up),
        cmocka_unit_test(forty_connections_are_served_in_their_turn),
        cmocka_unit_test(many_events_at_once_are_all_taken),
        cmocka_unit_test(a_sender_that_goes_leaves_nothing_behind),
        cmocka_unit_test(the_end_cuts_those_who_have_not_said_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
