#include "tree_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "vigil.h"

enum {
    SLOTS_FIRST = 16,
    SEQUENCE_FIRST = 16, /* below it are the cookies of `.`, `..` and the like */
    HANDS_MS = 60000,    /* how long a name is remembered as another's */
};

static const char DEFAULT_PROJECT[] = "default";

Binding *binding_find_any(Dir *dir, Span stem)
{
    size_t at = index_first(&dir->by_stem, index_hash(stem.at, stem.len));
    Binding *binding = index_thing(&dir->by_stem, at);

    while (binding && !span_is(stem, binding->stem)) {
        at = index_next(&dir->by_stem, at);
        binding = index_thing(&dir->by_stem, at);
    }
    return binding;
}

Binding *binding_find(Dir *dir, Span stem)
{
    Binding *binding = binding_find_any(dir, stem);

    return binding && !binding->hidden ? binding : NULL;
}

/* The first slot whose sequence is at least the one given. Slots of bindings that are gone keep their place as NULL, so
 * the search looks to the right for one that knows its number. */
static size_t slot_from(const Dir *dir, uint64_t sequence)
{
    size_t low = 0, high = dir->slot_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2, probe = middle;

        while (probe < high && !dir->slots[probe])
            probe++;
        if (probe < high && dir->slots[probe]->sequence < sequence)
            low = probe + 1;
        else
            high = middle;
    }
    return low;
}

Binding *binding_at(Dir *dir, uint64_t sequence)
{
    for (size_t i = slot_from(dir, sequence); i < dir->slot_count; i++) {
        if (dir->slots[i] && !dir->slots[i]->hidden)
            return dir->slots[i];
    }
    return NULL;
}

/* Closes the gaps once they are half of all, which keeps the search above short on average. */
static void close_gaps(Dir *dir)
{
    size_t kept = 0;

    if (dir->slots_gone * 2 < dir->slot_count)
        return;
    for (size_t i = 0; i < dir->slot_count; i++) {
        if (dir->slots[i])
            dir->slots[kept++] = dir->slots[i];
    }
    dir->slot_count = kept;
    dir->slots_gone = 0;
}

static int take_slot(Dir *dir, Binding *binding)
{
    if (dir->slot_count == dir->slot_room) {
        size_t room = dir->slot_room ? dir->slot_room * 2 : SLOTS_FIRST;
        Binding **grown = reallocarray(dir->slots, room, sizeof *grown);

        if (!grown)
            return -ERR_NO_MEMORY;
        dir->slots = grown;
        dir->slot_room = room;
    }
    if (dir->next_sequence < SEQUENCE_FIRST)
        dir->next_sequence = SEQUENCE_FIRST;
    binding->sequence = dir->next_sequence++;
    dir->slots[dir->slot_count++] = binding;
    return 0;
}

static void leave_slot(Dir *dir, const Binding *binding)
{
    size_t slot = slot_from(dir, binding->sequence);

    while (slot < dir->slot_count && dir->slots[slot] != binding)
        slot++;
    if (slot == dir->slot_count)
        return;
    dir->slots[slot] = NULL;
    dir->slots_gone++;
    close_gaps(dir);
}

/* Times start from what the API says, and from the mount where it says nothing. */
static void start_times(Binding *binding)
{
    int64_t updated = resource_updated_ms(binding->resource);

    binding->mtime_ms = binding->ctime_ms = updated ? updated : binding->dir->tree->born_ms;
}

static void drop_stem(Binding *binding)
{
    if (binding->stem)
        index_remove(&binding->dir->by_stem, index_hash(binding->stem, strlen(binding->stem)), binding);
    binding->dir->twins -= (size_t)binding->twin;
    binding->twin = false;
    free(binding->stem);
    binding->stem = NULL;
}

/* On failure it has the name that it had. */
static int take_stem(Binding *binding, Buf *stem, bool twin)
{
    Dir *dir = binding->dir;
    size_t bytes;
    char *text;
    int r = buf_steal(stem, &text, &bytes);

    if (r != 0)
        return r;
    r = index_add(&dir->by_stem, index_hash(text, bytes), binding);
    if (r < 0) {
        free(text);
        return r;
    }
    drop_stem(binding);
    binding->stem = text;
    binding->twin = twin;
    dir->twins += (size_t)binding->twin;
    return 0;
}

