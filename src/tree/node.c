#include "tree_internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <utlist.h>

static uint32_t hash_of(uint64_t number)
{
    return index_hash(&number, sizeof number);
}

Node *node_find(Tree *tree, uint64_t number)
{
    size_t at = index_first(&tree->nodes, hash_of(number));
    Node *node = index_thing(&tree->nodes, at);

    while (node && node->number != number) {
        at = index_next(&tree->nodes, at);
        node = index_thing(&tree->nodes, at);
    }
    return node;
}

Node *node_new(Tree *tree, enum NodeKind kind, Node *parent)
{
    Node *node = calloc(1, sizeof *node);

    if (!node || index_add(&tree->nodes, hash_of(tree->next_number), node) < 0) {
        free(node);
        return NULL;
    }
    node->tree = tree;
    node->number = tree->next_number++;
    node->kind = (unsigned char)kind;
    if (parent) {
        node->parent = node_use(parent);
        node->dir = parent->dir;
    }
    return node;
}

static void node_free(Node *node)
{
    Tree *tree = node->tree;
    Node *parent = node->parent;

    node_detach(node);
    if (node->binding && node->binding->file == node)
        node->binding->file = NULL;
    if (node->binding && node->binding->view == node)
        node->binding->view = NULL;
    if (node->binding && node->binding->link == node)
        node->binding->link = NULL;
    index_remove(&tree->nodes, hash_of(node->number), node);
    local_free(node->local);
    resource_unref(node->opened);
    free(node);
    if (parent)
        node_unuse(parent);
}

void node_note_opened(Node *node, Resource *resource)
{
    resource_unref(node->opened);
    node->opened = resource ? resource_ref(resource) : NULL;
}

Node *node_use(Node *node)
{
    node->uses++;
    return node;
}

static bool stays(const Node *node)
{
    return node->kind == NODE_ROOT || node->number == TREE_ROOT || (node->dir && node->dir->node == node);
}

void node_unuse(Node *node)
{
    if (--node->uses == 0 && !stays(node))
        node_free(node);
}

Node *node_local(Node *parent, const char *name)
{
    Node *child;

    DL_FOREACH(parent->children, child)
    {
        if (strcmp(child->name, name) == 0)
            return child;
    }
    return NULL;
}

Node *node_child(Node *parent, enum NodeKind kind, const char *name)
{
    Node *child = node_local(parent, name);

    if (child && child->kind == kind)
        return child;
    if (child)
        node_detach(child);
    child = node_new(parent->tree, kind, parent);
    if (!child)
        return NULL;
    child->name = strdup(name);
    if (!child->name) {
        node_free(child);
        return NULL;
    }
    child->binding = parent->binding;
    DL_APPEND(parent->children, child);
    return child;
}

void node_detach(Node *node)
{
    if (!node->name)
        return;
    DL_DELETE(node->parent->children, node);
    free(node->name);
    node->name = NULL;
}

void node_move(Node *node, Node *parent)
{
    Node *before = node->parent;

    if (before == parent)
        return;
    node->parent = node_use(parent);
    node->dir = parent->dir;
    node_unuse(before);
}

int node_rename(Node *node, Node *parent, const char *name)
{
    char *copy = strdup(name);

    if (!copy)
        return -ERR_NO_MEMORY;
    node_detach(node);
    node_move(node, parent);
    node->name = copy;
    DL_APPEND(parent->children, node);
    return 0;
}

bool node_is_dir(const Node *node)
{
    switch ((enum NodeKind)node->kind) {
    case NODE_ROOT:
    case NODE_PROJECT:
    case NODE_VIEW:
    case NODE_OBJECT:
    case NODE_CONTROLS:
    case NODE_BY_ID:
        return true;
    default:
        return false;
    }
}

mode_t node_mode(const Node *node)
{
    switch ((enum NodeKind)node->kind) {
    case NODE_ROOT:
    case NODE_PROJECT:
    case NODE_VIEW:
    case NODE_OBJECT:
        return S_IFDIR | 0777;
    case NODE_CONTROLS:
    case NODE_BY_ID:
        return S_IFDIR | 0555;
    case NODE_LINK:
        return S_IFLNK | 0777;
    case NODE_INSTANCE:
    case NODE_DRAFT:
    case NODE_DEFAULTS:
    case NODE_REJECTED:
    case NODE_ALLOW:
        return S_IFREG | 0666;
    case NODE_SCRATCH:
        return node->local && node->local->target ? S_IFLNK | 0777 : S_IFREG | (node->local ? node->local->mode : 0600);
    case NODE_VALUE:
        return S_IFREG | (value_may_be_set(node) ? 0666 : 0444);
    case NODE_REFRESH:
    case NODE_UNDO:
        return S_IFREG | 0222;
    default:
        return S_IFREG | 0444;
    }
}

static int path_parent(const Node *node, Buf *into)
{
    return node->parent && node->parent->number != TREE_ROOT ? node_path(node->parent, NULL, into) : 0;
}

static int path_own_name(const Node *node, Buf *into)
{
    if (node->kind == NODE_PROJECT)
        return buf_printf(into, "/%s", node->dir->stem);
    if (node->name)
        return buf_printf(into, "/%s", node->name);
    if (node->binding && node->kind == NODE_LINK)
        return buf_printf(into, "/%s", resource_id(node->binding->resource));
    if (node->binding)
        return buf_printf(into, "/%s%s", node->binding->stem, node->kind == NODE_INSTANCE ? ".json" : "");
    return buf_append_str(into, "/(deleted)");
}

int node_path(const Node *node, const char *name, Buf *into)
{
    int r = 0;

    if (node->number != TREE_ROOT) {
        r = path_parent(node, into);
        if (r == 0)
            r = path_own_name(node, into);
    } else if (!name) {
        r = buf_append_char(into, '/');
    }
    return r == 0 && name ? buf_printf(into, "/%s", name) : r;
}

static uint64_t mix_text(uint64_t hash, const char *text)
{
    return hash_more(hash, text, strlen(text) + 1);
}

uint64_t node_inode(const Node *node)
{
    uint64_t hash = HASH_BEGIN;

    if (node->number == TREE_ROOT)
        return TREE_ROOT;
    if (node->kind == NODE_PROJECT)
        hash = mix_text(hash_more(hash, &node->kind, 1), node->dir->id);
    else if (node->binding && !node->name)
        hash = mix_text(hash_more(hash, &node->kind, 1), resource_id(node->binding->resource));
    else if (node->name && !node->local)
        hash = mix_text(hash ^ node_inode(node->parent), node->name);
    else
        hash = hash_more(hash, &node->number, sizeof node->number);
    return hash > TREE_ROOT ? hash : hash + 2;
}

/* At the end of the tree nothing is in use any more, whatever the counts say. */
void node_free_all(Tree *tree)
{
    for (size_t i = 0; i < tree->nodes.room; i++) {
        Node *each = tree->nodes.things[i];

        if (!each)
            continue;
        local_free(each->local);
        resource_unref(each->opened);
        free(each->name);
        free(each);
    }
    index_release(&tree->nodes);
}
