/*
 * heap: malloc's memory, mapped ahead of its use.
 *
 * A page of memory that is touched for the first time is a trap into the kernel. Under a hypervisor that can cost more
 * than all else that is done for the rows on it, and twenty times what it costs to map it together with its neighbours.
 * So malloc takes memory in large pieces and keeps what it has, and who knows that much is about to be allocated says so.
 * Nothing depends on it: where it can't be done, memory comes page by page.
 */
#ifndef SKY_HEAP_H
#define SKY_HEAP_H

#include <stddef.h>

/* Before threads start. */
void heap_init(void);
/* The main thread is about to allocate so many bytes in small pieces. */
void heap_prepare(size_t bytes);

#endif
