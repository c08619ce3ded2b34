/* The last 10,000 events, each with what became of it. Belongs to one lock: its owner's. */
#ifndef SANDBOX_WEBHOOK_LOG_H
#define SANDBOX_WEBHOOK_LOG_H

#include "buf.h"

enum { WEBHOOK_LOG_MAX = 10000 };

typedef enum EventState {
    EVENT_WAITING,
    EVENT_DELIVERED,
    EVENT_FAILED,   /* sent at once, and not taken */
    EVENT_GIVEN_UP, /* too old */
    EVENT_DROPPED   /* too many waited, or the endpoint is gone */
} EventState;

typedef struct WebhookLog WebhookLog;

WebhookLog *webhook_log_new(void);
void webhook_log_free(WebhookLog *log);

/* Gives the number of the entry, counted from 1. */
uint64_t webhook_log_add(WebhookLog *log, Text id, Text type);

/* One attempt was answered with `status`, 0 for no answer. What is no longer there is left alone, here and below. */
void webhook_log_attempt(WebhookLog *log, uint64_t seq, unsigned status);

void webhook_log_state(WebhookLog *log, uint64_t seq, EventState state);

/* Forgets all entries; the numbers go on. */
void webhook_log_clear(WebhookLog *log);

/* Adds the entries behind the number `since` as a JSON array. */
void webhook_log_put(const WebhookLog *log, uint64_t since, Buf *out);

#endif