static int set_stem(Binding *binding, int (*encode)(Span, const char *, Buf *))
{
    _cleanup_buf_ Buf stem = BUF_INIT(NAME_BYTES_MAX);
    int r = encode(resource_name(binding->resource), resource_id(binding->resource), &stem);

    return r < 0 ? r : take_stem(binding, &stem, encode == name_encode_twin);
}

static void binding_discard(Binding *binding)
{
    drop_stem(binding);
    versions_free(binding->versions);
    resource_unref(binding->resource);
    free(binding);
}

/* Out of everything that knows it. */
static void binding_free(Binding *binding)
{
    Node *const nodes[] = {binding->file, binding->view, binding->link};

    if (binding->hidden)
        hidden_orphan(binding->hidden);
    leave_slot(binding->dir, binding);
    vigil_note_gone(binding);
    for (size_t i = 0; i < sizeof nodes / sizeof nodes[0]; i++) {
        if (nodes[i])
            binding_orphan(nodes[i]);
    }
    binding_discard(binding);
}

static bool is_older(const Resource *a, const Resource *b)
{
    int64_t at_a = resource_created_ms(a), at_b = resource_created_ms(b);

    if (at_a != at_b)
        return at_a < at_b;
    return strcmp(resource_id(a), resource_id(b)) < 0;
}

static bool nobody_saw(const Binding *binding)
{
    return !binding->shown && !binding->file && !binding->view;
}

/* The plain name goes to the oldest of those that share it; but a name that somebody has seen, if under an earlier
 * mount, stays where it is. */
static int choose_stem(Binding *binding)
{
    _cleanup_buf_ Buf stem = BUF_INIT(NAME_BYTES_MAX);
    Binding *holder;
    int r = name_encode(resource_name(binding->resource), resource_id(binding->resource), &stem);

    if (r < 0)
        return r;
    holder = binding_find_any(binding->dir, (Span){buf_text(&stem), stem.len});
    if (!holder)
        return take_stem(binding, &stem, false);
    if (!nobody_saw(holder) || (!binding->shown && is_older(holder->resource, binding->resource)))
        return set_stem(binding, name_encode_twin);
    r = set_stem(holder, name_encode_twin);
    return r < 0 ? r : take_stem(binding, &stem, false);
}

/* Its children know the instance no more either. */
void binding_orphan(Node *node)
{
    Node *child;

    node->binding = NULL;
    node->unlinked = true;
    node_note_opened(node, NULL);
    DL_FOREACH(node->children, child)
    {
        binding_orphan(child);
    }
}

StoreIntent binding_delete_intent(const Binding *binding, uid_t uid)
{
    return (StoreIntent){.change = STORE_DELETE,
                         .id = resource_id(binding->resource),
                         .project_id = binding->dir->id,
                         .name = resource_name(binding->resource),
                         .uid = uid};
}

uint64_t binding_key(const Binding *binding)
{
    return text_hash(span_of(resource_id(binding->resource)));
}

void binding_take_node(Binding *binding, Node *node)
{
    if (binding->file == node)
        return;
    if (binding->file)
        binding_orphan(binding->file);
    node_detach(node);
    local_settle(node);
    node->kind = NODE_INSTANCE;
    node->unlinked = false;
    node_move(node, dir_node(binding->dir));
    node_note_opened(node, NULL);
    node->binding = binding;
    binding->file = node;
}

static const char *project_of(const StoreFacts *facts, char id[RESOURCE_ID_BYTES + 1])
{
    Span project = resource_project_id(facts->resource);

    if (project.len == 0 || project.len > RESOURCE_ID_BYTES || facts->homeless)
        return DEFAULT_PROJECT;
    memcpy(id, project.at, project.len);
    id[project.len] = '\0';
    return id;
}

static Dir *dir_of(Tree *tree, const StoreFacts *facts)
{
    char id[RESOURCE_ID_BYTES + 1];

    return dir_get(tree, project_of(facts, id));
}

Span binding_project_name(Tree *tree, StoreEntry *entry)
{
    char id[RESOURCE_ID_BYTES + 1];
    const Dir *dir;
    StoreFacts facts;

    store_facts(entry, &facts);
    dir = dir_find(tree, project_of(&facts, id));
    return span_of(dir ? dir->stem : "");
}

