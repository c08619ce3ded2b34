/* What answers mean: the table of errors, the envelope's text, and resources out of bodies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "envelope.h"
#include "error.h"

#define ENVELOPED "{\"error\":{\"code\":\"some_code\",\"message\":\"Some words\",\"request_id\":\"req_1\"}}"
#define HTML      "<html>log in</html>"
#define ONE       "{\"id\":\"ins_1\",\"name\":\"a\"}"

static Verdict judge(enum Purpose purpose, int status, const char *body)
{
    const Answer answer = {.status = status, .body = span_of(body), .request_id = "req_h", .id = NULL};
    Verdict verdict;

    envelope_read(purpose, &answer, &verdict);
    return verdict;
}

static void statuses_become_codes(void **state)
{
    static const struct {
        enum Purpose purpose;
        int status;
        const char *body;
        int code;
        enum FailureSent sent;
    } rows[] = {
        {PURPOSE_GET, 400, ENVELOPED, -ERR_INVALID, FAILURE_ANSWERED},
        {PURPOSE_CREATE, 422, ENVELOPED, -ERR_INVALID, FAILURE_ANSWERED},
        {PURPOSE_GET, 401, ENVELOPED, -ERR_TOKEN, FAILURE_ANSWERED},
        {PURPOSE_CREATE, 401, HTML, -ERR_TOKEN, FAILURE_ANSWERED},
        {PURPOSE_GET, 403, ENVELOPED, -ERR_FORBIDDEN, FAILURE_ANSWERED},
        {PURPOSE_GET, 403, HTML, -ERR_PROTOCOL, FAILURE_ANSWERED},
        {PURPOSE_GET, 404, ENVELOPED, -ERR_NOT_FOUND, FAILURE_ANSWERED},
        {PURPOSE_GET, 404, HTML, -ERR_REMOTE, FAILURE_ANSWERED},
        {PURPOSE_GET, 404, "", -ERR_REMOTE, FAILURE_ANSWERED},
        {PURPOSE_GET, 404, "{\"message\":\"not found\"}", -ERR_REMOTE, FAILURE_ANSWERED},
        {PURPOSE_GET, 404, "{\"error\":\"not found\"}", -ERR_REMOTE, FAILURE_ANSWERED},
        {PURPOSE_GET, 404, "{\"error\":{\"message\":\"no route\"}}", -ERR_REMOTE, FAILURE_ANSWERED},
        {PURPOSE_GET, 404, "{\"error\":{\"code\":404,\"message\":\"no route\"}}", -ERR_REMOTE, FAILURE_ANSWERED},
        {PURPOSE_GET, 404, ENVELOPED " ", -ERR_NOT_FOUND, FAILURE_ANSWERED},
        {PURPOSE_GET, 404, ENVELOPED "x", -ERR_REMOTE, FAILURE_ANSWERED},
        {PURPOSE_DELETE, 404, "{\"error\":{\"message\":\"no route\"}}", -ERR_REMOTE, FAILURE_ANSWERED},
        {PURPOSE_UPDATE, 404, "{\"error\":{\"message\":\"no route\"}}", -ERR_REMOTE, FAILURE_ANSWERED},
        {PURPOSE_LIST, 404, ENVELOPED, -ERR_NOT_FOUND, FAILURE_ANSWERED},
        {PURPOSE_DELETE, 404, ENVELOPED, 0, FAILURE_NOT_SENT},
        {PURPOSE_DELETE, 404, HTML, -ERR_REMOTE, FAILURE_ANSWERED},
        {PURPOSE_UPDATE, 404, ENVELOPED, -ERR_NOT_FOUND, FAILURE_ANSWERED},
        {PURPOSE_UPDATE, 404, "", -ERR_NO_UPDATES, FAILURE_ANSWERED},
        {PURPOSE_UPDATE, 405, ENVELOPED, -ERR_NO_UPDATES, FAILURE_ANSWERED},
        {PURPOSE_UPDATE, 501, HTML, -ERR_NO_UPDATES, FAILURE_ANSWERED},
        {PURPOSE_GET, 405, ENVELOPED, -ERR_REMOTE, FAILURE_ANSWERED},
        {PURPOSE_CREATE, 409, ENVELOPED, -ERR_EXISTS, FAILURE_ANSWERED},
        {PURPOSE_DELETE, 409, ENVELOPED, -ERR_BUSY, FAILURE_ANSWERED},
        {PURPOSE_UPDATE, 412, ENVELOPED, -ERR_CONFLICT, FAILURE_ANSWERED},
        {PURPOSE_GET, 429, HTML, -ERR_LIMITED, FAILURE_ANSWERED},
        {PURPOSE_GET, 500, ENVELOPED, -ERR_REMOTE, FAILURE_ANSWERED},
        {PURPOSE_GET, 503, HTML, -ERR_REMOTE, FAILURE_ANSWERED},
        {PURPOSE_CREATE, 500, ENVELOPED, -ERR_UNSETTLED, FAILURE_UNKNOWN},
        {PURPOSE_CREATE, 503, HTML, -ERR_UNSETTLED, FAILURE_UNKNOWN},
        {PURPOSE_UPDATE, 503, HTML, -ERR_REMOTE, FAILURE_UNKNOWN},
        {PURPOSE_DELETE, 503, HTML, -ERR_REMOTE, FAILURE_UNKNOWN},
        {PURPOSE_GET, 302, "", -ERR_PROTOCOL, FAILURE_ANSWERED},
        {PURPOSE_CREATE, 307, ENVELOPED, -ERR_PROTOCOL, FAILURE_ANSWERED},
        {PURPOSE_GET, 199, ONE, -ERR_PROTOCOL, FAILURE_ANSWERED},
        {PURPOSE_GET, 600, ENVELOPED, -ERR_PROTOCOL, FAILURE_ANSWERED},
        {PURPOSE_GET, 200, ONE, 0, FAILURE_NOT_SENT},
        {PURPOSE_GET, 200, HTML, -ERR_PROTOCOL, FAILURE_ANSWERED},
        {PURPOSE_GET, 200, "", -ERR_PROTOCOL, FAILURE_ANSWERED},
        {PURPOSE_GET, 201, ONE, -ERR_PROTOCOL, FAILURE_ANSWERED},
        {PURPOSE_GET, 206, ONE, -ERR_PROTOCOL, FAILURE_ANSWERED},
        {PURPOSE_LIST, 203, "{\"data\":[],\"next_cursor\":null}", -ERR_PROTOCOL, FAILURE_ANSWERED},
        {PURPOSE_LIST, 204, "", -ERR_PROTOCOL, FAILURE_ANSWERED},
        {PURPOSE_GET, 200, "{\"id\":\"a\"} x", -ERR_PROTOCOL, FAILURE_ANSWERED},
        {PURPOSE_GET, 200, "{\"name\":\"a\"}", -ERR_PROTOCOL, FAILURE_ANSWERED},
        {PURPOSE_LIST, 200, HTML, -ERR_PROTOCOL, FAILURE_ANSWERED},
        {PURPOSE_LIST, 200, "[]", -ERR_PROTOCOL, FAILURE_ANSWERED},
        {PURPOSE_LIST, 200, "{\"data\":{}}", -ERR_PROTOCOL, FAILURE_ANSWERED},
        {PURPOSE_LIST, 200, "{\"data\":[" ONE ",{\"name\":\"b\"}]}", -ERR_PROTOCOL, FAILURE_ANSWERED},
        {PURPOSE_LIST, 200, "{\"data\":[" ONE "],\"next_cursor\":5}", -ERR_PROTOCOL, FAILURE_ANSWERED},
        {PURPOSE_CREATE, 201, ONE, 0, FAILURE_NOT_SENT},
        {PURPOSE_CREATE, 201, "{\"id\":\"ins_", -ERR_UNSETTLED, FAILURE_UNKNOWN},
        {PURPOSE_CREATE, 201, "", -ERR_UNSETTLED, FAILURE_UNKNOWN},
        {PURPOSE_CREATE, 200, HTML, -ERR_UNSETTLED, FAILURE_UNKNOWN},
        {PURPOSE_UPDATE, 204, "", 0, FAILURE_NOT_SENT},
        {PURPOSE_UPDATE, 200, ONE, 0, FAILURE_NOT_SENT},
        {PURPOSE_UPDATE, 200, HTML, -ERR_PROTOCOL, FAILURE_UNKNOWN},
        {PURPOSE_DELETE, 202, "", 0, FAILURE_NOT_SENT},
        {PURPOSE_DELETE, 204, "", 0, FAILURE_NOT_SENT},
        {PURPOSE_DELETE, 200, "{}", 0, FAILURE_NOT_SENT},
        {PURPOSE_DELETE, 200, HTML, -ERR_PROTOCOL, FAILURE_UNKNOWN},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        Verdict verdict = judge(rows[i].purpose, rows[i].status, rows[i].body);

        if (verdict.failure.code != rows[i].code || verdict.failure.sent != rows[i].sent)
            fail_msg("row %zu: %d %s gave %s, sent %d", i, rows[i].status, rows[i].body,
                     error_name(verdict.failure.code), (int)verdict.failure.sent);
        verdict_release(&verdict);
    }
}

static void missing_answers_become_codes(void **state)
{
    Verdict verdict;

    (void)state;
    envelope_unanswered(PURPOSE_CREATE, -ERR_TIMEOUT, true, "no answer", &verdict);
    assert_int_equal(verdict.failure.code, -ERR_UNSETTLED);
    assert_int_equal(verdict.failure.sent, FAILURE_UNKNOWN);
    assert_non_null(strstr(verdict.failure.message, "no answer"));
    envelope_unanswered(PURPOSE_CREATE, -ERR_CERTIFICATE, false, "expired", &verdict);
    assert_int_equal(verdict.failure.code, -ERR_CERTIFICATE);
    assert_int_equal(verdict.failure.sent, FAILURE_NOT_SENT);
    assert_non_null(strstr(verdict.failure.mend, "cacert="));
    envelope_unanswered(PURPOSE_UPDATE, -ERR_REMOTE, true, "reset", &verdict);
    assert_int_equal(verdict.failure.code, -ERR_REMOTE);
    assert_int_equal(verdict.failure.sent, FAILURE_UNKNOWN);
    envelope_unanswered(PURPOSE_GET, -ERR_ROUTE, false, "no host", &verdict);
    assert_int_equal(verdict.failure.code, -ERR_ROUTE);
}

static void the_envelope_is_told_whole(void **state)
{
    Verdict verdict =
        judge(PURPOSE_CREATE, 422,
              "{\"error\":{\"code\":\"invalid\",\"message\":\"Not valid\",\"request_id\":\"req_9\",\"details\":["
              "{\"field\":\"region\",\"issue\":\"unknown\"},{\"issue\":\"Too many.\"},7,{\"field\":\"x\"}]}}");

    (void)state;
    assert_string_equal(verdict.failure.message, "Not valid. region: unknown. Too many. x: .");
    assert_string_equal(verdict.failure.api_code, "invalid");
    assert_string_equal(verdict.failure.request_id, "req_9");
    assert_int_equal(verdict.failure.http_status, 422);
}

static void without_a_request_id_in_it_the_header_s_is_taken(void **state)
{
    Verdict verdict = judge(PURPOSE_GET, 403, "{\"error\":{\"message\":\"no\"}}");

    (void)state;
    assert_string_equal(verdict.failure.request_id, "req_h");
    verdict = judge(PURPOSE_GET, 503, HTML);
    assert_string_equal(verdict.failure.request_id, "req_h");
}

static void a_long_message_is_cut_between_characters(void **state)
{
    char body[2048] = "{\"error\":{\"message\":\"";
    Verdict verdict;

    (void)state;
    for (int i = 0; i < 400; i++)
        strcat(body, "\xc3\xa9");
    strcat(body, "\"}}");
    verdict = judge(PURPOSE_GET, 403, body);
    assert_int_equal(strlen(verdict.failure.message), 510);
}

static void a_401_may_hint_at_the_environment(void **state)
{
    Verdict verdict = judge(PURPOSE_GET, 401, "{\"error\":{\"code\":\"wrong_environment\",\"message\":\"no\"}}");

    (void)state;
    assert_non_null(strstr(verdict.failure.mend, "Wrong environment?"));
}

static void another_instance_is_not_taken_for_the_one_asked_for(void **state)
{
    const Answer answer = {.status = 200, .body = span_of(ONE), .request_id = "", .id = "ins_2"};
    Verdict verdict;

    (void)state;
    envelope_read(PURPOSE_GET, &answer, &verdict);
    assert_int_equal(verdict.failure.code, -ERR_PROTOCOL);
    assert_null(verdict.one);
}

/* `{"data":[` and `count` rows of a length `]}`. */
static Verdict judge_rows(size_t count, int row_bytes)
{
    _cleanup_buf_ Buf body = BUF_INIT(8 << 20);
    Verdict verdict;

    assert_int_equal(buf_append_str(&body, "{\"data\":["), 0);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(buf_printf(&body, "%s{\"id\":\"i%zu\",\"x\":\"%*s\"}", i > 0 ? "," : "", i, row_bytes, ""), 0);
    assert_int_equal(buf_append_str(&body, "],\"next_cursor\":null}"), 0);
    verdict = judge(PURPOSE_LIST, 200, buf_text(&body));
    return verdict;
}

