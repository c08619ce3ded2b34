#include "tree_internal.h"

#include <string.h>

static int content_of_instance(const Node *node, Buf *into)
{
    return node->binding ? json_indent(into, resource_text(binding_facts(node->binding).resource)) : -ERR_NOT_FOUND;
}

static int content_of_value(const Node *node, Buf *into)
{
    Span value;
    int r = value_of(node, &value);

    return r < 0 ? r : value_text(value, into);
}

static int content_of_rejected(const Node *node, Buf *into)
{
    StoreText text;
    int r = node->name ? rejected_text(node->dir, node->name, &text) : -ERR_NOT_FOUND;

    return r < 0 ? r : buf_append(into, text.text.at, text.text.len);
}

int content_of(Node *node, Buf *into)
{
    switch ((enum NodeKind)node->kind) {
    case NODE_INSTANCE:
        return content_of_instance(node, into);
    case NODE_VALUE:
        return content_of_value(node, into);
    case NODE_MANY:
        return many_render(node, into);
    case NODE_DEFAULTS:
        return json_indent(into, span_of(dir_defaults(node->dir)));
    case NODE_CONTROL:
        return node->control->render(node->control->ctx, into);
    case NODE_ERRORS:
        return errors_render(node->tree, into);
    case NODE_REJECTED:
        return content_of_rejected(node, into);
    case NODE_ERROR:
        return error_render(node, into);
    case NODE_ALLOW:
        return guard_render(node->tree, into);
    case NODE_SCRATCH:
        return node->local ? buf_append(into, buf_text(&node->local->data), node->local->data.len) : -ERR_NOT_FOUND;
    case NODE_DRAFT:
    case NODE_REFRESH:
    case NODE_UNDO:
    case NODE_EVENTS:
    case NODE_FOLLOW:
        return 0; /* nothing, or not all at once */
    default:
        return -ERR_IS_DIRECTORY;
    }
}

int content_text(Node *node, size_t cap, Text **ret_text)
{
    _cleanup_buf_ Buf text = BUF_INIT(cap);
    int r = content_of(node, &text);

    if (r < 0)
        return r;
    *ret_text = text_of_buf(&text);
    return *ret_text ? 0 : -ERR_NO_MEMORY;
}
