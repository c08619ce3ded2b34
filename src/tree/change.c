#include "tree_internal.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* mkdir: an instance from the defaults alone. */
static void mkdir_answer(TreeOp *op)
{
    Binding *binding = op->result ? resolve_id(op->tree, resource_id(op->result)) : NULL;
    Node *view = binding ? binding_node(binding, NODE_VIEW) : NULL;
    TreeReply reply = {0};

    if (!view) {
        op_fail(op, -ERR_NO_MEMORY);
        return;
    }
    binding_show(binding);
    entry_of(view, 0, &reply.entry);
    op_finish(op, &reply);
}

static bool mkdir_is_refused(TreeOp *op)
{
    enum NameKind kind = name_kind(span_of(op->name), NULL);

    if (op_refused_read_only(op))
        return true;
    if (op->node->kind == NODE_ROOT) {
        op_refuse(op, -ERR_NOT_PERMITTED, "Create the project in the vendor's console.",
                  "The API makes and deletes no projects.");
        return true;
    }
    if (op->node->kind != NODE_PROJECT || !op->node->dir || kind == NAME_HIDDEN) {
        op_refuse(op, -ERR_NOT_PERMITTED, "mkdir PROJECT/NAME creates an instance.", "No directory can be made here.");
        return true;
    }
    if (kind != NAME_PLAIN) {
        op_refuse(op, -ERR_INVALID, "mkdir NAME creates NAME.json.",
                  "A directory's name can't end in .json, .rejected or .error.");
        return true;
    }
    if (binding_find(op->node->dir, span_of(op->name))) {
        op_fail(op, -ERR_EXISTS);
        return true;
    }
    return false;
}

static void mkdir_step(TreeOp *op)
{
    if (!op->carry.stem) {
        if (mkdir_is_refused(op))
            return;
        op->carry = (Carry){.dir = op->node->dir, .stem = strdup(op->name), .text = span_of("{}"), .is_made = true};
        if (!op->carry.stem) {
            op_fail(op, -ERR_NO_MEMORY);
            return;
        }
    }
    if (carry_out(op))
        mkdir_answer(op);
}

void tree_mkdir(Tree *tree, const TreeCaller *caller, uint64_t parent, const char *name, tree_done_fn done, void *ctx,
                TreeOp **ret_op)
{
    TreeOp *op = op_start(tree, caller, "mkdir", parent, name, done, ctx, ret_op);

    if (op)
        op_run(op, ret_op, mkdir_step);
}

static void succeed(TreeOp *op)
{
    TreeReply reply = {0};

    op_finish(op, &reply);
}

/* delete_delay=0: the DELETE inside of the call, with its outcome. */
static void delete_now(TreeOp *op, const Binding *binding)
{
    StoreIntent intent = binding_delete_intent(binding, op->caller.uid);

    if (!op->waiting)
        guard_note_delete(op->tree);
    if (op_need_change(op, &intent))
        succeed(op);
}

static void finish_hiding(TreeOp *op, int r)
{
    if (r < 0)
        op_fail(op, r);
    else
        succeed(op);
}

/* The backup that was made of an instance's file a moment ago. Whoever removes the file now means the text that it wanted to write anew
 * and that was refused, not the machine. */
static Node *fresh_backup(const Binding *binding)
{
    int64_t now = clock_now_ms(binding->dir->tree->clock);
    Node *each;

    if (!binding->dir->node)
        return NULL;
    DL_FOREACH(binding->dir->node->children, each)
    {
        if (each->local && each->local->backup_of == binding_key(binding) &&
            now - each->local->written_ms < TREE_BACKUP_MS)
            return each;
    }
    return NULL;
}

/* rm NAME.json and rmdir NAME: what is known to be refused is refused now; else the file is gone, and the DELETE, by
 * the id that the name stood for, is sent a little later, so that it can be taken back. */
static void delete_binding(TreeOp *op, Binding *binding)
{
    Failure failure;
    Node *backup;

    if (!binding) {
        op_fail(op, -ERR_NOT_FOUND);
        return;
    }
    if (binding_changed_hands(binding)) {
        op_refuse(op, -ERR_BUSY, "Look at it, and remove it again if you mean this one.",
                  "The name has become another instance's a moment ago. Nothing was deleted.");
        return;
    }
    backup = fresh_backup(binding);
    if (backup) {
        finish_hiding(op, hide(binding, HIDDEN_BACKUP, &op->caller, TREE_BACKUP_MS, backup));
        return;
    }
    if (guard_delete(op->tree, binding, &failure) < 0) {
        op_fail_told(op, &failure);
        return;
    }
    if (op->tree->delete_delay_ms == 0)
        delete_now(op, binding);
    else
        finish_hiding(op, hide(binding, HIDDEN_DELETE, &op->caller, op->tree->delete_delay_ms, NULL));
}

/* A backup that goes shows the file that it was made from again. */
static void unhide_original(Tree *tree, const Node *backup)
{
    Hidden *each;

    DL_FOREACH(tree->hidden, each)
    {
        if (each->backup == backup) {
            unhide(each);
            return;
        }
    }
}

static void remove_local(TreeOp *op, Node *local)
{
    unhide_original(op->tree, local);
    local_remove(local);
    succeed(op);
}

