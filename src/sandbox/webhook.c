#include "clock.h"
#include "mem.h"
#include "webhook_inside.h"
#include "webhook_post.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WAIT_MAX_MS = 3600 * 1000, SECRET_MAX_BYTES = 4096, ID_MAX_BYTES = 48 };

/* The whole file without the line's end that it may have. */
static char *read_secret(const char *path)
{
    char bytes[SECRET_MAX_BYTES + 1];
    FILE *file = fopen(path, "re");
    size_t len = file ? fread(bytes, 1, sizeof bytes, file) : 0;
    bool fine = file && !ferror(file) && len < sizeof bytes && !memchr(bytes, '\0', len);
    if (file)
        fclose(file);
    while (len && (bytes[len - 1] == '\n' || bytes[len - 1] == '\r'))
        len--;
    if (fine && len)
        return mem_dup_bytes(bytes, len);
    fprintf(stderr, "skystack-sandbox: %s: no secret can be read from there\n", path);
    return NULL;
}

static bool init_target(Target *target, const Options *options)
{
    target_init(target);
    target->url = mem_dup(options->webhook);
    target->cacert = mem_dup(options->webhook_cacert);
    if (!options->webhook_secret_file)
        return true;
    target->secret = read_secret(options->webhook_secret_file);
    return target->secret;
}

static void init_lock(Webhook *webhook)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&webhook->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&webhook->lock, NULL);
}

static void release(Webhook *webhook)
{
    target_release(&webhook->target);
    webhook_log_free(webhook->log);
    pthread_cond_destroy(&webhook->wake);
    pthread_mutex_destroy(&webhook->lock);
    free(webhook);
}

static pthread_t start_thread(Webhook *webhook, void *run(void *webhook))
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, run, webhook) != 0) {
        fputs("skystack-sandbox: no more threads\n", stderr);
        abort();
    }
    return thread;
}

Webhook *webhook_open(const Options *options, Store *store, const _Atomic bool *stop)
{
    Webhook *webhook = mem_new(sizeof *webhook);
    init_lock(webhook);
    webhook->store = store;
    webhook->stop = stop;
    webhook->log = webhook_log_new();
    webhook->started_ms = webhook->ready_ms = clock_now_ms();
    if (!init_target(&webhook->target, options) || !post_begin()) {
        release(webhook);
        return NULL;
    }
    store_watch(store, webhook_on_change, webhook);
    for (int i = 0; i < WEBHOOK_SENDERS; i++)
        webhook->senders[i] = start_thread(webhook, webhook_sender);
    webhook->ticker = start_thread(webhook, webhook_ticker);
    return webhook;
}

static void event_free(Event *event)
{
    buf_release(&event->body);
    free(event);
}

void webhook_finish(Webhook *webhook, Event *event, EventState state)
{
    webhook_log_state(webhook->log, event->seq, state);
    DL_DELETE(webhook->queue, event);
    webhook->waiting--;
    webhook->bytes -= event->body.len;
    event->forgotten = event->sending;
    if (!event->sending)
        event_free(event);
}

static bool is_too_much(const Webhook *webhook)
{
    return webhook->waiting > WEBHOOK_MAX_WAITING || webhook->bytes > WEBHOOK_MAX_BYTES;
}

static void append(Webhook *webhook, Event *event)
{
    DL_APPEND(webhook->queue, event);
    webhook->waiting++;
    webhook->bytes += event->body.len;
    while (webhook->queue && is_too_much(webhook)) {
        webhook->counts.dropped++;
        webhook_finish(webhook, webhook->queue, EVENT_DROPPED);
    }
    pthread_cond_broadcast(&webhook->wake);
}

/* The last that was held goes first. */
static void release_held(Webhook *webhook)
{
    while (webhook->held) {
        Event *event = webhook->held->prev;
        DL_DELETE(webhook->held, event);
        webhook->holding--;
        append(webhook, event);
    }
}

static void forget_all(Webhook *webhook)
{
    release_held(webhook);
    while (webhook->queue)
        webhook_finish(webhook, webhook->queue, EVENT_DROPPED);
}

void webhook_close(Webhook *webhook)
{
    if (!webhook)
        return;
    pthread_mutex_lock(&webhook->lock);
    pthread_cond_broadcast(&webhook->wake);
    pthread_mutex_unlock(&webhook->lock);
    for (int i = 0; i < WEBHOOK_SENDERS; i++)
        pthread_join(webhook->senders[i], NULL);
    pthread_join(webhook->ticker, NULL);
    store_watch(webhook->store, NULL, NULL);
    forget_all(webhook);
    release(webhook);
    post_end();
}

