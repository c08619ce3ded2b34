#include "tree_internal.h"

#include <stdlib.h>
#include <string.h>

static bool refuse_read_only(TreeOp *op)
{
    if (!op->tree->read_only)
        return false;
    op_refuse(op, -ERR_READ_ONLY, "Mount without `ro` to change anything.", "This mount is read-only.");
    return true;
}

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
    binding->shown = true;
    entry_of(view, 0, &reply.entry);
    op_finish(op, &reply);
}

static bool mkdir_is_refused(TreeOp *op)
{
    enum NameKind kind = name_kind(span_of(op->name), NULL);

    if (refuse_read_only(op))
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
        op_refuse(op, -ERR_INVALID, "mkdir NAME creates NAME.json.", "A directory's name can't end in .json, .rejected or .error.");
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
    _cleanup_buf_ Buf body = BUF_INIT(2 * TREE_WRITE_CAP);
    StoreIntent intent = {.change = STORE_CREATE};
    Failure failure;

    if (op->changed) {
        mkdir_answer(op);
        return;
    }
    if (mkdir_is_refused(op))
        return;
    if (create_body(op->node->dir, span_of(op->name), span_of("{}"), &body, &failure) < 0) {
        op_fail_told(op, &failure);
        return;
    }
    intent.body = (Span){buf_text(&body), body.len};
    if (op_need_change(op, &intent))
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

/* rm NAME.json and rmdir NAME: the DELETE, by the id that the name stood for. */
static void delete_binding(TreeOp *op, const Binding *binding)
{
    StoreIntent intent = {.change = STORE_DELETE};

    if (!binding) {
        op_fail(op, -ERR_NOT_FOUND);
        return;
    }
    intent.id = resource_id(binding->resource);
    if (op_need_change(op, &intent))
        succeed(op);
}

static void drop_draft(TreeOp *op, Node *draft)
{
    draft->unlinked = true;
    node_detach(draft);
    local_settle(draft);
    succeed(op);
}

static void unlink_in_project(TreeOp *op)
{
    Span stem;
    enum NameKind kind = name_kind(span_of(op->name), &stem);
    Node *local = node_local(op->node, op->name);

    if (local && local->kind == NODE_DRAFT)
        drop_draft(op, local);
    else if (kind == NAME_INSTANCE && op->node->dir)
        delete_binding(op, binding_find(op->node->dir, stem));
    else if (local)
        op_refuse(op, -ERR_NOT_PERMITTED, "", "This file is a view: it can't be removed.");
    else
        op_fail(op, -ERR_NOT_FOUND);
}

/* What is inside of NAME/ is a view: removing it is taken and changes nothing, so that `rm -r NAME` comes to its rmdir. */
static void unlink_step(TreeOp *op)
{
    if (op->changed)
        succeed(op);
    else if (refuse_read_only(op))
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
    else if (refuse_read_only(op))
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

int tree_refuse(Tree *tree, const TreeCaller *caller, const char *verb, uint64_t parent, const char *name, int code)
{
    _cleanup_buf_ Buf path = BUF_INIT(TREE_WRITE_CAP);
    Failure failure = {.code = code};
    Node *node = node_find(tree, parent);

    if (node && node_path(node, name, &path) == 0)
        errors_add(tree, caller, verb, buf_text(&path), &failure);
    return code;
}
