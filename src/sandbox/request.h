/* A request as it came over the wire, without the library that read it, and the pause that a hanging answer makes. */
#ifndef SANDBOX_REQUEST_H
#define SANDBOX_REQUEST_H

#include "buf.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    REQUEST_MAX_BODY = 1024 * 1024, /* what is more is read and thrown away */
    REQUEST_MAX_PARAMS = 16
};

typedef enum Header {
    HEADER_AUTHORIZATION,
    HEADER_CONTENT_TYPE,
    HEADER_VERSION,
    HEADER_IDEMPOTENCY_KEY,
    HEADER_IF_MATCH,
    HEADER_USER_AGENT,
    HEADER_COUNT
} Header;

/* The name of a header as it stands on the wire. */
const char *header_name(Header header);

typedef struct Request {
    char *method;
    char *path;  /* as sent, still percent-encoded, without the query */
    char *query; /* as sent, without the question mark; NULL if there was none */
    char *headers[HEADER_COUNT];
    Buf body;
    bool body_too_big;
    bool begun;
    uint64_t connection; /* a number for the TCP connection */
    int socket;
    char id[32]; /* what the client is told as the request id */
} Request;

/* A query or path parameter, decoded. */
typedef struct Param {
    char *key;
    char *value;
} Param;

typedef struct Params {
    Param list[REQUEST_MAX_PARAMS];
    size_t count;
} Params;

/* `uri` is the path with the query. */
Request *request_new(const char *uri);
void request_free(Request *request);

/* Splits and decodes the query; false if there are too many parameters. Release it either way. */
bool request_params(const Request *request, Params *ret);
void params_release(Params *params);

/* Decodes %XX, and + as a space where `form` says so; free() it. It may hold NULs: `*ret_len` says how long it is. */
char *percent_decode(Text text, bool form, size_t *ret_len);

/* Waits until the time is over (negative: for ever), the client has gone, or `*stop` or `*also` (may be NULL) turns
 * true. False if the client has gone. */
bool request_wait(const Request *request, int64_t ms, const _Atomic bool *stop, const _Atomic bool *also);

#endif
