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

/* What a command is about: everything, a project, or an instance; of none of them `named` is false. */
typedef struct Scope {
    bool named;
    const Dir *dir;
    const Binding *binding;
} Scope;

static Scope scope_of(Tree *tree, const char *text, size_t count)
{
    Scope scope = {0};
    char *path = strndup(text, count);

    if (!path)
        return scope;
    scope.named = strcmp(path, "all") == 0;
    if (!scope.named && !tree->root->dir) /* else its files are right below the mount */
        scope.dir = dir_find_stem(tree, path);
    if (!scope.named && !scope.dir)
        scope.binding = binding_of_path(tree, path);
    scope.named = scope.named || scope.dir || scope.binding;
    free(path);
    return scope;
}

/* False: no delete waits there. */
static bool undo(Tree *tree, const Scope *scope)
{
    Hidden *waiting = scope->binding ? scope->binding->hidden : hidden_waiting(tree, scope->dir);

    if (!scope->named || !waiting || !hidden_waits(waiting))
        return false;
    unhide(waiting);
    while (!scope->binding && (waiting = hidden_waiting(tree, scope->dir)) != NULL)
        unhide(waiting);
    return true;
}

/* "all", or the path of a project or a file. refresh: the next look there asks the API. undo: deletes that wait there are
 * taken back. */
void control_write_step(TreeOp *op)
{
    size_t count = op->handle->buffer.len;
    const char *text = skip_mount(buf_text(&op->handle->buffer), &count);
    Scope scope = scope_of(op->tree, text, count);
    TreeReply reply = {.count = op->count};

    buf_clear(&op->handle->buffer);
    if (op->handle->writes == WRITE_UNDO && !undo(op->tree, &scope)) {
        op_refuse(op, -ERR_NOT_FOUND, "Write `all`, or the path of a project or file whose delete still waits.",
                  "No delete waits there.");
        return;
    }
    if (op->handle->writes == WRITE_REFRESH && !scope.named) {
        op_refuse(op, -ERR_NOT_FOUND, "Write `all`, or a path below the mount, such as prod or prod/web-1.json.",
                  "There is no such file here.");
        return;
    }
    if (op->handle->writes == WRITE_REFRESH)
        store_hint(op->tree->store, scope.binding ? resource_id(scope.binding->resource) : NULL);
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
