#include <linux/fuse.h>
#include <string.h>

#include "mount_internal.h"

/* Kinds that the kernel may ask for, whether they are offered or not. */
static const struct {
    unsigned opcode;
    const char *name;
} kinds[] = {
    {FUSE_LOOKUP, "lookup"},
    {FUSE_FORGET, "forget"},
    {FUSE_BATCH_FORGET, "batch_forget"},
    {FUSE_GETATTR, "getattr"},
    {FUSE_SETATTR, "setattr"},
    {FUSE_READLINK, "readlink"},
    {FUSE_SYMLINK, "symlink"},
    {FUSE_MKNOD, "mknod"},
    {FUSE_MKDIR, "mkdir"},
    {FUSE_UNLINK, "unlink"},
    {FUSE_RMDIR, "rmdir"},
    {FUSE_RENAME, "rename"},
    {FUSE_RENAME2, "rename2"},
    {FUSE_LINK, "link"},
    {FUSE_OPEN, "open"},
    {FUSE_CREATE, "create"},
    {FUSE_READ, "read"},
    {FUSE_WRITE, "write"},
    {FUSE_FLUSH, "flush"},
    {FUSE_FSYNC, "fsync"},
    {FUSE_RELEASE, "release"},
    {FUSE_OPENDIR, "opendir"},
    {FUSE_READDIR, "readdir"},
    {FUSE_READDIRPLUS, "readdirplus"},
    {FUSE_FSYNCDIR, "fsyncdir"},
    {FUSE_RELEASEDIR, "releasedir"},
    {FUSE_GETXATTR, "getxattr"},
    {FUSE_LISTXATTR, "listxattr"},
    {FUSE_SETXATTR, "setxattr"},
    {FUSE_REMOVEXATTR, "removexattr"},
    {FUSE_STATFS, "statfs"},
    {FUSE_ACCESS, "access"},
    {FUSE_POLL, "poll"},
    {FUSE_IOCTL, "ioctl"},
    {FUSE_LSEEK, "lseek"},
    {FUSE_INTERRUPT, "interrupt"},
};

enum { KINDS = sizeof kinds / sizeof kinds[0], OTHER = MOUNT_OPERATIONS - 1 };

static bool is_named(unsigned opcode)
{
    for (size_t i = 0; i < KINDS; i++) {
        if (kinds[i].opcode == opcode)
            return true;
    }
    return false;
}

void tally_note(Mount *mount, const void *message, size_t bytes)
{
    struct fuse_in_header header;

    if (bytes < sizeof header)
        return;
    memcpy(&header, message, sizeof header);
    mount->operations[header.opcode < OTHER ? header.opcode : OTHER]++;
}

/* All that has no name of its own. */
static uint64_t count_others(const Mount *mount)
{
    uint64_t count = 0;

    for (unsigned opcode = 0; opcode < MOUNT_OPERATIONS; opcode++) {
        if (!is_named(opcode))
            count += mount->operations[opcode];
    }
    return count;
}

bool mount_operation(const Mount *mount, size_t index, MountOperation *ret_operation)
{
    if (index > KINDS)
        return false;
    if (index == KINDS)
        *ret_operation = (MountOperation){"other", count_others(mount)};
    else
        *ret_operation = (MountOperation){kinds[index].name, mount->operations[kinds[index].opcode]};
    return true;
}
