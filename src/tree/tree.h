/*
 * tree: names, nodes and what reading and writing a file means.
 *
 * It turns the store's resources into directories and files and carries out what is done to them. It knows nothing of
 * FUSE: mount gives it calls and gets replies. A *node* is what the kernel knows of one name; its number is never used
 * twice and is not its inode number. A *handle* is an open file.
 *
 * Operations: each starter calls `done` exactly once, from the loop and perhaps before it returns (then *ret_op is
 * NULL). After tree_cancel() `done` never runs; a change that was sent goes on by itself. A reply and what it points to
 * are borrowed for the callback.
 */
#ifndef SKY_TREE_H
#define SKY_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "buf.h"
#include "clock.h"
#include "failure.h"
#include "fsio.h"

typedef struct Store Store; /* store.h */
typedef struct Tree Tree;
typedef struct TreeOp TreeOp;

enum {
    TREE_ROOT = 1,
    TREE_WRITE_CAP = 1 << 20, /* bytes of a text being written */
    TREE_ERRORS_KEPT = 100,
    TREE_LOCAL_KEPT_MS = 600000,  /* a scratch file or draft, after its last close */
    TREE_SCRATCH_CAP = 16 << 20,  /* bytes of all scratch files */
    TREE_BACKUP_MS = 10000,       /* how long a backup hides the file that it was */
    TREE_ALLOWANCE_MS = 600000,   /* how long allow_deletes holds */
    TREE_SHARED_BYTES = 16 << 10, /* larger contents are read past the page cache, from the handle's own snapshot */
};

/* Who asks. The process is found out from the thread when it matters. */
typedef struct TreeCaller {
    pid_t thread;
    uid_t uid;
    gid_t gid;
} TreeCaller;

typedef struct TreeAttr {
    uint64_t inode;
    mode_t mode; /* kind and permissions, before the mount's umask */
    uint64_t bytes;
    int64_t atime_ms, mtime_ms, ctime_ms;
    bool owned; /* uid and gid are the file's own, not the mount's */
    uid_t uid;
    gid_t gid;
    int64_t valid_ms; /* how long this may be taken as true */
    bool unlinked;
} TreeAttr;

typedef struct TreeEntry {
    uint64_t node;
    int64_t valid_ms;
    TreeAttr attr;
} TreeEntry;

typedef struct TreeOpened {
    uint64_t handle;
    bool direct;     /* past the page cache */
    bool stream;     /* it has no places to seek to */
    bool keep;       /* the pages that the kernel has are still right */
    bool noflush;    /* a close has nothing to say */
    bool attr_stale; /* the kernel must forget the node's attributes before it hears of this */
    /* The kernel has no pages of this node, nobody else has it open, and this is all that it holds, borrowed: it may be
     * given before the answer, and then be kept. No bytes: the kernel is to ask. */
    const char *whole;
    size_t whole_bytes;
} TreeOpened;

typedef struct TreeReply {
    int code;          /* 0, or negative: then nothing else is set */
    TreeEntry entry;   /* lookup, create, mkdir; entry.attr alone: getattr, setattr */
    TreeOpened opened; /* open, create */
    const char *bytes; /* read, readlink, getxattr, listxattr */
    size_t count;      /* of these, or written */
} TreeReply;

typedef void (*tree_done_fn)(void *ctx, const TreeReply *reply);

/* What the tree wants the kernel to hear. The calls must not wait, and must not call back into the tree. */
typedef struct TreeSink {
    void (*node_changed)(void *ctx, uint64_t node, bool content);
    void (*name_changed)(void *ctx, uint64_t directory, const char *name);
    void (*poll_ready)(void *ctx, uint64_t handle); /* see tree_poll() */
    void *ctx;
} TreeSink;

