/*
 * mounts: the skystackfs that are mounted, and which one a path belongs to.
 */
#ifndef SKY_MOUNTS_H
#define SKY_MOUNTS_H

#include "failure.h"

/* One of the kernel's list: where it is, its SOURCE, and its options with commas between them. */
typedef struct MountEntry {
    const char *mountpoint, *source, *options;
} MountEntry;

/* Calls with each skystackfs there is, in the order of mounting; the texts are for the call alone. */
void mounts_each(void (*each)(void *ctx, const MountEntry *entry), void *ctx);

/*
 * The mount point above `path`; with NULL the one above the working directory, else the only one there is. *ret_below
 * (may be NULL) is where the path lies below it: "/prod/web-1.json", "/" for the mount point itself. Both are the
 * caller's to free. -ERR_NOT_FOUND, and what is wrong.
 */
int mounts_find(const char *path, char **ret_mountpoint, char **ret_below, Failure *ret_failure);

/* An absolute path without `.` and `..`; made of the text alone, without a slash at its end, where the file itself can't be
 * asked, as on a dead mount. The caller's to free; NULL without memory. */
char *mounts_absolute(const char *path);

#endif
