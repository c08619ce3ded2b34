/*
 * filewatch: being told that a file may have changed; handed in like time.
 *
 * What is watched is the directory that holds the file, so a file that is rewritten, replaced by a rename, removed or
 * made is seen all the same; and where that directory is reached through a symbolic link, the link too. What happens
 * on another machine to a network file system is not seen.
 */
#ifndef SKY_FILEWATCH_H
#define SKY_FILEWATCH_H

#include "loop.h"

enum {
    FILEWATCH_SETTLE_MS = 100, /* `changed` runs so long after the first of the changes that come together */
    FILEWATCH_RETRY_MS = 5000, /* and a directory that has gone is looked for as often as this */
};

typedef struct FileWatcher FileWatcher;
typedef struct FileWatch FileWatch;

struct FileWatcher {
    int (*start)(FileWatcher *watcher, const char *path, clock_fn changed, void *ctx, FileWatch **ret_watch);
};
struct FileWatch {
    void (*stop)(FileWatch *watch);
};

/* 0, or a negative code: it can't be watched. */
static inline int filewatch_start(FileWatcher *watcher, const char *path, clock_fn changed, void *ctx,
                                  FileWatch **ret_watch)
{
    return watcher->start(watcher, path, changed, ctx, ret_watch);
}

/* Takes NULL. */
static inline void filewatch_stop(FileWatch *watch)
{
    if (watch)
        watch->stop(watch);
}

/* The system's, on this loop. NULL without memory. Freed before the loop, after its watches were stopped; takes NULL.
 */
FileWatcher *filewatcher_new(Loop *loop);
void filewatcher_free(FileWatcher *watcher);

#endif
