#include "tree_internal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

enum { RENDER_CAP = 512 << 20 };

Handle *handle_new(Node *node, enum WriteKind writes)
{
    Handle *handle = calloc(1, sizeof *handle);

    if (!handle)
        return NULL;
    handle->node = node_use(node);
    handle->writes = writes;
    buf_init(&handle->buffer, TREE_WRITE_CAP);
    json_scan_init(&handle->scan, true);
    node->open_handles++;
    return handle;
}

void handle_free(Handle *handle)
{
    Node *node = handle->node;

    node->open_handles--;
    text_unref(handle->text);
    buf_release(&handle->buffer);
    free(handle);
    node_unuse(node);
}

static bool is_written_anew(const Node *node)
{
    switch ((enum NodeKind)node->kind) {
    case NODE_TABLE:
    case NODE_NDJSON:
    case NODE_CONTROL:
    case NODE_ERRORS:
        return true;
    default:
        return false;
    }
}

/*
 * Pages belong to the inode, not to the handle: a handle whose bytes are not the ones that others have open reads past them, from
 * its own snapshot, and so does one with so much that a second copy in the page cache costs more than it brings.
 */
static TreeOpened opened_for_reading(Handle *handle)
{
    Node *node = handle->node;
    uint64_t content = text_hash((Span){handle->text->data, handle->text->bytes});
    TreeOpened opened = {.handle = (uint64_t)(uintptr_t)handle, .noflush = true};

    node->rendered = handle->text->bytes;
    opened.direct = is_written_anew(node) || handle->text->bytes > TREE_SHARED_BYTES ||
                    (node->open_handles > 1 && content != node->content);
    opened.keep = !opened.direct && content == node->content;
    opened.attr_stale = !opened.direct && node->sent_bytes != handle->text->bytes;
    if (!opened.direct)
        node->content = content;
    return opened;
}

/* What the file holds is rendered once, here; reading then never waits. */
static void finish_reading(TreeOp *op)
{
    Handle *handle = handle_new(op->node, WRITE_NONE);
    TreeReply reply = {0};
    Buf text;
    int r;

    buf_init(&text, RENDER_CAP);
    r = handle ? content_of(op->node, &text) : -ERR_NO_MEMORY;
    if (r == 0) {
        handle->text = text_of_buf(&text);
        r = handle->text ? 0 : -ERR_NO_MEMORY;
    }
    buf_release(&text);
    if (r < 0) {
        if (handle)
            handle_free(handle);
        op_fail(op, r);
        return;
    }
    reply.opened = opened_for_reading(handle);
    op_finish(op, &reply);
}

static bool need_content(TreeOp *op)
{
    switch ((enum NodeKind)op->node->kind) {
    case NODE_INSTANCE:
    case NODE_VALUE:
        return op_need_instance(op, op->node->binding, STORE_DETAILS);
    case NODE_TABLE:
    case NODE_NDJSON:
        return op_need_list(op, STORE_PROJECTS) && op_need_list(op, STORE_INSTANCES);
    default:
        return true;
    }
}

static void open_reading_step(TreeOp *op)
{
    bool of_instance = op->node->kind == NODE_INSTANCE || op->node->kind == NODE_VALUE;

    if (of_instance && !op->node->binding) {
        op_fail(op, -ERR_GONE); /* the kernel looks the name up again */
        return;
    }
    if (need_content(op))
        finish_reading(op);
}

static enum WriteKind write_kind(const Node *node)
{
    switch ((enum NodeKind)node->kind) {
    case NODE_DRAFT:
        return WRITE_INSTANCE;
    case NODE_DEFAULTS:
        return WRITE_DEFAULTS;
    case NODE_REFRESH:
        return WRITE_REFRESH;
    default:
        return WRITE_NONE;
    }
}