static void binding_begin(Tree *tree, const StoreFacts *facts)
{
    Binding *binding = calloc(1, sizeof *binding);
    Dir *dir = dir_of(tree, facts);

    if (!binding || !dir) {
        free(binding);
        tree->unbound = true;
        return;
    }
    binding->dir = dir;
    binding->entry = facts->entry;
    binding->resource = resource_ref(facts->resource);
    binding->shown = facts->shown;
    if (choose_stem(binding) < 0 || take_slot(dir, binding) < 0) {
        binding_discard(binding);
        tree->unbound = true;
        return;
    }
    start_times(binding);
    dir->changed_ms = clock_wall_ms(tree->clock);
    store_set_tag(facts->entry, binding);
}

static bool take_project(void *ctx, const StoreFacts *facts)
{
    Tree *tree = ctx;

    tree->unbound |= dir_take(tree, facts->resource) < 0;
    return true;
}

static bool bind_unbound(void *ctx, const StoreFacts *facts)
{
    if (!facts->tag)
        binding_begin(ctx, facts);
    return true;
}

int binding_complete(Tree *tree)
{
    if (!tree->unbound)
        return 0;
    tree->unbound = false;
    store_each(tree->store, STORE_PROJECTS, take_project, tree);
    store_each(tree->store, STORE_INSTANCES, bind_unbound, tree);
    return tree->unbound ? -ERR_NO_MEMORY : 0;
}

/* A plain name that is free goes to the oldest of those that share it and that nobody has seen under another. */
static void give_name_on(Dir *dir, const Resource *of)
{
    Binding *heir = NULL;

    for (size_t i = 0; i < dir->slot_count; i++) {
        Binding *each = dir->slots[i];

        if (each && each->twin && nobody_saw(each) && span_equal(resource_name(each->resource), resource_name(of)) &&
            (!heir || is_older(each->resource, heir->resource)))
            heir = each;
    }
    if (heir)
        (void)set_stem(heir, name_encode);
}

void binding_show(Binding *binding)
{
    if (!binding->shown && !binding->twin)
        store_set_shown(binding->entry);
    binding->shown = true;
    binding->shown_ms = clock_now_ms(binding->dir->tree->clock);
}

bool binding_changed_hands(const Binding *binding)
{
    int64_t now = clock_now_ms(binding->dir->tree->clock);
    uint64_t stem = text_hash(span_of(binding->stem));

    if (binding->dir->tree->reset_ms && now - binding->dir->tree->reset_ms < HANDS_MS)
        return true; /* every name did, and nobody could see it */
    for (unsigned i = 0; i < LOST_NAMES; i++) {
        const struct LostName *lost = &binding->dir->lost[i];

        if (lost->at_ms && lost->stem == stem && now - lost->at_ms < HANDS_MS && binding->shown_ms <= lost->at_ms)
            return true;
    }
    return false;
}

static void note_lost(const Binding *binding)
{
    Dir *dir = binding->dir;

    if (nobody_saw(binding))
        return;
    dir->lost[dir->lost_next] =
        (struct LostName){.stem = text_hash(span_of(binding->stem)), .at_ms = clock_now_ms(dir->tree->clock)};
    dir->lost_next = (dir->lost_next + 1) % LOST_NAMES;
}

static void tell_gone(const Binding *binding, const Node *node, const char *suffix)
{
    const Tree *tree = binding->dir->tree;
    char name[NAME_BYTES_MAX + 8];

    snprintf(name, sizeof name, "%s%s", binding->stem, suffix);
    if (node && binding->dir->node && tree->sink.name_changed)
        tree->sink.name_changed(tree->sink.ctx, binding->dir->node->number, name);
}

static void tell_link_gone(const Binding *binding)
{
    const Tree *tree = binding->dir->tree;

    if (binding->link && tree->sink.name_changed)
        tree->sink.name_changed(tree->sink.ctx, binding->link->parent->number, resource_id(binding->resource));
}

static void binding_end(Binding *binding)
{
    Dir *dir = binding->dir;
    Resource *resource;
    bool was_plain;

    note_lost(binding);
    tell_gone(binding, binding->file, ".json");
    tell_gone(binding, binding->view, "");
    tell_link_gone(binding);
    dir->changed_ms = clock_wall_ms(dir->tree->clock);
    resource = resource_ref(binding->resource);
    was_plain = !binding->twin;
    binding_free(binding);
    if (was_plain && dir->twins > 0)
        give_name_on(dir, resource);
    resource_unref(resource);
}

