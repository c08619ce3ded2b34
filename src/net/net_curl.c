#include "net_curl.h"

#include <curl/curl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utlist.h>

#include "buf.h"
#include "error.h"
#include "heap.h"
#include "net_curl_code.h"
#include "net_curl_memory.h"
#include "net_curl_setup.h"

enum {
    HEADER_CAP = 64 << 10, /* all header bytes of one exchange, interim answers included */
    CONNECTIONS_MAX = 16,  /* kept open for reuse */
    SILENCE_MS = 5000,     /* after so long without a byte for those who wait, nobody joins them */
    SPARE_BYTES = 1 << 20, /* a body's memory up to that serves the next one */
    KEPT_FACTOR = 3,       /* so many times a body's size is what is kept of it, at most: rows, and files of them */
};

typedef struct CurlCall CurlCall;

/* A set of transfers with their own cache of connections. */
typedef struct Multi {
    struct NetCurl *net;
    CURLM *handle;
    Timer *timer;
    size_t calls;
    int64_t heard_ms; /* the last byte of an answer, or since when one is waited for */
    struct Multi *prev, *next;
} Multi;

typedef struct NetCurl {
    Net net; /* first: a Net* of ours is a NetCurl* */
    Loop *loop;
    Multi *shared; /* calls that reuse connections, and share one where the server speaks HTTP/2 */
    Multi *fresh;  /* those that don't: beside the others, their HTTP/1.1 would end that sharing */
    Multi *left;   /* was shared until a call of it failed on its way: takes no new calls, and goes with its last one */
    char *cacert;  /* NULL: libcurl's own default */
    char *user_agent;
    CurlCall *calls;
    Buf spare;    /* the memory of the last body: pages of a list are of one size, and need not grow each anew */
    bool starved; /* a socket could not be watched: some call carries -ERR_NO_MEMORY */
} NetCurl;

struct CurlCall {
    NetCall call; /* first: a NetCall* of ours is a CurlCall* */
    Multi *multi;
    CURL *easy;
    struct curl_slist *headers;
    Buf head, body;    /* of the answer */
    size_t head_bytes; /* with those of interim answers */
    int own_code;      /* why a callback of ours ended it */
    bool sent;
    unsigned failures; /* of libcurl's memory, before */
    net_done_fn done;
    void *ctx;
    char problem[CURL_ERROR_SIZE];
    CurlCall *prev, *next;
};

typedef struct Watch {
    Multi *multi;
    curl_socket_t fd;
    LoopPoll *poll;
} Watch;

/* ---- one call's memory ---- */

static CurlCall *call_free(CurlCall *call)
{
    if (!call)
        return NULL;
    if (call->easy)
        curl_easy_cleanup(call->easy);
    net_curl_headers_free(call->headers);
    buf_release(&call->head);
    buf_release(&call->body);
    free(call);
    return NULL;
}

/* ---- what libcurl calls during a transfer ---- */

static size_t end_early(CurlCall *call, int code)
{
    call->own_code = code;
    return 0; /* not the count: libcurl gives up */
}

static int64_t now_ms(const NetCurl *net)
{
    return clock_now_ms(loop_clock(net->loop));
}

static size_t on_header(char *bytes, size_t size, size_t count, void *ctx)
{
    CurlCall *call = ctx;
    size_t len = size * count;
    int r;

    if (len >= 5 && memcmp(bytes, "HTTP/", 5) == 0)
        buf_clear(&call->head); /* an interim answer went before */
    call->multi->heard_ms = now_ms(call->multi->net);
    call->head_bytes += len;
    if (call->head_bytes > HEADER_CAP || memchr(bytes, '\0', len))
        return end_early(call, -ERR_PROTOCOL);
    r = buf_append(&call->head, bytes, len);
    return r < 0 ? end_early(call, r) : len;
}

/* Takes decoded bytes, so the cap holds for what a small compressed body becomes. */
static size_t on_body(char *bytes, size_t size, size_t count, void *ctx)
{
    CurlCall *call = ctx;
    int r = buf_append(&call->body, bytes, size * count);

    call->multi->heard_ms = now_ms(call->multi->net);
    return r < 0 ? end_early(call, r) : size * count;
}

