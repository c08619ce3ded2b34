/*
 * secret: memory for what must not leak.
 *
 * Its pages hold nothing else. They are left out of core dumps, no child process inherits them, they are kept out of
 * swap where the system allows it, and they are wiped before they are given back.
 */
#ifndef SKY_SECRET_H
#define SKY_SECRET_H

#include <stddef.h>

/* Zeroed; NULL if there is none. */
void *secret_new(size_t bytes);
/* Wipes and gives back; `bytes` as it was made. Takes NULL. */
void secret_free(void *secret, size_t bytes);
/* As free() and realloc(), and nothing stays behind in what is given back: for libraries that take such. */
void secret_free_block(void *block);
void *secret_realloc_block(void *block, size_t bytes);
/* From here on this process writes no core dump, and nobody but root looks into its memory, environment and
 * descriptors. Libraries keep copies in places of their own, so leaving out pages is not enough. */
void secret_guard_process(void);

#endif
