#include "timing.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int compare_ns(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

    return left < right ? -1 : left > right;
}

int64_t median_ns(int64_t *ns, size_t count)
{
    qsort(ns, count, sizeof *ns, compare_ns);
    return ns[count / 2];
}

int print_ns(int64_t ns)
{
    printf("%lld\n", (long long)ns);
    return 0;
}
