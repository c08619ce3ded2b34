#include "sim_disk.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "error.h"

/* ---- files and names ---- */

static SimFile *file_new(void)
{
    SimFile *file = calloc(1, sizeof *file);

    if (!file)
        abort();
    return file;
}

static SimFile *file_use(SimFile *file)
{
    if (file)
        file->names++;
    return file;
}

static void file_let_go(SimFile *file)
{
    if (!file || --file->names > 0)
        return;
    free(file->bytes);
    free(file);
}

static void point(SimFile **name, SimFile *file)
{
    SimFile *before = *name;

    *name = file_use(file);
    file_let_go(before);
}

static void set_bytes(SimFile *file, const void *bytes, size_t count)
{
    file->bytes = realloc(file->bytes, count + 1);
    if (!file->bytes)
        abort();
    memcpy(file->bytes, bytes, count);
    file->bytes[count] = '\0';
    file->count = count;
}

static void copy_path(char to[160], const char *path)
{
    if (strlen(path) >= 160)
        abort();
    memcpy(to, path, strlen(path) + 1);
}

static SimName *find(SimDisk *disk, const char *path)
{
    for (size_t i = 0; i < disk->name_count; i++)
        if (strcmp(disk->names[i].path, path) == 0)
            return &disk->names[i];
    return NULL;
}

/* Names that mean nothing any more make room. */
static SimName *find_or_add(SimDisk *disk, const char *path)
{
    SimName *name = find(disk, path);

    for (size_t i = 0; i < disk->name_count && !name; i++)
        if (!disk->names[i].seen && !disk->names[i].durable)
            name = &disk->names[i];
    if (!name && disk->name_count == SIM_NAMES_MAX)
        abort();
    if (!name)
        name = &disk->names[disk->name_count++];
    copy_path(name->path, path);
    return name;
}

static bool is_below(const char *path, const char *directory)
{
    size_t length = strlen(directory);

    return strncmp(path, directory, length) == 0 && path[length] == '/' && !strchr(path + length + 1, '/');
}

/* ---- changes of names ---- */

static void apply(SimDisk *disk, const SimNameChange *change)
{
    SimName *from = change->from[0] ? find(disk, change->from) : NULL;

    if (change->to[0])
        point(&find_or_add(disk, change->to)->durable, change->file);
    if (from && from->durable == change->file)
        point(&from->durable, NULL);
}

static void drop_change(SimDisk *disk, size_t at)
{
    file_let_go(disk->changes[at].file);
    memmove(&disk->changes[at], &disk->changes[at + 1], (--disk->change_count - at) * sizeof disk->changes[0]);
}

/* All of a directory's that wait. */
static void make_durable(SimDisk *disk, const char *directory)
{
    for (size_t i = 0; i < disk->change_count;) {
        const SimNameChange *change = &disk->changes[i];

        if (!is_below(change->to[0] ? change->to : change->from, directory)) {
            i++;
            continue;
        }
        apply(disk, change);
        drop_change(disk, i);
    }
}

static void note_change(SimDisk *disk, const char *from, const char *to, SimFile *file)
{
    SimNameChange *change;

    if (disk->change_count == SIM_CHANGES_MAX) {
        apply(disk, &disk->changes[0]);
        drop_change(disk, 0);
    }
    change = &disk->changes[disk->change_count++];
    copy_path(change->from, from);
    copy_path(change->to, to);
    change->file = file_use(file);
}

/* ---- failing ---- */

/* What a call comes to before it has done anything: 0, or a code. The power may go at any call. */
static int begin(Fsio *fsio)
{
    SimDisk *disk = (SimDisk *)fsio;

    disk->calls++;
    if (disk->crash_at && disk->calls >= disk->crash_at)
        sim_disk_power_off(disk);
    if (disk->off)
        return -ERR_DISK;
    if (disk->fail_at == disk->calls || chance_hit(&disk->chance, disk->fail_permille))
        return chance_hit(&disk->chance, 500) ? -ERR_NO_SPACE : -ERR_DISK;
    return 0;
}

