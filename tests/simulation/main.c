/*
 * sim: runs histories. tests/sim builds and calls it.
 *
 *   sim --seed N                  one history, and prints its trace
 *   sim --same FROM COUNT         runs each seed twice, and compares the traces
 *   sim --run FROM COUNT JOBS     so many from a seed on; prints what failed, and sums up
 *   sim --week DAYS INSTANCES     days of steady use under the API's limits
 *   sim --find FROM COUNT JOBS    the same, up to the first that fails
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "history.h"
#include "log.h"
#include "runner.h"
#include "week.h"

static int run_one(uint64_t seed)
{
    HistoryResult result;

    history_run(&(HistoryOrder){.seed = seed, .print = true}, &result);
    printf("seed %llu: trace %016llx, %llu steps, %llu scripts, %llu requests: %s\n", (unsigned long long)seed,
           (unsigned long long)result.hash, (unsigned long long)result.steps, (unsigned long long)result.scripts,
           (unsigned long long)result.requests, result.violation[0] ? result.violation : "good");
    return result.violation[0] ? 1 : 0;
}

static int run_many(RunnerOrder order)
{
    RunnerSum sum;

    if (runner_run(&order, &sum) < 0) {
        fprintf(stderr, "sim: the processes can't be made\n");
        return 2;
    }
    printf("%llu histories in %.1f s: %llu steps, %llu scripts, %llu requests\n",
           (unsigned long long)(sum.passed + sum.failed), sum.seconds, (unsigned long long)sum.steps,
           (unsigned long long)sum.scripts, (unsigned long long)sum.requests);
    printf("%llu passed, %llu failed\n", (unsigned long long)sum.passed, (unsigned long long)sum.failed);
    return sum.failed > 0 ? 1 : 0;
}

/* Nothing may depend on addresses, on what is in fresh memory, or on the time: other memory is in use the second time. */
static int run_twice(uint64_t from, uint64_t count)
{
    HistoryResult first, second;
    uint64_t failed = 0;

    for (uint64_t seed = from; seed < from + count; seed++) {
        void *ballast = malloc(1000 + (size_t)(seed % 7) * 4096);

        history_run(&(HistoryOrder){.seed = seed}, &first);
        free(ballast);
        history_run(&(HistoryOrder){.seed = seed}, &second);
        if (first.hash == second.hash)
            continue;
        failed++;
        printf("seed %llu: two runs differ\n", (unsigned long long)seed);
    }
    printf("%llu passed, %llu failed\n", (unsigned long long)(count - failed), (unsigned long long)failed);
    return failed > 0 ? 1 : 0;
}

/* With lists that bring all fields, and with such that bring names alone. */
static int run_week(unsigned days, unsigned instances)
{
    unsigned failed = 0;

    for (int i = 0; i < 2; i++)
        failed += !week_run(&(WeekOrder){.days = days, .instances = instances, .summaries = i == 1});
    printf("%u passed, %u failed\n", 2 - failed, failed);
    return failed > 0 ? 1 : 0;
}

static uint64_t number(const char *text)
{
    return strtoull(text, NULL, 10);
}

int main(int argc, char **argv)
{
    const char *verb = argc > 1 ? argv[1] : "";

    log_open(LOG_TO_STDERR, LOG_LEVEL_NONE);
    if (argc == 3 && strcmp(verb, "--seed") == 0)
        return run_one(number(argv[2]));
    if (argc == 4 && strcmp(verb, "--same") == 0)
        return run_twice(number(argv[2]), number(argv[3]));
    if (argc == 4 && strcmp(verb, "--week") == 0)
        return run_week((unsigned)number(argv[2]), (unsigned)number(argv[3]));
    if (argc == 5 && (strcmp(verb, "--run") == 0 || strcmp(verb, "--find") == 0))
        return run_many((RunnerOrder){.from = number(argv[2]),
                                      .count = number(argv[3]),
                                      .jobs = (unsigned)number(argv[4]),
                                      .progress = number(argv[3]) > 100000,
                                      .until_found = verb[2] == 'f'});
    fprintf(stderr, "usage: sim --seed N | --same FROM COUNT | --week DAYS INSTANCES | --run FROM COUNT JOBS | --find "
                    "FROM COUNT JOBS\n");
    return 2;
}
