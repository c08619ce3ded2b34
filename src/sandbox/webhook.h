/* Webhooks: what changes becomes an event, and is posted to one endpoint until that takes it. Safe from every thread.
 *
 *   the store, of a change ──┐
 *   the ticker's thread ─────┴── event ── [held] ── queue ── the senders' threads ── POST
 *
 * The ticker makes what no change makes: the end of provisioning, and storms. One event is sent at a time, but an
 * attempt that takes long is not waited for, and an event that fails is tried again later, while those behind it go on:
 * they arrive in their order only as long as all is well. Nothing that waits
 * outlives the program, and without an endpoint no events are made. */
#ifndef SANDBOX_WEBHOOK_H
#define SANDBOX_WEBHOOK_H

#include "options.h"
#include "store.h"
#include "webhook_sign.h"

enum {
    WEBHOOK_MAX_WAITING = 10000, /* the oldest is dropped beyond that, or beyond so many bytes */
    WEBHOOK_MAX_BYTES = 64 * 1024 * 1024,
    WEBHOOK_PATIENCE_MS = 500, /* how long the next one waits for an attempt */
    WEBHOOK_SENDERS = 4,       /* so many attempts at a time, at most */
    WEBHOOK_MAX_RATE = 10000,
    WEBHOOK_MAX_SECONDS = 3600
};

typedef struct Webhook Webhook;

/* Begins with the endpoint that the options name, if any, and watches the store from now on. `*stop`, once true, ends
 * the threads and what is being sent. NULL after a line on stderr. */
Webhook *webhook_open(const Options *options, Store *store, const _Atomic bool *stop);

/* Only once `*stop` is true. NULL is fine. */
void webhook_close(Webhook *webhook);

/* Changes the endpoint, or begins with one: see webhook_target.h for the members. What waits goes to the new one. Gives
 * NULL, or a sentence that lives forever, and then nothing was changed. */
const char *webhook_change(Webhook *webhook, Text members);

/* There is no endpoint any more, its secret is forgotten, and so is what waits. */
void webhook_remove(Webhook *webhook);

/* Forgets what waits, the log and the counts. */
void webhook_reset(Webhook *webhook);

/* Adds endpoint, counts and storm as a JSON object. */
void webhook_put(Webhook *webhook, Buf *out);

/* Adds the log behind the number `since` as a JSON array. */
void webhook_put_log(Webhook *webhook, uint64_t since, Buf *out);

/* Adds the id of an event that never was, as JSON. */
void webhook_put_id(Webhook *webhook, Buf *out);

/* A body to be posted as it is. */
typedef struct WebhookMessage {
    Text id, type; /* for the log */
    Text body;
    int64_t padding;            /* so many spaces follow the body */
    int64_t slow_ms;            /* a byte each time, if not 0 */
    const Signature *signature; /* NULL: the endpoint's */
} WebhookMessage;

/* Posts it at once, past the queue, once. False: there is no endpoint. Else `*ret_status` is the answer's, or 0, and
 * `*ret_why` is a sentence then. */
bool webhook_send(Webhook *webhook, const WebhookMessage *message, unsigned *ret_status, const char **ret_why);

/* For so many seconds makes so many events a second, instance.updated, each for any one of the instances, which is
 * really changed if `change` says so. Replaces the one before; a rate of 0 ends it. */
void webhook_storm(Webhook *webhook, int64_t rate, int64_t seconds, bool change);

#endif
