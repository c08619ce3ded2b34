#include "secret.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>

void *secret_new(size_t bytes)
{
    void *secret = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (secret == MAP_FAILED)
        return NULL;
    madvise(secret, bytes, MADV_DONTDUMP);
    madvise(secret, bytes, MADV_DONTFORK);
    mlock(secret, bytes); /* refused where RLIMIT_MEMLOCK is used up: then it may be swapped */
    return secret;
}

void secret_free(void *secret, size_t bytes)
{
    if (!secret)
        return;
    explicit_bzero(secret, bytes);
    munmap(secret, bytes);
}

void secret_free_block(void *block)
{
    if (block)
        explicit_bzero(block, malloc_usable_size(block));
    free(block);
}

void *secret_realloc_block(void *block, size_t bytes)
{
    size_t room = block ? malloc_usable_size(block) : 0;
    void *moved = malloc(bytes);

    if (!moved)
        return NULL;
    if (block)
        memcpy(moved, block, room < bytes ? room : bytes);
    secret_free_block(block);
    return moved;
}

void secret_guard_process(void)
{
    prctl(PR_SET_DUMPABLE, 0);
}
