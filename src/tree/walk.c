#include "tree_internal.h"

#include <string.h>

/*
 * Whoever reads one instance after another is read ahead of, as a kernel reads ahead in a file: once two reads were
 * neighbours, the next ones are asked for side by side, twice as many with each that is read as foreseen. Neighbours are
 * those of a listing (find, grep -r) or those of the sorted names (the shell's `*.json`). It costs no request that the
 * reader would not have made, but for those of the last window when he stops.
 */

enum { WINDOW_FIRST = 2, WINDOW_MAX = 16 };

/* A name is followed by ".json". */
static int compare(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return (int)(unsigned char)(*a ? *a : '.') - (int)(unsigned char)(*b ? *b : '.');
}

static bool is_between(const Binding *binding, const Binding *from, const char *to)
{
    return !binding->hidden && compare(binding->stem, from->stem) > 0 && (!to || compare(binding->stem, to) < 0);
}

static bool are_sorted_neighbours(Dir *dir, const Binding *from, const Binding *to)
{
    if (compare(from->stem, to->stem) >= 0)
        return false;
    for (size_t i = 0; i < dir->slot_count; i++) {
        if (dir->slots[i] && is_between(dir->slots[i], from, to->stem))
            return false;
    }
    return true;
}

/* Those that follow in the sorted names. One pass through the directory for a whole row of them, so that each costs little;
 * the names are never sorted as a whole. */
static size_t foresee_sorted(Dir *dir, const Binding *from, Binding *next[static WALK_AHEAD])
{
    size_t count = 0;

    for (size_t i = 0; i < dir->slot_count; i++) {
        Binding *each = dir->slots[i];
        size_t at;

        if (!each || !is_between(each, from, count == WALK_AHEAD ? next[count - 1]->stem : NULL))
            continue;
        count -= count == WALK_AHEAD;
        for (at = count; at > 0 && compare(each->stem, next[at - 1]->stem) < 0; at--)
            next[at] = next[at - 1];
        next[at] = each;
        count++;
    }
    return count;
}

static size_t foresee_listed(Dir *dir, const Binding *from, Binding *next[static WALK_AHEAD])
{
    size_t count = 0;

    for (Binding *each = binding_at(dir, from->sequence + 1); each && count < WALK_AHEAD;
         each = binding_at(dir, each->sequence + 1))
        next[count++] = each;
    return count;
}

static void foresee(Walk *walk, Dir *dir, const Binding *from)
{
    Binding *next[WALK_AHEAD];

    walk->count = walk->sorted ? foresee_sorted(dir, from, next) : foresee_listed(dir, from, next);
    for (size_t i = 0; i < walk->count; i++)
        walk->ahead[i] = next[i]->sequence;
}

static Binding *binding_of(Dir *dir, uint64_t sequence)
{
    Binding *binding = sequence > 0 ? binding_at(dir, sequence) : NULL;

    return binding && binding->sequence == sequence ? binding : NULL;
}

/* True: it was foreseen; what came before it is passed. */
static bool pass(Walk *walk, uint64_t sequence)
{
    for (size_t i = 0; i < walk->count; i++) {
        if (walk->ahead[i] != sequence)
            continue;
        walk->count -= i + 1;
        memmove(walk->ahead, walk->ahead + i + 1, walk->count * sizeof *walk->ahead);
        return true;
    }
    return false;
}

static bool has_come(const Binding *binding)
{
    StoreFacts facts = binding_facts(binding);

    return facts.whole && facts.fresh_ms > 0;
}

/* Whoever reads many at once does without: the one before has not come yet then. */
static bool begins(Walk *walk, Dir *dir, const Binding *binding)
{
    const Binding *last = binding_of(dir, walk->last);

    walk->count = 0;
    if (!last || !has_come(last) || has_come(binding))
        return false;
    walk->sorted = binding_at(dir, last->sequence + 1) != binding;
    return !walk->sorted || are_sorted_neighbours(dir, last, binding);
}

/* What is known already, or under way, costs nothing here. */
static void read_ahead(Walk *walk, Dir *dir, const Binding *binding)
{
    if (walk->count < walk->window)
        foresee(walk, dir, binding);
    for (size_t i = 0; i < walk->count && i < walk->window; i++) {
        const Binding *next = binding_of(dir, walk->ahead[i]);

        if (next)
            store_read_ahead(next->entry);
    }
}

void walk_note(const Binding *binding)
{
    Dir *dir = binding->dir;
    Walk *walk = &dir->walk;

    if (walk->last == binding->sequence)
        return;
    if (pass(walk, binding->sequence))
        walk->window = walk->window < WINDOW_MAX ? walk->window * 2 : WINDOW_MAX;
    else
        walk->window = begins(walk, dir, binding) ? WINDOW_FIRST : 0;
    walk->last = binding->sequence;
    if (walk->window > 0)
        read_ahead(walk, dir, binding);
}
