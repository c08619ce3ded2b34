/*
 * index: finds things by a hash of their key.
 *
 * A table of pointers with open addressing that owns nothing and knows no keys. It keeps the hash of each thing beside the
 * others', so that a thing itself is looked at only where the hashes agree, and costs 12 bytes a slot, of which at least
 * seven of sixteen are taken once it is large. Finding, adding and removing are O(1).
 *
 *   for (size_t at = index_first(index, hash); (thing = index_thing(index, at)); at = index_next(index, at))
 *       if (its key is the one)
 *           …
 */
#ifndef SKY_INDEX_H
#define SKY_INDEX_H

#include <stddef.h>
#include <stdint.h>

/* An empty one is all zero. */
typedef struct Index {
    uint32_t *hashes;
    void **things; /* NULL: free */
    size_t room;   /* 0, or a power of two */
    size_t count;
} Index;

/* Of a key's bytes. */
uint32_t index_hash(const void *key, size_t bytes);
/* Frees the table, and leaves an empty one. */
void index_release(Index *index);
/* 0 or -ERR_NO_MEMORY. One thing may be in it once. */
int index_add(Index *index, uint32_t hash, void *thing);
/* Takes a thing out that was added with this hash; nothing if it is not there. */
void index_remove(Index *index, uint32_t hash, const void *thing);

/* The things of a hash, one after the other; it must not change meanwhile. */
size_t index_first(const Index *index, uint32_t hash);
size_t index_next(const Index *index, size_t at);
/* NULL at the end. */
void *index_thing(const Index *index, size_t at);

#endif
