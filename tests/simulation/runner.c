#include "runner.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "history.h"

enum { JOBS_MAX = 64, PROGRESS_S = 20, HISTORY_SECONDS = 60 };

/* What the processes share: each writes its own. */
typedef struct Share {
    volatile uint64_t seed; /* the one under way */
    volatile uint64_t done, failed, steps, scripts, requests;
} Share;

typedef struct Runner {
    RunnerOrder order;
    Share *shares;
    pid_t children[JOBS_MAX];
    struct timespec began;
} Runner;

static double seconds_since(const struct timespec *began)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - began->tv_sec) + (double)(now.tv_nsec - began->tv_nsec) / 1e9;
}

/* ---- in a child ---- */

static void take(Share *share, uint64_t seed, const HistoryResult *result)
{
    share->done++;
    share->steps += result->steps;
    share->scripts += result->scripts;
    share->requests += result->requests;
    if (!result->violation[0])
        return;
    share->failed++;
    printf("seed %llu: %s\n", (unsigned long long)seed, result->violation);
    fflush(stdout);
}

static void work(const Runner *runner, Share *share, uint64_t seed)
{
    HistoryResult result;

    for (; seed < runner->order.from + runner->order.count; seed += runner->order.jobs) {
        share->seed = seed;
        alarm(HISTORY_SECONDS);
        history_run(&(HistoryOrder){.seed = seed}, &result);
        take(share, seed, &result);
        if (result.violation[0] && runner->order.until_found)
            break;
    }
    exit(0);
}

/* ---- in the parent ---- */

static int begin(Runner *runner, unsigned job, uint64_t seed)
{
    pid_t child;

    fflush(stdout);
    child = fork();
    if (child == 0)
        work(runner, &runner->shares[job], seed);
    runner->children[job] = child;
    return child < 0 ? -1 : 0;
}

static unsigned job_of(const Runner *runner, pid_t child)
{
    unsigned job = 0;

    while (job < runner->order.jobs && runner->children[job] != child)
        job++;
    return job;
}

/* The seed at which it died has failed; the next process goes on with the one after it. */
static int on_ended(Runner *runner, pid_t child, int status)
{
    unsigned job = job_of(runner, child);
    Share *share;

    if (job == runner->order.jobs)
        return 0;
    runner->children[job] = 0;
    share = &runner->shares[job];
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    printf("seed %llu: the program died: %s\n", (unsigned long long)share->seed,
           WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "see above");
    share->done++;
    share->failed++;
    return runner->order.until_found ? 0 : begin(runner, job, share->seed + runner->order.jobs);
}

static RunnerSum sum_up(const Runner *runner)
{
    RunnerSum sum = {.seconds = seconds_since(&runner->began)};

    for (unsigned i = 0; i < runner->order.jobs; i++) {
        const Share *share = &runner->shares[i];

        sum.passed += share->done - share->failed;
        sum.failed += share->failed;
        sum.steps += share->steps;
        sum.scripts += share->scripts;
        sum.requests += share->requests;
    }
    return sum;
}

static void tell_progress(const Runner *runner)
{
    RunnerSum sum = sum_up(runner);

    printf("%llu of %llu histories in %.0f s, %llu failed\n", (unsigned long long)(sum.passed + sum.failed),
           (unsigned long long)runner->order.count, sum.seconds, (unsigned long long)sum.failed);
    fflush(stdout);
}

static bool anybody_runs(const Runner *runner)
{
    for (unsigned i = 0; i < runner->order.jobs; i++)
        if (runner->children[i] > 0)
            return true;
    return false;
}

static int wait_for_all(Runner *runner)
{
    double told = 0;
    int status, r = 0;

    while (r == 0 && anybody_runs(runner)) {
        pid_t child = waitpid(-1, &status, WNOHANG);

        if (child > 0)
            r = on_ended(runner, child, status);
        else
            usleep(20000);
        if (runner->order.progress && seconds_since(&runner->began) - told >= PROGRESS_S) {
            told = seconds_since(&runner->began);
            tell_progress(runner);
        }
    }
    return r;
}

int runner_run(const RunnerOrder *order, RunnerSum *ret_sum)
{
    Runner runner = {.order = *order};
    int r = 0;

    if (runner.order.jobs > JOBS_MAX)
        runner.order.jobs = JOBS_MAX;
    if (runner.order.jobs > order->count)
        runner.order.jobs = (unsigned)order->count;
    runner.shares = mmap(NULL, JOBS_MAX * sizeof(Share), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (runner.shares == MAP_FAILED)
        return -1;
    clock_gettime(CLOCK_MONOTONIC, &runner.began);
    for (unsigned i = 0; i < runner.order.jobs && r == 0; i++)
        r = begin(&runner, i, order->from + i);
    if (r == 0)
        r = wait_for_all(&runner);
    *ret_sum = sum_up(&runner);
    munmap(runner.shares, JOBS_MAX * sizeof(Share));
    return r;
}
