#include "net_curl_setup.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"

enum { NET_CURL_CONNECT_MS = 10 * 1000 }; /* resolving, connecting and the TLS handshake together */

static bool has_control(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return true;
    return false;
}

int net_curl_check(const NetRequest *request)
{
    if (strncmp(request->url, "https://", 8) != 0 || has_control(request->url) || has_control(request->method))
        return -ERR_INVALID;
    for (size_t i = 0; i < request->header_count; i++) {
        const NetHeader *header = &request->headers[i];

        if (has_control(header->name) || strpbrk(header->value, "\r\n") || !header->name[0])
            return -ERR_INVALID;
    }
    return 0;
}

static int add_header(struct curl_slist **list, const NetHeader *header)
{
    size_t room = strlen(header->name) + strlen(header->value) + 3;
    char *line = malloc(room);
    struct curl_slist *grown = NULL;

    if (!line)
        return -ERR_NO_MEMORY;
    stpcpy(stpcpy(stpcpy(line, header->name), ": "), header->value);
    grown = curl_slist_append(*list, line);
    explicit_bzero(line, room);
    free(line);
    if (!grown)
        return -ERR_NO_MEMORY;
    *list = grown;
    return 0;
}

int net_curl_headers_new(const NetRequest *request, struct curl_slist **ret_list)
{
    /* no value: libcurl leaves the header out, and never waits for "100 Continue" */
    struct curl_slist *list = curl_slist_append(NULL, "Expect:");
    int r = list ? 0 : -ERR_NO_MEMORY;

    for (size_t i = 0; i < request->header_count && r == 0; i++)
        r = add_header(&list, &request->headers[i]);
    if (r < 0)
        net_curl_headers_free(list);
    else
        *ret_list = list;
    return r;
}

void net_curl_headers_free(struct curl_slist *list)
{
    curl_slist_free_all(list); /* its allocator wipes */
}

#define SET(option, value) (bad |= (int)curl_easy_setopt(easy, option, value))

int net_curl_set_transport(CURL *easy, const char *user_agent)
{
    int bad = 0;

    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_QUICK_EXIT, 1L); /* else ending a transfer blocks for as long as the system's resolver does */
    SET(CURLOPT_PROTOCOLS_STR, "https");
    SET(CURLOPT_REDIR_PROTOCOLS_STR, "https");
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_PATH_AS_IS, 1L);
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    SET(CURLOPT_TCP_KEEPALIVE, 1L);
    SET(CURLOPT_ACCEPT_ENCODING, "");
    SET(CURLOPT_USERAGENT, user_agent);
    return bad ? -ERR_NO_MEMORY : 0;
}

int net_curl_set_trust(CURL *easy, const char *cacert)
{
    int bad = 0;

    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    if (cacert) {
        SET(CURLOPT_CAINFO, cacert);
        SET(CURLOPT_CAPATH, (char *)NULL); /* else the system's directory would be trusted besides */
    }
    return bad ? -ERR_NO_MEMORY : 0;
}

static int set_body(CURL *easy, const NetRequest *request)
{
    int bad = 0;

    if (request->body || strcmp(request->method, "POST") == 0) {
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_bytes);
        SET(CURLOPT_COPYPOSTFIELDS, request->body ? request->body : "");
    }
    SET(CURLOPT_CUSTOMREQUEST, request->method);
    return bad ? -ERR_NO_MEMORY : 0;
}

/* A fresh call speaks HTTP/1.1: on HTTP/2 another call could join its connection, which would then count as reused, and
 * libcurl would repeat the request when it dies. */
int net_curl_set_request(CURL *easy, const NetRequest *request)
{
    int64_t connect_ms = request->timeout_ms < NET_CURL_CONNECT_MS ? request->timeout_ms : NET_CURL_CONNECT_MS;
    int bad = 0;

    SET(CURLOPT_URL, request->url);
    SET(CURLOPT_TIMEOUT_MS, (long)request->timeout_ms);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)connect_ms);
    SET(CURLOPT_PIPEWAIT, request->fresh ? 0L : 1L);
    SET(CURLOPT_FRESH_CONNECT, request->fresh ? 1L : 0L);
    SET(CURLOPT_FORBID_REUSE, request->fresh ? 1L : 0L);
    SET(CURLOPT_HTTP_VERSION, request->fresh ? (long)CURL_HTTP_VERSION_1_1 : (long)CURL_HTTP_VERSION_2TLS);
    return bad ? -ERR_NO_MEMORY : set_body(easy, request);
}
