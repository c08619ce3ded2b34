#include "webhook_log.h"

#include "clock.h"
#include "mem.h"

#include <stdlib.h>

typedef struct Entry {
    uint64_t seq;
    char *id, *type;
    int64_t made_ms;
    EventState state;
    unsigned attempts, status;
} Entry;

struct WebhookLog {
    uint64_t last, cleared;
    Entry ring[WEBHOOK_LOG_MAX];
};

WebhookLog *webhook_log_new(void)
{
    return mem_new(sizeof(WebhookLog));
}

static void release(Entry *entry)
{
    free(entry->id);
    free(entry->type);
    *entry = (Entry){0};
}

void webhook_log_free(WebhookLog *log)
{
    for (size_t i = 0; log && i < WEBHOOK_LOG_MAX; i++)
        release(&log->ring[i]);
    free(log);
}

uint64_t webhook_log_add(WebhookLog *log, Text id, Text type)
{
    uint64_t seq = ++log->last;
    Entry *entry = &log->ring[seq % WEBHOOK_LOG_MAX];
    release(entry);
    *entry = (Entry){.seq = seq,
                     .id = mem_dup_bytes(id.at, id.len),
                     .type = mem_dup_bytes(type.at, type.len),
                     .made_ms = clock_now_ms()};
    return seq;
}

static Entry *find(WebhookLog *log, uint64_t seq)
{
    Entry *entry = &log->ring[seq % WEBHOOK_LOG_MAX];
    return entry->seq == seq ? entry : NULL;
}

void webhook_log_attempt(WebhookLog *log, uint64_t seq, unsigned status)
{
    Entry *entry = find(log, seq);
    if (!entry)
        return;
    entry->attempts++;
    entry->status = status;
}

void webhook_log_state(WebhookLog *log, uint64_t seq, EventState state)
{
    Entry *entry = find(log, seq);
    if (entry)
        entry->state = state;
}

void webhook_log_clear(WebhookLog *log)
{
    log->cleared = log->last;
}

static void put_entry(const Entry *entry, Buf *out)
{
    static const char *const states[] = {
        [EVENT_WAITING] = "waiting",   [EVENT_DELIVERED] = "delivered", [EVENT_FAILED] = "failed",
        [EVENT_GIVEN_UP] = "given_up", [EVENT_DROPPED] = "dropped",
    };
    buf_printf(out, "%s{\"seq\":%llu,\"time_ms\":%lld,\"id\":", out->data[out->len - 1] == '[' ? "" : ",\n",
               (unsigned long long)entry->seq, (long long)entry->made_ms);
    buf_puts_json(out, entry->id);
    buf_puts(out, ",\"type\":");
    buf_puts_json(out, entry->type);
    buf_printf(out, ",\"state\":\"%s\",\"attempts\":%u,\"status\":%u}", states[entry->state], entry->attempts,
               entry->status);
}

void webhook_log_put(const WebhookLog *log, uint64_t since, Buf *out)
{
    uint64_t oldest = log->last > WEBHOOK_LOG_MAX ? log->last - WEBHOOK_LOG_MAX : 0;
    uint64_t seq = oldest > log->cleared ? oldest : log->cleared;
    buf_putc(out, '[');
    for (seq = seq > since ? seq : since; seq < log->last;)
        put_entry(&log->ring[++seq % WEBHOOK_LOG_MAX], out);
    buf_putc(out, ']');
}
