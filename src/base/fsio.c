#include "fsio.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "crash.h"
#include "error.h"
#include "fsio_load.h"

enum { READ_BYTES = 64 << 10 };

static FsioFacts facts_of(const struct stat *st)
{
    return (FsioFacts){.owner = st->st_uid,
                       .mode = st->st_mode & 07777,
                       .is_link = S_ISLNK(st->st_mode),
                       .is_regular = S_ISREG(st->st_mode)};
}

static int read_all(int fd, Buf *into)
{
    char chunk[READ_BYTES];

    for (;;) {
        ssize_t count = read(fd, chunk, sizeof chunk);
        int r;

        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return error_from_errno(errno);
        if (count == 0)
            return 0;
        r = buf_append(into, chunk, (size_t)count);
        explicit_bzero(chunk, (size_t)count); /* it may have been a token */
        if (r < 0)
            return r;
    }
}

/* The facts are those of the file that is read, not of what had its name a moment earlier; of one that can't be opened,
 * of its name. */
static int system_read(Fsio *fsio, const char *path, Buf *into, FsioFacts *ret_facts)
{
    _cleanup_close_ int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    int r = fd < 0 ? error_from_errno(errno) : 0;
    FsioFacts facts = {0};
    struct stat st;

    (void)fsio;
    if ((fd < 0 ? lstat(path, &st) : fstat(fd, &st)) == 0)
        facts = facts_of(&st);
    if (ret_facts)
        *ret_facts = facts;
    if (fd < 0)
        return facts.is_link ? -ERR_NO_ACCESS : r;
    return read_all(fd, into);
}

static int system_append(Fsio *fsio, const char *path, const void *bytes, size_t count)
{
    _cleanup_close_ int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    ssize_t written;

    (void)fsio;
    if (fd < 0)
        return error_from_errno(errno);
    written = write(fd, bytes, count);
    if (written < 0)
        return error_from_errno(errno);
    return (size_t)written == count ? 0 : -ERR_NO_SPACE;
}

static int write_all(int fd, const char *bytes, size_t count)
{
    while (count > 0) {
        ssize_t written = write(fd, bytes, count);

        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return error_from_errno(errno);
        bytes += written;
        count -= (size_t)written;
    }
    return 0;
}

static int system_write(Fsio *fsio, const char *path, const void *bytes, size_t count)
{
    _cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    int r;

    (void)fsio;
    if (fd < 0)
        return error_from_errno(errno);
    r = write_all(fd, bytes, count);
    return r == 0 && fsync(fd) < 0 ? error_from_errno(errno) : r;
}

static int system_sync(Fsio *fsio, const char *path)
{
    _cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

    (void)fsio;
    if (fd < 0)
        return error_from_errno(errno);
    return fsync(fd) < 0 ? error_from_errno(errno) : 0;
}

static int system_rename(Fsio *fsio, const char *from, const char *to)
{
    (void)fsio;
    return rename(from, to) < 0 ? error_from_errno(errno) : 0;
}

static int system_remove(Fsio *fsio, const char *path)
{
    (void)fsio;
    return unlink(path) < 0 ? error_from_errno(errno) : 0;
}

static int system_sync_dir(Fsio *fsio, const char *path)
{
    _cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    (void)fsio;
    if (fd < 0)
        return error_from_errno(errno);
    /* EINVAL: a file system that has nothing to sync here */
    return fsync(fd) < 0 && errno != EINVAL ? error_from_errno(errno) : 0;
}

static int append_names(DIR *dir, Buf *into)
{
    const struct dirent *entry;
    int r = 0;

    for (errno = 0; r == 0 && (entry = readdir(dir)) != NULL; errno = 0)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            r = buf_append(into, entry->d_name, strlen(entry->d_name) + 1);
    return r < 0 ? r : error_from_errno(errno);
}

static int system_list(Fsio *fsio, const char *path, Buf *into)
{
    DIR *dir = opendir(path);
    int r;

    (void)fsio;
    if (!dir)
        return error_from_errno(errno);
    r = append_names(dir, into);
    closedir(dir);
    return r;
}

static int system_size(Fsio *fsio, const char *path, uint64_t *ret_bytes)
{
    struct stat st;

    (void)fsio;
    if (lstat(path, &st) < 0)
        return error_from_errno(errno);
    *ret_bytes = (uint64_t)st.st_size;
    return 0;
}

static int sync_parent(Fsio *fsio, const char *path)
{
    _cleanup_free_ char *copy = strdup(path);

    return copy ? fsio_sync_dir(fsio, dirname(copy)) : -ERR_NO_MEMORY;
}

/* The rename is what makes the new bytes the file's: before it, whoever reads sees the old ones. */
int fsio_replace(Fsio *fsio, const char *path, const void *bytes, size_t count)
{
    _cleanup_free_ char *fresh = NULL;
    int r;

    if (asprintf(&fresh, "%s.new", path) < 0) {
        fresh = NULL;
        return -ERR_NO_MEMORY;
    }
    crash_point("replace-begins");
    r = fsio_write(fsio, fresh, bytes, count);
    crash_point("replace-written");
    if (r == 0)
        r = fsio_rename(fsio, fresh, path);
    if (r < 0) {
        fsio_remove(fsio, fresh);
        return r;
    }
    crash_point("replace-renamed");
    return sync_parent(fsio, path);
}

/* A directory that can't be made but isn't the last one may be there, above what this user may look at. One that may be
 * written but not read can't be synced, and is used all the same. */
static int make_dir(Fsio *fsio, const char *path, bool is_last)
{
    if (mkdir(path, 0700) == 0) {
        int r = sync_parent(fsio, path);

        return r == -ERR_NO_ACCESS ? 0 : r;
    }
    if (errno == EEXIST || (!is_last && (errno == EROFS || errno == EACCES)))
        return 0;
    return error_from_errno(errno);
}

static int system_make_dirs(Fsio *fsio, const char *path)
{
    _cleanup_free_ char *copy = strdup(path);
    int r = copy ? 0 : -ERR_NO_MEMORY;

    for (char *slash = copy ? strchr(copy + 1, '/') : NULL; r == 0 && slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        r = make_dir(fsio, copy, false);
        *slash = '/';
    }
    return r < 0 ? r : make_dir(fsio, copy, true);
}

static int system_lock(Fsio *fsio, const char *path, int *ret_lock)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    (void)fsio;
    if (fd < 0)
        return error_from_errno(errno);
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        int code = errno == EWOULDBLOCK ? -ERR_BUSY : error_from_errno(errno);

        close(fd);
        return code;
    }
    *ret_lock = fd;
    return 0;
}

static void system_unlock(Fsio *fsio, int lock)
{
    (void)fsio;
    close(lock);
}

Fsio *fsio_system(void)
{
    static const FsioOps ops = {
        .read = system_read,
        .append = system_append,
        .write = system_write,
        .sync = system_sync,
        .rename = system_rename,
        .remove = system_remove,
        .sync_dir = system_sync_dir,
        .list = system_list,
        .size = system_size,
        .make_dirs = system_make_dirs,
        .lock = system_lock,
        .unlock = system_unlock,
        .load = fsio_system_load,
        .unload = fsio_system_unload,
    };
    static Fsio fsio = {.ops = &ops};

    return &fsio;
}
