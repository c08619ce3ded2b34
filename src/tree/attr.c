#include "feed.h"

#include <string.h>
#include <utlist.h>

enum {
    UNKNOWN_BYTES = 4096, /* as sysfs says where nobody knows yet */
    STEADY_MS = 60000,    /* attributes that never change by themselves */
    VALUE_BYTES = TREE_WRITE_CAP,
};

StoreFacts binding_facts(const Binding *binding)
{
    StoreFacts facts;

    store_facts(binding->entry, &facts);
    return facts;
}

enum StoreNeed attr_need(const Binding *binding)
{
    return binding_facts(binding).listed_whole ? STORE_ATTRIBUTES : STORE_SUMMARY;
}

static size_t value_bytes(const Node *node)
{
    _cleanup_buf_ Buf text = BUF_INIT(VALUE_BYTES);
    Span value;

    return value_of(node, &value) == 0 && value_text(value, &text) == 0 ? text.len : 0;
}

static void attr_of_instance(const Node *node, TreeAttr *attr)
{
    const Binding *binding = node->binding;
    StoreFacts facts = binding_facts(binding);

    attr->mtime_ms = binding->mtime_ms;
    attr->ctime_ms = binding->ctime_ms;
    attr->valid_ms = facts.whole ? facts.fresh_ms : 0;
    if (node->kind == NODE_INSTANCE)
        attr->bytes = facts.whole ? resource_file_bytes(facts.resource) : UNKNOWN_BYTES;
    else if (node->kind == NODE_VALUE)
        attr->bytes = facts.whole ? value_bytes(node) : UNKNOWN_BYTES;
    else
        attr->valid_ms = facts.fresh_ms;
    if (node->kind == NODE_VALUE && attr->valid_ms > 0 && value_is_vital(node))
        attr->valid_ms = store_vitals_ms(binding->entry);
}

/* Files that are written anew at each open: their size is that of what is open now, or nobody's guess. */
static void attr_of_rendered(const Node *node, TreeAttr *attr)
{
    attr->mtime_ms = attr->ctime_ms = clock_wall_ms(node->tree->clock);
    attr->bytes = node->open_handles ? node->rendered : UNKNOWN_BYTES;
}

static void attr_of_local(const Node *node, TreeAttr *attr)
{
    attr->mtime_ms = attr->ctime_ms = node->tree->born_ms;
    if (node->kind == NODE_DEFAULTS) {
        _cleanup_buf_ Buf text = BUF_INIT(VALUE_BYTES);

        attr->bytes = content_of((Node *)node, &text) == 0 ? text.len : 0;
    } else if (node->kind == NODE_DRAFT) {
        attr->bytes = node->rendered;
    }
    if (!node->local)
        return;
    attr->atime_ms = node->local->atime_ms;
    attr->mtime_ms = node->local->mtime_ms;
    attr->ctime_ms = node->local->ctime_ms;
    if (node->kind != NODE_SCRATCH)
        return;
    attr->owned = true;
    attr->uid = node->local->uid;
    attr->gid = node->local->gid;
    attr->bytes = node->local->target ? strlen(node->local->target) : node->local->data.len;
}

/* A text that is kept: known at once, and small. */
static void attr_of_kept(Node *node, TreeAttr *attr)
{
    _cleanup_buf_ Buf text = BUF_INIT(VALUE_BYTES);
    StoreText kept;

    attr->bytes = content_of(node, &text) == 0 ? text.len : 0;
    if (node->dir && node->name && rejected_text(node->dir, node->name, &kept) == 0)
        attr->mtime_ms = attr->ctime_ms = kept.wall_ms;
}

TreeAttr attr_of(Node *node)
{
    TreeAttr attr = {.inode = node_inode(node), .mode = node_mode(node), .unlinked = node->unlinked};

    attr.mtime_ms = attr.ctime_ms = node->tree->born_ms;
    switch ((enum NodeKind)node->kind) {
    case NODE_INSTANCE:
    case NODE_VIEW:
    case NODE_OBJECT:
    case NODE_VALUE:
        if (node->binding)
            attr_of_instance(node, &attr);
        else
            attr.bytes = node->sent_bytes;
        break;
    case NODE_PROJECT:
        if (node->dir)
            attr.mtime_ms = attr.ctime_ms = node->dir->changed_ms;
        break;
    case NODE_MANY:
    case NODE_CONTROL:
    case NODE_ERRORS:
        attr_of_rendered(node, &attr);
        break;
    case NODE_DEFAULTS:
    case NODE_DRAFT:
    case NODE_SCRATCH:
        attr_of_local(node, &attr);
        break;
    case NODE_REJECTED:
    case NODE_ERROR:
    case NODE_ALLOW:
        attr_of_kept(node, &attr);
        break;
    case NODE_ROOT:
    case NODE_CONTROLS:
    case NODE_BY_ID:
    case NODE_LINK:
        attr.valid_ms = STEADY_MS;
        break;
    case NODE_EVENTS:
        feed_attr(node->tree->feed, &attr);
        break;
    case NODE_REFRESH:
    case NODE_UNDO:
    case NODE_FOLLOW:
        break;
    }
    if (attr.atime_ms == 0)
        attr.atime_ms = attr.mtime_ms;
    return attr;
}

void attr_note_sent(Node *node, const TreeAttr *attr)
{
    node->sent_bytes = (uint32_t)attr->bytes;
}

void attr_tell_values(Node *node)
{
    const TreeSink *sink = &node->tree->sink;
    Node *each;

    DL_FOREACH(node->children, each)
    {
        attr_tell_values(each);
        if (each->kind == NODE_VALUE && each->lookups > 0 && sink->node_changed &&
            value_bytes(each) != each->sent_bytes)
            sink->node_changed(sink->ctx, each->number, false);
    }
}

void entry_of(Node *node, int64_t valid_ms, TreeEntry *ret_entry)
{
    if (node->lookups++ == 0)
        node_use(node);
    *ret_entry = (TreeEntry){.node = node->number, .valid_ms = valid_ms, .attr = attr_of(node)};
    attr_note_sent(node, &ret_entry->attr);
}
