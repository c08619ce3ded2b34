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
#include <string.h>
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
static void (*next_free)(void *);

/* Until it is known who is next (a sanitizer asks for memory before it can be asked who that is), memory is from here, and never
 * given back. */
enum { EARLY_BYTES = 262144 };
static _Alignas(16) char early[EARLY_BYTES];
static size_t early_used;

static void *early_calloc(size_t bytes)
{
    size_t rounded = (bytes + 15) / 16 * 16;
    void *at = early + early_used;

    if (rounded > EARLY_BYTES - early_used)
        return NULL;
    early_used += rounded;
    return at;
}

static int is_early(const void *at)
{
    return (const char *)at >= early && (const char *)at < early + EARLY_BYTES;
}

static void find_next(void)
{
    next_free = (void (*)(void *))dlsym(RTLD_NEXT, "free");
    next_calloc = (void *(*)(size_t, size_t))dlsym(RTLD_NEXT, "calloc");
    next_realloc = (void *(*)(void *, size_t))dlsym(RTLD_NEXT, "realloc");
    next_malloc = (void *(*)(size_t))dlsym(RTLD_NEXT, "malloc");
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
    if (!next_malloc)
        return early_calloc(bytes);
    return fails() ? NULL : next_malloc(bytes);
}

void *calloc(size_t count, size_t bytes)
{
    if (!next_malloc)
        return early_calloc(count * bytes);
    return fails() ? NULL : next_calloc(count, bytes);
}

/* How long an early one was nobody knows; what is behind it is early, too. */
static void *move_early(const void *old, size_t bytes)
{
    size_t most = (size_t)(early + EARLY_BYTES - (const char *)old);
    void *at = malloc(bytes);

    return at ? memcpy(at, old, bytes < most ? bytes : most) : NULL;
}

void *realloc(void *old, size_t bytes)
{
    if (is_early(old))
        return move_early(old, bytes);
    if (!next_malloc)
        return early_calloc(bytes);
    return fails() ? NULL : next_realloc(old, bytes);
}

void free(void *at)
{
    if (at && next_malloc && !is_early(at))
        next_free(at);
}
