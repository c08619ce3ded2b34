#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>

#include "crc32c.h"
#include "intent.h"
#include "journal.h"
#include "log.h"
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

static void see(void *ctx, int code, const Intent *intent)
{
    Seen *seen = ctx;

    seen->calls++;
    seen->code = code;
    seen->number = intent ? intent->number : 0;
}

static Intent sample(const char *name, Span text)
{
    return (Intent){.kind = INTENT_CREATE,
                    .project_id = (char *)"prj_1",
                    .name = (char *)name,
                    .text = (char *)text.at,
                    .text_bytes = text.len,
                    .body = (char *)"{\"name\":\"\xC3\xA4%41\"}",
                    .known_ids = (char *)"ins_1 ins_2",
                    .wall_ms = 1000,
                    .uid = 4000000000U};
}

static Journal *open_on(Fsio *fsio, FakeWorker *worker, const Folder *folder, unsigned expected_damage)
{
    unsigned damage = 77;
    Journal *journal = NULL;
    Failure failure = {0};

    assert_int_equal(journal_open(fsio, &worker->worker, folder->path, &journal, &damage, &failure), 0);
    assert_int_equal(damage, expected_damage);
    assert_int_equal(failure.code, expected_damage ? -ERR_DISK : 0);
    return journal;
}

static Journal *open_journal(FakeWorker *worker, const Folder *folder)
{
    return open_on(fsio_system(), worker, folder, 0);
}

/* Begins an intent that the disk takes, and gives its number. */
static uint64_t begin(Journal *journal, FakeWorker *worker, const char *name, Span text)
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

static bool is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

static size_t count_of(const Journal *journal)
{
    size_t count = 0;

    for (const Intent *each = journal_next(journal, 0); each; each = journal_next(journal, each->number))
        count++;
    return count;
}

static void check_same(const Intent *a, const Intent *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->state, b->state);
    assert_int_equal(a->wall_ms, b->wall_ms);
    assert_int_equal(a->uid, b->uid);
    assert_string_equal(a->project_id, b->project_id ? b->project_id : "");
    assert_string_equal(a->name, b->name ? b->name : "");
    assert_string_equal(a->id, b->id ? b->id : "");
    assert_string_equal(a->body, b->body ? b->body : "");
    assert_string_equal(a->known_ids, b->known_ids ? b->known_ids : "");
    assert_int_equal(a->text_bytes, b->text_bytes);
    assert_memory_equal(a->text, b->text ? b->text : "", b->text_bytes);
    assert_int_equal(a->text[a->text_bytes], '\0');
    assert_int_equal(a->failure.code, b->failure.code);
    assert_int_equal(a->failure.sent, b->failure.sent);
    assert_int_equal(a->failure.http_status, b->failure.http_status);
    assert_string_equal(a->failure.api_code, b->failure.api_code);
    assert_string_equal(a->failure.request_id, b->failure.request_id);
    assert_string_equal(a->failure.message, b->failure.message);
    assert_string_equal(a->failure.mend, b->failure.mend);
}

static void the_checksum_is_castagnolis(void **state)
{
    char zeros[32] = {0};

    (void)state;
    assert_int_equal(crc32c(0, span_of("123456789")), 0xE3069283);
    assert_int_equal(crc32c(0, (Span){zeros, sizeof zeros}), 0x8A9136AA); /* RFC 3720, appendix B.4 */
    assert_int_equal(crc32c(crc32c(0, span_of("1234")), span_of("56789")), 0xE3069283);
}

static void an_intent_comes_back_byte_for_byte(void **state)
{
    _cleanup_folder_ Folder folder = folder_make();
    FakeWorker worker = FAKE_WORKER;
    Journal *journal = open_journal(&worker, &folder);
    char name[256];
    Intent intent;
    uint64_t number;
    Failure failure = failure_make(-ERR_CONFLICT, "changed \xFF%% \x1B \"by\\somebody\"");

    (void)state;
    for (int i = 0; i < 255; i++)
        name[i] = (char)(i + 1);
    name[255] = '\0';
    failure.sent = FAILURE_ANSWERED;
    failure.http_status = 412;
    strcpy(failure.api_code, "precondition_failed");
    strcpy(failure.request_id, "req_\xC3"); /* cut in the middle of a character */
    failure_set_mend(&failure, "Read it again.");
    intent = sample(name, wild_text);
    number = begin(journal, &worker, name, wild_text);
    check_same(journal_find(journal, number), &intent);
    assert_int_equal(journal_set(journal, number, INTENT_REJECTED, &failure, NULL, 0, NULL, NULL), 0);
    journal_close(journal);

    journal = open_journal(&worker, &folder);
    intent.state = INTENT_REJECTED;
    intent.failure = failure;
    assert_int_equal(count_of(journal), 1);
    check_same(journal_find(journal, number), &intent);
    journal_close(journal);
}

