#include "mount_internal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Each operation makes a Request, hands it to the tree, and either finds it answered or leaves it parked. */
#define TO_TREE(request, call)                                                                                         \
    do {                                                                                                               \
        bool over;                                                                                                     \
        request_begin(request, &over);                                                                                 \
        call;                                                                                                          \
        request_end(request, &over);                                                                                   \
    } while (0)

enum {
    WRITE_BYTES_MAX = 1 << 20,
    BLOCK_BYTES = 4096,
    SCRATCH_BLOCKS = TREE_SCRATCH_CAP / BLOCK_BYTES,
    FREE_NODES = 1 << 20,
    FIRST_LIST_BYTES = 4096 /* room for a longest name, and for some twenty usual ones */
};

static Request *request_in(fuse_req_t req, enum ReplyKind kind, fuse_ino_t directory)
{
    Request *request = request_new(req, kind);

    if (request)
        request->directory = directory;
    return request;
}

static Request *request_on(fuse_req_t req, enum ReplyKind kind, fuse_ino_t node, const struct fuse_file_info *file)
{
    Request *request = request_new(req, kind);

    if (request)
        request->node = node;
    if (request && file)
        request->file = *file;
    return request;
}

static Tree *tree_of(fuse_req_t req)
{
    return ((Mount *)fuse_req_userdata(req))->tree;
}

static void op_init(void *userdata, struct fuse_conn_info *conn)
{
    Mount *mount = userdata;

    conn->max_write = WRITE_BYTES_MAX;
    conn->time_gran = 1000000;
    /* Pages are dropped by generation, at open; the kernel need not guess by times. */
    conn->want &= ~(unsigned)FUSE_CAP_AUTO_INVAL_DATA;
    mount->ready(mount->ctx);
}

static void op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
    Request *r = request_in(req, REPLY_ENTRY, parent);

    if (r)
        TO_TREE(r, tree_lookup(tree_of(req), &r->caller, parent, name, request_done, r, &r->op));
}

static void op_forget(fuse_req_t req, fuse_ino_t node, uint64_t count)
{
    tree_forget(tree_of(req), node, count);
    fuse_reply_none(req);
}

static void op_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets)
{
    for (size_t i = 0; i < count; i++)
        tree_forget(tree_of(req), forgets[i].ino, forgets[i].nlookup);
    fuse_reply_none(req);
}

static void op_getattr(fuse_req_t req, fuse_ino_t node, struct fuse_file_info *file)
{
    Request *r = request_on(req, REPLY_ATTR, node, NULL);

    (void)file;
    if (r)
        TO_TREE(r, tree_getattr(tree_of(req), &r->caller, node, request_done, r, &r->op));
}

/* Files belong to whoever mounted: giving them to somebody else can't be done. */
static bool gives_away(const Mount *mount, const struct stat *wanted, int what)
{
    return ((what & FUSE_SET_ATTR_UID) && wanted->st_uid != mount->config.uid) ||
           ((what & FUSE_SET_ATTR_GID) && wanted->st_gid != mount->config.gid);
}

