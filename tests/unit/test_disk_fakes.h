/*
 * test_disk_fakes: a directory that goes after the test, a worker that works when it is told to, and a disk that fails at its Nth call.
 */
#ifndef SKY_TEST_DISK_FAKES_H
#define SKY_TEST_DISK_FAKES_H

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utlist.h>

#include "error.h"
#include "fsio.h"
#include "worker.h"

/* --- a directory --- */

typedef struct Folder {
    char path[64];
} Folder;

static inline int remove_one(const char *path, const struct stat *st, int kind, struct FTW *walk)
{
    (void)st, (void)kind, (void)walk;
    return remove(path);
}

static inline void folder_remove(Folder *folder)
{
    nftw(folder->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

#define _cleanup_folder_ __attribute__((cleanup(folder_remove)))

static inline Folder folder_make(void)
{
    Folder folder = {"/tmp/skystackfs-test-XXXXXX"};

    if (!mkdtemp(folder.path))
        abort();
    return folder;
}

/* --- a worker --- */

typedef struct FakeItem {
    clock_fn work, done;
    void *ctx;
    struct FakeItem *prev, *next;
} FakeItem;

typedef struct FakeWorker {
    Worker worker; /* first */
    FakeItem *items;
    bool has_no_memory;
} FakeWorker;

static inline int fake_run(Worker *base, clock_fn work, clock_fn done, void *ctx)
{
    FakeWorker *worker = (FakeWorker *)base;
    FakeItem *item = worker->has_no_memory ? NULL : malloc(sizeof *item);

    if (!item)
        return -ERR_NO_MEMORY;
    *item = (FakeItem){.work = work, .done = done, .ctx = ctx};
    DL_APPEND(worker->items, item);
    return 0;
}

/* False if nothing waits. */
static inline bool fake_step(FakeWorker *worker)
{
    FakeItem *item = worker->items;

    if (!item)
        return false;
    DL_DELETE(worker->items, item);
    item->work(item->ctx);
    item->done(item->ctx);
    free(item);
    return true;
}

static inline void fake_drain(Worker *base)
{
    while (fake_step((FakeWorker *)base))
        ;
}

#define FAKE_WORKER                                                                                                    \
    {                                                                                                                  \
        .worker = {.run = fake_run, .drain = fake_drain }                                                              \
    }

/* --- a disk --- */

enum Fault {
    FAULT_CLEAN, /* the call does nothing and fails */
    FAULT_LATE,  /* the call does its deed, or half of it if it writes, and fails */
    FAULT_SPELL, /* as late, and the next three do nothing and fail */
    FAULT_FULL,  /* from this call on, all that writes fails, and leaves half */
    FAULT_DEAD,  /* as if killed in this call: it does half, nothing after it happens at all */
    FAULTS,
};

typedef struct FakeDisk {
    Fsio fsio; /* first */
    enum Fault fault;
    unsigned calls, fail_at; /* 0: never */
    bool swallows;           /* writes go nowhere, and succeed */
} FakeDisk;

/* Whether this call fails, and whether it still does (half of) its deed. */
static inline bool fake_fails(FakeDisk *disk, bool writes, bool *ret_acts)
{
    unsigned call = ++disk->calls;
    bool first = call == disk->fail_at, later = disk->fail_at > 0 && call > disk->fail_at;

    *ret_acts = true;
    if (first) {
        *ret_acts = disk->fault != FAULT_CLEAN;
        return disk->fault != FAULT_FULL || writes;
    }
    if (later && disk->fault == FAULT_SPELL && call <= disk->fail_at + 3) {
        *ret_acts = false;
        return true;
    }
    if (later && disk->fault == FAULT_FULL)
        return writes;
    if (later && disk->fault == FAULT_DEAD) {
        *ret_acts = false;
        return true;
    }
    return false;
}

static inline int fake_code(const FakeDisk *disk)
{
    return disk->fault == FAULT_FULL ? -ERR_NO_SPACE : -ERR_DISK;
}

static inline int fake_write(Fsio *fsio, const char *path, const void *bytes, size_t count)
{
    FakeDisk *disk = (FakeDisk *)fsio;
    bool acts, fails = fake_fails(disk, true, &acts);

    if (disk->swallows)
        return 0;
    if (!fails)
        return fsio_write(fsio_system(), path, bytes, count);
    if (acts)
        fsio_write(fsio_system(), path, bytes, count / 2);
    return fake_code(disk);
}

static inline int fake_append(Fsio *fsio, const char *path, const void *bytes, size_t count)
{
    FakeDisk *disk = (FakeDisk *)fsio;
    bool acts, fails = fake_fails(disk, true, &acts);

    if (!fails)
        return fsio_append(fsio_system(), path, bytes, count);
    if (acts)
        fsio_append(fsio_system(), path, bytes, count / 2);
    return fake_code(disk);
}

/* The calls that write nothing: what they do when they act is `call`. */
#define FAKE_CALL(call)                                                                                                \
    FakeDisk *disk = (FakeDisk *)fsio;                                                                                 \
    bool acts, fails = fake_fails(disk, false, &acts);                                                                 \
    int r = acts && !disk->swallows ? (call) : 0;                                                                      \
                                                                                                                       \
    return fails ? fake_code(disk) : r

static inline int fake_sync(Fsio *fsio, const char *path)
{
    FAKE_CALL(fsio_sync(fsio_system(), path));
}

static inline int fake_rename(Fsio *fsio, const char *from, const char *to)
{
    FAKE_CALL(fsio_rename(fsio_system(), from, to));
}

static inline int fake_remove(Fsio *fsio, const char *path)
{
    FAKE_CALL(fsio_remove(fsio_system(), path));
}

static inline int fake_sync_dir(Fsio *fsio, const char *path)
{
    FAKE_CALL(fsio_sync_dir(fsio_system(), path));
}

static inline int fake_list(Fsio *fsio, const char *path, Buf *into)
{
    FAKE_CALL(fsio_list(fsio_system(), path, into));
}

static inline int fake_size(Fsio *fsio, const char *path, uint64_t *ret_bytes)
{
    FAKE_CALL(fsio_size(fsio_system(), path, ret_bytes));
}

static inline int fake_read(Fsio *fsio, const char *path, Buf *into, FsioFacts *ret_facts)
{
    FAKE_CALL(fsio_read(fsio_system(), path, into, ret_facts));
}

static inline int fake_make_dirs(Fsio *fsio, const char *path)
{
    FAKE_CALL(fsio_make_dirs(fsio_system(), path));
}

static inline FakeDisk fake_disk(enum Fault fault, unsigned fail_at)
{
    static const FsioOps ops = {
        .read = fake_read,
        .append = fake_append,
        .write = fake_write,
        .sync = fake_sync,
        .rename = fake_rename,
        .remove = fake_remove,
        .sync_dir = fake_sync_dir,
        .list = fake_list,
        .size = fake_size,
        .make_dirs = fake_make_dirs,
    };

    return (FakeDisk){.fsio = {.ops = &ops}, .fault = fault, .fail_at = fail_at};
}

#endif
