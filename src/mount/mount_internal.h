/*
 * mount_internal: what the files of the mount share.
 */
#ifndef SKY_MOUNT_INTERNAL_H
#define SKY_MOUNT_INTERNAL_H

#define FUSE_USE_VERSION 314
#include <fuse_lowlevel.h>
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "error.h"
#include "look.h"
#include "mount.h"

enum { MOUNT_OPERATIONS = 64 };

typedef struct Request Request;
typedef struct Notifier Notifier;
typedef struct Poll Poll;

struct Mount {
    MountConfig config;
    Tree *tree;
    Loop *loop;
    clock_fn ready, ended;
    void *ctx;
    struct fuse_session *session;
    struct fuse_buf buffer;
    LoopPoll *poll;
    Look look;
    Notifier *notifier;
    Request *parked; /* a doubly linked list */
    unsigned parked_count;
    Timer *watch;     /* runs while an interrupted request stays parked */
    bool interrupted; /* one was marked since the last look */
    bool mounted;
    bool over; /* the kernel has let go */
    uint64_t requests;
    uint64_t operations[MOUNT_OPERATIONS]; /* by opcode; the last: any other */
    Poll *polls;                           /* that wait, see polls.c */
    struct Deferred *deferred;             /* names to be forgotten when their directory is quiet */
};

/* How a request is answered once the tree is done with it. */
enum ReplyKind {
    REPLY_CODE,
    REPLY_ENTRY,
    REPLY_ATTR,
    REPLY_OPEN,
    REPLY_CREATE,
    REPLY_BYTES,
    REPLY_WRITE,
    REPLY_LINK,
    REPLY_XATTR,
    REPLY_LIST,
};

/*
 * A FUSE request from its arrival to its answer:
 *
 *   started ──the tree is done at once──> answered
 *      └──parked ──done──> answered
 *           └──interrupted by a signal that stops its caller──> cancelled, answered EINTR
 */
struct Request {
    Request *prev, *next;
    Mount *mount;
    fuse_req_t req;
    enum ReplyKind kind;
    TreeCaller caller;
    TreeOp *op;
    bool *over; /* set when it is answered while it is being started */
    bool parked;
    bool interrupted;   /* the kernel says that its caller has a signal */
    uint64_t directory; /* that the kernel keeps locked, or 0 */
    uint64_t second_directory;
    uint64_t node;
    struct fuse_file_info file;
    size_t room; /* of the caller's buffer */
    char *list;  /* directory entries */
    size_t list_bytes;
    bool plus;
    uint64_t *taken; /* nodes whose lookups the entries count */
    size_t taken_count;
};

/* request.c */
/* NULL: it was answered ENOMEM. */
Request *request_new(fuse_req_t req, enum ReplyKind kind);
/* Stand before and after the call that hands it to the tree (see TO_TREE in ops.c): what was not answered in between is
 * parked. */
void request_begin(Request *request, bool *over);
void request_end(Request *request, const bool *over);
/* The tree's `done`. */
void request_done(void *ctx, const TreeReply *reply);
/* Looks at the requests that were marked as interrupted. */
void request_check_interrupts(Mount *mount);
/* Cancels and answers all that is parked. */
void request_end_all(Mount *mount);
/* Whether the kernel may hold the directory's lock for a request of ours. */
bool request_holds(const Mount *mount, uint64_t directory);

/* reply.c */
void reply_send(Request *request, const TreeReply *reply);
struct stat reply_stat(const Mount *mount, const TreeAttr *attr);
bool reply_fill(void *ctx, const TreeDirent *dirent);

/* tally.c: counts a message from the kernel, of at least its header. */
void tally_note(Mount *mount, const void *message, size_t bytes);

/* ops.c */
extern const struct fuse_lowlevel_ops mount_ops;

/* notifier.c: a thread that tells the kernel what to forget. It touches nothing of the loop's. */
Notifier *notifier_new(struct fuse_session *session);
/* Drops what is queued: once what it is telling is told, it ends. That may take a lock in the kernel that a request holds:
 * until it has ended requests must be answered. */
void notifier_close(Notifier *notifier);
bool notifier_has_ended(Notifier *notifier);
/* Waits for the end of one that was closed. */
void notifier_free(Notifier *notifier);
void notifier_forget_content(Notifier *notifier, uint64_t node);
void notifier_forget_name(Notifier *notifier, uint64_t directory, const char *name);
/* Wakes who polls, after what is queued already, and frees that handle of the kernel's. */
void notifier_wake(Notifier *notifier, struct fuse_pollhandle *waiting);

/* polls.c: somebody waits in poll(2) for an open file. 0 or -ERR_NO_MEMORY; then `waiting` stays the caller's. */
int polls_remember(Mount *mount, uint64_t handle, struct fuse_pollhandle *waiting);
/* The file is released. */
void polls_forget(Mount *mount, uint64_t handle);
void polls_free(Mount *mount);
/* The tree's sink. */
void mount_poll_ready(void *ctx, uint64_t handle);

/* mount.c: the tree's sink, and what waits for a directory to be quiet */
void mount_node_changed(void *ctx, uint64_t node, bool content);
void mount_name_changed(void *ctx, uint64_t directory, const char *name);
void mount_tell_deferred(Mount *mount);
void mount_deferred_free(Mount *mount);

#endif
