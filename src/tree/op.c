#include "tree_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "feed.h"
#include "log.h"

enum { PATH_BYTES = 16 << 10 };

static TreeOp *op_new(Tree *tree, const TreeCaller *caller, const char *verb, Node *node, const char *name)
{
    TreeOp *op = calloc(1, sizeof *op);

    if (!op)
        return NULL;
    if (name) {
        op->name = strdup(name);
        if (!op->name) {
            free(op);
            return NULL;
        }
    }
    op->tree = tree;
    op->verb = verb;
    op->node = node_use(node);
    if (caller)
        op->caller = *caller;
    return op;
}

TreeOp *op_start(Tree *tree, const TreeCaller *caller, const char *verb, uint64_t number, const char *name,
                 tree_done_fn done, void *ctx, TreeOp **ret_op)
{
    Node *node = node_find(tree, number);
    TreeOp *op = node && (!name || strlen(name) <= NAME_BYTES_MAX) ? op_new(tree, caller, verb, node, name) : NULL;
    bool too_long = name && strlen(name) > NAME_BYTES_MAX; /* newer kernels hand on names of up to 4095 bytes */
    TreeReply reply = {.code = !node ? -ERR_NOT_FOUND : too_long ? -ERR_NAME_TOO_LONG : -ERR_NO_MEMORY};

    *ret_op = NULL;
    if (!op) {
        done(ctx, &reply);
        return NULL;
    }
    op->done = done;
    op->ctx = ctx;
    op->texts = store_texts(tree->store);
    tree->parked++;
    return op;
}

/* A name in a project may be one that there was no memory for when its instance came: without it, a file would be said to be missing, or
 * an instance be made twice. */
static void take_step(TreeOp *op)
{
    if (!op->changed && op->name && op->node->kind == NODE_PROJECT && binding_complete(op->tree) < 0)
        op_fail(op, -ERR_NO_MEMORY);
    else
        op->step(op);
}

void op_run(TreeOp *op, TreeOp **ret_op, void (*step)(TreeOp *op))
{
    bool over = false;

    op->step = step;
    /* cppcheck-suppress autoVariables  ; it is set back to NULL before this returns */
    op->over = &over;
    take_step(op);
    if (over)
        return;
    op->over = NULL;
    *ret_op = op;
}

/* The delete that it carried out came to nothing, or its caller went. */
static void give_claim_up(TreeOp *op)
{
    if (op->failure.code == 0)
        op->failure = failure_make(-ERR_INTERRUPTED, "%s", error_sentence(-ERR_INTERRUPTED));
    hidden_end(op->claimed, &op->failure);
}

static void op_free(TreeOp *op)
{
    op->tree->parked--;
    if (op->syncs)
        DL_DELETE(op->tree->syncs, op);
    feed_leave(op);
    if (op->claimed)
        give_claim_up(op);
    carry_release(&op->carry);
    text_unref(op->text);
    resource_unref(op->result);
    if (op->source)
        node_unuse(op->source);
    if (op->target)
        node_unuse(op->target);
    free(op->target_name);
    node_unuse(op->node);
    free(op->name);
    free(op);
}

static void stop_waiting(TreeOp *op)
{
    store_cancel(op->waiting);
    op->waiting = NULL;
}

void op_finish(TreeOp *op, const TreeReply *reply)
{
    stop_waiting(op);
    if (op->over)
        *op->over = true;
    if (reply->code < 0 && op->broke)
        op->broke(op, reply->code);
    op->done(op->ctx, reply);
    op_free(op);
}

void op_fail(TreeOp *op, int code)
{
    TreeReply reply = {.code = code};

    op_finish(op, &reply);
}

void op_tell(TreeOp *op, const Failure *failure)
{
    _cleanup_buf_ Buf path = BUF_INIT(PATH_BYTES);

    if (node_path(op->node, op->name, &path) == 0)
        errors_add(op->tree, &op->caller, op->verb, buf_text(&path), failure);
}

void op_fail_told(TreeOp *op, const Failure *failure)
{
    op_tell(op, failure);
    if (failure != &op->failure)
        op->failure = *failure;
    op_fail(op, failure->code);
}

