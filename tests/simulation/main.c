/*
 * sim: runs histories.
 *
 *   sim --seed N            one, and prints its trace
 *   sim --run FROM COUNT    so many from a seed on; prints what was violated, and sums up
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "history.h"
#include "log.h"

static int run_one(uint64_t seed)
{
    HistoryResult result;

    history_run(seed, true, &result);
    printf("seed %llu: %016llx, %llu steps, %llu calls, %llu requests: %s\n", (unsigned long long)seed,
           (unsigned long long)result.hash, (unsigned long long)result.steps, (unsigned long long)result.calls,
           (unsigned long long)result.requests, result.violation[0] ? result.violation : "good");
    return result.violation[0] ? 1 : 0;
}

static int run_many(uint64_t from, uint64_t count)
{
    uint64_t failed = 0, steps = 0, calls = 0, requests = 0;
    HistoryResult result;

    for (uint64_t seed = from; seed < from + count; seed++) {
        history_run(seed, false, &result);
        steps += result.steps;
        calls += result.calls;
        requests += result.requests;
        if (!result.violation[0])
            continue;
        failed++;
        printf("seed %llu: %s\n", (unsigned long long)seed, result.violation);
        fflush(stdout);
    }
    printf("%llu steps, %llu calls, %llu requests\n", (unsigned long long)steps, (unsigned long long)calls,
           (unsigned long long)requests);
    printf("%llu passed, %llu failed\n", (unsigned long long)(count - failed), (unsigned long long)failed);
    return failed > 0 ? 1 : 0;
}

int main(int argc, char **argv)
{
    log_open(LOG_TO_STDERR, LOG_LEVEL_NONE);
    if (argc == 3 && strcmp(argv[1], "--seed") == 0)
        return run_one(strtoull(argv[2], NULL, 10));
    if (argc == 4 && strcmp(argv[1], "--run") == 0)
        return run_many(strtoull(argv[2], NULL, 10), strtoull(argv[3], NULL, 10));
    fprintf(stderr, "usage: sim --seed N | --run FROM COUNT\n");
    return 2;
}
