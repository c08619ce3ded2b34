#include "tree_internal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "feed.h"

enum { RENDER_CAP = 512 << 20 };

Handle *handle_new(Node *node, enum WriteKind writes)
{
    Handle *handle = calloc(1, sizeof *handle);

    if (!handle)
        return NULL;
    handle->node = node_use(node);
    handle->writes = writes;
    handle->began_empty = true;
    local_opened(node);
    buf_init(&handle->buffer, TREE_WRITE_CAP);
    json_scan_init(&handle->scan, true);
    node->open_handles++;
    DL_APPEND(node->tree->handles, handle);
    return handle;
}

void handle_free(Handle *handle)
{
    Node *node = handle->node;

    DL_DELETE(node->tree->handles, handle);
    if (--node->open_handles == 0 && node->local) {
        if (node->unlinked)
            local_settle(node);
        else
            local_closed(node);
    }
    text_unref(handle->text);
    resource_unref(handle->shows);
    buf_release(&handle->buffer);
    resource_unref(handle->base);
    free(handle->name);
    free(handle);
    node_unuse(node);
}

static bool is_written_anew(const Node *node)
{
    switch ((enum NodeKind)node->kind) {
    case NODE_MANY:
    case NODE_CONTROL:
    case NODE_ERRORS:
    case NODE_ERROR:
    case NODE_REJECTED:
    case NODE_ALLOW:
    case NODE_EVENTS:
    case NODE_FOLLOW:
        return true;
    default:
        return false;
    }
}

/* A value is read anew from its beginning (vigil.h), which the kernel's pages would not tell of. */
static bool is_read_past_pages(const Node *node)
{
    return is_written_anew(node) || node->kind == NODE_VALUE;
}

/* The kernel has no page of it, and no READ of it can be under way. */
static bool is_unread(const Node *node)
{
    return node->content == 0 && node->open_handles == 1;
}

/*
 * Pages belong to the inode, not to the handle: a handle whose bytes are not the ones that others have open reads past
 * them, from its own snapshot, and so does one with so much that a second copy in the page cache costs more than it
 * brings.
 */
static TreeOpened opened_for_reading(const Handle *handle, uint64_t content, size_t bytes)
{
    Node *node = handle->node;
    TreeOpened opened = {.handle = (uint64_t)(uintptr_t)handle, .noflush = true, .stream = node->kind == NODE_FOLLOW};

    node->rendered = (uint32_t)bytes;
    opened.direct =
        is_read_past_pages(node) || bytes > TREE_SHARED_BYTES || (node->open_handles > 1 && content != node->content);
    opened.keep = !opened.direct && content == node->content;
    opened.attr_stale = !opened.direct && node->sent_bytes != bytes;
    if (handle->text && !opened.direct && !opened.attr_stale && is_unread(node)) {
        opened.whole = handle->text->data;
        opened.whole_bytes = bytes;
    }
    if (!opened.direct)
        node->content = content;
    return opened;
}

/* What the file holds is rendered once, here; reading then never waits. */
static int open_rendered(Handle *handle, Resource *resource, TreeOpened *ret_opened)
{
    Node *node = handle->node;
    int r = content_text(node, RENDER_CAP, &handle->text);

    if (r < 0)
        return r;
    *ret_opened =
        opened_for_reading(handle, text_hash((Span){handle->text->data, handle->text->bytes}), handle->text->bytes);
    if (!ret_opened->direct)
        node_note_opened(node, resource);
    return 0;
}

/* The pages that the kernel has are still right: its text is most likely not asked for. */
static TreeOpened open_again(Handle *handle)
{
    const Node *node = handle->node;

    handle->shows = resource_ref(node->opened);
    return opened_for_reading(handle, node->content, resource_file_bytes(node->opened));
}

