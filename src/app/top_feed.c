#include "top_feed.h"

#include <errno.h>
#include <stdlib.h>

#include "error.h"

enum { STATUS_BYTES = 1 << 20, STREAM_AGAIN_MS = 5000 };

struct TopFeed {
    TopReader *status, *rows, *events;
    Clock *clock;
    TopUi *ui;
    int64_t interval_ms;
    int64_t status_ms, rows_ms, events_ms; /* when the last answer ended; 0: never */
    Buf status_text;                       /* as far as it has come */
    TopRows coming;
    int code;      /* of what came of these rows; 0: good */
    bool wanted;   /* an event told of something that they lack */
    bool unsorted; /* an event changed one */
    clock_fn changed;
    void *ctx;
};

TopFeed *top_feed_new(const char *mountpoint, bool events)
{
    TopFeed *feed = calloc(1, sizeof *feed);

    if (!feed)
        return NULL;
    buf_init(&feed->status_text, STATUS_BYTES);
    top_rows_init(&feed->coming);
    feed->status = top_reader_start(mountpoint, TOP_SOURCE_STATUS);
    feed->rows = top_reader_start(mountpoint, TOP_SOURCE_ROWS);
    feed->events = events ? top_reader_start(mountpoint, TOP_SOURCE_EVENTS) : NULL;
    if (feed->status && feed->rows && (feed->events || !events))
        return feed;
    top_feed_free(feed);
    return NULL;
}

void top_feed_free(TopFeed *feed)
{
    if (!feed)
        return;
    top_reader_free(feed->status);
    top_reader_free(feed->rows);
    top_reader_free(feed->events);
    buf_release(&feed->status_text);
    top_rows_release(&feed->coming);
    free(feed);
}

/* ---- asking ---- */

static void ask_if_due(TopReader *reader, int64_t due_ms, int64_t now)
{
    if (reader && now >= due_ms)
        top_reader_ask(reader);
}

/* The list waits for the status, which says how long it holds. */
static void ask_for_all(TopFeed *feed, int64_t now)
{
    int64_t list_due_ms = top_list_due_ms(feed->rows_ms, feed->interval_ms, &feed->ui->status, feed->wanted);

    ask_if_due(feed->status, feed->status_ms ? feed->status_ms + feed->interval_ms : 0, now);
    if (feed->ui->answered)
        ask_if_due(feed->rows, feed->rows_ms ? list_due_ms : 0, now);
    ask_if_due(feed->events, feed->events_ms ? feed->events_ms + STREAM_AGAIN_MS : 0, now);
}

/* ---- the status ---- */

static void on_status_bytes(void *ctx, Span bytes)
{
    TopFeed *feed = ctx;

    buf_append(&feed->status_text, bytes.at, bytes.len); /* what is cut is no JSON, and told of as such */
}

static void on_status_end(void *ctx, int number)
{
    TopFeed *feed = ctx;
    Span text = {buf_text(&feed->status_text), feed->status_text.len};
    int r = number ? 0 : top_status_parse(text, &feed->ui->status);

    buf_clear(&feed->status_text);
    feed->status_ms = clock_now_ms(feed->clock);
    feed->ui->silent_ms = 0;
    feed->ui->status_errno = number ? number : error_errno(r);
    feed->ui->answered = feed->ui->answered || (number == 0 && r == 0);
    ask_for_all(feed, feed->status_ms);
    feed->changed(feed->ctx);
}

/* ---- the list ---- */

static void on_project(void *ctx, Span name)
{
    TopFeed *feed = ctx;

    if (feed->code == 0)
        feed->code = top_rows_project(&feed->coming, name);
}

static void on_rows_bytes(void *ctx, Span bytes)
{
    TopFeed *feed = ctx;

    if (feed->code == 0 && feed->coming.project_count == 0) /* the mount shows one alone, and has no folder for it */
        feed->code = top_rows_project(&feed->coming, span_of(feed->ui->status.project));
    if (feed->code == 0)
        feed->code = top_rows_feed(&feed->coming, bytes);
}

static void on_rows_end(void *ctx, int number)
{
    TopFeed *feed = ctx;

    if (feed->code == 0 && number == 0)
        feed->code = top_rows_end(&feed->coming);
    if (feed->code == 0 && number == 0)
        feed->code = top_ui_take_rows(feed->ui, &feed->coming);
    feed->ui->list_errno = number ? number : error_errno(feed->code);
    top_rows_release(&feed->coming);
    feed->code = 0;
    feed->wanted = feed->unsorted = false;
    feed->rows_ms = clock_now_ms(feed->clock);
    top_reader_ask(feed->status); /* to read the list may have changed what it says */
    feed->changed(feed->ctx);
}

/* ---- the events ---- */

static void on_events_open(void *ctx)
{
    TopFeed *feed = ctx;

    feed->ui->stream = TOP_STREAM_OPEN;
    top_events_cut(&feed->ui->events);
    feed->changed(feed->ctx);
}

static void on_events_bytes(void *ctx, Span bytes)
{
    TopFeed *feed = ctx;
    TopNews news = {0};

    if (top_events_feed(&feed->ui->events, bytes, &feed->ui->rows, &news) < 0)
        news.incomplete = true;
    feed->wanted = feed->wanted || news.incomplete;
    feed->unsorted = feed->unsorted || news.changed;
    feed->changed(feed->ctx);
}

static void on_events_end(void *ctx, int number)
{
    TopFeed *feed = ctx;

    feed->ui->stream = number == ENOENT ? TOP_STREAM_NONE : TOP_STREAM_BROKEN;
    feed->events_ms = clock_now_ms(feed->clock);
    feed->changed(feed->ctx);
}

/* ---- */

int top_feed_attach(TopFeed *feed, Loop *loop, int64_t interval_ms, TopUi *ui, clock_fn changed, void *ctx)
{
    static const TopReaderCalls status = {.bytes = on_status_bytes, .ended = on_status_end};
    static const TopReaderCalls rows = {.project = on_project, .bytes = on_rows_bytes, .ended = on_rows_end};
    static const TopReaderCalls events = {.opened = on_events_open, .bytes = on_events_bytes, .ended = on_events_end};
    int r;

    feed->clock = loop_clock(loop);
    feed->interval_ms = interval_ms;
    feed->ui = ui;
    feed->changed = changed;
    feed->ctx = ctx;
    r = top_reader_attach(feed->status, loop, &status, feed);
    if (r == 0)
        r = top_reader_attach(feed->rows, loop, &rows, feed);
    return r < 0 || !feed->events ? r : top_reader_attach(feed->events, loop, &events, feed);
}

void top_feed_tick(TopFeed *feed)
{
    int64_t now = clock_now_ms(feed->clock), silent_since_ms = top_reader_silent_since_ms(feed->status);

    if (feed->unsorted)
        top_view_sort(&feed->ui->view);
    feed->unsorted = false;
    if (feed->ui->paused)
        return;
    feed->ui->silent_ms = silent_since_ms ? now - silent_since_ms : 0;
    ask_for_all(feed, now);
}

void top_feed_pause(TopFeed *feed)
{
    top_reader_pause(feed->status, feed->ui->paused);
    top_reader_pause(feed->rows, feed->ui->paused);
    if (feed->events)
        top_reader_pause(feed->events, feed->ui->paused);
}
