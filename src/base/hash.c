#include "hash.h"

uint64_t hash_more(uint64_t hash, const void *bytes, size_t count)
{
    const unsigned char *at = bytes;

    for (size_t i = 0; i < count; i++)
        hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
    return hash;
}

/* The last steps are of MurmurHash3's finalizer. */
uint64_t hash_mixed(const void *bytes, size_t count)
{
    uint64_t hash = hash_more(HASH_BEGIN, bytes, count);

    hash = (hash ^ hash >> 33) * UINT64_C(0xff51afd7ed558ccd);
    return hash ^ hash >> 33;
}
