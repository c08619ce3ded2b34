#include "tree_internal.h"

#include <stdlib.h>
#include <string.h>

enum {
    STEADY_MS = 60000, /* names that never change by themselves */
    LINK_BYTES = 1024,
};

Node *controls_node(Tree *tree)
{
    return node_child(tree->root, NODE_CONTROLS, ".skystack");
}

Node *by_id_node(Tree *tree)
{
    Node *controls = controls_node(tree);

    return controls ? node_child(controls, NODE_BY_ID, "by-id") : NULL;
}

static void finish_entry(TreeOp *op, Node *node, int64_t valid_ms)
{
    TreeReply reply = {0};

    if (!node) {
        op_fail(op, -ERR_NO_MEMORY);
        return;
    }
    entry_of(node, valid_ms, &reply.entry);
    op_finish(op, &reply);
}

/* A name below an instance is as fresh as the instance; with summaries alone, as the list. */
static int64_t name_valid_ms(const Binding *binding)
{
    StoreListFacts list;
    int64_t fresh = binding_facts(binding).fresh_ms;

    store_list_facts(binding->dir->tree->store, STORE_INSTANCES, &list);
    return fresh > list.fresh_ms ? fresh : list.fresh_ms;
}

/* The kernel forgets NAME.json itself when it is removed. Of the other names of an instance it would have to be told, and that would come
 * a moment too late for whoever looks right after. */
static void finish_instance(TreeOp *op, Binding *binding, enum NodeKind kind)
{
    finish_entry(op, binding_node(binding, kind), kind == NODE_INSTANCE ? name_valid_ms(binding) : 0);
}

static const struct {
    const char *name;
    enum NodeKind kind;
    bool at_root, in_project;
} fixed_views[] = {
    {".skystack", NODE_CONTROLS, true, false},
    {".defaults.json", NODE_DEFAULTS, false, true},
};

/* A view that is always there; false if the name is none. */
static bool lookup_fixed(TreeOp *op)
{
    bool is_root = op->node->number == TREE_ROOT, is_project = op->node->kind == NODE_PROJECT;

    if ((is_root || is_project) && many_is(op->name)) {
        finish_entry(op, node_child(op->node, NODE_MANY, op->name), STEADY_MS);
        return true;
    }
    for (size_t i = 0; i < sizeof fixed_views / sizeof fixed_views[0]; i++) {
        if (strcmp(op->name, fixed_views[i].name) != 0)
            continue;
        if ((is_root && fixed_views[i].at_root) || (is_project && fixed_views[i].in_project)) {
            finish_entry(op, node_child(op->node, fixed_views[i].kind, op->name), STEADY_MS);
            return true;
        }
    }
    return false;
}

static void lookup_in_root(TreeOp *op)
{
    Dir *dir;

    if (lookup_fixed(op))
        return;
    if (op->name[0] == '.') {
        op_fail(op, -ERR_NOT_FOUND);
        return;
    }
    dir = dir_find_stem(op->tree, op->name);
    if (dir ? !op_need_names(op, STORE_PROJECTS) : !op_need_list(op, STORE_PROJECTS))
        return;
    dir = dir_find_stem(op->tree, op->name);
    if (dir)
        finish_entry(op, dir_node(dir), STEADY_MS);
    else
        op_fail(op, -ERR_NOT_FOUND);
}

/* A draft that nobody has open gives way to the instance of its name. */
static Node *local_of(TreeOp *op, enum NameKind kind, Span stem)
{
    Node *local = node_local(op->node, op->name);

    if (!local || !local->local)
        return NULL;
    if (kind == NAME_INSTANCE && local->open_handles == 0 && binding_find(op->node->dir, stem)) {
        local_remove(local);
        return NULL;
    }
    return local;
}

/* NAME.json.rejected and .error, while there is something to read. */
static void lookup_rejected(TreeOp *op, enum NameKind kind)
{
    _cleanup_buf_ Buf text = BUF_INIT(TREE_WRITE_CAP);
    Node *node = node_child(op->node, kind == NAME_REJECTED ? NODE_REJECTED : NODE_ERROR, op->name);
    int r = node ? content_of(node_use(node), &text) : -ERR_NO_MEMORY;

    if (r == 0)
        finish_entry(op, node, 0);
    if (node)
        node_unuse(node);
    if (r < 0)
        op_fail(op, r);
}

static void lookup_in_project(TreeOp *op)
{
    Span stem = span_of(op->name);
    enum NameKind kind = name_kind(stem, &stem);
    Node *local = op->node->dir ? local_of(op, kind, stem) : NULL;
    Binding *binding;

    if (lookup_fixed(op))
        return;
    if (local) {
        finish_entry(op, local, 0);
        return;
    }
    if ((kind == NAME_REJECTED || kind == NAME_ERROR) && op->node->dir) {
        lookup_rejected(op, kind);
        return;
    }
    if ((kind != NAME_INSTANCE && kind != NAME_PLAIN) || !op->node->dir) {
        op_fail(op, -ERR_NOT_FOUND);
        return;
    }
    if (resolve_binding(op, op->node->dir, stem, &binding))
        finish_instance(op, binding, kind == NAME_INSTANCE ? NODE_INSTANCE : NODE_VIEW);
}

static void lookup_in_view(TreeOp *op)
{
    Binding *binding = op->node->binding;
    Span object, value;
    enum NodeKind kind;
    int r;

    if (binding && !op_need_instance(op, binding, STORE_DETAILS))
        return;
    r = value_of(op->node, &object);
    if (r == 0)
        r = value_member(object, op->name, NULL, &value);
    if (r != 0) {
        op_fail(op, r);
        return;
    }
    kind = json_type(value) == JSON_OBJECT ? NODE_OBJECT : NODE_VALUE;
    finish_entry(op, node_child(op->node, kind, op->name), name_valid_ms(op->node->binding));
}

