#include "tree_internal.h"

#include <string.h>

static int content_of_instance(const Node *node, Buf *into)
{
    return node->binding ? json_indent(into, resource_text(binding_facts(node->binding).resource)) : -ERR_NOT_FOUND;
}

static int content_of_value(const Node *node, Buf *into)
{
    Span value;

    return value_of(node, &value) ? value_text(value, into) : -ERR_NOT_FOUND;
}

int content_of(Node *node, Buf *into)
{
    switch ((enum NodeKind)node->kind) {
    case NODE_INSTANCE:
        return content_of_instance(node, into);
    case NODE_VALUE:
        return content_of_value(node, into);
    case NODE_TABLE:
        return table_render(node->tree, node->dir, into);
    case NODE_NDJSON:
        return ndjson_render(node->tree, node->dir, into);
    case NODE_DEFAULTS:
        return json_indent(into, span_of(dir_defaults(node->dir)));
    case NODE_CONTROL:
        return node->control->render(node->control->ctx, into);
    case NODE_ERRORS:
        return errors_render(node->tree, into);
    case NODE_DRAFT:
    case NODE_REFRESH:
        return 0;
    default:
        return -ERR_IS_DIRECTORY;
    }
}
