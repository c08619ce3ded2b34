#include "tree_internal.h"

#include <stdlib.h>
#include <string.h>

#include "commit.h"

/*
 * A text being written, on its handle:
 *
 *   taking ──the write that completes it──> committing ──success──> committed
 *     │      (over an old text: fsync, close)    └──failure, or its caller went──> latched
 *     └──a byte that can't be JSON──> latched
 *
 * Only truncating to nothing brings a handle back to taking. What is not committed at the last close is kept as rejected.
 */

static void start_anew(Handle *handle)
{
    buf_clear(&handle->buffer);
    json_scan_init(&handle->scan, true);
    handle->scanned = 0;
    handle->began_empty = true;
    handle->dirty = handle->committed = handle->kept = false;
    handle->latched = 0;
}

int handle_truncate(Handle *handle, size_t bytes)
{
    int r = 0;

    if (bytes == 0)
        start_anew(handle);
    else
        r = buf_resize(&handle->buffer, bytes);
    json_scan_init(&handle->scan, true);
    handle->scanned = 0;
    handle->dirty = bytes > 0;
    handle->node->rendered = (uint32_t)handle->buffer.len;
    return r;
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
    handle->dirty = true;
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

/* What was hidden behind its backup until it would be written anew is there again, now that this has failed. */
static void show_original(const Node *draft)
{
    Span stem;
    Binding *binding = NULL;

    if (draft->kind == NODE_DRAFT && draft->name && name_kind(span_of(draft->name), &stem) == NAME_INSTANCE)
        binding = binding_find_any(draft->dir, stem);
    if (binding && binding->hidden && binding->hidden->kind == HIDDEN_BACKUP)
        unhide(binding->hidden);
}

/* A change that the store was asked for is kept by the store, if it comes to nothing. */
static void latch(TreeOp *op, int code)
{
    op->handle->committing = false;
    op->handle->latched = code;
    op->handle->failure = op->failure;
    op->handle->failure.code = code;
    show_original(op->handle->node);
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
    op_refuse(op, -ERR_INVALID,
              "Write one JSON object, such as {\"region\": \"eu-central\", \"size\": \"standard-2\"}.",
              "The text is not a JSON object: line %u, column %u: %s. Nothing was sent.", line, column, fault->reason);
}

static void finish_written(TreeOp *op)
{
    TreeReply reply = {.count = op->count};

    op->handle->committing = false;
    op->handle->committed = true;
    op->handle->dirty = false;
    op_finish(op, &reply);
}

/* The file's stem: of the instance that it shows, or of its name. 0 or -ERR_NOT_FOUND. */
static int stem_of(const Node *node, char **ret_stem)
{
    Span stem;

    if (node->binding)
        stem = span_of(node->binding->stem);
    else if (!node->name || name_kind(span_of(node->name), &stem) != NAME_INSTANCE)
        return -ERR_NOT_FOUND;
    *ret_stem = strndup(stem.at, stem.len);
    return *ret_stem ? 0 : -ERR_NO_MEMORY;
}

static bool begin_carry(TreeOp *op, Span text)
{
    const Handle *handle = op->handle;
    int r = stem_of(op->node, &op->carry.stem);

    if (r == -ERR_NOT_FOUND)
        op_refuse(op, -ERR_NOT_PERMITTED, "Write it to a file of its own.",
                  "The file has no name any more, or became another's meanwhile. Nothing was sent.");
    else if (r < 0)
        op_fail(op, r);
    if (r < 0)
        return false;
    op->carry.dir = op->node->dir;
    op->carry.text = text;
    op->carry.base = handle->base ? resource_ref(handle->base) : NULL;
    op->carry.base_is_own = true;
    return true;
}

static void carry_instance(TreeOp *op)
{
    if (!carry_out(op))
        return;
    if (op->node->kind == NODE_DRAFT || (op->node->binding && op->node->binding->hidden))
        carry_bind(op, op->node);
    base_note_written(op);
    finish_written(op);
}

static void commit_instance(TreeOp *op, Span text)
{
    if (op->carry.stem || begin_carry(op, text))
        carry_instance(op);
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
    int r = text_check_object(text, &fault);

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

/* Runs again when what it started was answered. */
static void write_step(TreeOp *op)
{
    Handle *handle = op->handle;
    CommitFacts facts = {.committed = handle->committed, .began_empty = handle->began_empty};
    TreeReply reply = {.count = op->count};

    if (handle->committing) {
        carry_instance(op);
        return;
    }
    facts.state = scan_new(handle);
    handle->node->rendered = (uint32_t)handle->buffer.len;
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

/* The merge patch that the value means becomes the text. False: the operation is over. */
static bool begin_value(TreeOp *op)
{
    _cleanup_buf_ Buf patch = BUF_INIT(TREE_WRITE_CAP);
    Buf *written = &op->handle->buffer;
    int r = value_patch(op->node, (Span){buf_text(written), written->len}, &patch);

    buf_clear(written);
    if (r == -ERR_INVALID) {
        op_refuse(op, r, "Write a number, true, false, null, or JSON, as it stands there now.",
                  "This value can't be set to that.");
        return false;
    }
    op->text = r == 0 ? text_of_buf(&patch) : NULL;
    if (!op->text) {
        op_fail(op, r < 0 ? r : -ERR_NO_MEMORY);
        return false;
    }
    op->carry.is_patch = true;
    return begin_carry(op, (Span){op->text->data, op->text->bytes});
}

/* NAME/FIELD: each write is a value. */
static void write_value_step(TreeOp *op)
{
    if (!op->carry.stem && !begin_value(op))
        return;
    if (carry_out(op))
        finish_written(op);
}

static void write_scratch_step(TreeOp *op)
{
    TreeReply reply = {.count = op->count};

    op_finish(op, &reply);
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

static void scratch_full_step(TreeOp *op)
{
    op_refuse(op, -ERR_NO_SPACE, "Remove scratch files here, or keep them elsewhere.",
              "Scratch files live in memory, and have %d bytes in all.", TREE_SCRATCH_CAP);
}

static void (*write_step_of(const Handle *handle))(TreeOp *)
{
    switch (handle->writes) {
    case WRITE_VALUE:
        return write_value_step;
    case WRITE_SCRATCH:
    case WRITE_REJECTED:
        return write_scratch_step;
    case WRITE_REFRESH:
    case WRITE_UNDO:
        return control_write_step;
    case WRITE_ALLOW:
        return control_allow_step;
    case WRITE_INSTANCE:
    case WRITE_DEFAULTS:
    case WRITE_NONE:
        break;
    }
    return write_step;
}

static bool is_whole_at_once(const Handle *handle)
{
    return handle->writes == WRITE_VALUE || handle->writes == WRITE_REFRESH || handle->writes == WRITE_UNDO ||
           handle->writes == WRITE_ALLOW;
}

static int take_bytes(Handle *handle, uint64_t offset, const char *bytes, size_t count)
{
    if (handle->writes == WRITE_SCRATCH && !handle->node->local)
        return -ERR_BAD_HANDLE;
    if (handle->writes == WRITE_SCRATCH)
        return local_write(handle->node, handle->append ? handle->node->local->data.len : offset, bytes, count);
    return place(handle, is_whole_at_once(handle) ? handle->buffer.len : offset, bytes, count);
}

void tree_write(Tree *tree, const TreeCaller *caller, uint64_t handle_number, uint64_t offset, const char *bytes,
                size_t count, tree_done_fn done, void *ctx, TreeOp **ret_op)
{
    Handle *handle = (Handle *)(uintptr_t)handle_number;
    TreeOp *op = op_start(tree, caller, "write", handle->node->number, NULL, done, ctx, ret_op);
    void (*step)(TreeOp *) = write_step_of(handle);
    int r;

    if (!op)
        return;
    op->handle = handle;
    op->count = count;
    handle->writer = *caller;
    r = handle->committing ? -ERR_BUSY : handle->latched;
    if (r == 0)
        r = take_bytes(handle, offset, bytes, count);
    op->failure.code = r;
    if (r < 0)
        step = r == -ERR_TOO_BIG ? too_big_step : r == -ERR_NO_SPACE ? scratch_full_step : refused_step;
    if ((r == 0 || r == -ERR_TOO_BIG) && (handle->writes == WRITE_INSTANCE || handle->writes == WRITE_DEFAULTS))
        op->broke = latch;
    op_run(op, ret_op, step);
}

/* Over an old text, and for a text that is kept, fsync and close are what carries it out. */
static bool settles_now(const Handle *handle)
{
    return handle->dirty && !handle->began_empty && handle->latched == 0 && handle->writes == WRITE_INSTANCE;
}

/* What was written into a kept text takes its place. 0 or a negative code. */
static int settle_rejected(Handle *handle)
{
    const Node *node = handle->node;
    StoreText text;
    int r;

    if (handle->writes != WRITE_REJECTED || !handle->dirty || !node->name)
        return 0;
    r = rejected_text(node->dir, node->name, &text);
    if (r == 0)
        r = store_edit_text(node->tree->store, text.number, (Span){buf_text(&handle->buffer), handle->buffer.len});
    if (r == 0)
        handle->dirty = false;
    return r;
}

static void settle_step(TreeOp *op)
{
    Handle *handle = op->handle;
    TreeReply reply = {.code = handle->latched < 0 ? handle->latched : settle_rejected(handle)};

    if (handle->committing) {
        carry_instance(op);
        return;
    }
    if (!settles_now(handle)) {
        op_finish(op, &reply);
        return;
    }
    op->broke = latch;
    switch (scan_new(handle)) {
    case JSON_COMPLETE:
        commit(op);
        break;
    case JSON_INVALID:
        refuse_text(op, &handle->scan.fault);
        break;
    case JSON_INCOMPLETE: /* it waits: shells flush before they write, and again at each fork */
        op_finish(op, &reply);
        break;
    }
}

static Failure why_not_carried_out(const Handle *handle)
{
    Failure failure;

    if (handle->latched < 0) {
        failure = handle->failure;
        failure.code = handle->latched;
        return failure;
    }
    failure = failure_make(-ERR_INVALID, "The file was closed before its JSON object was complete. Nothing was sent.");
    failure_set_mend(&failure,
                     "Write it again, whole; or complete what is kept as NAME.json.rejected, and mv it to NAME.json.");
    return failure;
}

/* Written, and neither carried out nor kept. */
static bool is_left(const Handle *handle)
{
    return handle->writes == WRITE_INSTANCE && handle->dirty && !handle->committed && !handle->kept &&
           handle->buffer.len > 0;
}

void handle_keep_text(Handle *handle)
{
    Failure failure =
        failure_make(-ERR_INTERRUPTED, "The mount was ended before the file was closed. Nothing was sent.");

    failure_set_mend(&failure, "Complete what is kept as NAME.json.rejected, and mv it to NAME.json; or rm it.");
    (void)settle_rejected(handle);
    if (is_left(handle))
        rejected_keep(handle, &failure);
}

/* The last close of a text that was not carried out: it is kept, and a draft's name goes, unless it is empty, an
 * unwritten draft. */
static void end_text(TreeOp *op)
{
    Handle *handle = op->handle;
    Node *node = handle->node;
    Failure failure;

    if (handle->writes != WRITE_INSTANCE)
        return;
    if (is_left(handle)) {
        failure = why_not_carried_out(handle);
        op->caller = handle->writer;
        if (!handle->latched)
            op_tell(op, &failure);
        rejected_keep(handle, &failure);
    }
    if (node->kind == NODE_DRAFT && handle->buffer.len > 0 && node->open_handles == 1)
        local_remove(node);
}

static void release_step(TreeOp *op)
{
    TreeReply reply = {0};

    (void)settle_rejected(op->handle);
    end_text(op);
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
