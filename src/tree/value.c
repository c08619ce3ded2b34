#include "tree_internal.h"

#include <string.h>

enum { KEY_BYTES = 1024 };

/* The object or value that a node of a view shows, found by walking from the instance down. */
bool value_of(const Node *node, Span *ret_value)
{
    Span parent;

    if (!node->binding)
        return false;
    if (node->kind == NODE_VIEW) {
        *ret_value = resource_text(binding_facts(node->binding).resource);
        return true;
    }
    return node->name && value_of(node->parent, &parent) && value_member(parent, node->name, ret_value);
}

int value_file_name(Span raw_key, Buf *into)
{
    _cleanup_buf_ Buf key = BUF_INIT(KEY_BYTES);
    int r = json_string(raw_key, &key);

    return r < 0 ? r : name_encode((Span){buf_text(&key), key.len}, "", into);
}

bool value_member(Span object, const char *file_name, Span *ret_value)
{
    JsonIter iter;
    Span key, value;

    if (json_type(object) != JSON_OBJECT)
        return false;
    json_iter_init(&iter, object);
    while (json_iter_next(&iter, &key, &value)) {
        _cleanup_buf_ Buf name = BUF_INIT(NAME_BYTES_MAX);

        if (value_file_name(key, &name) == 0 && strcmp(buf_text(&name), file_name) == 0) {
            *ret_value = value;
            return true;
        }
    }
    return false;
}

static int scalar_text(Span value, Buf *into)
{
    switch (json_type(value)) {
    case JSON_STRING:
        return json_string(value, into);
    case JSON_NULL:
        return 0;
    case JSON_OBJECT:
    case JSON_ARRAY:
        return json_compact(into, value);
    default:
        return buf_append(into, value.at, value.len);
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
