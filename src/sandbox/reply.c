#include "reply.h"

#include "mem.h"

#include <stdlib.h>
#include <strings.h>

void reply_release(Reply *reply)
{
    reply_clear(reply);
    buf_release(&reply->body);
}

void reply_clear(Reply *reply)
{
    for (size_t i = 0; i < reply->header_count; i++) {
        free(reply->headers[i].name);
        free(reply->headers[i].value);
    }
    reply->header_count = 0;
    reply->status = 0;
    buf_clear(&reply->body);
}

void reply_header(Reply *reply, const char *name, const char *value)
{
    size_t i = 0;
    while (i < reply->header_count && strcasecmp(reply->headers[i].name, name) != 0)
        i++;
    if (i == REPLY_MAX_HEADERS)
        return;
    if (i == reply->header_count)
        reply->headers[reply->header_count++] = (ReplyHeader){mem_dup(name), NULL};
    free(reply->headers[i].value);
    reply->headers[i].value = mem_dup(value);
}

void reply_error(Reply *reply, const char *request_id, unsigned status, const char *code, const char *message,
                 Text details)
{
    Buf *body = &reply->body;
    reply->status = status;
    reply_header(reply, "Content-Type", "application/json");
    buf_clear(body);
    buf_puts(body, "{\"error\":{\"code\":");
    buf_puts_json(body, code);
    buf_puts(body, ",\"message\":");
    buf_puts_json(body, message);
    buf_puts(body, ",\"request_id\":");
    buf_puts_json(body, request_id);
    if (details.len) {
        buf_puts(body, ",\"details\":[");
        buf_put(body, details);
        buf_putc(body, ']');
    }
    buf_puts(body, "}}");
}

void details_add(Buf *details, const char *field, const char *issue)
{
    buf_puts(details, details->len ? ",{\"field\":" : "{\"field\":");
    buf_puts_json(details, field);
    buf_puts(details, ",\"issue\":");
    buf_puts_json(details, issue);
    buf_putc(details, '}');
}
