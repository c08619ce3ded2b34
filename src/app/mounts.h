/*
 * mounts: finding the skystackfs that a path belongs to.
 */
#ifndef SKY_MOUNTS_H
#define SKY_MOUNTS_H

#include "failure.h"

/*
 * The mount point above `path`; with NULL the one above the working directory, else the only one there is. *ret_below
 * (may be NULL) is where the path lies below it: "/prod/web-1.json", "/" for the mount point itself. Both are the
 * caller's to free. -ERR_NOT_FOUND, and what is wrong.
 */
int mounts_find(const char *path, char **ret_mountpoint, char **ret_below, Failure *ret_failure);

#endif
