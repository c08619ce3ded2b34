/*
 * feed: .skystack/events and events.follow, what changed.
 *
 * It watches the store and keeps the last lines (event.h). Nothing is told of what a first listing or an earlier mount's
 * snapshot brings, only of what came, changed and went since. `events` is a log that grows: an offset in it means the same
 * byte for as long as the mount lives. `events.follow` has no places: each handle begins where it was opened, and reading
 * waits.
 */
#ifndef SKY_FEED_H
#define SKY_FEED_H

#include "tree_internal.h"

typedef struct Feed Feed;

/* NULL if there is no memory. */
Feed *feed_new(Tree *tree);
/* Takes NULL. Who reads must be gone. */
void feed_free(Feed *feed);
/* Reading handles begin here; `events` at its start, events.follow at what comes next. */
void feed_open(Handle *handle);
/* The size and times of `events`. */
void feed_attr(const Feed *feed, TreeAttr *attr);
/*
 * Reads the log. What is not kept any more is empty lines, so that whoever goes on at an offset that he once had comes to
 * what is; but who reads from offset 0 begins with the oldest line that is kept, and his offsets count from there. Whole
 * lines, where one fits. The bytes are borrowed until the handle reads again.
 */
void feed_read(Handle *handle, uint64_t offset, size_t count, TreeReply *ret_reply);
/* The step of a read of events.follow: op->handle, op->count, and O_NONBLOCK in op->flags. */
void feed_follow_step(TreeOp *op);
/* Such an operation ends, or was cancelled. */
void feed_leave(TreeOp *op);
/* Whether a read of that handle would not wait. With `wait`, poll_ready() comes once that is so. */
bool feed_is_ready(Handle *handle, bool wait);
/* The mount ends: who follows comes to the end of the file. */
void feed_end(Feed *feed);

#endif
