#include "top_source.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cleanup.h"

/* All of these return 0 or an errno; EPIPE where nobody listens any more. */

static int send_all(int socket, const void *bytes, size_t count)
{
    const char *at = bytes;

    while (count > 0) {
        ssize_t sent = send(socket, at, count, MSG_NOSIGNAL);

        if (sent < 0 && errno != EINTR)
            return EPIPE;
        if (sent > 0) {
            at += sent;
            count -= (size_t)sent;
        }
    }
    return 0;
}

static int send_frame(int socket, enum TopFrame frame, const void *bytes, size_t count)
{
    TopFrameHead head = {.frame = frame, .bytes = (uint32_t)count};
    int r = send_all(socket, &head, sizeof head);

    return r ? r : send_all(socket, bytes, count);
}

static int send_end(int socket, int number)
{
    TopFrameHead head = {.frame = TOP_FRAME_END, .bytes = (uint32_t)number};

    return send_all(socket, &head, sizeof head);
}

static int send_rest(int socket, int fd)
{
    char chunk[TOP_FRAME_MAX];
    ssize_t count;
    int r = 0;

    while (r == 0 && (count = read(fd, chunk, sizeof chunk)) != 0)
        r = count > 0 ? send_frame(socket, TOP_FRAME_BYTES, chunk, (size_t)count) : errno;
    return r;
}

/* None of ours is a link: one would lead out of the mount. */
static int send_file(int socket, int folder, const char *path)
{
    _cleanup_close_ int fd = openat(folder, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    int r = fd < 0 ? errno : send_frame(socket, TOP_FRAME_OPENED, NULL, 0);

    return r ? r : send_rest(socket, fd);
}

/* A project may go while we are here: that is no failure. */
static int send_project(int socket, int folder, const char *name)
{
    char path[PATH_MAX];
    int r = send_frame(socket, TOP_FRAME_PROJECT, name, strlen(name));

    if (r == 0 && snprintf(path, sizeof path, "%s/.all.ndjson", name) < (int)sizeof path)
        r = send_file(socket, folder, path);
    return r == ENOENT ? 0 : r;
}

/* No project's name begins with a dot, as a file. */
static bool is_project(const struct dirent *entry)
{
    return entry->d_type == DT_DIR && entry->d_name[0] != '.';
}

static int send_each_project(int socket, int folder, DIR *listing)
{
    struct dirent *entry;
    int r = 0;

    errno = 0;
    while (r == 0 && (entry = readdir(listing)) != NULL) {
        if (is_project(entry))
            r = send_project(socket, folder, entry->d_name);
        errno = 0;
    }
    return r ? r : errno;
}

static int send_projects(int socket, int folder)
{
    int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *listing = fd < 0 ? NULL : fdopendir(fd);
    int r = errno;

    if (listing) {
        r = send_each_project(socket, folder, listing);
        closedir(listing);
    } else if (fd >= 0) {
        close(fd);
    }
    return r;
}

/* Where the mount shows one project alone, its defaults stand beside its instances. */
static int send_rows(int socket, int folder)
{
    if (faccessat(folder, ".defaults.json", F_OK, 0) == 0)
        return send_file(socket, folder, ".all.ndjson");
    return errno == ENOENT ? send_projects(socket, folder) : errno;
}

static int send_source(int socket, const char *mountpoint, enum TopSource source)
{
    _cleanup_close_ int folder = open(mountpoint, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (folder < 0)
        return errno;
    if (source == TOP_SOURCE_ROWS)
        return send_rows(socket, folder);
    return send_file(socket, folder, source == TOP_SOURCE_STATUS ? ".skystack/status.json" : ".skystack/events.follow");
}

void top_source_serve(int socket, const char *mountpoint, enum TopSource source)
{
    char asked;

    while (read(socket, &asked, sizeof asked) == 1) {
        if (send_end(socket, send_source(socket, mountpoint, source)) != 0)
            return;
    }
}
