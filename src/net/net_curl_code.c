#include "net_curl_code.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "error.h"
#include "net.h"

enum { LENGTH_DIGITS_MAX = 18 };

/* libcurl ignores a length that it can't hold, and reads until the connection ends. */
static bool is_length(const char *value)
{
    size_t digits = strspn(value, "0123456789");

    return digits > 0 && digits <= LENGTH_DIGITS_MAX && value[digits] == '\0';
}

/* libcurl takes the end of the connection for the end of a body that has neither length nor chunks, so a body that was
 * cut short would pass as whole. HTTP/2 and later frame every body. */
static bool end_is_known(const NetCurlEnd *end)
{
    const NetResponse response = {.headers = end->headers};
    char value[64];
    size_t len;

    if (end->http_version != CURL_HTTP_VERSION_1_0 && end->http_version != CURL_HTTP_VERSION_1_1)
        return true;
    if (end->status == 204 || end->status == 304)
        return true;
    if (net_header(&response, "Content-Length", value, sizeof value) && is_length(value))
        return true;
    if (!net_header(&response, "Transfer-Encoding", value, sizeof value))
        return false;
    len = strlen(value);
    return len >= 7 && strcasecmp(value + len - 7, "chunked") == 0;
}

static bool no_route(long os_errno)
{
    return os_errno == EHOSTUNREACH || os_errno == ENETUNREACH || os_errno == ENETDOWN || os_errno == EHOSTDOWN;
}

/* One CURLcode stands for a handshake that was refused and for a connection that broke during it; only the text
 * differs. */
static bool broke_in_handshake(const NetCurlEnd *end)
{
    return strstr(end->problem, "SSL_ERROR_SYSCALL") || strstr(end->problem, "Connection reset") ||
           strstr(end->problem, "unexpected eof");
}

/* libcurl calls a header line that is longer than it takes a lack of memory. */
static bool has_too_long_a_line(const NetCurlEnd *end)
{
    return end->result == CURLE_OUT_OF_MEMORY && end->sent && !end->starved;
}

int net_curl_code(const NetCurlEnd *end)
{
    if (end->own_code < 0)
        return end->own_code;
    switch (end->result) {
    case CURLE_OK:
        return end_is_known(end) ? 0 : -ERR_PROTOCOL;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        return -ERR_ROUTE;
    case CURLE_COULDNT_CONNECT:
        return no_route(end->os_errno) ? -ERR_ROUTE : -ERR_REFUSED;
    case CURLE_SSL_CONNECT_ERROR:
        return broke_in_handshake(end) ? -ERR_REFUSED : -ERR_CERTIFICATE;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_CLIENTCERT:
    case CURLE_SSL_ENGINE_INITFAILED:
        return -ERR_CERTIFICATE;
    case CURLE_OPERATION_TIMEDOUT:
        return -ERR_TIMEOUT;
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
        return -ERR_PROTOCOL;
    case CURLE_OUT_OF_MEMORY:
        return has_too_long_a_line(end) ? -ERR_PROTOCOL : -ERR_NO_MEMORY;
    default:
        return end->sent ? -ERR_REMOTE : -ERR_REFUSED;
    }
}

const char *net_curl_problem(const NetCurlEnd *end)
{
    switch (end->own_code) {
    case -ERR_TOO_BIG:
        return "the body of the answer is over its cap";
    case -ERR_PROTOCOL:
        return "the headers of the answer hold a NUL or are over their cap";
    case -ERR_NO_MEMORY:
        return "no memory for the answer";
    default:
        break;
    }
    if (has_too_long_a_line(end))
        return "a header of the answer is too long";
    if (end->result == CURLE_OK && !end_is_known(end))
        return "the answer has neither length nor chunks, so its end can't be told";
    return end->problem[0] ? end->problem : curl_easy_strerror(end->result);
}
