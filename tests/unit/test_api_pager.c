/* Which page comes next, and whether a list's end was seen. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "api.h"
#include "error.h"
#include "pager.h"
#include "url.h"

enum { TOTAL_ABSENT = -1, ROWS_MAX = 400 };

static char no_cursor[] = "";

/* Feeds a page of `count` rows, with ids from `first` on. cursor: NULL absent, "null", or its text. */
static enum PagerStep feed(Pager *pager, int first, size_t count, const char *cursor, int64_t total, Failure *failure)
{
    Resource *rows[ROWS_MAX] = {0};
    char text[64], copy[64] = "";
    PagerPage page = {.total = total};
    enum PagerStep step;

    for (size_t i = 0; i < count; i++) {
        snprintf(text, sizeof text, "{\"id\":\"i%d\"}", first + (int)i);
        assert_int_equal(resource_new(span_of(text), &rows[i]), 0);
    }
    if (cursor && strcmp(cursor, "null") == 0)
        page.cursor = PAGER_CURSOR_NULL;
    else if (cursor) {
        snprintf(copy, sizeof copy, "%s", cursor);
        page.cursor = PAGER_CURSOR_TEXT;
        page.cursor_text = copy[0] ? copy : no_cursor;
    }
    step = pager_take(pager, &page, rows, count, failure);
    for (size_t i = 0; i < count; i++)
        resource_unref(rows[i]);
    return step;
}

static void assert_query(const Pager *pager, const char *wanted)
{
    _cleanup_buf_ Buf query = BUF_INIT(1024);

    assert_int_equal(pager_query(pager, 0, &query), 0);
    assert_string_equal(buf_text(&query), wanted);
}

static void cursors_are_followed_until_null(void **state)
{
    Failure failure;
    Pager pager;

    (void)state;
    pager_init(&pager);
    assert_query(&pager, "?limit=200");
    assert_int_equal(feed(&pager, 0, 200, "a/b=", TOTAL_ABSENT, &failure), PAGER_NEXT);
    assert_query(&pager, "?limit=200&cursor=a%2Fb%3D");
    assert_int_equal(feed(&pager, 200, 200, "c2", TOTAL_ABSENT, &failure), PAGER_NEXT);
    assert_int_equal(feed(&pager, 400, 3, "null", TOTAL_ABSENT, &failure), PAGER_COMPLETE);
    pager_release(&pager);
}

static void a_repeated_cursor_fails(void **state)
{
    Failure failure;
    Pager pager;

    (void)state;
    pager_init(&pager);
    assert_int_equal(feed(&pager, 0, 1, "a", TOTAL_ABSENT, &failure), PAGER_NEXT);
    assert_int_equal(feed(&pager, 1, 1, "b", TOTAL_ABSENT, &failure), PAGER_NEXT);
    assert_int_equal(feed(&pager, 2, 1, "a", TOTAL_ABSENT, &failure), PAGER_FAILED);
    assert_int_equal(failure.code, -ERR_REMOTE);
    pager_release(&pager);
}

/* Feeds pages of `rows` rows, the first of each `step` after that of the page before, with ever new cursors, until the pager has
 * enough of them: how many that were. */
static int pages_until_failure(size_t rows, int step)
{
    enum PagerStep next = PAGER_NEXT;
    Failure failure;
    char cursor[16];
    Pager pager;
    int pages;

    pager_init(&pager);
    for (pages = 0; next == PAGER_NEXT && pages < PAGER_PAGES_MAX + 10; pages++) {
        snprintf(cursor, sizeof cursor, "c%d", pages);
        next = feed(&pager, pages * step, rows, cursor, TOTAL_ABSENT, &failure);
    }
    assert_int_equal(next, PAGER_FAILED);
    assert_int_equal(failure.code, -ERR_REMOTE);
    pager_release(&pager);
    return pages;
}

static void cursors_that_never_end_fail(void **state)
{
    Failure failure;
    Pager pager;

    (void)state;
    assert_int_equal(pages_until_failure(1, 1), PAGER_PAGES_MAX + 1);
    assert_int_equal(pages_until_failure(0, 0), PAGER_IDLE_PAGES_MAX + 1);
    assert_int_equal(pages_until_failure(3, 0), PAGER_IDLE_PAGES_MAX + 2); /* the first one was new */

    pager_init(&pager); /* more rows than any list may have; they need not be there to be counted */
    pager.rows = API_ROWS_MAX - 200;
    assert_int_equal(feed(&pager, 0, 200, "a", TOTAL_ABSENT, &failure), PAGER_NEXT);
    assert_int_equal(feed(&pager, 200, 1, "b", TOTAL_ABSENT, &failure), PAGER_FAILED);
    assert_int_equal(failure.code, -ERR_REMOTE);
    assert_int_equal(failure.sent, FAILURE_ANSWERED);
    pager_release(&pager);
}

