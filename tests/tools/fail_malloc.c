/*
 * fail_malloc: loaded ahead of a program's libraries, it lets one allocation of a running process fail.
 *
 * $FAIL_MALLOC names a file of two 32-bit numbers, shared with whoever tests: how many more allocations succeed before
 * one fails (0: none fails), and how many have failed so far. Without that file nothing fails.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

typedef struct Shared {
    atomic_int countdown;
    atomic_int failures;
} Shared;

static Shared *shared;
static void *(*next_malloc)(size_t);
static void *(*next_calloc)(size_t, size_t);
static void *(*next_realloc)(void *, size_t);

/* dlsym() may allocate before it can say where from. */
static _Alignas(16) char early[4096];
static size_t early_used;

static void *early_calloc(size_t bytes)
{
    void *at = early + early_used;

    early_used += (bytes + 15) / 16 * 16;
    return early_used <= sizeof early ? at : NULL;
}

static void find_next(void)
{
    static _Thread_local int inside;

    if (next_malloc || inside)
        return;
    inside = 1;
    next_calloc = (void *(*)(size_t, size_t))dlsym(RTLD_NEXT, "calloc");
    next_realloc = (void *(*)(void *, size_t))dlsym(RTLD_NEXT, "realloc");
    next_malloc = (void *(*)(size_t))dlsym(RTLD_NEXT, "malloc");
    inside = 0;
}

__attribute__((constructor)) static void open_shared(void)
{
    const char *path = getenv("FAIL_MALLOC");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *at;

    find_next();
    if (fd < 0)
        return;
    at = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at != MAP_FAILED)
        shared = at;
    close(fd);
}

static int fails(void)
{
    if (!shared || atomic_load_explicit(&shared->countdown, memory_order_relaxed) <= 0)
        return 0;
    if (atomic_fetch_sub(&shared->countdown, 1) != 1)
        return 0;
    atomic_fetch_add(&shared->failures, 1);
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t bytes)
{
    find_next();
    if (!next_malloc)
        return early_calloc(bytes);
    return fails() ? NULL : next_malloc(bytes);
}

void *calloc(size_t count, size_t bytes)
{
    find_next();
    if (!next_malloc)
        return early_calloc(count * bytes);
    return fails() ? NULL : next_calloc(count, bytes);
}

void *realloc(void *old, size_t bytes)
{
    find_next();
    return fails() ? NULL : next_realloc(old, bytes);
}
