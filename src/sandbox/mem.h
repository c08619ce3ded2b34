/* Memory that is always there. The sandbox is a tool for tests: when memory runs out it says so and aborts, so no
 * caller below has an out-of-memory path. */
#ifndef SANDBOX_MEM_H
#define SANDBOX_MEM_H

#include <stddef.h>

/* Zeroed memory of `bytes` bytes; free() it. */
void *mem_new(size_t bytes);

/* Resizes like realloc(), or aborts. */
void *mem_grow(void *old, size_t bytes);

/* A copy of a NUL-terminated text; free() it. NULL gives NULL. */
char *mem_dup(const char *text);

/* A copy of `len` bytes with a NUL put behind them; free() it. */
char *mem_dup_bytes(const char *bytes, size_t len);

#endif
