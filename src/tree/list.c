#include "tree_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <utlist.h>

/*
 * Cookies, by the kind of directory. They stay right while entries come and go: each is the place of its entry, never
 * an index.
 *   everywhere: 1 is `.`, 2 is `..`
 *   root:       COOKIE_FIRST + the project's sequence
 *   project:    twice the binding's sequence (its file), plus one (its view); KEPT_BASE + twice a kept text's number
 *               (.rejected), plus one (.error); LOCAL_BASE + a node's number for scratch files
 *   view:       COOKIE_FIRST + the member's index (a snapshot's order does not change; another snapshot's rarely)
 *   by-id:      the project's sequence << 40 | the binding's
 */
enum { COOKIE_DOT = 1, COOKIE_DOT_DOT = 2, COOKIE_FIRST = 3 };
static const unsigned BY_ID_SHIFT = 40;
static const uint64_t KEPT_BASE = UINT64_C(1) << 61, LOCAL_BASE = UINT64_C(1) << 62;

/* Hands one entry on. False: full. */
static bool fill(TreeOp *op, const char *name, uint64_t cookie, Node *node, int64_t valid_ms)
{
    TreeDirent dirent = {.name = name, .cookie = cookie, .inode = node_inode(node), .mode = node_mode(node)};
    TreeEntry entry;
    bool taken;

    if (op->entries && cookie > COOKIE_DOT_DOT) {
        entry_of(node, valid_ms, &entry);
        dirent.entry = &entry;
    }
    taken = op->fill(op->ctx, &dirent);
    if (!taken && dirent.entry)
        tree_forget(op->tree, node->number, 1);
    if (taken) {
        op->cookie = cookie;
        op->filled = true;
    }
    return taken;
}

static bool fill_dots(TreeOp *op)
{
    Node *up = op->node->parent ? op->node->parent : op->node;

    if (op->cookie < COOKIE_DOT && !fill(op, ".", COOKIE_DOT, op->node, 0))
        return false;
    return op->cookie >= COOKIE_DOT_DOT || fill(op, "..", COOKIE_DOT_DOT, up, 0);
}

/* Where there was no memory for an entry, the next part of the listing begins with it. */
static void list_done(TreeOp *op)
{
    TreeReply reply = {0};

    if (op->starved && !op->filled)
        op_fail(op, -ERR_NO_MEMORY);
    else
        op_finish(op, &reply);
}

/* False: there is no memory. */
static bool has(TreeOp *op, const Node *node)
{
    op->starved |= !node;
    return node;
}

static int64_t list_valid_ms(Tree *tree, enum StoreSet set)
{
    StoreListFacts facts;

    store_list_facts(tree->store, set, &facts);
    return facts.fresh_ms;
}

static void list_root(TreeOp *op)
{
    int64_t valid_ms;
    Dir *dir;

    if (op->cookie == 0 && !op_need_names(op, STORE_PROJECTS))
        return;
    if (fill_dots(op)) {
        valid_ms = list_valid_ms(op->tree, STORE_PROJECTS);
        dir = dir_next(op->tree, op->cookie < COOKIE_FIRST ? 0 : op->cookie - COOKIE_FIRST);
        while (dir && has(op, dir_node(dir)) &&
               fill(op, dir->stem, COOKIE_FIRST + dir->sequence, dir_node(dir), valid_ms))
            dir = dir_next(op->tree, dir->sequence);
    }
    list_done(op);
}

/* The file and, if they are listed, the view of one instance. False: full, or no memory. */
static bool fill_binding(TreeOp *op, Binding *binding, int64_t valid_ms)
{
    char name[NAME_BYTES_MAX + 8];
    Node *file = binding_node(binding, NODE_INSTANCE), *view;
    bool taken = true;

    if (!has(op, file))
        return false;
    node_use(file);
    binding_show(binding);
    snprintf(name, sizeof name, "%s.json", binding->stem);
    if (op->cookie < binding->sequence * 2)
        taken = fill(op, name, binding->sequence * 2, file, valid_ms);
    node_unuse(file);
    if (!taken || !op->tree->attrs_listed || op->cookie >= binding->sequence * 2 + 1)
        return taken;
    view = binding_node(binding, NODE_VIEW);
    if (!has(op, view))
        return false;
    node_use(view);
    taken = fill(op, binding->stem, binding->sequence * 2 + 1, view, valid_ms);
    node_unuse(view);
    return taken;
}

