#include "pager.h"

#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "error.h"
#include "url.h"

void pager_init(Pager *pager)
{
    *pager = (Pager){.page = 1, .total = -1};
}

void pager_release(Pager *pager)
{
    free(pager->cursor);
    pager->cursor = NULL;
    seen_release(&pager->cursors);
    seen_release(&pager->ids);
    seen_release(&pager->first_ids);
}

unsigned pager_abreast(const Pager *pager)
{
    uint64_t missing, pages;

    if (pager->mode != PAGER_NUMBERED || pager->uneven || pager->width == 0 ||
        pager->run_rows >= (uint64_t)pager->total)
        return 1;
    missing = (uint64_t)pager->total - pager->run_rows;
    pages = missing / pager->width + (missing % pager->width > 0);
    if (pages > pager->pages + 1)
        pages = pager->pages + 1;
    return pages < PAGER_ABREAST_MAX ? (unsigned)pages : PAGER_ABREAST_MAX;
}

bool pager_expects(const Pager *pager, const PagerPage *page, size_t count)
{
    return count == pager->width && (page->total < 0 || page->total == pager->total);
}

int pager_query(const Pager *pager, unsigned ahead, Buf *into)
{
    int r = buf_printf(into, "?limit=%d", API_PAGE_ROWS);

    if (r < 0)
        return r;
    if (pager->cursor) {
        r = buf_append_str(into, "&cursor=");
        return r < 0 ? r : url_encode(into, span_of(pager->cursor));
    }
    return pager->page + ahead > 1 ? buf_printf(into, "&page=%u", pager->page + ahead) : 0;
}

static enum PagerStep fail(Failure *ret_failure, int code, const char *message)
{
    *ret_failure = failure_make(code, "%s", message);
    ret_failure->sent = FAILURE_ANSWERED;
    return PAGER_FAILED;
}

/* Rows that were handed on stay with whoever took them. */
bool pager_restart(Pager *pager)
{
    Pager fresh;

    if (pager->restarts >= PAGER_RESTARTS_MAX)
        return false;
    pager_init(&fresh);
    fresh.restarts = pager->restarts + 1;
    fresh.rows = pager->rows;
    pager_release(pager);
    *pager = fresh;
    return true;
}

static enum PagerStep restart(Pager *pager)
{
    return pager_restart(pager) ? PAGER_NEXT : PAGER_INCOMPLETE;
}

/* Rows whose id is new in this run; or -ERR_NO_MEMORY. */
static int count_new(Pager *pager, Resource *const *rows, size_t count)
{
    int fresh = 0;

    for (size_t i = 0; i < count; i++) {
        int r = seen_add(&pager->ids, span_of(resource_id(rows[i])));

        if (r < 0)
            return r;
        fresh += r;
    }
    if ((size_t)fresh < count)
        pager->shifted = true;
    return fresh;
}

static enum PagerStep take_numbered(Pager *pager, const PagerPage *page, size_t count)
{
    if (page->total >= 0 && page->total != pager->total)
        return restart(pager);
    if (pager->shifted)
        return restart(pager);
    if (pager->run_rows >= (uint64_t)pager->total)
        return PAGER_COMPLETE;
    if (count == 0)
        return restart(pager);
    pager->page++;
    return PAGER_NEXT;
}

static enum PagerStep take_blind(Pager *pager, size_t count, int fresh)
{
    if (count == 0)
        return PAGER_COMPLETE;
    if (fresh == 0)
        return pager->full ? PAGER_INCOMPLETE : PAGER_COMPLETE;
    if (pager->shifted)
        return restart(pager);
    pager->page++;
    return PAGER_NEXT;
}

static enum PagerStep follow_cursor(Pager *pager, const char *text, Failure *ret_failure)
{
    int fresh = seen_add(&pager->cursors, span_of(text));
    char *copy = fresh > 0 ? strdup(text) : NULL;

    if (fresh == 0)
        return fail(ret_failure, -ERR_REMOTE, "The list does not end: a cursor came twice.");
    if (!copy)
        return fail(ret_failure, -ERR_NO_MEMORY, error_sentence(-ERR_NO_MEMORY));
    free(pager->cursor);
    pager->cursor = copy;
    return PAGER_NEXT;
}

/* Rows that came twice stand for none of those that are missing. */
static uint64_t distinct_rows(const Pager *pager)
{
    return pager->total >= 0 ? pager->ids.count : pager->run_rows;
}

static enum PagerStep take_cursor(Pager *pager, const PagerPage *page, Failure *ret_failure)
{
    if (page->cursor == PAGER_CURSOR_TEXT && page->cursor_text[0])
        return follow_cursor(pager, page->cursor_text, ret_failure);
    if (page->cursor != PAGER_CURSOR_NULL)
        return PAGER_INCOMPLETE;
    return page->total >= 0 && distinct_rows(pager) < (uint64_t)page->total ? PAGER_INCOMPLETE : PAGER_COMPLETE;
}

/* By the first page. A null cursor beside a larger total is an API that pages by number. */
static enum PagerMode choose(const PagerPage *page, size_t count)
{
    bool more = page->total >= 0 && (uint64_t)page->total > count;

    if (page->cursor == PAGER_CURSOR_TEXT || (page->cursor == PAGER_CURSOR_NULL && !more))
        return PAGER_CURSORS;
    return page->total >= 0 ? PAGER_NUMBERED : PAGER_BLIND;
}

/* 1: the page begins with a row that none began with before; 0: it does not, or has no row; or -ERR_NO_MEMORY. */
static int begins_new(Pager *pager, Resource *const *rows, size_t count)
{
    return count > 0 ? seen_add(&pager->first_ids, span_of(resource_id(rows[0]))) : 0;
}

static int note(Pager *pager, const PagerPage *page, Resource *const *rows, size_t count)
{
    int fresh = begins_new(pager, rows, count);

    if (fresh < 0)
        return fresh;
    if (pager->mode == PAGER_UNDECIDED) {
        pager->mode = choose(page, count);
        pager->total = page->total;
        pager->width = count;
    }
    pager->uneven |= count != pager->width;
    pager->pages++;
    pager->rows += count;
    pager->run_rows += count;
    pager->idle = fresh > 0 ? 0 : pager->idle + 1;
    pager->full |= count >= API_PAGE_ROWS;
    return 0;
}

static bool is_endless(const Pager *pager)
{
    return pager->rows > API_ROWS_MAX || pager->pages > PAGER_PAGES_MAX || pager->idle > PAGER_IDLE_PAGES_MAX;
}

enum PagerStep pager_take(Pager *pager, const PagerPage *page, Resource *const *rows, size_t count,
                          Failure *ret_failure)
{
    int fresh = 0, r = note(pager, page, rows, count);

    if (r < 0)
        return fail(ret_failure, r, error_sentence(r));
    if (is_endless(pager))
        return fail(
            ret_failure, -ERR_REMOTE,
            "The list does not end: it has more pages or rows than any list may have, or they bring nothing new.");
    if (pager->mode != PAGER_CURSORS || pager->total >= 0)
        fresh = count_new(pager, rows, count);
    if (fresh < 0)
        return fail(ret_failure, fresh, error_sentence(fresh));
    if (pager->mode == PAGER_CURSORS)
        return take_cursor(pager, page, ret_failure);
    return pager->mode == PAGER_NUMBERED ? take_numbered(pager, page, count) : take_blind(pager, count, fresh);
}
