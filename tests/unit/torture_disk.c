/* Calls of the disk by the program under test: counted, and one of them fails, having done nothing. */
#include "torture_disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

DIR *__real_opendir(const char *path);
ssize_t __real_read(int fd, void *into, size_t count);
ssize_t __real_write(int fd, const void *bytes, size_t count);
int __real_fsync(int fd);
int __real_rename(const char *from, const char *to);

int __wrap_open64(const char *path, int flags, ...);
DIR *__wrap_opendir(const char *path);
ssize_t __wrap_read(int fd, void *into, size_t count);
ssize_t __wrap_write(int fd, const void *bytes, size_t count);
int __wrap_fsync(int fd);
int __wrap_rename(const char *from, const char *to);

static atomic_uint_fast64_t calls; /* a worker's thread calls too */
static uint64_t fails_at;
static torture_watch_fn watch;

void torture_fail_disk_at(uint64_t call)
{
    calls = 0;
    fails_at = call;
}

void torture_watch_disk(torture_watch_fn call)
{
    watch = call;
}

uint64_t torture_disk_calls(void)
{
    return calls;
}

static bool fails(int code)
{
    uint64_t call = ++calls;

    if (watch)
        watch(call);
    if (call != fails_at)
        return false;
    errno = code;
    return true;
}

int __wrap_open64(const char *path, int flags, ...)
{
    mode_t mode = 0;
    va_list args;

    va_start(args, flags);
    if (flags & O_CREAT)
        mode = va_arg(args, mode_t);
    va_end(args);
    return fails(EMFILE) ? -1 : __real_open64(path, flags, mode);
}

DIR *__wrap_opendir(const char *path)
{
    return fails(EMFILE) ? NULL : __real_opendir(path);
}

ssize_t __wrap_read(int fd, void *into, size_t count)
{
    return fails(EIO) ? -1 : __real_read(fd, into, count);
}

ssize_t __wrap_write(int fd, const void *bytes, size_t count)
{
    return fails(ENOSPC) ? -1 : __real_write(fd, bytes, count);
}

int __wrap_fsync(int fd)
{
    return fails(EIO) ? -1 : __real_fsync(fd);
}

int __wrap_rename(const char *from, const char *to)
{
    return fails(EIO) ? -1 : __real_rename(from, to);
}
