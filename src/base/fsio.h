/*
 * fsio: the file calls of the program, handed in like time, so that a simulation can bring files that lose what was not
 * synced. All calls block for as long as the disk takes, and are small.
 */
#ifndef SKY_FSIO_H
#define SKY_FSIO_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "buf.h"

typedef struct Fsio Fsio;

typedef struct FsioFacts {
    uid_t owner;
    mode_t mode;      /* permission bits alone */
    bool is_link;     /* the path's last part is a symbolic link, which is never followed */
    bool is_regular;
} FsioFacts;

typedef struct FsioOps {
    int (*read)(Fsio *fsio, const char *path, Buf *into, FsioFacts *ret_facts);
    int (*append)(Fsio *fsio, const char *path, const void *bytes, size_t count);
    int (*replace)(Fsio *fsio, const char *path, const void *bytes, size_t count);
    int (*make_dirs)(Fsio *fsio, const char *path);
    int (*lock)(Fsio *fsio, const char *path, int *ret_lock);
    void (*unlock)(Fsio *fsio, int lock);
} FsioOps;

struct Fsio {
    const FsioOps *ops;
};

/* The system's files. Static; never NULL. */
Fsio *fsio_system(void);

/* Appends a file's bytes to `into` (whose cap is the most that is read; more is -ERR_TOO_BIG). Facts are set whenever the
 * file could be looked at, also when reading it was refused; ret_facts may be NULL. -ERR_NOT_FOUND, -ERR_NO_ACCESS, -ERR_DISK. */
static inline int fsio_read(Fsio *fsio, const char *path, Buf *into, FsioFacts *ret_facts)
{
    return fsio->ops->read(fsio, path, into, ret_facts);
}

/* Adds bytes to the end of a file in one write, made (0600) if it isn't there. */
static inline int fsio_append(Fsio *fsio, const char *path, const void *bytes, size_t count)
{
    return fsio->ops->append(fsio, path, bytes, count);
}

/* Makes a file (0600) hold exactly these bytes: after a crash it has the old ones or the new ones, synced. */
static inline int fsio_replace(Fsio *fsio, const char *path, const void *bytes, size_t count)
{
    return fsio->ops->replace(fsio, path, bytes, count);
}

/* Makes a directory (0700) and those above it that are missing. */
static inline int fsio_make_dirs(Fsio *fsio, const char *path)
{
    return fsio->ops->make_dirs(fsio, path);
}

/* Takes the exclusive lock of a file, made if it isn't there, or fails at once with -ERR_BUSY. Held until unlock or exit. */
static inline int fsio_lock(Fsio *fsio, const char *path, int *ret_lock)
{
    return fsio->ops->lock(fsio, path, ret_lock);
}

static inline void fsio_unlock(Fsio *fsio, int lock)
{
    fsio->ops->unlock(fsio, lock);
}

#endif
