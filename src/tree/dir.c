#include "tree_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "cleanup.h"

enum { DEFAULTS_BYTES = 64 << 10 };

Dir *dir_find(Tree *tree, const char *id)
{
    Dir *dir;

    HASH_FIND_STR(tree->dirs, id, dir);
    return dir;
}

static bool dir_is_shown(const Dir *dir)
{
    return dir->known || dir->by_stem.count > 0;
}

Dir *dir_find_stem(Tree *tree, const char *stem)
{
    for (Dir *dir = tree->dirs; dir; dir = dir->hh.next) {
        if (dir_is_shown(dir) && strcmp(dir->stem, stem) == 0)
            return dir;
    }
    return NULL;
}

static void dir_free(Dir *dir)
{
    HASH_DEL(dir->tree->dirs, dir);
    binding_free_all(dir);
    index_release(&dir->by_stem);
    free(dir->slots);
    free(dir->defaults);
    free(dir->id);
    free(dir->stem);
    free(dir);
}

static Dir *dir_new(Tree *tree, const char *id)
{
    Dir *dir = calloc(1, sizeof *dir);
    unsigned count_before = HASH_COUNT(tree->dirs);

    if (!dir)
        return NULL;
    dir->tree = tree;
    dir->id = strdup(id);
    dir->stem = strdup("");
    dir->sequence = ++tree->next_dir;
    dir->changed_ms = tree->born_ms;
    if (dir->id && dir->stem)
        HASH_ADD_KEYPTR(hh, tree->dirs, dir->id, strlen(dir->id), dir);
    if (HASH_COUNT(tree->dirs) > count_before)
        return dir;
    free(dir->id);
    free(dir->stem);
    free(dir);
    return NULL;
}

/* Names a directory after its project, or after its id where that name is another's already. */
static int dir_set_name(Dir *dir, Span name)
{
    _cleanup_buf_ Buf stem = BUF_INIT(NAME_BYTES_MAX);
    Dir *other;
    size_t bytes;
    char *text = NULL;
    int r = name_encode(name, dir->id, &stem);

    other = r == 0 ? dir_find_stem(dir->tree, buf_text(&stem)) : NULL;
    if (other && other != dir) {
        buf_clear(&stem);
        r = name_encode_twin(name, dir->id, &stem);
    }
    if (r == 0)
        r = buf_steal(&stem, &text, &bytes);
    if (r != 0)
        return r;
    free(dir->stem);
    dir->stem = text;
    return 0;
}

Dir *dir_get(Tree *tree, const char *project_id)
{
    Dir *dir = dir_find(tree, project_id);

    if (dir)
        return dir;
    dir = dir_new(tree, project_id);
    if (dir && dir_set_name(dir, span_of(project_id)) < 0) {
        dir_free(dir);
        return NULL;
    }
    return dir;
}

/* With project=NAME the project's directory is the root itself. */
static void claim_root(Dir *dir)
{
    Tree *tree = dir->tree;

    if (!tree->project || tree->root->dir || strcmp(dir->stem, tree->project) != 0)
        return;
    tree->root->dir = dir;
    tree->root->kind = NODE_PROJECT;
    dir->node = tree->root;
}

int dir_take(Tree *tree, const Resource *project)
{
    Dir *dir = dir_get(tree, resource_id(project));
    int r = dir ? dir_set_name(dir, resource_name(project)) : -ERR_NO_MEMORY;

    if (r < 0)
        return r;
    dir->known = true;
    claim_root(dir);
    return 0;
}

void dir_drop(Tree *tree, const Resource *project)
{
    Dir *dir = dir_find(tree, resource_id(project));

    if (!dir)
        return;
    dir->known = false;
    if (dir->node && tree->sink.name_changed)
        tree->sink.name_changed(tree->sink.ctx, TREE_ROOT, dir->stem);
}

Node *dir_node(Dir *dir)
{
    if (!dir->node) {
        dir->node = node_new(dir->tree, NODE_PROJECT, dir->tree->root);
        if (dir->node)
            dir->node->dir = dir;
    }
    return dir->node;
}

Dir *dir_next(Tree *tree, uint64_t sequence)
{
    Dir *best = NULL;

    for (Dir *dir = tree->dirs; dir; dir = dir->hh.next) {
        if (dir_is_shown(dir) && dir->sequence > sequence && (!best || dir->sequence < best->sequence))
            best = dir;
    }
    return best;
}

static int defaults_path(const Dir *dir, Buf *into)
{
    _cleanup_buf_ Buf stem = BUF_INIT(NAME_BYTES_MAX);
    int r = name_encode(span_of(dir->id), dir->id, &stem);

    return r < 0 ? r : buf_printf(into, "%s/defaults/%s.json", dir->tree->state_dir, buf_text(&stem));
}

static void read_defaults(Dir *dir)
{
    _cleanup_buf_ Buf path = BUF_INIT(4096);
    _cleanup_buf_ Buf text = BUF_INIT(DEFAULTS_BYTES);
    bool good = dir->tree->state_dir && defaults_path(dir, &path) == 0 &&
                fsio_read(dir->tree->fsio, buf_text(&path), &text, NULL) == 0 &&
                json_check((Span){buf_text(&text), text.len}, NULL) == 0;

    dir->defaults = strdup(good ? buf_text(&text) : "{}");
}

const char *dir_defaults(Dir *dir)
{
    if (!dir->defaults)
        read_defaults(dir);
    return dir->defaults ? dir->defaults : "{}";
}

static int keep_defaults(const Dir *dir, Span object)
{
    _cleanup_buf_ Buf path = BUF_INIT(4096);
    _cleanup_free_ char *folder = NULL;
    int r = defaults_path(dir, &path);

    if (r < 0)
        return r;
    if (asprintf(&folder, "%s/defaults", dir->tree->state_dir) < 0) {
        folder = NULL;
        return -ERR_NO_MEMORY;
    }
    r = fsio_make_dirs(dir->tree->fsio, folder);
    return r < 0 ? r : fsio_replace(dir->tree->fsio, buf_text(&path), object.at, object.len);
}

int dir_set_defaults(Dir *dir, Span object)
{
    char *copy = strndup(object.at, object.len);
    int r = copy ? 0 : -ERR_NO_MEMORY;

    if (r == 0 && dir->tree->state_dir)
        r = keep_defaults(dir, object);
    if (r < 0) {
        free(copy);
        return r;
    }
    free(dir->defaults);
    dir->defaults = copy;
    return 0;
}

void dir_free_all(Tree *tree)
{
    Dir *each, *next;

    HASH_ITER(hh, tree->dirs, each, next)
    {
        dir_free(each);
    }
}
