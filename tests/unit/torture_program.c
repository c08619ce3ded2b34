/*
 * torture_program: takes the place of cmocka's runner in a unit test program, and runs each of its tests again and
 * again, each time in a process of its own in which another call for memory, or of the disk, fails.
 *
 *   test_…-torture SEED SECONDS               as many as there is processor time for; 0: all
 *   test_…-torture TEST memory|disk CALL      one of them again, and what it says
 *
 * Where there is not time for all, the seed chooses those that are tried. The last line is `N passed, N failed`.
 */
#include <dlfcn.h>
#include <errno.h>
#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "error.h"
#include "failure.h"
#include "torture.h"
#include "torture_disk.h"

/* cmocka does not show this one. */
void cm_print_error(const char *const format, ...) __attribute__((format(printf, 1, 2)));
int __lsan_do_recoverable_leak_check(void);
const char *__asan_default_options(void);
const char *__ubsan_default_options(void);
int __real_main(int argc, char **argv);
int __wrap_main(int argc, char **argv);
int __real__cmocka_run_group_tests(const char *name, const struct CMUnitTest *tests, size_t count,
                                   CMFixtureFunction begin, CMFixtureFunction end);
int __wrap__cmocka_run_group_tests(const char *name, const struct CMUnitTest *tests, size_t count,
                                   CMFixtureFunction begin, CMFixtureFunction end);
