#include "tree_internal.h"

#include <stdlib.h>
#include <string.h>

#include "commit.h"

/*
 * A text being written, on its handle:
 *
 *   taking ──the write that completes it──> committing ──success──> committed (white space is taken)
 *     │                                          └──failure, or its caller went──> latched
 *     └──a byte that can't be JSON──> latched
 *
 * Only truncating to nothing brings a handle back to taking.
 */

static void start_anew(Handle *handle)
{
    buf_clear(&handle->buffer);
    json_scan_init(&handle->scan, true);
    handle->scanned = 0;
    handle->committed = false;
    handle->latched = 0;
}

/* Puts the bytes where they belong. Anything but an addition at the end is scanned again from the start. */
static int place(Handle *handle, uint64_t offset, const char *bytes, size_t count)
{
    Buf *buffer = &handle->buffer;
    int r = 0;

    if (handle->append)
        offset = buffer->len;
    if (offset > TREE_WRITE_CAP || count > TREE_WRITE_CAP - offset)
        return -ERR_TOO_BIG;
    if (offset == buffer->len)
        return buf_append(buffer, bytes, count);
    if (offset + count > buffer->len)
        r = buf_resize(buffer, (size_t)offset + count);
    if (r < 0)
        return r;
    memcpy(buffer->data + offset, bytes, count);
    json_scan_init(&handle->scan, true);
    handle->scanned = 0;
    return 0;
}

static enum JsonState scan_new(Handle *handle)
{
    enum JsonState state = json_scan_feed(&handle->scan, buf_text(&handle->buffer) + handle->scanned,
                                          handle->buffer.len - handle->scanned);

    handle->scanned = handle->buffer.len;
    return state;
}

static void latch(TreeOp *op, int code)
{
    op->handle->committing = false;
    op->handle->latched = code;
}

/* Where in the text an offset is, as editors count. */
static void line_of(const Buf *text, size_t offset, unsigned *ret_line, unsigned *ret_column)
{
    unsigned line = 1, column = 1;

    for (size_t i = 0; i < offset && i < text->len; i++) {
        column = text->data[i] == '\n' ? 1 : column + 1;
        line += text->data[i] == '\n';
    }
    *ret_line = line;
    *ret_column = column;
}

static void refuse_text(TreeOp *op, const JsonFault *fault)
{
    unsigned line, column;

    line_of(&op->handle->buffer, fault->offset, &line, &column);
    op_refuse(op, -ERR_INVALID, "Write one JSON object, such as {\"region\": \"eu-central\", \"size\": \"standard-2\"}.",
              "The text is not a JSON object: line %u, column %u: %s. Nothing was sent.", line, column, fault->reason);
}

static void finish_written(TreeOp *op)
{
    TreeReply reply = {.count = op->count};

    op->handle->committing = false;
    op->handle->committed = true;
    op_finish(op, &reply);
}

/* The instance's name, out of the file's. */
static int name_of_draft(const Node *node, Buf *name)
{
    Span stem;

    if (!node->name || name_kind(span_of(node->name), &stem) != NAME_INSTANCE)
        return -ERR_NOT_FOUND;
    return name_decode(stem, name);
}

static void commit_instance(TreeOp *op, Span text)
{
    _cleanup_buf_ Buf name = BUF_INIT(NAME_BYTES_MAX);
    _cleanup_buf_ Buf body = BUF_INIT(2 * TREE_WRITE_CAP);
    StoreIntent intent = {.change = STORE_CREATE};
    Failure failure;
    int r = name_of_draft(op->node, &name);

    if (r < 0) {
        op_refuse(op, -ERR_NOT_PERMITTED, "Write it to a file of its own.",
                  "The file has no name any more, or became another's meanwhile. Nothing was sent.");
        return;
    }
    r = create_body(op->node->dir, (Span){buf_text(&name), name.len}, text, &body, &failure);
    if (r < 0) {
        op_fail_told(op, &failure);
        return;
    }
    intent.body = (Span){buf_text(&body), body.len};
    if (op_need_change(op, &intent))
        finish_written(op);
}

