/*
 * pager: which page of a list comes next, and whether the list's end was seen. Pure; internal to api.
 *
 * The API's pages show two ways of paging, and a list may use either:
 *
 *   cursor     an answer carries `next_cursor`, at top level or inside `pagination`: followed until it is null
 *   numbered   it carries `pagination.total` instead: page=2, page=3 … until so many rows came, several abreast
 *   blind      it carries neither: the next page is asked for all the same, until one is empty
 *
 * A list is COMPLETE only if its end was seen and nothing moved meanwhile. Numbered pages shift when rows come or go:
 * if the total changes, a row comes twice, or pages run out before the total, the list starts again, at most twice;
 * after that it is INCOMPLETE. A blind list is complete when an empty page ends it, or when the server ignores `page`
 * (nothing new came) and had sent fewer rows than asked for; else incomplete. So is a cursor list whose next_cursor
 * goes missing, or is empty, or that ends with fewer different rows than its total. A cursor that repeats, more pages or rows
 * than the caps, and page after page that brings nothing (no rows, or the first one of a page before) fail as -ERR_REMOTE.
 *
 * Of numbered pages up to four may be under way at once, but they are taken in order, as if each had been asked for when
 * the one before was taken: what they prove is the same, since all of them must name the same total. None is asked for
 * beyond the total, nor more than one beyond what was read so far, so that whoever looks at the first few pages does not
 * pay for many; and one at a time once a page has another size than the first.
 */
#ifndef SKY_PAGER_H
#define SKY_PAGER_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "failure.h"
#include "resource.h"
#include "seen.h"

enum {
    PAGER_PAGES_MAX = 20000,
    PAGER_IDLE_PAGES_MAX = 8, /* in a row that bring nothing, with a cursor to go on */
    PAGER_RESTARTS_MAX = 2,
    PAGER_ABREAST_MAX = 4, /* numbered pages under way at once */
    PAGER_CURSOR_BYTES = 4096,
};

enum PagerCursor { PAGER_CURSOR_ABSENT, PAGER_CURSOR_NULL, PAGER_CURSOR_TEXT };

/* What an answer says of paging. */
typedef struct PagerPage {
    enum PagerCursor cursor;
    char *cursor_text; /* decoded, without NUL bytes; NULL but with PAGER_CURSOR_TEXT */
    int64_t total;     /* -1: not said */
} PagerPage;

enum PagerMode { PAGER_UNDECIDED, PAGER_CURSORS, PAGER_NUMBERED, PAGER_BLIND };

typedef struct Pager {
    enum PagerMode mode;
    unsigned page;  /* the one to ask for next, from 1 */
    unsigned pages; /* taken in this run */
    unsigned idle;  /* of these, the last in a row that brought nothing */
    unsigned restarts;
    size_t width;  /* rows of the first one */
    bool uneven;   /* some page of this run is not as wide */
    bool full;     /* some page brought as many rows as asked for, or more */
    bool shifted;  /* a row came twice in this run */
    uint64_t rows; /* all runs together */
    uint64_t run_rows;
    int64_t total; /* the first one named in this run, or -1 */
    char *cursor;  /* to ask with; NULL: none */
    Seen cursors, ids;
    Seen first_ids; /* of each page */
} Pager;

enum PagerStep { PAGER_NEXT, PAGER_COMPLETE, PAGER_INCOMPLETE, PAGER_FAILED };

void pager_init(Pager *pager);
/* Begins anew, as when pages shift: for a cursor that is not taken any more. False: that was tried often enough. */
bool pager_restart(Pager *pager);
/* Frees what it holds. */
void pager_release(Pager *pager);
/* How many pages may be under way now, from the next one on: 1 … PAGER_ABREAST_MAX. */
unsigned pager_abreast(const Pager *pager);
/* Appends the query for the page that comes so many after the next one, "?limit=200…". 0 or a code of Buf's. */
int pager_query(const Pager *pager, unsigned ahead, Buf *into);
/* Whether a page that came before its turn gives no reason to ask for none beyond it. */
bool pager_expects(const Pager *pager, const PagerPage *page, size_t count);
/* Takes the answer for the next page. ret_failure is set with PAGER_FAILED. */
enum PagerStep pager_take(Pager *pager, const PagerPage *page, Resource *const *rows, size_t count,
                          Failure *ret_failure);

#endif
