/*
 * ceiling: as fast as the kernel lets a file system of one loop be.
 *
 *   ceiling [-l MICROSECONDS] FOLDER MOUNTPOINT
 *
 * A low-level FUSE file system that serves the plain files of a folder out of its memory. It promises the kernel that
 * nothing ever changes, so whatever the kernel can remember it does, and what is left to be asked is answered at once.
 *
 * -l: having answered, the loop looks for the next request for so long before it sleeps. Without, it sleeps at once.
 *
 * It runs in the foreground until it is unmounted or told to end, and ends with who started it.
 */
#define FUSE_USE_VERSION 314
#include <fuse_lowlevel.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "timing.h"

typedef struct File {
    char *name;
    char *text;
    struct stat st;
} File;

/* The root is inode 1, and the file at `index` inode index + FIRST_FILE. */
enum { FIRST_FILE = 2 };

static const double FOREVER_S = 1e9;

static File *files; /* by name */
static size_t file_count;
static struct stat root;

static _Noreturn void stop(const char *what)
{
    fprintf(stderr, "ceiling: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* What it serves */

static bool is_listed(const char *name)
{
    return name[0] != '.';
}

static int only_listed(const struct dirent *entry)
{
    return is_listed(entry->d_name);
}

static void load_file(int folder, size_t index, const char *name)
{
    File *file = &files[index];
    int fd = openat(folder, name, O_RDONLY);

    if (fd < 0 || fstat(fd, &file->st) < 0)
        stop(name);
    file->name = strdup(name);
    file->text = malloc((size_t)file->st.st_size + 1);
    if (!file->name || !file->text || read(fd, file->text, (size_t)file->st.st_size) != file->st.st_size)
        stop(name);
    file->st.st_ino = index + FIRST_FILE;
    close(fd);
}

static void load(const char *path)
{
    struct dirent **entries;
    int folder = open(path, O_RDONLY | O_DIRECTORY);
    int count = folder < 0 ? -1 : scandir(path, &entries, only_listed, alphasort);

    if (count < 0 || fstat(folder, &root) < 0)
        stop(path);
    root.st_ino = FUSE_ROOT_ID;
    file_count = (size_t)count;
    files = calloc(file_count + 1, sizeof *files);
    if (!files)
        stop(path);
    for (size_t i = 0; i < file_count; i++) {
        load_file(folder, i, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    close(folder);
}

static void unload(void)
{
    for (size_t i = 0; i < file_count; i++) {
        free(files[i].name);
        free(files[i].text);
    }
    free(files);
}

static const File *file_of(fuse_ino_t ino)
{
    return ino >= FIRST_FILE && ino - FIRST_FILE < file_count ? &files[ino - FIRST_FILE] : NULL;
}

static int compare_names(const void *name, const void *file)
{
    return strcoll(name, ((const File *)file)->name);
}

static struct fuse_entry_param entry_of(const struct stat *st)
{
    return (struct fuse_entry_param){
        .ino = st->st_ino, .attr = *st, .attr_timeout = FOREVER_S, .entry_timeout = FOREVER_S};
}

/* What it answers */

static void on_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
    const File *file = bsearch(name, files, file_count, sizeof *files, compare_names);
    struct fuse_entry_param entry = {.entry_timeout = FOREVER_S};

    (void)parent;
    if (file)
        entry = entry_of(&file->st);
    fuse_reply_entry(req, &entry);
}

static void on_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info)
{
    const File *file = file_of(ino);

    (void)info;
    fuse_reply_attr(req, file ? &file->st : &root, FOREVER_S);
}

static void on_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info)
{
    (void)ino;
    info->cache_readdir = 1;
    info->keep_cache = 1;
    fuse_reply_open(req, info);
}

/* `.` and `..` stand at 0 and 1, and the file at `index` at index + FIRST_FILE. */
static size_t add_entry(fuse_req_t req, char *into, size_t room, size_t place, bool plus)
{
    bool dots = place < FIRST_FILE;
    struct fuse_entry_param entry = entry_of(dots ? &root : &files[place - FIRST_FILE].st);
    const char *name = dots ? &".."[1 - place] /* "." is the end of ".." */ : files[place - FIRST_FILE].name;
    off_t next = (off_t)place + 1;

    return plus ? fuse_add_direntry_plus(req, into, room, name, &entry, next)
                : fuse_add_direntry(req, into, room, name, &entry.attr, next);
}

static void list(fuse_req_t req, size_t room, off_t from, bool plus)
{
    char *entries = malloc(room);
    size_t used = 0;

    if (!entries) {
        fuse_reply_err(req, ENOMEM);
        return;
    }
    for (size_t place = (size_t)from; place < file_count + FIRST_FILE; place++) {
        size_t bytes = add_entry(req, entries + used, room - used, place, plus);

        if (bytes > room - used)
            break;
        used += bytes;
    }
    fuse_reply_buf(req, entries, used);
    free(entries);
}

static void on_readdir(fuse_req_t req, fuse_ino_t ino, size_t room, off_t from, struct fuse_file_info *info)
{
    (void)ino;
    (void)info;
    list(req, room, from, false);
}

static void on_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t room, off_t from, struct fuse_file_info *info)
{
    (void)ino;
    (void)info;
    list(req, room, from, true);
}

