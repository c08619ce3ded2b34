#include "clock.h"
#include "json.h"
#include "merge.h"
#include "webhook_inside.h"

#include <stdlib.h>
#include <string.h>

typedef void PutRow(const Row *row, int64_t now, Buf *out);

static void offer(Webhook *webhook, const char *type, const Row *row, PutRow *put)
{
    Buf data = {0};
    char *project = json_string(json_get(row->doc, "project_id"));
    pthread_mutex_lock(&webhook->lock);
    if (target_wants(&webhook->target, type, project ? project : "default")) {
        put(row, clock_now_ms(), &data);
        webhook_queue(webhook, type, buf_text(&data));
    }
    pthread_mutex_unlock(&webhook->lock);
    buf_release(&data);
    free(project);
}

void webhook_offer_row(Webhook *webhook, const char *type, const Row *row)
{
    offer(webhook, type, row, row_put);
}

static bool same(Text a, Text b)
{
    return a.len == b.len && memcmp(a.at, b.at, a.len) == 0;
}

/* Whether anything but the status is another. */
static bool rest_differs(const Row *before, const Row *after)
{
    Buf old = {0}, new = {0};
    merge_patch(before->doc, text_of("{\"status\":null}"), &old);
    merge_patch(after->doc, text_of("{\"status\":null}"), &new);
    bool differs = !same(buf_text(&old), buf_text(&new));
    buf_release(&old);
    buf_release(&new);
    return differs;
}

static void on_edit(Webhook *webhook, const Row *before, const Row *after)
{
    int64_t now = clock_now_ms();
    if (rest_differs(before, after))
        webhook_offer_row(webhook, "instance.updated", after);
    if (!same(row_status(before, now), row_status(after, now)))
        webhook_offer_row(webhook, "instance.status_changed", after);
}

void webhook_on_ready(const Row *row, void *webhook)
{
    Text before = row_status(row, row->ready_ms - 1), after = row_status(row, row->ready_ms);
    if (!same(before, after))
        webhook_offer_row(webhook, "instance.status_changed", row);
}

/* The ticker looks when the time has come; if it has looked beyond that time already, it won't find this one. */
static void on_create(Webhook *webhook, const Row *row)
{
    webhook_offer_row(webhook, "instance.created", row);
    if (row->ready_ms <= row->created_ms)
        return;
    if (row->ready_ms <= webhook->ready_ms) {
        webhook_on_ready(row, webhook);
        return;
    }
    pthread_mutex_lock(&webhook->lock);
    if (row->ready_ms < webhook->next_ready_ms) {
        webhook->next_ready_ms = row->ready_ms;
        pthread_cond_broadcast(&webhook->wake);
    }
    pthread_mutex_unlock(&webhook->lock);
}

static void offer_project(Webhook *webhook, const char *type, Text doc)
{
    char *id = json_string(json_get(doc, "id"));
    pthread_mutex_lock(&webhook->lock);
    if (target_wants(&webhook->target, type, id ? id : ""))
        webhook_queue(webhook, type, doc);
    pthread_mutex_unlock(&webhook->lock);
    free(id);
}

static void on_project(Webhook *webhook, Text before, Text after)
{
    if (!before.at)
        offer_project(webhook, "project.created", after);
    else if (!after.at)
        offer_project(webhook, "project.deleted", before);
    else if (!same(before, after))
        offer_project(webhook, "project.updated", after);
}

void webhook_on_change(const StoreChange *change, void *arg)
{
    Webhook *webhook = arg;
    if (!change->before && !change->after)
        on_project(webhook, change->project_before, change->project_after);
    else if (!change->before)
        on_create(webhook, change->after);
    else if (!change->after)
        offer(webhook, "instance.deleted", change->before, row_put_summary);
    else
        on_edit(webhook, change->before, change->after);
}
