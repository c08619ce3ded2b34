#include "admin.h"

#include "admin_inside.h"
#include "fault_json.h"
#include "json.h"

#include <stdlib.h>
#include <string.h>

void admin_fail(Reply *reply, unsigned status, const char *message)
{
    reply->status = status;
    buf_clear(&reply->body);
    buf_puts(&reply->body, "{\"error\":");
    buf_puts_json(&reply->body, message);
    buf_putc(&reply->body, '}');
}

void admin_ok(Reply *reply)
{
    buf_puts(&reply->body, "{\"ok\":true}");
}

bool admin_flag(Text body, const char *key, bool otherwise)
{
    Text value = json_get(body, key);
    return json_type(value) == JSON_BOOL ? text_is(value, "true") : otherwise;
}

static void health(Sandbox *sandbox, const Request *request, Text id, Text body, Reply *reply)
{
    (void)sandbox, (void)request, (void)id, (void)body;
    admin_ok(reply);
}

static void counts(Sandbox *sandbox, const Request *request, Text id, Text body, Reply *reply)
{
    (void)request, (void)id, (void)body;
    counts_put(sandbox->counts, &reply->body);
}

static void counts_anew(Sandbox *sandbox, const Request *request, Text id, Text body, Reply *reply)
{
    (void)request, (void)id, (void)body;
    counts_reset(sandbox->counts);
    admin_ok(reply);
}

uint64_t admin_since(const Request *request)
{
    Params params;
    uint64_t since = 0;
    request_params(request, &params);
    for (size_t i = 0; i < params.count; i++)
        if (strcmp(params.list[i].key, "since") == 0)
            since = strtoull(params.list[i].value, NULL, 10);
    params_release(&params);
    return since;
}

static void log_get(Sandbox *sandbox, const Request *request, Text id, Text body, Reply *reply)
{
    (void)id, (void)body;
    reqlog_put(sandbox->log, admin_since(request), &reply->body);
}

static void log_anew(Sandbox *sandbox, const Request *request, Text id, Text body, Reply *reply)
{
    (void)request, (void)id, (void)body;
    reqlog_clear(sandbox->log);
    admin_ok(reply);
}

static void token_set(Sandbox *sandbox, const Request *request, Text id, Text body, Reply *reply)
{
    (void)request, (void)id;
    Buf made = {0};
    char *wanted = json_string(json_get(body, "token"));
    if (wanted && !*wanted) {
        admin_fail(reply, 400, "an empty token is none");
    } else if (tokens_rotate(sandbox->tokens, wanted, admin_flag(body, "keep_old", false),
                             admin_flag(body, "write_file", true), &made) < 0) {
        admin_fail(reply, 500, "the token file can't be written");
    } else {
        buf_puts(&reply->body, "{\"token\":");
        buf_put_json(&reply->body, buf_text(&made));
        buf_putc(&reply->body, '}');
    }
    buf_release(&made);
    free(wanted);
}

static void faults_get(Sandbox *sandbox, const Request *request, Text id, Text body, Reply *reply)
{
    (void)request, (void)id, (void)body;
    faults_put(sandbox->faults, &reply->body);
}

static void fault_add(Sandbox *sandbox, const Request *request, Text id, Text body, Reply *reply)
{
    (void)request, (void)id;
    const char *why = NULL;
    Fault *fault = fault_parse(body, &why);
    uint64_t number = fault ? faults_add(sandbox->faults, fault) : 0;
    if (number)
        buf_printf(&reply->body, "{\"id\":%llu}", (unsigned long long)number);
    else
        admin_fail(reply, 400, fault ? "too many faults" : why);
}

static void faults_clear(Sandbox *sandbox, const Request *request, Text id, Text body, Reply *reply)
{
    (void)request, (void)id, (void)body;
    faults_remove_all(sandbox->faults);
    admin_ok(reply);
}

static void fault_remove(Sandbox *sandbox, const Request *request, Text id, Text body, Reply *reply)
{
    (void)request, (void)body;
    if (faults_remove(sandbox->faults, strtoull(id.at, NULL, 10)))
        admin_ok(reply);
    else
        admin_fail(reply, 404, "there is no fault of this id");
}

