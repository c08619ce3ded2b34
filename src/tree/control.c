#include "tree_internal.h"

#include <stdlib.h>
#include <string.h>

/* What is written to the files of .skystack: each write is a command. */

static const char *skip_mount(const char *path, size_t *count)
{
    while (*count > 0 && strchr(" \t\r\n", path[*count - 1]))
        (*count)--;
    while (*count > 0 && *path == '/') {
        path++;
        (*count)--;
    }
    return path;
}

/* The instance that a path below the mount names: PROJECT/NAME.json or PROJECT/NAME. */
static Binding *binding_of_path(Tree *tree, char *path)
{
    char *slash = strchr(path, '/');
    Dir *dir = tree->root->dir;
    Span stem;

    if (!dir && slash) {
        *slash = '\0';
        dir = dir_find_stem(tree, path);
        path = slash + 1;
    }
    if (!dir)
        return NULL;
    stem = span_of(path);
    stem.len = strcspn(path, "/");
    if (name_kind(stem, &stem) == NAME_HIDDEN)
        return NULL;
    return binding_find_any(dir, stem);
}

static void undo(Tree *tree, const Binding *only)
{
    Hidden *waiting;

    if (only)
        unhide(only->hidden);
    while (!only && (waiting = hidden_waiting(tree, NULL)) != NULL)
        unhide(waiting);
}

/* "all", or a path. refresh: the next look there asks the API. undo: a delete that waits there is taken back. */
void control_write_step(TreeOp *op)
{
    size_t count = op->handle->buffer.len;
    const char *text = skip_mount(buf_text(&op->handle->buffer), &count);
    TreeReply reply = {.count = op->count};
    char *path = strndup(text, count);
    bool all = path && strcmp(path, "all") == 0;
    bool project = path && dir_find_stem(op->tree, path);
    Binding *binding = path && !all ? binding_of_path(op->tree, path) : NULL;

    buf_clear(&op->handle->buffer);
    free(path);
    if (op->handle->writes == WRITE_REFRESH && !all && !project && !binding) {
        op_refuse(op, -ERR_NOT_FOUND, "Write `all`, or a path below the mount, such as prod or prod/web-1.json.",
                  "There is no such file here.");
        return;
    }
    if (op->handle->writes == WRITE_UNDO && !all && (!binding || !binding->hidden || !hidden_waits(binding->hidden))) {
        op_refuse(op, -ERR_NOT_FOUND, "Write `all`, or the path of a file whose delete still waits.",
                  "No delete waits there.");
        return;
    }
    if (op->handle->writes == WRITE_UNDO)
        undo(op->tree, binding);
    else
        store_hint(op->tree->store, binding ? resource_id(binding->resource) : NULL);
    op_finish(op, &reply);
}

void control_allow_step(TreeOp *op)
{
    TreeReply reply = {.count = op->count};
    char *end;
    unsigned long number = strtoul(buf_text(&op->handle->buffer), &end, 10);
    bool good = end != buf_text(&op->handle->buffer) && strspn(end, " \t\r\n") == strlen(end) && number <= 1000000;

    buf_clear(&op->handle->buffer);
    if (!good) {
        op_refuse(op, -ERR_INVALID, "Write how many deletes may pass within 10 minutes, such as 20.",
                  "That is not a number of deletes.");
        return;
    }
    guard_allow(op->tree, (unsigned)number);
    op_finish(op, &reply);
}