/* The connection stands, its TLS too, and the request goes out next. */
static int on_ready(void *ctx, char *peer, char *local, int peer_port, int local_port)
{
    CurlCall *call = ctx;

    (void)peer, (void)local, (void)peer_port, (void)local_port;
    call->sent = true;
    return CURL_PREREQFUNC_OK;
}

/* ---- ends ---- */

static void unlink_call(CurlCall *call)
{
    curl_multi_remove_handle(call->multi->handle, call->easy);
    call->multi->calls--;
    DL_DELETE(call->multi->net->calls, call);
}

static Multi *multi_new(NetCurl *net);
static Multi *multi_free(Multi *multi);

/* A connection over which no answer comes may be dead, and one of HTTP/2 libcurl would go on sharing for as long as TCP
 * hopes. What comes next makes a new one; whoever is on the way on this one stays there. */
static void leave_connections(NetCurl *net)
{
    Multi *multi = multi_new(net);

    if (!multi)
        return;
    DL_APPEND(net->left, net->shared);
    net->shared = multi;
}

static void finish(CurlCall *call, CURLcode result)
{
    NetCurl *net = call->multi->net;
    NetCurlEnd end = {.result = result,
                      .own_code = call->own_code,
                      .sent = call->sent,
                      .problem = call->problem,
                      .starved = call->failures != net_curl_memory_failures()};
    NetResponse response;

    curl_easy_getinfo(call->easy, CURLINFO_OS_ERRNO, &end.os_errno);
    curl_easy_getinfo(call->easy, CURLINFO_HTTP_VERSION, &end.http_version);
    curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &end.status);
    end.headers = buf_text(&call->head);
    response = (NetResponse){.code = net_curl_code(&end),
                             .sent = call->sent,
                             .status = (int)end.status,
                             .body = buf_text(&call->body),
                             .body_bytes = call->body.len,
                             .problem = net_curl_problem(&end),
                             .headers = end.headers};
    if (call->multi == net->shared && (response.code == -ERR_TIMEOUT || response.code == -ERR_REMOTE))
        leave_connections(net);
    unlink_call(call);
    heap_prepare(KEPT_FACTOR * call->body.len);
    call->done(call->ctx, &response);
    buf_give_memory(&call->body, &net->spare);
    call_free(call);
}

/* `done` may cancel and start calls, so each round looks anew. */
static void finish_starved(NetCurl *net)
{
    CurlCall *call;

    while (net->starved) {
        net->starved = false;
        DL_SEARCH_SCALAR(net->calls, call, own_code, -ERR_NO_MEMORY);
        if (call) {
            net->starved = true;
            finish(call, CURLE_OUT_OF_MEMORY);
        }
    }
}

static void reap(Multi *multi)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(multi->handle, &left))) {
        CURLcode result = message->data.result;
        char *call = NULL;

        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &call);
        finish((CurlCall *)(void *)call, result);
    }
    finish_starved(multi->net);
}

/* ---- libcurl's sockets and timer on the loop ---- */

static CURLM *handle_new(Multi *multi);

/* libcurl had no memory: then it has set no timer, and perhaps watches a socket no more, so that each of its transfers
 * might never end; and its table of sockets may be broken (7.88 goes on to divide by its size, 0). All end, and the next
 * ones begin anew. */
static void starve(Multi *multi)
{
    CURLM *handle = handle_new(multi), *broken = multi->handle;
    CurlCall *call;

    DL_FOREACH(multi->net->calls, call)
    {
        if (call->multi != multi)
            continue;
        call->own_code = -ERR_NO_MEMORY;
        if (handle)
            curl_multi_remove_handle(broken, call->easy);
    }
    multi->net->starved = true;
    if (!handle)
        return;
    curl_multi_cleanup(broken);
    multi->handle = handle;
}

static void free_left(NetCurl *net)
{
    Multi *each, *next;

    DL_FOREACH_SAFE(net->left, each, next)
    {
        if (each->calls > 0)
            continue;
        DL_DELETE(net->left, each);
        multi_free(each);
    }
}

static void act(Multi *multi, curl_socket_t fd, int events)
{
    NetCurl *net = multi->net;
    int running;

    if (curl_multi_socket_action(multi->handle, fd, events, &running) > CURLM_OK)
        starve(multi);
    reap(multi);
    free_left(net);
}

