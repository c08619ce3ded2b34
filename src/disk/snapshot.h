/*
 * snapshot: what a mount knew, in one file, for the next one to begin with.
 *
 * It is a cache: whatever is wrong with the file, it is a miss, worth one line in the log, and never an error for
 * anybody. It holds what the API said of projects and instances and when it said so by the wall clock, and never a
 * token.
 *
 * On disk, DIRECTORY/snapshot: a head (magic, version, wall time, endpoint), each set (its times, the number of its
 * rows, the rows as resource_pack() makes them), a tail (length and CRC32C of all before, magic). Numbers are in the
 * host's order of bytes. It is written beside, piece by piece, synced and renamed, so that a crash leaves the old one
 * or the new one. It is read as one piece, which stays as long as any of its resources lives, and all of it is checked
 * before any of it is used. One of another endpoint, of another order of bytes, cut short or damaged is not taken;
 * neither is one of a newer version, which is left alone.
 */
#ifndef SKY_SNAPSHOT_H
#define SKY_SNAPSHOT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "failure.h"
#include "fsio.h"
#include "resource.h"

enum {
    SNAPSHOT_SETS = 2,
    SNAPSHOT_VERSION = 1,
    SNAPSHOT_BYTES = 1 << 30, /* a larger one is neither written nor read */
};

typedef struct SnapshotRow {
    Resource *resource;
    int64_t seen_wall_ms;    /* when the API last said that it exists */
    int64_t details_wall_ms; /* … and all of it; 0: never */
    bool listed_whole;       /* the list brings all of it */
    bool homeless;           /* the list named no project for it */
    bool shown;              /* somebody saw it under its name */
} SnapshotRow;

typedef struct SnapshotSet {
    SnapshotRow *rows; /* each holds a reference */
    size_t count;
    int64_t complete_wall_ms; /* when the list was complete */
    int64_t changed_wall_ms;  /* when something last came or went */
} SnapshotSet;

typedef struct Snapshot {
    int64_t wall_ms; /* when it was taken */
    SnapshotSet sets[SNAPSHOT_SETS];
} Snapshot;

/* Drops the references and frees the rows; leaves it empty. */
void snapshot_release(Snapshot *snapshot);

/* Blocks for as long as the disk takes, and holds about a megabyte of its own; may run in another thread, while nobody
 * changes the snapshot. When *give_up becomes true it ends early with -ERR_CANCELLED. -ERR_TOO_BIG: it would pass the
 * cap; -ERR_NO_SPACE, -ERR_DISK, -ERR_NO_MEMORY. After a failure an older snapshot is still there. */
int snapshot_write(Fsio *fsio, const char *directory, const char *endpoint, const Snapshot *snapshot,
                   const atomic_bool *give_up);
/* Reads it; *ret_snapshot is the caller's to release. -ERR_NOT_FOUND: there is none that can be used. -ERR_NOT_SUPPORTED:
 * there is one of a newer program, not to be written over. -ERR_NO_MEMORY. ret_failure is set only where there is a file
 * that can't be used. */
int snapshot_read(Fsio *fsio, const char *directory, const char *endpoint, Snapshot *ret_snapshot,
                  Failure *ret_failure);
/* Removes it, durably. 0 if there is none. */
int snapshot_remove(Fsio *fsio, const char *directory);

#endif