/* ---- the program's calls ---- */

static int do_read(Fsio *fsio, const char *path, Buf *into, FsioFacts *ret_facts)
{
    SimDisk *disk = (SimDisk *)fsio;
    SimName *name = find(disk, path);

    if (!name || !name->seen)
        return -ERR_NOT_FOUND;
    if (ret_facts)
        *ret_facts = (FsioFacts){.owner = geteuid(), .mode = 0600, .is_regular = true};
    return buf_append(into, name->seen->bytes ? name->seen->bytes : "", name->seen->count);
}

static SimFile *open_for_writing(SimDisk *disk, const char *path)
{
    SimName *name = find_or_add(disk, path);

    if (!name->seen) {
        point(&name->seen, file_new());
        note_change(disk, "", path, name->seen);
    }
    return name->seen;
}

static int do_append(Fsio *fsio, const char *path, const void *bytes, size_t count)
{
    SimFile *file;
    int r = begin(fsio);

    if (r < 0)
        return r;
    file = open_for_writing((SimDisk *)fsio, path);
    file->bytes = realloc(file->bytes, file->count + count + 1);
    if (!file->bytes)
        abort();
    memcpy(file->bytes + file->count, bytes, count);
    file->count += count;
    file->bytes[file->count] = '\0';
    return 0;
}

/* One that fails may have left any part of it. */
static int do_write(Fsio *fsio, const char *path, const void *bytes, size_t count)
{
    SimDisk *disk = (SimDisk *)fsio;
    int r = begin(fsio);
    SimFile *file;

    if (disk->off)
        return r;
    file = open_for_writing(disk, path);
    if (r < 0)
        count = chance_below(&disk->chance, (unsigned)count + 1);
    set_bytes(file, bytes, count);
    file->durable = r < 0 ? chance_below(&disk->chance, (unsigned)count + 1) : count;
    return r;
}

static int do_sync(Fsio *fsio, const char *path)
{
    SimDisk *disk = (SimDisk *)fsio;
    int r = begin(fsio);
    SimName *name = find(disk, path);

    if (r < 0)
        return r;
    if (!name || !name->seen)
        return -ERR_NOT_FOUND;
    name->seen->durable = name->seen->count;
    return 0;
}

static int do_rename(Fsio *fsio, const char *from, const char *to)
{
    SimDisk *disk = (SimDisk *)fsio;
    int r = begin(fsio);
    SimName *source = find(disk, from);

    if (r < 0)
        return r;
    if (!source || !source->seen)
        return -ERR_NOT_FOUND;
    note_change(disk, from, to, source->seen);
    point(&find_or_add(disk, to)->seen, source->seen);
    point(&find(disk, from)->seen, NULL);
    return 0;
}

static int do_remove(Fsio *fsio, const char *path)
{
    SimDisk *disk = (SimDisk *)fsio;
    SimName *name = find(disk, path);
    int r = begin(fsio);

    if (r < 0)
        return r;
    if (!name || !name->seen)
        return -ERR_NOT_FOUND;
    note_change(disk, path, "", name->seen);
    point(&name->seen, NULL);
    return 0;
}

static int do_sync_dir(Fsio *fsio, const char *path)
{
    int r = begin(fsio);

    if (r == 0)
        make_durable((SimDisk *)fsio, path);
    return r;
}

static int do_list(Fsio *fsio, const char *path, Buf *into)
{
    SimDisk *disk = (SimDisk *)fsio;
    int r = 0;

    for (size_t i = 0; i < disk->name_count && r == 0; i++) {
        const SimName *name = &disk->names[i];

        if (name->seen && is_below(name->path, path))
            r = buf_append(into, name->path + strlen(path) + 1, strlen(name->path + strlen(path) + 1) + 1);
    }
    return r;
}

