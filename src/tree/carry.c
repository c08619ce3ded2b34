#include "tree_internal.h"

#include <stdlib.h>
#include <string.h>

#include "patch.h"

/*
 * Carrying a text out. What it means depends on what stands under the name:
 *
 *   nothing                                    a create
 *   an instance                                an update of it
 *   one that this process has just deleted     an update too, and the delete is taken back: many programs replace a file so
 *   one that another process has just deleted  its delete first, then a create
 *   one that is hidden behind its backup       an update, and it is seen again
 */

void carry_release(Carry *carry)
{
    free(carry->stem);
    resource_unref(carry->base);
    *carry = (Carry){0};
}

static bool server_owns_or_place(Span name)
{
    return resource_server_owns(name) || span_is(name, "name") || span_is(name, "project_id");
}

/* What the text is about: this instance (whole), another (a dump of it), or it does not say (a patch). */
enum TextKind { TEXT_WHOLE, TEXT_DUMP, TEXT_PATCH };

static int text_kind(const Carry *carry, const Resource *now, enum TextKind *ret_kind)
{
    Span value;
    int r;

    *ret_kind = TEXT_PATCH;
    if (carry->is_patch || !json_member(carry->text, "id", &value))
        return 0;
    r = text_value_is(value, span_of(resource_id(now)));
    *ret_kind = r > 0 ? TEXT_WHOLE : TEXT_DUMP;
    return r < 0 ? r : 0;
}

static int fail_with(Failure *ret_failure, int code)
{
    *ret_failure = failure_make(code, "%s", error_sentence(code));
    return code;
}

/* A patch that names another instance than its file would rename it by accident. */
static int check_name(const Carry *carry, const Resource *now, Failure *ret_failure)
{
    Span value;
    int r;

    if (carry->is_patch || !json_member(carry->text, "name", &value))
        return 0;
    r = text_value_is(value, resource_name(now));
    if (r != 0)
        return r < 0 ? fail_with(ret_failure, r) : 0;
    *ret_failure = failure_make(-ERR_INVALID, "The text's `name` is not the file's.");
    failure_set_mend(ret_failure, "Leave `name` out; to rename the instance, use mv.");
    return -ERR_INVALID;
}

/* A mkdir that takes its own process's delete back promises the name and what bears it, and has no text that could give
 * either. */
static int check_made(const Carry *carry, const Resource *now, Failure *ret_failure)
{
    const char *instead;

    if (!carry->base)
        return 0;
    if (span_is(resource_status(now), "deleting"))
        instead = "is being deleted";
    else if (!span_equal(resource_name(carry->base), resource_name(now)))
        instead = "has another name by now";
    else
        return 0;
    *ret_failure =
        failure_make(-ERR_BUSY, "The delete was taken back, but %s %s, by another client.", resource_id(now), instead);
    failure_set_mend(ret_failure, "Look at what is there now, and ask again.");
    return -ERR_BUSY;
}

static int conflict(const Buf *path, Failure *ret_failure)
{
    *ret_failure = failure_make(
        -ERR_CONFLICT, "`%s` was changed by somebody else since this text was read. Nothing was sent.", buf_text(path));
    failure_set_mend(ret_failure,
                     "Read the file again, and make the change anew; your text is kept as NAME.json.rejected.");
    return -ERR_CONFLICT;
}

static bool is_empty(const Buf *patch)
{
    return strcmp(buf_text(patch), "{}") == 0;
}

/* What the text changes of its base. A text that changes nothing of an older version, written by a process that never read
 * that version, puts it back (git checkout, a restored backup): then it is compared with the state of now. */
static int find_wanted(const Carry *carry, Span *base, Span now, enum TextKind kind, Buf *wanted)
{
    bool (*skip)(Span) = kind == TEXT_DUMP ? server_owns_or_place : resource_server_owns;
    int r = patch_make(*base, carry->text, kind == TEXT_WHOLE, skip, wanted);

    if (r < 0 || !is_empty(wanted) || carry->base_is_own || kind != TEXT_WHOLE)
        return r;
    *base = now;
    buf_clear(wanted);
    return patch_make(now, carry->text, true, skip, wanted);
}

/* The difference, if it does not meet somebody else's, brought down to what is left to change now. */
static int make_patch(const Carry *carry, Span base, Span now, enum TextKind kind, Buf *into, Failure *ret_failure)
{
    _cleanup_buf_ Buf wanted = BUF_INIT(TREE_WRITE_CAP), path = BUF_INIT(TREE_WRITE_CAP);
    int r = find_wanted(carry, &base, now, kind, &wanted);

    if (r < 0)
        return fail_with(ret_failure, r);
    r = patch_conflict(base, now, (Span){wanted.data, wanted.len}, &path);
    if (r > 0)
        return conflict(&path, ret_failure);
    if (r == 0)
        r = patch_reduce(now, (Span){wanted.data, wanted.len}, into);
    return r < 0 ? fail_with(ret_failure, r) : 0;
}

static int prepare(void *ctx, Resource *now, Buf *patch, Failure *ret_failure)
{
    TreeOp *op = ctx;
    const Carry *carry = &op->carry;
    enum TextKind kind;
    const Resource *base = carry->base && strcmp(resource_id(carry->base), resource_id(now)) == 0 ? carry->base : now;
    int r = text_kind(carry, now, &kind);

    if (r < 0)
        return fail_with(ret_failure, r);
    if (carry->is_made)
        r = check_made(carry, now, ret_failure);
    else if (kind == TEXT_PATCH)
        r = check_name(carry, now, ret_failure);
    if (r < 0)
        return r;
    return make_patch(carry, resource_text(base), resource_text(now), kind, patch, ret_failure);
}