static void on_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info)
{
    (void)ino;
    info->keep_cache = 1;
    info->noflush = 1;
    fuse_reply_open(req, info);
}

static void on_read(fuse_req_t req, fuse_ino_t ino, size_t room, off_t from, struct fuse_file_info *info)
{
    const File *file = file_of(ino);
    size_t bytes = file ? (size_t)file->st.st_size : 0, begin = (size_t)from < bytes ? (size_t)from : bytes;

    (void)info;
    fuse_reply_buf(req, file ? file->text + begin : NULL, room < bytes - begin ? room : bytes - begin);
}

/* With any other answer `ls -l` would ask for each file. */
static void on_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t room)
{
    (void)ino;
    (void)name;
    (void)room;
    fuse_reply_err(req, EOPNOTSUPP);
}

static const struct fuse_lowlevel_ops operations = {
    .lookup = on_lookup,
    .getattr = on_getattr,
    .opendir = on_opendir,
    .readdir = on_readdir,
    .readdirplus = on_readdirplus,
    .open = on_open,
    .read = on_read,
    .getxattr = on_getxattr,
};

/* The loop */

/* After an answer at since_ns: comes back at once while it is time to look again, else when there is something. */
static void await_request(int fd, int64_t since_ns, int64_t look_ns)
{
    struct pollfd readable = {.fd = fd, .events = POLLIN};

    if (now_ns() - since_ns >= look_ns)
        poll(&readable, 1, -1);
}

static void serve(struct fuse_session *session, int64_t look_ns)
{
    struct fuse_buf buffer = {0};
    int fd = fuse_session_fd(session);
    int64_t since_ns = 0;

    if (look_ns > 0 && fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) < 0)
        stop("fcntl");
    while (!fuse_session_exited(session)) {
        int r = fuse_session_receive_buf(session, &buffer);

        if (r > 0) {
            fuse_session_process_buf(session, &buffer);
            since_ns = look_ns > 0 ? now_ns() : 0;
        } else if (r == -EAGAIN) {
            await_request(fd, since_ns, look_ns);
        } else if (r != -EINTR) {
            break;
        }
    }
    free(buffer.mem);
}

static struct fuse_session *session_new(void)
{
    struct fuse_args args = FUSE_ARGS_INIT(0, NULL);
    struct fuse_session *session = NULL;

    if (fuse_opt_add_arg(&args, "ceiling") == 0 && fuse_opt_add_arg(&args, "-ofsname=ceiling,subtype=ceiling") == 0)
        session = fuse_session_new(&args, &operations, sizeof operations, NULL);
    fuse_opt_free_args(&args);
    return session;
}

int main(int argc, char **argv)
{
    struct fuse_session *session;
    long look_us = 0;
    int option;

    while ((option = getopt(argc, argv, "l:")) == 'l')
        look_us = strtol(optarg, NULL, 10);
    if (option != -1 || argc - optind != 2) {
        fputs("usage: ceiling [-l MICROSECONDS] FOLDER MOUNTPOINT\n", stderr);
        return 2;
    }
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    load(argv[optind]);
    session = session_new();
    if (!session || fuse_set_signal_handlers(session) < 0 || fuse_session_mount(session, argv[optind + 1]) < 0)
        return 1;
    serve(session, look_us * 1000);
    fuse_session_unmount(session);
    fuse_remove_signal_handlers(session);
    fuse_session_destroy(session);
    unload();
    return 0;
}