static void finish_writing(TreeOp *op, TreeReply *reply)
{
    Handle *handle = handle_new(op->node, write_kind(op->node));

    if (!handle) {
        op_fail(op, -ERR_NO_MEMORY);
        return;
    }
    handle->append = (op->flags & O_APPEND) != 0;
    reply->opened = (TreeOpened){.handle = (uint64_t)(uintptr_t)handle, .direct = true};
    op_finish(op, reply);
}

static bool refuse_read_only(TreeOp *op)
{
    if (!op->tree->read_only)
        return false;
    op_refuse(op, -ERR_READ_ONLY, "Mount without `ro` to change anything.", "This mount is read-only.");
    return true;
}

static void open_writing_step(TreeOp *op)
{
    TreeReply reply = {0};

    if (op->node->kind != NODE_REFRESH && refuse_read_only(op))
        return;
    if (op->node->kind == NODE_INSTANCE)
        op_refuse(op, -ERR_NO_UPDATES, "Create it under another name, or remove it and create it anew.",
                  "Changing an instance by writing its file is not offered yet.");
    else if (write_kind(op->node) == WRITE_NONE)
        op_refuse(op, -ERR_NO_ACCESS, "", "This file is a view: it can be read, not written.");
    else
        finish_writing(op, &reply);
}

void tree_open(Tree *tree, const TreeCaller *caller, uint64_t node, int flags, tree_done_fn done, void *ctx,
               TreeOp **ret_op)
{
    TreeOp *op = op_start(tree, caller, "open", node, NULL, done, ctx, ret_op);
    bool reads = (flags & O_ACCMODE) == O_RDONLY;

    if (!op)
        return;
    op->flags = flags;
    op_run(op, ret_op, reads ? open_reading_step : open_writing_step);
}

static void create_step(TreeOp *op)
{
    Span stem, file_name = span_of(op->name);
    enum NameKind kind = name_kind(file_name, &stem);
    const char *reason = "";
    TreeReply reply = {0};
    Node *draft;

    if (refuse_read_only(op))
        return;
    if (op->node->kind != NODE_PROJECT || !op->node->dir) {
        op_refuse(op, -ERR_NOT_PERMITTED, "Create instances in a project's directory.", "No file can be made here.");
        return;
    }
    if (kind != NAME_INSTANCE) {
        op_refuse(op, -ERR_NOT_PERMITTED, "Name it NAME.json to create an instance.",
                  "Only NAME.json, an instance, can be made here.");
        return;
    }
    if (!name_may_create(stem, &reason)) {
        op_refuse(op, -ERR_INVALID, "Use letters, digits, `.`, `_` and `-`, at most 63.",
                  "No instance can be created under this name: %s", reason);
        return;
    }
    if (binding_find(op->node->dir, stem)) {
        op_fail(op, -ERR_EXISTS);
        return;
    }
    draft = node_child(op->node, NODE_DRAFT, op->name);
    if (!draft || (!draft->local && local_attach(draft) < 0)) {
        op_fail(op, -ERR_NO_MEMORY);
        return;
    }
    entry_of(draft, 0, &reply.entry);
    node_use(draft);
    node_unuse(op->node);
    op->node = draft;
    free(op->name);
    op->name = NULL;
    finish_writing(op, &reply);
}

void tree_create(Tree *tree, const TreeCaller *caller, uint64_t parent, const char *name, int flags, tree_done_fn done,
                 void *ctx, TreeOp **ret_op)
{
    TreeOp *op = op_start(tree, caller, "create", parent, name, done, ctx, ret_op);

    if (!op)
        return;
    op->flags = flags;
    op_run(op, ret_op, create_step);
}

void tree_read(Tree *tree, uint64_t handle_number, uint64_t offset, size_t count, tree_done_fn done, void *ctx)
{
    const Handle *handle = (const Handle *)(uintptr_t)handle_number;
    TreeReply reply = {.bytes = ""};

    (void)tree;
    if (handle->text && offset < handle->text->bytes) {
        size_t left = handle->text->bytes - (size_t)offset;

        reply.bytes = handle->text->data + offset;
        reply.count = count < left ? count : left;
    }
    done(ctx, &reply);
}