static int do_size(Fsio *fsio, const char *path, uint64_t *ret_bytes)
{
    SimName *name = find((SimDisk *)fsio, path);

    if (!name || !name->seen)
        return -ERR_NOT_FOUND;
    *ret_bytes = name->seen->count;
    return 0;
}

static int do_make_dirs(Fsio *fsio, const char *path)
{
    (void)path;
    return begin(fsio);
}

static int do_lock(Fsio *fsio, const char *path, int *ret_lock)
{
    SimDisk *disk = (SimDisk *)fsio;

    (void)path;
    if (disk->locked)
        return -ERR_BUSY;
    disk->locked = true;
    *ret_lock = 1;
    return 0;
}

static void do_unlock(Fsio *fsio, int lock)
{
    (void)lock;
    ((SimDisk *)fsio)->locked = false;
}

/* ---- the world's ---- */

void sim_disk_init(SimDisk *disk, Chance chance)
{
    static const FsioOps ops = {
        .read = do_read,
        .append = do_append,
        .write = do_write,
        .sync = do_sync,
        .rename = do_rename,
        .remove = do_remove,
        .sync_dir = do_sync_dir,
        .list = do_list,
        .size = do_size,
        .make_dirs = do_make_dirs,
        .lock = do_lock,
        .unlock = do_unlock,
    };

    disk->fsio.ops = &ops;
    disk->chance = chance;
}

void sim_disk_release(SimDisk *disk)
{
    while (disk->change_count > 0)
        drop_change(disk, 0);
    for (size_t i = 0; i < disk->name_count; i++) {
        point(&disk->names[i].seen, NULL);
        point(&disk->names[i].durable, NULL);
    }
}

/* Some of what is not durable has got there all the same, in any order. */
void sim_disk_power_off(SimDisk *disk)
{
    if (disk->off)
        return;
    disk->off = true;
    disk->crash_at = 0;
    while (disk->change_count > 0) {
        if (chance_hit(&disk->chance, 500))
            apply(disk, &disk->changes[0]);
        drop_change(disk, 0);
    }
}

void sim_disk_power_on(SimDisk *disk)
{
    disk->off = false;
    for (size_t i = 0; i < disk->name_count; i++) {
        SimName *name = &disk->names[i];
        SimFile *file = name->durable;

        point(&name->seen, file);
        if (file && file->durable < file->count) {
            file->count = (size_t)chance_between(&disk->chance, (int64_t)file->durable, (int64_t)file->count);
            file->bytes[file->count] = '\0';
        }
        if (file)
            file->durable = file->count;
    }
}

void sim_disk_put(SimDisk *disk, const char *path, const char *text)
{
    SimName *name = find_or_add(disk, path);
    SimFile *file = file_new();

    set_bytes(file, text, strlen(text));
    file->durable = file->count;
    point(&name->seen, file);
    point(&name->durable, file);
}

static bool holds(const SimFile *file, size_t count, const char *text)
{
    return file && file->bytes && memmem(file->bytes, count, text, strlen(text)) != NULL;
}

bool sim_disk_holds(const SimDisk *disk, const char *prefix, const char *text, bool durably)
{
    for (size_t i = 0; i < disk->name_count; i++) {
        const SimName *name = &disk->names[i];

        if (strncmp(name->path, prefix, strlen(prefix)) != 0 || strstr(name->path, ".new"))
            continue;
        if (durably ? name->durable && holds(name->durable, name->durable->durable, text)
                    : name->seen && holds(name->seen, name->seen->count, text))
            return true;
    }
    return false;
}

unsigned sim_disk_count(const SimDisk *disk, const char *prefix)
{
    unsigned count = 0;

    for (size_t i = 0; i < disk->name_count; i++)
        count += disk->names[i].seen && strncmp(disk->names[i].path, prefix, strlen(prefix)) == 0;
    return count;
}
