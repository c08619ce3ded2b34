/*
 * mount: the kernel's side: FUSE requests in, replies out.
 *
 * It owns the FUSE session and each request until it is answered. A request that the tree can't answer at once is
 * parked here, with nothing waiting for it but a list; it is answered when the tree is done, or with EINTR when its
 * caller is being stopped.
 */
#ifndef SKY_MOUNT_H
#define SKY_MOUNT_H

#include <stdbool.h>
#include <sys/types.h>

#include "failure.h"
#include "loop.h"
#include "tree.h"

typedef struct Mount Mount;

typedef struct MountConfig {
    const char *mountpoint; /* absolute; copied, as all texts here */
    const char *source;     /* shown as the file system's name */
    bool allow_other;       /* other users too, the kernel checking permissions */
    bool read_only;
    uid_t uid; /* whose the files are */
    gid_t gid;
    mode_t umask;
    const char *kernel_options; /* more for the kernel, each behind a comma; NULL: none */
    bool debug;                 /* FUSE's own trace on standard error */
} MountConfig;

typedef struct MountStats {
    uint64_t requests; /* answered or parked since the mount */
    unsigned parked;   /* now */
} MountStats;

/*
 * Sees that the mount point can be mounted on: it is there, a directory, empty, and nothing is mounted on it. A dead
 * mount of ours (its daemon was killed) is taken away first. 0, or the failure that says what is wrong.
 */
int mountpoint_prepare(const char *mountpoint, Failure *ret_failure);

/* Mounts and serves from the loop. ready(ctx) runs once when the kernel has said hello; ended(ctx) once when the file
 * system was unmounted by somebody else. The tree and the loop must outlive it. */
int mount_new(const MountConfig *config, Tree *tree, Loop *loop, clock_fn ready, clock_fn ended, void *ctx,
              Mount **ret_mount, Failure *ret_failure);
/* Answers what is parked and unmounts: nothing reaches the tree from the kernel any more. Takes NULL. */
void mount_stop(Mount *mount);
/* As mount_stop(), and frees. Takes NULL. */
void mount_free(Mount *mount);

/* What the kernel asked for since the mount. */
typedef struct MountOperation {
    const char *name; /* "lookup", "open", …; the last is "other". Static */
    uint64_t count;
} MountOperation;
/* The kind of that index, from 0; false behind the last. */
bool mount_operation(const Mount *mount, size_t index, MountOperation *ret_operation);
void mount_stats(const Mount *mount, MountStats *ret_stats);

#endif
