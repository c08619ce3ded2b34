/*
 * fsio: the file calls of the program, handed in like time, so that a simulation can bring files that lose what was not
 * synced. All calls block for as long as the disk takes, and are small.
 */
#ifndef SKY_FSIO_H
#define SKY_FSIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "buf.h"

typedef struct Fsio Fsio;

typedef struct FsioFacts {
    uid_t owner;
    mode_t mode;  /* permission bits alone */
    bool is_link; /* the path's last part is a symbolic link, which is never followed */
    bool is_regular;
} FsioFacts;

typedef struct FsioOps {
    int (*read)(Fsio *fsio, const char *path, Buf *into, FsioFacts *ret_facts);
    int (*append)(Fsio *fsio, const char *path, const void *bytes, size_t count);
    int (*write)(Fsio *fsio, const char *path, const void *bytes, size_t count);
    int (*sync)(Fsio *fsio, const char *path);
    int (*rename)(Fsio *fsio, const char *from, const char *to);
    int (*remove)(Fsio *fsio, const char *path);
    int (*sync_dir)(Fsio *fsio, const char *path);
    int (*list)(Fsio *fsio, const char *path, Buf *into);
    int (*size)(Fsio *fsio, const char *path, uint64_t *ret_bytes);
    int (*make_dirs)(Fsio *fsio, const char *path);
    int (*lock)(Fsio *fsio, const char *path, int *ret_lock);
    void (*unlock)(Fsio *fsio, int lock);
    /* Reads a large file into memory of its own. Through piece.h alone; NULL where there is nothing better than `read`. A
     * file that is empty or none of the regular ones can't be. */
    int (*load)(Fsio *fsio, const char *path, size_t most_bytes, char **ret_memory, size_t *ret_count);
    void (*unload)(Fsio *fsio, char *memory, size_t count);
} FsioOps;

struct Fsio {
    const FsioOps *ops;
};

/* The system's files. Static; never NULL. */
Fsio *fsio_system(void);

/* Appends a file's bytes to `into` (whose cap is the most that is read; more is -ERR_TOO_BIG). Facts are set whenever
 * the file could be looked at, also when reading it was refused; ret_facts may be NULL. -ERR_NOT_FOUND, -ERR_NO_ACCESS,
 * -ERR_DISK. */
static inline int fsio_read(Fsio *fsio, const char *path, Buf *into, FsioFacts *ret_facts)
{
    return fsio->ops->read(fsio, path, into, ret_facts);
}

/* Adds bytes to the end of a file in one write, made (0600) if it isn't there. */
static inline int fsio_append(Fsio *fsio, const char *path, const void *bytes, size_t count)
{
    return fsio->ops->append(fsio, path, bytes, count);
}

/* Makes a file (0600), emptied if it is there, of these bytes, and syncs them. On failure, and after a crash, any part
 * may be there. Its name is durable only once its directory is synced. */
static inline int fsio_write(Fsio *fsio, const char *path, const void *bytes, size_t count)
{
    return fsio->ops->write(fsio, path, bytes, count);
}

/* Makes durable what was added to a file, for one that is too large to be written at once. */
static inline int fsio_sync(Fsio *fsio, const char *path)
{
    return fsio->ops->sync(fsio, path);
}

/* Gives a file another name in the same file system; one that has that name goes. Durable once the directory is synced.
 */
static inline int fsio_rename(Fsio *fsio, const char *from, const char *to)
{
    return fsio->ops->rename(fsio, from, to);
}

/* Removes a file's name; durable once the directory is synced. -ERR_NOT_FOUND if there is none. */
static inline int fsio_remove(Fsio *fsio, const char *path)
{
    return fsio->ops->remove(fsio, path);
}

/* Makes durable which names a directory holds. */
static inline int fsio_sync_dir(Fsio *fsio, const char *path)
{
    return fsio->ops->sync_dir(fsio, path);
}

/* Appends the names in a directory, each with its NUL, in no order, without `.` and `..`. On failure `into` may hold
 * some of them. */
static inline int fsio_list(Fsio *fsio, const char *path, Buf *into)
{
    return fsio->ops->list(fsio, path, into);
}

/* How long a file is. -ERR_NOT_FOUND if there is none. */
static inline int fsio_size(Fsio *fsio, const char *path, uint64_t *ret_bytes)
{
    return fsio->ops->size(fsio, path, ret_bytes);
}

/* Makes a file (0600) hold exactly these bytes: after a crash it has the old ones or the new ones, synced. Made of the
 * calls above: PATH.new is written and renamed, and the directory synced. After a failure PATH has the old ones, or the
 * new ones perhaps not durably. */
int fsio_replace(Fsio *fsio, const char *path, const void *bytes, size_t count);

/* Makes a directory (0700) and those above it that are missing, durably. */
static inline int fsio_make_dirs(Fsio *fsio, const char *path)
{
    return fsio->ops->make_dirs(fsio, path);
}

/* Takes the exclusive lock of a file, made if it isn't there, or fails at once with -ERR_BUSY. Held until unlock or
 * exit. */
static inline int fsio_lock(Fsio *fsio, const char *path, int *ret_lock)
{
    return fsio->ops->lock(fsio, path, ret_lock);
}

static inline void fsio_unlock(Fsio *fsio, int lock)
{
    fsio->ops->unlock(fsio, lock);
}

#endif