static void a_begin_is_on_disk_before_it_is_acknowledged(void **state)
{
    _cleanup_folder_ Folder folder = folder_make();
    FakeWorker worker = FAKE_WORKER;
    Journal *journal = open_journal(&worker, &folder), *other;
    uint64_t number = begin(journal, &worker, "web-1", wild_text);

    (void)state;
    other = open_journal(&worker, &folder);
    assert_non_null(journal_find(other, number));
    journal_close(other);
    journal_end(journal, number);
    assert_null(journal_find(journal, number));
    assert_true(is_there(intent_path(&folder, number, "")));
    fake_drain(&worker.worker);
    assert_false(is_there(intent_path(&folder, number, "")));
    journal_end(journal, number);
    journal_end(journal, 12345);
    assert_null(worker.items);
    journal_close(journal);
}

static void numbers_grow_and_are_never_used_twice(void **state)
{
    _cleanup_folder_ Folder folder = folder_make();
    FakeWorker worker = FAKE_WORKER;
    Journal *journal = open_journal(&worker, &folder);
    Intent intent = sample("late", wild_text);
    uint64_t first = begin(journal, &worker, "a", wild_text), second = begin(journal, &worker, "b", wild_text);
    Seen seen = {0};

    (void)state;
    assert_int_equal(first, 1000);
    assert_int_equal(second, 1001);
    journal_end(journal, first);
    assert_int_equal(begin(journal, &worker, "c", wild_text), 1002);
    assert_int_equal(journal_next(journal, 0)->number, 1001);
    assert_int_equal(journal_next(journal, 1001)->number, 1002);
    assert_null(journal_next(journal, 1002));
    assert_null(journal_next(journal, UINT64_MAX));
    journal_close(journal);

    journal = open_journal(&worker, &folder);
    assert_int_equal(begin(journal, &worker, "d", wild_text), 1003);
    intent.wall_ms = 5000;
    assert_int_equal(journal_begin(journal, &intent, see, &seen), 0);
    intent.wall_ms = -5; /* a clock that nobody set */
    assert_int_equal(journal_begin(journal, &intent, NULL, NULL), 0);
    fake_drain(&worker.worker);
    assert_int_equal(seen.number, 5000);
    assert_non_null(journal_find(journal, 5001));
    journal_close(journal);
}

static void changes_of_a_begin_that_is_being_written_come_after_it(void **state)
{
    _cleanup_folder_ Folder folder = folder_make();
    FakeWorker worker = FAKE_WORKER;
    Journal *journal = open_journal(&worker, &folder);
    Intent intent = sample("web-1", span_of("{}"));
    Seen began = {0}, set = {0}, gone = {0};

    (void)state;
    assert_int_equal(journal_begin(journal, &intent, see, &began), 0);
    assert_int_equal(journal_begin(journal, &intent, see, &gone), 0);
    assert_int_equal(journal_set(journal, 1000, INTENT_UNSETTLED, NULL, wild_text.at, wild_text.len, see, &set), 0);
    journal_end(journal, 1001);
    fake_drain(&worker.worker);
    assert_int_equal(began.calls + set.calls + gone.calls, 3);
    assert_int_equal(began.number, 1000);
    assert_int_equal(set.number, 1000);
    assert_int_equal(gone.code, 0);
    assert_int_equal(gone.number, 0);
    assert_false(is_there(intent_path(&folder, 1001, "")));
    assert_int_equal(journal_set(journal, 1001, INTENT_REJECTED, NULL, NULL, 0, see, &set), -ERR_NOT_FOUND);
    journal_close(journal);

    journal = open_journal(&worker, &folder);
    assert_int_equal(count_of(journal), 1);
    assert_int_equal(journal_find(journal, 1000)->state, INTENT_UNSETTLED);
    assert_memory_equal(journal_find(journal, 1000)->text, wild_text.at, wild_text.len);
    journal_close(journal);
}

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
    assert_string_equal(journal_find(journal, number)->text, "new");

    disk.fail_at = 0;
    begin(journal, &worker, "web-2", span_of("{}"));
    assert_int_equal(seen.calls, 2);
    other = open_journal(&worker, &folder);
    assert_int_equal(journal_find(other, number)->state, INTENT_REJECTED);
    assert_string_equal(journal_find(other, number)->text, "new");
    journal_close(other);
    journal_close(journal);
}