static int64_t ms_of(struct timespec time)
{
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static TreeSet set_of(const Mount *mount, const struct stat *wanted, int what)
{
    static const struct {
        int theirs;
        unsigned ours;
    } bits[] = {{FUSE_SET_ATTR_SIZE, TREE_SET_BYTES},  {FUSE_SET_ATTR_MODE, TREE_SET_MODE},
                {FUSE_SET_ATTR_UID, TREE_SET_UID},     {FUSE_SET_ATTR_GID, TREE_SET_GID},
                {FUSE_SET_ATTR_ATIME, TREE_SET_ATIME}, {FUSE_SET_ATTR_MTIME, TREE_SET_MTIME}};
    int64_t now = clock_wall_ms(loop_clock(mount->loop));
    TreeSet set = {.bytes = (uint64_t)wanted->st_size,
                   .mode = wanted->st_mode,
                   .uid = wanted->st_uid,
                   .gid = wanted->st_gid,
                   .atime_ms = what & FUSE_SET_ATTR_ATIME_NOW ? now : ms_of(wanted->st_atim),
                   .mtime_ms = what & FUSE_SET_ATTR_MTIME_NOW ? now : ms_of(wanted->st_mtim)};

    for (size_t i = 0; i < sizeof bits / sizeof bits[0]; i++)
        set.what |= what & bits[i].theirs ? bits[i].ours : 0;
    return set;
}

static void op_setattr(fuse_req_t req, fuse_ino_t node, struct stat *wanted, int what, struct fuse_file_info *file)
{
    Mount *mount = fuse_req_userdata(req);
    TreeSet set = set_of(mount, wanted, what);
    Request *r;

    if (!tree_is_owned(mount->tree, node) && gives_away(mount, wanted, what)) {
        fuse_reply_err(req, error_errno(-ERR_NOT_PERMITTED));
        return;
    }
    r = request_on(req, REPLY_ATTR, node, NULL);
    if (r)
        TO_TREE(r, tree_setattr(tree_of(req), &r->caller, node, file ? file->fh : 0, &set, request_done, r, &r->op));
}

/* Whoever may come in here may do what anybody may: without `allow_other` that is the mounter alone. */
static void op_access(fuse_req_t req, fuse_ino_t node, int mask)
{
    mode_t mode = tree_mode(tree_of(req), node);
    bool refused = ((mask & X_OK) && !(mode & 0111)) || ((mask & W_OK) && !(mode & 0222));

    fuse_reply_err(req, refused ? error_errno(-ERR_NO_ACCESS) : 0);
}

static void op_readlink(fuse_req_t req, fuse_ino_t node)
{
    Request *r = request_on(req, REPLY_LINK, node, NULL);

    if (r)
        TO_TREE(r, tree_readlink(tree_of(req), node, request_done, r));
}

static void op_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
    Request *r = request_in(req, REPLY_ENTRY, parent);

    (void)mode;
    if (r)
        TO_TREE(r, tree_mkdir(tree_of(req), &r->caller, parent, name, request_done, r, &r->op));
}

static void op_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
    Request *r = request_in(req, REPLY_CODE, parent);

    if (r)
        TO_TREE(r, tree_unlink(tree_of(req), &r->caller, parent, name, request_done, r, &r->op));
}

static void op_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name)
{
    Request *r = request_in(req, REPLY_CODE, parent);

    if (r)
        TO_TREE(r, tree_rmdir(tree_of(req), &r->caller, parent, name, request_done, r, &r->op));
}

static void refuse(fuse_req_t req, const char *verb, fuse_ino_t parent, const char *name, int code)
{
    const struct fuse_ctx *from = fuse_req_ctx(req);
    TreeCaller caller = {.thread = from->pid, .uid = from->uid, .gid = from->gid};

    fuse_reply_err(req, error_errno(tree_refuse(tree_of(req), &caller, verb, parent, name, code)));
}

static void op_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t new_parent, const char *new_name,
                      unsigned flags)
{
    Request *r = request_in(req, REPLY_CODE, parent);

    if (!r)
        return;
    r->second_directory = new_parent;
    TO_TREE(r,
            tree_rename(tree_of(req), &r->caller, parent, name, new_parent, new_name, flags, request_done, r, &r->op));
}

static void op_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name)
{
    Request *r = request_in(req, REPLY_ENTRY, parent);

    if (r)
        TO_TREE(r, tree_symlink(tree_of(req), &r->caller, parent, name, target, request_done, r, &r->op));
}

static void op_link(fuse_req_t req, fuse_ino_t node, fuse_ino_t parent, const char *name)
{
    (void)node;
    refuse(req, "ln", parent, name, -ERR_NOT_PERMITTED);
}

