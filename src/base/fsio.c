#include "fsio.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "error.h"

static void look_at(const char *path, FsioFacts *facts)
{
    struct stat st;

    if (lstat(path, &st) < 0)
        return;
    *facts = (FsioFacts){.owner = st.st_uid,
                         .mode = st.st_mode & 07777,
                         .is_link = S_ISLNK(st.st_mode),
                         .is_regular = S_ISREG(st.st_mode)};
}

static int read_all(int fd, Buf *into)
{
    char chunk[4096];

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
        explicit_bzero(chunk, sizeof chunk); /* it may have been a token */
        if (r < 0)
            return r;
    }
}

static int system_read(Fsio *fsio, const char *path, Buf *into, FsioFacts *ret_facts)
{
    _cleanup_close_ int fd = -1;
    FsioFacts facts = {0};

    (void)fsio;
    look_at(path, &facts);
    if (ret_facts)
        *ret_facts = facts;
    fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return facts.is_link ? -ERR_NO_ACCESS : error_from_errno(errno);
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

static int write_synced(const char *path, const void *bytes, size_t count)
{
    _cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    ssize_t written;

    if (fd < 0)
        return error_from_errno(errno);
    written = write(fd, bytes, count);
    if (written < 0 || fsync(fd) < 0)
        return error_from_errno(errno);
    return (size_t)written == count ? 0 : -ERR_NO_SPACE;
}

static int sync_parent(const char *path)
{
    _cleanup_free_ char *copy = strdup(path);
    _cleanup_close_ int fd = -1;

    if (!copy)
        return -ERR_NO_MEMORY;
    fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 || fsync(fd) < 0 ? error_from_errno(errno) : 0;
}

static int system_replace(Fsio *fsio, const char *path, const void *bytes, size_t count)
{
    _cleanup_free_ char *temporary = NULL;
    int r;

    (void)fsio;
    if (asprintf(&temporary, "%s.new", path) < 0) {
        temporary = NULL;
        return -ERR_NO_MEMORY;
    }
    r = write_synced(temporary, bytes, count);
    if (r == 0 && rename(temporary, path) < 0)
        r = error_from_errno(errno);
    if (r < 0) {
        unlink(temporary);
        return r;
    }
    return sync_parent(path);
}

static int system_make_dirs(Fsio *fsio, const char *path)
{
    _cleanup_free_ char *copy = strdup(path);

    (void)fsio;
    if (!copy)
        return -ERR_NO_MEMORY;
    for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(copy, 0700) < 0 && errno != EEXIST && errno != EROFS && errno != EACCES)
            return error_from_errno(errno);
        *slash = '/';
    }
    return mkdir(copy, 0700) < 0 && errno != EEXIST ? error_from_errno(errno) : 0;
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
    static const FsioOps ops = {.read = system_read,
                                .append = system_append,
                                .replace = system_replace,
                                .make_dirs = system_make_dirs,
                                .lock = system_lock,
                                .unlock = system_unlock};
    static Fsio fsio = {.ops = &ops};

    return &fsio;
}
