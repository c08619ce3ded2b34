/*
 * sim-torture: fails each call for memory, and each of the disk's, one after another.
 *
 *   sim-torture FROM HISTORIES SECONDS
 *   sim-torture SEED memory|disk CALL    one of them again, with its trace
 *
 * Of each history the calls are counted first. If there is not time for all, those that are tried lie evenly between
 * the others. The last line is `N passed, N failed`.
 */
#include "torture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "history.h"
#include "log.h"

typedef struct Sum {
    uint64_t memory, disk, failed; /* cases */
    uint64_t memory_calls, disk_calls;
} Sum;

static double now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void judge(Sum *sum, uint64_t seed, const char *what, uint64_t at, const HistoryResult *result)
{
    if (!result->violation[0])
        return;
    sum->failed++;
    printf("seed %llu, %s %llu fails: %s\n", (unsigned long long)seed, what, (unsigned long long)at, result->violation);
    fflush(stdout);
}

static void fail_memory(Sum *sum, uint64_t seed, uint64_t calls, double until_s)
{
    uint64_t step = 1;
    double began_s = now_s();
    HistoryResult result;

    for (uint64_t at = 1; at <= calls && now_s() < until_s; at += step) {
        history_run(&(HistoryOrder){.seed = seed, .fail_memory_at = at}, &result);
        judge(sum, seed, "memory call", at, &result);
        sum->memory++;
        if (at == 16) /* as far apart as the time allows */
            step = 1 + (uint64_t)((double)(calls - at) * (now_s() - began_s) / 16 / (until_s - now_s() + 0.01));
    }
}

static void fail_disk(Sum *sum, uint64_t seed, uint64_t calls)
{
    HistoryResult result;

    for (uint64_t at = 1; at <= calls; at++) {
        history_run(&(HistoryOrder){.seed = seed, .fail_disk_at = at}, &result);
        judge(sum, seed, "disk call", at, &result);
        sum->disk++;
    }
}

static int run_one(uint64_t seed, const char *what, uint64_t at)
{
    bool disk = strcmp(what, "disk") == 0;
    HistoryResult result;

    history_run(
        &(HistoryOrder){.seed = seed, .print = true, .fail_memory_at = disk ? 0 : at, .fail_disk_at = disk ? at : 0},
        &result);
    printf("seed %llu, %s call %llu: %s\n", (unsigned long long)seed, what, (unsigned long long)at,
           result.violation[0] ? result.violation : "good");
    return result.violation[0] ? 1 : 0;
}

int main(int argc, char **argv)
{
    uint64_t from = argc == 4 ? strtoull(argv[1], NULL, 10) : 0, count = argc == 4 ? strtoull(argv[2], NULL, 10) : 0;
    double began_s = now_s(), seconds = argc == 4 ? strtod(argv[3], NULL) : 0;
    HistoryResult result;
    Sum sum = {0};

    log_open(LOG_TO_STDERR, LOG_LEVEL_NONE);
    if (argc == 4 && (strcmp(argv[2], "memory") == 0 || strcmp(argv[2], "disk") == 0))
        return run_one(from, argv[2], strtoull(argv[3], NULL, 10));
    if (count == 0) {
        fprintf(stderr, "usage: sim-torture FROM HISTORIES SECONDS | SEED memory|disk CALL\n");
        return 2;
    }
    for (uint64_t i = 0; i < count; i++) {
        history_run(&(HistoryOrder){.seed = from + i}, &result);
        sum.memory_calls += result.memory_calls;
        sum.disk_calls += result.disk_calls;
        fail_disk(&sum, from + i, result.disk_calls);
        fail_memory(&sum, from + i, result.memory_calls, began_s + seconds * (double)(i + 1) / (double)count);
    }
    printf(
        "%llu histories: %llu of %llu calls for memory failed, one by one, and %llu of %llu of the disk's, in %.0f s\n",
        (unsigned long long)count, (unsigned long long)sum.memory, (unsigned long long)sum.memory_calls,
        (unsigned long long)sum.disk, (unsigned long long)sum.disk_calls, now_s() - began_s);
    printf("%llu passed, %llu failed\n", (unsigned long long)(sum.memory + sum.disk - sum.failed),
           (unsigned long long)sum.failed);
    return sum.failed > 0 ? 1 : 0;
}