static void commit_defaults(TreeOp *op, Span text)
{
    int r = dir_set_defaults(op->node->dir, json_trim(text));

    if (r < 0)
        op_refuse(op, r, "See that the state directory can be written.", "The defaults could not be kept: %s",
                  error_sentence(r));
    else
        finish_written(op);
}

static void commit(TreeOp *op)
{
    Handle *handle = op->handle;
    Span text = {buf_text(&handle->buffer), handle->buffer.len};
    JsonFault fault;
    int r = json_check(text, &fault);

    handle->committing = true;
    if (r == -ERR_PROTOCOL)
        refuse_text(op, &fault);
    else if (r < 0)
        op_fail(op, r);
    else if (handle->writes == WRITE_DEFAULTS)
        commit_defaults(op, text);
    else
        commit_instance(op, text);
}

/* Runs again when the change that it started was answered. */
static void write_step(TreeOp *op)
{
    Handle *handle = op->handle;
    CommitFacts facts = {.committed = handle->committed, .began_empty = true};
    TreeReply reply = {.count = op->count};

    if (op->changed) {
        finish_written(op);
        return;
    }
    facts.state = scan_new(handle);
    handle->node->rendered = handle->buffer.len;
    switch (commit_decide(&facts)) {
    case COMMIT_WAIT:
        op_finish(op, &reply);
        break;
    case COMMIT_NOW:
        commit(op);
        break;
    case COMMIT_REFUSE:
        refuse_text(op, &handle->scan.fault);
        break;
    }
}

static void refused_step(TreeOp *op)
{
    op_fail(op, op->failure.code);
}

static void too_big_step(TreeOp *op)
{
    op_refuse(op, -ERR_TOO_BIG, "An instance's text is a few kilobytes at most.", "The text is larger than %d bytes.",
              TREE_WRITE_CAP);
}

static const char *skip_mount(const char *path, size_t *count)
{
    while (*count > 0 && strchr(" \t\r\n", path[*count - 1]))
        (*count)--;
    while (*count > 0 && *path == '/') {
        path++;
        (*count)--;
    }
    return path;
}

/* The instance that a path below the mount names: PROJECT/NAME.json or PROJECT/NAME. */
static Binding *binding_of_path(Tree *tree, char *path)
{
    char *slash = strchr(path, '/');
    Dir *dir = tree->root->dir;
    Span stem;

    if (!dir && slash) {
        *slash = '\0';
        dir = dir_find_stem(tree, path);
        path = slash + 1;
    }
    stem = span_of(path);
    stem.len = strcspn(path, "/");
    if (name_kind(stem, &stem) == NAME_HIDDEN || !dir)
        return NULL;
    return binding_find(dir, stem);
}

/* "all", or a path: the next look there asks the API. */
static void refresh_step(TreeOp *op)
{
    size_t count = op->handle->buffer.len;
    const char *text = skip_mount(buf_text(&op->handle->buffer), &count);
    TreeReply reply = {.count = op->count};
    char *path = strndup(text, count);
    Binding *binding = path && strcmp(path, "all") != 0 ? binding_of_path(op->tree, path) : NULL;

    buf_clear(&op->handle->buffer);
    if (path)
        store_hint(op->tree->store, binding ? resource_id(binding->resource) : NULL);
    free(path);
    op_finish(op, &reply);
}

