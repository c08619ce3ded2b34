#include "list.h"

#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "error.h"
#include "mend.h"
#include "pager.h"

enum { LIST_PATH_CAP = 16 << 10 };

struct Listing {
    Courier *courier;
    Exchange *exchange; /* NULL while a page is handed on */
    enum ApiClass class;
    bool projects;
    bool in_page;   /* `page` runs now … */
    bool cancelled; /* … and cancelled us from inside */
    bool held;      /* nobody wants the next page now … */
    bool waits;     /* … and it has not been asked for */
    Timer *resume;  /* about to ask for it */
    Pager pager;
    api_page_fn page;
    api_list_fn done;
    void *ctx;
};

static void listing_free(Listing *listing)
{
    timer_free(listing->resume);
    pager_release(&listing->pager);
    free(listing);
}

static void finish(Listing *listing, const Failure *failure, bool complete)
{
    api_list_fn done = listing->done;
    void *ctx = listing->ctx;

    listing_free(listing);
    done(ctx, failure, complete);
}

static void on_verdict(void *ctx, const Verdict *verdict);

static int ask(Listing *listing)
{
    _cleanup_buf_ Buf path = BUF_INIT(LIST_PATH_CAP);
    ExchangeOrder order = {.purpose = PURPOSE_LIST, .class = listing->class};
    int r = buf_append_str(&path, listing->projects ? "/v1/projects" : "/v1/instances");

    if (r == 0)
        r = pager_query(&listing->pager, &path);
    order.path = buf_text(&path);
    return r < 0 ? r : exchange_start(listing->courier, &order, on_verdict, listing, &listing->exchange);
}

static void hand_on(Listing *listing, Resource *const *rows, size_t count)
{
    listing->in_page = true;
    listing->page(listing->ctx, rows, count);
    listing->in_page = false;
}

/* An API without projects has one. */
static void finish_without_projects(Listing *listing)
{
    static const char row[] = "{\"id\":\"default\",\"name\":\"default\"}";
    Resource *project;
    int r = resource_new(span_of(row), &project);

    if (r < 0) {
        const Failure failure = failure_make(r, "%s", error_sentence(r));

        finish(listing, &failure, false);
        return;
    }
    hand_on(listing, &project, 1);
    resource_unref(project);
    if (listing->cancelled)
        listing_free(listing);
    else
        finish(listing, NULL, true);
}

static void ask_next(Listing *listing)
{
    int r = ask(listing);
    Failure lost;

    if (r == 0)
        return;
    lost = failure_make(r, "%s", error_sentence(r));
    finish(listing, &lost, false);
}

/* `done` must not run inside of listing_hold(): the next turn of the loop asks. */
static void on_resumed(void *ctx)
{
    Listing *listing = ctx;

    if (!listing->waits || listing->held)
        return;
    listing->waits = false;
    ask_next(listing);
}

void listing_hold(Listing *listing, bool hold)
{
    listing->held = hold;
    if (!hold && listing->waits)
        timer_start(listing->resume, 0);
}

/* Steps on after a page that was handed on. */
static void step(Listing *listing, enum PagerStep next, const Failure *failure)
{
    if (next != PAGER_NEXT)
        finish(listing, next == PAGER_FAILED ? failure : NULL, next == PAGER_COMPLETE);
    else if (listing->held)
        listing->waits = true;
    else
        ask_next(listing);
}

/* Cursors get old, above all those of a list that was held. */
static bool is_about_paging(const Listing *listing, const Failure *failure)
{
    return failure->code == -ERR_INVALID && listing->pager.pages > 0;
}

/* Whoever asks for a list must not take it for a thing that is gone, nor what the API thinks of our cursor for an error
 * of his own. */
static void finish_failed(Listing *listing, const Verdict *verdict)
{
    Failure failure = verdict->failure;

    if (failure.code == -ERR_NOT_FOUND || is_about_paging(listing, &failure)) {
        failure.code = -ERR_REMOTE;
        mend_set(&failure);
    }
    finish(listing, &failure, false);
}

/* After a page that was taken, or a cursor that was refused. */
static void go_on(Listing *listing, const Verdict *verdict, enum PagerStep next, bool restarts, const Failure *failure)
{
    if (verdict->count > 0)
        hand_on(listing, verdict->rows, verdict->count);
    if (restarts && !listing->cancelled)
        hand_on(listing, NULL, 0);
    if (listing->cancelled)
        listing_free(listing);
    else
        step(listing, next, failure);
}

static void on_verdict(void *ctx, const Verdict *verdict)
{
    Listing *listing = ctx;
    unsigned restarts = listing->pager.restarts;
    enum PagerStep next;
    Failure failure;

    listing->exchange = NULL;
    if (listing->projects && verdict->failure.code == -ERR_NOT_FOUND && listing->pager.pages == 0) {
        finish_without_projects(listing);
        return;
    }
    if (verdict->failure.code < 0) {
        if (is_about_paging(listing, &verdict->failure) && pager_restart(&listing->pager))
            go_on(listing, verdict, PAGER_NEXT, true, NULL);
        else
            finish_failed(listing, verdict);
        return;
    }
    next = pager_take(&listing->pager, &verdict->page, verdict->rows, verdict->count, &failure);
    if (next == PAGER_FAILED)
        memcpy(failure.request_id, verdict->request_id, sizeof failure.request_id);
    go_on(listing, verdict, next, listing->pager.restarts > restarts, &failure);
}

int listing_start(Courier *courier, enum ApiClass class, bool projects, api_page_fn page, api_list_fn done, void *ctx,
                  Listing **ret_listing)
{
    Listing *listing = calloc(1, sizeof *listing);
    int r;

    if (!listing)
        return -ERR_NO_MEMORY;
    *listing =
        (Listing){.courier = courier, .class = class, .projects = projects, .page = page, .done = done, .ctx = ctx};
    pager_init(&listing->pager);
    listing->resume = timer_new(courier->clock, on_resumed, listing);
    r = listing->resume ? ask(listing) : -ERR_NO_MEMORY;
    if (r < 0) {
        listing_free(listing);
        return r;
    }
    *ret_listing = listing;
    return 0;
}

void listing_cancel(Listing *listing)
{
    if (listing->exchange)
        exchange_cancel(listing->exchange);
    listing->cancelled = true;
    if (!listing->in_page)
        listing_free(listing);
}

int64_t listing_line_ms(const Listing *listing)
{
    return listing->exchange ? exchange_line_ms(listing->exchange) : 0;
}
