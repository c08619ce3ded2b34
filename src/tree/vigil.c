#include "vigil.h"

#include <stdlib.h>
#include <utlist.h>

enum { PAUSE_MS = 1000 }; /* between looks whose answer is not fresh: there is no TTL, or the API fails */

struct Vigil {
    Tree *tree;
    Binding *binding; /* NULL: it is gone, and only the answer is waited for */
    StoreOp *looking;
    int64_t due_ms;
    bool vital; /* somebody waits for what changes by itself */
    Vigil *prev, *next;
};

static void wake(Handle *handle)
{
    const TreeSink *sink = &handle->node->tree->sink;

    if (!handle->polling)
        return;
    handle->polling = false;
    if (sink->poll_ready)
        sink->poll_ready(sink->ctx, (uint64_t)(uintptr_t)handle);
}

/* Reads a value of that instance. */
static bool is_of(const Handle *handle, const Binding *binding)
{
    return handle->node->binding == binding && handle->node->kind == NODE_VALUE && handle->text;
}

static void wake_all(const Binding *binding)
{
    Handle *each;

    DL_FOREACH(binding->dir->tree->handles, each)
    {
        if (is_of(each, binding))
            wake(each);
    }
}

static void end(Vigil *vigil)
{
    DL_DELETE(vigil->tree->vigils, vigil);
    if (vigil->binding)
        vigil->binding->vigil = NULL;
    store_cancel(vigil->looking);
    free(vigil);
}

static void set_due(Vigil *vigil, int64_t due_ms)
{
    Tree *tree = vigil->tree;

    vigil->due_ms = due_ms;
    if (tree->vigil_due_ms && tree->vigil_due_ms <= due_ms)
        return;
    tree->vigil_due_ms = due_ms;
    timer_start(tree->vigil_timer, due_ms - clock_now_ms(tree->clock));
}

static void on_due(void *ctx)
{
    Tree *tree = ctx;
    int64_t now_ms = clock_now_ms(tree->clock);
    Vigil *each, *next;

    tree->vigil_due_ms = 0;
    DL_FOREACH_SAFE(tree->vigils, each, next)
    {
        if (each->looking)
            continue;
        if (each->due_ms > now_ms) {
            set_due(each, each->due_ms);
            continue;
        }
        wake_all(each->binding);
        end(each);
    }
}

/* How long what is known may be taken as true: not at all where it is a summary. Whatever else can tell that an instance
 * changed makes this longer, and asks by itself; nothing tells of health and utilization. */
static int64_t fresh_ms(const Vigil *vigil)
{
    StoreFacts facts = binding_facts(vigil->binding);

    if (vigil->vital)
        return store_vitals_ms(facts.entry);
    return facts.whole ? facts.fresh_ms : 0;
}

static void on_looked(void *ctx, const Failure *failure, Resource *resource)
{
    Vigil *vigil = ctx;
    int64_t left;

    (void)failure;
    (void)resource;
    vigil->looking = NULL;
    if (!vigil->binding) {
        end(vigil);
        return;
    }
    left = fresh_ms(vigil);
    set_due(vigil, clock_now_ms(vigil->tree->clock) + (left > 0 ? left : PAUSE_MS));
}

static Vigil *begin(Binding *binding)
{
    Tree *tree = binding->dir->tree;
    Vigil *vigil;

    if (!tree->vigil_timer)
        tree->vigil_timer = timer_new(tree->clock, on_due, tree);
    vigil = tree->vigil_timer ? calloc(1, sizeof *vigil) : NULL;
    if (!vigil)
        return NULL;
    vigil->tree = tree;
    vigil->binding = binding;
    binding->vigil = vigil;
    DL_APPEND(tree->vigils, vigil);
    return vigil;
}

/* What is due already is looked at now. */
static void keep(Vigil *vigil)
{
    int64_t left = fresh_ms(vigil);

    if (left > 0)
        set_due(vigil, clock_now_ms(vigil->tree->clock) + left);
    else
        store_get(vigil->tree->store, resource_id(vigil->binding->resource),
                  vigil->vital ? STORE_VITALS : STORE_DETAILS, on_looked, vigil, &vigil->looking);
}

/* Somebody waits for a change. False: there is no memory. */
static bool keep_fresh(Binding *binding, bool vital)
{
    Vigil *vigil = binding->vigil;

    if (vigil && (vigil->looking || vigil->vital >= vital))
        return true;
    if (!vigil)
        vigil = begin(binding);
    if (!vigil)
        return false;
    vigil->vital = vital;
    keep(vigil);
    return true;
}

bool vigil_has_news(Handle *handle, bool wait)
{
    Binding *binding = handle->node->binding;

    if (!binding || !handle->was_read || handle->changed)
        return true;
    if (wait && !keep_fresh(binding, value_is_vital(handle->node)))
        return true; /* he looks again, rather than to wait for ever */
    handle->polling |= wait;
    return false;
}

int vigil_renew(Handle *handle)
{
    Text *renewed = NULL;
    int r;

    if (!handle->node->binding && !handle->was_read) { /* it went since it was opened */
        handle->was_read = true;
        return 0;
    }
    r = handle->node->binding ? content_text(handle->node, TREE_WRITE_CAP, &renewed) : -ERR_GONE;
    if (r < 0)
        return r == -ERR_NOT_FOUND ? -ERR_GONE : r;
    text_unref(handle->text);
    handle->text = renewed;
    handle->was_read = true;
    handle->changed = false;
    return 0;
}

static bool is_another(const Handle *handle)
{
    _cleanup_buf_ Buf text = BUF_INIT(TREE_WRITE_CAP);

    return content_of(handle->node, &text) < 0 ||
           !span_equal((Span){buf_text(&text), text.len}, (Span){handle->text->data, handle->text->bytes});
}

void vigil_note_change(const Binding *binding)
{
    Handle *each;

    if (!binding->view) /* nobody has looked into NAME/ */
        return;
    DL_FOREACH(binding->dir->tree->handles, each)
    {
        if (!is_of(each, binding) || each->changed || !is_another(each))
            continue;
        each->changed = true;
        wake(each);
    }
}

void vigil_note_doubt(const Binding *binding)
{
    Vigil *vigil = binding->vigil;

    if (vigil && !vigil->looking)
        set_due(vigil, clock_now_ms(vigil->tree->clock) + PAUSE_MS);
}

void vigil_note_gone(Binding *binding)
{
    Vigil *vigil = binding->vigil;

    if (binding->view)
        wake_all(binding);
    if (!vigil)
        return;
    binding->vigil = NULL;
    vigil->binding = NULL;
    if (!vigil->looking) /* else its answer comes, from the store that is being told */
        end(vigil);
}

void vigil_free_all(Tree *tree)
{
    while (tree->vigils)
        end(tree->vigils);
    timer_free(tree->vigil_timer);
    tree->vigil_timer = NULL;
}
