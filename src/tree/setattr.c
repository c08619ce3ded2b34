#include "tree_internal.h"

#include <stdlib.h>

static void finish(TreeOp *op)
{
    TreeReply reply = {.entry.attr = attr_of(op->node)};

    attr_note_sent(op->node, &reply.entry.attr);
    op_finish(op, &reply);
}

static void set_local(Local *local, const TreeSet *set, int64_t now)
{
    if (set->what & TREE_SET_MODE)
        local->mode = set->mode & 07777;
    if (set->what & TREE_SET_UID)
        local->uid = set->uid;
    if (set->what & TREE_SET_GID)
        local->gid = set->gid;
    if (set->what & TREE_SET_ATIME)
        local->atime_ms = set->atime_ms;
    if (set->what & TREE_SET_MTIME)
        local->mtime_ms = set->mtime_ms;
    local->ctime_ms = now;
}

/* What is being written gets another length; nothing is sent for that. Without a handle there is nothing being written.
 */
static int set_bytes(TreeOp *op)
{
    Handle *handle = op->handle;

    if (op->node->kind == NODE_SCRATCH && op->node->local)
        return local_resize(op->node, op->set.bytes);
    if (!handle || handle->writes == WRITE_NONE)
        return 0;
    if (op->set.bytes > TREE_WRITE_CAP)
        return -ERR_TOO_BIG;
    return handle_truncate(handle, (size_t)op->set.bytes);
}

static bool changes_nothing(const TreeOp *op)
{
    return op->node->kind != NODE_SCRATCH && !(op->set.what & TREE_SET_BYTES);
}

/* chmod, chown to oneself and utimes are taken everywhere: programs do them, and nobody is served by an error. */
static void setattr_step(TreeOp *op)
{
    int r = 0;

    if (!changes_nothing(op) && op_refused_read_only(op))
        return;
    if (op->set.what & TREE_SET_BYTES)
        r = set_bytes(op);
    if (r == -ERR_NO_SPACE || r == -ERR_TOO_BIG) {
        op_refuse(op, r, "", "%s", error_sentence(r));
        return;
    }
    if (r < 0) {
        op_fail(op, r);
        return;
    }
    if (op->node->local)
        set_local(op->node->local, &op->set, clock_wall_ms(op->tree->clock));
    finish(op);
}

void tree_setattr(Tree *tree, const TreeCaller *caller, uint64_t node, uint64_t handle, const TreeSet *set,
                  tree_done_fn done, void *ctx, TreeOp **ret_op)
{
    TreeOp *op = op_start(tree, caller, "setattr", node, NULL, done, ctx, ret_op);

    if (!op)
        return;
    op->handle = (Handle *)(uintptr_t)handle;
    op->set = *set;
    op_run(op, ret_op, setattr_step);
}