static void check_text(FakeWorker *worker, const Folder *folder, uint64_t number, const char *text)
{
    Journal *other = open_journal(worker, folder);

    assert_string_equal(journal_find(other, number)->text, text);
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

static void a_close_writes_what_waits_and_calls_nobody(void **state)
{
    _cleanup_folder_ Folder folder = folder_make();
    FakeWorker worker = FAKE_WORKER;
    Journal *journal = open_journal(&worker, &folder);
    Intent intent = sample("web-1", wild_text);
    Seen seen = {0};

    (void)state;
    assert_int_equal(journal_begin(journal, &intent, see, &seen), 0);
    assert_int_equal(journal_set(journal, 1000, INTENT_REJECTED, NULL, NULL, 0, see, &seen), 0);
    journal_close(journal);
    journal_close(NULL);
    assert_int_equal(seen.calls, 0);
    journal = open_journal(&worker, &folder);
    assert_int_equal(journal_find(journal, 1000)->state, INTENT_REJECTED);
    journal_close(journal);
}

static void what_is_too_much_is_refused(void **state)
{
    _cleanup_folder_ Folder folder = folder_make();
    FakeDisk disk = fake_disk(FAULT_CLEAN, 0);
    FakeWorker worker = FAKE_WORKER;
    Journal *journal = open_on(&disk.fsio, &worker, &folder, 0);
    char *large = calloc(1, JOURNAL_TEXT_BYTES + 1);
    Intent intent = sample("web-1", (Span){large, JOURNAL_TEXT_BYTES + 1});
    Seen seen = {0};

    (void)state;
    assert_int_equal(journal_begin(journal, &intent, see, &seen), -ERR_TOO_BIG);
    intent.text_bytes = JOURNAL_TEXT_BYTES;
    assert_int_equal(journal_begin(journal, &intent, see, &seen), 0);
    fake_drain(&worker.worker);
    assert_int_equal(journal_set(journal, 1000, INTENT_REJECTED, NULL, large, JOURNAL_TEXT_BYTES + 1, see, &seen),
                     -ERR_TOO_BIG);
    assert_int_equal(journal_find(journal, 1000)->state, INTENT_BEGUN);
    worker.has_no_memory = true;
    assert_int_equal(journal_begin(journal, &intent, see, &seen), -ERR_NO_MEMORY);
    assert_int_equal(journal_set(journal, 1000, INTENT_REJECTED, NULL, NULL, 0, see, &seen), -ERR_NO_MEMORY);
    assert_int_equal(journal_find(journal, 1000)->state, INTENT_BEGUN);
    worker.has_no_memory = false;
    assert_int_equal(count_of(journal), 1);
    assert_int_equal(seen.calls, 1);

    disk.swallows = true;
    intent = sample("web", span_of(""));
    for (int i = 1; i < JOURNAL_INTENTS_MAX; i++)
        assert_int_equal(journal_begin(journal, &intent, NULL, NULL), 0);
    assert_int_equal(journal_begin(journal, &intent, NULL, NULL), -ERR_NO_SPACE);
    assert_int_equal(count_of(journal), JOURNAL_INTENTS_MAX);
    journal_close(journal);
    free(large);
}

/* --- damage --- */

static void write_file(const char *path, Span bytes)
{
    assert_int_equal(fsio_write(fsio_system(), path, bytes.at, bytes.len), 0);
}

static void check_damaged(const Folder *folder, uint64_t number, Span bytes, const char *sentence)
{
    _cleanup_buf_ Buf after = BUF_INIT(INTENT_FILE_BYTES);
    FakeWorker worker = FAKE_WORKER;
    Journal *journal = NULL;
    unsigned damage = 0;
    Failure failure = {0};

    write_file(intent_path(folder, number, ""), bytes);
    assert_int_equal(journal_open(fsio_system(), &worker.worker, folder->path, &journal, &damage, &failure), 0);
    assert_int_equal(damage, 1);
    assert_int_equal(failure.code, -ERR_DISK);
    if (sentence)
        assert_non_null(strstr(failure.message, sentence));
    assert_null(journal_find(journal, number));
    assert_int_equal(count_of(journal), 1);
    assert_true(begin(journal, &worker, "another", wild_text) > number);
    journal_end(journal, journal_next(journal, number)->number);
    journal_close(journal);
    assert_int_equal(fsio_read(fsio_system(), intent_path(folder, number, ""), &after, NULL), 0);
    assert_true(span_equal(bytes, (Span){buf_text(&after), after.len}));
}

/* Two intents in a folder, and the bytes of the second. */
static uint64_t make_two(const Folder *folder, Buf *ret_second)
{
    FakeWorker worker = FAKE_WORKER;
    Journal *journal = open_journal(&worker, folder);
    uint64_t number;

    begin(journal, &worker, "web-1", wild_text);
    number = begin(journal, &worker, "web-2", wild_text);
    journal_close(journal);
    assert_int_equal(fsio_read(fsio_system(), intent_path(folder, number, ""), ret_second, NULL), 0);
    return number;
}

static void every_damaged_byte_is_noticed(void **state)
{
    _cleanup_folder_ Folder folder = folder_make();
    _cleanup_buf_ Buf bytes = BUF_INIT(INTENT_FILE_BYTES);
    uint64_t number = make_two(&folder, &bytes);

    (void)state;
    for (size_t i = 0; i < bytes.len; i++) {
        bytes.data[i] ^= 4;
        check_damaged(&folder, number, (Span){bytes.data, bytes.len}, NULL);
        bytes.data[i] ^= 4;
    }
    for (size_t length = 0; length < bytes.len; length++)
        check_damaged(&folder, number, (Span){bytes.data, length}, NULL);
    assert_int_equal(buf_append_char(&bytes, '\n'), 0);
    check_damaged(&folder, number, (Span){bytes.data, bytes.len}, "checksum");
}

/* A whole file, by its checksum, of what some program made of it. */
static void check_foreign(const Folder *folder, uint64_t number, const char *version, const char *behind_sum,
                          const char *sentence)
{
    _cleanup_buf_ Buf bytes = BUF_INIT(4096);

    assert_int_equal(
        buf_printf(&bytes, "skystackfs-intent %s %08x%s", version, crc32c(0, span_of(behind_sum)), behind_sum), 0);
    check_damaged(folder, number, (Span){bytes.data, bytes.len}, sentence);
}

static void what_another_program_wrote_is_damage_with_a_reason(void **state)
{
    _cleanup_folder_ Folder folder = folder_make();
    _cleanup_buf_ Buf bytes = BUF_INIT(INTENT_FILE_BYTES);
    uint64_t number = make_two(&folder, &bytes);

    (void)state;
    check_foreign(&folder, number, "2", " 2 0\n{}", "a newer one may have written it");
    check_foreign(&folder, number, "1", " 2 0\n{}", "lacks what an intent must have");
    check_foreign(&folder, number, "1", " 2 0\n{,", "lacks what an intent must have");
    check_foreign(&folder, number, "1", " 2 1\n{}", "not as long");
    check_foreign(&folder, number, "1", " 200 0\n{}", "not as long");
    check_foreign(&folder, number, "1", " -2 4\n{}", "not as long");
    check_foreign(&folder, number, "1", " 7 0\n{}", "not as long");
    check_foreign(&folder, number, "1", "", "not as long");
    check_foreign(&folder, number, "1", " 18446744073709551616 2\n{}", "not as long");
    check_damaged(&folder, number, span_of("{}"), "does not begin as an intent does");
    check_damaged(&folder, number, (Span){NULL, 0}, "does not begin as an intent does");
}

static void a_file_that_was_never_whole_is_dropped_and_others_are_left(void **state)
{
    _cleanup_folder_ Folder folder = folder_make();
    _cleanup_buf_ Buf bytes = BUF_INIT(INTENT_FILE_BYTES);
    uint64_t number = make_two(&folder, &bytes);
    FakeWorker worker = FAKE_WORKER;
    char other[128];
    Journal *journal;

    (void)state;
    write_file(intent_path(&folder, number, ".new"), (Span){bytes.data, bytes.len / 2});
    write_file(intent_path(&folder, number + 5, ".new"), (Span){bytes.data, bytes.len});
    snprintf(other, sizeof other, "%s/intents/notes.txt", folder.path);
    write_file(other, span_of("mine"));
    journal = open_journal(&worker, &folder);
    assert_int_equal(count_of(journal), 2);
    assert_false(is_there(intent_path(&folder, number, ".new")));
    assert_false(is_there(intent_path(&folder, number + 5, ".new")));
    assert_true(is_there(other));
    assert_int_equal(begin(journal, &worker, "web-3", wild_text), number + 6);
    journal_close(journal);

    snprintf(other, sizeof other, "%s/intents/007.intent", folder.path);
    write_file(other, (Span){bytes.data, bytes.len});
    snprintf(other, sizeof other, "%s/intents/18446744073709551615.intent", folder.path);
    write_file(other, (Span){bytes.data, bytes.len});
    journal = open_on(fsio_system(), &worker, &folder, 2);
    assert_int_equal(begin(journal, &worker, "web-4", wild_text), number + 7);
    journal_close(journal);
}

static void a_folder_that_cannot_be_used_is_refused(void **state)
{
    _cleanup_folder_ Folder folder = folder_make();
    FakeWorker worker = FAKE_WORKER;
    Journal *journal = NULL;
    unsigned damage;
    Failure failure = {0};
    char file[128];

    (void)state;
    snprintf(file, sizeof file, "%s/intents", folder.path);
    write_file(file, span_of("a file"));
    assert_true(journal_open(fsio_system(), &worker.worker, folder.path, &journal, &damage, &failure) < 0);
    assert_null(journal);
    assert_non_null(strstr(failure.message, folder.path));
}

/* --- faults at every call --- */

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

/* 0 once the whole scenario ran; negative if the journal could not even be opened. */
static int run_scenario(FakeDisk *disk, const Folder *folder, Story stories[STORIES])
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
    int r = run_scenario(&disk, &folder, stories);

    journal = open_journal(&worker, &folder);
    for (size_t i = 0; i < STORIES; i++)
        check_story(journal, &stories[i], i, r == 0 && fault < FAULT_FULL);
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
    assert_string_equal(journal_find(journal, number)->text, "new");
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

/* --- the audit --- */

static void the_audit_grows_and_rotates(void **state)
{
    _cleanup_folder_ Folder folder = folder_make();
    FakeWorker worker = FAKE_WORKER;
    Journal *journal = open_journal(&worker, &folder);
    _cleanup_buf_ Buf text = BUF_INIT(4096);
    char path[128], older[160];
    uint64_t bytes = 0;

    (void)state;
    snprintf(path, sizeof path, "%s/audit.jsonl", folder.path);
    snprintf(older, sizeof older, "%s.1", path);
    journal_audit(journal, "{\"a\":1}");
    journal_audit(journal, "{\"a\":2}");
    fake_drain(&worker.worker);
    assert_int_equal(fsio_read(fsio_system(), path, &text, NULL), 0);
    assert_string_equal(buf_text(&text), "{\"a\":1}\n{\"a\":2}\n");
    write_file(older, span_of("older"));
    assert_int_equal(truncate(path, AUDIT_BYTES - 8), 0);
    journal_audit(journal, "{\"a\":3}");
    fake_drain(&worker.worker);
    assert_int_equal(fsio_size(fsio_system(), path, &bytes), 0);
    assert_int_equal(bytes, AUDIT_BYTES);
    journal_audit(journal, "{\"a\":4}");
    journal_close(journal);
    buf_clear(&text);
    assert_int_equal(fsio_read(fsio_system(), path, &text, NULL), 0);
    assert_string_equal(buf_text(&text), "{\"a\":4}\n");
    assert_int_equal(fsio_size(fsio_system(), older, &bytes), 0);
    assert_int_equal(bytes, AUDIT_BYTES);
}

/* --- the program's worker --- */

enum { TASKS = 200 };

typedef struct Task {
    Loop *loop;
    Worker *worker;
    pthread_t loop_thread;
    unsigned *worked, *done; /* counted by all tasks */
    unsigned index;
} Task;

static void task_work(void *ctx)
{
    Task *task = ctx;

    assert_false(pthread_equal(pthread_self(), task->loop_thread));
    assert_int_equal(*task->worked, task->index);
    assert_int_equal(*task->done, task->index);
    ++*task->worked;
}

static void task_done(void *ctx)
{
    Task *task = ctx;

    assert_true(pthread_equal(pthread_self(), task->loop_thread));
    assert_int_equal(*task->done, task->index);
    if (++*task->done == TASKS)
        loop_stop(task->loop);
}

static void give_tasks(Task *tasks, unsigned first, unsigned end)
{
    for (unsigned i = first; i < end; i++) {
        tasks[i] = tasks[0];
        tasks[i].index = i;
        assert_int_equal(worker_run(tasks[i].worker, task_work, task_done, &tasks[i]), 0);
    }
}

static void works_are_done_one_after_the_other_with_the_loop_and_without(void **state)
{
    Loop *loop = loop_new();
    Worker *worker = worker_new(loop);
    unsigned worked = 0, done = 0;
    Task tasks[TASKS] = {
        {.loop = loop, .worker = worker, .loop_thread = pthread_self(), .worked = &worked, .done = &done}};

    (void)state;
    worker_drain(worker);
    give_tasks(tasks, 0, TASKS / 2);
    assert_int_equal(done, 0);
    worker_drain(worker);
    assert_int_equal(done, TASKS / 2);
    give_tasks(tasks, TASKS / 2, TASKS);
    loop_run(loop);
    assert_int_equal(done, TASKS);

    worked = done = 0;
    give_tasks(tasks, 0, 3);
    worker_free(worker);
    assert_int_equal(done, 3);
    worker_free(NULL);
    loop_free(loop);
}

static void the_journal_works_with_the_programs_worker(void **state)
{
    _cleanup_folder_ Folder folder = folder_make();
    Loop *loop = loop_new();
    Worker *worker = worker_new(loop);
    FakeWorker later = FAKE_WORKER;
    Journal *journal = NULL;
    Failure failure;
    unsigned damage;
    Intent intent = sample("web-1", wild_text);

    (void)state;
    assert_int_equal(journal_open(fsio_system(), worker, folder.path, &journal, &damage, &failure), 0);
    for (unsigned i = 0; i < 20; i++) {
        assert_int_equal(journal_begin(journal, &intent, NULL, NULL), 0);
        assert_int_equal(journal_set(journal, 1000 + i, INTENT_REJECTED, NULL, NULL, 0, NULL, NULL), 0);
        if (i % 2)
            journal_end(journal, 1000 + i);
    }
    journal_close(journal);
    worker_free(worker);
    loop_free(loop);
    journal = open_journal(&later, &folder);
    assert_int_equal(count_of(journal), 10);
    journal_close(journal);
}

/* The log tells of each fault, and there are thousands. */
static int kept_stderr = -1;

static int quieten(void **state)
{
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

    (void)state;
    kept_stderr = dup(STDERR_FILENO);
    dup2(nowhere, STDERR_FILENO);
    return close(nowhere);
}

static int speak_again(void **state)
{
    (void)state;
    dup2(kept_stderr, STDERR_FILENO);
    return close(kept_stderr);
}

#define noisy_unit_test(test) cmocka_unit_test_setup_teardown(test, quieten, speak_again)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_checksum_is_castagnolis),
        cmocka_unit_test(an_intent_comes_back_byte_for_byte),
        cmocka_unit_test(a_begin_is_on_disk_before_it_is_acknowledged),
        cmocka_unit_test(numbers_grow_and_are_never_used_twice),
        cmocka_unit_test(changes_of_a_begin_that_is_being_written_come_after_it),
        noisy_unit_test(a_begin_that_the_disk_refuses_did_not_happen),
        noisy_unit_test(what_a_refused_begin_left_goes_when_the_disk_works_again),
        noisy_unit_test(a_change_that_the_disk_refused_is_written_when_it_can_be),
        noisy_unit_test(a_file_never_goes_back_to_an_older_state),
        noisy_unit_test(an_end_that_the_disk_refused_is_done_at_the_close),
        cmocka_unit_test(a_close_writes_what_waits_and_calls_nobody),
        cmocka_unit_test(what_is_too_much_is_refused),
        noisy_unit_test(every_damaged_byte_is_noticed),
        noisy_unit_test(what_another_program_wrote_is_damage_with_a_reason),
        noisy_unit_test(a_file_that_was_never_whole_is_dropped_and_others_are_left),
        cmocka_unit_test(a_folder_that_cannot_be_used_is_refused),
        noisy_unit_test(no_fault_of_the_disk_loses_what_was_acknowledged),
        noisy_unit_test(a_real_disk_that_takes_half_leaves_nothing),
        noisy_unit_test(a_folder_that_went_away_is_a_broken_disk),
        cmocka_unit_test(the_audit_grows_and_rotates),
        cmocka_unit_test(works_are_done_one_after_the_other_with_the_loop_and_without),
        cmocka_unit_test(the_journal_works_with_the_programs_worker),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