Failure __real_failure_make(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));
Failure __wrap_failure_make(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *__real_mkdtemp(char *path);
char *__wrap_mkdtemp(char *path);
int __real_mkstemp64(char *path);
int __wrap_mkstemp64(char *path);

enum {
    REPORTED = 99,
    HANG_S = 120,
    PLACES = 2048,
    CALLERS = 24,
    PATHS = 64,
    PATH_BYTES = 128,
    FRAME_BYTES_MAX = 1 << 20
};

extern const char __executable_start, etext; /* the linker's */

/* A test may not take a fault away from the sanitizers. */
const char *__asan_default_options(void)
{
    return "exitcode=99:handle_segv=2:handle_sigbus=2:handle_sigill=2:handle_sigfpe=2:handle_abort=2:"
           "leak_check_at_exit=0:allocator_may_return_null=1";
}

const char *__ubsan_default_options(void)
{
    return "halt_on_error=1:exitcode=99:print_stacktrace=1";
}

enum Kind { KIND_MEMORY, KIND_DISK, KINDS };

static const char *const kind_names[KINDS] = {"memory", "disk"};

enum Outcome {
    HARMLESS, /* the test passed */
    TOLD,     /* it missed what it asserts, and got the error that belongs to the fault */
    NOTICED,  /* it missed it in another way */
    BAD,
    OUTCOMES
};

/* Where calls come from: one place for all that have the same callers. */
typedef struct Place {
    uint64_t callers; /* their hash; 0: free */
    uint64_t seen;
    uint64_t call; /* one of its calls, drawn by chance */
} Place;

typedef struct Places {
    Place all[PLACES];
    size_t count;
} Places;

/* What the process with the test tells; shared with it. */
typedef struct Report {
    uint64_t chance;
    Places places[KINDS];
    uint64_t calls[KINDS];
    bool missed; /* an assertion */
    bool leaked;
    bool told[KINDS]; /* a failure was made of such a fault */
    char said[512];   /* by cmocka, of what was missed */
    char where[128];
    char paths[PATHS][PATH_BYTES]; /* to be removed */
    unsigned path_count;
} Report;

typedef struct Group {
    const struct CMUnitTest *tests;
    size_t count;
    CMFixtureFunction begin, end;
} Group;

typedef struct Case {
    size_t test;
    enum Kind kind;
    uint64_t call;
} Case;

typedef struct Sum {
    uint64_t outcomes[OUTCOMES], calls[KINDS], places[KINDS], tried[KINDS];
} Sum;

static Report *report;
static char **words;
static int word_count;

/* ---- in the test's process ---- */

char *__wrap_mkdtemp(char *path)
{
    char *made = __real_mkdtemp(path);

    if (made && report->path_count < PATHS)
        snprintf(report->paths[report->path_count++], PATH_BYTES, "%s", made);
    return made;
}

int __wrap_mkstemp64(char *path)
{
    int fd = __real_mkstemp64(path);

    if (fd >= 0 && report->path_count < PATHS)
        snprintf(report->paths[report->path_count++], PATH_BYTES, "%s", path);
    return fd;
}

static bool is_of(int code, enum Kind kind)
{
    if (kind == KIND_MEMORY)
        return code == -ERR_NO_MEMORY;
    return code == -ERR_DISK || code == -ERR_NO_SPACE || code == error_from_errno(EMFILE);
}

Failure __wrap_failure_make(int code, const char *format, ...)
{
    char message[FAILURE_MESSAGE_BYTES];
    va_list args;

    for (int kind = 0; kind < KINDS; kind++)
        report->told[kind] |= is_of(code, (enum Kind)kind);
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    return __real_failure_make(code, "%s", message);
}

/* cmocka's, which calls these two by name, too. */
void cm_print_error(const char *const format, ...)
{
    size_t len = strlen(report->said);
    va_list args;

    va_start(args, format);
    vsnprintf(report->said + len, sizeof report->said - len, format, args);
    va_end(args);
    print_error("%s", report->said + len);
}

/* Here what the test holds is still on its stack; what nobody holds is lost. */
void _fail(const char *const file, const int line)
{
    void (*real)(const char *, int) = (void (*)(const char *, int))dlsym(RTLD_NEXT, "_fail");

    report->missed = true;
    snprintf(report->where, sizeof report->where, "%s:%d", file, line);
    if (__lsan_do_recoverable_leak_check())
        report->leaked = true;
    real(file, line);
    abort();
}

static uint64_t draw(void)
{
    report->chance = report->chance * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return report->chance >> 33;
}

/* The program is built with frame pointers; cmocka, where the test's callers end, need not be. */
__attribute__((no_sanitize("address", "undefined"))) static uint64_t hash_callers(void)
{
    uintptr_t *frame = __builtin_frame_address(0);
    uint64_t hash = 1469598103934665603U;

    for (int i = 0; i < CALLERS && frame[1] >= (uintptr_t)&__executable_start && frame[1] < (uintptr_t)&etext; i++) {
        uintptr_t *next = (uintptr_t *)frame[0];

        hash = (hash ^ frame[1]) * 1099511628211U;
        if (next <= frame || (uintptr_t)next - (uintptr_t)frame > FRAME_BYTES_MAX)
            break;
        frame = next;
    }
    return hash | 1;
}

static void note_place(enum Kind kind, uint64_t call)
{
    Places *places = &report->places[kind];
    uint64_t callers = hash_callers();
    Place *place = NULL;

    for (size_t i = 0; i < places->count && !place; i++)
        if (places->all[i].callers == callers)
            place = &places->all[i];
    if (!place && places->count == PLACES)
        return;
    if (!place)
        place = &places->all[places->count++];
    place->callers = callers;
    if (draw() % ++place->seen == 0)
        place->call = call;
}

static void note_memory(uint64_t call)
{
    note_place(KIND_MEMORY, call);
}

static void note_disk(uint64_t call)
{
    note_place(KIND_DISK, call);
}

static void be_the_test(const Group *group, const Case *the)
{
    int r;

    alarm(HANG_S);
    torture_watch(the->call ? NULL : note_memory);
    torture_watch_disk(the->call ? NULL : note_disk);
    torture_fail_at(the->kind == KIND_MEMORY ? the->call : 0);
    torture_fail_disk_at(the->kind == KIND_DISK ? the->call : 0);
    r = __real__cmocka_run_group_tests("torture", &group->tests[the->test], 1, group->begin, group->end);
    report->calls[KIND_MEMORY] = torture_calls();
    report->calls[KIND_DISK] = torture_disk_calls();
    if (the->call > 0 && !report->missed && __lsan_do_recoverable_leak_check())
        report->leaked = true;
    fflush(NULL);
    _exit(r != 0);
}

/* ---- around it ---- */

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *walk)
{
    (void)st, (void)kind, (void)walk;
    return remove(path);
}