static void on_poll(void *ctx, int events)
{
    Watch *watch = ctx;
    int bits = (events & LOOP_READABLE ? CURL_CSELECT_IN : 0) | (events & LOOP_WRITABLE ? CURL_CSELECT_OUT : 0);

    act(watch->multi, watch->fd, bits);
}

static void on_timer(void *ctx)
{
    act(ctx, CURL_SOCKET_TIMEOUT, 0);
}

static int on_timer_wish(CURLM *handle, long delay_ms, void *ctx)
{
    Multi *multi = ctx;

    (void)handle;
    if (delay_ms < 0)
        timer_stop(multi->timer);
    else
        timer_start(multi->timer, delay_ms);
    return 0;
}

static void watch_free(Multi *multi, Watch *watch)
{
    if (!watch)
        return;
    curl_multi_assign(multi->handle, watch->fd, NULL);
    loop_poll_stop(watch->poll);
    free(watch);
}

static int watch_new(Multi *multi, curl_socket_t fd, int events)
{
    Watch *watch = calloc(1, sizeof *watch);

    if (!watch)
        return -ERR_NO_MEMORY;
    watch->multi = multi;
    watch->fd = fd;
    watch->poll = loop_poll_start(multi->net->loop, fd, events, on_poll, watch);
    if (!watch->poll || curl_multi_assign(multi->handle, fd, watch) != CURLM_OK) {
        loop_poll_stop(watch->poll);
        free(watch);
        return -ERR_NO_MEMORY;
    }
    return 0;
}

/* An error must not be returned to libcurl here: it would fail every transfer of this multi handle from then on. */
static int on_socket_wish(CURL *easy, curl_socket_t fd, int what, void *ctx, void *socket_ctx)
{
    int events = (what & CURL_POLL_IN ? LOOP_READABLE : 0) | (what & CURL_POLL_OUT ? LOOP_WRITABLE : 0);
    Watch *watch = socket_ctx;
    Multi *multi = ctx;
    char *call = NULL;
    int r;

    if (what == CURL_POLL_REMOVE) {
        watch_free(multi, watch);
        return 0;
    }
    r = watch ? loop_poll_update(watch->poll, events) : watch_new(multi, fd, events);
    if (r < 0 && curl_easy_getinfo(easy, CURLINFO_PRIVATE, &call) == CURLE_OK && call) {
        ((CurlCall *)(void *)call)->own_code = -ERR_NO_MEMORY;
        multi->net->starved = true;
    }
    return 0;
}

/* NULL if there is no memory. */
static CURLM *handle_new(Multi *multi)
{
    CURLM *handle = curl_multi_init();
    int bad = 0;

    if (!handle)
        return NULL;
    bad |= curl_multi_setopt(handle, CURLMOPT_SOCKETFUNCTION, on_socket_wish);
    bad |= curl_multi_setopt(handle, CURLMOPT_SOCKETDATA, multi);
    bad |= curl_multi_setopt(handle, CURLMOPT_TIMERFUNCTION, on_timer_wish);
    bad |= curl_multi_setopt(handle, CURLMOPT_TIMERDATA, multi);
    /* no cap on those in use: the caller has one for its calls */
    bad |= curl_multi_setopt(handle, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS_MAX);
    if (!bad)
        return handle;
    curl_multi_cleanup(handle);
    return NULL;
}

static Multi *multi_new(NetCurl *net)
{
    Multi *multi = calloc(1, sizeof *multi);

    if (!multi)
        return NULL;
    multi->net = net;
    multi->timer = timer_new(loop_clock(net->loop), on_timer, multi);
    multi->handle = handle_new(multi);
    return multi->handle && multi->timer ? multi : multi_free(multi);
}

static Multi *multi_free(Multi *multi)
{
    if (!multi)
        return NULL;
    if (multi->handle)
        curl_multi_cleanup(multi->handle);
    timer_free(multi->timer);
    free(multi);
    return NULL;
}

/* ---- starting a call ---- */

#define SET(option, value) (bad |= (int)curl_easy_setopt(easy, option, value))

