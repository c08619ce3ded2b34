/* A connection's request: reading it, judging it, and answering. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "error.h"
#include "hook_internal.h"
#include "log.h"

/* What comes beyond the cap is dropped until there is an answer to give, but not for ever. */
enum { DROPPED_BYTES_MAX = 4 * HOOK_BODY_BYTES_MAX };

static const struct {
    unsigned status;
    enum HookRefusal refusal; /* HOOK_REFUSALS_COUNT: it is none */
    const char *text;
} answers[] = {
    [ANSWER_TAKEN] = {MHD_HTTP_OK, HOOK_REFUSALS_COUNT, "Taken.\n"},
    [ANSWER_DUPLICATE] = {MHD_HTTP_OK, HOOK_REFUSALS_COUNT, "Taken before.\n"},
    [ANSWER_IGNORED] = {MHD_HTTP_OK, HOOK_REFUSALS_COUNT, "Too old to matter.\n"},
    [ANSWER_BAD_SIGNATURE] = {MHD_HTTP_UNAUTHORIZED, HOOK_REFUSED_SIGNATURE, "X-Signature is missing or wrong.\n"},
    [ANSWER_BAD_JSON] = {MHD_HTTP_BAD_REQUEST, HOOK_REFUSED_JSON, "The body is no event.\n"},
    [ANSWER_BAD_METHOD] = {MHD_HTTP_METHOD_NOT_ALLOWED, HOOK_REFUSED_METHOD, "Events are sent by POST.\n"},
    [ANSWER_BAD_PATH] = {MHD_HTTP_NOT_FOUND, HOOK_REFUSED_PATH, "Events are not sent to this path.\n"},
    [ANSWER_TOO_BIG] = {MHD_HTTP_CONTENT_TOO_LARGE, HOOK_REFUSED_SIZE, "The body is too large for an event.\n"},
    [ANSWER_NO_DISK] = {MHD_HTTP_SERVICE_UNAVAILABLE, HOOK_REFUSED_DISK, "It can't be kept now; send it again.\n"},
};

static void set_stage(Peer *peer, enum PeerStage stage)
{
    peer->stage = stage;
    peer->deadline_ms = hook_deadline(peer->hook);
}

/* ---- answering ---- */

static struct MHD_Response *make_response(enum PeerAnswer answer)
{
    const char *text = answers[answer].text;
    struct MHD_Response *response =
        MHD_create_response_from_buffer(strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_PERSISTENT);

    if (!response)
        return NULL;
    if (MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close") == MHD_YES &&
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "text/plain") == MHD_YES &&
        (answer != ANSWER_BAD_METHOD ||
         MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, MHD_HTTP_METHOD_POST) == MHD_YES))
        return response;
    MHD_destroy_response(response);
    return NULL;
}

/* MHD_NO closes the connection without an answer. */
static enum MHD_Result send_answer(Peer *peer)
{
    struct MHD_Response *response = make_response(peer->answer);
    enum MHD_Result result = MHD_NO;

    set_stage(peer, PEER_ANSWERING);
    if (response)
        result = MHD_queue_response(peer->connection, answers[peer->answer].status, response);
    MHD_destroy_response(response);
    return result;
}

static void decide(Peer *peer, enum PeerAnswer answer)
{
    HookStats *stats = &peer->hook->stats;

    peer->answer = answer;
    buf_release(&peer->body);
    if (answers[answer].refusal != HOOK_REFUSALS_COUNT)
        stats->refused[answers[answer].refusal]++;
    else if (answer == ANSWER_TAKEN)
        stats->taken++;
    else if (answer == ANSWER_DUPLICATE)
        stats->duplicates++;
    else
        stats->ignored++;
    if (answer == ANSWER_TAKEN)
        stats->last_wall_ms = clock_wall_ms(peer->hook->clock);
}

/* ---- judging ---- */

/* All secrets are tried, so that the time taken does not tell which one is right. */
static bool is_signed(const Peer *peer)
{
    const Secrets *secrets = peer->hook->secrets;
    const Span body = {buf_text(&peer->body), peer->body.len};
    bool fits = false;

    for (size_t i = 0; i < secrets->count; i++)
        fits |= hook_signature_fits(&peer->signature, (Span){secrets->texts[i], secrets->bytes[i]}, body);
    return fits;
}

/* One line when it begins, and one when it is over. */
static void say_disk(Hook *hook, int code)
{
    if (code < 0 && !hook->disk_failed)
        log_warn("Events are not taken, since their ids can't be kept: %s", error_sentence(code));
    else if (code == 0 && hook->disk_failed)
        log_info("Events are taken again.");
    hook->disk_failed = code < 0;
}

static enum PeerAnswer answer_of(const Peer *peer, int code)
{
    if (code < 0)
        return ANSWER_NO_DISK;
    return peer->is_repeat ? ANSWER_DUPLICATE : ANSWER_TAKEN;
}

static void wake(Peer *peer, enum PeerAnswer answer)
{
    decide(peer, answer);
    set_stage(peer, PEER_ANSWERING);
    MHD_resume_connection(peer->connection);
    hook_run_soon(peer->hook);
}

static void on_kept(void *ctx, int code)
{
    Peer *peer = ctx;

    say_disk(peer->hook, code);
    wake(peer, answer_of(peer, code));
}

/* Hands the event on, and waits until its id is on disk. */
static enum PeerAnswer take(Peer *peer, const HookEvent *event)
{
    Hook *hook = peer->hook;
    int r;

