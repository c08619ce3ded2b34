#include "clock.h"
#include "endpoints.h"
#include "json.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIMIT_DEFAULT = 20, LIMIT_MAX = 200, PAGE_MAX = 1000000000, CURSOR_BYTES = 12 };

/* What a client may ask of a list. */
typedef struct Wanted {
    int64_t limit, page;
    int64_t after; /* a sequence number, from the cursor */
} Wanted;

static uint32_t cursor_seal(int64_t seq)
{
    return (uint32_t)((uint64_t)seq * 2654435761U) ^ 0x5B5B7A71U;
}

/* Standard base64 on purpose: with + and = in it, a client must encode what it hands back. */
static void put_cursor(Buf *out, int64_t seq)
{
    unsigned char bytes[CURSOR_BYTES], text[CURSOR_BYTES * 2];
    uint32_t seal = cursor_seal(seq);
    memcpy(bytes, &seal, sizeof seal);
    memcpy(bytes + sizeof seal, &seq, sizeof seq);
    EVP_EncodeBlock(text, bytes, CURSOR_BYTES);
    buf_puts_json(out, (const char *)text);
}

static bool read_cursor(const char *text, int64_t *ret)
{
    unsigned char bytes[CURSOR_BYTES * 2];
    uint32_t seal;
    int64_t seq;
    if (strlen(text) != CURSOR_BYTES / 3 * 4 ||
        EVP_DecodeBlock(bytes, (const unsigned char *)text, CURSOR_BYTES / 3 * 4) != CURSOR_BYTES)
        return false;
    memcpy(&seal, bytes, sizeof seal);
    memcpy(&seq, bytes + sizeof seal, sizeof seq);
    *ret = seq;
    return seal == cursor_seal(seq);
}

static bool read_count(const char *text, int64_t max, int64_t *ret)
{
    char *end;
    if (*text < '1' || *text > '9' || strlen(text) > 10)
        return false;
    *ret = strtoll(text, &end, 10);
    return !*end && *ret <= max;
}

static const char *read_param(const Param *param, bool by_page, Wanted *ret)
{
    if (strcmp(param->key, "limit") == 0)
        return read_count(param->value, LIMIT_MAX, &ret->limit) ? NULL : "must be a number from 1 to 200";
    if (strcmp(param->key, "page") == 0) {
        if (!read_count(param->value, PAGE_MAX, &ret->page))
            return "must be a number from 1";
        return by_page || ret->page == 1 ? NULL : "this list is paged by cursor";
    }
    if (strcmp(param->key, "cursor") == 0) {
        if (by_page)
            return "this list is paged by page number";
        return read_cursor(param->value, &ret->after) ? NULL : "is not a cursor of this list";
    }
    return "unknown parameter";
}

static bool came_before(const Params *params, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (strcmp(params->list[i].key, params->list[index].key) == 0)
            return true;
    return false;
}

static void read_params(const Params *params, bool by_page, Wanted *ret, Buf *details)
{
    for (size_t i = 0; i < params->count; i++) {
        const char *issue = came_before(params, i) ? "comes twice" : read_param(&params->list[i], by_page, ret);
        if (issue)
            details_add(details, params->list[i].key, issue);
    }
}

static bool read_query(const Request *request, bool by_page, Wanted *ret, Reply *reply)
{
    Params params;
    Buf details = {0};
    *ret = (Wanted){.limit = LIMIT_DEFAULT, .page = 1};
    if (!request_params(request, &params))
        details_add(&details, "query", "has too many parameters");
    read_params(&params, by_page, ret, &details);
    params_release(&params);
    bool fine = !details.len;
    if (!fine)
        answer_invalid(request, reply, "The query is not valid.", buf_text(&details));
    buf_release(&details);
    return fine;
}

/* A page that is being written. */
typedef struct Page {
    Buf *body;
    int64_t now;
    bool summary;
    int64_t last; /* sequence number */
} Page;

static void put_comma(Buf *body)
{
    if (body->data[body->len - 1] != '[')
        buf_putc(body, ',');
}

static void put_instance(const Row *row, void *arg)
{
    Page *page = arg;
    put_comma(page->body);
    if (page->summary)
        row_put_summary(row, page->now, page->body);
    else
        row_put(row, page->now, page->body);
    page->last = row->seq;
}

static void put_project(int64_t seq, Text doc, void *arg)
{
    Page *page = arg;
    put_comma(page->body);
    buf_put(page->body, doc);
    page->last = seq;
}

static void put_end(const Page *page, bool by_page, const Wanted *wanted, bool more, size_t total)
{
    Buf *body = page->body;
    if (by_page) {
        buf_printf(body, "],\"pagination\":{\"page\":%lld,\"limit\":%lld,\"total\":%zu}}", (long long)wanted->page,
                   (long long)wanted->limit, total);
        return;
    }
    buf_puts(body, "],\"next_cursor\":");
    if (more)
        put_cursor(body, page->last);
    else
        buf_puts(body, "null");
    buf_putc(body, '}');
}

static Page begin_page(Sandbox *sandbox, Reply *reply)
{
    answer_json(reply, 200);
    buf_puts(&reply->body, "{\"data\":[");
    return (Page){&reply->body, clock_now_ms(), sandbox->settings.rows == ROWS_SUMMARY, 0};
}

void list_instances(Sandbox *sandbox, const Request *request, Text id, Reply *reply)
{
    (void)id;
    Wanted wanted;
    bool by_page = sandbox->settings.pagination == PAGINATION_PAGE;
    if (!read_query(request, by_page, &wanted, reply))
        return;
    Page page = begin_page(sandbox, reply);
    size_t limit = (size_t)wanted.limit;
    int64_t after = by_page ? store_before(sandbox->store, (size_t)(wanted.page - 1) * limit) : wanted.after;
    bool more = store_list(sandbox->store, after, limit, put_instance, &page);
    put_end(&page, by_page, &wanted, more, store_count(sandbox->store));
}

void list_projects(Sandbox *sandbox, const Request *request, Text id, Reply *reply)
{
    (void)id;
    Wanted wanted;
    bool by_page = sandbox->settings.pagination == PAGINATION_PAGE;
    if (!store_project_count(sandbox->store)) {
        answer_unknown(request, reply, "This workspace has no projects.");
        return;
    }
    if (!read_query(request, by_page, &wanted, reply))
        return;
    Page page = begin_page(sandbox, reply);
    size_t limit = (size_t)wanted.limit;
    int64_t after = by_page ? store_project_before(sandbox->store, (size_t)(wanted.page - 1) * limit) : wanted.after;
    bool more = store_project_list(sandbox->store, after, limit, put_project, &page);
    put_end(&page, by_page, &wanted, more, store_project_count(sandbox->store));
}
