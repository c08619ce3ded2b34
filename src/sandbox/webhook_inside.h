/* What the files of the webhooks share: the struct, its lock and its queue. For webhook*.c only.
 *
 * The store's lock may be held when the webhooks' is taken, and never the other way round. */
#ifndef SANDBOX_WEBHOOK_INSIDE_H
#define SANDBOX_WEBHOOK_INSIDE_H

#include "webhook.h"
#include "webhook_log.h"
#include "webhook_target.h"

#include <pthread.h>
#include <utlist.h>

/* Times are steady milliseconds. */
typedef struct Event {
    struct Event *prev, *next;
    uint64_t seq; /* in the log */
    Buf body;
    int64_t made_ms, due_ms;
    unsigned failures; /* since it was last taken */
    int64_t deliveries;
    bool sending;
    bool forgotten; /* taken out of the queue while it was being sent: the sender frees it */
} Event;

typedef struct WebhookCounts {
    uint64_t events, attempts, deliveries, given_up, dropped;
} WebhookCounts;

typedef struct Storm {
    int64_t rate; /* 0: none */
    int64_t left, done;
    int64_t began_ms; /* steady */
    bool change;
} Storm;

struct Webhook {
    pthread_mutex_t lock;
    pthread_cond_t wake; /* all threads wait for it */
    pthread_t senders[WEBHOOK_SENDERS], ticker;
    Store *store;
    const _Atomic bool *stop;
    Target target;
    Event *queue, *held;
    size_t waiting, holding, bytes; /* of the queue, of the held ones, of the queue's bodies */
    unsigned underway;              /* attempts */
    int64_t begun_ms;               /* steady: when the last of them began */
    uint64_t last_id;
    int64_t started_ms; /* keeps the ids of two runs apart */
    Storm storm;
    WebhookLog *log;
    WebhookCounts counts;
    int64_t next_ready_ms; /* calendar: when the ticker is to look for provisioning that has ended */
    int64_t ready_ms;      /* calendar: up to when it has looked; under the store's lock */
};

/* Waits until something has changed, or `at_ms` (steady, INT64_MAX: for ever), or a while. The lock is held. */
void webhook_wait(Webhook *webhook, int64_t at_ms);

/* Makes an event of a type and adds it to the queue, or to those that are held. The lock is held. */
void webhook_queue(Webhook *webhook, const char *type, Text data);

/* Takes an event out of the queue for good. The lock is held. */
void webhook_finish(Webhook *webhook, Event *event, EventState state);

/* Makes an event of an instance, if the endpoint wants one. */
void webhook_offer_row(Webhook *webhook, const char *type, const Row *row);

/* A StoreSee of instances whose provisioning has ended; its argument is a Webhook. What the admin gave a status of
 * its own does not change by that. */
void webhook_on_ready(const Row *row, void *webhook);

/* A StoreWatch; its argument is a Webhook. */
void webhook_on_change(const StoreChange *change, void *webhook);

/* What the threads run; the argument is a Webhook. */
void *webhook_sender(void *webhook);
void *webhook_ticker(void *webhook);

#endif
