#include "mount_internal.h"

#include <stdlib.h>

/* The kernel's handles of the polls that wait, by the handle of the open file: of each file the last one, which stands for
 * all that wait. */
struct Poll {
    UT_hash_handle hh;
    uint64_t handle;
    struct fuse_pollhandle *waiting;
};

static Poll *find(Mount *mount, uint64_t handle)
{
    Poll *poll;

    HASH_FIND(hh, mount->polls, &handle, sizeof handle, poll);
    return poll;
}

int polls_remember(Mount *mount, uint64_t handle, struct fuse_pollhandle *waiting)
{
    Poll *poll = find(mount, handle);
    unsigned count_before = HASH_COUNT(mount->polls);

    if (poll) {
        fuse_pollhandle_destroy(poll->waiting);
        poll->waiting = waiting;
        return 0;
    }
    poll = calloc(1, sizeof *poll);
    if (!poll)
        return -ERR_NO_MEMORY;
    poll->handle = handle;
    poll->waiting = waiting;
    HASH_ADD(hh, mount->polls, handle, sizeof handle, poll);
    if (HASH_COUNT(mount->polls) > count_before)
        return 0;
    free(poll);
    return -ERR_NO_MEMORY;
}

/* NULL: nobody waits. */
static struct fuse_pollhandle *take(Mount *mount, uint64_t handle)
{
    Poll *poll = find(mount, handle);
    struct fuse_pollhandle *waiting = poll ? poll->waiting : NULL;

    if (!poll)
        return NULL;
    HASH_DEL(mount->polls, poll);
    free(poll);
    return waiting;
}

void polls_forget(Mount *mount, uint64_t handle)
{
    struct fuse_pollhandle *waiting = take(mount, handle);

    if (waiting)
        fuse_pollhandle_destroy(waiting);
}

void mount_poll_ready(void *ctx, uint64_t handle)
{
    Mount *mount = ctx;
    struct fuse_pollhandle *waiting = take(mount, handle);

    if (waiting && mount->notifier)
        notifier_wake(mount->notifier, waiting);
    else if (waiting)
        fuse_pollhandle_destroy(waiting);
}

void polls_free(Mount *mount)
{
    while (mount->polls)
        polls_forget(mount, mount->polls->handle);
}
