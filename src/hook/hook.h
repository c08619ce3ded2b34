/*
 * hook: the receiver of webhooks. It listens, lets in only what is signed, and hands each event on once.
 *
 * An event is a hint: somebody should look again at what it names. Nothing here trusts what it says beyond that, and a
 * lost or repeated one costs freshness or a request, never truth. Events come in any order, and are handed on in the
 * order in which they come.
 *
 *   what comes                                   is answered    and then
 *   signed, new                                  200            handed on, its id kept on disk before the answer
 *   signed, its id is kept                       200            nothing
 *   signed, older than HOOK_OLD_MS               200            nothing: its id may be forgotten by now
 *   signed, not an event's JSON                  400
 *   no signature, a malformed one, another one   401            its body is not looked into
 *   another path, another method than POST       404, 405
 *   a body over HOOK_BODY_BYTES_MAX              413            at once if its length is said before it
 *   signed, new, and the disk refuses its id     503            handed on again when the sender repeats it
 *   too slow                                     nothing        the connection is closed
 *
 * A connection carries one request. It runs on the loop without threads of its own, and sleeps while nobody is connected.
 */
#ifndef SKY_HOOK_H
#define SKY_HOOK_H

#include <stddef.h>
#include <stdint.h>

#include "failure.h"
#include "fsio.h"
#include "hook_event.h"
#include "loop.h"
#include "span.h"
#include "worker.h"

enum {
    HOOK_BODY_BYTES_MAX = 256 << 10,
    HOOK_HEAD_BYTES_MAX = 16 << 10, /* of a request's first line and headers; more is answered 431 */
    HOOK_CONNECTIONS_MAX = 32,      /* further ones wait in the system's queue */
    HOOK_REQUEST_MS = 5 * 1000, /* from the connection to the last byte; as long again for the disk and the answer */
    HOOK_OLD_MS = 48 * 3600 * 1000, /* senders repeat an event for 24 hours */
    HOOK_SECRETS_MAX = 2,           /* the old one and the new one, while they change */
    HOOK_SECRET_BYTES_MAX = 256,
};

/* Why a request was refused: X(code, its name in status and metrics) */
#define HOOK_REFUSALS(X)                                                                                               \
    X(SIGNATURE, "signature")                                                                                          \
    X(SIZE, "size")                                                                                                    \
    X(TIME, "time")                                                                                                    \
    X(JSON, "json")                                                                                                    \
    X(METHOD, "method")                                                                                                \
    X(PATH, "path")                                                                                                    \
    X(DISK, "disk") /* or memory */

#define HOOK_ENUM(code, name) HOOK_REFUSED_##code,
enum HookRefusal { HOOK_REFUSALS(HOOK_ENUM) HOOK_REFUSALS_COUNT };
#undef HOOK_ENUM

typedef struct Hook Hook;

/* Called on the loop, before the event's id is on disk, so that no crash loses one: after a failure of the disk, or a
 * crash, it may come again. It may neither block nor free the hook. The event is borrowed. */
typedef void (*hook_event_fn)(void *ctx, const HookEvent *event);

/* All texts are borrowed for the call. */
typedef struct HookConfig {
    const char *address;   /* "127.0.0.1:8080", "[::1]:8080"; port 0: any that is free. No host names */
    const char *cert_file; /* PEM, the chain and its key; both NULL: no TLS, on loopback addresses alone. Read once; */
    const char *key_file;  /* links are followed */
    const char *path;      /* the only one that is taken; NULL: any */
    const char *directory; /* for the ids, made when it is needed; whoever uses it has it alone */
    int64_t request_ms;    /* 0: HOOK_REQUEST_MS */
} HookConfig;

/* They stay the caller's and outlive the hook. */
typedef struct HookLinks {
    Loop *loop;
    Worker *worker;
    Fsio *fsio;
    hook_event_fn on_event;
    void *ctx;
} HookLinks;

typedef struct HookStats {
    uint64_t received;                     /* requests whose headers came */
    uint64_t taken, duplicates, ignored;   /* answered 200; ignored: too old */
    uint64_t refused[HOOK_REFUSALS_COUNT]; /* TIME: also those whose headers never came */
    int64_t last_wall_ms;                  /* when an event was last taken; 0: never */
    size_t kept_ids;
    unsigned connections; /* now */
} HookStats;

/* Listens from here on, and refuses everything until it has a secret. 0, or a negative code and why. An address that is
 * no loopback's without TLS is -ERR_GUARD. */
int hook_new(const HookConfig *config, const HookLinks *links, Hook **ret_hook, Failure *ret_failure);
/* Waits until what was taken is on disk, answers, and closes everything. Never from a callback. Takes NULL. */
void hook_free(Hook *hook);

/* Signatures under any of these are good from here on, under none before. Copied to where secrets belong. None: nothing
 * is taken. -ERR_INVALID, and nothing changes: too many, an empty one, or one that is too long. */
int hook_set_secrets(Hook *hook, const Span *secrets, size_t count);

void hook_stats(const Hook *hook, HookStats *ret_stats);
/* "signature", "size" … Static. */
const char *hook_refusal_name(enum HookRefusal refusal);
/* Where it listens: the address with the port that the system chose, if it did. Lives as long as the hook. */
const char *hook_address(const Hook *hook);

#endif
