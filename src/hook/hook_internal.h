/*
 * hook_internal: what the receiver's files share.
 *
 * A connection's stages, each with a deadline:
 *
 *   reading     until its request has come as a whole           past it: the connection is cut
 *   waiting     suspended, until its event's id is on disk      past it: 503, and the id stays on its way
 *   answering   until the sender has taken the answer           past it: the connection is cut
 *   cut         shut down; libmicrohttpd notices and closes it
 */
#ifndef SKY_HOOK_INTERNAL_H
#define SKY_HOOK_INTERNAL_H

#include <microhttpd.h>

#include "buf.h"
#include "hook.h"
#include "hook_listen.h"
#include "hook_signature.h"
#include "seen_events.h"

enum PeerStage { PEER_FREE, PEER_READING, PEER_WAITING, PEER_ANSWERING, PEER_CUT };

/* What a request is answered; the order is that of the table in hook_request.c. */
enum PeerAnswer {
    ANSWER_NONE,
    ANSWER_TAKEN,
    ANSWER_DUPLICATE,
    ANSWER_IGNORED,
    ANSWER_BAD_SIGNATURE,
    ANSWER_BAD_JSON,
    ANSWER_BAD_METHOD,
    ANSWER_BAD_PATH,
    ANSWER_TOO_BIG,
    ANSWER_NO_DISK,
};

/* One connection, and its one request. */
typedef struct Peer {
    Hook *hook;
    struct MHD_Connection *connection;
    enum PeerStage stage;
    int64_t deadline_ms;
    enum PeerAnswer answer;
    HookSignature signature;
    Buf body;          /* while there is no answer */
    size_t body_bytes; /* that came, also those that were dropped */
    bool is_repeat;    /* another one brought the event that it waits for */
    SeenWait wait;
} Peer;

/* On pages of their own. */
typedef struct Secrets {
    size_t count;
    size_t bytes[HOOK_SECRETS_MAX];
    char texts[HOOK_SECRETS_MAX][HOOK_SECRET_BYTES_MAX];
} Secrets;

struct Hook {
    HookLinks links;
    Clock *clock;
    int64_t request_ms;
    char *path; /* NULL: any */
    Secrets *secrets;
    SeenEvents *seen;
    HookAddress at;
    char address[HOOK_ADDRESS_BYTES];
    struct MHD_Daemon *daemon;
    LoopPoll *poll;
    Timer *timer;
    Peer peers[HOOK_CONNECTIONS_MAX];
    HookStats stats;
    bool has_ended; /* a connection, in this run of libmicrohttpd */
    bool stopping;
    bool disk_failed; /* and the log says so */
};

/* ---- hook.c ---- */

/* libmicrohttpd has something to do that its descriptor does not show. */
void hook_run_soon(Hook *hook);
int64_t hook_deadline(const Hook *hook);

/* ---- hook_request.c ---- */

/* A connection came; its slot is free. */
void peer_begin(Peer *peer, Hook *hook, struct MHD_Connection *connection);
/* It ended. */
void peer_end(Peer *peer);
/* Its time is up. */
void peer_expire(Peer *peer);
/* libmicrohttpd's MHD_AccessHandlerCallback. */
enum MHD_Result peer_on_request(void *ctx, struct MHD_Connection *connection, const char *url, const char *method,
                                const char *version, const char *bytes, size_t *count, void **request);

#endif