/* A test that was left in its middle leaves programs and files. */
static void sweep(void)
{
    FILE *children = fopen("/proc/thread-self/children", "r");
    int pid;

    while (children && fscanf(children, "%d", &pid) == 1)
        kill(pid, SIGKILL);
    if (children)
        fclose(children);
    while (waitpid(-1, NULL, 0) > 0)
        ;
    for (unsigned i = 0; i < report->path_count; i++)
        nftw(report->paths[i], remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* What a failed assertion compares is printed as 64 bits. */
static bool names_the_error(const char *said, enum Kind kind)
{
    for (const char *at = strstr(said, "0x"); at; at = strstr(at + 2, "0x"))
        if (is_of((int)(int64_t)strtoull(at, NULL, 16), kind))
            return true;
    return false;
}

/* A fixture that gives up says it without a number. */
static bool was_told(enum Kind kind)
{
    return report->told[kind] || !report->missed || names_the_error(report->said, kind);
}

static enum Outcome judge(const Case *the, int status, char ret_why[64])
{
    ret_why[0] = '\0';
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
        snprintf(ret_why, 64, "does not end");
    else if (WIFSIGNALED(status))
        snprintf(ret_why, 64, "is ended by signal %d", WTERMSIG(status));
    else if (WEXITSTATUS(status) == REPORTED)
        snprintf(ret_why, 64, "is reported by a sanitizer");
    else if (WEXITSTATUS(status) > 1)
        snprintf(ret_why, 64, "exits with %d", WEXITSTATUS(status));
    else if (report->leaked)
        snprintf(ret_why, 64, "leaks");
    if (ret_why[0])
        return BAD;
    if (WEXITSTATUS(status) == 0)
        return HARMLESS;
    return was_told(the->kind) ? TOLD : NOTICED;
}

static void print_file(FILE *file)
{
    char line[1024];

    rewind(file);
    while (fgets(line, sizeof line, file))
        printf("    %s", line);
}

/* What it prints is shown if it is bad, or asked for. */
static enum Outcome play(const Group *group, const Case *the, bool show)
{
    uint64_t chance = report->chance;
    FILE *output = tmpfile();
    enum Outcome outcome;
    char why[64];
    int status = 0;
    pid_t pid;

    if (!output)
        abort();
    memset(report, 0, sizeof *report);
    report->chance = chance;
    fflush(NULL);
    pid = fork();
    if (pid == 0) {
        dup2(fileno(output), STDOUT_FILENO);
        dup2(fileno(output), STDERR_FILENO);
        be_the_test(group, the);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        abort();
    sweep();
    outcome = judge(the, status, why);
    if (outcome == BAD || show) {
        printf("%s %s %llu %s\n", group->tests[the->test].name, kind_names[the->kind], (unsigned long long)the->call,
               outcome == BAD        ? why
               : outcome == HARMLESS ? "does no harm"
                                     : "is told");
        print_file(output);
    } else if (outcome == NOTICED && getenv("NOTICED")) {
        printf("noticed: %s %s %llu, %s: %s\n", group->tests[the->test].name, kind_names[the->kind],
               (unsigned long long)the->call, report->where, report->said);
    }
    fclose(output);
    return outcome;
}

/* ---- all ---- */

static double used_s(void)
{
    struct rusage usage;

    getrusage(RUSAGE_CHILDREN, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* All places of a test, in the order that chance gives them. How many; NULL without any. */
static Case *list_places(size_t test, size_t *ret_count)
{
    size_t count = report->places[KIND_MEMORY].count + report->places[KIND_DISK].count, at = 0;
    Case *cases = calloc(count + 1, sizeof *cases);

    for (int kind = 0; cases && kind < KINDS; kind++)
        for (size_t i = 0; i < report->places[kind].count; i++)
            cases[at++] = (Case){test, (enum Kind)kind, report->places[kind].all[i].call};
    for (; cases && at > 1; at--) {
        size_t other = draw() % at;
        Case moved = cases[other];

        cases[other] = cases[at - 1];
        cases[at - 1] = moved;
    }
    *ret_count = count;
    return cases;
}

static void torture_test(Sum *sum, const Group *group, size_t test, double until_s)
{
    const Case none = {.test = test};
    Case *cases;
    size_t count;

    if (play(group, &none, false) == BAD) {
        sum->outcomes[BAD]++;
        return;
    }
    for (int kind = 0; kind < KINDS; kind++) {
        sum->calls[kind] += report->calls[kind];
        sum->places[kind] += report->places[kind].count;
    }
    cases = list_places(test, &count);
    for (size_t i = 0; cases && i < count && (until_s <= 0 || used_s() < until_s); i++) {
        sum->outcomes[play(group, &cases[i], false)]++;
        sum->tried[cases[i].kind]++;
    }
    free(cases);
}

static int torture_all(const Group *group, uint64_t seed, double seconds)
{
    Sum sum = {0};
    uint64_t good;

    report->chance = seed;

    for (size_t i = 0; i < group->count; i++)
        torture_test(&sum, group, i, seconds * (double)(i + 1) / (double)group->count);
    good = sum.outcomes[HARMLESS] + sum.outcomes[TOLD] + sum.outcomes[NOTICED];
    printf("%llu of %llu places that ask for memory (%llu calls), %llu of %llu that use the disk (%llu): ",
           (unsigned long long)sum.tried[KIND_MEMORY], (unsigned long long)sum.places[KIND_MEMORY],
           (unsigned long long)sum.calls[KIND_MEMORY], (unsigned long long)sum.tried[KIND_DISK],
           (unsigned long long)sum.places[KIND_DISK], (unsigned long long)sum.calls[KIND_DISK]);
    printf("%llu did no harm, %llu were told by their error, %llu were missed otherwise, in %.0f s\n",
           (unsigned long long)sum.outcomes[HARMLESS], (unsigned long long)sum.outcomes[TOLD],
           (unsigned long long)sum.outcomes[NOTICED], used_s());
    printf("%llu passed, %llu failed\n", (unsigned long long)good, (unsigned long long)sum.outcomes[BAD]);
    return sum.outcomes[BAD] > 0;
}

static int torture_one(const Group *group, const char *name, const char *kind, uint64_t call)
{
    Case the = {.kind = strcmp(kind, "disk") == 0 ? KIND_DISK : KIND_MEMORY, .call = call};

    while (the.test < group->count && strcmp(group->tests[the.test].name, name) != 0)
        the.test++;
    if (the.test == group->count)
        return 2;
    return play(group, &the, true) == BAD;
}

int __wrap__cmocka_run_group_tests(const char *name, const struct CMUnitTest *tests, size_t count,
                                   CMFixtureFunction begin, CMFixtureFunction end)
{
    const Group group = {tests, count, begin, end};

    (void)name;
    report = mmap(NULL, sizeof *report, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (report == MAP_FAILED || prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
        abort();
    if (word_count == 3)
        return torture_all(&group, strtoull(words[1], NULL, 10), strtod(words[2], NULL));
    if (word_count == 4)
        return torture_one(&group, words[1], words[2], strtoull(words[3], NULL, 10));
    fprintf(stderr, "usage: %s SEED SECONDS | TEST memory|disk CALL\n", words[0]);
    return 2;
}

int __wrap_main(int argc, char **argv)
{
    word_count = argc;
    words = argv;
    return __real_main(argc, argv);
}
