#include "hook.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "error.h"
#include "hook_internal.h"
#include "log.h"
#include "secret.h"

enum { PEM_BYTES_MAX = 256 << 10 };

static const char tls_versions[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2";

#define HOOK_NAME(code, name) [HOOK_REFUSED_##code] = (name),
static const char *const refusal_names[] = {HOOK_REFUSALS(HOOK_NAME)};
#undef HOOK_NAME

/* ---- on the loop ---- */

int64_t hook_deadline(const Hook *hook)
{
    return clock_now_ms(hook->clock) + hook->request_ms;
}

void hook_run_soon(Hook *hook)
{
    timer_start(hook->timer, 0);
}

static bool has_deadline(const Peer *peer)
{
    return peer->stage != PEER_FREE && peer->stage != PEER_CUT;
}

/* How long libmicrohttpd may be left alone while its descriptor shows nothing; INT64_MAX: for ever. */
static int64_t patience_ms(const Hook *hook)
{
    MHD_UNSIGNED_LONG_LONG patience;

    if (MHD_get_timeout(hook->daemon, &patience) != MHD_YES)
        return INT64_MAX;
    return patience > INT_MAX ? INT_MAX : (int64_t)patience;
}

static void schedule(Hook *hook)
{
    int64_t now_ms = clock_now_ms(hook->clock), delay_ms = patience_ms(hook);

    for (size_t i = 0; i < HOOK_CONNECTIONS_MAX; i++) {
        const Peer *peer = &hook->peers[i];

        if (has_deadline(peer) && peer->deadline_ms - now_ms < delay_ms)
            delay_ms = peer->deadline_ms - now_ms;
    }
    if (delay_ms == INT64_MAX)
        timer_stop(hook->timer);
    else
        timer_start(hook->timer, delay_ms);
}

/* At its limit libmicrohttpd takes the listening socket out of its descriptor's set, and puts it back at the beginning of a
 * run, while connections end at the end of one. */
static void run(Hook *hook)
{
    hook->has_ended = false;
    (void)MHD_run(hook->daemon);
    schedule(hook);
    if (hook->has_ended)
        hook_run_soon(hook);
}

static void on_readable(void *ctx, int events)
{
    (void)events;
    run(ctx);
}

static void on_timer(void *ctx)
{
    Hook *hook = ctx;
    int64_t now_ms = clock_now_ms(hook->clock);

    for (size_t i = 0; i < HOOK_CONNECTIONS_MAX; i++) {
        Peer *peer = &hook->peers[i];

        if (has_deadline(peer) && peer->deadline_ms <= now_ms)
            peer_expire(peer);
    }
    run(hook);
}

/* There is one for each connection that libmicrohttpd lets in. */
static Peer *find_free(Hook *hook)
{
    for (size_t i = 0; i < HOOK_CONNECTIONS_MAX; i++)
        if (hook->peers[i].stage == PEER_FREE)
            return &hook->peers[i];
    return NULL;
}

static void on_connection(void *ctx, struct MHD_Connection *connection, void **peer,
                          enum MHD_ConnectionNotificationCode code)
{
    Hook *hook = ctx;

    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        *peer = find_free(hook);
        if (*peer)
            peer_begin(*peer, hook, connection);
    } else if (*peer) {
        peer_end(*peer);
        *peer = NULL;
        hook->has_ended = true;
    }
}

/* ---- telling ---- */

void hook_stats(const Hook *hook, HookStats *ret_stats)
{
    *ret_stats = hook->stats;
    ret_stats->kept_ids = seen_events_count(hook->seen);
    for (size_t i = 0; i < HOOK_CONNECTIONS_MAX; i++)
        ret_stats->connections += hook->peers[i].stage != PEER_FREE;
}

const char *hook_refusal_name(enum HookRefusal refusal)
{
    return refusal_names[refusal];
}

const char *hook_address(const Hook *hook)
{
    return hook->address;
}

