/* The receiver on its loop: what is let in, and what becomes of it. */
#include "test_hook_steps.h"

#include <sys/resource.h>

static void a_signed_event_is_handed_on_once(void **state)
{
    (void)state;
    begin();
    assert_int_equal(post(event_of("evt_1")), 200);
    assert_int_equal(on.events, 1);
    assert_string_equal(on.last.id, "evt_1");
    assert_string_equal(on.last.subject_id, "ins_1");
    assert_int_equal(on.last.kind, HOOK_UPDATED);
    assert_int_equal(post(event_of("evt_1")), 200);
    assert_int_equal(post(event_of("evt_2")), 200);
    assert_int_equal(on.events, 2);
    assert_int_equal(stats().received, 3);
    assert_int_equal(stats().taken, 2);
    assert_int_equal(stats().duplicates, 1);
    assert_int_equal(stats().kept_ids, 2);
    assert_true(stats().last_wall_ms > 0);
    end();
}

static void types_that_are_not_known_are_handed_on(void **state)
{
    (void)state;
    begin();
    assert_int_equal(
        post("{\"id\":\"e\",\"type\":\"moon.rose\",\"created_at\":\"2999-01-01T00:00:00Z\",\"data\":{\"id\":\"m\"}}"),
        200);
    assert_int_equal(on.events, 1);
    assert_int_equal(on.last.kind, HOOK_OTHER);
    end();
}

/* Bodies that are no JSON would be counted as such if anybody looked into them. */
static void without_the_right_signature_no_body_is_looked_into(void **state)
{
    static const char *const headers[] = {
        "",
        "X-Signature: \r\n",
        "X-Signature: sha256=\r\n",
        "X-Signature: sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec38\r\n",
        "X-Signature: sha256=zzdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843\r\n",
        "X-Signature: sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843\r\n",
    };
    const char *body;

    (void)state;
    begin();
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        assert_int_equal(post_headers("{\"id\":", headers[i]), 401);
        assert_int_equal(post_headers(event_of("evt_1"), headers[i]), 401);
    }
    body = event_of("evt_1");
    assert_int_equal(post_with("another secret", body), 401);
    assert_int_equal(on.events, 0);
    assert_int_equal(stats().refused[HOOK_REFUSED_SIGNATURE], 13);
    assert_int_equal(stats().refused[HOOK_REFUSED_JSON], 0);
    end();
}

static void the_prefix_may_be_missing(void **state)
{
    const char *body;
    char hex[65], header[128];

    (void)state;
    begin();
    body = event_of("evt_1");
    sign_with(SECRET, body, hex);
    snprintf(header, sizeof header, "x-signature: %s\r\n", hex);
    assert_int_equal(post_headers(body, header), 200);
    end();
}

static void a_signed_body_that_is_no_event_is_refused(void **state)
{
    (void)state;
    begin();
    assert_int_equal(post("{\"id\":"), 400);
    assert_int_equal(post(""), 400);
    assert_int_equal(post("{}"), 400);
    assert_int_equal(on.events, 0);
    assert_int_equal(stats().refused[HOOK_REFUSED_JSON], 3);
    end();
}

static void two_secrets_hold_while_they_change(void **state)
{
    const Span both[] = {{"old", 3}, {"new", 3}, {"newer", 5}};
    const Span bad[] = {{"", 0}, {SECRET, HOOK_SECRET_BYTES_MAX + 1}};

    (void)state;
    begin();
    assert_int_equal(hook_set_secrets(on.hook, both, 2), 0);
    assert_int_equal(hook_set_secrets(on.hook, both, 3), -ERR_INVALID);
    assert_int_equal(hook_set_secrets(on.hook, &bad[0], 1), -ERR_INVALID);
    assert_int_equal(hook_set_secrets(on.hook, &bad[1], 1), -ERR_INVALID);
    assert_int_equal(post_with("old", event_of("evt_1")), 200);
    assert_int_equal(post_with("new", event_of("evt_2")), 200);
    assert_int_equal(post(event_of("evt_3")), 401);
    assert_int_equal(hook_set_secrets(on.hook, &both[1], 1), 0);
    assert_int_equal(post_with("old", event_of("evt_4")), 401);
    assert_int_equal(post_with("new", event_of("evt_4")), 200);
    assert_int_equal(hook_set_secrets(on.hook, NULL, 0), 0);
    assert_int_equal(post_with("new", event_of("evt_5")), 401);
    end();
}

static void only_posts_to_its_path_are_taken(void **state)
{
    static const char get[] = "GET /hooks HTTP/1.1\r\nHost: here\r\n\r\n";
    HookConfig config;
    Sender *sender;

    (void)state;
    begin();
    sender = begin_sender(talk_plainly, get, sizeof get - 1);
    await_senders();
    assert_int_equal(status_of(sender), 405);
    assert_non_null(strstr(sender->answer, "Allow: POST\r\n"));
    assert_non_null(strstr(sender->answer, "Connection: close\r\n"));
    hook_free(on.hook);
    config = config_of(LONG_MS);
    config.path = "/hook";
    open_with(&config);
    assert_int_equal(post(event_of("evt_1")), 404);
    hook_free(on.hook);
    config.path = "/hooks";
    open_with(&config);
    assert_int_equal(post(event_of("evt_1")), 200);
    end();
}

