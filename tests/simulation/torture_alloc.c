/* Calls for memory of the program under test: counted, and one of them fails. */
#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "torture.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_reallocarray(void *old, size_t count, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t count);
int __real_vasprintf(char **ret_text, const char *format, va_list args);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_reallocarray(void *old, size_t count, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t count);
int __wrap_asprintf(char **ret_text, const char *format, ...);
int __wrap_vasprintf(char **ret_text, const char *format, va_list args);

static atomic_uint_fast64_t calls; /* a worker's thread calls too */
static uint64_t fails_at;
static torture_watch_fn watch;
static bool paused;

void torture_fail_at(uint64_t call)
{
    calls = 0;
    fails_at = call;
}

void torture_watch(torture_watch_fn call)
{
    watch = call;
}

uint64_t torture_calls(void)
{
    return calls;
}

void torture_pause(bool pause)
{
    paused = pause;
}

static bool fails(void)
{
    uint64_t call;

    if (paused)
        return false;
    call = ++calls;
    if (watch)
        watch(call);
    if (call != fails_at)
        return false;
    errno = ENOMEM;
    return true;
}

bool torture_has_memory(void)
{
    return !fails();
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return fails() ? NULL : __real_realloc(old, size);
}

void *__wrap_reallocarray(void *old, size_t count, size_t size)
{
    return fails() ? NULL : __real_reallocarray(old, count, size);
}

char *__wrap_strdup(const char *text)
{
    return fails() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t count)
{
    return fails() ? NULL : __real_strndup(text, count);
}

int __wrap_asprintf(char **ret_text, const char *format, ...)
{
    va_list args;
    int count;

    if (fails())
        return -1;
    va_start(args, format);
    count = __real_vasprintf(ret_text, format, args);
    va_end(args);
    return count;
}

int __wrap_vasprintf(char **ret_text, const char *format, va_list args)
{
    return fails() ? -1 : __real_vasprintf(ret_text, format, args);
}
