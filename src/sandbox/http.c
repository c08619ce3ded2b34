#include "http.h"

#include "clock.h"
#include "mem.h"

#include <microhttpd.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 2000, MEMORY_PER_CONNECTION = 128 * 1024 };

struct Http {
    HttpPlan plan;
    struct MHD_Daemon *daemon;
    atomic_uint_fast64_t connections, requests;
    int64_t started_ms; /* keeps the request ids of two runs apart */
};

static void *begin_request(void *arg, const char *uri, struct MHD_Connection *connection)
{
    (void)arg;
    (void)connection;
    return request_new(uri);
}

static void end_request(void *arg, struct MHD_Connection *connection, void **context,
                        enum MHD_RequestTerminationCode why)
{
    (void)arg;
    (void)connection;
    (void)why;
    request_free(*context);
    *context = NULL;
}

/* The path is taken from the URI as it was sent, so nothing may be decoded on the way. */
static size_t keep_escapes(void *arg, struct MHD_Connection *connection, char *text)
{
    (void)arg;
    (void)connection;
    return strlen(text);
}

static void note_connection(void *arg, struct MHD_Connection *connection, void **context,
                            enum MHD_ConnectionNotificationCode code)
{
    Http *http = arg;
    (void)connection;
    if (code != MHD_CONNECTION_NOTIFY_STARTED)
        return;
    *context = (void *)(uintptr_t)++http->connections;
    if (http->plan.connected)
        http->plan.connected(http->plan.arg);
}

static void read_head(Http *http, struct MHD_Connection *connection, const char *method, Request *request)
{
    const union MHD_ConnectionInfo *fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    request->socket = fd ? fd->connect_fd : -1;
    const union MHD_ConnectionInfo *number = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    request->connection = number ? (uint64_t)(uintptr_t)number->socket_context : 0;
    request->method = mem_dup(method);
    for (int i = 0; i < HEADER_COUNT; i++)
        request->headers[i] = mem_dup(MHD_lookup_connection_value(connection, MHD_HEADER_KIND, header_name((Header)i)));
    snprintf(request->id, sizeof request->id, "req_%08x%08llx", (unsigned)http->started_ms,
             (unsigned long long)++http->requests);
    request->begun = true;
}

static void read_piece(Request *request, const char *data, size_t len)
{
    if (len > REQUEST_MAX_BODY - request->body.len)
        request->body_too_big = true;
    if (!request->body_too_big)
        buf_add(&request->body, data, len);
}

static enum MHD_Result answer(Http *http, struct MHD_Connection *connection, const Request *request)
{
    Reply *reply = mem_new(sizeof *reply);
    Delivery delivery = {0};
    http->plan.handler(http->plan.arg, request, reply, &delivery);
    bool queued = deliver(connection, request, reply, &delivery, http->plan.stop);
    reply_release(reply);
    free(reply);
    return queued ? MHD_YES : MHD_NO;
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *url, const char *method,
                                  const char *version, const char *data, size_t *data_len, void **context)
{
    (void)url;
    (void)version;
    Request *request = *context;
    if (!request)
        return MHD_NO;
    if (!request->begun) {
        read_head(arg, connection, method, request);
        return MHD_YES;
    }
    if (*data_len) {
        read_piece(request, data, *data_len);
        *data_len = 0;
        return MHD_YES;
    }
    return answer(arg, connection, request);
}

/* TLS 1.1 signs with SHA-1, which GnuTLS offers to those alone who ask for it. */
static const char *priorities(TlsMax max)
{
    static const char *const words[] = {
        [TLS_MAX_1_3] = "NORMAL:-VERS-TLS1.0:-VERS-TLS1.1",
        [TLS_MAX_1_2] = "NORMAL:-VERS-ALL:+VERS-TLS1.2",
        [TLS_MAX_1_1] = "NORMAL:-VERS-ALL:+VERS-TLS1.1:+SIGN-ECDSA-SHA1:%VERIFY_ALLOW_SIGN_WITH_SHA1",
    };
    return words[max];
}

static struct MHD_Daemon *start_daemon(Http *http)
{
    const TlsIdentity *tls = http->plan.tls;
    struct MHD_OptionItem secure[] = {
        {MHD_OPTION_HTTPS_MEM_KEY, 0, tls ? tls->key.data : NULL},
        {MHD_OPTION_HTTPS_MEM_CERT, 0, tls ? tls->certificate.data : NULL},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)priorities(http->plan.tls_max)},
        {MHD_OPTION_END, 0, NULL},
    };
    unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL | MHD_USE_ITC;
    return MHD_start_daemon(flags | (tls ? (unsigned)MHD_USE_TLS : 0U), 0, NULL, NULL, on_request, http,
                            MHD_OPTION_LISTEN_SOCKET, http->plan.socket, MHD_OPTION_NOTIFY_COMPLETED, end_request, http,
                            MHD_OPTION_URI_LOG_CALLBACK, begin_request, http, MHD_OPTION_UNESCAPE_CALLBACK,
                            keep_escapes, http, MHD_OPTION_NOTIFY_CONNECTION, note_connection, http,
                            MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                            (size_t)MEMORY_PER_CONNECTION, MHD_OPTION_ARRAY, tls ? secure : &secure[3], MHD_OPTION_END);
}

Http *http_start(const HttpPlan *plan)
{
    Http *http = mem_new(sizeof *http);
    http->plan = *plan;
    http->started_ms = clock_now_ms();
    http->daemon = start_daemon(http);
    http->plan.tls = NULL;
    if (http->daemon)
        return http;
    close(plan->socket);
    free(http);
    return NULL;
}

void http_stop(Http *http)
{
    if (!http)
        return;
    MHD_stop_daemon(http->daemon);
    free(http);
}
