#include "request.h"

#include "clock.h"
#include "mem.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

enum { LOOK_EVERY_MS = 20 };

const char *header_name(Header header)
{
    static const char *const names[HEADER_COUNT] = {
        [HEADER_AUTHORIZATION] = "Authorization", [HEADER_CONTENT_TYPE] = "Content-Type",
        [HEADER_VERSION] = "SkyStack-Version",    [HEADER_IDEMPOTENCY_KEY] = "Idempotency-Key",
        [HEADER_IF_MATCH] = "If-Match",           [HEADER_USER_AGENT] = "User-Agent",
    };
    return names[header];
}

Request *request_new(const char *uri)
{
    Request *request = mem_new(sizeof *request);
    size_t path = strcspn(uri, "?");
    request->path = mem_dup_bytes(uri, path);
    request->query = uri[path] ? mem_dup(uri + path + 1) : NULL;
    request->socket = -1;
    return request;
}

void request_free(Request *request)
{
    if (!request)
        return;
    for (int i = 0; i < HEADER_COUNT; i++)
        free(request->headers[i]);
    buf_release(&request->body);
    free(request->method);
    free(request->path);
    free(request->query);
    free(request);
}

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *found = c ? strchr(digits, c) : NULL;
    return found ? (int)((found - digits) % 16) : -1;
}

char *percent_decode(Text text, bool form, size_t *ret_len)
{
    Buf out = {0};
    for (size_t i = 0; i < text.len; i++) {
        int high = i + 2 < text.len ? hex_digit(text.at[i + 1]) : -1;
        int low = high >= 0 ? hex_digit(text.at[i + 2]) : -1;
        if (text.at[i] == '%' && low >= 0) {
            buf_putc(&out, (char)(high * 16 + low));
            i += 2;
        } else {
            buf_putc(&out, form && text.at[i] == '+' ? ' ' : text.at[i]);
        }
    }
    *ret_len = out.len;
    return buf_take(&out);
}

bool request_params(const Request *request, Params *ret)
{
    *ret = (Params){0};
    const char *at = request->query ? request->query : "";
    while (*at) {
        size_t len = strcspn(at, "&"), key = strcspn(at, "=&"), ignored;
        if (ret->count == REQUEST_MAX_PARAMS)
            return false;
        size_t value = key < len ? key + 1 : len;
        Param *param = &ret->list[ret->count++];
        param->key = percent_decode((Text){at, key}, true, &ignored);
        param->value = percent_decode((Text){at + value, len - value}, true, &ignored);
        at += len + (at[len] == '&');
    }
    return true;
}

void params_release(Params *params)
{
    for (size_t i = 0; i < params->count; i++) {
        free(params->list[i].key);
        free(params->list[i].value);
    }
    params->count = 0;
}

bool request_wait(const Request *request, int64_t ms, const _Atomic bool *stop, const _Atomic bool *also)
{
    int64_t end = clock_steady_ms() + ms;
    for (;;) {
        int64_t left = ms < 0 ? LOOK_EVERY_MS : end - clock_steady_ms();
        if (left <= 0 || *stop || (also && *also))
            return true;
        struct pollfd fd = {.fd = request->socket, .events = POLLRDHUP};
        if (poll(&fd, 1, (int)(left < LOOK_EVERY_MS ? left : LOOK_EVERY_MS)) > 0)
            return false;
    }
}