static void config_get(Sandbox *sandbox, const Request *request, Text id, Text body, Reply *reply)
{
    (void)request, (void)id, (void)body;
    settings_put(&sandbox->settings, &reply->body);
}

static void config_set(Sandbox *sandbox, const Request *request, Text id, Text body, Reply *reply)
{
    (void)request, (void)id;
    Text bad;
    if (settings_change(&sandbox->settings, body, &bad)) {
        settings_put(&sandbox->settings, &reply->body);
        return;
    }
    Buf message = {0};
    buf_printf(&message, "not a setting, or not a value for it: %.*s", (int)bad.len, bad.at);
    admin_fail(reply, 400, message.data);
    buf_release(&message);
}

static const struct {
    const char *method;
    const char *path; /* with a final slash: followed by an id */
    AdminAction *action;
} actions[] = {
    {"GET", "/health", health},
    {"GET", "/counts", counts},
    {"POST", "/counts/reset", counts_anew},
    {"GET", "/log", log_get},
    {"POST", "/log/reset", log_anew},
    {"GET", "/ledger", admin_ledger},
    {"GET", "/instances", admin_instances},
    {"POST", "/instances", admin_instance_add},
    {"GET", "/instances/", admin_instance_get},
    {"PATCH", "/instances/", admin_instance_patch},
    {"DELETE", "/instances/", admin_instance_remove},
    {"GET", "/projects", admin_projects},
    {"POST", "/projects", admin_project_add},
    {"PATCH", "/projects/", admin_project_patch},
    {"DELETE", "/projects/", admin_project_remove},
    {"POST", "/reset", admin_reset},
    {"POST", "/token", token_set},
    {"GET", "/faults", faults_get},
    {"POST", "/faults", fault_add},
    {"DELETE", "/faults", faults_clear},
    {"DELETE", "/faults/", fault_remove},
    {"GET", "/webhook", admin_webhook},
    {"POST", "/webhook", admin_webhook_set},
    {"DELETE", "/webhook", admin_webhook_remove},
    {"GET", "/webhook/log", admin_webhook_log},
    {"POST", "/webhook/reset", admin_webhook_reset},
    {"POST", "/webhook/send", admin_webhook_send},
    {"POST", "/webhook/storm", admin_webhook_storm},
    {"GET", "/config", config_get},
    {"POST", "/config", config_set},
};

static bool fits(const char *pattern, const char *path, Text *ret_id)
{
    size_t len = strlen(pattern);
    if (pattern[len - 1] != '/')
        return strcmp(pattern, path) == 0;
    *ret_id = text_of(strncmp(pattern, path, len) == 0 ? path + len : "");
    return ret_id->len > 0 && !memchr(ret_id->at, '/', ret_id->len);
}

static AdminAction *find_action(const Request *request, Text *ret_id, bool *ret_path_known)
{
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
        if (!fits(actions[i].path, request->path, ret_id))
            continue;
        *ret_path_known = true;
        if (strcmp(actions[i].method, request->method) == 0)
            return actions[i].action;
    }
    return NULL;
}

static bool read_body(const Request *request, Text *ret, Reply *reply)
{
    const char *why = "a JSON object is wanted";
    *ret = json_trim(request->body.len ? buf_text(&request->body) : text_of("{}"));
    if (!request->body_too_big && json_check(*ret, &why) && json_type(*ret) == JSON_OBJECT)
        return true;
    admin_fail(reply, 400, why);
    return false;
}

void serve_admin(void *arg, const Request *request, Reply *reply, Delivery *delivery)
{
    (void)delivery;
    Text raw_id = {0}, body;
    bool path_known = false;
    size_t len = 0;
    AdminAction *action = find_action(request, &raw_id, &path_known);
    reply->status = 200;
    reply_header(reply, "Content-Type", "application/json");
    if (!action) {
        admin_fail(reply, path_known ? 405 : 404, path_known ? "no such method here" : "no such path");
    } else if (read_body(request, &body, reply)) {
        char *id = percent_decode(raw_id, false, &len);
        action(arg, request, (Text){id, len}, body, reply);
        free(id);
    }
    buf_putc(&reply->body, '\n');
}