void tree_write(Tree *tree, const TreeCaller *caller, uint64_t handle_number, uint64_t offset, const char *bytes,
                size_t count, tree_done_fn done, void *ctx, TreeOp **ret_op)
{
    Handle *handle = (Handle *)(uintptr_t)handle_number;
    TreeOp *op = op_start(tree, caller, "write", handle->node->number, NULL, done, ctx, ret_op);
    int r;

    if (!op)
        return;
    op->handle = handle;
    op->count = count;
    r = handle->committing ? -ERR_BUSY : handle->latched;
    if (r == 0)
        r = place(handle, handle->writes == WRITE_REFRESH ? handle->buffer.len : offset, bytes, count);
    if (r < 0) {
        op->failure.code = r;
        op_run(op, ret_op, r == -ERR_TOO_BIG ? too_big_step : refused_step);
        return;
    }
    op->broke = latch;
    op_run(op, ret_op, handle->writes == WRITE_REFRESH ? refresh_step : write_step);
}

/* A new length for what is being written; an instance's own text has none that could be set. */
static void truncate_step(TreeOp *op)
{
    Handle *handle = op->handle;
    TreeReply reply = {0};
    int r = 0;

    if (op->node->kind == NODE_INSTANCE && !handle) {
        op_refuse(op, -ERR_NO_UPDATES, "", "Changing an instance by writing its file is not offered yet.");
        return;
    }
    if (handle && handle->writes != WRITE_NONE) {
        if (op->count == 0)
            start_anew(handle);
        else
            r = buf_resize(&handle->buffer, op->count);
        json_scan_init(&handle->scan, true);
        handle->scanned = 0;
        op->node->rendered = handle->buffer.len;
    }
    reply.code = r;
    reply.entry.attr = attr_of(op->node);
    attr_note_sent(op->node, &reply.entry.attr);
    op_finish(op, &reply);
}

void tree_truncate(Tree *tree, const TreeCaller *caller, uint64_t node, uint64_t handle, uint64_t bytes,
                   tree_done_fn done, void *ctx, TreeOp **ret_op)
{
    TreeOp *op = op_start(tree, caller, "truncate", node, NULL, done, ctx, ret_op);

    if (!op)
        return;
    op->handle = (Handle *)(uintptr_t)handle;
    op->count = bytes > SIZE_MAX / 2 ? SIZE_MAX / 2 : (size_t)bytes;
    op_run(op, ret_op, truncate_step);
}

/* The last words of a text that never became whole: nothing was sent, and its name goes unless it is empty, an unwritten draft. */
static void end_draft(TreeOp *op)
{
    Handle *handle = op->handle;
    Node *node = handle->node;
    Failure failure;

    if (handle->writes != WRITE_INSTANCE || node->kind != NODE_DRAFT || handle->committed)
        return;
    if (handle->buffer.len == 0) {
        local_closed(node);
        return;
    }
    if (!handle->latched) {
        _cleanup_buf_ Buf path = BUF_INIT(TREE_WRITE_CAP);

        failure = failure_make(-ERR_INVALID, "The file was closed before its JSON object was complete. Nothing was sent.");
        failure_set_mend(&failure, "Write it again, whole.");
        if (node_path(node, NULL, &path) == 0)
            errors_add(op->tree, &op->caller, "close", buf_text(&path), &failure);
    }
    if (node->open_handles > 1)
        return;
    node->unlinked = true;
    node_detach(node);
    local_settle(node);
}

static void settle_step(TreeOp *op)
{
    TreeReply reply = {.code = op->handle->latched};

    op_finish(op, &reply);
}

static void release_step(TreeOp *op)
{
    TreeReply reply = {0};

    end_draft(op);
    handle_free(op->handle);
    op_finish(op, &reply);
}

void tree_settle(Tree *tree, const TreeCaller *caller, uint64_t handle_number, enum TreeSettle when, tree_done_fn done,
                 void *ctx, TreeOp **ret_op)
{
    Handle *handle = (Handle *)(uintptr_t)handle_number;
    TreeOp *op = op_start(tree, caller, "close", handle->node->number, NULL, done, ctx, ret_op);

    if (!op)
        return;
    op->handle = handle;
    op_run(op, ret_op, when == TREE_RELEASE ? release_step : settle_step);
}
