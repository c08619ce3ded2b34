#include "test_disk_steps.h"

#include <signal.h>
#include <sys/resource.h>

/* A disk that is full is told from one that is broken. */
static void a_begin_that_the_disk_refuses_did_not_happen(void **state)
{
    static const struct {
        enum Fault fault;
        int code;
    } samples[] = {{FAULT_FULL, -ERR_NO_SPACE}, {FAULT_CLEAN, -ERR_DISK}, {FAULT_LATE, -ERR_DISK}};

    (void)state;
    for (size_t i = 0; i < COUNT(samples); i++) {
        _cleanup_folder_ Folder folder = folder_make();
        FakeDisk disk = fake_disk(samples[i].fault, 0);
        FakeWorker worker = FAKE_WORKER;
        Journal *journal = open_on(&disk.fsio, &worker, &folder, 0);
        Intent intent = sample("web-1", wild_text);
        Seen began = {0}, set = {0};

        disk.fail_at = disk.calls + 1;
        assert_int_equal(journal_begin(journal, &intent, see, &began), 0);
        assert_int_equal(journal_set(journal, 1000, INTENT_REJECTED, NULL, NULL, 0, see, &set), 0);
        fake_drain(&worker.worker);
        assert_int_equal(began.code, samples[i].code);
        assert_int_equal(began.number, 0);
        assert_int_equal(set.calls, 1);
        assert_int_equal(set.code, samples[i].code);
        assert_null(journal_next(journal, 0));
        assert_false(is_there(intent_path(&folder, 1000, "")));
        journal_close(journal);
        assert_false(is_there(intent_path(&folder, 1000, "")));
        assert_false(is_there(intent_path(&folder, 1000, ".new")));
    }
}

static void what_a_refused_begin_left_goes_when_the_disk_works_again(void **state)
{
    _cleanup_folder_ Folder folder = folder_make();
    FakeDisk disk = fake_disk(FAULT_SPELL, 0);
    FakeWorker worker = FAKE_WORKER;
    Journal *journal = open_on(&disk.fsio, &worker, &folder, 0);
    Intent intent = sample("web-1", wild_text);
    Seen seen = {0};

    (void)state;
    disk.fail_at = disk.calls + 3; /* its directory can't be synced, and then the file can't be removed */
    assert_int_equal(journal_begin(journal, &intent, see, &seen), 0);
    assert_int_equal(journal_set(journal, 1000, INTENT_REJECTED, NULL, NULL, 0, NULL, NULL), 0);
    fake_drain(&worker.worker);
    assert_int_equal(seen.code, -ERR_DISK);
    assert_null(journal_next(journal, 0));
    assert_true(is_there(intent_path(&folder, 1000, "")));
    disk.fail_at = 0;
    begin(journal, &worker, "web-2", wild_text);
    assert_false(is_there(intent_path(&folder, 1000, "")));
    journal_close(journal);
}

static void a_change_that_the_disk_refused_is_written_when_it_can_be(void **state)
{
    _cleanup_folder_ Folder folder = folder_make();
    FakeDisk disk = fake_disk(FAULT_FULL, 0);
    FakeWorker worker = FAKE_WORKER;
    Journal *journal = open_on(&disk.fsio, &worker, &folder, 0), *other;
    uint64_t number = begin(journal, &worker, "web-1", span_of("old"));
    Seen seen = {0};

    (void)state;
    disk.fail_at = disk.calls + 1;
    assert_int_equal(journal_set(journal, number, INTENT_UNSETTLED, NULL, "older", 5, see, &seen), 0);
    fake_drain(&worker.worker);
    assert_int_equal(seen.code, -ERR_NO_SPACE);
    assert_int_equal(seen.number, number);
    assert_int_equal(journal_set(journal, number, INTENT_REJECTED, NULL, "new", 3, see, &seen), 0);
    fake_drain(&worker.worker);
    assert_int_equal(seen.calls, 2);
    assert_string_equal(found(journal, number)->text, "new");

    disk.fail_at = 0;
    begin(journal, &worker, "web-2", span_of("{}"));
    assert_int_equal(seen.calls, 2);
    other = open_journal(&worker, &folder);
    assert_int_equal(found(other, number)->state, INTENT_REJECTED);
    assert_string_equal(found(other, number)->text, "new");
    journal_close(other);
    journal_close(journal);
}

static void check_text(FakeWorker *worker, const Folder *folder, uint64_t number, const char *text)
{
    Journal *other = open_journal(worker, folder);

    assert_string_equal(found(other, number)->text, text);
    journal_close(other);
}

