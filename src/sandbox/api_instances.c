#include "check.h"
#include "clock.h"
#include "endpoints.h"
#include "fields.h"
#include "json.h"
#include "merge.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MEDIA_JSON = 1, MEDIA_MERGE_PATCH = 2 };

static bool is_media(const char *type, const char *name)
{
    size_t len = strlen(name);
    if (!type || strncasecmp(type, name, len) != 0)
        return false;
    return !type[len] || type[len] == ';' || type[len] == ' ';
}

static bool media_fits(const Request *request, int media)
{
    const char *type = request->headers[HEADER_CONTENT_TYPE];
    return is_media(type, "application/json") ||
           (media == MEDIA_MERGE_PATCH && is_media(type, "application/merge-patch+json"));
}

static size_t count_fields(Text object)
{
    Member member;
    size_t offset = 0, count = 0;
    while (json_next(object, &offset, &member))
        count++;
    return count;
}

/* The JSON object in the body; or false, and the answer says why. */
static bool read_body(const Request *request, int media, Text *ret, Reply *reply)
{
    const char *why = "a JSON object is wanted";
    if (request->body_too_big) {
        reply_error(reply, request->id, 413, "payload_too_large", "The body is larger than 1 MiB.", (Text){0});
        return false;
    }
    if (!media_fits(request, media)) {
        answer_invalid(request, reply, "Content-Type must be application/json.", (Text){0});
        return false;
    }
    *ret = json_trim(buf_text(&request->body));
    bool fine = ret->len && json_check(*ret, &why);
    if (fine && (json_type(*ret) != JSON_OBJECT || count_fields(*ret) > ROW_MAX_FIELDS / 2)) {
        why = "an object of at most 128 members is wanted";
        fine = false;
    }
    if (!fine) {
        Buf message = {0};
        buf_printf(&message, "The body is not valid: %s", why);
        answer_invalid(request, reply, message.data, (Text){0});
        buf_release(&message);
    }
    return fine;
}

static void put_created(const Row *row, void *arg)
{
    Reply *reply = arg;
    row_put_created(row, clock_now_ms(), &reply->body);
}

static void create(Sandbox *sandbox, const Request *request, bool by_profile, Reply *reply)
{
    Text body;
    Buf details = {0}, doc = {0};
    if (!read_body(request, MEDIA_JSON, &body, reply))
        return;
    check_create(sandbox->store, body, by_profile, &details);
    if (details.len) {
        answer_invalid(request, reply, "The instance is not valid.", buf_text(&details));
    } else {
        int64_t now = clock_now_ms();
        fields_complete(sandbox->store, body, false, &doc);
        NewRow row = {
            .doc = buf_text(&doc), .created_ms = now, .ready_ms = now + sandbox->settings.provision_ms, .by = BY_API};
        answer_json(reply, 201);
        store_add(sandbox->store, &row, put_created, reply);
    }
    buf_release(&details);
    buf_release(&doc);
}

void create_by_size(Sandbox *sandbox, const Request *request, Text id, Reply *reply)
{
    (void)id;
    create(sandbox, request, false, reply);
}

void create_by_profile(Sandbox *sandbox, const Request *request, Text id, Reply *reply)
{
    (void)id;
    create(sandbox, request, true, reply);
}

/* A request for one instance while the store shows it. */
typedef struct Visit {
    Sandbox *sandbox;
    const Request *request;
    Reply *reply;
    Text patch;
} Visit;

static void put_whole(const Row *row, void *arg)
{
    const Visit *visit = arg;
    int64_t now = clock_now_ms();
    if (visit->reply->status)
        return;
    answer_json(visit->reply, 200);
    row_put(row, now, &visit->reply->body);
    if (visit->sandbox->settings.etag) {
        Buf tag = {0};
        row_put_etag(row, now, &tag);
        reply_header(visit->reply, "ETag", tag.data);
        buf_release(&tag);
    }
}

static void no_such_instance(const Request *request, Reply *reply)
{
    answer_unknown(request, reply, "There is no instance with this id.");
}

void get_instance(Sandbox *sandbox, const Request *request, Text id, Reply *reply)
{
    Visit visit = {sandbox, request, reply, {0}};
    if (!store_find(sandbox->store, id, put_whole, &visit))
        no_such_instance(request, reply);
}

static bool match_fails(const Row *row, const Request *request)
{
    const char *wanted = request->headers[HEADER_IF_MATCH];
    if (!wanted || strcmp(wanted, "*") == 0)
        return false;
    Buf tag = {0};
    row_put_etag(row, clock_now_ms(), &tag);
    bool fails = !strstr(wanted, tag.data);
    buf_release(&tag);
    return fails;
}

/* The patch without the fields that the server owns: by then they were found to say what is so anyway. */
static void put_settable(Text patch, Buf *out)
{
    Member member;
    buf_putc(out, '{');
    for (size_t offset = 0; json_next(patch, &offset, &member);) {
        char *key = json_string(member.key);
        if (!row_owns(key)) {
            buf_puts(out, out->data[out->len - 1] == '{' ? "" : ",");
            buf_put(out, member.key);
            buf_putc(out, ':');
            json_compact(member.value, out);
        }
        free(key);
    }
    buf_putc(out, '}');
}

static void merge_settable(const Row *row, Text patch, Buf *doc)
{
    Buf settable = {0};
    put_settable(patch, &settable);
    merge_patch(row->doc, buf_text(&settable), doc);
    buf_release(&settable);
}

/* Leaves `doc` empty where the patch can't be taken, and says so in the answer. */
static void apply_patch(const Row *row, Buf *doc, void *arg)
{
    Visit *visit = arg;
    Buf details = {0};
    if (match_fails(row, visit->request)) {
        reply_error(visit->reply, visit->request->id, 412, "precondition_failed",
                    "The instance has changed since If-Match's version.", (Text){0});
        return;
    }
    check_owned(row, clock_now_ms(), visit->patch, &details);
    if (!details.len)
        merge_settable(row, visit->patch, doc);
    if (count_fields(buf_text(doc)) > ROW_MAX_FIELDS)
        details_add(&details, "", "an instance can have 256 fields");
    if (details.len) {
        buf_clear(doc);
        answer_invalid(visit->request, visit->reply, "The change is not valid.", buf_text(&details));
    }
    buf_release(&details);
}

void patch_instance(Sandbox *sandbox, const Request *request, Text id, Reply *reply)
{
    Text body;
    Buf details = {0};
    if (!read_body(request, MEDIA_MERGE_PATCH, &body, reply))
        return;
    check_patch(sandbox->store, body, &details);
    Visit visit = {sandbox, request, reply, body};
    if (details.len)
        answer_invalid(request, reply, "The change is not valid.", buf_text(&details));
    else if (!store_edit(sandbox->store, id, BY_API, apply_patch, put_whole, &visit))
        no_such_instance(request, reply);
    buf_release(&details);
}

void delete_instance(Sandbox *sandbox, const Request *request, Text id, Reply *reply)
{
    if (store_remove(sandbox->store, id, BY_API))
        reply->status = 204;
    else
        no_such_instance(request, reply);
}
