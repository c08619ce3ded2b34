#include "tree_internal.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

/* The times of the last changes of one kind, as many as matter, in a ring. */
enum { TIMES_KEPT = 1024, WINDOW_MS = 60000 };

typedef struct Times {
    int64_t at_ms[TIMES_KEPT];
    size_t next;
} Times;

struct Guard {
    Times deletes, creates;
    bool tripped;     /* deletes are refused until somebody allows some */
    unsigned allowed; /* so many pass … */
    int64_t allowed_until_ms;
};

struct Guard *guard_new(void)
{
    return calloc(1, sizeof(struct Guard));
}

static void note(Times *times, int64_t now)
{
    times->at_ms[times->next] = now;
    times->next = (times->next + 1) % TIMES_KEPT;
}

static unsigned count_since(const Times *times, int64_t since)
{
    unsigned count = 0;

    for (size_t i = 0; i < TIMES_KEPT; i++)
        count += times->at_ms[i] != 0 && times->at_ms[i] > since;
    return count;
}

static int refuse(Failure *ret_failure, Failure failure, const char *mend)
{
    failure_set_mend(&failure, "%s", mend);
    *ret_failure = failure;
    return failure.code;
}

/* A pattern is about NAME, or with a slash about PROJECT/NAME. */
static bool matches(const char *pattern, const Binding *binding)
{
    _cleanup_buf_ Buf path = BUF_INIT(4 * NAME_BYTES_MAX);

    if (!strchr(pattern, '/'))
        return fnmatch(pattern, binding->stem, 0) == 0;
    return buf_printf(&path, "%s/%s", binding->dir->stem, binding->stem) == 0 &&
           fnmatch(pattern, buf_text(&path), 0) == 0;
}

static bool is_protected(const Tree *tree, const Binding *binding)
{
    char *patterns = tree->protect ? strdup(tree->protect) : NULL, *rest = patterns, *pattern;
    bool found = tree->protect && !patterns; /* out of memory: rather keep a machine */

    while (!found && rest && (pattern = strsep(&rest, ":")) != NULL)
        found = *pattern && matches(pattern, binding);
    free(patterns);
    return found;
}

static bool is_allowed(struct Guard *guard, int64_t now)
{
    if (guard->allowed == 0 || now >= guard->allowed_until_ms)
        return false;
    guard->allowed--;
    return true;
}

static void bring_back_all(Tree *tree)
{
    Hidden *waiting;

    while ((waiting = hidden_waiting(tree, NULL)) != NULL)
        unhide(waiting);
}

int guard_delete(Tree *tree, const Binding *binding, Failure *ret_failure)
{
    int64_t now = clock_now_ms(tree->clock);
    struct Guard *guard = tree->guard;

    if (tree->no_delete)
        return refuse(ret_failure,
                      failure_make(-ERR_GUARD, "Nothing can be deleted here: this is mounted with `nodelete`."),
                      "Mount without nodelete.");
    if (is_protected(tree, binding))
        return refuse(ret_failure,
                      failure_make(-ERR_GUARD, "%s is protected: it matches protect=%s.", binding->stem, tree->protect),
                      "Mount with another protect=.");
    if (store_change_refused(tree->store, ret_failure) < 0)
        return ret_failure->code;
    if (tree->max_deletes == 0 || is_allowed(guard, now))
        return 0;
    if (!guard->tripped && count_since(&guard->deletes, now - WINDOW_MS) + hidden_count(tree) < tree->max_deletes)
        return 0;
    guard->tripped = true;
    bring_back_all(tree);
    *ret_failure = failure_make(
        -ERR_GUARD,
        "More than %u deletes in a minute: deletes are refused, and those that still waited were taken back.",
        tree->max_deletes);
    failure_set_mend(ret_failure,
                     "If you mean it: echo NUMBER > .skystack/allow_deletes lets that many pass within 10 minutes.");
    return -ERR_GUARD;
}

void guard_note_delete(Tree *tree)
{
    note(&tree->guard->deletes, clock_now_ms(tree->clock));
}

int guard_create(Tree *tree, Failure *ret_failure)
{
    int64_t now = clock_now_ms(tree->clock);
    Times *creates = &tree->guard->creates;

    if (tree->max_creates == 0 || count_since(creates, now - WINDOW_MS) < tree->max_creates) {
        note(creates, now);
        return 0;
    }
    return refuse(
        ret_failure,
        failure_make(-ERR_GUARD, "More than %u creates in a minute: this one was not sent.", tree->max_creates),
        "Wait a minute, or mount with a larger max_creates=.");
}

void guard_allow(Tree *tree, unsigned count)
{
    struct Guard *guard = tree->guard;

    guard->tripped = false;
    guard->allowed = count;
    guard->allowed_until_ms = clock_now_ms(tree->clock) + TREE_ALLOWANCE_MS;
}

int guard_render(Tree *tree, Buf *into)
{
    const struct Guard *guard = tree->guard;
    bool over = clock_now_ms(tree->clock) >= guard->allowed_until_ms;

    return buf_printf(into, "%u\n", over ? 0 : guard->allowed);
}
