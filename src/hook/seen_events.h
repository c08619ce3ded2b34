/*
 * seen_events: which events came already, over restarts. Internal to hook.
 *
 *   never       nothing is known of the id; also again once it was forgotten
 *   writing     it was added, and is on its way to the disk; if that fails it is never again
 *   durable     it is on disk
 *
 * Ids are kept for SEEN_KEEP_MS, and at most SEEN_EVENTS_MAX of them: the oldest go first. They are lines that are added to
 * a file by the worker, all that came meanwhile at once. The file is written anew when more of its lines are forgotten than
 * kept, and when its end is not to be trusted: after a write that failed, and after damage.
 */
#ifndef SKY_SEEN_EVENTS_H
#define SKY_SEEN_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clock.h"
#include "failure.h"
#include "fsio.h"
#include "span.h"
#include "worker.h"

enum {
    SEEN_EVENTS_MAX = 100 * 1000,
    SEEN_KEEP_MS = 49 * 3600 * 1000, /* an hour more than events are taken for: the sender's clock may be ahead */
    SEEN_LINES_SPARE = 1000,         /* a file with no more forgotten lines than these is never written anew for them */
};

typedef struct SeenEvents SeenEvents;

enum SeenState { SEEN_NEVER, SEEN_WRITING, SEEN_DURABLE };

/* A place among those who wait until an id is on disk. Its owner makes it; zeroed, it waits for nothing. */
typedef struct SeenWait {
    void (*done)(void *ctx, int code); /* once, from the loop, never from inside of a call but seen_events_settle() */
    void *ctx;
    uint64_t batch; /* private, as all below; 0: it waits for nothing */
    struct SeenWait *prev, *next;
} SeenWait;

/* Reads what is kept in DIRECTORY/seen-events. What is damaged there is left out, and told by ret_damage (code 0: nothing
 * is). 0 or -ERR_NO_MEMORY. The links stay the caller's. */
int seen_events_open(Fsio *fsio, Worker *worker, Clock *clock, const char *directory, SeenEvents **ret_seen,
                     Failure *ret_damage);
/* Waits until what was added is on disk, or is not, and whoever waits was told. Never from a `done`. Takes NULL. */
void seen_events_settle(SeenEvents *seen);
/* Settles, and frees. Takes NULL. */
void seen_events_free(SeenEvents *seen);

enum SeenState seen_events_find(SeenEvents *seen, Span id);
/* Adds an id that is never, or joins those who wait for one that is writing. 0, or a negative code: then `wait` does not
 * wait. */
int seen_events_add(SeenEvents *seen, Span id, SeenWait *wait);
/* Waits no more, if it did; the id stays on its way. */
void seen_events_leave(SeenEvents *seen, SeenWait *wait);
size_t seen_events_count(const SeenEvents *seen);

#endif
