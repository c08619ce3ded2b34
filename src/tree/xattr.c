#include "tree_internal.h"

#include <stdio.h>
#include <string.h>

enum {
    XATTR_BYTES = 64 << 10,
    LIVE_MS = 1000, /* younger than this, it is what the API says now */
};

static const char PREFIX[] = "user.skystack.";

static bool is_scalar(Span value)
{
    enum JsonType type = json_type(value);

    return type != JSON_OBJECT && type != JSON_ARRAY;
}

static const char *source_of(const Node *node)
{
    StoreFacts facts;

    if (!node->binding)
        return "local";
    facts = binding_facts(node->binding);
    return facts.stale ? "stale" : facts.age_ms < LIVE_MS ? "live" : "cache";
}

static const Failure *last_failure(const Node *node)
{
    _cleanup_buf_ Buf path = BUF_INIT(XATTR_BYTES);

    return node_path(node, NULL, &path) == 0 ? errors_last_of(node->tree, buf_text(&path)) : NULL;
}

/* The attributes that are about the snapshot, not in it. */
static int get_own(const Node *node, const char *name, Buf *into)
{
    const Failure *failure;

    if (strcmp(name, "source") == 0)
        return buf_append_str(into, source_of(node));
    if (strcmp(name, "age") == 0)
        return node->binding ? buf_printf(into, "%lld", (long long)(binding_facts(node->binding).age_ms / 1000))
                             : -ERR_NO_ATTRIBUTE;
    failure = last_failure(node);
    if (strcmp(name, "error") == 0 && failure)
        return buf_append_str(into, failure_sentence(failure));
    if (strcmp(name, "request_id") == 0 && failure && failure->request_id[0])
        return buf_append_str(into, failure->request_id);
    return -ERR_NO_ATTRIBUTE;
}

static int get_field(const Node *node, const char *name, Buf *into)
{
    Span value;

    if (!node->binding || !json_member(resource_text(binding_facts(node->binding).resource), name, &value) ||
        !is_scalar(value))
        return -ERR_NO_ATTRIBUTE;
    return json_text(value, into);
}

static int get(const Node *node, const char *name, Buf *into)
{
    int r;

    if (strncmp(name, "user.", 5) != 0)
        return -ERR_NOT_SUPPORTED;
    if (strncmp(name, PREFIX, strlen(PREFIX)) != 0 || (node->kind != NODE_INSTANCE && node->kind != NODE_DRAFT))
        return -ERR_NO_ATTRIBUTE;
    r = get_own(node, name + strlen(PREFIX), into);
    return r == -ERR_NO_ATTRIBUTE ? get_field(node, name + strlen(PREFIX), into) : r;
}

static int add_name(Buf *into, const char *name, size_t bytes)
{
    int r = buf_append_str(into, PREFIX);

    if (r == 0)
        r = buf_append(into, name, bytes);
    return r < 0 ? r : buf_append_char(into, '\0');
}

static int list_own(const Node *node, Buf *into)
{
    static const char *const own[] = {"age", "source", "error", "request_id"};
    int r = 0;

    for (size_t i = 0; i < sizeof own / sizeof own[0] && r == 0; i++) {
        _cleanup_buf_ Buf value = BUF_INIT(XATTR_BYTES);

        if (get_own(node, own[i], &value) == 0)
            r = add_name(into, own[i], strlen(own[i]));
    }
    return r;
}

/* Names with a NUL can't be told to the kernel. */
static int list_field(Span raw_key, Buf *into)
{
    _cleanup_buf_ Buf key = BUF_INIT(NAME_BYTES_MAX - sizeof PREFIX);
    int r = json_string(raw_key, &key);

    if (r < 0)
        return r == -ERR_TOO_BIG ? 0 : r;
    return key.len == 0 || memchr(key.data, '\0', key.len) ? 0 : add_name(into, buf_text(&key), key.len);
}

static int list_all(const Node *node, Buf *into)
{
    Span key, value;
    JsonIter iter;
    int r;

    if (node->kind != NODE_INSTANCE && node->kind != NODE_DRAFT)
        return 0;
    r = list_own(node, into);
    if (!node->binding)
        return r;
    json_iter_init(&iter, resource_text(binding_facts(node->binding).resource));
    while (r == 0 && json_iter_next(&iter, &key, &value)) {
        if (is_scalar(value))
            r = list_field(key, into);
    }
    return r;
}

void tree_getxattr(Tree *tree, uint64_t number, const char *name, tree_done_fn done, void *ctx)
{
    _cleanup_buf_ Buf value = BUF_INIT(XATTR_BYTES);
    Node *node = node_find(tree, number);
    TreeReply reply = {.code = -ERR_NOT_FOUND};

    if (node)
        reply.code = name[0] ? get(node, name, &value) : list_all(node, &value);
    reply.bytes = buf_text(&value);
    reply.count = value.len;
    done(ctx, &reply);
}
