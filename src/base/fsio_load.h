/* fsio_load: the system's way to read a large file. Internal to base; fsio.h has the contract. */
#ifndef SKY_FSIO_LOAD_H
#define SKY_FSIO_LOAD_H

#include "fsio.h"

int fsio_system_load(Fsio *fsio, const char *path, size_t most_bytes, char **ret_memory, size_t *ret_count);
void fsio_system_unload(Fsio *fsio, char *memory, size_t count);

#endif
