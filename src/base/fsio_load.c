#include "fsio_load.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "error.h"

/*
 * Memory that is touched for the first time has to be cleared by the kernel, and under a hypervisor to be found by that as
 * well, which takes several times as long as reading the file into it. So it comes in large pages where the system has
 * them, and of a file that is worth it a second thread takes half.
 */
enum { ALONE_BYTES = 8 << 20, LARGE_PAGE_BYTES = 2 << 20 };

typedef struct Share {
    int fd;
    char *memory;
    off_t from;
    size_t count;
    int code;
} Share;

static void *fill(void *ctx)
{
    Share *share = ctx;
    size_t done = 0;

    (void)madvise(share->memory, share->count, MADV_POPULATE_WRITE);
    while (done < share->count && share->code == 0) {
        ssize_t r = pread(share->fd, share->memory + done, share->count - done, share->from + (off_t)done);

        if (r == 0)
            share->code = -ERR_DISK; /* somebody has cut it meanwhile */
        else if (r < 0 && errno != EINTR)
            share->code = error_from_errno(errno);
        done += r > 0 ? (size_t)r : 0;
    }
    return NULL;
}

static int fill_together(int fd, char *memory, size_t count)
{
    size_t half = count / 2 - count / 2 % LARGE_PAGE_BYTES;
    Share first = {.fd = fd, .memory = memory, .count = half};
    Share second = {.fd = fd, .memory = memory + half, .from = (off_t)half, .count = count - half};
    pthread_t other;

    if (pthread_create(&other, NULL, fill, &second) != 0) {
        fill(&second);
        fill(&first);
    } else {
        fill(&first);
        pthread_join(other, NULL);
    }
    return first.code < 0 ? first.code : second.code;
}

static int fill_alone(int fd, char *memory, size_t count)
{
    Share all = {.fd = fd, .memory = memory, .count = count};

    fill(&all);
    return all.code;
}

int fsio_system_load(Fsio *fsio, const char *path, size_t most_bytes, char **ret_memory, size_t *ret_count)
{
    _cleanup_close_ int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    size_t count;
    char *memory;
    int r;

    (void)fsio;
    if (fd < 0 || fstat(fd, &st) < 0)
        return error_from_errno(errno);
    if (!S_ISREG(st.st_mode) || st.st_size == 0)
        return -ERR_NOT_SUPPORTED;
    if ((uint64_t)st.st_size > most_bytes)
        return -ERR_TOO_BIG;
    count = (size_t)st.st_size;
    memory = mmap(NULL, count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return -ERR_NO_MEMORY;
    (void)madvise(memory, count, MADV_HUGEPAGE);
    r = count > ALONE_BYTES ? fill_together(fd, memory, count) : fill_alone(fd, memory, count);
    if (r < 0) {
        munmap(memory, count);
        return r;
    }
    *ret_memory = memory;
    *ret_count = count;
    return 0;
}

void fsio_system_unload(Fsio *fsio, char *memory, size_t count)
{
    (void)fsio;
    munmap(memory, count);
}
