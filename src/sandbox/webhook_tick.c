#include "clock.h"
#include "mem.h"
#include "merge.h"
#include "webhook_inside.h"

#include <openssl/rand.h>
#include <stdlib.h>

/* No instance is made while this looks, so that each is found here or knows that it comes too late. */
static int64_t look_for_ready(Webhook *webhook)
{
    store_bulk_begin(webhook->store);
    int64_t since_ms = webhook->ready_ms;
    webhook->ready_ms = clock_now_ms();
    int64_t next_ms = store_list_ready(webhook->store, since_ms, webhook->ready_ms, webhook_on_ready, webhook);
    store_bulk_end(webhook->store);
    return next_ms;
}

/* The lock is held, but for the time of looking. */
static void end_provisioning(Webhook *webhook)
{
    webhook->next_ready_ms = INT64_MAX;
    pthread_mutex_unlock(&webhook->lock);
    int64_t next_ms = look_for_ready(webhook);
    pthread_mutex_lock(&webhook->lock);
    if (next_ms < webhook->next_ready_ms)
        webhook->next_ready_ms = next_ms;
}

/* One event of a storm. */
typedef struct Gust {
    Webhook *webhook;
    int64_t number;
    bool change;
    char *id;
} Gust;

static void on_gust(const Row *row, void *arg)
{
    Gust *gust = arg;
    if (gust->change)
        gust->id = mem_dup_bytes(row->id.at, row->id.len);
    else
        webhook_offer_row(gust->webhook, "instance.updated", row);
}

static void put_number(const Row *row, Buf *doc, void *arg)
{
    const Gust *gust = arg;
    Buf patch = {0};
    buf_printf(&patch, "{\"storm\":%lld}", (long long)gust->number);
    merge_patch(row->doc, buf_text(&patch), doc);
    buf_release(&patch);
}

static void blow(Gust *gust)
{
    Store *store = gust->webhook->store;
    uint32_t any;
    size_t count = store_count(store);
    if (RAND_bytes((unsigned char *)&any, sizeof any) != 1)
        abort();
    if (count)
        store_list(store, store_before(store, any % count), 1, on_gust, gust);
    if (gust->id)
        store_edit(store, text_of(gust->id), BY_ADMIN, put_number, NULL, gust);
    free(gust->id);
}

static int64_t next_gust_ms(const Storm *storm)
{
    return storm->left ? storm->began_ms + storm->done * 1000 / storm->rate : INT64_MAX;
}

/* The lock is held, but for the time of the event. */
static void blow_once(Webhook *webhook)
{
    Gust gust = {.webhook = webhook, .number = ++webhook->storm.done, .change = webhook->storm.change};
    webhook->storm.left--;
    pthread_mutex_unlock(&webhook->lock);
    blow(&gust);
    pthread_mutex_lock(&webhook->lock);
}

static int64_t next_ready_steady_ms(const Webhook *webhook, int64_t steady_ms)
{
    return webhook->next_ready_ms == INT64_MAX ? INT64_MAX : steady_ms + webhook->next_ready_ms - clock_now_ms();
}

void *webhook_ticker(void *arg)
{
    Webhook *webhook = arg;
    pthread_mutex_lock(&webhook->lock);
    while (!*webhook->stop) {
        int64_t now = clock_steady_ms();
        int64_t ready = next_ready_steady_ms(webhook, now), gust = next_gust_ms(&webhook->storm);
        if (ready <= now)
            end_provisioning(webhook);
        else if (gust <= now)
            blow_once(webhook);
        else
            webhook_wait(webhook, ready < gust ? ready : gust);
    }
    pthread_mutex_unlock(&webhook->lock);
    return NULL;
}

void webhook_storm(Webhook *webhook, int64_t rate, int64_t seconds, bool change)
{
    pthread_mutex_lock(&webhook->lock);
    webhook->storm = (Storm){.rate = rate, .left = rate * seconds, .began_ms = clock_steady_ms(), .change = change};
    pthread_cond_broadcast(&webhook->wake);
    pthread_mutex_unlock(&webhook->lock);
}
