#include "seen.h"

#include <stdlib.h>

#include "error.h"
#include "hash.h"

enum { SEEN_FIRST_ROOM = 64 };

/* Never 0. */
static uint64_t hash(Span text)
{
    uint64_t h = hash_mixed(text.at, text.len);

    return h ? h : 1;
}

/* The slot that holds it, or the free one where it belongs. */
static uint64_t *find(uint64_t *slots, size_t room, uint64_t h)
{
    size_t at = (size_t)h & (room - 1);

    while (slots[at] && slots[at] != h)
        at = (at + 1) & (room - 1);
    return &slots[at];
}

static int grow(Seen *seen)
{
    size_t room = seen->room ? seen->room * 2 : SEEN_FIRST_ROOM;
    uint64_t *slots = calloc(room, sizeof *slots);

    if (!slots)
        return -ERR_NO_MEMORY;
    for (size_t i = 0; i < seen->room; i++)
        if (seen->slots[i])
            *find(slots, room, seen->slots[i]) = seen->slots[i];
    free(seen->slots);
    seen->slots = slots;
    seen->room = room;
    return 0;
}

void seen_release(Seen *seen)
{
    free(seen->slots);
    *seen = (Seen){0};
}

int seen_add(Seen *seen, Span text)
{
    uint64_t h = hash(text), *slot;
    int r = seen->count * 2 >= seen->room ? grow(seen) : 0;

    if (r < 0)
        return r;
    slot = find(seen->slots, seen->room, h);
    if (*slot)
        return 0;
    *slot = h;
    seen->count++;
    return 1;
}
