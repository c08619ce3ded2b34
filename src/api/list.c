#include "list.h"

#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "error.h"
#include "mend.h"
#include "pager.h"

enum { LIST_PATH_CAP = 16 << 10 };

/* A page that was asked for, unless it has neither. */
typedef struct ListPage {
    Listing *listing;
    Exchange *exchange; /* under way */
    bool came;          /* its turn comes after that of those in front of it */
    Verdict verdict;
} ListPage;

struct Listing {
    Courier *courier;
    ListPage pages[PAGER_ABREAST_MAX]; /* the pager's next one is at `front`, those behind it follow, round about */
    unsigned front;
    enum ApiClass class;
    bool projects;
    bool in_page;   /* `page` runs now … */
    bool cancelled; /* … and cancelled us from inside */
    bool held;      /* nobody wants a further page now */
    bool rests;     /* a page was taken, and the next has to wait for the turn */
    Timer *turn;
    Pager pager;
    api_page_fn page;
    api_list_fn done;
    void *ctx;
};

/* The one that comes so many after the next. */
static ListPage *page_at(Listing *listing, unsigned ahead)
{
    return &listing->pages[(listing->front + ahead) % PAGER_ABREAST_MAX];
}

static bool is_asked(const ListPage *page)
{
    return page->exchange || page->came;
}

/* No page is under way after, and none that came waits. */
static void drop_pages(Listing *listing)
{
    for (unsigned i = 0; i < PAGER_ABREAST_MAX; i++) {
        ListPage *page = &listing->pages[i];

        if (page->exchange)
            exchange_cancel(page->exchange);
        if (page->came)
            verdict_release(&page->verdict);
        page->exchange = NULL;
        page->came = false;
    }
}