static void a_cursor_list_without_a_clear_end_is_incomplete(void **state)
{
    Failure failure;
    Pager pager;

    (void)state;
    pager_init(&pager);
    assert_int_equal(feed(&pager, 0, 200, "a", TOTAL_ABSENT, &failure), PAGER_NEXT);
    assert_int_equal(feed(&pager, 200, 3, NULL, TOTAL_ABSENT, &failure), PAGER_INCOMPLETE);
    pager_release(&pager);
    pager_init(&pager);
    assert_int_equal(feed(&pager, 0, 200, "", TOTAL_ABSENT, &failure), PAGER_INCOMPLETE);
    pager_release(&pager);
    pager_init(&pager);
    assert_int_equal(feed(&pager, 0, 200, "a", 300, &failure), PAGER_NEXT);
    assert_int_equal(feed(&pager, 200, 3, "null", 300, &failure), PAGER_INCOMPLETE);
    pager_release(&pager);
    pager_init(&pager); /* a row came twice, so another is missing */
    assert_int_equal(feed(&pager, 0, 200, "a", 203, &failure), PAGER_NEXT);
    assert_int_equal(feed(&pager, 199, 3, "null", 203, &failure), PAGER_INCOMPLETE);
    pager_release(&pager);
    pager_init(&pager);
    assert_int_equal(feed(&pager, 0, 200, "a", 203, &failure), PAGER_NEXT);
    assert_int_equal(feed(&pager, 199, 4, "null", 203, &failure), PAGER_COMPLETE);
    pager_release(&pager);
}

static void numbered_pages_are_asked_for_up_to_the_total(void **state)
{
    Failure failure;
    Pager pager;

    (void)state;
    pager_init(&pager);
    assert_int_equal(feed(&pager, 0, 200, NULL, 450, &failure), PAGER_NEXT);
    assert_query(&pager, "?limit=200&page=2");
    assert_int_equal(feed(&pager, 200, 200, NULL, 450, &failure), PAGER_NEXT);
    assert_query(&pager, "?limit=200&page=3");
    assert_int_equal(feed(&pager, 400, 50, NULL, 450, &failure), PAGER_COMPLETE);
    pager_release(&pager);
    pager_init(&pager);
    assert_int_equal(feed(&pager, 0, 0, NULL, 0, &failure), PAGER_COMPLETE);
    pager_release(&pager);
    pager_init(&pager); /* a null cursor that is there for show */
    assert_int_equal(feed(&pager, 0, 20, "null", 21, &failure), PAGER_NEXT);
    assert_query(&pager, "?limit=200&page=2");
    assert_int_equal(feed(&pager, 20, 1, "null", 21, &failure), PAGER_COMPLETE);
    pager_release(&pager);
}

typedef struct Abreast {
    size_t rows[5]; /* of the pages that were taken */
    int64_t total;
    unsigned abreast;
} Abreast;