/* An entry that its directory's node keeps itself. False: full, or no memory. */
static bool fill_child(TreeOp *op, enum NodeKind kind, const char *name, uint64_t cookie, const Control *control)
{
    Node *child;
    bool room;

    if (op->cookie >= cookie)
        return true;
    child = node_child(op->node, kind, name);
    if (!has(op, child))
        return false;
    child->control = control;
    node_use(child);
    room = fill(op, name, cookie, child, list_valid_ms(op->tree, STORE_INSTANCES));
    node_unuse(child);
    return room;
}

/* False: full, or no memory; or, where no complete list is known, at one that the listing under way has not brought yet, and perhaps
 * never will. */
static bool fill_bindings(TreeOp *op, bool complete)
{
    int64_t list_ms = list_valid_ms(op->tree, STORE_INSTANCES);
    uint64_t sequence = op->cookie / 2;
    Binding *binding;

    if (op->cookie >= KEPT_BASE)
        return true;
    if (op->cookie % 2 == 1)
        sequence++;
    for (binding = binding_at(op->node->dir, sequence); binding;
         binding = binding_at(op->node->dir, binding->sequence + 1)) {
        StoreFacts facts = binding_facts(binding);

        if ((!complete && !facts.current) ||
            !fill_binding(op, binding, facts.fresh_ms > list_ms ? facts.fresh_ms : list_ms))
            return false;
    }
    return true;
}

/* A kept text and why; of several of one name the newest. False: full, or no memory. */
static bool fill_text(TreeOp *op, const StoreText *text)
{
    _cleanup_buf_ Buf stem = BUF_INIT(NAME_BYTES_MAX);
    char rejected[NAME_BYTES_MAX + 16], error[NAME_BYTES_MAX + 16];
    uint64_t cookie = KEPT_BASE + text->number * 2;
    StoreText newest;
    int r;

    if (strcmp(text->project_id, op->node->dir->id) != 0 ||
        !store_find_text(op->tree->store, text->project_id, text->name, &newest) || newest.number != text->number)
        return true;
    r = name_encode(span_of(text->name), "", &stem);
    op->starved |= r == -ERR_NO_MEMORY;
    if (r < 0)
        return r != -ERR_NO_MEMORY;
    snprintf(rejected, sizeof rejected, "%s.json.rejected", buf_text(&stem));
    snprintf(error, sizeof error, "%s.json.error", buf_text(&stem));
    return fill_child(op, NODE_REJECTED, rejected, cookie, NULL) && fill_child(op, NODE_ERROR, error, cookie + 1, NULL);
}

static bool fill_texts(TreeOp *op)
{
    uint64_t number = op->cookie > KEPT_BASE ? (op->cookie - KEPT_BASE) / 2 : 0;
    StoreText text;

    if (op->cookie >= LOCAL_BASE)
        return true;
    for (number = number ? number - 1 : 0; store_next_text(op->tree->store, number, &text); number = text.number) {
        if (!fill_text(op, &text))
            return false;
    }
    return true;
}

/* The scratch file with the smallest number above one. */
static Node *next_scratch(const Node *directory, uint64_t number)
{
    Node *each, *best = NULL;

    DL_FOREACH(directory->children, each)
    {
        if (each->kind == NODE_SCRATCH && each->number > number && (!best || each->number < best->number))
            best = each;
    }
    return best;
}

static void fill_scratch(TreeOp *op)
{
    uint64_t number = op->cookie > LOCAL_BASE ? op->cookie - LOCAL_BASE : 0;
    Node *each = next_scratch(op->node, number);

    while (each && fill(op, each->name, LOCAL_BASE + each->number, each, 0))
        each = next_scratch(op->node, each->number);
}

/* The store hears how far the reader has got. */
static void tell_read(const TreeOp *op)
{
    const Binding *last = op->cookie > COOKIE_DOT_DOT ? binding_at(op->node->dir, op->cookie / 2) : NULL;

    if (last)
        store_list_read(last->entry);
}

/* With a complete list, brought up to date at the start. Without one, what its pages have brought so far is handed on as
 * it comes, and only the list's end is the directory's. */
