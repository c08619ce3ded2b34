#include "reqlog.h"

#include "clock.h"
#include "mem.h"

#include <pthread.h>
#include <stdlib.h>

typedef struct Entry {
    uint64_t seq;
    char *fixed; /* what is known at once, as JSON without its closing brace */
    int64_t began_ms, took_ms;
    unsigned status;
    const char *fault;
} Entry;

struct Reqlog {
    pthread_mutex_t lock;
    uint64_t last, cleared;
    Entry ring[REQLOG_MAX];
};

Reqlog *reqlog_new(void)
{
    Reqlog *log = mem_new(sizeof *log);
    pthread_mutex_init(&log->lock, NULL);
    return log;
}

void reqlog_free(Reqlog *log)
{
    if (!log)
        return;
    for (size_t i = 0; i < REQLOG_MAX; i++)
        free(log->ring[i].fixed);
    pthread_mutex_destroy(&log->lock);
    free(log);
}

static const char *token_word(TokenKind kind)
{
    switch (kind) {
    case TOKEN_NONE:
        return "none";
    case TOKEN_OLD:
        return "old";
    case TOKEN_CURRENT:
        return "current";
    case TOKEN_OTHER:
    case TOKEN_FOREIGN:
        break;
    }
    return "other";
}

static void put_text(Buf *out, const char *key, const char *value)
{
    buf_printf(out, ",\"%s\":", key);
    if (value)
        buf_puts_json(out, value);
    else
        buf_puts(out, "null");
}

static void put_headers(Buf *out, const Request *request)
{
    static const struct {
        Header header;
        const char *key;
    } shown[] = {
        {HEADER_USER_AGENT, "user-agent"},           {HEADER_VERSION, "skystack-version"},
        {HEADER_IDEMPOTENCY_KEY, "idempotency-key"}, {HEADER_IF_MATCH, "if-match"},
        {HEADER_CONTENT_TYPE, "content-type"},
    };
    buf_printf(out, ",\"headers\":{\"authorization\":%s", request->headers[HEADER_AUTHORIZATION] ? "true" : "false");
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
        put_text(out, shown[i].key, request->headers[shown[i].header]);
    buf_putc(out, '}');
}

static char *describe(const Request *request, TokenKind token)
{
    Buf out = {0};
    Text body = buf_text(&request->body);
    body.len = body.len > REQLOG_MAX_BODY ? REQLOG_MAX_BODY : body.len;
    put_text(&out, "method", request->method);
    put_text(&out, "path", request->path);
    put_text(&out, "query", request->query);
    put_text(&out, "request_id", request->id);
    buf_printf(&out, ",\"connection\":%llu", (unsigned long long)request->connection);
    put_text(&out, "token", token_word(token));
    put_headers(&out, request);
    buf_puts(&out, ",\"body\":");
    buf_put_json(&out, body);
    return buf_take(&out);
}

uint64_t reqlog_add(Reqlog *log, const Request *request, TokenKind token)
{
    char *fixed = describe(request, token);
    pthread_mutex_lock(&log->lock);
    uint64_t seq = ++log->last;
    Entry *entry = &log->ring[seq % REQLOG_MAX];
    free(entry->fixed);
    *entry = (Entry){.seq = seq, .fixed = fixed, .began_ms = clock_now_ms(), .took_ms = -1};
    pthread_mutex_unlock(&log->lock);
    return seq;
}

void reqlog_finish(Reqlog *log, uint64_t seq, unsigned status, const char *fault)
{
    pthread_mutex_lock(&log->lock);
    Entry *entry = &log->ring[seq % REQLOG_MAX];
    if (entry->seq == seq) {
        entry->status = status;
        entry->fault = fault;
        entry->took_ms = clock_now_ms() - entry->began_ms;
    }
    pthread_mutex_unlock(&log->lock);
}

void reqlog_clear(Reqlog *log)
{
    pthread_mutex_lock(&log->lock);
    log->cleared = log->last;
    pthread_mutex_unlock(&log->lock);
}

static void put_entry(const Entry *entry, Buf *out)
{
    buf_printf(out, "%s{\"seq\":%llu,\"time_ms\":%lld", out->data[out->len - 1] == '[' ? "" : ",\n",
               (unsigned long long)entry->seq, (long long)entry->began_ms);
    buf_puts(out, entry->fixed);
    buf_printf(out, ",\"status\":%u,\"took_ms\":", entry->status);
    if (entry->took_ms < 0)
        buf_puts(out, "null");
    else
        buf_printf(out, "%lld", (long long)entry->took_ms);
    put_text(out, "fault", entry->fault);
    buf_putc(out, '}');
}

void reqlog_put(Reqlog *log, uint64_t since, Buf *out)
{
    pthread_mutex_lock(&log->lock);
    uint64_t oldest = log->last > REQLOG_MAX ? log->last - REQLOG_MAX : 0;
    uint64_t seq = oldest > log->cleared ? oldest : log->cleared;
    buf_putc(out, '[');
    for (seq = seq > since ? seq : since; seq < log->last;)
        put_entry(&log->ring[++seq % REQLOG_MAX], out);
    buf_putc(out, ']');
    pthread_mutex_unlock(&log->lock);
}
