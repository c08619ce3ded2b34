#include "top_ui.h"

#include <errno.h>
#include <string.h>

#include "date.h"
#include "top_table.h"

/*
 * From above: title, verdict, budget, listing, the table with its headings, the events with their title, the keys.
 */
enum {
    LINE_TITLE,
    LINE_VERDICT,
    LINE_BUDGET,
    LINE_LISTING,
    LINE_TABLE,
    GAUGE_WIDTH = 16,
    PROGRESS_WIDTH = 12,
    EVENTS_FROM_LINES = 16, /* a lower screen has no room for them */
    EVENTS_MAX = 8,
    TEXT_WIDTH = 1000,
};

/* Of so many. */
static unsigned thousandths(int64_t part, int64_t whole)
{
    if (whole <= 0 || part <= 0)
        return 0;
    return part >= whole ? 1000 : (unsigned)(part * 1000 / whole);
}

static long long in_seconds(int64_t ms)
{
    return (ms + 999) / 1000;
}

/* ---- header ---- */

static void draw_title(const TopUi *ui, TopGrid *grid)
{
    unsigned at = top_grid_printf(grid, LINE_TITLE, 0, TOP_TITLE, "skystackfs  %s  ", ui->mountpoint);

    at = top_grid_put(grid, LINE_TITLE, at, TEXT_WIDTH, TOP_TITLE, ui->status.source);
    if (strcmp(ui->status.source, ui->status.endpoint) != 0)
        top_grid_printf(grid, LINE_TITLE, at, TOP_TITLE, "  %s", ui->status.endpoint);
    for (unsigned column = 0; column < grid->columns; column++)
        grid->places[column].style = TOP_TITLE;
}

static unsigned draw_state(const TopUi *ui, TopGrid *grid)
{
    const TopStatus *status = &ui->status;

    if (ui->silent_ms >= TOP_SILENCE_MS)
        return top_grid_printf(grid, LINE_VERDICT, 0, TOP_BAD, "no answer since %lld s", ui->silent_ms / 1000LL);
    if (ui->status_errno == ENOTCONN)
        return top_grid_printf(grid, LINE_VERDICT, 0, TOP_BAD, "dead: unmount it with `skystackfs umount %s`",
                               ui->mountpoint);
    if (ui->status_errno)
        return top_grid_printf(grid, LINE_VERDICT, 0, TOP_BAD, "its status can't be read: %s",
                               strerror(ui->status_errno));
    if (!ui->answered)
        return top_grid_put(grid, LINE_VERDICT, 0, TEXT_WIDTH, TOP_DIM, "waiting for its first answer");
    if (strcmp(status->state, "ok") != 0)
        return top_grid_put(grid, LINE_VERDICT, 0, TEXT_WIDTH, TOP_BAD,
                            status->wrong[0] ? status->wrong : status->state);
    return top_grid_put(grid, LINE_VERDICT, 0, TEXT_WIDTH, status->stale ? TOP_BUSY : TOP_GOOD,
                        status->stale ? "stale" : "ok");
}

static unsigned draw_count(TopGrid *grid, unsigned at, size_t count, const char *what, uint8_t style)
{
    return count ? top_grid_printf(grid, LINE_VERDICT, at, style, "  %zu %s", count, what) : at;
}

static void draw_verdict(const TopUi *ui, TopGrid *grid)
{
    const TopGroup *total = &ui->view.total;
    unsigned at = draw_state(ui, grid);

    if (ui->paused)
        at = top_grid_put(grid, LINE_VERDICT, at, TEXT_WIDTH, TOP_BUSY, "  paused");
    if (!ui->listed)
        return;
    at = top_grid_printf(grid, LINE_VERDICT, at, TOP_PLAIN, "  %zu instance%s", total->rows,
                         total->rows == 1 ? "" : "s");
    at = draw_count(grid, at, total->running, "running", TOP_GOOD);
    at = draw_count(grid, at, total->busy, "changing", TOP_BUSY);
    at = draw_count(grid, at, total->failed, "failed", TOP_BAD);
    if (total->shown != total->rows)
        at = top_grid_printf(grid, LINE_VERDICT, at, TOP_STRONG, "  %zu shown", total->shown);
    draw_count(grid, at, ui->rows.skipped, "can't be shown", TOP_BAD);
}

static uint8_t gauge_style(unsigned filled)
{
    return filled >= 950 ? TOP_BAD : filled >= 750 ? TOP_BUSY : TOP_GOOD;
}

static unsigned draw_gauge(TopGrid *grid, unsigned at, const char *label, int64_t used, int64_t limit)
{
    unsigned filled = thousandths(used, limit);

    at = top_grid_printf(grid, LINE_BUDGET, at, TOP_PLAIN, "%s ", label);
    if (limit == 0)
        return top_grid_printf(grid, LINE_BUDGET, at, TOP_PLAIN, "%lld (no limit)", (long long)used);
    at = top_grid_bar(grid, LINE_BUDGET, at, GAUGE_WIDTH, gauge_style(filled), filled);
    return top_grid_printf(grid, LINE_BUDGET, at, TOP_PLAIN, " %lld of %lld", (long long)used, (long long)limit);
}

