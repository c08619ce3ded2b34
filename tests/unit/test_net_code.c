/* What the end of a libcurl transfer means, what a request must not hold, and reading an answer's headers. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "error.h"
#include "net.h"
#include "net_curl_code.h"
#include "net_curl_setup.h"

typedef struct Row {
    CURLcode result;
    int own_code;
    bool sent;
    long os_errno;
    const char *problem;
    int code;
} Row;

static void ends_become_codes(void **state)
{
    static const Row rows[] = {
        {CURLE_COULDNT_RESOLVE_HOST, 0, false, 0, "", -ERR_ROUTE},
        {CURLE_COULDNT_RESOLVE_PROXY, 0, false, 0, "", -ERR_ROUTE},
        {CURLE_COULDNT_CONNECT, 0, false, ECONNREFUSED, "", -ERR_REFUSED},
        {CURLE_COULDNT_CONNECT, 0, false, ENETUNREACH, "", -ERR_ROUTE},
        {CURLE_COULDNT_CONNECT, 0, false, EHOSTUNREACH, "", -ERR_ROUTE},
        {CURLE_PEER_FAILED_VERIFICATION, 0, false, 0, "", -ERR_CERTIFICATE},
        {CURLE_SSL_CONNECT_ERROR, 0, false, 0, "tlsv1 alert protocol version", -ERR_CERTIFICATE},
        {CURLE_SSL_CONNECT_ERROR, 0, false, 0, "OpenSSL SSL_connect: SSL_ERROR_SYSCALL in …", -ERR_REFUSED},
        {CURLE_SSL_CONNECT_ERROR, 0, false, 0, "Recv failure: Connection reset by peer", -ERR_REFUSED},
        {CURLE_OPERATION_TIMEDOUT, 0, true, 0, "", -ERR_TIMEOUT},
        {CURLE_GOT_NOTHING, 0, true, 0, "", -ERR_REMOTE},
        {CURLE_PARTIAL_FILE, 0, true, 0, "", -ERR_REMOTE},
        {CURLE_RECV_ERROR, 0, true, 0, "", -ERR_REMOTE},
        {CURLE_RECV_ERROR, 0, false, 0, "", -ERR_REFUSED},
        {CURLE_SEND_ERROR, 0, false, 0, "", -ERR_REFUSED},
        {CURLE_HTTP2_STREAM, 0, true, 0, "", -ERR_REMOTE},
        {CURLE_UNSUPPORTED_PROTOCOL, 0, true, 0, "", -ERR_PROTOCOL},
        {CURLE_WEIRD_SERVER_REPLY, 0, true, 0, "", -ERR_PROTOCOL},
        {CURLE_BAD_CONTENT_ENCODING, 0, true, 0, "", -ERR_PROTOCOL},
        {CURLE_OUT_OF_MEMORY, 0, false, 0, "", -ERR_NO_MEMORY},
        {CURLE_OUT_OF_MEMORY, 0, true, 0, "", -ERR_PROTOCOL}, /* a header line that is too long for it */
        {CURLE_WRITE_ERROR, -ERR_TOO_BIG, true, 0, "", -ERR_TOO_BIG},
        {CURLE_WRITE_ERROR, -ERR_PROTOCOL, true, 0, "", -ERR_PROTOCOL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const NetCurlEnd end = {.result = rows[i].result,
                                .own_code = rows[i].own_code,
                                .sent = rows[i].sent,
                                .os_errno = rows[i].os_errno,
                                .problem = rows[i].problem,
                                .headers = ""};

        assert_int_equal(net_curl_code(&end), rows[i].code);
        assert_true(net_curl_problem(&end)[0] != '\0');
    }
}

static void a_lack_of_memory_is_told_from_a_header_that_is_too_long(void **state)
{
    const NetCurlEnd end = {.result = CURLE_OUT_OF_MEMORY, .sent = true, .starved = true, .problem = "", .headers = ""};

    (void)state;
    assert_int_equal(net_curl_code(&end), -ERR_NO_MEMORY);
}

