#include "mounts.h"

#include <mntent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "error.h"

enum { MOUNT_LINE_BYTES = 8192 };

static const char TYPE[] = "fuse.skystackfs";

/* Never touches the mounts themselves: one whose daemon hangs must not hang this too. */
void mounts_each(void (*each)(void *ctx, const MountEntry *entry), void *ctx)
{
    FILE *table = setmntent("/proc/self/mounts", "re");
    char line[MOUNT_LINE_BYTES];
    struct mntent entry;

    while (table && getmntent_r(table, &entry, line, sizeof line)) {
        if (strcmp(entry.mnt_type, TYPE) == 0)
            each(ctx, &(MountEntry){entry.mnt_dir, entry.mnt_fsname, entry.mnt_opts});
    }
    if (table)
        endmntent(table);
}

/* What `path` is below `mountpoint`, or NULL if it isn't. */
static const char *below(const char *path, const char *mountpoint)
{
    size_t length = strlen(mountpoint);

    if (strncmp(path, mountpoint, length) != 0 || (path[length] != '/' && path[length] != '\0'))
        return NULL;
    return path[length] ? path + length : "/";
}

typedef struct Search {
    const char *path; /* NULL: any */
    char *mountpoint; /* the deepest so far */
    size_t seen;
} Search;

static void look_at(Search *search, const char *mountpoint)
{
    bool fits = !search->path || below(search->path, mountpoint);

    if (!fits)
        return;
    search->seen++;
    if (search->mountpoint && strlen(search->mountpoint) > strlen(mountpoint))
        return;
    free(search->mountpoint);
    search->mountpoint = strdup(mountpoint);
}

static void look_at_entry(void *ctx, const MountEntry *entry)
{
    look_at(ctx, entry->mountpoint);
}

static void search_all(Search *search)
{
    mounts_each(look_at_entry, search);
}

char *mounts_absolute(const char *path)
{
    _cleanup_free_ char *here = NULL;
    char *whole = realpath(path, NULL);
    size_t length;

    if (whole)
        return whole;
    here = getcwd(NULL, 0);
    if (path[0] == '/')
        whole = strdup(path);
    else if (!here || asprintf(&whole, "%s/%s", here, path) < 0)
        whole = NULL;
    length = whole ? strlen(whole) : 0;
    while (length > 1 && whole[length - 1] == '/')
        whole[--length] = '\0';
    return whole;
}

static int not_found(const char *path, size_t seen, Failure *ret_failure)
{
    if (path)
        *ret_failure = failure_make(-ERR_NOT_FOUND, "%s is not on a skystackfs.", path);
    else if (seen > 1)
        *ret_failure = failure_make(-ERR_NOT_FOUND, "There are %zu skystackfs mounts.", seen);
    else
        *ret_failure = failure_make(-ERR_NOT_FOUND, "There is no skystackfs mounted.");
    failure_set_mend(ret_failure, seen > 1 ? "Name the mount point that you mean."
                                           : "`mount -t fuse.skystackfs` lists those there are.");
    return -ERR_NOT_FOUND;
}

int mounts_find(const char *path, char **ret_mountpoint, char **ret_below, Failure *ret_failure)
{
    _cleanup_free_ char *whole = mounts_absolute(path ? path : ".");
    Search search = {.path = whole ? whole : "/"};

    search_all(&search);
    if (!search.mountpoint && !path) {
        search = (Search){.path = NULL};
        search_all(&search);
    }
    if (!search.mountpoint || (!search.path && search.seen > 1)) {
        free(search.mountpoint);
        return not_found(path, search.seen, ret_failure);
    }
    if (ret_below)
        *ret_below = strdup(search.path ? below(search.path, search.mountpoint) : "/");
    *ret_mountpoint = search.mountpoint;
    return 0;
}
