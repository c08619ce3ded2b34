#include "parcel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "error.h"
#include "token.h"

enum { PARCEL_HEADERS = 8, PARCEL_URL_CAP = 32 << 10 };

static bool copy_body(Parcel *parcel, Span body)
{
    if (body.len == 0)
        return true;
    parcel->body = malloc(body.len);
    parcel->body_bytes = body.len;
    if (parcel->body)
        memcpy(parcel->body, body.at, body.len);
    return parcel->body;
}

static bool copy_text(const char *from, char **to)
{
    *to = from ? strdup(from) : NULL;
    return *to || !from;
}

int parcel_init(Parcel *parcel, const ExchangeOrder *order, Random *random)
{
    bool copied;

    *parcel = (Parcel){.purpose = order->purpose};
    copied = copy_text(order->path, &parcel->path) && copy_text(order->id, &parcel->id) &&
             copy_text(order->if_match, &parcel->if_match) && copy_body(parcel, order->body);
    if (order->purpose == PURPOSE_CREATE)
        random_uuid(random, parcel->key);
    return copied ? 0 : -ERR_NO_MEMORY;
}

void parcel_release(Parcel *parcel)
{
    free(parcel->path);
    free(parcel->id);
    free(parcel->if_match);
    free(parcel->body);
}

const char *parcel_method(const Parcel *parcel)
{
    static const char *const methods[] = {[PURPOSE_LIST] = "GET",
                                          [PURPOSE_GET] = "GET",
                                          [PURPOSE_CREATE] = "POST",
                                          [PURPOSE_UPDATE] = "PATCH",
                                          [PURPOSE_DELETE] = "DELETE"};

    return methods[parcel->purpose];
}

int parcel_path_bytes(const Parcel *parcel)
{
    return (int)strcspn(parcel->path, "?");
}

static size_t fill_headers(const Parcel *parcel, const ParcelStamp *stamp, const char *authorization,
                           NetHeader *headers)
{
    size_t count = 0;

    headers[count++] = (NetHeader){"Authorization", authorization};
    headers[count++] = (NetHeader){"Accept", "application/json"};
    headers[count++] = (NetHeader){"SkyStack-Version", stamp->version};
    if (parcel->body)
        headers[count++] = (NetHeader){"Content-Type", "application/json"};
    if (parcel->purpose == PURPOSE_CREATE)
        headers[count++] = (NetHeader){"Idempotency-Key", parcel->key};
    if (parcel->if_match)
        headers[count++] = (NetHeader){"If-Match", parcel->if_match};
    return count;
}

static int send_authorized(const Parcel *parcel, const ParcelStamp *stamp, const char *authorization, Net *net,
                           net_done_fn done, void *ctx, NetCall **ret_call)
{
    _cleanup_buf_ Buf url = BUF_INIT(PARCEL_URL_CAP);
    NetHeader headers[PARCEL_HEADERS];
    bool once = parcel->purpose == PURPOSE_CREATE || parcel->purpose == PURPOSE_UPDATE;
    NetRequest request = {.method = parcel_method(parcel),
                          .headers = headers,
                          .header_count = fill_headers(parcel, stamp, authorization, headers),
                          .body = parcel->body,
                          .body_bytes = parcel->body_bytes,
                          .body_cap = API_BODY_CAP,
                          .timeout_ms = stamp->timeout_ms,
                          .fresh = once};
    int r = buf_printf(&url, "%s%s", stamp->endpoint, parcel->path);

    request.url = buf_text(&url);
    return r < 0 ? r : net_start(net, &request, done, ctx, ret_call);
}

int parcel_send(const Parcel *parcel, const ParcelStamp *stamp, Net *net, net_done_fn done, void *ctx,
                NetCall **ret_call)
{
    char authorization[sizeof "Bearer " + TOKEN_BYTES_MAX];
    int r;

    snprintf(authorization, sizeof authorization, "Bearer %s", stamp->token);
    r = send_authorized(parcel, stamp, authorization, net, done, ctx, ret_call);
    explicit_bzero(authorization, sizeof authorization);
    return r;
}
