#include "admin_inside.h"
#include "clock.h"
#include "fields.h"
#include "json.h"
#include "merge.h"

static void put_whole(const Row *row, void *arg)
{
    Buf *body = arg;
    row_put(row, clock_now_ms(), body);
}

static void put_in_list(const Row *row, void *arg)
{
    Buf *body = arg;
    if (body->data[body->len - 1] != '[')
        buf_puts(body, ",\n");
    row_put(row, clock_now_ms(), body);
}

void admin_instances(Sandbox *sandbox, const Request *request, Text id, Text body, Reply *reply)
{
    (void)request, (void)id, (void)body;
    buf_putc(&reply->body, '[');
    store_list(sandbox->store, 0, INT32_MAX, put_in_list, &reply->body);
    buf_putc(&reply->body, ']');
}

static Text unquoted(Text value, Buf *buf)
{
    if (json_type(value) != JSON_STRING)
        return (Text){0};
    json_unquote(value, buf);
    return buf_text(buf);
}

static bool add_instance(Sandbox *sandbox, Text body, Reply *reply)
{
    Buf id = {0}, raw = {0}, rest = {0}, doc = {0};
    NewRow row = {.id = unquoted(json_get(body, "id"), &id), .raw = unquoted(json_get(body, "raw"), &raw)};
    merge_patch(body, text_of(row.id.at ? "{\"id\":null,\"raw\":null}" : "{\"raw\":null}"), &rest);
    fields_complete(sandbox->store, buf_text(&rest), true, &doc);
    row.doc = buf_text(&doc);
    row.created_ms = row.ready_ms = clock_now_ms();
    row.by = BY_ADMIN;
    bool added = store_add(sandbox->store, &row, put_whole, &reply->body);
    buf_release(&id);
    buf_release(&raw);
    buf_release(&rest);
    buf_release(&doc);
    return added;
}

void admin_instance_add(Sandbox *sandbox, const Request *request, Text id, Text body, Reply *reply)
{
    (void)request, (void)id;
    reply->status = 201;
    if (!add_instance(sandbox, body, reply))
        admin_fail(reply, 409, "this id is taken");
}

static void no_such_instance(Reply *reply)
{
    admin_fail(reply, 404, "there is no instance of this id");
}

void admin_instance_get(Sandbox *sandbox, const Request *request, Text id, Text body, Reply *reply)
{
    (void)request, (void)body;
    if (!store_find(sandbox->store, id, put_whole, &reply->body))
        no_such_instance(reply);
}

typedef struct Change {
    Text patch;
    Buf *body;
} Change;

static void apply(const Row *row, Buf *doc, void *arg)
{
    const Change *change = arg;
    merge_patch(row->doc, change->patch, doc);
}

static void put_changed(const Row *row, void *arg)
{
    const Change *change = arg;
    put_whole(row, change->body);
}

void admin_instance_patch(Sandbox *sandbox, const Request *request, Text id, Text body, Reply *reply)
{
    (void)request;
    Buf compact = {0};
    json_compact(body, &compact);
    Change change = {buf_text(&compact), &reply->body};
    if (!store_edit(sandbox->store, id, BY_ADMIN, apply, put_changed, &change))
        no_such_instance(reply);
    buf_release(&compact);
}

void admin_instance_remove(Sandbox *sandbox, const Request *request, Text id, Text body, Reply *reply)
{
    (void)request, (void)body;
    if (store_remove(sandbox->store, id, BY_ADMIN))
        admin_ok(reply);
    else
        no_such_instance(reply);
}

static void put_project(int64_t seq, Text doc, void *arg)
{
    Buf *body = arg;
    (void)seq;
    if (body->data[body->len - 1] != '[')
        buf_puts(body, ",\n");
    buf_put(body, doc);
}

void admin_projects(Sandbox *sandbox, const Request *request, Text id, Text body, Reply *reply)
{
    (void)request, (void)id, (void)body;
    buf_putc(&reply->body, '[');
    store_project_list(sandbox->store, 0, INT32_MAX, put_project, &reply->body);
    buf_putc(&reply->body, ']');
}

void admin_project_add(Sandbox *sandbox, const Request *request, Text id, Text body, Reply *reply)
{
    (void)request, (void)id;
    Buf wanted = {0};
    Text name = json_get(body, "name");
    reply->status = 201;
    if (!name.at)
        admin_fail(reply, 400, "a name is wanted");
    else if (!store_project_add(sandbox->store, unquoted(json_get(body, "id"), &wanted), name, &reply->body))
        admin_fail(reply, 409, "this id is taken");
    buf_release(&wanted);
}

static void no_such_project(Reply *reply)
{
    admin_fail(reply, 404, "there is no project of this id");
}

void admin_project_patch(Sandbox *sandbox, const Request *request, Text id, Text body, Reply *reply)
{
    (void)request;
    if (!store_project_edit(sandbox->store, id, body, &reply->body))
        no_such_project(reply);
}

void admin_project_remove(Sandbox *sandbox, const Request *request, Text id, Text body, Reply *reply)
{
    (void)request, (void)body;
    if (store_project_remove(sandbox->store, id))
        admin_ok(reply);
    else
        no_such_project(reply);
}

void admin_reset(Sandbox *sandbox, const Request *request, Text id, Text body, Reply *reply)
{
    (void)request, (void)id;
    store_reset(sandbox->store, admin_flag(body, "restart_ids", true));
    admin_ok(reply);
}

void admin_ledger(Sandbox *sandbox, const Request *request, Text id, Text body, Reply *reply)
{
    (void)request, (void)id, (void)body;
    store_put_ledger(sandbox->store, &reply->body);
}