static void rows_have_a_cap_and_so_has_each(void **state)
{
    Verdict verdict = judge_rows(ENVELOPE_ROWS_MAX, 0);

    (void)state;
    assert_int_equal(verdict.failure.code, 0);
    assert_int_equal(verdict.count, ENVELOPE_ROWS_MAX);
    verdict_release(&verdict);
    verdict = judge_rows(ENVELOPE_ROWS_MAX + 1, 0);
    assert_int_equal(verdict.failure.code, -ERR_PROTOCOL);
    assert_int_equal(verdict.count, 0);
    assert_null(verdict.rows);
    verdict = judge_rows(2, RESOURCE_TEXT_BYTES / 2);
    assert_int_equal(verdict.failure.code, 0);
    verdict_release(&verdict);
    verdict = judge_rows(2, RESOURCE_TEXT_BYTES);
    assert_int_equal(verdict.failure.code, -ERR_TOO_BIG);
    assert_non_null(strstr(verdict.failure.message, "larger than 1048576 bytes"));
    assert_int_equal(verdict.count, 0);
}

static void pages_say_how_they_go_on(void **state)
{
    Verdict verdict = judge(PURPOSE_LIST, 200, "{\"data\":[" ONE "],\"next_cursor\":\"a\\/b\"}");

    (void)state;
    assert_int_equal(verdict.count, 1);
    assert_string_equal(resource_id(verdict.rows[0]), "ins_1");
    assert_int_equal(verdict.page.cursor, PAGER_CURSOR_TEXT);
    assert_string_equal(verdict.page.cursor_text, "a/b");
    assert_int_equal(verdict.page.total, -1);
    verdict_release(&verdict);
    verdict = judge(PURPOSE_LIST, 200, "{\"data\":[],\"pagination\":{\"next_cursor\":null,\"total\":3}}");
    assert_int_equal(verdict.count, 0);
    assert_int_equal(verdict.page.cursor, PAGER_CURSOR_NULL);
    assert_int_equal(verdict.page.total, 3);
    verdict_release(&verdict);
    verdict = judge(PURPOSE_LIST, 200, "{\"data\":[],\"pagination\":{\"total\":\"many\"}}");
    assert_int_equal(verdict.page.cursor, PAGER_CURSOR_ABSENT);
    assert_int_equal(verdict.page.total, -1);
    verdict_release(&verdict);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statuses_become_codes),
        cmocka_unit_test(missing_answers_become_codes),
        cmocka_unit_test(the_envelope_is_told_whole),
        cmocka_unit_test(without_a_request_id_in_it_the_header_s_is_taken),
        cmocka_unit_test(a_long_message_is_cut_between_characters),
        cmocka_unit_test(a_401_may_hint_at_the_environment),
        cmocka_unit_test(another_instance_is_not_taken_for_the_one_asked_for),
        cmocka_unit_test(rows_have_a_cap_and_so_has_each),
        cmocka_unit_test(pages_say_how_they_go_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