/* mtime tells of what a person may set, ctime of any byte; details that come to be known are no change. */
static void note_change(Binding *binding, Resource *before, Resource *after)
{
    Tree *tree = binding->dir->tree;
    int64_t now = clock_wall_ms(tree->clock), updated = resource_updated_ms(after);

    if (!resource_is_whole(before)) {
        start_times(binding);
        return;
    }
    binding->ctime_ms = now;
    if (!resource_same_settings(before, after))
        binding->mtime_ms = updated > binding->mtime_ms && updated <= now ? updated : now;
    if (binding->file && tree->sink.node_changed)
        tree->sink.node_changed(tree->sink.ctx, binding->file->number, true);
    if (binding->view)
        attr_tell_values(binding->view);
    vigil_note_change(binding);
}

static void binding_change(Tree *tree, Binding *binding, Resource *before, Resource *after)
{
    StoreFacts facts = binding_facts(binding);

    if (!span_equal(resource_name(before), resource_name(after)) || dir_of(tree, &facts) != binding->dir) {
        binding_end(binding);
        store_set_tag(facts.entry, NULL);
        binding_begin(tree, &facts);
        return;
    }
    versions_note(binding, before);
    resource_unref(binding->resource);
    binding->resource = resource_ref(after);
    if (binding->file)
        node_note_opened(binding->file, NULL);
    note_change(binding, before, after);
}

/* What was read of an id is of another instance. */
static void binding_on_reset(Tree *tree)
{
    static const TreeCaller nobody;
    Failure failure = failure_make(-ERR_NOT_FOUND, "The API was reset: the instances known before are gone.");

    tree->reset_ms = clock_now_ms(tree->clock);
    errors_add(tree, &nobody, "list", "/", &failure);
    hidden_on_reset(tree);
    reads_clear(tree->reads);
}

static void forget_attributes(Node *node)
{
    Node *child;

    if (!node)
        return;
    node->tree->sink.node_changed(node->tree->sink.ctx, node->number, false);
    DL_FOREACH(node->children, child)
    {
        forget_attributes(child);
    }
}

/* The kernel was promised that its attributes hold for longer. */
static void binding_expire(const Binding *binding)
{
    vigil_note_doubt(binding);
    if (!binding->dir->tree->sink.node_changed)
        return;
    forget_attributes(binding->file);
    forget_attributes(binding->view);
}

static void take_instance(Tree *tree, enum StoreEvent event, Resource *before, Resource *after, StoreEntry *entry)
{
    Binding *binding = store_tag(entry);
    StoreFacts facts;

    if (event == STORE_REMOVED && binding) {
        binding_end(binding);
    } else if (event == STORE_CHANGED && binding) {
        binding_change(tree, binding, before, after);
    } else if (event == STORE_EXPIRED) {
        if (binding)
            binding_expire(binding);
    } else if (event != STORE_REMOVED) {
        store_facts(entry, &facts);
        binding_begin(tree, &facts);
    }
}

void binding_on_event(void *ctx, enum StoreSet set, enum StoreEvent event, Resource *before, Resource *after,
                      StoreEntry *entry)
{
    Tree *tree = ctx;

    if (event == STORE_RESET)
        binding_on_reset(tree);
    else if (set == STORE_PROJECTS && event == STORE_REMOVED)
        dir_drop(tree, before);
    else if (set == STORE_PROJECTS)
        tree->unbound |= dir_take(tree, after) < 0;
    else
        take_instance(tree, event, before, after, entry);
}

Node *binding_node(Binding *binding, enum NodeKind kind)
{
    Node **slot = kind == NODE_INSTANCE ? &binding->file : kind == NODE_VIEW ? &binding->view : &binding->link;
    Node *parent = kind == NODE_LINK ? by_id_node(binding->dir->tree) : dir_node(binding->dir);

    if (!*slot && parent) {
        *slot = node_new(binding->dir->tree, kind, parent);
        if (*slot)
            (*slot)->binding = binding;
    }
    return *slot;
}

void binding_free_all(Dir *dir)
{
    for (size_t i = 0; i < dir->slot_count; i++) {
        if (dir->slots[i])
            binding_discard(dir->slots[i]);
    }
}