int hook_set_secrets(Hook *hook, const Span *secrets, size_t count)
{
    Secrets *kept = hook->secrets;

    if (count > HOOK_SECRETS_MAX)
        return -ERR_INVALID;
    for (size_t i = 0; i < count; i++)
        if (secrets[i].len == 0 || secrets[i].len > HOOK_SECRET_BYTES_MAX)
            return -ERR_INVALID;
    *kept = (Secrets){.count = count};
    for (size_t i = 0; i < count; i++) {
        kept->bytes[i] = secrets[i].len;
        memcpy(kept->texts[i], secrets[i].at, secrets[i].len);
    }
    return 0;
}

/* ---- making and freeing ---- */

/* What libmicrohttpd is given as text; a key is wiped by the caller. The path may be a link, as those are that tools which
 * renew certificates lay down. */
static int read_pem(Fsio *fsio, const char *path, Buf *into, Failure *ret_failure)
{
    _cleanup_free_ char *real = realpath(path, NULL);
    int r = real ? buf_resize(into, PEM_BYTES_MAX) : error_from_errno(errno);

    if (r == 0) {
        buf_clear(into); /* the memory is kept, so that none of the key is left where a smaller one was */
        r = fsio_read(fsio, real, into, NULL);
    }
    if (r < 0)
        *ret_failure = failure_make(r, "%s can't be read: %s", path, error_sentence(r));
    return r;
}

static void wipe(Buf *buf)
{
    if (buf->data)
        explicit_bzero(buf->data, buf->room);
    buf_release(buf);
}

/* It closes the socket when it is stopped, and leaves it open when it can't start. */
static struct MHD_Daemon *start_daemon(Hook *hook, int fd, const char *cert, const char *key)
{
    const unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | (key ? (unsigned)MHD_USE_TLS : 0U);
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)key},
        {MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)cert},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)tls_versions},
        {MHD_OPTION_END, 0, NULL},
    };

    return MHD_start_daemon(
        flags, 0, NULL, NULL, peer_on_request, hook, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)HOOK_CONNECTIONS_MAX, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HOOK_HEAD_BYTES_MAX,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, hook, MHD_OPTION_ARRAY, key ? tls : &tls[3], MHD_OPTION_END);
}

static int serve(Hook *hook, const HookConfig *config, const Buf *cert, const Buf *key, Failure *ret_failure)
{
    int fd = hook_listen(&hook->at);

    if (fd < 0) {
        *ret_failure = failure_make(error_from_errno(-fd), "Webhooks can't be listened for on %s: %s.", config->address,
                                    strerror(-fd));
        return ret_failure->code;
    }
    hook_address_format(&hook->at, hook->address);
    hook->daemon = start_daemon(hook, fd, cert->data, key->data);
    if (hook->daemon)
        return 0;
    close(fd);
    if (config->key_file)
        *ret_failure = failure_make(-ERR_INVALID, "Webhooks can't be received with the certificate %s and the key %s.",
                                    config->cert_file, config->key_file);
    else
        *ret_failure = failure_make(-ERR_NO_MEMORY, "Webhooks can't be received: the system gives too little.");
    return ret_failure->code;
}

static int serve_with_files(Hook *hook, const HookConfig *config, Failure *ret_failure)
{
    _cleanup_buf_ Buf cert = BUF_INIT(PEM_BYTES_MAX);
    Buf key = BUF_INIT(PEM_BYTES_MAX);
    int r = 0;

    if (config->cert_file)
        r = read_pem(hook->links.fsio, config->cert_file, &cert, ret_failure);
    if (r == 0 && config->key_file)
        r = read_pem(hook->links.fsio, config->key_file, &key, ret_failure);
    if (r == 0)
        r = serve(hook, config, &cert, &key, ret_failure);
    wipe(&key);
    return r;
}

