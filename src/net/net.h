/*
 * net: one HTTP exchange, start to end. It knows HTTP and TLS and nothing of SkyStack.
 *
 * Net is a small vtable: the program has net_curl.h's, a simulation its own. An exchange never follows a redirect,
 * never speaks anything but HTTPS, verifies certificate and host name, and caps the decoded body. `done` runs exactly
 * once, from the loop and never from inside net_start(); after net_cancel() it never runs.
 *
 * Exchanges share connections, but no longer those of which one was cut short, or timed out, or on which nothing came
 * for long: those that start later make a new one, which they share.
 */
#ifndef SKY_NET_H
#define SKY_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Net Net;
typedef struct NetCall NetCall;

typedef struct NetHeader {
    const char *name, *value; /* refused (-ERR_INVALID) if they hold CR, LF or NUL */
} NetHeader;

typedef struct NetRequest {
    const char *method; /* GET, POST, PATCH, DELETE */
    const char *url;
    const NetHeader *headers;
    size_t header_count;
    const char *body; /* NULL: none; copied */
    size_t body_bytes;
    size_t body_cap;    /* most decoded bytes of an answer's body that are taken */
    int64_t timeout_ms; /* for the whole exchange */
    bool fresh;         /* on a connection of its own, which is not reused after: a library would by itself repeat a
                           POST whose reused connection died after the server had read it */
} NetRequest;

typedef struct NetResponse {
    int code;  /* 0: a whole HTTP answer came. Else -ERR_ROUTE, _REFUSED, _TIMEOUT, _CERTIFICATE, _PROTOCOL (no valid
                  HTTP,  or an answer whose end can't be told), _REMOTE (cut short), _TOO_BIG, _NO_MEMORY */
    bool sent; /* some of the request may have reached the server */
    int status;
    const char *body; /* decoded, NUL-terminated; never NULL */
    size_t body_bytes;
    const char *problem; /* with a code: the library's words, for the log; never NULL */
    const char *headers; /* for net_header() */
} NetResponse;

/* The response is borrowed: it lives until `done` returns. */
typedef void (*net_done_fn)(void *ctx, const NetResponse *response);

typedef struct NetOps {
    int (*start)(Net *net, const NetRequest *request, net_done_fn done, void *ctx, NetCall **ret_call);
    void (*cancel)(NetCall *call);
} NetOps;

struct Net {
    const NetOps *ops;
};
struct NetCall {
    Net *net;
};

/* 0, -ERR_INVALID or -ERR_NO_MEMORY; on failure `done` never runs. Everything in the request is copied. */
static inline int net_start(Net *net, const NetRequest *request, net_done_fn done, void *ctx, NetCall **ret_call)
{
    return net->ops->start(net, request, done, ctx, ret_call);
}

/* Ends an exchange whose `done` has not run. Takes NULL. */
static inline void net_cancel(NetCall *call)
{
    if (call)
        call->net->ops->cancel(call);
}

/* The value of an answer's header by its name in any case, trimmed, the first if it came twice; NULL if it did not
 * come. Copied into ret_value, cut to room bytes. False if absent. */
bool net_header(const NetResponse *response, const char *name, char *ret_value, size_t room);

#endif