static int set_callbacks(CurlCall *call)
{
    CURL *easy = call->easy;
    int bad = 0;

    SET(CURLOPT_HTTPHEADER, call->headers);
    SET(CURLOPT_PRIVATE, call);
    SET(CURLOPT_ERRORBUFFER, call->problem);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, call);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, call);
    SET(CURLOPT_PREREQFUNCTION, on_ready);
    SET(CURLOPT_PREREQDATA, call);
    return bad ? -ERR_NO_MEMORY : 0;
}

static int set_up(CurlCall *call, const NetRequest *request)
{
    int r = net_curl_headers_new(request, &call->headers);

    if (r == 0)
        r = net_curl_set_transport(call->easy, call->multi->net->user_agent);
    if (r == 0)
        r = net_curl_set_trust(call->easy, call->multi->net->cacert);
    if (r == 0)
        r = set_callbacks(call);
    if (r == 0)
        r = net_curl_set_request(call->easy, request);
    return r;
}

static bool is_silent(const Multi *multi)
{
    return multi->calls > 0 && now_ms(multi->net) - multi->heard_ms >= SILENCE_MS;
}

static CurlCall *call_new(NetCurl *net, const NetRequest *request, net_done_fn done, void *ctx)
{
    CurlCall *call = calloc(1, sizeof *call);

    if (!call)
        return NULL;
    call->call.net = &net->net;
    if (!request->fresh && is_silent(net->shared))
        leave_connections(net);
    call->multi = request->fresh ? net->fresh : net->shared;
    call->done = done;
    call->ctx = ctx;
    call->failures = net_curl_memory_failures();
    buf_init(&call->head, HEADER_CAP);
    buf_init(&call->body, request->body_cap);
    buf_give_memory(&net->spare, &call->body);
    call->easy = curl_easy_init();
    return call->easy && set_up(call, request) == 0 ? call : call_free(call);
}

static int curl_start(Net *base, const NetRequest *request, net_done_fn done, void *ctx, NetCall **ret_call)
{
    NetCurl *net = (NetCurl *)base;
    CurlCall *call;
    int r = net_curl_check(request);

    if (r < 0)
        return r;
    call = call_new(net, request, done, ctx);
    if (!call)
        return -ERR_NO_MEMORY;
    if (curl_multi_add_handle(call->multi->handle, call->easy) != CURLM_OK) {
        call_free(call);
        return -ERR_NO_MEMORY;
    }
    if (call->multi->calls++ == 0)
        call->multi->heard_ms = now_ms(net);
    DL_APPEND(net->calls, call);
    *ret_call = &call->call;
    return 0;
}

static void curl_cancel(NetCall *base)
{
    CurlCall *call = (CurlCall *)base;

    unlink_call(call);
    call_free(call);
}

/* ---- the whole ---- */

static const NetOps curl_ops = {.start = curl_start, .cancel = curl_cancel};

int net_curl_new(Loop *loop, const char *cacert, const char *user_agent, Net **ret_net)
{
    NetCurl *net;

    if (cacert && access(cacert, R_OK) < 0)
        return -ERR_NOT_FOUND;
    signal(SIGPIPE, SIG_IGN);
    net = net_curl_memory_init() ? calloc(1, sizeof *net) : NULL;
    if (!net)
        return -ERR_NO_MEMORY;
    net->net.ops = &curl_ops;
    net->loop = loop;
    buf_init(&net->spare, SPARE_BYTES);
    net->cacert = cacert ? strdup(cacert) : NULL;
    net->user_agent = strdup(user_agent);
    net->shared = multi_new(net);
    net->fresh = multi_new(net);
    if (!net->user_agent || (cacert && !net->cacert) || !net->shared || !net->fresh) {
        net_curl_free(&net->net);
        return -ERR_NO_MEMORY;
    }
    *ret_net = &net->net;
    return 0;
}

void net_curl_free(Net *base)
{
    NetCurl *net = (NetCurl *)base;
    CurlCall *call, *next;

    if (!net)
        return;
    DL_FOREACH_SAFE(net->calls, call, next)
    {
        curl_cancel(&call->call);
    }
    free_left(net);
    multi_free(net->shared);
    multi_free(net->fresh);
    buf_release(&net->spare);
    free(net->cacert);
    free(net->user_agent);
    free(net);
}
