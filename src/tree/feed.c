#include "feed.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "event.h"
#include "tree_report.h"

enum { CHUNK_BYTES = 64 << 10 }; /* of lines that are made ready for one handle at once */

struct Feed {
    Tree *tree;
    EventRing *ring;
    TreeOp *followers; /* that wait for a line */
    Timer *wake;
    int64_t told_ms; /* wall clock */
    bool ended;
};

/* Of a change, the lines come one by one; whoever waits hears of them together, and outside of the store's own work. */
static int take_line(void *ctx, Span line)
{
    Feed *feed = ctx;

    event_ring_add(feed->ring, line);
    timer_start(feed->wake, 0);
    return 0;
}

/* What comes while the list is not known yet was there before. */
static bool is_news(const Store *store, enum StoreEvent event)
{
    switch (store_source(store)) {
    case STORE_BY_RESTORE:
        return false;
    case STORE_BY_SELF:
        return true;
    default:
        return event != STORE_ADDED || store_list_complete(store, STORE_INSTANCES);
    }
}

static void on_event(void *ctx, enum StoreSet set, enum StoreEvent what, Resource *before, Resource *after,
                     StoreEntry *entry)
{
    static const char *const sources[] = {
        [STORE_BY_POLL] = "poll", [STORE_BY_SELF] = "self", [STORE_BY_WEBHOOK] = "webhook"};
    Feed *feed = ctx;
    Event event = {.before = before, .after = after};

    if (set != STORE_INSTANCES || what == STORE_RESET || what == STORE_EXPIRED || !is_news(feed->tree->store, what))
        return;
    feed->told_ms = event.wall_ms = clock_wall_ms(feed->tree->clock);
    event.project = binding_project_name(feed->tree, entry);
    event.source = sources[store_source(feed->tree->store)];
    (void)event_lines(&event, take_line, feed);
}

static bool has_news_for(const Feed *feed, const Handle *handle)
{
    return handle->buffer.len > 0 || handle->place < event_ring_next(feed->ring);
}

static void wake_polling(const Feed *feed)
{
    const TreeSink *sink = &feed->tree->sink;
    Handle *each;

    DL_FOREACH(feed->tree->handles, each)
    {
        if (!each->polling || each->node->kind != NODE_FOLLOW)
            continue;
        each->polling = false;
        if (sink->poll_ready)
            sink->poll_ready(sink->ctx, (uint64_t)(uintptr_t)each);
    }
}

static void on_wake(void *ctx)
{
    Feed *feed = ctx;
    TreeOp *each, *next;

    DL_FOREACH_SAFE(feed->followers, each, next)
    {
        each->step(each);
    }
    wake_polling(feed);
}

Feed *feed_new(Tree *tree)
{
    Feed *feed = calloc(1, sizeof *feed);

    if (!feed)
        return NULL;
    feed->tree = tree;
    feed->told_ms = clock_wall_ms(tree->clock);
    feed->ring = event_ring_new();
    feed->wake = timer_new(tree->clock, on_wake, feed);
    if (!feed->ring || !feed->wake || store_watch(tree->store, on_event, feed) < 0) {
        feed_free(feed);
        return NULL;
    }
    return feed;
}

uint64_t tree_events_told(const Tree *tree)
{
    return event_ring_next(tree->feed->ring);
}

void feed_free(Feed *feed)
{
    if (!feed)
        return;
    store_unwatch(feed->tree->store, on_event, feed);
    timer_free(feed->wake);
    event_ring_free(feed->ring);
    free(feed);
}

void feed_open(Handle *handle)
{
    if (handle->node->kind == NODE_FOLLOW)
        handle->place = event_ring_next(handle->node->tree->feed->ring);
}

static uint64_t start_of(const EventRing *ring)
{
    return event_ring_offset(ring, event_ring_first(ring));
}

static uint64_t end_of(const EventRing *ring)
{
    return event_ring_offset(ring, event_ring_next(ring));
}

void feed_attr(const Feed *feed, TreeAttr *attr)
{
    attr->bytes = end_of(feed->ring);
    attr->mtime_ms = attr->ctime_ms = feed->told_ms;
}

static size_t at_most(uint64_t bytes, size_t count)
{
    return bytes < count ? (size_t)bytes : count;
}

