#include "mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *sure(void *memory)
{
    if (!memory) {
        fputs("skystack-sandbox: out of memory\n", stderr);
        abort();
    }
    return memory;
}

void *mem_new(size_t bytes)
{
    return sure(calloc(1, bytes ? bytes : 1));
}

void *mem_grow(void *old, size_t bytes)
{
    return sure(realloc(old, bytes ? bytes : 1));
}

char *mem_dup(const char *text)
{
    return text ? mem_dup_bytes(text, strlen(text)) : NULL;
}

char *mem_dup_bytes(const char *bytes, size_t len)
{
    char *copy = mem_new(len + 1);
    if (len)
        memcpy(copy, bytes, len);
    return copy;
}
