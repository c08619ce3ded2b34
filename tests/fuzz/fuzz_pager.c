/*
 * Pages of a list. Each byte is a page: what it says of a cursor, how many rows, whether they are new ones, which total. At the
 * end of the bytes they come again from the beginning, with new cursors and rows; if the first byte is 0xEE, until the pager has
 * enough.
 */
#include "api.h"
#include "error.h"
#include "fuzz.h"
#include "pager.h"

/* No list may take more pages than this, whatever the server says. */
enum { PAGES_BOUND = (PAGER_PAGES_MAX + 1) * (PAGER_RESTARTS_MAX + 1), FEW_ROWS = 3, OLD_IDS = 4, PLAIN_PAGES = 24 };

/* What was seen since the list began anew. */
typedef struct Run {
    unsigned pages;
    uint64_t rows, fresh; /* those not seen before in this run */
    bool full, old[OLD_IDS];
    enum PagerCursor first_cursor;
    int64_t first_total, first_rows;
} Run;

typedef struct Server {
    uint64_t numbers; /* given out so far, to rows and cursors */
    Run run;
    bool endless; /* pages until the pager has enough, so with few rows */
    Resource *old[OLD_IDS], *rows[API_PAGE_ROWS];
    size_t count;
    bool fresh_rows[API_PAGE_ROWS];
    PagerPage page;
    char cursor[32];
} Server;

static Resource *row_of(const char *prefix, uint64_t number)
{
    Resource *row;
    char text[64];

    snprintf(text, sizeof text, "{\"id\":\"%s%llu\"}", prefix, (unsigned long long)number);
    FUZZ_HOLDS(resource_new(span_of(text), &row) == 0);
    return row;
}

static void add_row(Server *server, bool old)
{
    size_t which = server->count % OLD_IDS;
    Resource *row = old ? resource_ref(server->old[which]) : row_of("n", ++server->numbers);

    server->fresh_rows[server->count] = !old || !server->run.old[which];
    if (old)
        server->run.old[which] = true;
    server->rows[server->count++] = row;
}

/* Bits: 0-1 cursor, 2-3 rows (none, one, few, a whole page), 4 old ones, 5-6 total, 7 another cursor or total. */
static void make_page(Server *server, uint8_t byte)
{
    const size_t counts[] = {0, 1, FEW_ROWS, server->endless ? 1 : API_PAGE_ROWS};
    static const int64_t totals[] = {-1, 0, 5, 250};
    bool odd = byte & 0x80;

    server->count = 0;
    for (size_t i = 0; i < counts[byte >> 2 & 3]; i++)
        add_row(server, byte & 0x10);
    server->page = (PagerPage){.total = totals[byte >> 5 & 3] + (odd && byte & 0x60 ? 1 : 0)};
    if ((byte & 3) == 1)
        server->page.cursor = PAGER_CURSOR_NULL;
    if ((byte & 3) >= 2) {
        server->page.cursor = PAGER_CURSOR_TEXT;
        server->page.cursor_text = server->cursor;
        snprintf(server->cursor, sizeof server->cursor, "c%llu", (unsigned long long)++server->numbers);
        if ((byte & 3) == 3)
            snprintf(server->cursor, sizeof server->cursor, "%s", odd ? "" : "again");
    }
}

static void drop_page(Server *server)
{
    for (size_t i = 0; i < server->count; i++)
        resource_unref(server->rows[i]);
}

static void note(Server *server)
{
    Run *run = &server->run;

    if (run->pages++ == 0) {
        run->first_cursor = server->page.cursor;
        run->first_total = server->page.total;
        run->first_rows = (int64_t)server->count;
    }
    run->rows += server->count;
    for (size_t i = 0; i < server->count; i++)
        run->fresh += server->fresh_rows[i];
    run->full |= server->count >= API_PAGE_ROWS;
}

/* What may be called complete: nothing else than a list whose end was seen, and that did not move meanwhile. */
static void check_complete(const Server *server)
{
    const Run *run = &server->run;
    bool by_cursor = run->first_cursor == PAGER_CURSOR_TEXT ||
                     (run->first_cursor == PAGER_CURSOR_NULL && run->first_total <= run->first_rows);

    if (by_cursor) {
        FUZZ_HOLDS(server->page.cursor == PAGER_CURSOR_NULL);
        FUZZ_HOLDS(server->page.total <= (int64_t)run->rows);
    } else if (run->first_total >= 0) {
        FUZZ_HOLDS(run->rows >= (uint64_t)run->first_total && run->fresh == run->rows);
    } else {
        FUZZ_HOLDS(server->count == 0 || !run->full);
    }
}

/* One page; false once the list is through. */
static bool turn(Server *server, Pager *pager, uint8_t byte)
{
    unsigned restarts = pager->restarts;
    Failure failure = {0};
    enum PagerStep step;

    make_page(server, byte);
    note(server);
    step = pager_take(pager, &server->page, server->rows, server->count, &failure);
    if (step == PAGER_COMPLETE)
        check_complete(server);
    FUZZ_HOLDS((step == PAGER_FAILED) == (failure.code < 0));
    drop_page(server);
    if (pager->restarts != restarts) {
        FUZZ_HOLDS(step == PAGER_NEXT && pager->restarts == restarts + 1);
        server->run = (Run){0};
    }
    return step == PAGER_NEXT;
}

static void check_query(const Pager *pager)
{
    Buf query = BUF_INIT(FUZZ_BUF_CAP);

    FUZZ_HOLDS(pager_abreast(pager) >= 1 && pager_abreast(pager) <= PAGER_ABREAST_MAX);
    for (unsigned ahead = 0; ahead < pager_abreast(pager); ahead++) {
        buf_clear(&query);
        FUZZ_HOLDS(pager_query(pager, ahead, &query) == 0);
        FUZZ_HOLDS(strncmp(buf_text(&query), "?limit=200", 10) == 0 && !strpbrk(buf_text(&query), " \r\n#/"));
    }
    buf_release(&query);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    Server server = {.endless = count > 0 && bytes[0] == 0xEE};
    unsigned pages = 0, bound = server.endless ? PAGES_BOUND : PLAIN_PAGES;
    Pager pager;

    fuzz_quiet();
    if (count == 0)
        return 0;
    for (unsigned i = 0; i < OLD_IDS; i++)
        server.old[i] = row_of("o", i);
    pager_init(&pager);
    while (turn(&server, &pager, bytes[pages % count])) {
        if (pages < PLAIN_PAGES)
            check_query(&pager);
        if (++pages == bound)
            break;
    }
    FUZZ_HOLDS(pages < PAGES_BOUND);
    pager_release(&pager);
    for (unsigned i = 0; i < OLD_IDS; i++)
        resource_unref(server.old[i]);
    return 0;
}