/* Who is slow, and has lost what comes next meanwhile, has whole lines so far. */
static size_t whole_lines(const Buf *bytes)
{
    const char *end = memrchr(bytes->data, '\n', bytes->len);

    return end ? (size_t)(end - bytes->data) + 1 : bytes->len;
}

void feed_read(Handle *handle, uint64_t offset, size_t count, TreeReply *ret_reply)
{
    const EventRing *ring = handle->node->tree->feed->ring;
    uint64_t start = start_of(ring), end = end_of(ring);

    if (offset == 0)
        handle->place = start;
    offset += handle->place;
    *ret_reply = (TreeReply){.bytes = ""};
    if (offset >= end || count == 0)
        return;
    count = at_most(offset < start ? start - offset : end - offset, count < CHUNK_BYTES ? count : CHUNK_BYTES);
    ret_reply->code = buf_resize(&handle->buffer, count);
    if (ret_reply->code < 0)
        return;
    if (offset < start)
        memset(handle->buffer.data, '\n', count);
    else
        event_ring_copy(ring, offset, handle->buffer.data, count);
    ret_reply->bytes = handle->buffer.data;
    ret_reply->count = whole_lines(&handle->buffer);
}

/* Appends lines from the handle's place on, as many as fit. */
static int take_lines(const EventRing *ring, Handle *handle)
{
    uint64_t from = event_ring_offset(ring, handle->place), line = handle->place + 1;
    size_t before = handle->buffer.len;
    int r;

    while (line < event_ring_next(ring) && event_ring_offset(ring, line + 1) - from <= CHUNK_BYTES)
        line++;
    r = buf_resize(&handle->buffer, before + (size_t)(event_ring_offset(ring, line) - from));
    if (r < 0)
        return r;
    event_ring_copy(ring, from, handle->buffer.data + before, handle->buffer.len - before);
    handle->place = line;
    return 0;
}

/* Makes ready what comes next for a handle that has nothing left. */
static int refill(const Feed *feed, Handle *handle)
{
    uint64_t first = event_ring_first(feed->ring);
    int r = 0;

    if (handle->place < first)
        r = buf_printf(&handle->buffer, "{\"missed\":%llu}\n", (unsigned long long)(first - handle->place));
    if (r == 0 && handle->place < first)
        handle->place = first;
    if (r == 0 && handle->place < event_ring_next(feed->ring))
        r = take_lines(feed->ring, handle);
    return r;
}

static void give(TreeOp *op)
{
    Buf *ready = &op->handle->buffer;
    Text *text = text_new(ready->data, at_most(ready->len, op->count));
    TreeReply reply = {0};

    if (!text) {
        op_fail(op, -ERR_NO_MEMORY);
        return;
    }
    memmove(ready->data, ready->data + text->bytes, ready->len - text->bytes);
    (void)buf_resize(ready, ready->len - text->bytes); /* it gets shorter */
    op->text = text;
    reply.bytes = text->data;
    reply.count = text->bytes;
    op_finish(op, &reply);
}

static void wait_for_line(Feed *feed, TreeOp *op)
{
    if (op->follows)
        return;
    op->follows = true;
    DL_APPEND(feed->followers, op);
}

void feed_follow_step(TreeOp *op)
{
    Feed *feed = op->tree->feed;
    TreeReply end = {.bytes = ""};
    int r = op->handle->buffer.len > 0 ? 0 : refill(feed, op->handle);

    if (r < 0)
        op_fail(op, r);
    else if (op->handle->buffer.len > 0)
        give(op);
    else if (feed->ended)
        op_finish(op, &end);
    else if (op->flags & O_NONBLOCK)
        op_fail(op, -ERR_AGAIN);
    else
        wait_for_line(feed, op);
}

void feed_leave(TreeOp *op)
{
    if (op->follows)
        DL_DELETE(op->tree->feed->followers, op);
}

bool feed_is_ready(Handle *handle, bool wait)
{
    const Feed *feed = handle->node->tree->feed;
    bool ready = feed->ended || has_news_for(feed, handle);

    if (!ready && wait)
        handle->polling = true;
    return ready;
}

void feed_end(Feed *feed)
{
    feed->ended = true;
    on_wake(feed);
}