static void op_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t device)
{
    (void)mode;
    (void)device;
    refuse(req, "mknod", parent, name, -ERR_NOT_PERMITTED);
}

static void op_open(fuse_req_t req, fuse_ino_t node, struct fuse_file_info *file)
{
    Request *r = request_on(req, REPLY_OPEN, node, file);

    if (r)
        TO_TREE(r, tree_open(tree_of(req), &r->caller, node, file->flags, request_done, r, &r->op));
}

static void op_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, struct fuse_file_info *file)
{
    Request *r = request_on(req, REPLY_CREATE, 0, file);

    if (!r)
        return;
    r->directory = parent;
    TO_TREE(r, tree_create(tree_of(req), &r->caller, parent, name, file->flags, mode, request_done, r, &r->op));
}

static void op_read(fuse_req_t req, fuse_ino_t node, size_t count, off_t offset, struct fuse_file_info *file)
{
    Request *r = request_on(req, REPLY_BYTES, node, NULL);

    if (r)
        TO_TREE(r, tree_read(tree_of(req), &r->caller, file->fh, (uint64_t)offset, count, file->flags, request_done, r,
                             &r->op));
}

/* The answer is what holds now; whoever then waits is woken, and asks again. */
static void op_poll(fuse_req_t req, fuse_ino_t node, struct fuse_file_info *file, struct fuse_pollhandle *waiting)
{
    Mount *mount = fuse_req_userdata(req);

    (void)node;
    if (waiting && polls_remember(mount, file->fh, waiting) < 0) {
        fuse_pollhandle_destroy(waiting);
        fuse_reply_err(req, error_errno(-ERR_NO_MEMORY));
        return;
    }
    fuse_reply_poll(req, tree_poll(mount->tree, file->fh, waiting != NULL));
}

static void op_write(fuse_req_t req, fuse_ino_t node, const char *bytes, size_t count, off_t offset,
                     struct fuse_file_info *file)
{
    Request *r = request_on(req, REPLY_WRITE, node, NULL);

    if (r)
        TO_TREE(
            r, tree_write(tree_of(req), &r->caller, file->fh, (uint64_t)offset, bytes, count, request_done, r, &r->op));
}

static void settle(fuse_req_t req, fuse_ino_t node, const struct fuse_file_info *file, enum TreeSettle when)
{
    Request *r = request_on(req, REPLY_CODE, node, NULL);

    if (r)
        TO_TREE(r, tree_settle(tree_of(req), &r->caller, file->fh, when, request_done, r, &r->op));
}

static void op_flush(fuse_req_t req, fuse_ino_t node, struct fuse_file_info *file)
{
    settle(req, node, file, TREE_FLUSH);
}

static void op_fsync(fuse_req_t req, fuse_ino_t node, int data_only, struct fuse_file_info *file)
{
    (void)data_only;
    settle(req, node, file, TREE_FSYNC);
}

static void op_release(fuse_req_t req, fuse_ino_t node, struct fuse_file_info *file)
{
    polls_forget(fuse_req_userdata(req), file->fh);
    settle(req, node, file, TREE_RELEASE);
}

static void list(fuse_req_t req, fuse_ino_t node, size_t room, off_t cookie, bool plus)
{
    Request *r = request_in(req, REPLY_LIST, node);

    if (!r)
        return;
    /* The kernel makes an inode and a name of each entry of an answer before it hands on the first: a short answer at the
     * beginning shows the first names sooner. */
    r->room = cookie == 0 && room > FIRST_LIST_BYTES ? FIRST_LIST_BYTES : room;
    r->plus = plus;
    r->list = malloc(r->room);
    if (!r->list) {
        TreeReply reply = {.code = -ERR_NO_MEMORY};

        request_done(r, &reply);
        return;
    }
    TO_TREE(r, tree_list(tree_of(req), &r->caller, node, (uint64_t)cookie, plus, reply_fill, request_done, r, &r->op));
}