/* Older than what is kept of ids; its own id does not matter. */
static void an_old_event_is_ignored(void **state)
{
    int64_t wall_ms;

    (void)state;
    begin();
    wall_ms = clock_wall_ms(loop_clock(on.loop));
    assert_int_equal(post(event_at("evt_1", wall_ms - HOOK_OLD_MS)), 200);
    assert_int_equal(on.events, 0);
    assert_int_equal(stats().ignored, 1);
    assert_int_equal(post(event_at("evt_2", wall_ms - HOOK_OLD_MS + LONG_MS)), 200);
    assert_int_equal(post(event_at("evt_3", wall_ms + HOOK_OLD_MS)), 200);
    assert_int_equal(on.events, 2);
    end();
}

static void a_restart_remembers_duplicates(void **state)
{
    HookConfig config;

    (void)state;
    begin();
    assert_int_equal(post(event_of("evt_1")), 200);
    hook_free(on.hook);
    config = config_of(LONG_MS);
    open_with(&config);
    assert_int_equal(post(event_of("evt_1")), 200);
    assert_int_equal(on.events, 1);
    assert_int_equal(stats().duplicates, 1);
    end();
}

static void a_disk_that_fails_is_a_503_and_the_repeat_is_taken(void **state)
{
    (void)state;
    begin();
    assert_int_equal(post(event_of("evt_1")), 200);
    on.disk.fault = FAULT_FULL;
    on.disk.fail_at = on.disk.calls + 1;
    assert_int_equal(post(event_of("evt_2")), 503);
    assert_int_equal(post(event_of("evt_2")), 503);
    assert_int_equal(post(event_of("evt_1")), 200); /* is on disk already */
    assert_int_equal(stats().refused[HOOK_REFUSED_DISK], 2);
    on.disk.fail_at = 0;
    on.events = 0;
    assert_int_equal(post(event_of("evt_2")), 200);
    assert_int_equal(on.events, 1);
    assert_int_equal(stats().taken, 2);
    end();
}

/* Its answer waits for the disk; the one that comes twice meanwhile waits with it, and has no effect. */
static void a_repeat_while_the_first_is_written_waits_with_it(void **state)
{
    Sender *first, *second;
    char *request;

    (void)state;
    begin();
    use_slow_disk(LONG_MS);
    request = signed_request(SECRET, event_of("evt_1"));
    first = begin_sender(talk_plainly, request, strlen(request));
    second = begin_sender(talk_plainly, request, strlen(request));
    assert_true(run_until(has_two_requests));
    run_for(50);
    assert_int_equal(on.ended, 0);
    assert_int_equal(on.events, 1);
    fake_drain(on.worker);
    await_senders();
    assert_int_equal(status_of(first), 200);
    assert_int_equal(status_of(second), 200);
    assert_int_equal(stats().taken, 1);
    assert_int_equal(stats().duplicates, 1);
    assert_int_equal(on.events, 1);
    free(request);
    end();
}

static void a_disk_that_hangs_is_a_503_in_time_and_the_id_is_kept_when_it_wakes(void **state)
{
    (void)state;
    begin();
    use_slow_disk(SHORT_MS);
    assert_int_equal(post(event_of("evt_1")), 503);
    fake_drain(on.worker);
    assert_int_equal(post(event_of("evt_1")), 200);
    assert_int_equal(on.events, 1);
    assert_int_equal(stats().duplicates, 1);
    end();
}

static void at_the_end_those_who_wait_are_answered(void **state)
{
    Sender *sender;
    char *request;

    (void)state;
    begin();
    use_slow_disk(LONG_MS);
    request = signed_request(SECRET, event_of("evt_1"));
    sender = begin_sender(talk_plainly, request, strlen(request));
    assert_true(run_until(has_event));
    hook_free(on.hook);
    on.hook = NULL;
    await_senders();
    assert_int_equal(status_of(sender), 200);
    free(request);
    end();
}

/* The thread that runs the loop gives up the processor each time it sleeps. */
static void an_idle_receiver_wakes_nobody(void **state)
{
    struct rusage before, after;

    (void)state;
    begin();
    assert_int_equal(post(event_of("evt_1")), 200);
    run_for(50);
    assert_int_equal(getrusage(RUSAGE_THREAD, &before), 0);
    run_for(400);
    assert_int_equal(getrusage(RUSAGE_THREAD, &after), 0);
    assert_in_range(after.ru_nvcsw - before.ru_nvcsw, 0, 3);
    assert_int_equal(stats().connections, 0);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signed_event_is_handed_on_once),
        cmocka_unit_test(types_that_are_not_known_are_handed_on),
        cmocka_unit_test(without_the_right_signature_no_body_is_looked_into),
        cmocka_unit_test(the_prefix_may_be_missing),
        cmocka_unit_test(a_signed_body_that_is_no_event_is_refused),
        cmocka_unit_test(two_secrets_hold_while_they_change),
        cmocka_unit_test(only_posts_to_its_path_are_taken),
        cmocka_unit_test(an_old_event_is_ignored),
        cmocka_unit_test(a_restart_remembers_duplicates),
        cmocka_unit_test(a_disk_that_fails_is_a_503_and_the_repeat_is_taken),
        cmocka_unit_test(a_repeat_while_the_first_is_written_waits_with_it),
        cmocka_unit_test(a_disk_that_hangs_is_a_503_in_time_and_the_id_is_kept_when_it_wakes),
        cmocka_unit_test(at_the_end_those_who_wait_are_answered),
        cmocka_unit_test(an_idle_receiver_wakes_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
