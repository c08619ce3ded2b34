#include "filewatch.h"

#include <libgen.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "error.h"
#include "loop_uv.h"

/* One directory, and the name in it that matters. A closed handle can't be started again, and a stopped one can. */
typedef struct Seat {
    struct LoopFileWatch *watch;
    uv_fs_event_t handle;
    char *directory, *name;
} Seat;

enum { SEAT_FILE, SEAT_LINK, SEATS };

typedef struct LoopFileWatch {
    FileWatch base; /* first: a FileWatch* of ours is a LoopFileWatch* */
    Seat seats[SEATS];
    unsigned open; /* handles that are not closed yet */
    Timer *settle;
    clock_fn changed;
    void *ctx;
} LoopFileWatch;

typedef struct LoopFileWatcher {
    FileWatcher base; /* first */
    Loop *loop;
} LoopFileWatcher;

static int error_of(int uv_code)
{
    return error_from_errno(-uv_code);
}

static bool is_link(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
}

static int seat_init(Seat *seat, const char *path)
{
    _cleanup_free_ char *for_directory = strdup(path);
    _cleanup_free_ char *for_name = strdup(path);

    if (!for_directory || !for_name)
        return -ERR_NO_MEMORY;
    seat->directory = strdup(dirname(for_directory));
    seat->name = strdup(basename(for_name));
    return seat->directory && seat->name ? 0 : -ERR_NO_MEMORY;
}

/* A directory's own end comes under its own name. */
static bool matters(const Seat *seat, const char *name)
{
    const char *slash = strrchr(seat->directory, '/');

    return !name || strcmp(name, seat->name) == 0 || strcmp(name, slash ? slash + 1 : seat->directory) == 0;
}

static void on_event(uv_fs_event_t *handle, const char *name, int events, int status)
{
    Seat *seat = handle->data;

    (void)events;
    if (status < 0 || matters(seat, name))
        timer_start(seat->watch->settle, FILEWATCH_SETTLE_MS);
}

/* Anew each time: the path may lead to another directory by now. */
static int arm(LoopFileWatch *watch)
{
    Seat *file = &watch->seats[SEAT_FILE], *link = &watch->seats[SEAT_LINK];

    uv_fs_event_stop(&file->handle);
    uv_fs_event_stop(&link->handle);
    if (is_link(file->directory))
        uv_fs_event_start(&link->handle, on_event, link->directory, 0);
    return error_of(uv_fs_event_start(&file->handle, on_event, file->directory, 0));
}

/* Watched again first: what happens from here on is told in any case. */
static void on_settled(void *ctx)
{
    LoopFileWatch *watch = ctx;

    if (arm(watch) < 0)
        timer_start(watch->settle, FILEWATCH_RETRY_MS);
    watch->changed(watch->ctx);
}

static void watch_free(LoopFileWatch *watch)
{
    for (size_t i = 0; i < SEATS; i++) {
        free(watch->seats[i].directory);
        free(watch->seats[i].name);
    }
    timer_free(watch->settle);
    free(watch);
}

static void on_closed(uv_handle_t *handle)
{
    LoopFileWatch *watch = ((Seat *)handle->data)->watch;

    if (--watch->open == 0)
        watch_free(watch);
}

static void loop_filewatch_stop(FileWatch *base)
{
    LoopFileWatch *watch = (LoopFileWatch *)base;

    timer_stop(watch->settle);
    for (size_t i = 0; i < SEATS; i++)
        uv_close((uv_handle_t *)&watch->seats[i].handle, on_closed);
}

static LoopFileWatch *watch_new(Loop *loop, const char *path)
{
    LoopFileWatch *watch = calloc(1, sizeof *watch);

    if (!watch)
        return NULL;
    watch->settle = timer_new(loop_clock(loop), on_settled, watch);
    if (!watch->settle || seat_init(&watch->seats[SEAT_FILE], path) < 0 ||
        seat_init(&watch->seats[SEAT_LINK], watch->seats[SEAT_FILE].directory) < 0) {
        watch_free(watch);
        return NULL;
    }
    for (size_t i = 0; i < SEATS; i++) {
        watch->seats[i].watch = watch;
        watch->seats[i].handle.data = &watch->seats[i];
        uv_fs_event_init(loop_uv(loop), &watch->seats[i].handle);
    }
    watch->open = SEATS;
    return watch;
}

static int loop_filewatch_start(FileWatcher *base, const char *path, clock_fn changed, void *ctx, FileWatch **ret_watch)
{
    LoopFileWatch *watch = watch_new(((LoopFileWatcher *)base)->loop, path);
    int r;

    if (!watch)
        return -ERR_NO_MEMORY;
    watch->base.stop = loop_filewatch_stop;
    watch->changed = changed;
    watch->ctx = ctx;
    r = arm(watch);
    if (r < 0) {
        loop_filewatch_stop(&watch->base);
        return r;
    }
    *ret_watch = &watch->base;
    return 0;
}

FileWatcher *filewatcher_new(Loop *loop)
{
    LoopFileWatcher *watcher = calloc(1, sizeof *watcher);

    if (!watcher)
        return NULL;
    *watcher = (LoopFileWatcher){.base.start = loop_filewatch_start, .loop = loop};
    return &watcher->base;
}

void filewatcher_free(FileWatcher *watcher)
{
    free(watcher);
}
