#include "api.h"

#include "endpoints.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define API_VERSION "2026-01-15"

enum { METHOD_MAX = 3 };

typedef struct Route {
    const char *name; /* ends in {id} where a piece of the path is one */
    struct {
        const char *method;
        Endpoint *endpoint;
    } methods[METHOD_MAX];
} Route;

static const Route routes[] = {
    {"/v1/projects", {{"GET", list_projects}}},
    {"/v1/instances", {{"GET", list_instances}, {"POST", create_by_size}}},
    {"/v1/compute/instances", {{"POST", create_by_profile}}},
    {"/v1/instances/{id}", {{"GET", get_instance}, {"PATCH", patch_instance}, {"DELETE", delete_instance}}},
};

void answer_json(Reply *reply, unsigned status)
{
    reply->status = status;
    reply_header(reply, "Content-Type", "application/json");
}

void answer_invalid(const Request *request, Reply *reply, const char *message, Text details)
{
    reply_error(reply, request->id, 400, "invalid_request", message, details);
}

void answer_unknown(const Request *request, Reply *reply, const char *message)
{
    reply_error(reply, request->id, 404, "not_found", message, (Text){0});
}

/* Whether a path fits a route; `*ret_id` is the piece that stands for {id}. */
static bool fits(const Route *route, const char *path, Text *ret_id)
{
    size_t fixed = strcspn(route->name, "{");
    if (!route->name[fixed])
        return strcmp(route->name, path) == 0;
    if (strncmp(route->name, path, fixed) != 0 || !path[fixed] || strchr(path + fixed, '/'))
        return false;
    *ret_id = text_of(path + fixed);
    return true;
}

static const Route *find_route(const char *path, Text *ret_id)
{
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
        if (fits(&routes[i], path, ret_id))
            return &routes[i];
    return NULL;
}

const char *api_route_name(const char *path)
{
    Text id;
    const Route *route = find_route(path, &id);
    return route ? route->name : "other";
}

static bool offered(Sandbox *sandbox, const char *method)
{
    return method && (sandbox->settings.updates || strcmp(method, "PATCH") != 0);
}

static Endpoint *find_endpoint(Sandbox *sandbox, const Route *route, const char *method)
{
    for (int i = 0; i < METHOD_MAX; i++)
        if (offered(sandbox, route->methods[i].method) && strcmp(route->methods[i].method, method) == 0)
            return route->methods[i].endpoint;
    return NULL;
}

static void answer_method(Sandbox *sandbox, const Route *route, const Request *request, Reply *reply)
{
    Buf allow = {0};
    for (int i = 0; i < METHOD_MAX; i++)
        if (offered(sandbox, route->methods[i].method))
            buf_printf(&allow, "%s%s", allow.len ? ", " : "", route->methods[i].method);
    reply_error(reply, request->id, 405, "method_not_allowed", "This path does not take that method.", (Text){0});
    reply_header(reply, "Allow", allow.data);
    buf_release(&allow);
}

static void dispatch(Sandbox *sandbox, const Request *request, Reply *reply)
{
    Text raw_id = {0};
    size_t len = 0;
    const Route *route = find_route(request->path, &raw_id);
    if (!route) {
        answer_unknown(request, reply, "There is nothing at this path.");
        return;
    }
    Endpoint *endpoint = find_endpoint(sandbox, route, request->method);
    if (!endpoint) {
        answer_method(sandbox, route, request, reply);
        return;
    }
    char *id = percent_decode(raw_id, false, &len);
    endpoint(sandbox, request, (Text){id, len}, reply);
    free(id);
}

static const char *foreign_message(const Sandbox *sandbox)
{
    if (sandbox->environment == ENVIRONMENT_PRODUCTION)
        return "This is production: it takes production tokens only, and this is one for the sandbox.";
    return "This is the sandbox: it takes sandbox tokens only, and this is one for production.";
}

static bool pass_token(Sandbox *sandbox, const Request *request, Reply *reply)
{
    TokenSight sight = tokens_look(sandbox->tokens, request->headers[HEADER_AUTHORIZATION]);
    if (sight.accepted)
        return true;
    if (sight.kind == TOKEN_FOREIGN)
        reply_error(reply, request->id, 401, "wrong_environment", foreign_message(sandbox), (Text){0});
    else
        reply_error(reply, request->id, 401, "unauthorized", "The token is missing, invalid, expired or revoked.",
                    (Text){0});
    reply_header(reply, "WWW-Authenticate", "Bearer");
    return false;
}

static void number_header(Reply *reply, const char *name, int64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)value);
    reply_header(reply, name, text);
}

static int64_t to_seconds(int64_t ms)
{
    return (ms + 999) / 1000;
}

static bool pass_limits(Sandbox *sandbox, const Request *request, Reply *reply)
{
    int64_t per_minute = sandbox->settings.rate_minute;
    TokenUse use =
        tokens_admit(sandbox->tokens, request->headers[HEADER_AUTHORIZATION], per_minute, sandbox->settings.rate_day);
    if (sandbox->settings.rate_headers && per_minute) {
        number_header(reply, "X-RateLimit-Limit", per_minute);
        number_header(reply, "X-RateLimit-Remaining", use.minute_left);
        number_header(reply, "X-RateLimit-Reset", to_seconds(use.minute_reset_ms));
    }
    if (!use.wait_ms)
        return true;
    reply_error(reply, request->id, 429, "rate_limited", "Too many requests with this token.", (Text){0});
    number_header(reply, "Retry-After", to_seconds(use.wait_ms));
    return false;
}

static bool is_date(const char *text)
{
    static const char form[] = "dddd-dd-dd";
    for (size_t i = 0; i < sizeof form; i++) {
        bool fine = form[i] == 'd' ? isdigit((unsigned char)text[i]) : text[i] == form[i];
        if (!fine)
            return false;
    }
    return true;
}

static bool pass_version(const Request *request, Reply *reply)
{
    const char *version = request->headers[HEADER_VERSION];
    if (!version || strcmp(version, API_VERSION) == 0)
        return true;
    reply_error(reply, request->id, 400, "unsupported_version",
                is_date(version) ? "This API version is not supported; " API_VERSION " is."
                                 : "SkyStack-Version must be a date like " API_VERSION ".",
                (Text){0});
    return false;
}

void api_answer(Sandbox *sandbox, const Request *request, Reply *reply)
{
    if (pass_token(sandbox, request, reply) && pass_limits(sandbox, request, reply) && pass_version(request, reply))
        dispatch(sandbox, request, reply);
}

void api_stamp(const Request *request, Reply *reply)
{
    reply_header(reply, "SkyStack-Version", API_VERSION);
    reply_header(reply, "X-Request-Id", request->id);
}