static void pages_abreast_are_never_more_than_there_are(void **state)
{
    static const Abreast cases[] = {
        {{200}, 201, 1},
        {{200}, 400, 1},
        {{200}, 401, 2},
        {{200}, 100000, 2}, /* no further ahead than was read */
        {{200, 200}, 100000, 3},
        {{200, 200, 200}, 100000, 4},
        {{200, 200, 200, 200}, 100000, 4},
        {{200, 200, 200}, 1200, 3},
        {{200, 200, 200}, 1201, 4},
        {{200, 200, 200, 200}, 900, 1},
        {{2, 2, 2}, 9, 2}, /* the server's pages are smaller than was asked for */
        {{200, 200, 100}, 100000, 1},
        {{100, 200, 200}, 100000, 1},
        {{200, 200, 200}, INT64_MAX, 4},
        {{1}, 2, 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Failure failure;
        Pager pager;
        int first = 0;

        pager_init(&pager);
        assert_int_equal(pager_abreast(&pager), 1);
        for (size_t page = 0; page < 5 && cases[i].rows[page]; page++) {
            assert_int_equal(feed(&pager, first, cases[i].rows[page], NULL, cases[i].total, &failure), PAGER_NEXT);
            first += (int)cases[i].rows[page];
        }
        if (pager_abreast(&pager) != cases[i].abreast)
            fail_msg("case %zu: %u abreast", i, pager_abreast(&pager));
        pager_release(&pager);
    }
}

static void cursors_and_lists_that_say_nothing_go_one_by_one(void **state)
{
    Failure failure;
    Pager pager;

    (void)state;
    for (int kind = 0; kind < 2; kind++) {
        pager_init(&pager);
        for (int page = 0; page < 5; page++) {
            char cursor[8];

            snprintf(cursor, sizeof cursor, "c%d", page);
            assert_int_equal(feed(&pager, page * 200, 200, kind ? cursor : NULL, kind ? 5000 : TOTAL_ABSENT, &failure),
                             PAGER_NEXT);
            assert_int_equal(pager_abreast(&pager), 1);
        }
        pager_release(&pager);
    }
}

static void pages_abreast_have_their_own_queries(void **state)
{
    static const char *const wanted[] = {"?limit=200&page=2", "?limit=200&page=3"};
    Failure failure;
    Pager pager;

    (void)state;
    pager_init(&pager);
    assert_int_equal(feed(&pager, 0, 200, NULL, 1000, &failure), PAGER_NEXT);
    for (unsigned ahead = 0; ahead < 2; ahead++) {
        _cleanup_buf_ Buf query = BUF_INIT(1024);

        assert_int_equal(pager_query(&pager, ahead, &query), 0);
        assert_string_equal(buf_text(&query), wanted[ahead]);
    }
    assert_true(pager_expects(&pager, &(PagerPage){.total = 1000}, 200));
    assert_true(pager_expects(&pager, &(PagerPage){.total = TOTAL_ABSENT}, 200));
    assert_false(pager_expects(&pager, &(PagerPage){.total = 1001}, 200));
    assert_false(pager_expects(&pager, &(PagerPage){.total = 1000}, 199));
    assert_false(pager_expects(&pager, &(PagerPage){.total = 1000}, 0));
    pager_release(&pager);
}

static void pages_that_shift_start_again_twice_and_are_incomplete_then(void **state)
{
    Failure failure;
    Pager pager;

    (void)state;
    pager_init(&pager);
    for (int run = 0; run <= PAGER_RESTARTS_MAX; run++) {
        assert_query(&pager, "?limit=200");
        assert_int_equal(feed(&pager, 0, 200, NULL, 300, &failure), PAGER_NEXT);
        assert_int_equal(feed(&pager, 200, 101, NULL, 301, &failure),
                         run < PAGER_RESTARTS_MAX ? PAGER_NEXT : PAGER_INCOMPLETE);
    }
    pager_release(&pager);

    pager_init(&pager);
    assert_int_equal(feed(&pager, 0, 200, NULL, 300, &failure), PAGER_NEXT);
    assert_int_equal(feed(&pager, 199, 100, NULL, 300, &failure), PAGER_NEXT); /* one row came twice */
    assert_query(&pager, "?limit=200");
    assert_int_equal(feed(&pager, 0, 200, NULL, 300, &failure), PAGER_NEXT);
    assert_int_equal(feed(&pager, 200, 100, NULL, 300, &failure), PAGER_COMPLETE);
    pager_release(&pager);

    pager_init(&pager);
    assert_int_equal(feed(&pager, 0, 200, NULL, 300, &failure), PAGER_NEXT);
    assert_int_equal(feed(&pager, 200, 0, NULL, 300, &failure), PAGER_NEXT); /* fewer than the total */
    assert_query(&pager, "?limit=200");
    pager_release(&pager);
}

static void a_list_that_says_nothing_of_paging_is_asked_for_more(void **state)
{
    Failure failure;
    Pager pager;

    (void)state;
    pager_init(&pager);
    assert_int_equal(feed(&pager, 0, 0, NULL, TOTAL_ABSENT, &failure), PAGER_COMPLETE);
    pager_release(&pager);
    pager_init(&pager);
    assert_int_equal(feed(&pager, 0, 100, NULL, TOTAL_ABSENT, &failure), PAGER_NEXT);
    assert_query(&pager, "?limit=200&page=2");
    assert_int_equal(feed(&pager, 100, 30, NULL, TOTAL_ABSENT, &failure), PAGER_NEXT);
    assert_int_equal(feed(&pager, 0, 0, NULL, TOTAL_ABSENT, &failure), PAGER_COMPLETE);
    pager_release(&pager);
    pager_init(&pager); /* `page` is ignored */
    assert_int_equal(feed(&pager, 0, 7, NULL, TOTAL_ABSENT, &failure), PAGER_NEXT);
    assert_int_equal(feed(&pager, 0, 7, NULL, TOTAL_ABSENT, &failure), PAGER_COMPLETE);
    pager_release(&pager);
    pager_init(&pager);
    assert_int_equal(feed(&pager, 0, 200, NULL, TOTAL_ABSENT, &failure), PAGER_NEXT);
    assert_int_equal(feed(&pager, 0, 200, NULL, TOTAL_ABSENT, &failure), PAGER_INCOMPLETE);
    pager_release(&pager);
}

static void addresses_are_encoded(void **state)
{
    _cleanup_buf_ Buf text = BUF_INIT(256);

    (void)state;
    assert_int_equal(url_encode(&text, span_of("ins_1-a.b~c")), 0);
    assert_int_equal(url_encode(&text, span_of(" ?#%/&+\xc3\xa9")), 0);
    assert_string_equal(buf_text(&text), "ins_1-a.b~c%20%3F%23%25%2F%26%2B%C3%A9");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cursors_are_followed_until_null),
        cmocka_unit_test(a_repeated_cursor_fails),
        cmocka_unit_test(cursors_that_never_end_fail),
        cmocka_unit_test(a_cursor_list_without_a_clear_end_is_incomplete),
        cmocka_unit_test(numbered_pages_are_asked_for_up_to_the_total),
        cmocka_unit_test(pages_abreast_are_never_more_than_there_are),
        cmocka_unit_test(cursors_and_lists_that_say_nothing_go_one_by_one),
        cmocka_unit_test(pages_abreast_have_their_own_queries),
        cmocka_unit_test(pages_that_shift_start_again_twice_and_are_incomplete_then),
        cmocka_unit_test(a_list_that_says_nothing_of_paging_is_asked_for_more),
        cmocka_unit_test(addresses_are_encoded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