static void list_project(TreeOp *op)
{
    StoreListFacts facts;
    bool room;

    store_list_facts(op->tree->store, STORE_INSTANCES, &facts);
    if (!op->node->dir || binding_complete(op->tree) < 0) {
        op_fail(op, op->node->dir ? -ERR_NO_MEMORY : -ERR_REMOTE);
        return;
    }
    if (facts.complete && op->cookie == 0 && !op_need_names(op, STORE_INSTANCES))
        return;
    if (!fill_dots(op)) {
        list_done(op);
        return;
    }
    room = fill_bindings(op, facts.complete);
    if (!facts.complete && op->filled && (!room || op->cookie > COOKIE_DOT_DOT)) {
        tell_read(op);
        list_done(op);
        return;
    }
    if (!facts.complete && !op_need_list(op, STORE_INSTANCES))
        return;
    if (room && fill_texts(op))
        fill_scratch(op);
    list_done(op);
}

static void list_view(TreeOp *op)
{
    Binding *binding = op->node->binding;
    uint64_t index = COOKIE_FIRST;
    Span object, key, value;
    JsonIter iter;
    int r;

    if (binding && !op_need_instance(op, binding, STORE_DETAILS))
        return;
    r = value_of(op->node, &object);
    json_iter_init(&iter, r == 0 ? object : span_of("{}"));
    for (bool room = r == 0 && fill_dots(op); room && json_iter_next(&iter, &key, &value); index++) {
        _cleanup_buf_ Buf name = BUF_INIT(NAME_BYTES_MAX);
        enum NodeKind kind = json_type(value) == JSON_OBJECT ? NODE_OBJECT : NODE_VALUE;

        r = value_file_name(key, &name);
        room = r == -ERR_NO_MEMORY ? false : r < 0 || fill_child(op, kind, buf_text(&name), index, NULL);
    }
    if (r == -ERR_NO_MEMORY || r == -ERR_NOT_FOUND) {
        op_fail(op, r);
        return;
    }
    list_done(op);
}

static void list_controls(TreeOp *op)
{
    static const struct {
        const char *name;
        enum NodeKind kind;
    } fixed[] = {
        {"errors", NODE_ERRORS},   {"events", NODE_EVENTS}, /* events.follow is not listed: whoever reads all there is would wait */
        {"refresh", NODE_REFRESH}, {"allow_deletes", NODE_ALLOW}, {"undo", NODE_UNDO}, {"by-id", NODE_BY_ID}};
    uint64_t index = COOKIE_FIRST;
    bool room = fill_dots(op);

    for (size_t i = 0; room && i < sizeof fixed / sizeof fixed[0]; i++)
        room = fill_child(op, fixed[i].kind, fixed[i].name, index++, NULL);
    for (const Control *control = op->tree->controls; room && control; control = control->next)
        room = fill_child(op, NODE_CONTROL, control->name, index++, control);
    list_done(op);
}

static void list_by_id(TreeOp *op)
{
    uint64_t from = op->cookie;
    bool room;

    if (op->cookie == 0 && (!op_need_names(op, STORE_PROJECTS) || !op_need_names(op, STORE_INSTANCES)))
        return;
    room = fill_dots(op);
    for (Dir *dir = dir_next(op->tree, 0); room && dir; dir = dir_next(op->tree, dir->sequence)) {
        Binding *binding = binding_at(dir, 0);

        for (; room && binding; binding = binding_at(dir, binding->sequence + 1)) {
            uint64_t cookie = dir->sequence << BY_ID_SHIFT | binding->sequence;
            Node *link;

            if (from >= cookie)
                continue;
            link = binding_node(binding, NODE_LINK);
            room = has(op, link);
            if (!room)
                continue;
            node_use(link);
            room = fill(op, resource_id(binding->resource), cookie, link, list_valid_ms(op->tree, STORE_INSTANCES));
            node_unuse(link);
        }
    }
    list_done(op);
}

static void list_step(TreeOp *op)
{
    switch ((enum NodeKind)op->node->kind) {
    case NODE_ROOT:
        list_root(op);
        break;
    case NODE_PROJECT:
        list_project(op);
        break;
    case NODE_VIEW:
    case NODE_OBJECT:
        list_view(op);
        break;
    case NODE_CONTROLS:
        list_controls(op);
        break;
    case NODE_BY_ID:
        list_by_id(op);
        break;
    default:
        op_fail(op, -ERR_NOT_DIRECTORY);
    }
}

void tree_list(Tree *tree, const TreeCaller *caller, uint64_t node, uint64_t cookie, bool entries, tree_fill_fn filler,
               tree_done_fn done, void *ctx, TreeOp **ret_op)
{
    TreeOp *op = op_start(tree, caller, "readdir", node, NULL, done, ctx, ret_op);

    if (!op)
        return;
    op->cookie = cookie;
    op->entries = entries;
    op->fill = filler;
    op_run(op, ret_op, list_step);
}
