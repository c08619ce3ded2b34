#include "feed.h"

#include <stdio.h>
#include <stdlib.h>
#include <utlist.h>

#include "process.h"

/*
 * A delete that waits:
 *
 *   waiting ──due, sync, another's create──> sending ──done──> gone with its binding
 *      │                                        └──failed──> seen again, and told
 *      └──undo, the guard, the same process's create──> seen again
 *
 * A backup hides the file that it was made from until that is written anew, or the backup goes, or its time is up.
 */

bool hidden_waits(const Hidden *hidden)
{
    return !hidden->sending && hidden->claims == 0;
}

static void arm(Tree *tree)
{
    int64_t now = clock_now_ms(tree->clock), first = INT64_MAX;
    const Hidden *each;

    DL_FOREACH(tree->hidden, each)
    {
        if (hidden_waits(each) && each->due_ms < first)
            first = each->due_ms;
    }
    if (first != INT64_MAX && tree->hidden_timer)
        timer_start(tree->hidden_timer, first - now);
}

static void on_due(void *ctx)
{
    Tree *tree = ctx;
    int64_t now = clock_now_ms(tree->clock);
    Hidden *each, *next;

    DL_FOREACH_SAFE(tree->hidden, each, next)
    {
        if (each->due_ms > now || !hidden_waits(each))
            continue;
        if (each->kind == HIDDEN_BACKUP)
            unhide(each);
        else
            hidden_send(each);
    }
    arm(tree);
}

static void forget_names(const Binding *binding)
{
    const Tree *tree = binding->dir->tree;

    char file[NAME_BYTES_MAX + 8];

    snprintf(file, sizeof file, "%s.json", binding->stem);
    if (!binding->dir->node || !tree->sink.name_changed)
        return;
    if (binding->file) {
        tree->sink.node_changed(tree->sink.ctx, binding->file->number, false);
        tree->sink.name_changed(tree->sink.ctx, binding->dir->node->number, file);
    }
    if (binding->view)
        tree->sink.name_changed(tree->sink.ctx, binding->dir->node->number, binding->stem);
}

int hide(Binding *binding, enum HiddenKind kind, const TreeCaller *caller, int64_t for_ms, Node *backup)
{
    Tree *tree = binding->dir->tree;
    Hidden *hidden = calloc(1, sizeof *hidden);

    if (!tree->hidden_timer)
        tree->hidden_timer = timer_new(tree->clock, on_due, tree);
    if (!hidden || !tree->hidden_timer) {
        free(hidden);
        return -ERR_NO_MEMORY;
    }
    *hidden = (Hidden){.tree = tree,
                       .kind = kind,
                       .binding = binding,
                       .dir = binding->dir,
                       .caller = *caller,
                       .process = process_of_thread(caller->thread),
                       .backup = backup ? node_use(backup) : NULL,
                       .due_ms = clock_now_ms(tree->clock) + for_ms};
    binding->hidden = hidden;
    binding->dir->changed_ms = clock_wall_ms(tree->clock);
    DL_APPEND(tree->hidden, hidden);
    forget_names(binding);
    arm(tree);
    return 0;
}

bool hidden_is_callers(const Hidden *hidden, const TreeCaller *caller)
{
    return hidden->kind == HIDDEN_DELETE && hidden_waits(hidden) && hidden->process > 0 &&
           process_of_thread(caller->thread) == hidden->process;
}

void hidden_orphan(Hidden *hidden)
{
    hidden->binding->hidden = NULL;
    hidden->binding = NULL;
    if (hidden_waits(hidden))
        unhide(hidden);
}

/* Tells that a delete came to nothing. */
static void tell_not_deleted(Hidden *hidden, const Failure *failure)
{
    _cleanup_buf_ Buf path = BUF_INIT(4 * NAME_BYTES_MAX);
    const Binding *binding = hidden->binding;

    if (buf_printf(&path, "/%s%s%s", hidden->dir->stem, binding ? "/" : "", binding ? binding->stem : "") == 0 &&
        (!binding || buf_append_str(&path, ".json") == 0))
        errors_add(hidden->tree, &hidden->caller, "rm", buf_text(&path), failure);
}

void hidden_on_reset(Tree *tree)
{
    Hidden *each, *next;
    Failure failure;

    DL_FOREACH_SAFE(tree->hidden, each, next)
    {
        if (each->kind != HIDDEN_DELETE || !hidden_waits(each) || !each->binding)
            continue;
        failure = failure_make(-ERR_BUSY, "Nothing was deleted: the API was reset, and %s is not what it was.",
                               resource_id(each->binding->resource));
        failure_set_mend(&failure, "Look at what is there now, and ask again.");
        tell_not_deleted(each, &failure);
        unhide(each);
    }
}

