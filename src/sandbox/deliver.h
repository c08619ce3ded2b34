/* How an answer goes out: whole, or broken in one of the ways that faults ask for. */
#ifndef SANDBOX_DELIVER_H
#define SANDBOX_DELIVER_H

#include "reply.h"
#include "request.h"

#include <stdbool.h>

struct MHD_Connection;

typedef enum DeliveryMode {
    DELIVER_WHOLE,
    DELIVER_CUT,    /* `bytes` of the body, then the connection is closed */
    DELIVER_SLOW,   /* a byte of the body every `ms` */
    DELIVER_HUGE,   /* a JSON body of about `bytes`, made up as it goes, chunked */
    DELIVER_RAW,    /* the reply's body in place of an HTTP answer, a byte every `ms` if that is not 0; then closed */
    DELIVER_NOTHING /* the connection is closed */
} DeliveryMode;

/* A Delivery that is all zeros is the usual one. */
typedef struct Delivery {
    DeliveryMode mode;
    int64_t bytes;
    int64_t ms;
    bool chunked; /* DELIVER_CUT: without saying the length beforehand */
} Delivery;

/* Hands the answer to the server, and with it the reply's body. False: the connection is to be closed. May sleep for
 * DELIVER_RAW. */
bool deliver(struct MHD_Connection *connection, const Request *request, Reply *reply, const Delivery *delivery,
             const _Atomic bool *stop);

#endif