static void a_file_never_goes_back_to_an_older_state(void **state)
{
    _cleanup_folder_ Folder folder = folder_make();
    FakeDisk disk = fake_disk(FAULT_CLEAN, 0);
    FakeWorker worker = FAKE_WORKER;
    Journal *journal = open_on(&disk.fsio, &worker, &folder, 0);
    uint64_t number = begin(journal, &worker, "web-1", span_of("first"));

    (void)state;
    disk.fail_at = disk.calls + 1; /* the second fails while the third waits */
    assert_int_equal(journal_set(journal, number, INTENT_UNSETTLED, NULL, "second", 6, NULL, NULL), 0);
    assert_int_equal(journal_set(journal, number, INTENT_UNSETTLED, NULL, "third", 5, NULL, NULL), 0);
    fake_drain(&worker.worker);
    check_text(&worker, &folder, number, "third");

    disk.fail_at = disk.calls + 1; /* the fourth fails before the fifth is asked for */
    assert_int_equal(journal_set(journal, number, INTENT_UNSETTLED, NULL, "fourth", 6, NULL, NULL), 0);
    fake_drain(&worker.worker);
    check_text(&worker, &folder, number, "third");
    assert_int_equal(journal_set(journal, number, INTENT_REJECTED, NULL, "fifth", 5, NULL, NULL), 0);
    fake_drain(&worker.worker);
    check_text(&worker, &folder, number, "fifth");

    disk.fail_at = disk.calls + 1;
    assert_int_equal(journal_set(journal, number, INTENT_UNSETTLED, NULL, "sixth", 5, NULL, NULL), 0);
    journal_end(journal, number);
    journal_close(journal);
    assert_false(is_there(intent_path(&folder, number, "")));
}

static void an_end_that_the_disk_refused_is_done_at_the_close(void **state)
{
    _cleanup_folder_ Folder folder = folder_make();
    FakeDisk disk = fake_disk(FAULT_CLEAN, 0);
    FakeWorker worker = FAKE_WORKER;
    Journal *journal = open_on(&disk.fsio, &worker, &folder, 0);
    uint64_t number = begin(journal, &worker, "web-1", span_of("{}"));

    (void)state;
    disk.fail_at = disk.calls + 1;
    journal_end(journal, number);
    fake_drain(&worker.worker);
    assert_true(is_there(intent_path(&folder, number, "")));
    journal_close(journal);
    assert_false(is_there(intent_path(&folder, number, "")));
}

/* What was asked of one intent, and what was answered. */
typedef struct Story {
    Seen began, set;
    uint64_t number;
    bool was_set, was_ended;
} Story;

enum { STORIES = 4 };

static const char *const story_names[STORIES] = {"stays", "is refused", "ends", "comes late"};

static void story_begin(Journal *journal, Story *story, size_t index)
{
    Intent intent = sample(story_names[index], wild_text);

    assert_int_equal(journal_begin(journal, &intent, see, &story->began), 0);
}

/* 0 once the whole scenario ran, and how many calls there were before the close; negative if the journal could not even be opened. */
static int run_scenario(FakeDisk *disk, const Folder *folder, Story stories[STORIES], unsigned *ret_calls)
{
    Failure failure = failure_make(-ERR_INVALID, "The size is unknown.");
    FakeWorker worker = FAKE_WORKER;
    Journal *journal;
    unsigned damage;
    Failure why;
    int r = journal_open(&disk->fsio, &worker.worker, folder->path, &journal, &damage, &why);

    if (r < 0)
        return r;
    for (size_t i = 0; i < 3; i++)
        story_begin(journal, &stories[i], i);
    fake_drain(&worker.worker);
    if (stories[1].began.number > 0) {
        stories[1].was_set = true;
        assert_int_equal(
            journal_set(journal, stories[1].began.number, INTENT_REJECTED, &failure, "mended", 6, see, &stories[1].set),
            0);
    }
    journal_end(journal, stories[2].began.number);
    stories[2].was_ended = true;
    journal_audit(journal, "{\"operation\":\"create\"}");
    story_begin(journal, &stories[3], 3);
    fake_drain(&worker.worker);
    *ret_calls = disk->calls;
    journal_close(journal);
    return 0;
}

static const Intent *find_by_name(const Journal *journal, const char *name)
{
    for (const Intent *each = journal_next(journal, 0); each; each = journal_next(journal, each->number))
        if (strcmp(each->name, name) == 0)
            return each;
    return NULL;
}