static const struct {
    const char *name;
    enum NodeKind kind;
} fixed_controls[] = {
    {"errors", NODE_ERRORS},       {"events", NODE_EVENTS}, {"events.follow", NODE_FOLLOW}, {"refresh", NODE_REFRESH},
    {"allow_deletes", NODE_ALLOW}, {"undo", NODE_UNDO},     {"by-id", NODE_BY_ID},
};

/* NODE_CONTROLS: there is none of that name. */
static enum NodeKind fixed_control(const char *name)
{
    for (size_t i = 0; i < sizeof fixed_controls / sizeof fixed_controls[0]; i++) {
        if (strcmp(name, fixed_controls[i].name) == 0)
            return fixed_controls[i].kind;
    }
    return NODE_CONTROLS;
}

static void lookup_in_controls(TreeOp *op)
{
    const Control *control = op->tree->controls;
    enum NodeKind kind = NODE_CONTROL;
    Node *node;

    while (control && strcmp(control->name, op->name) != 0)
        control = control->next;
    if (!control)
        kind = fixed_control(op->name);
    if (kind == NODE_CONTROLS) {
        op_fail(op, -ERR_NOT_FOUND);
        return;
    }
    node = node_child(op->node, kind, op->name);
    if (node && control)
        node->control = control;
    finish_entry(op, node, STEADY_MS);
}

static void lookup_by_id(TreeOp *op)
{
    Binding *binding = resolve_id(op->tree, op->name);

    if (!op_need_names(op, STORE_PROJECTS))
        return;
    if (!binding) {
        if (!op_need_list(op, STORE_INSTANCES))
            return;
        binding = resolve_id(op->tree, op->name);
    }
    if (binding)
        finish_instance(op, binding, NODE_LINK);
    else
        op_fail(op, -ERR_NOT_FOUND);
}

static void lookup_step(TreeOp *op)
{
    switch ((enum NodeKind)op->node->kind) {
    case NODE_ROOT:
        lookup_in_root(op);
        break;
    case NODE_PROJECT:
        lookup_in_project(op);
        break;
    case NODE_VIEW:
    case NODE_OBJECT:
        lookup_in_view(op);
        break;
    case NODE_CONTROLS:
        lookup_in_controls(op);
        break;
    case NODE_BY_ID:
        lookup_by_id(op);
        break;
    default:
        op_fail(op, -ERR_NOT_DIRECTORY);
    }
}

void tree_lookup(Tree *tree, const TreeCaller *caller, uint64_t parent, const char *name, tree_done_fn done, void *ctx,
                 TreeOp **ret_op)
{
    TreeOp *op = op_start(tree, caller, "lookup", parent, name, done, ctx, ret_op);

    if (op)
        op_run(op, ret_op, lookup_step);
}

void tree_forget(Tree *tree, uint64_t number, uint64_t count)
{
    Node *node = node_find(tree, number);

    if (!node || node->lookups == 0)
        return;
    node->lookups -= count < node->lookups ? count : node->lookups;
    if (node->lookups == 0)
        node_unuse(node);
}

/* Removed, by its other name, and nobody has it open. */
static bool is_gone(const Node *node)
{
    return node->binding && node->binding->hidden && node->open_handles == 0;
}

/* Attributes past their time ask the API, where that costs no request of their own. */
static void getattr_step(TreeOp *op)
{
    Binding *binding = op->node->binding;
    TreeReply reply = {0};

    if (is_gone(op->node)) {
        op_fail(op, -ERR_NOT_FOUND);
        return;
    }
    if (binding && op->node->kind != NODE_LINK && !op_need_instance(op, binding, attr_need(binding)))
        return;
    reply.entry.attr = attr_of(op->node);
    attr_note_sent(op->node, &reply.entry.attr);
    op_finish(op, &reply);
}

void tree_getattr(Tree *tree, const TreeCaller *caller, uint64_t node, tree_done_fn done, void *ctx, TreeOp **ret_op)
{
    TreeOp *op = op_start(tree, caller, "stat", node, NULL, done, ctx, ret_op);

    if (op)
        op_run(op, ret_op, getattr_step);
}

mode_t tree_mode(Tree *tree, uint64_t number)
{
    const Node *node = node_find(tree, number);

    return node ? node_mode(node) : 0;
}

bool tree_is_owned(Tree *tree, uint64_t number)
{
    const Node *node = node_find(tree, number);

    return node && node->kind == NODE_SCRATCH;
}

void tree_readlink(Tree *tree, uint64_t number, tree_done_fn done, void *ctx)
{
    _cleanup_buf_ Buf target = BUF_INIT(LINK_BYTES);
    Node *node = node_find(tree, number);
    TreeReply reply = {.code = -ERR_NOT_FOUND};

    if (node && node->local && node->local->target) {
        reply = (TreeReply){.bytes = node->local->target, .count = strlen(node->local->target)};
    } else if (node && node->kind == NODE_LINK && node->binding) {
        const Binding *binding = node->binding;
        bool one_project = binding->dir->node == tree->root;

        reply.code = buf_printf(&target, "../..%s%s/%s.json", one_project ? "" : "/",
                                one_project ? "" : binding->dir->stem, binding->stem);
        reply.bytes = buf_text(&target);
        reply.count = target.len;
    }
    done(ctx, &reply);
}
