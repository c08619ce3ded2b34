#include "net_curl_memory.h"

#include <curl/curl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "secret.h"

static atomic_uint failures; /* libcurl's resolver has threads */

static void *counted(void *memory)
{
    if (!memory)
        atomic_fetch_add(&failures, 1);
    return memory;
}

static void *counted_malloc(size_t bytes)
{
    return counted(malloc(bytes));
}

static void *counted_realloc(void *memory, size_t bytes)
{
    return counted(secret_realloc_block(memory, bytes));
}

static void *counted_calloc(size_t count, size_t bytes)
{
    return counted(calloc(count, bytes));
}

static char *counted_strdup(const char *text)
{
    return counted(strdup(text));
}

bool net_curl_memory_init(void)
{
    static bool ready;

    if (!ready)
        ready = curl_global_init_mem(CURL_GLOBAL_DEFAULT, counted_malloc, secret_free_block, counted_realloc,
                                     counted_strdup, counted_calloc) == CURLE_OK;
    return ready;
}

unsigned net_curl_memory_failures(void)
{
    return atomic_load(&failures);
}
