#include "clock.h"
#include "webhook_inside.h"
#include "webhook_post.h"

#include <stdlib.h>

/* The first of the queue whose time has come, or NULL, and then when the next one's will. */
static Event *next_due(const Webhook *webhook, int64_t now, int64_t *ret_at_ms)
{
    Event *event;
    int64_t at_ms = INT64_MAX;
    DL_FOREACH(webhook->queue, event)
    {
        if (event->sending)
            continue;
        if (event->due_ms <= now)
            return event;
        at_ms = event->due_ms < at_ms ? event->due_ms : at_ms;
    }
    *ret_at_ms = at_ms;
    return NULL;
}

/* As that, but none while an attempt that began a moment ago may still come to its end. */
static Event *next_to_send(const Webhook *webhook, int64_t now, int64_t *ret_at_ms)
{
    int64_t patient_until_ms = webhook->begun_ms + WEBHOOK_PATIENCE_MS;
    if (!webhook->underway || now >= patient_until_ms)
        return next_due(webhook, now, ret_at_ms);
    *ret_at_ms = patient_until_ms;
    return NULL;
}

static bool is_taken(unsigned status)
{
    return status >= 200 && status < 300;
}

static void count(Webhook *webhook, uint64_t seq, unsigned status)
{
    webhook_log_attempt(webhook->log, seq, status);
    webhook->counts.attempts++;
    webhook->counts.deliveries += is_taken(status) ? 1U : 0U;
}

static void put_off(Webhook *webhook, Event *event)
{
    const Target *target = &webhook->target;
    event->due_ms = clock_steady_ms() + target_backoff_ms(target, ++event->failures);
    if (event->due_ms - event->made_ms <= target->give_up_ms)
        return;
    webhook->counts.given_up++;
    webhook_finish(webhook, event, EVENT_GIVEN_UP);
}

static void settle(Webhook *webhook, Event *event, unsigned status)
{
    count(webhook, event->seq, status);
    event->sending = false;
    if (event->forgotten) {
        buf_release(&event->body);
        free(event);
    } else if (!is_taken(status)) {
        put_off(webhook, event);
    } else {
        event->failures = 0;
        if (++event->deliveries >= webhook->target.repeat)
            webhook_finish(webhook, event, EVENT_DELIVERED);
    }
}

static unsigned post_signed(Poster *poster, const Target *target, const WebhookMessage *message, const char **ret_why)
{
    Buf signature = {0};
    Signature kind = message->signature ? *message->signature : target->signature;
    Post post = {.url = target->url,
                 .cacert = target->cacert,
                 .body = message->body,
                 .padding = message->padding,
                 .slow_ms = message->slow_ms,
                 .timeout_ms = target->timeout_ms};
    if (signature_put(kind, target->secret, message->body, message->padding, &signature))
        post.signature = signature.data;
    unsigned status = poster_send(poster, &post, ret_why);
    buf_release(&signature);
    return status;
}

/* The lock is held, but for the time of the attempt. */
static void attempt(Webhook *webhook, Poster *poster, Event *event)
{
    Target target;
    const char *ignored = NULL;
    target_copy(&webhook->target, &target);
    event->sending = true;
    webhook->underway++;
    webhook->begun_ms = clock_steady_ms();
    pthread_mutex_unlock(&webhook->lock);
    WebhookMessage message = {.body = buf_text(&event->body)};
    unsigned status = post_signed(poster, &target, &message, &ignored);
    target_release(&target);
    pthread_mutex_lock(&webhook->lock);
    webhook->underway--;
    settle(webhook, event, status);
}

void *webhook_sender(void *arg)
{
    Webhook *webhook = arg;
    Poster *poster = poster_new(webhook->stop);
    pthread_mutex_lock(&webhook->lock);
    while (!*webhook->stop) {
        int64_t at_ms = 0;
        Event *event = next_to_send(webhook, clock_steady_ms(), &at_ms);
        if (event)
            attempt(webhook, poster, event);
        else
            webhook_wait(webhook, at_ms);
    }
    pthread_mutex_unlock(&webhook->lock);
    poster_free(poster);
    return NULL;
}

bool webhook_send(Webhook *webhook, const WebhookMessage *message, unsigned *ret_status, const char **ret_why)
{
    Target target;
    pthread_mutex_lock(&webhook->lock);
    target_copy(&webhook->target, &target);
    uint64_t seq = target.url ? webhook_log_add(webhook->log, message->id, message->type) : 0;
    webhook->counts.events += seq ? 1U : 0U;
    pthread_mutex_unlock(&webhook->lock);
    if (seq) {
        Poster *poster = poster_new(webhook->stop);
        unsigned status = post_signed(poster, &target, message, ret_why);
        poster_free(poster);
        pthread_mutex_lock(&webhook->lock);
        count(webhook, seq, status);
        webhook_log_state(webhook->log, seq, is_taken(status) ? EVENT_DELIVERED : EVENT_FAILED);
        pthread_mutex_unlock(&webhook->lock);
        *ret_status = status;
    }
    target_release(&target);
    return seq != 0;
}
