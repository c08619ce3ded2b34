#include <fcntl.h>
#include <poll.h>

#include "feed.h"
#include "vigil.h"

static const unsigned READABLE = POLLIN | POLLRDNORM, ORDINARY = POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;

static Handle *handle_of(uint64_t number)
{
    return (Handle *)(uintptr_t)number;
}

/* What a handle reads: its own snapshot, what was written through it, or a scratch file as it is now. */
static Span readable(const Handle *handle)
{
    if (handle->writes == WRITE_SCRATCH)
        return handle->node->local ? (Span){buf_text(&handle->node->local->data), handle->node->local->data.len}
                                   : (Span){"", 0};
    if (handle->text)
        return (Span){handle->text->data, handle->text->bytes};
    return (Span){buf_text(&handle->buffer), handle->buffer.len};
}

/* What was left until somebody reads it. */
static int make_text(Handle *handle)
{
    Buf text;
    int r;

    if (!handle->shows)
        return 0;
    buf_init(&text, resource_file_bytes(handle->shows));
    r = json_indent(&text, resource_text(handle->shows));
    if (r == 0)
        handle->text = text_of_buf(&text);
    buf_release(&text);
    if (!handle->text)
        return -ERR_NO_MEMORY;
    handle->shows = resource_unref(handle->shows);
    return 0;
}

static void read_text(Handle *handle, uint64_t offset, size_t count, TreeReply *ret_reply)
{
    int r = make_text(handle);
    Span text = readable(handle);

    *ret_reply = (TreeReply){.code = r, .bytes = ""};
    if (r == 0 && offset < text.len) {
        size_t left = text.len - (size_t)offset;

        ret_reply->bytes = text.at + offset;
        ret_reply->count = count < left ? count : left;
    }
}

/* A value that is open for reading. */
static bool is_value(const Handle *handle)
{
    return handle->node->kind == NODE_VALUE && handle->text;
}

static void follow(Tree *tree, const TreeCaller *caller, Handle *handle, size_t count, int flags, tree_done_fn done,
                   void *ctx, TreeOp **ret_op)
{
    TreeOp *op = op_start(tree, caller, "read", handle->node->number, NULL, done, ctx, ret_op);

    if (!op)
        return;
    op->handle = handle;
    op->count = count;
    op->flags = flags;
    op_run(op, ret_op, feed_follow_step);
}

void tree_read(Tree *tree, const TreeCaller *caller, uint64_t handle_number, uint64_t offset, size_t count, int flags,
               tree_done_fn done, void *ctx, TreeOp **ret_op)
{
    Handle *handle = handle_of(handle_number);
    TreeReply reply = {0};

    *ret_op = NULL;
    if (handle->node->kind == NODE_FOLLOW) {
        follow(tree, caller, handle, count, flags, done, ctx, ret_op);
        return;
    }
    if (offset == 0 && is_value(handle))
        reply.code = vigil_renew(handle);
    if (reply.code == 0 && handle->node->kind == NODE_EVENTS)
        feed_read(handle, offset, count, &reply);
    else if (reply.code == 0)
        read_text(handle, offset, count, &reply);
    done(ctx, &reply);
}

unsigned tree_poll(Tree *tree, uint64_t handle_number, bool wait)
{
    Handle *handle = handle_of(handle_number);

    (void)tree;
    if (handle->node->kind == NODE_FOLLOW)
        return feed_is_ready(handle, wait) ? READABLE : 0;
    if (is_value(handle) && vigil_has_news(handle, wait))
        return ORDINARY | POLLPRI | POLLERR;
    return ORDINARY;
}
