#include "index.h"

#include <stdlib.h>

#include "error.h"
#include "hash.h"

/*
 * A thing stands in the slot that its hash says, or in the next free one behind it. Where one is taken out, those behind
 * it move up, so that no search ends too early.
 */
enum { FIRST_ROOM = 16 };

uint32_t index_hash(const void *key, size_t bytes)
{
    return (uint32_t)hash_mixed(key, bytes);
}

void index_release(Index *index)
{
    free(index->hashes);
    free(index->things);
    *index = (Index){.room = 0};
}

static void put(Index *index, uint32_t hash, void *thing)
{
    size_t at = hash & (index->room - 1);

    while (index->things[at])
        at = (at + 1) & (index->room - 1);
    index->hashes[at] = hash;
    index->things[at] = thing;
}

static int grow(Index *index)
{
    Index grown = {.room = index->room ? 2 * index->room : FIRST_ROOM, .count = index->count};

    grown.hashes = calloc(grown.room, sizeof *grown.hashes);
    grown.things = calloc(grown.room, sizeof *grown.things);
    if (!grown.hashes || !grown.things) {
        index_release(&grown);
        return -ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < index->room; i++) {
        if (index->things[i])
            put(&grown, index->hashes[i], index->things[i]);
    }
    index_release(index);
    *index = grown;
    return 0;
}

int index_add(Index *index, uint32_t hash, void *thing)
{
    int r = index->count >= index->room / 8 * 7 ? grow(index) : 0;

    if (r < 0)
        return r;
    put(index, hash, thing);
    index->count++;
    return 0;
}

/* Closes the gap: whoever may stand there moves into it, and leaves one himself. */
static void close_gap(Index *index, size_t gap)
{
    size_t mask = index->room - 1;

    for (size_t at = (gap + 1) & mask; index->things[at]; at = (at + 1) & mask) {
        if (((at - index->hashes[at]) & mask) < ((at - gap) & mask))
            continue; /* it would stand ahead of where its search begins */
        index->hashes[gap] = index->hashes[at];
        index->things[gap] = index->things[at];
        gap = at;
    }
    index->things[gap] = NULL;
}

void index_remove(Index *index, uint32_t hash, const void *thing)
{
    size_t at = index_first(index, hash);
    const void *each = index_thing(index, at);

    while (each && each != thing) {
        at = index_next(index, at);
        each = index_thing(index, at);
    }
    if (!each)
        return;
    close_gap(index, at);
    index->count--;
}

static size_t find(const Index *index, uint32_t hash, size_t at)
{
    while (index->things[at] && index->hashes[at] != hash)
        at = (at + 1) & (index->room - 1);
    return at;
}

size_t index_first(const Index *index, uint32_t hash)
{
    return index->room ? find(index, hash, hash & (index->room - 1)) : 0;
}

size_t index_next(const Index *index, size_t at)
{
    return find(index, index->hashes[at], (at + 1) & (index->room - 1));
}

void *index_thing(const Index *index, size_t at)
{
    return index->room ? index->things[at] : NULL;
}