static void op_readdir(fuse_req_t req, fuse_ino_t node, size_t room, off_t cookie, struct fuse_file_info *file)
{
    (void)file;
    list(req, node, room, cookie, false);
}

static void op_readdirplus(fuse_req_t req, fuse_ino_t node, size_t room, off_t cookie, struct fuse_file_info *file)
{
    (void)file;
    list(req, node, room, cookie, true);
}

static void op_fsyncdir(fuse_req_t req, fuse_ino_t node, int data_only, struct fuse_file_info *file)
{
    Request *r = request_in(req, REPLY_CODE, node);

    (void)data_only;
    (void)file;
    if (r)
        TO_TREE(r, tree_sync_dir(tree_of(req), &r->caller, node, request_done, r, &r->op));
}

/* Files are the instances; what is free is what may still be written here, never 0, at which tools would stop. */
static void op_statfs(fuse_req_t req, fuse_ino_t node)
{
    struct statvfs st = {.f_bsize = BLOCK_BYTES, .f_frsize = BLOCK_BYTES, .f_namemax = 255};
    TreeCounts counts;

    (void)node;
    tree_counts(tree_of(req), &counts);
    st.f_blocks = counts.bytes / BLOCK_BYTES + SCRATCH_BLOCKS;
    st.f_bfree = st.f_bavail = SCRATCH_BLOCKS - counts.scratch_bytes / BLOCK_BYTES;
    if (st.f_bfree == 0)
        st.f_bfree = st.f_bavail = 1;
    st.f_files = counts.instances + FREE_NODES;
    st.f_ffree = st.f_favail = FREE_NODES;
    fuse_reply_statfs(req, &st);
}

static void xattr(fuse_req_t req, fuse_ino_t node, const char *name, size_t room)
{
    Request *r = request_on(req, REPLY_XATTR, node, NULL);

    if (!r)
        return;
    r->room = room;
    TO_TREE(r, tree_getxattr(tree_of(req), node, name, request_done, r));
}

static void op_getxattr(fuse_req_t req, fuse_ino_t node, const char *name, size_t room)
{
    xattr(req, node, name, room);
}

static void op_listxattr(fuse_req_t req, fuse_ino_t node, size_t room)
{
    xattr(req, node, "", room);
}

/* Never ENOSYS, upon which the kernel would not ask for any attribute again. */
static void op_setxattr(fuse_req_t req, fuse_ino_t node, const char *name, const char *value, size_t count, int flags)
{
    (void)node;
    (void)name;
    (void)value;
    (void)count;
    (void)flags;
    fuse_reply_err(req, error_errno(-ERR_NOT_SUPPORTED));
}

static void op_removexattr(fuse_req_t req, fuse_ino_t node, const char *name)
{
    (void)node;
    (void)name;
    fuse_reply_err(req, error_errno(-ERR_NOT_SUPPORTED));
}

const struct fuse_lowlevel_ops mount_ops = {
    .init = op_init,
    .lookup = op_lookup,
    .forget = op_forget,
    .forget_multi = op_forget_multi,
    .getattr = op_getattr,
    .setattr = op_setattr,
    .access = op_access,
    .readlink = op_readlink,
    .mkdir = op_mkdir,
    .unlink = op_unlink,
    .rmdir = op_rmdir,
    .rename = op_rename,
    .symlink = op_symlink,
    .link = op_link,
    .mknod = op_mknod,
    .open = op_open,
    .create = op_create,
    .read = op_read,
    .write = op_write,
    .poll = op_poll,
    .flush = op_flush,
    .fsync = op_fsync,
    .release = op_release,
    .readdir = op_readdir,
    .readdirplus = op_readdirplus,
    .fsyncdir = op_fsyncdir,
    .statfs = op_statfs,
    .getxattr = op_getxattr,
    .listxattr = op_listxattr,
    .setxattr = op_setxattr,
    .removexattr = op_removexattr,
};
