#include "tree_internal.h"

#include <string.h>

enum { KEY_BYTES = 1024 };

/* The object or value that a node of a view shows, found by walking from the instance down. */
int value_of(const Node *node, Span *ret_value)
{
    Span parent;
    int r;

    if (!node->binding)
        return -ERR_NOT_FOUND;
    if (node->kind == NODE_VIEW) {
        *ret_value = resource_text(binding_facts(node->binding).resource);
        return 0;
    }
    r = node->name ? value_of(node->parent, &parent) : -ERR_NOT_FOUND;
    return r < 0 ? r : value_member(parent, node->name, NULL, ret_value);
}

int value_file_name(Span raw_key, Buf *into)
{
    _cleanup_buf_ Buf key = BUF_INIT(KEY_BYTES);
    int r = json_string(raw_key, &key);

    return r < 0 ? r : name_encode((Span){buf_text(&key), key.len}, "", into);
}

int value_member(Span object, const char *file_name, Span *ret_key, Span *ret_value)
{
    JsonIter iter;
    Span key, value;

    if (json_type(object) != JSON_OBJECT)
        return -ERR_NOT_FOUND;
    json_iter_init(&iter, object);
    while (json_iter_next(&iter, &key, &value)) {
        _cleanup_buf_ Buf name = BUF_INIT(NAME_BYTES_MAX);
        int r = value_file_name(key, &name);

        if (r == -ERR_NO_MEMORY)
            return r;
        if (r < 0 || strcmp(buf_text(&name), file_name) != 0)
            continue;
        if (ret_key)
            *ret_key = key;
        if (ret_value)
            *ret_value = value;
        return 0;
    }
    return -ERR_NOT_FOUND;
}

static int scalar_text(Span value, Buf *into)
{
    switch (json_type(value)) {
    case JSON_NULL:
        return 0;
    case JSON_OBJECT:
    case JSON_ARRAY:
        return json_compact(into, value);
    default:
        return json_text(value, into);
    }
}

/* One value and an end of line; of a list, one line an element. */
int value_text(Span value, Buf *into)
{
    JsonIter iter;
    Span key, element;
    int r = 0;

    if (json_type(value) != JSON_ARRAY) {
        r = scalar_text(value, into);
        return r < 0 ? r : buf_append_char(into, '\n');
    }
    json_iter_init(&iter, value);
    while (r == 0 && json_iter_next(&iter, &key, &element)) {
        r = scalar_text(element, into);
        if (r == 0)
            r = buf_append_char(into, '\n');
    }
    return r;
}

/* The node of the top-level field that a node is or lies in. */
static const Node *top_of(const Node *node)
{
    while (node->parent && node->parent->kind != NODE_VIEW)
        node = node->parent;
    return node;
}

bool value_is_vital(const Node *node)
{
    const Node *top = top_of(node);

    return top->name && resource_is_vital(span_of(top->name));
}

bool value_may_be_set(const Node *node)
{
    const Node *top = top_of(node);

    return top->name && !resource_server_owns(span_of(top->name)) && strcmp(top->name, "project_id") != 0;
}

/* Wraps what `into` holds in {"key": … } for each level up to the instance. */
static int wrap(const Node *node, Span inner, Buf *into)
{
    _cleanup_buf_ Buf outer = BUF_INIT(TREE_WRITE_CAP);
    Span object, key;
    int r;

    r = value_of(node->parent, &object);
    if (r == 0)
        r = value_member(object, node->name, &key, NULL);
    if (r != 0)
        return r;
    r = buf_printf(&outer, "{%.*s:%.*s}", (int)key.len, key.at, (int)inner.len, inner.at);
    if (r < 0)
        return r;
    if (node->parent->kind != NODE_VIEW)
        return wrap(node->parent, (Span){outer.data, outer.len}, into);
    return buf_append(into, outer.data, outer.len);
}

int value_patch(const Node *node, Span written, Buf *into)
{
    _cleanup_buf_ Buf json = BUF_INIT(TREE_WRITE_CAP);
    Span value;
    int r = value_of(node, &value);

    if (r < 0)
        return r;
    if (written.len > 0 && written.at[written.len - 1] == '\n')
        written.len--;
    if (json_type(value) == JSON_STRING || json_type(value) == JSON_NULL)
        r = json_quote(&json, written);
    else
        r = json_check(written, NULL) < 0 ? -ERR_INVALID : buf_append(&json, written.at, written.len);
    return r < 0 ? r : wrap(node, (Span){json.data, json.len}, into);
}
