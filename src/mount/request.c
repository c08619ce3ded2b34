#include "mount_internal.h"

#include <stdlib.h>
#include <utlist.h>

#include "process.h"

enum { WATCH_MS = 50 };

Request *request_new(fuse_req_t req, enum ReplyKind kind)
{
    const struct fuse_ctx *caller = fuse_req_ctx(req);
    Request *request = calloc(1, sizeof *request);

    if (!request) {
        fuse_reply_err(req, error_errno(-ERR_NO_MEMORY));
        return NULL;
    }
    request->mount = fuse_req_userdata(req);
    request->req = req;
    request->kind = kind;
    request->caller = (TreeCaller){.thread = caller->pid, .uid = caller->uid, .gid = caller->gid};
    request->mount->requests++;
    return request;
}

static void request_free(Request *request)
{
    Mount *mount = request->mount;

    if (request->parked) {
        DL_DELETE(mount->parked, request);
        mount->parked_count--;
    }
    if (request->over)
        *request->over = true;
    free(request->list);
    free(request->taken);
    free(request);
    mount_tell_deferred(mount);
}

/* Called by libfuse, perhaps from inside the registration: it only marks. */
static void on_interrupt(fuse_req_t req, void *ctx)
{
    Request *request = ctx;

    (void)req;
    request->interrupted = true;
    request->mount->interrupted = true;
}

void request_begin(Request *request, bool *over)
{
    *over = false;
    request->over = over;
}

void request_end(Request *request, const bool *over)
{
    if (*over)
        return;
    request->over = NULL;
    request->parked = true;
    DL_APPEND(request->mount->parked, request);
    request->mount->parked_count++;
    fuse_req_interrupt_func(request->req, on_interrupt, request);
}

/* libfuse must not call back into a request that is gone. */
static void stop_interrupts(Request *request)
{
    if (request->parked)
        fuse_req_interrupt_func(request->req, NULL, NULL);
}

void request_done(void *ctx, const TreeReply *reply)
{
    Request *request = ctx;

    stop_interrupts(request);
    reply_send(request, reply);
    request_free(request);
}

static void abandon(Request *request)
{
    TreeReply reply = {.code = -ERR_INTERRUPTED};

    tree_cancel(request->op);
    stop_interrupts(request);
    reply_send(request, &reply);
    request_free(request);
}

/* A stop by Ctrl-Z or a resized window interrupts too: those callers go on waiting, and are looked at again, since the
 * kernel says it only once. */
void request_check_interrupts(Mount *mount)
{
    Request *each, *next;
    bool watching = false;

    mount->interrupted = false;
    DL_FOREACH_SAFE(mount->parked, each, next)
    {
        if (!each->interrupted)
            continue;
        if (process_is_stopping(each->caller.thread))
            abandon(each);
        else
            watching = true;
    }
    if (watching)
        timer_start(mount->watch, WATCH_MS);
}

void request_end_all(Mount *mount)
{
    while (mount->parked)
        abandon(mount->parked);
}

bool request_holds(const Mount *mount, uint64_t directory)
{
    const Request *each;

    DL_FOREACH(mount->parked, each)
    {
        if (each->directory == directory || each->second_directory == directory)
            return true;
    }
    return false;
}