static uint64_t texts_replaced(const TreeOp *op)
{
    return op->handle ? rejected_replaces(op->handle, op->texts) : op->texts;
}

/* From here on the store keeps the text, if it comes to nothing. */
static void note_kept(TreeOp *op)
{
    if (op->handle)
        op->handle->kept = true;
}

static bool update(TreeOp *op, const Binding *binding)
{
    const Span no_text = {NULL, 0};
    StoreIntent intent = {.change = STORE_UPDATE,
                          .id = resource_id(binding->resource),
                          .project_id = binding->dir->id,
                          .name = resource_name(binding->resource),
                          .text = op->carry.is_patch || op->carry.is_made ? no_text : op->carry.text,
                          .uid = op->caller.uid,
                          .after = texts_replaced(op),
                          .prepare = prepare,
                          .prepare_ctx = op};

    note_kept(op);
    return op_need_change(op, &intent);
}

static void tell_and_fail(TreeOp *op, const Failure *failure)
{
    op->failure = *failure;
    op_fail_told(op, &op->failure);
}

static bool create(TreeOp *op)
{
    _cleanup_buf_ Buf name = BUF_INIT(NAME_BYTES_MAX), body = BUF_INIT(2 * TREE_WRITE_CAP);
    StoreIntent intent = {
        .change = STORE_CREATE, .project_id = op->carry.dir->id, .uid = op->caller.uid, .after = texts_replaced(op)};
    Failure failure;
    int r = name_decode(span_of(op->carry.stem), &name);

    if (r < 0) {
        failure = r == -ERR_NO_MEMORY ? failure_make(r, "%s", error_sentence(r))
                                      : failure_make(-ERR_INVALID, "No instance can be created under this name.");
        tell_and_fail(op, &failure);
        return false;
    }
    intent.name = (Span){buf_text(&name), name.len};
    if (!op->waiting && (create_body(op->carry.dir, intent.name, op->carry.text, &body, &failure) < 0 ||
                         guard_create(op->tree, &failure) < 0)) {
        tell_and_fail(op, &failure);
        return false;
    }
    intent.body = (Span){buf_text(&body), body.len};
    if (!op->carry.is_made)
        intent.text = op->carry.text;
    note_kept(op);
    return op_need_change(op, &intent);
}

static bool send_delete(TreeOp *op, Hidden *hidden)
{
    StoreIntent intent = binding_delete_intent(hidden->binding, hidden->caller.uid);

    store_cancel(hidden->sending); /* if it is under way, the store goes on with it, and lets ours wait for it */
    hidden->sending = NULL;
    if (!op->claimed) {
        guard_note_delete(op->tree);
        hidden->claims++;
        op->claimed = hidden;
    }
    return op_need_change(op, &intent);
}

/* Another process's delete goes first; when it is through, the binding is gone, and the name free. */
static bool delete_first(TreeOp *op, Hidden *hidden)
{
    if (!op->changed && !send_delete(op, hidden))
        return false;
    op->changed = false;
    hidden_end(op->claimed, NULL);
    op->claimed = NULL;
    return true;
}

/* The name is free, but for another who waited for the same delete, or an instance of the same name that has it now. */
static bool create_after_delete(TreeOp *op)
{
    if (!binding_find_any(op->carry.dir, span_of(op->carry.stem)))
        return create(op);
    op_refuse(op, -ERR_EXISTS, "Read the file, and write it again if you mean this instance.",
              "The name has become another instance's meanwhile. Nothing was sent.");
    return false;
}

static void find_base(TreeOp *op, const Binding *binding)
{
    Resource *base = op->carry.is_made
                         ? binding->resource
                         : base_find(op->tree, &op->caller, binding, op->carry.text, &op->carry.base_is_own);

    if (base)
        op->carry.base = resource_ref(base);
}

bool carry_out(TreeOp *op)
{
    Binding *binding;
    Hidden *hidden;

    if (op->changed && !op->claimed)
        return true;
    if (!op->changed && binding_complete(op->tree) < 0) {
        op_fail(op, -ERR_NO_MEMORY);
        return false;
    }
    binding = binding_find_any(op->carry.dir, span_of(op->carry.stem));
    hidden = binding ? binding->hidden : NULL;
    if (op->claimed || (hidden && hidden->kind == HIDDEN_DELETE && !hidden_is_callers(hidden, &op->caller))) {
        return delete_first(op, op->claimed ? op->claimed : hidden) && create_after_delete(op);
    }
    if (hidden && hidden->kind == HIDDEN_DELETE && !op->changed)
        unhide(hidden); /* our own: from here on nothing is deleted, whatever becomes of the text */
    if (!binding)
        return create(op);
    if (!op->carry.base)
        find_base(op, binding);
    return update(op, binding);
}

void carry_bind(TreeOp *op, Node *node)
{
    Binding *binding = op->result ? resolve_id(op->tree, resource_id(op->result)) : NULL;

    if (!binding)
        binding = binding_find_any(op->carry.dir, span_of(op->carry.stem));
    if (!binding)
        return;
    unhide(binding->hidden);
    binding_show(binding);
    if (node && node->kind != NODE_VALUE)
        binding_take_node(binding, node);
}