static void draw_budget(const TopUi *ui, TopGrid *grid)
{
    const TopStatus *status = &ui->status;
    unsigned at;

    if (!ui->answered)
        return;
    at = draw_gauge(grid, 0, "minute", status->minute_used, status->minute_limit);
    at = draw_gauge(grid, at + 2, "day", status->day_used, status->day_limit);
    if (status->in_line > 0)
        top_grid_printf(grid, LINE_BUDGET, at + 2, TOP_BUSY, "%lld in line", (long long)status->in_line);
}

/* ---- listing ---- */

static unsigned draw_wait(const TopStatus *status, TopGrid *grid, unsigned at)
{
    if (status->in_line == 0 || strcmp(status->reason, "nothing") == 0)
        return at;
    if (status->waits_ms >= 0)
        at = top_grid_printf(grid, LINE_LISTING, at, TOP_BUSY, ", waits %lld s", in_seconds(status->waits_ms));
    else
        at = top_grid_put(grid, LINE_LISTING, at, TEXT_WIDTH, TOP_BUSY, ", waits");
    return top_grid_printf(grid, LINE_LISTING, at, TOP_BUSY, ": %s", top_status_reason(status));
}

/* Where the API does not say how many there are, as many as were known before are a guess. */
static void draw_progress(const TopStatus *status, TopGrid *grid)
{
    bool guess = status->listed_total < 0;
    int64_t total = !guess ? status->listed_total : status->complete ? status->known : 0;
    int64_t rows = status->listed_rows > 0 ? status->listed_rows : 0;
    unsigned at = top_grid_put(grid, LINE_LISTING, 0, TEXT_WIDTH, TOP_PLAIN, "listing ");

    if (total > 0)
        at = top_grid_bar(grid, LINE_LISTING, at, PROGRESS_WIDTH, TOP_GOOD, thousandths(rows, total)) + 1;
    at = top_grid_printf(grid, LINE_LISTING, at, TOP_PLAIN, "%lld", (long long)rows);
    if (total > 0)
        at = top_grid_printf(grid, LINE_LISTING, at, TOP_PLAIN, " of %s%lld", guess ? "about " : "", (long long)total);
    at = top_grid_put(grid, LINE_LISTING, at, TEXT_WIDTH, TOP_PLAIN, total > 0 ? "" : " rows so far");
    draw_wait(status, grid, at);
}

static void draw_age(const TopStatus *status, TopGrid *grid)
{
    char age[DATE_TEXT_BYTES], ttl[DATE_TEXT_BYTES];

    date_format_age(status->age_ms, age);
    date_format_age(status->ttl_ms, ttl);
    top_grid_printf(grid, LINE_LISTING, 0, TOP_DIM, "listed %s ago, fresh for %s", age, ttl);
}

static void draw_listing(const TopUi *ui, TopGrid *grid)
{
    if (ui->list_errno)
        top_grid_printf(grid, LINE_LISTING, 0, TOP_BAD, "the list can't be read: %s", strerror(ui->list_errno));
    else if (ui->status.listing)
        draw_progress(&ui->status, grid);
    else if (ui->status.complete)
        draw_age(&ui->status, grid);
    else if (ui->answered)
        top_grid_put(grid, LINE_LISTING, 0, TEXT_WIDTH, TOP_DIM, "not listed yet");
}

/* ---- table ---- */

static void draw_table(TopUi *ui, TopGrid *grid, unsigned lines, int64_t wall_ms)
{
    const char *why = !ui->listed          ? "the instances come when the list is whole"
                      : ui->view.filter[0] ? "nothing fits the filter"
                                           : "there are no instances";

    top_view_set_page(&ui->view, lines - 1);
    top_table_draw(&ui->view, grid, LINE_TABLE, wall_ms);
    if (ui->view.line_count == 0)
        top_grid_put(grid, LINE_TABLE + 1, 2, TEXT_WIDTH, TOP_DIM, why);
}

static const char *const help[] = {
    "up down j k      a line up or down        home end  the first, the last",
    "pgup pgdn b f    a page up or down        enter     open, close a project",
    "+ -              open or close all        t         with, without projects",
    "s S              sort by the next column, or by the one before",
    "r                the other way round",
    "/                type a filter: words that must all be there, in any column;",
    "                 name: project: status: ip: size: region: health: id: ahead of a",
    "                 word look in that one; enter keeps the filter, esc drops it",
    "p                pause: nothing is read   ctrl-l    draw anew",
    "q ctrl-c         quit",
    "",
    "Everything here is read from the mount. Only a list that is past its time is",
    "asked for anew, as `ls` would.",
};

