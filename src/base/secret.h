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
/* Wipes all of a block of malloc's, and frees it. Takes NULL. */
void secret_free_block(void *block);
/* From here on this process writes no core dump, and nobody but root looks into its memory, environment and
 * descriptors. Libraries keep copies in places of their own, so leaving out pages is not enough. */
void secret_guard_process(void);

#endif