static int code_of_whole(long version, long status, const char *headers)
{
    const NetCurlEnd end = {
        .result = CURLE_OK, .sent = true, .problem = "", .http_version = version, .status = status, .headers = headers};

    return net_curl_code(&end);
}

static void a_body_whose_end_cannot_be_told_is_refused(void **state)
{
    (void)state;
    assert_int_equal(code_of_whole(CURL_HTTP_VERSION_1_1, 200, "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n"), 0);
    assert_int_equal(code_of_whole(CURL_HTTP_VERSION_1_1, 200, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
                     0);
    assert_int_equal(
        code_of_whole(CURL_HTTP_VERSION_1_1, 200, "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n"), 0);
    assert_int_equal(code_of_whole(CURL_HTTP_VERSION_1_1, 204, "HTTP/1.1 204 No Content\r\n\r\n"), 0);
    assert_int_equal(code_of_whole(CURL_HTTP_VERSION_2_0, 200, "HTTP/2 200\r\n\r\n"), 0);
    assert_int_equal(code_of_whole(CURL_HTTP_VERSION_1_1, 200, "HTTP/1.1 200 OK\r\n\r\n"), -ERR_PROTOCOL);
    assert_int_equal(
        code_of_whole(CURL_HTTP_VERSION_1_1, 200, "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n"),
        -ERR_PROTOCOL);
    assert_int_equal(code_of_whole(CURL_HTTP_VERSION_1_1, 200, "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"),
                     -ERR_PROTOCOL);
    assert_int_equal(code_of_whole(CURL_HTTP_VERSION_1_1, 200, "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n"),
                     -ERR_PROTOCOL);
    assert_int_equal(code_of_whole(CURL_HTTP_VERSION_1_0, 200, "HTTP/1.0 200 OK\r\nX: 1\r\n\r\n"), -ERR_PROTOCOL);
    assert_int_equal(code_of_whole(CURL_HTTP_VERSION_1_1, 200, "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n"),
                     -ERR_PROTOCOL);
}

static int check(const char *url, const char *name, const char *value)
{
    const NetHeader header = {name, value};
    const NetRequest request = {.method = "GET", .url = url, .headers = &header, .header_count = 1};

    return net_curl_check(&request);
}

static void requests_that_break_out_of_their_lines_are_refused(void **state)
{
    (void)state;
    assert_int_equal(check("https://a/b", "X", "y z"), 0);
    assert_int_equal(check("http://a/b", "X", "y"), -ERR_INVALID);
    assert_int_equal(check("https://a/\r\nb", "X", "y"), -ERR_INVALID);
    assert_int_equal(check("https://a/b", "X", "y\r\nZ: 1"), -ERR_INVALID);
    assert_int_equal(check("https://a/b", "X\n", "y"), -ERR_INVALID);
    assert_int_equal(check("https://a/b", "", "y"), -ERR_INVALID);
}

static void headers_are_found_in_any_case_and_trimmed(void **state)
{
    const NetResponse response = {
        .headers = "HTTP/1.1 200 OK\r\nretry-after:  7 \r\nX-A: one\r\nx-a: two\r\nX-Empty:\r\n\r\n"};
    char value[8] = "old";

    (void)state;
    assert_true(net_header(&response, "Retry-After", value, sizeof value));
    assert_string_equal(value, "7");
    assert_true(net_header(&response, "X-A", value, sizeof value));
    assert_string_equal(value, "one");
    assert_true(net_header(&response, "X-Empty", value, sizeof value));
    assert_string_equal(value, "");
    assert_true(net_header(&response, "X-A", value, 3));
    assert_string_equal(value, "on");
    assert_false(net_header(&response, "X", value, sizeof value));
    assert_false(net_header(&response, "HTTP/1.1 200 OK", value, sizeof value));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends_become_codes),
        cmocka_unit_test(a_lack_of_memory_is_told_from_a_header_that_is_too_long),
        cmocka_unit_test(a_body_whose_end_cannot_be_told_is_refused),
        cmocka_unit_test(requests_that_break_out_of_their_lines_are_refused),
        cmocka_unit_test(headers_are_found_in_any_case_and_trimmed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