typedef struct TreeConfig {
    const char *project;   /* the name of the one project that is the root; NULL: all. Copied, as all texts here */
    const char *defaults;  /* a JSON object that every create starts from; "{}" at least */
    const char *state_dir; /* where local files (.defaults.json) are kept; NULL: nowhere */
    bool read_only;
    bool attrs_listed;       /* listings show the NAME/ directories too */
    int64_t delete_delay_ms; /* how long a delete can be taken back; 0: it is sent inside the call */
    unsigned max_deletes;    /* in 60 s, waiting ones counted; 0: no guard */
    unsigned max_creates;    /* the same */
    const char
        *protect;   /* globs with colons between them of what can't be deleted: NAME or PROJECT/NAME; NULL: nothing */
    bool no_delete; /* nothing can */
} TreeConfig;

/* NULL if there is no memory. The others stay the caller's and must outlive the tree. */
Tree *tree_new(const TreeConfig *config, Store *store, Clock *clock, Fsio *fsio);
void tree_free(Tree *tree);
/* Takes over what may change while it is in use: the defaults, the guards, what is protected, the delay of a delete (of
 * those from now on). 0, or -ERR_NO_MEMORY and nothing is changed. */
int tree_set_rules(Tree *tree, const TreeConfig *config);
/* Whether there is something to be the root: with TreeConfig.project, whether that project was found. */
bool tree_has_root(const Tree *tree);
void tree_set_sink(Tree *tree, const TreeSink *sink);
/* Adds a file to .skystack, written anew at each open by render(). */
typedef int (*tree_render_fn)(void *ctx, Buf *into);
int tree_add_control(Tree *tree, const char *name, tree_render_fn render, void *ctx);

/* Takes NULL. */
void tree_cancel(TreeOp *op);

/* Names. A successful lookup, create or mkdir counts one reference of the kernel's to the node, which forget gives
 * back. */
void tree_lookup(Tree *tree, const TreeCaller *caller, uint64_t parent, const char *name, tree_done_fn done, void *ctx,
                 TreeOp **ret_op);
void tree_forget(Tree *tree, uint64_t node, uint64_t count);
void tree_getattr(Tree *tree, const TreeCaller *caller, uint64_t node, tree_done_fn done, void *ctx, TreeOp **ret_op);
/* Kind and permissions, at once; 0 if there is no such node. */
mode_t tree_mode(Tree *tree, uint64_t node);
/* Whether a file has an owner of its own (a scratch file), not the mount's. */
bool tree_is_owned(Tree *tree, uint64_t node);
void tree_readlink(Tree *tree, uint64_t node, tree_done_fn done, void *ctx);

/* Directory entries, one by one. */
typedef struct TreeDirent {
    const char *name;
    uint64_t cookie; /* where to go on after this one */
    uint64_t inode;
    mode_t mode;
    const TreeEntry *entry; /* if asked for: counts as a lookup if it was taken. NULL: none, look it up */
} TreeDirent;
/* Takes one, or says false: full. */
typedef bool (*tree_fill_fn)(void *ctx, const TreeDirent *dirent);
/* Hands on the entries after `cookie` (0: from the start) until full. Then done with code 0; no entry at all means the
 * end. */
void tree_list(Tree *tree, const TreeCaller *caller, uint64_t node, uint64_t cookie, bool entries, tree_fill_fn fill,
               tree_done_fn done, void *ctx, TreeOp **ret_op);

/* Files. `flags` are open(2)'s. */
void tree_open(Tree *tree, const TreeCaller *caller, uint64_t node, int flags, tree_done_fn done, void *ctx,
               TreeOp **ret_op);
void tree_create(Tree *tree, const TreeCaller *caller, uint64_t parent, const char *name, int flags, mode_t mode,
                 tree_done_fn done, void *ctx, TreeOp **ret_op);
/* `flags` are open(2)'s, as they are now: with O_NONBLOCK what would wait is -ERR_AGAIN. */
void tree_read(Tree *tree, const TreeCaller *caller, uint64_t handle, uint64_t offset, size_t count, int flags,
               tree_done_fn done, void *ctx, TreeOp **ret_op);
