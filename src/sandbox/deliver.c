#include "deliver.h"

#include "clock.h"
#include "mem.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <microhttpd.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { STREAM_BLOCK = 64 * 1024, NAP_MS = 20 };

static const char huge_head[] = "{\"data\":[\"", huge_tail[] = "\"],\"next_cursor\":null}";

/* A body that is made while it is sent. */
typedef struct Stream {
    char *body;
    size_t len; /* of the whole */
    size_t end; /* where it breaks off; `len` if it does not */
    int64_t ms;
    DeliveryMode mode;
    const _Atomic bool *stop;
} Stream;

static void nap(int64_t ms, const _Atomic bool *stop)
{
    for (; ms > 0 && !*stop; ms -= NAP_MS)
        clock_sleep_ms(ms < NAP_MS ? ms : NAP_MS);
}

static char huge_byte(const Stream *stream, size_t at)
{
    size_t tail = sizeof huge_tail - 1;
    if (at < sizeof huge_head - 1)
        return huge_head[at];
    return at + tail >= stream->len ? huge_tail[at + tail - stream->len] : 'x';
}

static void fill(const Stream *stream, size_t at, char *out, size_t count)
{
    if (stream->mode != DELIVER_HUGE) {
        memcpy(out, stream->body + at, count);
        return;
    }
    for (size_t i = 0; i < count; i++)
        out[i] = huge_byte(stream, at + i);
}

static ssize_t read_stream(void *arg, uint64_t at, char *out, size_t max)
{
    Stream *stream = arg;
    if (*stream->stop || (at >= stream->end && stream->end < stream->len))
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (at >= stream->len)
        return MHD_CONTENT_READER_END_OF_STREAM;
    size_t count = stream->end - at < max ? stream->end - (size_t)at : max;
    if (stream->mode == DELIVER_SLOW) {
        nap(stream->ms, stream->stop);
        count = 1;
    }
    fill(stream, (size_t)at, out, count);
    return (ssize_t)count;
}

static void free_stream(void *arg)
{
    Stream *stream = arg;
    free(stream->body);
    free(stream);
}

static struct MHD_Response *make_stream(Reply *reply, const Delivery *delivery, const _Atomic bool *stop)
{
    Stream *stream = mem_new(sizeof *stream);
    size_t least = sizeof huge_head + sizeof huge_tail - 2, bytes = (size_t)delivery->bytes;
    *stream = (Stream){.len = reply->body.len, .ms = delivery->ms, .mode = delivery->mode, .stop = stop};
    stream->body = buf_take(&reply->body);
    if (stream->mode == DELIVER_HUGE)
        stream->len = bytes > least ? bytes : least;
    stream->end = stream->mode == DELIVER_CUT && bytes < stream->len ? bytes : stream->len;
    uint64_t told = delivery->chunked || stream->mode == DELIVER_HUGE ? MHD_SIZE_UNKNOWN : stream->len;
    return MHD_create_response_from_callback(told, STREAM_BLOCK, read_stream, stream, free_stream);
}

static struct MHD_Response *make_response(Reply *reply, const Delivery *delivery, const _Atomic bool *stop)
{
    if (delivery->mode != DELIVER_WHOLE)
        return make_stream(reply, delivery, stop);
    size_t len = reply->body.len;
    return MHD_create_response_from_buffer(len, buf_take(&reply->body), MHD_RESPMEM_MUST_FREE);
}

static bool queue(struct MHD_Connection *connection, Reply *reply, const Delivery *delivery, const _Atomic bool *stop)
{
    struct MHD_Response *response = make_response(reply, delivery, stop);
    if (!response)
        return false;
    for (size_t i = 0; i < reply->header_count; i++)
        MHD_add_response_header(response, reply->headers[i].name, reply->headers[i].value);
    enum MHD_Result result = MHD_queue_response(connection, reply->status, response);
    MHD_destroy_response(response);
    return result == MHD_YES;
}

/* True when all bytes are sent; false when the client has gone or everything stops. */
static bool send_raw(gnutls_session_t session, const Request *request, Text text, const _Atomic bool *stop)
{
    for (size_t done = 0; done < text.len && !*stop;) {
        ssize_t n = gnutls_record_send(session, text.at + done, text.len - done);
        if (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED) {
            struct pollfd fd = {.fd = request->socket, .events = POLLOUT};
            poll(&fd, 1, NAP_MS);
            continue;
        }
        if (n < 0)
            return false;
        done += (size_t)n;
    }
    return !*stop;
}

static void deliver_raw(struct MHD_Connection *connection, const Request *request, Text text, int64_t ms,
                        const _Atomic bool *stop)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    size_t step = ms > 0 ? 1 : text.len;
    if (!info || !info->tls_session)
        return;
    for (size_t at = 0; at < text.len; at += step) {
        if (!send_raw(info->tls_session, request, (Text){text.at + at, step}, stop))
            return;
        if (!request_wait(request, ms, stop, NULL))
            return;
    }
}

bool deliver(struct MHD_Connection *connection, const Request *request, Reply *reply, const Delivery *delivery,
             const _Atomic bool *stop)
{
    if (delivery->mode == DELIVER_RAW)
        deliver_raw(connection, request, buf_text(&reply->body), delivery->ms, stop);
    if (delivery->mode != DELIVER_RAW && delivery->mode != DELIVER_NOTHING)
        return queue(connection, reply, delivery, stop);
    shutdown(request->socket, SHUT_RDWR);
    return false;
}
