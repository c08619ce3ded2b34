#include "tree.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "feed.h"
#include "vigil.h"

static int copy_text(char **into, const char *text)
{
    *into = text ? strdup(text) : NULL;
    return text && !*into ? -ERR_NO_MEMORY : 0;
}

int tree_set_rules(Tree *tree, const TreeConfig *config)
{
    char *protect, *defaults = NULL;

    if (copy_text(&protect, config->protect) < 0 || copy_text(&defaults, config->defaults) < 0) {
        free(protect);
        return -ERR_NO_MEMORY;
    }
    free(tree->protect);
    free(tree->defaults);
    tree->protect = protect;
    tree->defaults = defaults;
    tree->no_delete = config->no_delete;
    tree->delete_delay_ms = config->delete_delay_ms;
    tree->max_deletes = config->max_deletes;
    tree->max_creates = config->max_creates;
    return 0;
}

Tree *tree_new(const TreeConfig *config, Store *store, Clock *clock, Fsio *fsio)
{
    Tree *tree = calloc(1, sizeof *tree);

    if (!tree)
        return NULL;
    tree->store = store;
    tree->clock = clock;
    tree->fsio = fsio;
    tree->read_only = config->read_only;
    tree->attrs_listed = config->attrs_listed;
    tree->born_ms = clock_wall_ms(clock);
    tree->next_number = TREE_ROOT;
    tree->errors = errors_new();
    tree->guard = guard_new();
    tree->reads = reads_new();
    tree->root = node_new(tree, NODE_ROOT, NULL);
    if (!tree->errors || !tree->guard || !tree->reads || !tree->root || tree_set_rules(tree, config) < 0 ||
        copy_text(&tree->project, config->project) < 0 || copy_text(&tree->state_dir, config->state_dir) < 0) {
        tree_free(tree);
        return NULL;
    }
    if (store_watch(store, binding_on_event, tree) == 0)
        tree->feed = feed_new(tree); /* it tells of projects by their names, which the tree has then */
    if (!tree->feed) {
        tree_free(tree);
        return NULL;
    }
    return tree;
}

static void controls_free(Tree *tree)
{
    Control *each, *next;

    LL_FOREACH_SAFE(tree->controls, each, next)
    {
        free(each->name);
        free(each);
    }
}

void tree_free(Tree *tree)
{
    if (!tree)
        return;
    store_unwatch(tree->store, binding_on_event, tree);
    while (tree->handles) { /* open when the kernel let go */
        handle_keep_text(tree->handles);
        handle_free(tree->handles);
    }
    hidden_free_all(tree);
    vigil_free_all(tree);
    feed_free(tree->feed);
    dir_free_all(tree);
    node_free_all(tree);
    controls_free(tree);
    errors_free(tree->errors);
    free(tree->guard);
    reads_free(tree->reads);
    free(tree->protect);
    timer_free(tree->sweep);
    free(tree->project);
    free(tree->defaults);
    free(tree->state_dir);
    free(tree);
}

void tree_set_sink(Tree *tree, const TreeSink *sink)
{
    tree->sink = *sink;
}

bool tree_has_root(const Tree *tree)
{
    return !tree->project || tree->root->dir;
}

int tree_add_control(Tree *tree, const char *name, tree_render_fn render, void *ctx)
{
    Control *control = calloc(1, sizeof *control);

    if (!control)
        return -ERR_NO_MEMORY;
    control->name = strdup(name);
    if (!control->name) {
        free(control);
        return -ERR_NO_MEMORY;
    }
    control->render = render;
    control->ctx = ctx;
    LL_APPEND(tree->controls, control);
    return 0;
}

void tree_counts(Tree *tree, TreeCounts *ret_counts)
{
    StoreListFacts facts;

    store_list_facts(tree->store, STORE_INSTANCES, &facts);
    *ret_counts = (TreeCounts){.instances = facts.count,
                               .bytes = facts.json_bytes,
                               .nodes = tree->nodes.count,
                               .scratch_bytes = tree->scratch_bytes,
                               .waiting_deletes = hidden_count(tree),
                               .parked = tree->parked};
}