static void listing_free(Listing *listing)
{
    drop_pages(listing);
    timer_free(listing->turn);
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

static void on_verdict(void *ctx, Verdict *verdict);

static int ask(Listing *listing, unsigned ahead)
{
    _cleanup_buf_ Buf path = BUF_INIT(LIST_PATH_CAP);
    ExchangeOrder order = {.purpose = PURPOSE_LIST, .class = listing->class, .ahead = ahead > 0};
    int r = buf_append_str(&path, listing->projects ? "/v1/projects" : "/v1/instances");
    ListPage *page = page_at(listing, ahead);

    if (r == 0)
        r = pager_query(&listing->pager, ahead, &path);
    order.path = buf_text(&path);
    return r < 0 ? r : exchange_start(listing->courier, &order, on_verdict, page, &page->exchange);
}

/* Whether there is any sense in pages beyond this one. */
static bool leads_on(const Listing *listing, const ListPage *page)
{
    return !page->came || (page->verdict.failure.code == 0 &&
                           pager_expects(&listing->pager, &page->verdict.page, page->verdict.count));
}

/* The next page, and those abreast of it as long as even a walk could go at once. It is no harm if there is no memory for
 * these. */
static int ask_for_more(Listing *listing)
{
    unsigned abreast = pager_abreast(&listing->pager);
    int r = 0;

    for (unsigned ahead = 0; r == 0 && ahead < abreast; ahead++) {
        const ListPage *page = page_at(listing, ahead);

        if (is_asked(page)) {
            if (!leads_on(listing, page))
                break;
            continue;
        }
        if (ahead > 0 && !line_may_go(listing->courier->line, API_WALK))
            break;
        r = ask(listing, ahead);
    }
    return is_asked(page_at(listing, 0)) ? 0 : r;
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

/* After a page that was taken, or a cursor that was refused. As for those below: false if the listing is gone. */
static bool step(Listing *listing, const Verdict *verdict, enum PagerStep next, bool restarts, const Failure *failure)
{
    if (restarts || next != PAGER_NEXT)
        drop_pages(listing);
    if (verdict->count > 0)
        hand_on(listing, verdict->rows, verdict->count);
    if (restarts && !listing->cancelled)
        hand_on(listing, NULL, 0);
    if (listing->cancelled)
        listing_free(listing);
    else if (next != PAGER_NEXT)
        finish(listing, next == PAGER_FAILED ? failure : NULL, next == PAGER_COMPLETE);
    else
        return true;
    return false;
}

static bool heed_failure(Listing *listing, const Verdict *verdict)
{
    if (listing->projects && verdict->failure.code == -ERR_NOT_FOUND && listing->pager.pages == 0)
        finish_without_projects(listing);
    else if (is_about_paging(listing, &verdict->failure) && pager_restart(&listing->pager))
        return step(listing, verdict, PAGER_NEXT, true, NULL);
    else
        finish_failed(listing, verdict);
    return false;
}

/* Its turn has come. */
static bool heed(Listing *listing, const Verdict *verdict)
{
    unsigned restarts = listing->pager.restarts;
    enum PagerStep next;
    Failure failure;

    if (verdict->failure.code < 0)
        return heed_failure(listing, verdict);
    next = pager_take(&listing->pager, &verdict->page, verdict->rows, verdict->count, &failure);
    if (next == PAGER_FAILED)
        memcpy(failure.request_id, verdict->request_id, sizeof failure.request_id);
    return step(listing, verdict, next, listing->pager.restarts > restarts, &failure);
}

static bool heed_front(Listing *listing)
{
    ListPage *page = page_at(listing, 0);
    Verdict verdict = verdict_take(&page->verdict);
    bool lives;

    page->came = false;
    listing->front++;
    lives = heed(listing, &verdict);
    verdict_release(&verdict);
    if (lives && page_at(listing, 0)->exchange)
        exchange_need(page_at(listing, 0)->exchange);
    return lives;
}

static bool go_on(Listing *listing)
{
    int r = listing->held ? 0 : ask_for_more(listing);
    Failure lost;

    if (r == 0)
        return true;
    lost = failure_make(r, "%s", error_sentence(r));
    finish(listing, &lost, false);
    return false;
}

/* Of pages abreast one is taken in a turn of the loop: taking one in takes time, and what is asked for goes out between.
 */
static void take_next(Listing *listing)
{
    bool took = page_at(listing, 0)->came;

    if ((took && !heed_front(listing)) || !go_on(listing))
        return;
    listing->rests = took && (page_at(listing, 0)->came || is_asked(page_at(listing, 1)));
    if (listing->rests)
        timer_start(listing->turn, 0);
}

static void on_turn(void *ctx)
{
    Listing *listing = ctx;

    listing->rests = false;
    take_next(listing);
}

static void on_verdict(void *ctx, Verdict *verdict)
{
    ListPage *page = ctx;
    Listing *listing = page->listing;

    page->exchange = NULL;
    page->came = true;
    page->verdict = verdict_take(verdict);
    if (page_at(listing, 0)->came && !listing->rests)
        take_next(listing);
}

/* `done` must not run inside of this: the next turn of the loop asks. */
void listing_hold(Listing *listing, bool hold)
{
    listing->held = hold;
    if (!hold)
        timer_start(listing->turn, 0);
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
    for (unsigned i = 0; i < PAGER_ABREAST_MAX; i++)
        listing->pages[i].listing = listing;
    pager_init(&listing->pager);
    listing->turn = timer_new(courier->clock, on_turn, listing);
    r = listing->turn ? ask(listing, 0) : -ERR_NO_MEMORY;
    if (r < 0) {
        listing_free(listing);
        return r;
    }
    *ret_listing = listing;
    return 0;
}

void listing_cancel(Listing *listing)
{
    drop_pages(listing);
    listing->cancelled = true;
    if (!listing->in_page)
        listing_free(listing);
}

unsigned listing_abreast(const Listing *listing)
{
    return pager_abreast(&listing->pager);
}

bool listing_is_numbered(const Listing *listing)
{
    return listing->pager.mode == PAGER_NUMBERED;
}

void listing_progress(const Listing *listing, uint64_t *ret_rows, int64_t *ret_total)
{
    *ret_rows = listing->pager.run_rows;
    *ret_total = listing->pager.total;
}

int64_t listing_line_ms(Listing *listing)
{
    const ListPage *page = page_at(listing, 0);

    return page->exchange ? exchange_line_ms(page->exchange) : 0;
}