bool op_refused_read_only(TreeOp *op)
{
    if (!op->tree->read_only)
        return false;
    op_refuse(op, -ERR_READ_ONLY, "Mount without `ro` to change anything.", "This mount is read-only.");
    return true;
}

void op_refuse(TreeOp *op, int code, const char *mend, const char *message_format, ...)
{
    Failure failure = {.code = code};
    va_list args;

    va_start(args, message_format);
    vsnprintf(failure.message, sizeof failure.message, message_format, args);
    va_end(args);
    failure_set_mend(&failure, "%s", mend);
    op_fail_told(op, &failure);
}

void tree_cancel(TreeOp *op)
{
    bool unsent;

    if (!op)
        return;
    unsent = store_cancel(op->waiting);
    if (op->broke)
        op->broke(op, unsent ? -ERR_INTERRUPTED : -ERR_UNSETTLED);
    op_free(op);
}

/* An answer of the store's has come; the flag that it sets was set by the caller of this. */
static void on_answer(TreeOp *op, const Failure *failure)
{
    op->waiting = NULL;
    if (op->inside) {
        op->failed = failure != NULL;
        if (failure)
            op->failure = *failure;
    } else if (failure) {
        op_fail_told(op, failure);
    } else {
        take_step(op);
    }
}

/* After the store was asked: true if the answer was there at once, and good. */
static bool answered_inside(TreeOp *op)
{
    op->inside = false;
    if (op->waiting)
        return false;
    if (!op->failed)
        return true;
    op_fail_told(op, &op->failure);
    return false;
}

static void on_page(void *ctx)
{
    TreeOp *op = ctx;

    if (!op->inside)
        op->step(op);
}

static void on_projects(void *ctx, const Failure *failure)
{
    TreeOp *op = ctx;

    op->listed[STORE_PROJECTS] = true;
    on_answer(op, failure);
}

static void on_instances(void *ctx, const Failure *failure)
{
    TreeOp *op = ctx;

    op->listed[STORE_INSTANCES] = true;
    on_answer(op, failure);
}

static bool need_list(TreeOp *op, enum StoreSet set)
{
    if (op->listed[set])
        return true;
    if (op->waiting)
        return false;
    op->inside = true;
    op->waits_for_list = true;
    store_list(op->tree->store, set, on_page, set == STORE_PROJECTS ? on_projects : on_instances, op, &op->waiting);
    return answered_inside(op);
}

bool op_need_list(TreeOp *op, enum StoreSet set)
{
    if (!need_list(op, set))
        return false;
    if (binding_complete(op->tree) == 0)
        return true;
    op_fail(op, -ERR_NO_MEMORY);
    return false;
}

bool op_need_names(TreeOp *op, enum StoreSet set)
{
    if (!op->waiting && !op->listed[set] && store_list_warm(op->tree->store, set))
        op->listed[set] = true;
    return op_need_list(op, set);
}

static void on_instance(void *ctx, const Failure *failure, Resource *resource)
{
    TreeOp *op = ctx;
    bool gone = failure && failure->code == -ERR_NOT_FOUND;

    (void)resource;
    op->got = true;
    on_answer(op, gone ? NULL : failure);
}

bool op_need_instance(TreeOp *op, Binding *binding, enum StoreNeed need)
{
    if (op->got)
        return true;
    if (op->waiting && op->waits_for_list)
        stop_waiting(op); /* the list has just brought it */
    if (op->waiting)
        return false;
    op->inside = true;
    op->waits_for_list = false;
    store_get(op->tree->store, resource_id(binding->resource), need, on_instance, op, &op->waiting);
    return answered_inside(op);
}

static void on_change(void *ctx, const Failure *failure, Resource *resource)
{
    TreeOp *op = ctx;

    op->changed = !failure;
    if (resource)
        op->result = resource_ref(resource);
    on_answer(op, failure);
}

bool op_need_change(TreeOp *op, const StoreIntent *intent)
{
    if (op->changed)
        return true;
    if (op->waiting)
        return false;
    op->inside = true;
    op->waits_for_list = false;
    store_change(op->tree->store, intent, on_change, op, &op->waiting);
    return answered_inside(op);
}
