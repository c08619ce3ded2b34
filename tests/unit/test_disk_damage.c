#include "crc32c.h"
#include "error.h"
#include "test_disk_steps.h"

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
    journal_end(journal, next_of(journal, number)->number);
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

/* An intent of each kind of format is kept, and read for ever; today's is written byte by byte as that of the newest. */
static void what_version_1_wrote_is_read(void **state)
{
    _cleanup_buf_ Buf kept = BUF_INIT(4096), today = BUF_INIT(INTENT_FILE_BYTES);
    Intent before = sample("web-1", wild_text), after;
    const char *reason = NULL;

    (void)state;
    before.failure = failure_make(-ERR_INVALID, "size: is not a known size.");
    before.state = INTENT_REJECTED;
    assert_int_equal(fsio_read(fsio_system(), SKY_SOURCE_ROOT "/tests/unit/formats/intent-1", &kept, NULL), 0);
    assert_int_equal(intent_decode((Span){kept.data, kept.len}, &after, &reason), 0);
    assert_int_equal(after.state, INTENT_REJECTED);
    assert_string_equal(after.name, "web-1");
    assert_string_equal(after.body, before.body);
    assert_string_equal(after.known_ids, before.known_ids);
    assert_true(span_equal((Span){after.text, after.text_bytes}, wild_text));
    assert_string_equal(after.failure.message, before.failure.message);
    assert_int_equal(intent_encode(&before, &today), 0);
    assert_true(span_equal((Span){kept.data, kept.len}, (Span){today.data, today.len}));
    intent_release(&after);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        noisy_unit_test(every_damaged_byte_is_noticed),
        cmocka_unit_test(what_version_1_wrote_is_read),
        noisy_unit_test(what_another_program_wrote_is_damage_with_a_reason),
        noisy_unit_test(a_file_that_was_never_whole_is_dropped_and_others_are_left),
        cmocka_unit_test(a_folder_that_cannot_be_used_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
