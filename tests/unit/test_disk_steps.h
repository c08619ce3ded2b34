/*
 * test_disk_steps: the steps that the journal's tests have in common.
 */
#ifndef SKY_TEST_DISK_STEPS_H
#define SKY_TEST_DISK_STEPS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "intent.h"
#include "journal.h"
#include "test_disk_fakes.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* What a person wrote, however malformed: a NUL and bytes that are no UTF-8 too. */
static const char wild[] = "{\"na\0me\": \xFF\xFE \xED\xA0\x80\n";
static const Span wild_text = {wild, sizeof wild - 1};

typedef struct Seen {
    unsigned calls;
    int code;
    uint64_t number; /* 0: no intent was given */
} Seen;

static inline void see(void *ctx, int code, const Intent *intent)
{
    Seen *seen = ctx;

    seen->calls++;
    seen->code = code;
    seen->number = intent ? intent->number : 0;
}

static inline Intent sample(const char *name, Span text)
{
    return (Intent){.kind = INTENT_CREATE,
                    .project_id = (char *)"prj_1",
                    .name = (char *)name,
                    .text = (char *)text.at,
                    .text_bytes = text.len,
                    .body = (char *)"{\"name\":\"\xC3\xA4%41\"}",
                    .known_ids = (char *)"ins_1/ins_2/",
                    .wall_ms = 1000,
                    .uid = 4000000000U};
}

static inline Journal *open_on(Fsio *fsio, FakeWorker *worker, const Folder *folder, unsigned expected_damage)
{
    unsigned damage = 77;
    Journal *journal = NULL;
    Failure failure = {0};

    assert_int_equal(journal_open(fsio, &worker->worker, folder->path, &journal, &damage, &failure), 0);
    assert_int_equal(damage, expected_damage);
    assert_int_equal(failure.code, expected_damage ? -ERR_DISK : 0);
    return journal;
}

static inline Journal *open_journal(FakeWorker *worker, const Folder *folder)
{
    return open_on(fsio_system(), worker, folder, 0);
}

/* Begins an intent that the disk takes, and gives its number. */
static inline uint64_t begin(Journal *journal, FakeWorker *worker, const char *name, Span text)
{
    Intent intent = sample(name, text);
    Seen seen = {0};

    assert_int_equal(journal_begin(journal, &intent, see, &seen), 0);
    assert_int_equal(seen.calls, 0);
    worker->worker.drain(&worker->worker);
    assert_int_equal(seen.calls, 1);
    assert_int_equal(seen.code, 0);
    assert_true(seen.number > 0);
    return seen.number;
}

static const char *intent_path(const Folder *folder, uint64_t number, const char *suffix)
{
    static char path[128];

    snprintf(path, sizeof path, "%s/intents/%llu.intent%s", folder->path, (unsigned long long)number, suffix);
    return path;
}

static inline const Intent *found(const Journal *journal, uint64_t number)
{
    const Intent *intent = journal_find(journal, number);

    assert_non_null(intent);
    return intent;
}

static inline const Intent *next_of(const Journal *journal, uint64_t number)
{
    const Intent *intent = journal_next(journal, number);

    assert_non_null(intent);
    return intent;
}

static inline void write_file(const char *path, Span bytes)
{
    assert_int_equal(fsio_write(fsio_system(), path, bytes.at, bytes.len), 0);
}

static inline bool is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

static inline size_t count_of(const Journal *journal)
{
    size_t count = 0;

    for (const Intent *each = journal_next(journal, 0); each; each = journal_next(journal, each->number))
        count++;
    return count;
}

/* The log tells of each fault, and there are thousands. */
static int kept_stderr = -1;

static inline int quieten(void **state)
{
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

    (void)state;
    kept_stderr = dup(STDERR_FILENO);
    dup2(nowhere, STDERR_FILENO);
    return close(nowhere);
}

static inline int speak_again(void **state)
{
    (void)state;
    dup2(kept_stderr, STDERR_FILENO);
    return close(kept_stderr);
}

#define noisy_unit_test(test) cmocka_unit_test_setup_teardown(test, quieten, speak_again)

#endif
