#include "tree_internal.h"

#include <stdio.h> /* RENAME_NOREPLACE */
#include <stdlib.h>
#include <string.h>

/*
 * What a rename means, by what stands under the two names:
 *
 *   scratch  -> scratch    it moves
 *   scratch  -> NAME.json  its text is carried out, with the outcome as the rename's
 *   rejected -> NAME.json  the same; success clears it
 *   rejected -> scratch    a copy of its text; it stays
 *   scratch  -> rejected   the kept text is this now
 *   NAME.json -> scratch   a backup: a copy of its text, and NAME.json is hidden until it is written anew
 *   NAME.json -> NAME.json the instance gets the other name, or project; never over an existing one
 *
 * Never EXDEV: `mv` would copy, which rents a machine, and unlink, which destroys one.
 */

/* What the source is; used by the operation while it runs. 0, -ERR_NOT_FOUND or -ERR_NO_MEMORY. */
static int find_source(const TreeOp *op, Node **ret_source)
{
    Span stem;
    enum NameKind kind = name_kind(span_of(op->name), &stem);
    Node *local = node_local(op->node, op->name);
    Binding *binding;

    if (!local && kind != NAME_INSTANCE && kind != NAME_PLAIN)
        return -ERR_NOT_FOUND;
    if (!local) {
        binding = binding_find(op->node->dir, kind == NAME_INSTANCE ? stem : span_of(op->name));
        if (!binding)
            return -ERR_NOT_FOUND;
        local = binding_node(binding, kind == NAME_INSTANCE ? NODE_INSTANCE : NODE_VIEW);
    }
    *ret_source = local;
    return local ? 0 : -ERR_NO_MEMORY;
}

static void succeed(TreeOp *op)
{
    TreeReply reply = {0};

    op_finish(op, &reply);
}

static bool is_scratch_name(enum NameKind kind)
{
    return kind == NAME_HIDDEN || kind == NAME_PLAIN;
}

static void drop_target(Node *parent, const char *name)
{
    Node *there = node_local(parent, name);

    if (there && there->local)
        local_remove(there);
    else if (there)
        node_detach(there);
}

static void move_scratch(TreeOp *op, Node *source)
{
    drop_target(op->target, op->target_name);
    if (node_rename(source, op->target, op->target_name) < 0)
        op_fail(op, -ERR_NO_MEMORY);
    else
        succeed(op);
}

/* Whoever puts a kept text back under its name has seen that one alone, since it hides those that were refused before it: it
 * takes no other's place. */
static bool is_kept_text_of(const Node *source, Span stem)
{
    Span own;

    return source->kind == NODE_REJECTED && name_kind(span_of(source->name), &own) == NAME_REJECTED &&
           span_equal(own, stem);
}

/* The text of a scratch file, a draft or a rejected text goes where NAME.json is. */
static bool begin_carry(TreeOp *op, Node *source, Span stem)
{
    _cleanup_buf_ Buf text = BUF_INIT(TREE_WRITE_CAP);
    JsonFault fault = {.reason = "it can't be read"};
    int r = content_of(source, &text);

    if (r == 0)
        r = text_check_object((Span){buf_text(&text), text.len}, &fault);
    if (r == -ERR_PROTOCOL) {
        op_refuse(op, -ERR_INVALID, "Mend the text, then rename it again.",
                  "The text is not a JSON object: at byte %zu: %s. Nothing was sent.", fault.offset, fault.reason);
        return false;
    }
    if (r == 0) {
        op->text = text_of_buf(&text);
        op->carry.stem = strndup(stem.at, stem.len);
        r = op->text && op->carry.stem ? 0 : -ERR_NO_MEMORY;
    }
    if (r < 0) {
        op_fail(op, r);
        return false;
    }
    op->carry.dir = op->target->dir;
    op->carry.text = (Span){op->text->data, op->text->bytes};
    if (is_kept_text_of(source, stem))
        op->texts = 0;
    return true;
}

/* A backup that goes back to its name as it was made (an editor whose save was refused) puts things back as they were. */
static bool restore_backup(TreeOp *op, Node *source, Span stem)
{
    Binding *binding = binding_find_any(op->target->dir, stem);
    const Local *local = source->local;

    if (!binding || !local || local->backup_of != binding_key(binding) ||
        source->content != text_hash((Span){buf_text(&local->data), local->data.len}))
        return false;
    unhide(binding->hidden);
    drop_target(op->target, op->target_name);
    binding_take_node(binding, source);
    succeed(op);
    return true;
}

