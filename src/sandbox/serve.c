#include "serve.h"

#include "api.h"
#include "mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DELAY_DEFAULT_MS = 1000, HUGE_DEFAULT_BYTES = 64 * 1024 * 1024 };

static const char web_page[] = "<!DOCTYPE html>\n<html><head><title>Welcome</title></head>\n"
                               "<body><h1>Please sign in to use this network</h1></body></html>\n";

/* One request with all that acts on it. */
typedef struct Service {
    Sandbox *sandbox;
    const Request *request;
    const Fault *fault;
    Reply *reply;
    Delivery *delivery;
} Service;

static void as_usual(Service *service)
{
    api_answer(service->sandbox, service->request, service->reply);
    api_stamp(service->request, service->reply);
}

static void hang_up(Service *service)
{
    service->delivery->mode = DELIVER_NOTHING;
}

/* Silence until the fault is removed; false if the client has gone or the sandbox stops. */
static bool outlast(Service *service)
{
    const _Atomic bool *stop = &service->sandbox->stopping;
    bool there = request_wait(service->request, -1, stop, &service->fault->gone);
    if (there && !*stop)
        return true;
    hang_up(service);
    return false;
}

static bool pause_ms(Service *service, int64_t ms)
{
    if (ms <= 0)
        return true;
    const _Atomic bool *stop = &service->sandbox->stopping;
    if (request_wait(service->request, ms, stop, NULL) && !*stop)
        return true;
    hang_up(service);
    return false;
}

static void set_body(Service *service, unsigned status, const char *type, Text body)
{
    const Fault *fault = service->fault;
    service->reply->status = fault->status ? fault->status : status;
    reply_header(service->reply, "Content-Type", fault->content_type ? fault->content_type : type);
    buf_clear(&service->reply->body);
    if (fault->body)
        buf_add(&service->reply->body, fault->body, fault->body_len);
    else
        buf_put(&service->reply->body, body);
}

static void set_status(Service *service)
{
    const Fault *fault = service->fault;
    unsigned status = fault->status ? fault->status : 500;
    Text details = fault->details ? text_of(fault->details) : (Text){0};
    if (fault->body || !fault->envelope)
        set_body(service, status, fault->envelope ? "application/json" : "text/html", text_of(web_page));
    else
        reply_error(service->reply, service->request->id, status, fault->code ? fault->code : "injected",
                    fault->message ? fault->message : "This error was asked for.", details);
}

static void set_redirect(Service *service)
{
    Buf location = {0};
    buf_printf(&location, "%s/v1/elsewhere", service->sandbox->endpoint);
    set_body(service, 302, "text/html", text_of("<html><body>Moved</body></html>\n"));
    reply_header(service->reply, "Location", service->fault->message ? service->fault->message : location.data);
    buf_release(&location);
}

/* The request's id is a cursor that never was. */
static void set_endless(Service *service)
{
    Buf *body = &service->reply->body;
    const Fault *fault = service->fault;
    service->reply->status = 200;
    reply_header(service->reply, "Content-Type", "application/json");
    buf_puts(body, "{\"data\":[");
    buf_put(body, (Text){fault->body, fault->body_len});
    buf_printf(body, "],\"next_cursor\":\"%s\"}", service->request->id);
}

/* The answers that are the fault's own, with the deed done before or not at all. */
static void answer_own(Service *service)
{
    Delivery *delivery = service->delivery;
    const Fault *fault = service->fault;
    if (fault->after)
        api_answer(service->sandbox, service->request, service->reply);
    reply_clear(service->reply);
    switch (fault->kind) {
    case FAULT_STATUS:
        set_status(service);
        break;
    case FAULT_GARBAGE:
        set_body(service, 200, "text/html", text_of(web_page));
        break;
    case FAULT_REDIRECT:
        set_redirect(service);
        break;
    case FAULT_HUGE:
        *delivery = (Delivery){DELIVER_HUGE, fault->bytes < 0 ? HUGE_DEFAULT_BYTES : fault->bytes, 0, true};
        set_body(service, 200, "application/json", (Text){"", 0});
        break;
    case FAULT_ENDLESS:
        set_endless(service);
        break;
    case FAULT_RAW:
        *delivery = (Delivery){DELIVER_RAW, 0, fault->ms > 0 ? fault->ms : 0, false};
        set_body(service, 200, "application/json", (Text){"", 0});
        break;
    default:
        set_body(service, 200, "application/json", text_of("{}"));
    }
    api_stamp(service->request, service->reply);
}

static void answer_cut(Service *service)
{
    as_usual(service);
    int64_t half = (int64_t)service->reply->body.len / 2;
    *service->delivery =
        (Delivery){DELIVER_CUT, service->fault->bytes < 0 ? half : service->fault->bytes, 0, service->fault->chunked};
}

static void answer_slow(Service *service)
{
    as_usual(service);
    *service->delivery =
        (Delivery){DELIVER_SLOW, 0, service->fault->ms < 0 ? DELAY_DEFAULT_MS : service->fault->ms, false};
}

static void answer_with_fault(Service *service)
{
    const Fault *fault = service->fault;
    switch (fault->kind) {
    case FAULT_DELAY:
        if (pause_ms(service, fault->ms < 0 ? DELAY_DEFAULT_MS : fault->ms))
            as_usual(service);
        break;
    case FAULT_HEADERS:
        as_usual(service);
        break;
    case FAULT_HANG:
        if (outlast(service))
            as_usual(service);
        break;
    case FAULT_HANG_AFTER:
        as_usual(service);
        outlast(service);
        break;
    case FAULT_CLOSE:
        hang_up(service);
        break;
    case FAULT_CLOSE_AFTER:
        as_usual(service);
        hang_up(service);
        break;
    case FAULT_TRUNCATE:
        answer_cut(service);
        break;
    case FAULT_SLOW:
        answer_slow(service);
        break;
    default:
        answer_own(service);
    }
    for (size_t i = 0; i < fault->header_count; i++)
        reply_header(service->reply, fault->headers[i].name, fault->headers[i].value);
}

static unsigned told_status(const Service *service)
{
    DeliveryMode mode = service->delivery->mode;
    return mode == DELIVER_NOTHING || mode == DELIVER_RAW ? 0 : service->reply->status;
}

static void finish(Service *service, uint64_t seq)
{
    const char *kind = service->fault ? fault_kind_name(service->fault->kind) : NULL;
    counts_answer(service->sandbox->counts, told_status(service));
    reqlog_finish(service->sandbox->log, seq, told_status(service), kind);
}

void serve_api(void *arg, const Request *request, Reply *reply, Delivery *delivery)
{
    Sandbox *sandbox = arg;
    TokenSight token = tokens_look(sandbox->tokens, request->headers[HEADER_AUTHORIZATION]);
    counts_request(sandbox->counts, request->method, api_route_name(request->path));
    uint64_t seq = reqlog_add(sandbox->log, request, token.kind);
    Fault *fault = faults_match(sandbox->faults, request->method, request->path, request->query);
    Service service = {sandbox, request, fault, reply, delivery};
    if (pause_ms(&service, sandbox->settings.latency_ms)) {
        if (fault)
            answer_with_fault(&service);
        else
            as_usual(&service);
    }
    finish(&service, seq);
    fault_unref(sandbox->faults, fault);
}
