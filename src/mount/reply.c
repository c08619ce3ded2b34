#include "mount_internal.h"

#include <stdlib.h>
#include <string.h>

enum { PROMISE_MAX_MS = 300 * 1000 };
static const double SECOND_MS = 1000.0;

static struct timespec time_of(int64_t ms)
{
    return (struct timespec){.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};
}

struct stat reply_stat(const Mount *mount, const TreeAttr *attr)
{
    struct stat st = {
        .st_ino = attr->inode,
        .st_mode = attr->owned ? attr->mode : attr->mode & ~mount->config.umask,
        .st_nlink = attr->unlinked ? 0 : 1,
        .st_uid = attr->owned ? attr->uid : mount->config.uid,
        .st_gid = attr->owned ? attr->gid : mount->config.gid,
        .st_size = (off_t)attr->bytes,
        .st_blksize = 4096,
        .st_blocks = (blkcnt_t)((attr->bytes + 511) / 512),
        .st_mtim = time_of(attr->mtime_ms),
        .st_ctim = time_of(attr->ctime_ms),
        .st_atim = time_of(attr->atime_ms),
    };

    return st;
}

/* How long the kernel may take something as true. It is told when that ends sooner, but such a notice can be lost. */
static double promise_s(int64_t valid_ms)
{
    return (double)(valid_ms < PROMISE_MAX_MS ? valid_ms : PROMISE_MAX_MS) / SECOND_MS;
}

static struct fuse_entry_param entry_param(const Mount *mount, const TreeEntry *entry)
{
    return (struct fuse_entry_param){
        .ino = entry->node,
        .attr = reply_stat(mount, &entry->attr),
        .attr_timeout = promise_s(entry->attr.valid_ms),
        .entry_timeout = promise_s(entry->valid_ms),
    };
}

/* If the kernel did not take the answer, it doesn't count the lookup, so neither may we. */
static void send_entry(Request *request, const TreeEntry *entry)
{
    struct fuse_entry_param param = entry_param(request->mount, entry);

    if (fuse_reply_entry(request->req, &param) < 0)
        tree_forget(request->mount->tree, entry->node, 1);
}

static void set_opened(Request *request, const TreeOpened *opened)
{
    request->file.fh = opened->handle;
    request->file.direct_io = opened->direct;
    request->file.nonseekable = opened->stream;
    request->file.keep_cache = opened->keep;
    request->file.noflush = opened->noflush;
}

static void ignore(void *ctx, const TreeReply *reply)
{
    (void)ctx;
    (void)reply;
}

static void release(Request *request, uint64_t handle)
{
    TreeOp *op;

    tree_settle(request->mount->tree, &request->caller, handle, TREE_RELEASE, ignore, NULL, &op);
}

/*
 * Whoever opens a file reads it: what he will read goes to the page cache ahead of the answer, which spares the kernel a
 * request, and the attributes that a READ makes it forget. This takes the locks of the node's pages, so it must not meet a
 * READ that waits for us; there is none while nobody has the node open.
 */
static bool store_pages(Request *request, const TreeOpened *opened)
{
    struct fuse_bufvec pages = FUSE_BUFVEC_INIT(opened->whole_bytes);

    if (opened->whole_bytes == 0)
        return false;
    pages.buf[0].mem = (void *)(uintptr_t)opened->whole;
    return fuse_lowlevel_notify_store(request->mount->session, request->node, 0, &pages, 0) == 0;
}

static void send_open(Request *request, const TreeReply *reply)
{
    set_opened(request, &reply->opened);
    if (store_pages(request, &reply->opened))
        request->file.keep_cache = true;
    /* The kernel would cut what it reads at the size that it remembers. With a negative offset this call takes no lock,
     * so that it can't wait for a request of ours, and it must come before the answer. */
    if (reply->opened.attr_stale)
        (void)fuse_lowlevel_notify_inval_inode(request->mount->session, request->node, -1, 0);
    if (fuse_reply_open(request->req, &request->file) < 0)
        release(request, reply->opened.handle);
}

static void send_create(Request *request, const TreeReply *reply)
{
    struct fuse_entry_param param = entry_param(request->mount, &reply->entry);

    set_opened(request, &reply->opened);
    if (fuse_reply_create(request->req, &param, &request->file) < 0) {
        release(request, reply->opened.handle);
        tree_forget(request->mount->tree, reply->entry.node, 1);
    }
}

static void send_attr(Request *request, const TreeReply *reply)
{
    struct stat st = reply_stat(request->mount, &reply->entry.attr);

    fuse_reply_attr(request->req, &st, promise_s(reply->entry.attr.valid_ms));
}

static void send_xattr(Request *request, const TreeReply *reply)
{
    if (request->room == 0)
        fuse_reply_xattr(request->req, reply->count);
    else if (reply->count > request->room)
        fuse_reply_err(request->req, error_errno(-ERR_RANGE));
    else
        fuse_reply_buf(request->req, reply->bytes, reply->count);
}

static void send_list(Request *request)
{
    if (fuse_reply_buf(request->req, request->list, request->list_bytes) == 0)
        return;
    for (size_t i = 0; i < request->taken_count; i++)
        tree_forget(request->mount->tree, request->taken[i], 1);
}

void reply_send(Request *request, const TreeReply *reply)
{
    if (reply->code < 0) {
        for (size_t i = 0; i < request->taken_count; i++)
            tree_forget(request->mount->tree, request->taken[i], 1);
        fuse_reply_err(request->req, error_errno(reply->code));
        return;
    }
    switch (request->kind) {
    case REPLY_CODE:
        fuse_reply_err(request->req, 0);
        break;
    case REPLY_ENTRY:
        send_entry(request, &reply->entry);
        break;
    case REPLY_ATTR:
        send_attr(request, reply);
        break;
    case REPLY_OPEN:
        send_open(request, reply);
        break;
    case REPLY_CREATE:
        send_create(request, reply);
        break;
    case REPLY_BYTES:
        fuse_reply_buf(request->req, reply->bytes, reply->count);
        break;
    case REPLY_WRITE:
        fuse_reply_write(request->req, reply->count);
        break;
    case REPLY_LINK:
        fuse_reply_readlink(request->req, reply->bytes);
        break;
    case REPLY_XATTR:
        send_xattr(request, reply);
        break;
    case REPLY_LIST:
        send_list(request);
        break;
    }
}

static bool note_taken(Request *request, uint64_t node)
{
    uint64_t *grown = reallocarray(request->taken, request->taken_count + 1, sizeof *grown);

    if (!grown)
        return false;
    request->taken = grown;
    request->taken[request->taken_count++] = node;
    return true;
}

bool reply_fill(void *ctx, const TreeDirent *dirent)
{
    Request *request = ctx;
    char *at = request->list + request->list_bytes;
    size_t room = request->room - request->list_bytes, needed;

    if (request->plus) {
        struct fuse_entry_param param = {.attr = {.st_ino = dirent->inode, .st_mode = dirent->mode}};

        if (dirent->entry)
            param = entry_param(request->mount, dirent->entry);
        needed = fuse_add_direntry_plus(request->req, at, room, dirent->name, &param, (off_t)dirent->cookie);
    } else {
        struct stat st = {.st_ino = dirent->inode, .st_mode = dirent->mode};

        needed = fuse_add_direntry(request->req, at, room, dirent->name, &st, (off_t)dirent->cookie);
    }
    if (needed > room || (dirent->entry && !note_taken(request, dirent->entry->node)))
        return false;
    request->list_bytes += needed;
    return true;
}
