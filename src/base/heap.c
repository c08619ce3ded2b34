#include "heap.h"

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    HEAP_FIRST_BYTES = 128 << 10, /* what malloc takes by itself at first, most of it not used yet */
    HEAP_READY_BYTES = 512 << 10, /* there from the start, for a first page of rows */
    HEAP_STEP_BYTES = 1 << 20,    /* malloc grows by no less */
    HEAP_KEPT_BYTES = 4 << 20,    /* free at its end before it shrinks */
    HEAP_LARGE_BYTES = 1 << 20    /* pieces of that size are mapped, and given back, by themselves */
};

static uintptr_t mapped; /* the heap's pages below it are, of which a process has one; 0: nobody began */

static uintptr_t heap_end(void)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

    return (uintptr_t)sbrk(0) & ~(page - 1);
}

void heap_init(void)
{
    mallopt(M_TOP_PAD, HEAP_STEP_BYTES);
    mallopt(M_TRIM_THRESHOLD, HEAP_KEPT_BYTES);
    mallopt(M_MMAP_THRESHOLD, HEAP_LARGE_BYTES);
    mapped = heap_end() - HEAP_FIRST_BYTES;
    heap_prepare(HEAP_READY_BYTES);
}

void heap_prepare(size_t bytes)
{
    void *volatile room;
    uintptr_t end;

    if (!mapped)
        return;
    room = malloc(bytes); /* now there is so much, in a gap or at the end */
    free(room);
    end = heap_end();
    if (mapped < end)
        (void)madvise((void *)mapped, end - mapped, MADV_POPULATE_WRITE);
    mapped = end;
}