/* What poll(2) says of a handle, in its bits. With `wait`, the sink's poll_ready() comes once when that may be another,
 * unless the handle is released before. */
unsigned tree_poll(Tree *tree, uint64_t handle, bool wait);
/* The write that completes a text carries it out, and has its outcome. */
void tree_write(Tree *tree, const TreeCaller *caller, uint64_t handle, uint64_t offset, const char *bytes, size_t count,
                tree_done_fn done, void *ctx, TreeOp **ret_op);
/* What is to be set of a file's attributes. */
enum {
    TREE_SET_BYTES = 1,
    TREE_SET_MODE = 2,
    TREE_SET_UID = 4,
    TREE_SET_GID = 8,
    TREE_SET_ATIME = 16,
    TREE_SET_MTIME = 32
};
typedef struct TreeSet {
    unsigned what;
    uint64_t bytes;
    mode_t mode;
    uid_t uid;
    gid_t gid;
    int64_t atime_ms, mtime_ms;
} TreeSet;
/* Scratch files take all of it; other files take and ignore what they can't keep. handle 0: by node alone. */
void tree_setattr(Tree *tree, const TreeCaller *caller, uint64_t node, uint64_t handle, const TreeSet *set,
                  tree_done_fn done, void *ctx, TreeOp **ret_op);
enum TreeSettle { TREE_FLUSH, TREE_FSYNC, TREE_RELEASE };
/* After RELEASE the handle is gone. */
void tree_settle(Tree *tree, const TreeCaller *caller, uint64_t handle, enum TreeSettle when, tree_done_fn done,
                 void *ctx, TreeOp **ret_op);

/* Changes of names. */
void tree_mkdir(Tree *tree, const TreeCaller *caller, uint64_t parent, const char *name, tree_done_fn done, void *ctx,
                TreeOp **ret_op);
void tree_unlink(Tree *tree, const TreeCaller *caller, uint64_t parent, const char *name, tree_done_fn done, void *ctx,
                 TreeOp **ret_op);
void tree_rmdir(Tree *tree, const TreeCaller *caller, uint64_t parent, const char *name, tree_done_fn done, void *ctx,
                TreeOp **ret_op);
void tree_rename(Tree *tree, const TreeCaller *caller, uint64_t parent, const char *name, uint64_t new_parent,
                 const char *new_name, unsigned flags, tree_done_fn done, void *ctx, TreeOp **ret_op);
/* A scratch file that is a symbolic link. */
void tree_symlink(Tree *tree, const TreeCaller *caller, uint64_t parent, const char *name, const char *target,
                  tree_done_fn done, void *ctx, TreeOp **ret_op);
/* Sends the deletes that wait in a directory, with their outcome. */
void tree_sync_dir(Tree *tree, const TreeCaller *caller, uint64_t node, tree_done_fn done, void *ctx, TreeOp **ret_op);
/* Before the end: sends all deletes that wait, ends the files that are followed, and takes no further change. done(ctx) runs once, when none is under way any
 * more, perhaps before this returns. */
void tree_flush(Tree *tree, clock_fn done, void *ctx);
/* Says that an operation is refused as a whole, so that it is told like any other failure. Returns the code. */
int tree_refuse(Tree *tree, const TreeCaller *caller, const char *verb, uint64_t parent, const char *name, int code);

/* Attributes. An empty name lists: names, each with a NUL at its end. */
void tree_getxattr(Tree *tree, uint64_t node, const char *name, tree_done_fn done, void *ctx);

/* How many instances there are, of how much JSON, nodes, and operations that wait. */
typedef struct TreeCounts {
    uint64_t instances, bytes, nodes, parked, scratch_bytes, waiting_deletes;
} TreeCounts;
void tree_counts(Tree *tree, TreeCounts *ret_counts);
/* The newest failure that was told, for status pages; "" if there was none. Lives until the next one. */
const char *tree_last_error(Tree *tree);

#endif
