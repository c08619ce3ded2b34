#include "tree_internal.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum { SWEEP_MS = 30000 };

static bool is_over(const Local *local, int64_t now)
{
    return local->closed_ms != 0 && now - local->closed_ms >= TREE_LOCAL_KEPT_MS;
}

static void sweep(void *ctx)
{
    Tree *tree = ctx;
    int64_t now = clock_now_ms(tree->clock);
    Local *each, *next;

    DL_FOREACH_SAFE(tree->locals, each, next)
    {
        if (is_over(each, now))
            local_remove(each->node);
    }
    if (tree->locals)
        timer_start(tree->sweep, SWEEP_MS);
}

int local_attach(Node *node, const TreeCaller *caller, mode_t mode)
{
    Tree *tree = node->tree;
    Local *local = calloc(1, sizeof *local);

    if (!tree->sweep)
        tree->sweep = timer_new(tree->clock, sweep, tree);
    if (!local || !tree->sweep) {
        free(local);
        return -ERR_NO_MEMORY;
    }
    if (!tree->locals)
        timer_start(tree->sweep, SWEEP_MS);
    *local = (Local){.node = node_use(node),
                     .data = BUF_INIT(TREE_SCRATCH_CAP),
                     .mode = mode,
                     .uid = caller->uid,
                     .gid = caller->gid};
    local->atime_ms = local->mtime_ms = local->ctime_ms = clock_wall_ms(tree->clock);
    local->closed_ms = local->written_ms = clock_now_ms(tree->clock);
    node->local = local;
    DL_APPEND(tree->locals, local);
    return 0;
}

void local_opened(Node *node)
{
    if (node->local)
        node->local->closed_ms = 0;
}

void local_closed(Node *node)
{
    if (node->local)
        node->local->closed_ms = clock_now_ms(node->tree->clock);
}

static void touch(Local *local)
{
    local->mtime_ms = local->ctime_ms = clock_wall_ms(local->node->tree->clock);
    local->written_ms = clock_now_ms(local->node->tree->clock);
}

int local_resize(Node *node, uint64_t bytes)
{
    Tree *tree = node->tree;
    Local *local = node->local;
    size_t others = tree->scratch_bytes - local->data.len;
    int r;

    if (bytes > TREE_SCRATCH_CAP || others + bytes > TREE_SCRATCH_CAP)
        return -ERR_NO_SPACE;
    r = buf_resize(&local->data, (size_t)bytes);
    if (r == 0)
        tree->scratch_bytes = others + (size_t)bytes;
    touch(local);
    return r;
}

int local_write(Node *node, uint64_t offset, const char *bytes, size_t count)
{
    Local *local = node->local;
    int r = 0;

    if (offset > TREE_SCRATCH_CAP || count > TREE_SCRATCH_CAP)
        return -ERR_NO_SPACE;
    if (offset + count > local->data.len)
        r = local_resize(node, offset + count);
    if (r < 0)
        return r;
    if (count > 0)
        memcpy(local->data.data + offset, bytes, count);
    touch(local);
    return 0;
}

void local_free(Local *local)
{
    if (!local)
        return;
    local->node->tree->scratch_bytes -= local->data.len;
    DL_DELETE(local->node->tree->locals, local);
    local->node->local = NULL;
    buf_release(&local->data);
    free(local->target);
    free(local);
}

void local_settle(Node *node)
{
    if (!node->local)
        return;
    local_free(node->local);
    node_unuse(node);
}

void local_remove(Node *node)
{
    node->unlinked = true;
    node_detach(node);
    if (!node->local)
        return;
    if (node->open_handles == 0)
        local_settle(node);
    else
        node->local->closed_ms = 0; /* an open file lives until it is closed */
}