static bool any_sending(const Tree *tree, const Dir *dir)
{
    const Hidden *each;

    DL_FOREACH(tree->hidden, each)
    {
        if (!hidden_waits(each) && each->dir == dir)
            return true;
    }
    return false;
}

/* Whoever waits for the deletes of a directory hears of each, and is done with the last. */
static void note_synced(Tree *tree, const Dir *dir, const Failure *failure)
{
    TreeOp *each, *next;

    DL_FOREACH_SAFE(tree->syncs, each, next)
    {
        if (each->node->dir != dir)
            continue;
        if (failure && each->first_failure == 0)
            each->first_failure = failure->code;
        if (!each->inside && !any_sending(tree, dir))
            hidden_sync_done(each);
    }
}

static void hidden_free(Hidden *hidden)
{
    DL_DELETE(hidden->tree->hidden, hidden);
    if (hidden->backup)
        node_unuse(hidden->backup);
    free(hidden);
}

void unhide(Hidden *hidden)
{
    Tree *tree = hidden ? hidden->tree : NULL;
    bool sending = hidden && hidden->sending;
    const Dir *dir;

    if (!hidden)
        return;
    if (hidden->binding) {
        hidden->binding->hidden = NULL;
        hidden->binding->dir->changed_ms = clock_wall_ms(hidden->tree->clock);
        hidden->binding = NULL;
    }
    if (hidden->claims > 0)
        return; /* whoever carries the delete out frees it */
    store_cancel(hidden->sending);
    dir = hidden->dir;
    hidden_free(hidden);
    if (sending)
        note_synced(tree, dir, NULL); /* it goes on without us, and nobody may wait for it any more */
}

void hidden_end(Hidden *hidden, const Failure *failure)
{
    Tree *tree = hidden->tree;
    const Dir *dir = hidden->dir;

    if (hidden->claims > 0 && --hidden->claims > 0)
        return;
    unhide(hidden);
    note_synced(tree, dir, failure);
}

static void on_sent(void *ctx, const Failure *failure, Resource *resource)
{
    Hidden *hidden = ctx;

    (void)resource;
    hidden->sending = NULL;
    if (failure)
        tell_not_deleted(hidden, failure);
    hidden_end(hidden, failure);
}

void hidden_send(Hidden *hidden)
{
    StoreIntent intent = binding_delete_intent(hidden->binding, hidden->caller.uid);

    if (hidden->sending)
        return;
    guard_note_delete(hidden->tree);
    store_change(hidden->tree->store, &intent, on_sent, hidden, &hidden->sending);
}

void tree_flush(Tree *tree, clock_fn done, void *ctx)
{
    Hidden *waiting;

    while ((waiting = hidden_waiting(tree, NULL)) != NULL)
        hidden_send(waiting);
    feed_end(tree->feed);
    store_finish(tree->store, done, ctx);
}

Hidden *hidden_waiting(Tree *tree, const Dir *dir)
{
    Hidden *each;

    DL_FOREACH(tree->hidden, each)
    {
        if (each->kind == HIDDEN_DELETE && hidden_waits(each) && (!dir || each->binding->dir == dir))
            return each;
    }
    return NULL;
}

void hidden_sync_done(TreeOp *op)
{
    TreeReply reply = {.code = op->first_failure};

    op_finish(op, &reply);
}

void hidden_sync(TreeOp *op)
{
    const Dir *dir = op->node->dir;
    Hidden *waiting;

    DL_APPEND(op->tree->syncs, op);
    op->syncs = true;
    op->inside = true; /* one that is refused at once is over before the next is sent */
    while (dir && (waiting = hidden_waiting(op->tree, dir)) != NULL)
        hidden_send(waiting);
    op->inside = false;
    if (!dir || !any_sending(op->tree, dir))
        hidden_sync_done(op);
}

uint64_t hidden_count(const Tree *tree)
{
    const Hidden *each;
    uint64_t count = 0;

    DL_FOREACH(tree->hidden, each)
    {
        count += each->kind == HIDDEN_DELETE && hidden_waits(each);
    }
    return count;
}

void hidden_free_all(Tree *tree)
{
    store_finish(tree->store, NULL, NULL);
    while (tree->hidden)
        unhide(tree->hidden);
    timer_free(tree->hidden_timer);
    tree->hidden_timer = NULL;
}