static void finish_reading(TreeOp *op)
{
    Node *node = op->node;
    Resource *resource = node->kind == NODE_INSTANCE ? binding_facts(node->binding).resource : NULL;
    Handle *handle = handle_new(node, WRITE_NONE);
    TreeReply reply = {0};
    int r = handle ? 0 : -ERR_NO_MEMORY;

    if (r == 0 && resource && node->opened == resource)
        reply.opened = open_again(handle);
    else if (r == 0)
        r = open_rendered(handle, resource, &reply.opened);
    if (r < 0) {
        if (handle)
            handle_free(handle);
        op_fail(op, r);
        return;
    }
    if (resource) {
        node->binding->handed_out = true;
        reads_note(op->tree, &op->caller, resource);
    }
    feed_open(handle);
    op_finish(op, &reply);
}

static bool need_content(TreeOp *op)
{
    switch ((enum NodeKind)op->node->kind) {
    case NODE_INSTANCE:
        return op_need_instance(op, op->node->binding, STORE_DETAILS);
    case NODE_VALUE:
        return op_need_instance(op, op->node->binding, value_is_vital(op->node) ? STORE_VITALS : STORE_DETAILS);
    case NODE_MANY:
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

enum WriteKind write_kind(const Node *node)
{
    switch ((enum NodeKind)node->kind) {
    case NODE_INSTANCE:
    case NODE_DRAFT:
        return WRITE_INSTANCE;
    case NODE_SCRATCH:
        return WRITE_SCRATCH;
    case NODE_REJECTED:
        return WRITE_REJECTED;
    case NODE_VALUE:
        return value_may_be_set(node) ? WRITE_VALUE : WRITE_NONE;
    case NODE_DEFAULTS:
        return WRITE_DEFAULTS;
    case NODE_REFRESH:
        return WRITE_REFRESH;
    case NODE_ALLOW:
        return WRITE_ALLOW;
    case NODE_UNDO:
        return WRITE_UNDO;
    default:
        return WRITE_NONE;
    }
}

/* The old text, where the caller did not throw it away: what is written goes over it. */
static int begin_with_old_text(Handle *handle)
{
    Node *node = handle->node;
    int r = content_of(node, &handle->buffer);

    handle->began_empty = false;
    if (r == 0 && node->kind == NODE_INSTANCE)
        handle->base = resource_ref(binding_facts(node->binding).resource);
    return r;
}

/* Its text is to be kept if it comes to nothing, even when the file has lost its name by then. */
static int remember_name(Handle *handle)
{
    _cleanup_buf_ Buf name = BUF_INIT(NAME_BYTES_MAX);
    const Node *node = handle->node;
    Span stem = {0};
    size_t bytes;
    int r;

    if (handle->writes != WRITE_INSTANCE)
        return 0;
    if (node->binding)
        r = buf_append(&name, resource_name(node->binding->resource).at, resource_name(node->binding->resource).len);
    else
        r = node->name && name_kind(span_of(node->name), &stem) == NAME_INSTANCE ? name_decode(stem, &name)
                                                                                 : -ERR_INVALID;
    if (r == 0)
        r = buf_steal(&name, &handle->name, &bytes);
    return r == -ERR_NO_MEMORY ? r : 0; /* a name that is none can't be kept under */
}

static bool keeps_old_text(const TreeOp *op)
{
    return !(op->flags & O_TRUNC) && (op->node->kind == NODE_INSTANCE || op->node->kind == NODE_REJECTED);
}

static void finish_writing(TreeOp *op, TreeReply *reply)
{
    Handle *handle = handle_new(op->node, write_kind(op->node));
    int r = handle ? remember_name(handle) : -ERR_NO_MEMORY;

    if (r == 0 && keeps_old_text(op))
        r = begin_with_old_text(handle);
    if (r == 0 && op->node->kind == NODE_SCRATCH && (op->flags & O_TRUNC))
        r = local_resize(op->node, 0);
    if (r < 0) {
        if (handle)
            handle_free(handle);
        op_fail(op, r);
        return;
    }
    handle->append = (op->flags & O_APPEND) != 0;
    reply->opened = (TreeOpened){.handle = (uint64_t)(uintptr_t)handle, .direct = true};
    op_finish(op, reply);
}

static bool is_local_control(const Node *node)
{
    return node->kind == NODE_REFRESH || node->kind == NODE_ALLOW || node->kind == NODE_UNDO;
}

static void open_writing_step(TreeOp *op)
{
    TreeReply reply = {0};

    if (((op->node->kind == NODE_INSTANCE || op->node->kind == NODE_VALUE) && !op->node->binding) ||
        (op->node->kind == NODE_DRAFT && !op->node->local)) {
        op_fail(op, -ERR_GONE);
        return;
    }
    if (!is_local_control(op->node) && op_refused_read_only(op))
        return;
    if (write_kind(op->node) == WRITE_NONE)
        op_refuse(op, -ERR_NO_ACCESS, "", "This can be read, not written: the server owns it, or it is a view.");
    else if ((!keeps_old_text(op) && op->node->kind != NODE_VALUE) || need_content(op))
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
    if (reads && op->node->kind == NODE_INSTANCE && op->node->binding)
        walk_note(op->node->binding);
    op_run(op, ret_op, reads && op->node->kind != NODE_SCRATCH ? open_reading_step : open_writing_step);
}

/* What a new file of that name is; NODE_ROOT: none may be made. */
static enum NodeKind kind_of_new(TreeOp *op)
{
    enum NameKind kind = name_kind(span_of(op->name), NULL);

    if (op->node->kind != NODE_PROJECT || !op->node->dir)
        return NODE_ROOT;
    return kind == NAME_INSTANCE ? NODE_DRAFT : kind == NAME_ERROR ? NODE_ROOT : NODE_SCRATCH;
}

static bool create_is_refused(TreeOp *op, enum NodeKind kind)
{
    const char *reason = "";
    Span stem;

    if (op_refused_read_only(op))
        return true;
    if (kind == NODE_ROOT) {
        op_refuse(op, -ERR_NOT_PERMITTED, "Create instances in a project's directory, as NAME.json.",
                  "No such file can be made here.");
        return true;
    }
    if (kind == NODE_DRAFT && name_kind(span_of(op->name), &stem) == NAME_INSTANCE) {
        if (binding_find(op->node->dir, stem)) {
            op_fail(op, -ERR_EXISTS);
            return true;
        }
        if (!binding_find_any(op->node->dir, stem) && !name_may_create(stem, &reason)) {
            op_refuse(op, -ERR_INVALID, "Use letters, digits, `.`, `_` and `-`, at most 63.",
                      "No instance can be created under this name: %s", reason);
            return true;
        }
    }
    return false;
}

/* Many programs replace a file by unlink and create. From here on nothing is deleted any more, whatever becomes of the new
 * text. */
static void take_own_delete_back(TreeOp *op)
{
    Binding *binding = NULL;
    Span stem;

    if (name_kind(span_of(op->name), &stem) == NAME_INSTANCE)
        binding = binding_find_any(op->node->dir, stem);
    if (binding && binding->hidden && hidden_is_callers(binding->hidden, &op->caller))
        unhide(binding->hidden);
}

static void create_step(TreeOp *op)
{
    enum NodeKind kind = kind_of_new(op);
    TreeReply reply = {0};
    Node *node;

    if (create_is_refused(op, kind))
        return;
    if (kind == NODE_DRAFT)
        take_own_delete_back(op);
    node = node_child(op->node, kind, op->name);
    if (!node || (!node->local && local_attach(node, &op->caller, op->mode) < 0)) {
        op_fail(op, -ERR_NO_MEMORY);
        return;
    }
    entry_of(node, 0, &reply.entry);
    node_use(node);
    node_unuse(op->node);
    op->node = node;
    free(op->name);
    op->name = NULL;
    op->flags |= O_TRUNC;
    finish_writing(op, &reply);
}

void tree_create(Tree *tree, const TreeCaller *caller, uint64_t parent, const char *name, int flags, mode_t mode,
                 tree_done_fn done, void *ctx, TreeOp **ret_op)
{
    TreeOp *op = op_start(tree, caller, "create", parent, name, done, ctx, ret_op);

    if (!op)
        return;
    op->flags = flags;
    op->mode = mode & 0777;
    op_run(op, ret_op, create_step);
}
