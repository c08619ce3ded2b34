#include "admin_inside.h"
#include "clock.h"
#include "json.h"

#include <stdlib.h>
#include <string.h>

enum { SLOW_MAX_MS = 60 * 1000 };

static const int64_t bytes_max = INT64_C(4) << 30;

void admin_webhook(Sandbox *sandbox, const Request *request, Text id, Text body, Reply *reply)
{
    (void)request, (void)id, (void)body;
    webhook_put(sandbox->webhook, &reply->body);
}

void admin_webhook_set(Sandbox *sandbox, const Request *request, Text id, Text body, Reply *reply)
{
    (void)request, (void)id;
    const char *why = webhook_change(sandbox->webhook, body);
    if (why)
        admin_fail(reply, 400, why);
    else
        webhook_put(sandbox->webhook, &reply->body);
}

void admin_webhook_remove(Sandbox *sandbox, const Request *request, Text id, Text body, Reply *reply)
{
    (void)request, (void)id, (void)body;
    webhook_remove(sandbox->webhook);
    admin_ok(reply);
}

void admin_webhook_log(Sandbox *sandbox, const Request *request, Text id, Text body, Reply *reply)
{
    (void)id, (void)body;
    webhook_put_log(sandbox->webhook, admin_since(request), &reply->body);
}

void admin_webhook_reset(Sandbox *sandbox, const Request *request, Text id, Text body, Reply *reply)
{
    (void)request, (void)id, (void)body;
    webhook_reset(sandbox->webhook);
    admin_ok(reply);
}

/* A member that is a whole number from 0 to `max`; 0 if it is not there. */
static bool read_number(Text body, const char *key, int64_t max, int64_t *ret)
{
    Text value = json_get(body, key);
    double number = json_type(value) == JSON_NUMBER ? strtod(value.at, NULL) : 0;
    if ((value.at && json_type(value) != JSON_NUMBER) || number < 0 || number > (double)max)
        return false;
    *ret = (int64_t)number;
    return (double)*ret == number;
}

/* What is to be sent, with the texts that it is made of. */
typedef struct Draft {
    Buf id, type, data, body; /* the first three as JSON */
    Buf id_text, type_text;
    Signature signature;
    WebhookMessage message;
} Draft;

static void release(Draft *draft)
{
    buf_release(&draft->id);
    buf_release(&draft->type);
    buf_release(&draft->data);
    buf_release(&draft->body);
    buf_release(&draft->id_text);
    buf_release(&draft->type_text);
}

static void put_whole(const Row *row, void *arg)
{
    row_put(row, clock_now_ms(), arg);
}

/* A member as it was written, or `otherwise`, which is JSON. */
static void put_member(Buf *out, const char *key, Text given, Text otherwise)
{
    buf_printf(out, "%s\"%s\":", out->len ? "," : "{", key);
    buf_put(out, given.at ? given : otherwise);
}

static void compose(Text wanted, Draft *draft)
{
    Buf now = {0};
    clock_put_json(&now, clock_now_ms());
    put_member(&draft->body, "id", (Text){0}, buf_text(&draft->id));
    put_member(&draft->body, "type", (Text){0}, buf_text(&draft->type));
    put_member(&draft->body, "created_at", json_get(wanted, "created_at"), buf_text(&now));
    put_member(&draft->body, "data", json_get(wanted, "data"), buf_text(&draft->data));
    buf_putc(&draft->body, '}');
    buf_release(&now);
}

static const char *read_signature(Text wanted, Draft *draft)
{
    Text value = json_get(wanted, "signature");
    char *name = json_string(value);
    bool fine = name && signature_find(name, &draft->signature);
    free(name);
    if (fine)
        draft->message.signature = &draft->signature;
    return fine || !value.at ? NULL : "signature must be good, prefixed, wrong, truncated or missing";
}

static const char *read_data(Sandbox *sandbox, Text wanted, Draft *draft)
{
    char *instance = json_string(json_get(wanted, "instance"));
    bool found = !instance || store_find(sandbox->store, text_of(instance), put_whole, &draft->data);
    if (!instance)
        buf_puts(&draft->data, "{}");
    free(instance);
    return found ? NULL : "there is no instance of this id";
}

static const char *read_body(Sandbox *sandbox, Text wanted, Draft *draft)
{
    Text id = json_get(wanted, "id"), type = json_get(wanted, "type"), raw = json_get(wanted, "raw");
    if (id.at)
        buf_put(&draft->id, id);
    else
        webhook_put_id(sandbox->webhook, &draft->id);
    buf_put(&draft->type, type.at ? type : text_of("\"instance.updated\""));
    const char *why = read_data(sandbox, wanted, draft);
    if (raw.at && json_type(raw) != JSON_STRING)
        why = "raw must be a text";
    else if (raw.at)
        json_unquote(raw, &draft->body);
    else
        compose(wanted, draft);
    return why;
}

static Text plain(const Buf *json, Buf *out)
{
    if (json_type(buf_text(json)) != JSON_STRING)
        return buf_text(json);
    json_unquote(buf_text(json), out);
    return buf_text(out);
}

static const char *read_draft(Sandbox *sandbox, Text wanted, Draft *draft)
{
    WebhookMessage *message = &draft->message;
    int64_t bytes = 0;
    const char *why = read_signature(wanted, draft);
    if (!why)
        why = read_body(sandbox, wanted, draft);
    if (!read_number(wanted, "bytes", bytes_max, &bytes) ||
        !read_number(wanted, "slow_ms", SLOW_MAX_MS, &message->slow_ms))
        why = "a member that should be a number in its range is none";
    message->id = plain(&draft->id, &draft->id_text);
    message->type = plain(&draft->type, &draft->type_text);
    message->body = buf_text(&draft->body);
    if (bytes > (int64_t)message->body.len)
        message->padding = bytes - (int64_t)message->body.len;
    return why;
}

static void put_result(const Draft *draft, unsigned status, const char *why, Buf *out)
{
    buf_puts(out, "{\"id\":");
    buf_put(out, buf_text(&draft->id));
    buf_printf(out, ",\"status\":%u,\"why\":", status);
    if (status)
        buf_puts(out, "null");
    else
        buf_puts_json(out, why);
    buf_putc(out, '}');
}

void admin_webhook_send(Sandbox *sandbox, const Request *request, Text id, Text body, Reply *reply)
{
    (void)request, (void)id;
    Draft draft = {0};
    unsigned status = 0;
    const char *silence = NULL, *why = read_draft(sandbox, body, &draft);
    if (why)
        admin_fail(reply, 400, why);
    else if (!webhook_send(sandbox->webhook, &draft.message, &status, &silence))
        admin_fail(reply, 409, "there is no endpoint");
    else
        put_result(&draft, status, silence, &reply->body);
    release(&draft);
}

void admin_webhook_storm(Sandbox *sandbox, const Request *request, Text id, Text body, Reply *reply)
{
    (void)request, (void)id;
    int64_t rate = 0, seconds = 0;
    if (!read_number(body, "rate", WEBHOOK_MAX_RATE, &rate) ||
        !read_number(body, "seconds", WEBHOOK_MAX_SECONDS, &seconds)) {
        admin_fail(reply, 400, "rate and seconds must be numbers in their range");
        return;
    }
    webhook_storm(sandbox->webhook, rate, seconds, admin_flag(body, "change", false));
    admin_ok(reply);
}