static int watch(Hook *hook)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(hook->daemon, MHD_DAEMON_INFO_EPOLL_FD);

    if (info)
        hook->poll = loop_poll_start(hook->links.loop, info->epoll_fd, LOOP_READABLE, on_readable, hook);
    return hook->poll ? 0 : -ERR_NO_MEMORY;
}

static int open_seen(Hook *hook, const char *directory)
{
    Failure damage;
    int r = seen_events_open(hook->links.fsio, hook->links.worker, hook->clock, directory, &hook->seen, &damage);

    if (r == 0 && damage.code < 0)
        log_warn("%s", failure_sentence(&damage));
    return r;
}

/* What needs memory alone. */
static int make_parts(Hook *hook, const HookConfig *config)
{
    if (config->path) {
        hook->path = strdup(config->path);
        if (!hook->path)
            return -ERR_NO_MEMORY;
    }
    hook->secrets = secret_new(sizeof *hook->secrets);
    hook->timer = timer_new(hook->clock, on_timer, hook);
    return hook->secrets && hook->timer ? open_seen(hook, config->directory) : -ERR_NO_MEMORY;
}

static int check_config(const HookConfig *config, HookAddress *ret_at, Failure *ret_failure)
{
    if (!hook_address_parse(config->address, ret_at)) {
        *ret_failure = failure_make(-ERR_INVALID,
                                    "%s is no address to listen on: numbers are wanted, such as 127.0.0.1:8080 or "
                                    "[::1]:8080.",
                                    config->address);
        return -ERR_INVALID;
    }
    if (!config->cert_file != !config->key_file) {
        *ret_failure = failure_make(-ERR_INVALID, "A certificate and its key go together.");
        return -ERR_INVALID;
    }
    if (!config->cert_file && !hook_address_is_loopback(ret_at)) {
        *ret_failure = failure_make(
            -ERR_GUARD, "Without TLS webhooks are received on this machine alone, and %s is for others too.",
            config->address);
        failure_set_mend(ret_failure,
                         "Give a certificate and its key, or listen on 127.0.0.1 behind a server that has them.");
        return -ERR_GUARD;
    }
    return 0;
}

static Hook *make(const HookConfig *config, const HookLinks *links, const HookAddress *at)
{
    Hook *hook = calloc(1, sizeof *hook);

    if (!hook)
        return NULL;
    hook->links = *links;
    hook->clock = loop_clock(links->loop);
    hook->request_ms = config->request_ms > 0 ? config->request_ms : HOOK_REQUEST_MS;
    hook->at = *at;
    return hook;
}

int hook_new(const HookConfig *config, const HookLinks *links, Hook **ret_hook, Failure *ret_failure)
{
    HookAddress at;
    Hook *hook;
    int r = check_config(config, &at, ret_failure);

    if (r < 0)
        return r;
    *ret_failure = failure_make(-ERR_NO_MEMORY, "%s", error_sentence(-ERR_NO_MEMORY));
    hook = make(config, links, &at);
    r = hook ? make_parts(hook, config) : -ERR_NO_MEMORY;
    if (r == 0)
        r = serve_with_files(hook, config, ret_failure);
    if (r == 0)
        r = watch(hook);
    if (r < 0) {
        hook_free(hook);
        return r;
    }
    *ret_failure = (Failure){0};
    *ret_hook = hook;
    return 0;
}

/* The ids first: those who wait for them are then answered, and no connection is suspended any more, as stopping wants. */
void hook_free(Hook *hook)
{
    if (!hook)
        return;
    hook->stopping = true;
    seen_events_settle(hook->seen);
    if (hook->daemon) {
        (void)MHD_run(hook->daemon);
        loop_poll_stop(hook->poll);
        MHD_stop_daemon(hook->daemon);
    }
    timer_free(hook->timer);
    seen_events_free(hook->seen);
    secret_free(hook->secrets, sizeof *hook->secrets);
    free(hook->path);
    free(hook);
}
