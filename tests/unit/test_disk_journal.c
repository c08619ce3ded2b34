#include "crc32c.h"
#include "test_disk_steps.h"

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
    check_same(found(journal, number), &intent);
    assert_int_equal(journal_set(journal, number, INTENT_REJECTED, &failure, NULL, 0, NULL, NULL), 0);
    journal_close(journal);

    journal = open_journal(&worker, &folder);
    intent.state = INTENT_REJECTED;
    intent.failure = failure;
    assert_int_equal(count_of(journal), 1);
    check_same(found(journal, number), &intent);
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
    assert_int_equal(next_of(journal, 0)->number, 1001);
    assert_int_equal(next_of(journal, 1001)->number, 1002);
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
    assert_int_equal(found(journal, 1000)->state, INTENT_UNSETTLED);
    assert_memory_equal(found(journal, 1000)->text, wild_text.at, wild_text.len);
    journal_close(journal);
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
    assert_int_equal(found(journal, 1000)->state, INTENT_REJECTED);
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
    assert_int_equal(found(journal, 1000)->state, INTENT_BEGUN);
    worker.has_no_memory = true;
    assert_int_equal(journal_begin(journal, &intent, see, &seen), -ERR_NO_MEMORY);
    assert_int_equal(journal_set(journal, 1000, INTENT_REJECTED, NULL, "new", 3, see, &seen), -ERR_NO_MEMORY);
    assert_int_equal(found(journal, 1000)->state, INTENT_BEGUN);
    assert_int_equal(journal_set(journal, 1000, INTENT_REJECTED, NULL, NULL, 0, see, &seen), -ERR_NO_MEMORY);
    assert_int_equal(found(journal, 1000)->state, INTENT_REJECTED); /* in memory */
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

static void the_journal_works_with_the_programs_worker(void **state)
{
    _cleanup_folder_ Folder folder = folder_make();
    Loop *loop = loop_new();
    Worker *worker = loop ? worker_new(loop) : NULL;
    FakeWorker later = FAKE_WORKER;
    Journal *journal = NULL;
    Failure failure;
    unsigned damage;
    Intent intent = sample("web-1", wild_text);

    (void)state;
    assert_non_null(worker);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_checksum_is_castagnolis),
        cmocka_unit_test(an_intent_comes_back_byte_for_byte),
        cmocka_unit_test(a_begin_is_on_disk_before_it_is_acknowledged),
        cmocka_unit_test(numbers_grow_and_are_never_used_twice),
        cmocka_unit_test(changes_of_a_begin_that_is_being_written_come_after_it),
        cmocka_unit_test(a_close_writes_what_waits_and_calls_nobody),
        cmocka_unit_test(what_is_too_much_is_refused),
        cmocka_unit_test(the_audit_grows_and_rotates),
        cmocka_unit_test(the_journal_works_with_the_programs_worker),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