static void draw_help(TopGrid *grid, unsigned lines)
{
    for (unsigned i = 0; i < sizeof help / sizeof help[0] && i < lines; i++)
        top_grid_put(grid, LINE_TABLE + i, 0, TEXT_WIDTH, TOP_PLAIN, help[i]);
}

/* ---- events ---- */

static unsigned event_lines(const TopGrid *grid)
{
    unsigned third = grid->lines / 3 - 4;

    if (grid->lines < EVENTS_FROM_LINES)
        return 0;
    return third < EVENTS_MAX ? third : EVENTS_MAX;
}

static const char *stream_sentence(enum TopStream stream)
{
    switch (stream) {
    case TOP_STREAM_UNKNOWN:
        return "waiting for the mount's events";
    case TOP_STREAM_NONE:
        return "This mount tells no events; what changes shows when the list is read anew.";
    case TOP_STREAM_BROKEN:
        return "The stream of events broke off; it is tried again.";
    case TOP_STREAM_OPEN:
        break;
    }
    return "nothing has happened since top began";
}

static uint8_t event_style(const TopEvent *event)
{
    switch (top_mood(event->to)) {
    case TOP_MOOD_BAD:
        return TOP_BAD;
    case TOP_MOOD_BUSY:
        return TOP_BUSY;
    case TOP_MOOD_GOOD:
        return TOP_GOOD;
    default:
        return TOP_PLAIN;
    }
}

static void draw_event(TopGrid *grid, unsigned line, const TopEvent *event)
{
    unsigned at = top_grid_printf(grid, line, 0, TOP_DIM, "%-9s", event->time);

    top_grid_put(grid, line, at, TEXT_WIDTH, event_style(event), event->text);
}

/* The newest at the bottom. */
static void draw_events(const TopUi *ui, TopGrid *grid, unsigned line, unsigned lines)
{
    unsigned at = top_grid_put(grid, line, 0, TEXT_WIDTH, TOP_DIM, "-- events ");
    size_t kept = 0;

    while (at < grid->columns)
        at = top_grid_put(grid, line, at, 1, TOP_DIM, "-");
    while (kept < lines && top_events_back(&ui->events, kept))
        kept++;
    for (unsigned i = 0; i < kept; i++)
        draw_event(grid, line + 1 + i, top_events_back(&ui->events, kept - 1 - i));
    if (kept == 0 || (kept < lines && ui->stream != TOP_STREAM_OPEN))
        top_grid_put(grid, line + 1 + (unsigned)kept, 0, TEXT_WIDTH, TOP_DIM, stream_sentence(ui->stream));
}

/* ---- keys ---- */

static unsigned draw_key(TopGrid *grid, unsigned at, const char *key, const char *meaning)
{
    unsigned line = grid->lines - 1;

    at = top_grid_put(grid, line, at, TEXT_WIDTH, TOP_STRONG, key);
    return top_grid_printf(grid, line, at, TOP_PLAIN, " %s  ", meaning);
}

static void draw_keys(const TopUi *ui, TopGrid *grid)
{
    unsigned at = 0;

    if (ui->typing) {
        at = top_grid_printf(grid, grid->lines - 1, 0, TOP_STRONG, "filter: %s_", ui->view.filter);
        draw_key(grid, at + 2, "enter", "keep");
        return;
    }
    at = draw_key(grid, at, "q", "quit");
    at = draw_key(grid, at, "h", "help");
    at = draw_key(grid, at, "s", "sort");
    at = draw_key(grid, at, "r", "reverse");
    at = draw_key(grid, at, "enter", "open/close");
    at = draw_key(grid, at, "t", "tree");
    at = draw_key(grid, at, "p", ui->paused ? "go on" : "pause");
    draw_key(grid, at, "/", ui->view.filter[0] ? ui->view.filter : "filter");
}

static void draw_too_small(TopGrid *grid)
{
    top_grid_printf(grid, 0, 0, TOP_PLAIN, "too small: %dx%d", (int)grid->columns, (int)grid->lines);
    top_grid_printf(grid, 1, 0, TOP_PLAIN, "needs %dx%d", TOP_COLUMNS_MIN, TOP_LINES_MIN);
}

void top_ui_draw(TopUi *ui, TopGrid *grid, int64_t wall_ms)
{
    unsigned events, below;

    top_grid_clear(grid);
    if (grid->columns < TOP_COLUMNS_MIN || grid->lines < TOP_LINES_MIN) {
        draw_too_small(grid);
        return;
    }
    events = event_lines(grid);
    below = grid->lines - 1 - (events ? events + 1 : 0);
    draw_title(ui, grid);
    draw_verdict(ui, grid);
    draw_budget(ui, grid);
    draw_listing(ui, grid);
    draw_keys(ui, grid);
    if (ui->help) {
        draw_help(grid, grid->lines - 1 - LINE_TABLE);
        return;
    }
    draw_table(ui, grid, below - LINE_TABLE, wall_ms);
    if (events)
        draw_events(ui, grid, below, events);
}
