/* An HTTP/1.1 server, plain or with TLS, a thread for each connection, so a handler may take its time. All that is
 * known of libmicrohttpd stands in http.c and deliver.c. */
#ifndef SANDBOX_HTTP_H
#define SANDBOX_HTTP_H

#include "deliver.h"
#include "reply.h"
#include "request.h"
#include "tls.h"

/* Answers one complete request by filling `reply` (which comes empty) and, unless it goes out in the usual way,
 * `delivery`. Called from many threads at once. */
typedef void HttpHandler(void *arg, const Request *request, Reply *reply, Delivery *delivery);

/* Told of each new connection. */
typedef void HttpConnected(void *arg);

typedef struct HttpPlan {
    int socket;             /* listening; the server closes it */
    const TlsIdentity *tls; /* NULL: plain; needed while starting only */
    TlsMax tls_max;
    HttpHandler *handler;
    HttpConnected *connected; /* may be NULL */
    void *arg;                /* of both */
    const _Atomic bool *stop; /* once true, handlers and streams must come to an end */
} HttpPlan;

typedef struct Http Http;

/* NULL if the server can't be started; the socket is closed then as well. */
Http *http_start(const HttpPlan *plan);

/* Closes all connections and waits for the handlers. NULL is fine. */
void http_stop(Http *http);

#endif