    if (!peer->is_repeat)
        hook->links.on_event(hook->links.ctx, event);
    peer->wait = (SeenWait){.done = on_kept, .ctx = peer};
    r = seen_events_add(hook->seen, span_of(event->id), &peer->wait);
    if (r < 0)
        say_disk(hook, r);
    return r < 0 ? ANSWER_NO_DISK : ANSWER_NONE;
}

static enum PeerAnswer judge_event(Peer *peer, const HookEvent *event)
{
    Hook *hook = peer->hook;
    enum SeenState state;

    if (event->created_wall_ms <= clock_wall_ms(hook->clock) - HOOK_OLD_MS)
        return ANSWER_IGNORED;
    state = seen_events_find(hook->seen, span_of(event->id));
    if (state == SEEN_DURABLE)
        return ANSWER_DUPLICATE;
    peer->is_repeat = state == SEEN_WRITING;
    return take(peer, event);
}

/* NONE: its event waits for the disk. */
static enum PeerAnswer judge(Peer *peer)
{
    HookEvent event;
    int r;

    if (!is_signed(peer))
        return ANSWER_BAD_SIGNATURE;
    r = hook_event_parse((Span){buf_text(&peer->body), peer->body.len}, &event);
    if (r == -ERR_PROTOCOL)
        return ANSWER_BAD_JSON;
    return r < 0 || peer->hook->stopping ? ANSWER_NO_DISK : judge_event(peer, &event);
}

/* ---- reading ---- */

static const char *header_of(const Peer *peer, const char *name)
{
    return MHD_lookup_connection_value(peer->connection, MHD_HEADER_KIND, name);
}

/* libmicrohttpd refuses a length that is no number. */
static bool is_said_too_big(const Peer *peer)
{
    const char *length = header_of(peer, MHD_HTTP_HEADER_CONTENT_LENGTH);

    return length && strtoull(length, NULL, 10) > HOOK_BODY_BYTES_MAX;
}

static enum PeerAnswer judge_head(Peer *peer, const char *url, const char *method)
{
    const char *path = peer->hook->path;

    if (is_said_too_big(peer))
        return ANSWER_TOO_BIG;
    if (path && strcmp(url, path) != 0)
        return ANSWER_BAD_PATH;
    if (strcmp(method, MHD_HTTP_METHOD_POST) != 0)
        return ANSWER_BAD_METHOD;
    if (!hook_signature_parse(header_of(peer, "X-Signature"), &peer->signature))
        return ANSWER_BAD_SIGNATURE;
    return ANSWER_NONE;
}

/* Where the answer is known already, the body is dropped as it comes: to close a connection that has not been read to its
 * end can take the answer away from the sender. One that is said to be too big is not worth that. */
static enum MHD_Result take_head(Peer *peer, const char *url, const char *method)
{
    enum PeerAnswer answer = judge_head(peer, url, method);

    peer->hook->stats.received++;
    if (answer != ANSWER_NONE)
        decide(peer, answer);
    return answer == ANSWER_TOO_BIG ? send_answer(peer) : MHD_YES;
}

static enum MHD_Result take_part(Peer *peer, const char *bytes, size_t count)
{
    int r;

    peer->body_bytes += count;
    if (peer->body_bytes > DROPPED_BYTES_MAX)
        return MHD_NO;
    r = peer->answer == ANSWER_NONE ? buf_append(&peer->body, bytes, count) : 0;
    if (r < 0)
        decide(peer, r == -ERR_TOO_BIG ? ANSWER_TOO_BIG : ANSWER_NO_DISK);
    return MHD_YES;
}

static enum MHD_Result take_end(Peer *peer)
{
    enum PeerAnswer answer = peer->answer == ANSWER_NONE ? judge(peer) : ANSWER_NONE;

    if (answer != ANSWER_NONE)
        decide(peer, answer);
    if (peer->answer != ANSWER_NONE)
        return send_answer(peer);
    buf_release(&peer->body);
    set_stage(peer, PEER_WAITING);
    MHD_suspend_connection(peer->connection);
    return MHD_YES;
}

static Peer *peer_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    return info ? info->socket_context : NULL;
}

enum MHD_Result peer_on_request(void *ctx, struct MHD_Connection *connection, const char *url, const char *method,
                                const char *version, const char *bytes, size_t *count, void **request)
{
    Peer *peer = peer_of(connection);
    size_t part = *count;

    (void)ctx, (void)version;
    if (!peer)
        return MHD_NO;
    if (!*request) {
        *request = peer;
        return take_head(peer, url, method);
    }
    *count = 0;
    return part > 0 ? take_part(peer, bytes, part) : take_end(peer);
}

/* ---- from its beginning to its end ---- */

void peer_begin(Peer *peer, Hook *hook, struct MHD_Connection *connection)
{
    *peer = (Peer){.hook = hook, .connection = connection, .body = BUF_INIT(HOOK_BODY_BYTES_MAX)};
    set_stage(peer, PEER_READING);
}

void peer_end(Peer *peer)
{
    seen_events_leave(peer->hook->seen, &peer->wait);
    buf_release(&peer->body);
    *peer = (Peer){.stage = PEER_FREE};
}

static void cut(Peer *peer)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(peer->connection, MHD_CONNECTION_INFO_CONNECTION_FD);

    peer->stage = PEER_CUT;
    if (info)
        shutdown(info->connect_fd, SHUT_RDWR);
}

void peer_expire(Peer *peer)
{
    Hook *hook = peer->hook;

    if (peer->stage == PEER_WAITING) {
        seen_events_leave(hook->seen, &peer->wait);
        wake(peer, ANSWER_NO_DISK);
        return;
    }
    if (peer->stage == PEER_READING && peer->answer == ANSWER_NONE)
        hook->stats.refused[HOOK_REFUSED_TIME]++;
    cut(peer);
}
