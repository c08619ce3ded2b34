#include "crash.h"

#ifdef SKY_CRASH_POINTS

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What $SKYSTACKFS_CRASH_AT asks for; `at` is 0 if it asks for nothing. */
static struct {
    const char *label;
    size_t label_bytes;
    unsigned long at;
} wanted;

static void read_environment(void)
{
    const char *text = getenv("SKYSTACKFS_CRASH_AT");
    const char *colon = text ? strrchr(text, ':') : NULL;

    if (!text || !*text)
        return;
    wanted.label = text;
    wanted.label_bytes = colon ? (size_t)(colon - text) : strlen(text);
    wanted.at = colon ? strtoul(colon + 1, NULL, 10) : 1;
}

void crash_point(const char *label)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    static atomic_ulong passed;

    pthread_once(&once, read_environment);
    if (wanted.at == 0 || strlen(label) != wanted.label_bytes || memcmp(label, wanted.label, wanted.label_bytes) != 0)
        return;
    if (atomic_fetch_add(&passed, 1) + 1 != wanted.at)
        return;
    kill(getpid(), SIGKILL);
    for (;;)
        pause(); /* no step more, however late the signal comes */
}

#endif