void webhook_wait(Webhook *webhook, int64_t at_ms)
{
    int64_t latest = clock_steady_ms() + WAIT_MAX_MS;
    int64_t until = at_ms < latest ? at_ms : latest;
    struct timespec at = {.tv_sec = until / 1000, .tv_nsec = until % 1000 * 1000000};
    pthread_cond_timedwait(&webhook->wake, &webhook->lock, &at);
}

static void next_id(Webhook *webhook, char id[ID_MAX_BYTES])
{
    snprintf(id, ID_MAX_BYTES, "evt_%llx_%llu", (unsigned long long)webhook->started_ms,
             (unsigned long long)++webhook->last_id);
}

void webhook_put_id(Webhook *webhook, Buf *out)
{
    char id[ID_MAX_BYTES];
    pthread_mutex_lock(&webhook->lock);
    next_id(webhook, id);
    pthread_mutex_unlock(&webhook->lock);
    buf_puts_json(out, id);
}

static void put_body(const char *id, const char *type, Text data, Buf *out)
{
    buf_printf(out, "{\"id\":\"%s\",\"type\":\"%s\",\"created_at\":", id, type);
    clock_put_json(out, clock_now_ms());
    buf_puts(out, ",\"data\":");
    buf_put(out, data);
    buf_putc(out, '}');
}

void webhook_queue(Webhook *webhook, const char *type, Text data)
{
    char id[ID_MAX_BYTES];
    Event *event = mem_new(sizeof *event);
    next_id(webhook, id);
    put_body(id, type, data, &event->body);
    event->seq = webhook_log_add(webhook->log, text_of(id), text_of(type));
    event->made_ms = clock_steady_ms();
    event->due_ms = event->made_ms + webhook->target.delay_ms;
    webhook->counts.events++;
    if (!webhook->target.reorder) {
        append(webhook, event);
        return;
    }
    DL_APPEND(webhook->held, event);
    if (++webhook->holding >= (size_t)webhook->target.reorder)
        release_held(webhook);
}

const char *webhook_change(Webhook *webhook, Text members)
{
    pthread_mutex_lock(&webhook->lock);
    const char *why = target_change(&webhook->target, members);
    if (webhook->holding >= (size_t)webhook->target.reorder)
        release_held(webhook);
    pthread_cond_broadcast(&webhook->wake);
    pthread_mutex_unlock(&webhook->lock);
    return why;
}

void webhook_remove(Webhook *webhook)
{
    pthread_mutex_lock(&webhook->lock);
    target_release(&webhook->target);
    target_init(&webhook->target);
    forget_all(webhook);
    pthread_mutex_unlock(&webhook->lock);
}

void webhook_reset(Webhook *webhook)
{
    pthread_mutex_lock(&webhook->lock);
    forget_all(webhook);
    webhook_log_clear(webhook->log);
    webhook->counts = (WebhookCounts){0};
    pthread_mutex_unlock(&webhook->lock);
}

static void put_counts(const Webhook *webhook, Buf *out)
{
    const WebhookCounts *counts = &webhook->counts;
    buf_printf(out, "{\"events\":%llu,\"attempts\":%llu,\"deliveries\":%llu", (unsigned long long)counts->events,
               (unsigned long long)counts->attempts, (unsigned long long)counts->deliveries);
    buf_printf(out, ",\"given_up\":%llu,\"dropped\":%llu", (unsigned long long)counts->given_up,
               (unsigned long long)counts->dropped);
    buf_printf(out, ",\"waiting\":%zu,\"held\":%zu,\"storm_left\":%lld}", webhook->waiting, webhook->holding,
               (long long)webhook->storm.left);
}

void webhook_put(Webhook *webhook, Buf *out)
{
    pthread_mutex_lock(&webhook->lock);
    buf_puts(out, "{\"endpoint\":");
    if (webhook->target.url)
        target_put(&webhook->target, out);
    else
        buf_puts(out, "null");
    buf_puts(out, ",\"counts\":");
    put_counts(webhook, out);
    buf_putc(out, '}');
    pthread_mutex_unlock(&webhook->lock);
}

void webhook_put_log(Webhook *webhook, uint64_t since, Buf *out)
{
    pthread_mutex_lock(&webhook->lock);
    webhook_log_put(webhook->log, since, out);
    pthread_mutex_unlock(&webhook->lock);
}