static void write_by_rename(TreeOp *op, Node *source, Span stem)
{
    if (!op->carry.stem && restore_backup(op, source, stem))
        return;
    if (!op->carry.stem && !begin_carry(op, source, stem))
        return;
    if (!carry_out(op))
        return;
    carry_bind(op, source);
    base_note_written(op);
    succeed(op);
}

/* The kernel's node goes with the name: what was the instance's file is the backup from now on. */
static int become_backup(TreeOp *op, Node *node)
{
    Binding *binding = node->binding;
    _cleanup_buf_ Buf text = BUF_INIT(TREE_WRITE_CAP);
    int r = content_of(node, &text);

    if (r < 0)
        return r;
    drop_target(op->target, op->target_name);
    binding->file = NULL;
    node->binding = NULL;
    node->kind = NODE_SCRATCH;
    r = node_rename(node, op->target, op->target_name);
    if (r == 0)
        r = local_attach(node, &op->caller, 0644);
    if (r == 0)
        r = local_write(node, 0, text.data, text.len);
    if (r == 0)
        node->local->backup_of = binding_key(binding);
    if (r == 0)
        node->content = text_hash((Span){buf_text(&text), text.len});
    if (r == 0)
        node->local->mtime_ms = binding->mtime_ms;
    return r < 0 ? r : hide(binding, HIDDEN_BACKUP, &op->caller, TREE_BACKUP_MS, node);
}

static void make_backup(TreeOp *op, Node *source)
{
    int r;

    if (!op_need_instance(op, source->binding, STORE_DETAILS))
        return;
    r = source->binding ? become_backup(op, source) : -ERR_NOT_FOUND;
    if (r < 0)
        op_fail(op, r);
    else
        succeed(op);
}

/* {"name":…,"project_id":…}: of these what is another now. */
static int rename_patch(const TreeOp *op, const Binding *binding, Span name, Buf *into)
{
    bool moves = op->target->dir != binding->dir, renames = !span_equal(name, resource_name(binding->resource));
    int r = buf_append_char(into, '{');

    if (r == 0 && renames) {
        r = buf_append_str(into, "\"name\":");
        if (r == 0)
            r = json_quote(into, name);
    }
    if (r == 0 && moves)
        r = buf_append_str(into, renames ? ",\"project_id\":" : "\"project_id\":");
    if (r == 0 && moves)
        r = json_quote(into, span_of(op->target->dir->id));
    return r < 0 ? r : buf_append_char(into, '}');
}

static int prepare(void *ctx, Resource *now, Buf *patch, Failure *ret_failure)
{
    TreeOp *op = ctx;
    int r = buf_append(patch, op->text->data, op->text->bytes);

    (void)now;
    if (r < 0)
        *ret_failure = failure_make(r, "%s", error_sentence(r));
    return r;
}

static bool begin_renaming(TreeOp *op, const Binding *binding, Span stem)
{
    _cleanup_buf_ Buf name = BUF_INIT(NAME_BYTES_MAX), patch = BUF_INIT(TREE_WRITE_CAP);
    const char *reason = "";
    int r;

    if (binding_find_any(op->target->dir, stem)) {
        op_refuse(op, -ERR_EXISTS, "Remove that one first, or choose another name.",
                  "There is an instance of that name already.");
        return false;
    }
    r = name_decode(stem, &name);
    if (r == -ERR_NO_MEMORY) {
        op_fail(op, r);
        return false;
    }
    if (r < 0 || !name_may_create((Span){buf_text(&name), name.len}, &reason)) {
        op_refuse(op, -ERR_INVALID, "Use letters, digits, `.`, `_` and `-`, at most 63.",
                  "No instance can have this name. %s", reason);
        return false;
    }
    if (rename_patch(op, binding, (Span){buf_text(&name), name.len}, &patch) == 0)
        op->text = text_of_buf(&patch);
    if (op->text)
        return true;
    op_fail(op, -ERR_NO_MEMORY);
    return false;
}

static void finish_renaming(TreeOp *op, Node *source, const char *id)
{
    Binding *binding = resolve_id(op->tree, id);

    if (binding && source->kind == NODE_INSTANCE)
        binding_take_node(binding, source);
    succeed(op);
}

static void rename_instance(TreeOp *op, Node *source, Span stem)
{
    StoreIntent intent = {.change = STORE_UPDATE, .uid = op->caller.uid, .prepare = prepare, .prepare_ctx = op};

    if (op->changed) {
        finish_renaming(op, source, op->result ? resource_id(op->result) : "");
        return;
    }
    if (!op->text && !begin_renaming(op, source->binding, stem))
        return;
    intent.id = resource_id(source->binding->resource);
    intent.project_id = source->binding->dir->id;
    intent.name = resource_name(source->binding->resource);
    if (op_need_change(op, &intent))
        finish_renaming(op, source, op->result ? resource_id(op->result) : "");
}

