/* Where events go, which of them, and how: what the admin address sets of the endpoint.
 *
 *   url, secret              where to, and what is signed with; both are needed
 *   cacert                   a file: whom to believe about an https:// url
 *   project, types           only of this project; only these types, patterns such as instance.*
 *   signature                good, prefixed, wrong, truncated, missing
 *   repeat                   how often each event is delivered
 *   reorder                  so many events are held, and then go in reverse
 *   delay_ms                 how long after the change the first attempt is
 *   retry_ms, retry_max_ms   the wait after a failure, doubled each time up to the second
 *   give_up_ms               how old an event may become
 *   timeout_ms               for one attempt
 *
 * Texts and types may be null, for none. */
#ifndef SANDBOX_WEBHOOK_TARGET_H
#define SANDBOX_WEBHOOK_TARGET_H

#include "webhook_sign.h"

enum { TARGET_MAX_TYPES = 16 };

typedef struct Target {
    char *url; /* NULL: there is no endpoint */
    char *secret, *cacert, *project;
    char *types[TARGET_MAX_TYPES];
    size_t type_count; /* 0: all */
    Signature signature;
    int64_t repeat, reorder, delay_ms;
    int64_t retry_ms, retry_max_ms, give_up_ms, timeout_ms;
} Target;

/* No endpoint, and all else as it is by default. */
void target_init(Target *target);
void target_release(Target *target);

/* `ret` is the caller's to release. */
void target_copy(const Target *target, Target *ret);

/* Takes every member of a checked JSON object, and gives NULL; or takes none, and gives a sentence that lives forever.
 */
const char *target_change(Target *target, Text members);

/* Adds it as a JSON object, without the secret. */
void target_put(const Target *target, Buf *out);

/* Whether an event is to be sent at all. */
bool target_wants(const Target *target, const char *type, const char *project);

/* How long to wait after the failure number `failures`, counted from 1. */
int64_t target_backoff_ms(const Target *target, unsigned failures);

#endif