/* `heals`: the disk worked again before the close, so that all is as it was asked for. */
static void check_story(const Journal *journal, const Story *story, size_t index, bool heals)
{
    const Intent *found = find_by_name(journal, story_names[index]);
    bool was_acknowledged = story->began.calls == 1 && story->began.code == 0;

    if (was_acknowledged && !story->was_ended)
        assert_non_null(found);
    if (heals && (!was_acknowledged || story->was_ended))
        assert_null(found);
    if (!found)
        return;
    if (story->was_set && (heals || (story->set.calls == 1 && story->set.code == 0)))
        assert_int_equal(found->state, INTENT_REJECTED);
    if (found->state == INTENT_REJECTED) {
        assert_true(story->was_set);
        assert_string_equal(found->text, "mended");
        assert_string_equal(found->failure.message, "The size is unknown.");
    } else {
        assert_int_equal(found->text_bytes, wild_text.len);
        assert_memory_equal(found->text, wild_text.at, wild_text.len);
    }
}

/* False if the fault's turn never came: the scenario has fewer calls. */
static bool check_fault(enum Fault fault, unsigned fail_at)
{
    _cleanup_folder_ Folder folder = folder_make();
    FakeDisk disk = fake_disk(fault, fail_at);
    FakeWorker worker = FAKE_WORKER;
    Story stories[STORIES] = {0};
    Journal *journal;
    unsigned calls = 0, last_fault = fail_at + (fault == FAULT_SPELL ? 3 : 0);
    int r = run_scenario(&disk, &folder, stories, &calls);
    bool heals = r == 0 && fault < FAULT_FULL && (last_fault <= calls || fail_at > disk.calls);

    journal = open_journal(&worker, &folder);
    for (size_t i = 0; i < STORIES; i++)
        check_story(journal, &stories[i], i, heals);
    journal_close(journal);
    return disk.calls >= fail_at;
}

static void no_fault_of_the_disk_loses_what_was_acknowledged(void **state)
{
    (void)state;
    for (enum Fault fault = 0; fault < FAULTS; fault++) {
        unsigned fail_at = 1;

        while (check_fault(fault, fail_at))
            fail_at++;
        assert_true(fail_at > 20);
    }
}

/* The system's own calls: a disk that takes some bytes and then no more. */
static void a_real_disk_that_takes_half_leaves_nothing(void **state)
{
    _cleanup_folder_ Folder folder = folder_make();
    FakeWorker worker = FAKE_WORKER;
    Journal *journal = open_journal(&worker, &folder);
    uint64_t number = begin(journal, &worker, "web-1", span_of("old"));
    struct rlimit before, tight;
    Intent intent = sample("web-2", wild_text);
    Seen seen = {0}, set = {0};

    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    tight = (struct rlimit){.rlim_cur = 200, .rlim_max = before.rlim_max};
    setrlimit(RLIMIT_FSIZE, &tight);
    assert_int_equal(journal_begin(journal, &intent, see, &seen), 0);
    assert_int_equal(journal_set(journal, number, INTENT_REJECTED, NULL, "new", 3, see, &set), 0);
    fake_drain(&worker.worker);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_int_equal(seen.code, -ERR_DISK);
    assert_int_equal(set.code, -ERR_DISK);
    assert_false(is_there(intent_path(&folder, number + 1, "")));
    assert_false(is_there(intent_path(&folder, number + 1, ".new")));
    journal_close(journal);

    journal = open_journal(&worker, &folder);
    assert_int_equal(count_of(journal), 1);
    assert_string_equal(found(journal, number)->text, "new");
    journal_close(journal);
}

static void a_folder_that_went_away_is_a_broken_disk(void **state)
{
    _cleanup_folder_ Folder folder = folder_make();
    FakeWorker worker = FAKE_WORKER;
    Journal *journal = open_journal(&worker, &folder);
    Intent intent = sample("web-1", wild_text);
    Seen seen = {0};

    (void)state;
    folder_remove(&folder);
    assert_int_equal(journal_begin(journal, &intent, see, &seen), 0);
    fake_drain(&worker.worker);
    assert_int_equal(seen.code, -ERR_DISK);
    journal_close(journal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        noisy_unit_test(a_begin_that_the_disk_refuses_did_not_happen),
        noisy_unit_test(what_a_refused_begin_left_goes_when_the_disk_works_again),
        noisy_unit_test(a_change_that_the_disk_refused_is_written_when_it_can_be),
        noisy_unit_test(a_file_never_goes_back_to_an_older_state),
        noisy_unit_test(an_end_that_the_disk_refused_is_done_at_the_close),
        noisy_unit_test(no_fault_of_the_disk_loses_what_was_acknowledged),
        noisy_unit_test(a_real_disk_that_takes_half_leaves_nothing),
        noisy_unit_test(a_folder_that_went_away_is_a_broken_disk),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