static void remove_rejected(TreeOp *op)
{
    StoreText text;
    int r = rejected_text(op->node->dir, op->name, &text);

    if (r == 0)
        r = store_drop_text(op->tree->store, text.number);
    if (r == -ERR_BUSY)
        op_refuse(op, r, "Wait: this takes two minutes at most.",
                  "It is still being found out what became of this create.");
    else if (r < 0)
        op_fail(op, r);
    else
        succeed(op);
}

static void unlink_in_project(TreeOp *op)
{
    Span stem = {0};
    enum NameKind kind = name_kind(span_of(op->name), &stem);
    Node *local = node_local(op->node, op->name);

    if (local && local->local)
        remove_local(op, local);
    else if (kind == NAME_INSTANCE && op->node->dir)
        delete_binding(op, binding_find(op->node->dir, stem));
    else if (kind == NAME_REJECTED && op->node->dir)
        remove_rejected(op);
    else if (kind == NAME_ERROR && op->node->dir)
        succeed(op); /* it goes with its text; taken, so that `rm NAME.json.*` works */
    else if (local)
        op_refuse(op, -ERR_NOT_PERMITTED, "", "This file is a view: it can't be removed.");
    else
        op_fail(op, -ERR_NOT_FOUND);
}

/* What is inside of NAME/ is a view: removing it is taken and changes nothing, so that `rm -r NAME` comes to its rmdir.
 */
static void unlink_step(TreeOp *op)
{
    if (op->changed)
        succeed(op);
    else if (op_refused_read_only(op))
        return;
    else if (op->node->kind == NODE_PROJECT)
        unlink_in_project(op);
    else if (op->node->kind == NODE_VIEW || op->node->kind == NODE_OBJECT)
        succeed(op);
    else
        op_refuse(op, -ERR_NOT_PERMITTED, "", "This can't be removed.");
}

void tree_unlink(Tree *tree, const TreeCaller *caller, uint64_t parent, const char *name, tree_done_fn done, void *ctx,
                 TreeOp **ret_op)
{
    TreeOp *op = op_start(tree, caller, "rm", parent, name, done, ctx, ret_op);

    if (op)
        op_run(op, ret_op, unlink_step);
}

static void rmdir_step(TreeOp *op)
{
    if (op->changed)
        succeed(op);
    else if (op_refused_read_only(op))
        return;
    else if (op->node->kind == NODE_PROJECT && op->node->dir)
        delete_binding(op, binding_find(op->node->dir, span_of(op->name)));
    else if (op->node->kind == NODE_VIEW || op->node->kind == NODE_OBJECT)
        succeed(op);
    else if (op->node->kind == NODE_ROOT)
        op_refuse(op, -ERR_NOT_PERMITTED, "Delete the project in the vendor's console.",
                  "The API makes and deletes no projects.");
    else
        op_refuse(op, -ERR_NOT_PERMITTED, "", "This can't be removed.");
}

void tree_rmdir(Tree *tree, const TreeCaller *caller, uint64_t parent, const char *name, tree_done_fn done, void *ctx,
                TreeOp **ret_op)
{
    TreeOp *op = op_start(tree, caller, "rmdir", parent, name, done, ctx, ret_op);

    if (op)
        op_run(op, ret_op, rmdir_step);
}

void tree_sync_dir(Tree *tree, const TreeCaller *caller, uint64_t node, tree_done_fn done, void *ctx, TreeOp **ret_op)
{
    TreeOp *op = op_start(tree, caller, "sync", node, NULL, done, ctx, ret_op);

    if (op)
        op_run(op, ret_op, hidden_sync);
}

static void symlink_step(TreeOp *op)
{
    enum NameKind kind = name_kind(span_of(op->name), NULL);
    TreeReply reply = {0};
    Node *node;

    if (op_refused_read_only(op))
        return;
    if (op->node->kind != NODE_PROJECT || !op->node->dir || (kind != NAME_HIDDEN && kind != NAME_PLAIN)) {
        op_refuse(op, -ERR_NOT_PERMITTED, "", "Links can be made under scratch names only.");
        return;
    }
    node = node_child(op->node, NODE_SCRATCH, op->name);
    if (!node || (!node->local && local_attach(node, &op->caller, 0777) < 0)) {
        op_fail(op, -ERR_NO_MEMORY);
        return;
    }
    node->local->target = op->target_name;
    op->target_name = NULL;
    entry_of(node, 0, &reply.entry);
    op_finish(op, &reply);
}

void tree_symlink(Tree *tree, const TreeCaller *caller, uint64_t parent, const char *name, const char *target,
                  tree_done_fn done, void *ctx, TreeOp **ret_op)
{
    TreeOp *op = op_start(tree, caller, "ln", parent, name, done, ctx, ret_op);

    if (!op)
        return;
    op->target_name = strdup(target);
    if (op->target_name)
        op_run(op, ret_op, symlink_step);
    else
        op_fail(op, -ERR_NO_MEMORY);
}

int tree_refuse(Tree *tree, const TreeCaller *caller, const char *verb, uint64_t parent, const char *name, int code)
{
    _cleanup_buf_ Buf path = BUF_INIT(TREE_WRITE_CAP);
    Failure failure = {.code = code};
    Node *node = node_find(tree, parent);

    if (node && node_path(node, name, &path) == 0)
        errors_add(tree, caller, verb, buf_text(&path), &failure);
    return code;
}
