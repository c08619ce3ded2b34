#include "memory_files.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"

enum { FILE_CAP = 16 << 20 };

MemoryFile *memory_files_find(MemoryFiles *files, const char *path)
{
    for (size_t i = 0; i < MEMORY_FILES_MAX; i++)
        if (files->files[i].path && strcmp(files->files[i].path, path) == 0)
            return &files->files[i];
    return NULL;
}

static MemoryFile *make(MemoryFiles *files, const char *path)
{
    MemoryFile *file = memory_files_find(files, path);

    for (size_t i = 0; !file && i < MEMORY_FILES_MAX; i++)
        if (!files->files[i].path)
            file = &files->files[i];
    if (file && !file->path)
        *file = (MemoryFile){.path = strdup(path), .bytes = BUF_INIT(FILE_CAP)};
    if (!file || !file->path)
        abort();
    return file;
}

static void drop(MemoryFile *file)
{
    free(file->path);
    buf_release(&file->bytes);
    file->path = NULL;
}

void memory_files_put(MemoryFiles *files, const char *path, Span bytes)
{
    MemoryFile *file = make(files, path);

    buf_clear(&file->bytes);
    if (buf_append(&file->bytes, bytes.at, bytes.len) < 0)
        abort();
}

static int read_one(Fsio *fsio, const char *path, Buf *into, FsioFacts *ret_facts)
{
    const MemoryFile *file = memory_files_find((MemoryFiles *)fsio, path);

    if (!file)
        return -ERR_NOT_FOUND;
    if (ret_facts)
        *ret_facts = (FsioFacts){.mode = 0600, .is_regular = true};
    return buf_append(into, file->bytes.data, file->bytes.len);
}

static int append(Fsio *fsio, const char *path, const void *bytes, size_t count)
{
    return buf_append(&make((MemoryFiles *)fsio, path)->bytes, bytes, count);
}

static int write_one(Fsio *fsio, const char *path, const void *bytes, size_t count)
{
    memory_files_put((MemoryFiles *)fsio, path, (Span){bytes, count});
    return 0;
}

static int remove_one(Fsio *fsio, const char *path)
{
    MemoryFile *file = memory_files_find((MemoryFiles *)fsio, path);

    if (!file)
        return -ERR_NOT_FOUND;
    drop(file);
    return 0;
}

static int rename_one(Fsio *fsio, const char *from, const char *to)
{
    MemoryFile *file = memory_files_find((MemoryFiles *)fsio, from);
    char *path = strdup(to);

    if (!path)
        abort();
    if (!file) {
        free(path);
        return -ERR_NOT_FOUND;
    }
    (void)remove_one(fsio, to);
    free(file->path);
    file->path = path;
    return 0;
}

static int sync_one(Fsio *fsio, const char *path)
{
    (void)fsio, (void)path;
    return 0;
}

static int sync_dir(Fsio *fsio, const char *path)
{
    (void)fsio, (void)path;
    return 0;
}

static int list(Fsio *fsio, const char *path, Buf *into)
{
    MemoryFiles *files = (MemoryFiles *)fsio;
    size_t length = strlen(path);
    int r = 0;

    for (size_t i = 0; r == 0 && i < MEMORY_FILES_MAX; i++) {
        const char *each = files->files[i].path;

        if (each && strncmp(each, path, length) == 0 && each[length] == '/')
            r = buf_append(into, each + length + 1, strlen(each + length + 1) + 1);
    }
    return r;
}

static int size(Fsio *fsio, const char *path, uint64_t *ret_bytes)
{
    const MemoryFile *file = memory_files_find((MemoryFiles *)fsio, path);

    if (!file)
        return -ERR_NOT_FOUND;
    *ret_bytes = file->bytes.len;
    return 0;
}

static int make_dirs(Fsio *fsio, const char *path)
{
    (void)fsio, (void)path;
    return 0;
}

void memory_files_init(MemoryFiles *files)
{
    static const FsioOps ops = {.read = read_one,
                                .append = append,
                                .write = write_one,
                                .sync = sync_one,
                                .rename = rename_one,
                                .remove = remove_one,
                                .sync_dir = sync_dir,
                                .list = list,
                                .size = size,
                                .make_dirs = make_dirs};

    *files = (MemoryFiles){.fsio.ops = &ops};
}

void memory_files_release(MemoryFiles *files)
{
    for (size_t i = 0; i < MEMORY_FILES_MAX; i++)
        if (files->files[i].path)
            drop(&files->files[i]);
}
