#include "workdir.h"

#include "mem.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Everything that this program ever puts there; nothing else is removed. */
static const char *const own_files[] = {"ca.pem",     "ca-key.pem",     "server.pem",     "server-key.pem",    "token",
                                        "sandbox.db", "sandbox.db-wal", "sandbox.db-shm", "sandbox.db-journal"};

static int make_temporary(Workdir *ret)
{
    const char *parent = getenv("TMPDIR");
    Buf path = {0};
    buf_printf(&path, "%s/skystack-sandbox-XXXXXX", parent && *parent ? parent : "/tmp");
    if (!mkdtemp(path.data)) {
        int error = -errno;
        buf_release(&path);
        return error;
    }
    char *absolute = realpath(path.data, NULL);
    *ret = (Workdir){absolute ? absolute : mem_dup(path.data), true};
    buf_release(&path);
    return 0;
}

int workdir_open(const char *dir, Workdir *ret)
{
    if (!dir)
        return make_temporary(ret);
    if (mkdir(dir, 0700) != 0 && errno != EEXIST)
        return -errno;
    char *path = realpath(dir, NULL);
    if (!path)
        return -errno;
    *ret = (Workdir){path, false};
    return 0;
}

void workdir_close(Workdir *dir)
{
    for (size_t i = 0; dir->temporary && i < sizeof own_files / sizeof *own_files; i++) {
        char *path = workdir_file(dir, own_files[i]);
        unlink(path);
        free(path);
    }
    if (dir->temporary)
        rmdir(dir->path);
    free(dir->path);
    *dir = (Workdir){0};
}

char *workdir_file(const Workdir *dir, const char *name)
{
    Buf path = {0};
    buf_printf(&path, "%s/%s", dir->path, name);
    return buf_take(&path);
}

static int write_all(int fd, Text text)
{
    for (size_t done = 0; done < text.len;) {
        ssize_t n = write(fd, text.at + done, text.len - done);
        if (n < 0 && errno != EINTR)
            return -errno;
        done += n > 0 ? (size_t)n : 0;
    }
    return 0;
}

int workdir_write(const Workdir *dir, const char *name, Text text)
{
    Buf scratch = {0};
    buf_printf(&scratch, "%s/%s.XXXXXX", dir->path, name);
    char *path = workdir_file(dir, name);
    int fd = mkstemp(scratch.data);
    int error = fd < 0 ? -errno : write_all(fd, text);
    if (fd >= 0)
        close(fd);
    if (!error && rename(scratch.data, path) != 0)
        error = -errno;
    if (error && fd >= 0)
        unlink(scratch.data);
    buf_release(&scratch);
    free(path);
    return error;
}

int workdir_read(const Workdir *dir, const char *name, Buf *out)
{
    char *path = workdir_file(dir, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    free(path);
    if (fd < 0)
        return -errno;
    char piece[4096];
    ssize_t n;
    while ((n = read(fd, piece, sizeof piece)) > 0)
        buf_add(out, piece, (size_t)n);
    int error = n < 0 ? -errno : 0;
    close(fd);
    return error;
}
