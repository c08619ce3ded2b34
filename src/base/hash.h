/*
 * hash: FNV-1a, 64 bits (Fowler, Noll, Vo): to tell bytes apart and to find them, not to resist an attacker.
 */
#ifndef SKY_HASH_H
#define SKY_HASH_H

#include <stddef.h>
#include <stdint.h>

/* Of no bytes at all. */
#define HASH_BEGIN UINT64_C(0xcbf29ce484222325)

/* Goes on from a hash of what came before. */
uint64_t hash_more(uint64_t hash, const void *bytes, size_t count);
/* For a table, whose slots the low bits choose: all bits depend on all bytes. */
uint64_t hash_mixed(const void *bytes, size_t count);

#endif
