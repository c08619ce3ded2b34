#include "rows.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "json.h"

static int refuse(const char **ret_reason, const char *reason)
{
    *ret_reason = reason;
    return -ERR_PROTOCOL;
}

static int add_row(Verdict *verdict, size_t *room, Span row, const char **ret_reason)
{
    int r;

    if (verdict->count == ENVELOPE_ROWS_MAX)
        return refuse(ret_reason, "more rows than any page may have");
    if (verdict->count == *room) {
        size_t wanted = *room ? *room * 2 : 256;
        Resource **grown = realloc(verdict->rows, wanted * sizeof(Resource *));

        if (!grown)
            return -ERR_NO_MEMORY;
        verdict->rows = grown;
        *room = wanted;
    }
    r = resource_new(row, &verdict->rows[verdict->count]);
    if (r == -ERR_PROTOCOL)
        return refuse(ret_reason, "a row is not an object with an id");
    if (r == 0)
        verdict->count++;
    return r;
}

static int read_rows(Span data, Verdict *verdict, const char **ret_reason)
{
    size_t room = 0;
    JsonIter iter;
    Span name, row;
    int r = 0;

    json_iter_init(&iter, data);
    while (r == 0 && json_iter_next(&iter, &name, &row))
        r = add_row(verdict, &room, row, ret_reason);
    return r;
}

static int decode_cursor(Span value, PagerPage *page, const char **ret_reason)
{
    _cleanup_buf_ Buf text = BUF_INIT(PAGER_CURSOR_BYTES);
    size_t len;
    int r;

    if (json_type(value) != JSON_STRING)
        return refuse(ret_reason, "next_cursor is neither a string nor null");
    r = json_string(value, &text);
    if (r == -ERR_TOO_BIG || memchr(buf_text(&text), '\0', text.len))
        return refuse(ret_reason, "next_cursor is too long or holds a NUL");
    if (r == 0)
        r = buf_steal(&text, &page->cursor_text, &len);
    if (r == 0)
        page->cursor = PAGER_CURSOR_TEXT;
    return r;
}

/* What counts in the body of a page, and of its `pagination`. */
enum Member { MEMBER_DATA, MEMBER_CURSOR, MEMBER_PAGINATION, MEMBER_TOTAL, MEMBERS };

static void find_members(Span object, Span values[MEMBERS])
{
    static const Span names[MEMBERS] = {
        [MEMBER_DATA] = {"data", 4},
        [MEMBER_CURSOR] = {"next_cursor", 11},
        [MEMBER_PAGINATION] = {"pagination", 10},
        [MEMBER_TOTAL] = {"total", 5},
    };

    json_members(object, names, MEMBERS, values);
}

static int read_cursor(Span value, PagerPage *page, const char **ret_reason)
{
    if (page->cursor != PAGER_CURSOR_ABSENT || !value.at)
        return 0;
    if (json_type(value) != JSON_NULL)
        return decode_cursor(value, page, ret_reason);
    page->cursor = PAGER_CURSOR_NULL;
    return 0;
}

static int read_paging(const Span body[MEMBERS], PagerPage *page, const char **ret_reason)
{
    int r = read_cursor(body[MEMBER_CURSOR], page, ret_reason);
    Span inner[MEMBERS];
    int64_t number;

    if (r < 0 || !body[MEMBER_PAGINATION].at || json_type(body[MEMBER_PAGINATION]) != JSON_OBJECT)
        return r;
    find_members(body[MEMBER_PAGINATION], inner);
    if (inner[MEMBER_TOTAL].at && json_integer(inner[MEMBER_TOTAL], &number) && number >= 0)
        page->total = number;
    return read_cursor(inner[MEMBER_CURSOR], page, ret_reason);
}

int rows_read_page(Span body, Verdict *verdict, const char **ret_reason)
{
    Span members[MEMBERS];
    int r;

    find_members(body, members);
    if (!members[MEMBER_DATA].at || json_type(members[MEMBER_DATA]) != JSON_ARRAY)
        return refuse(ret_reason, "it has no list named \"data\"");
    verdict->page = (PagerPage){.total = -1};
    r = read_paging(members, &verdict->page, ret_reason);
    if (r == 0)
        r = read_rows(members[MEMBER_DATA], verdict, ret_reason);
    if (r < 0)
        verdict_release(verdict);
    return r;
}

int rows_read_one(Span body, const char *id, Verdict *verdict, const char **ret_reason)
{
    int r = resource_new(body, &verdict->one);

    if (r == -ERR_PROTOCOL)
        return refuse(ret_reason, "it is not an object with an id");
    if (r < 0 || !id || strcmp(resource_id(verdict->one), id) == 0)
        return r;
    verdict->one = resource_unref(verdict->one);
    return refuse(ret_reason, "it is about another instance than was asked for");
}