static void copy_rejected(TreeOp *op, Node *source)
{
    _cleanup_buf_ Buf text = BUF_INIT(TREE_WRITE_CAP);
    int r = content_of(source, &text);

    if (r == 0) {
        drop_target(op->target, op->target_name);
        source->kind = NODE_SCRATCH;
        r = node_rename(source, op->target, op->target_name);
    }
    if (r == 0)
        r = local_attach(source, &op->caller, 0644);
    if (r == 0)
        r = local_write(source, 0, text.data, text.len);
    if (r < 0)
        op_fail(op, r);
    else
        succeed(op);
}

static void edit_rejected(TreeOp *op, Node *source)
{
    StoreText text;
    Span edited = {buf_text(&source->local->data), source->local->data.len};
    int r = rejected_text(op->target->dir, op->target_name, &text);

    if (r == 0)
        r = store_edit_text(op->tree->store, text.number, edited);
    if (r < 0) {
        op_fail(op, r);
        return;
    }
    drop_target(op->target, op->target_name);
    if (node_rename(source, op->target, op->target_name) < 0) {
        op_fail(op, -ERR_NO_MEMORY);
        return;
    }
    source->kind = NODE_REJECTED;
    local_settle(source);
    succeed(op);
}

static void refuse_pair(TreeOp *op)
{
    op_refuse(op, -ERR_NOT_PERMITTED, "", "That can't be renamed so.");
}

static void rename_by_kinds(TreeOp *op, Node *source)
{
    Span stem = span_of(op->target_name);
    enum NameKind to = name_kind(stem, &stem);
    bool local = source->kind == NODE_SCRATCH || source->kind == NODE_DRAFT;

    if (source->kind == NODE_VIEW && to == NAME_PLAIN)
        rename_instance(op, source, stem);
    else if (source->kind == NODE_INSTANCE && to == NAME_INSTANCE)
        rename_instance(op, source, stem);
    else if (source->kind == NODE_INSTANCE && is_scratch_name(to))
        make_backup(op, source);
    else if ((local || source->kind == NODE_REJECTED) && to == NAME_INSTANCE)
        write_by_rename(op, source, stem);
    else if (source->kind == NODE_SCRATCH && is_scratch_name(to))
        move_scratch(op, source);
    else if (source->kind == NODE_REJECTED && is_scratch_name(to))
        copy_rejected(op, source);
    else if (source->kind == NODE_SCRATCH && to == NAME_REJECTED)
        edit_rejected(op, source);
    else
        refuse_pair(op);
}

static bool target_exists(const TreeOp *op)
{
    Span stem;
    enum NameKind kind = name_kind(span_of(op->target_name), &stem);

    return node_local(op->target, op->target_name) || (kind == NAME_INSTANCE && binding_find(op->target->dir, stem));
}

static void rename_step(TreeOp *op)
{
    Node *source = op->source;
    int r;

    if (source) {
        rename_by_kinds(op, source);
        return;
    }
    if (op_refused_read_only(op))
        return;
    if (op->node->kind != NODE_PROJECT || op->target->kind != NODE_PROJECT || !op->node->dir || !op->target->dir) {
        refuse_pair(op);
        return;
    }
    r = find_source(op, &source);
    if (r < 0) {
        op_fail(op, r);
        return;
    }
    if ((op->flags & RENAME_NOREPLACE) && target_exists(op)) {
        op_fail(op, -ERR_EXISTS);
        return;
    }
    op->source = node_use(source);
    rename_by_kinds(op, source);
}

static int take_target(TreeOp *op, uint64_t parent, const char *name, unsigned flags)
{
    Node *target = node_find(op->tree, parent);

    if (!target)
        return -ERR_NOT_FOUND;
    if (strlen(name) > NAME_BYTES_MAX)
        return -ERR_NAME_TOO_LONG;
    if (flags & ~(unsigned)RENAME_NOREPLACE)
        return -ERR_INVALID;
    op->flags = (int)flags;
    op->target = node_use(target);
    op->target_name = strdup(name);
    return op->target_name ? 0 : -ERR_NO_MEMORY;
}

void tree_rename(Tree *tree, const TreeCaller *caller, uint64_t parent, const char *name, uint64_t new_parent,
                 const char *new_name, unsigned flags, tree_done_fn done, void *ctx, TreeOp **ret_op)
{
    TreeOp *op = op_start(tree, caller, "mv", parent, name, done, ctx, ret_op);
    int r;

    if (!op)
        return;
    r = take_target(op, new_parent, new_name, flags);
    if (r < 0)
        op_fail(op, r);
    else
        op_run(op, ret_op, rename_step);
}
