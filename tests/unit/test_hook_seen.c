/* Which events came already: on disk, over restarts, damage and a disk that fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "log.h"
#include "seen_events.h"
#include "seen_lines.h"
#include "test_api_fakes.h"
#include "test_disk_fakes.h"

enum { HOUR_MS = 3600 * 1000, CALLS = 12 };

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

typedef struct Said {
    SeenWait wait;
    int times, code;
} Said;

static FakeClock fake;
static FakeWorker worker;
static Folder folder;
static SeenEvents *seen;

static void open_on(Fsio *fsio, int expected_damage)
{
    Failure damage;

    assert_int_equal(seen_events_open(fsio, &worker.worker, &fake.clock, folder.path, &seen, &damage), 0);
    assert_int_equal(damage.code, expected_damage);
}

static void begin(void)
{
    const FakeWorker fresh = FAKE_WORKER;

    fake_clock_init(&fake);
    worker = fresh;
    folder = folder_make();
    open_on(fsio_system(), 0);
}

static void end(void)
{
    seen_events_free(seen);
    folder_remove(&folder);
}

static void reopen(int expected_damage)
{
    seen_events_free(seen);
    open_on(fsio_system(), expected_damage);
}

static void on_done(void *ctx, int code)
{
    Said *said = ctx;

    said->times++;
    said->code = code;
}

static int add(const char *id, Said *said)
{
    *said = (Said){.wait = {.done = on_done, .ctx = said}};
    return seen_events_add(seen, span_of(id), &said->wait);
}

static int add_durably(const char *id)
{
    Said said;

    assert_int_equal(add(id, &said), 0);
    assert_int_equal(said.times, 0);
    worker_drain(&worker.worker);
    assert_int_equal(said.times, 1);
    return said.code;
}

static enum SeenState state_of(const char *id)
{
    return seen_events_find(seen, span_of(id));
}

static const char *path_of(void)
{
    static char path[128];

    snprintf(path, sizeof path, "%s/seen-events", folder.path);
    return path;
}

static size_t file_bytes(void)
{
    uint64_t bytes = 0;

    assert_int_equal(fsio_size(fsio_system(), path_of(), &bytes), 0);
    return (size_t)bytes;
}

static void read_file(Buf *into)
{
    assert_int_equal(fsio_read(fsio_system(), path_of(), into, NULL), 0);
}

static void write_file(const char *bytes, size_t count)
{
    assert_int_equal(fsio_write(fsio_system(), path_of(), bytes, count), 0);
}

/* ---- lines ---- */

static void a_line_says_what_was_written(void **state)
{
    static const int64_t times[] = {0, 1, 1773915764000, 9999999999999999};

    (void)state;
    for (size_t i = 0; i < COUNT(times); i++) {
        _cleanup_buf_ Buf text = BUF_INIT(1024);
        SeenLine line = {.wall_ms = times[i]}, read;
        Span rest;

        assert_true(seen_key(span_of("evt_1"), line.key));
        assert_int_equal(seen_lines_head(&text), 0);
        assert_int_equal(seen_lines_add(&text, &line), 0);
        rest = (Span){text.data, text.len};
        assert_true(seen_lines_take_head(&rest));
        assert_int_equal(seen_lines_take(&rest, &read), SEEN_LINE_GOOD);
        assert_memory_equal(read.key, line.key, SEEN_KEY_BYTES);
        assert_int_equal(read.wall_ms, line.wall_ms);
        assert_int_equal(seen_lines_take(&rest, &read), SEEN_LINE_END);
    }
}

static void each_bit_that_flips_and_each_end_is_noticed(void **state)
{
    _cleanup_buf_ Buf text = BUF_INIT(1024);
    SeenLine line = {.wall_ms = 1773915764000}, read;

    (void)state;
    assert_int_equal(seen_lines_add(&text, &line), 0);
    for (size_t bit = 0; bit < 8 * text.len; bit++) {
        Span rest = {text.data, text.len};

        text.data[bit / 8] = (char)(text.data[bit / 8] ^ 1 << bit % 8);
        assert_int_equal(seen_lines_take(&rest, &read), SEEN_LINE_DAMAGED);
        text.data[bit / 8] = (char)(text.data[bit / 8] ^ 1 << bit % 8);
    }
    for (size_t length = 1; length < text.len; length++) {
        Span rest = {text.data, length};

        assert_int_equal(seen_lines_take(&rest, &read), SEEN_LINE_DAMAGED);
        assert_int_equal(rest.len, 0);
    }
}

/* ---- the set ---- */

static void an_id_is_durable_when_the_disk_has_it(void **state)
{
    Said said;

    (void)state;
    begin();
    assert_int_equal(state_of("evt_1"), SEEN_NEVER);
    assert_int_equal(add("evt_1", &said), 0);
    assert_int_equal(state_of("evt_1"), SEEN_WRITING);
    assert_int_equal(said.times, 0);
    worker_drain(&worker.worker);
    assert_int_equal(said.times, 1);
    assert_int_equal(said.code, 0);
    assert_int_equal(state_of("evt_1"), SEEN_DURABLE);
    assert_int_equal(state_of("evt_2"), SEEN_NEVER);
    end();
}

static void a_restart_remembers(void **state)
{
    (void)state;
    begin();
    assert_int_equal(add_durably("evt_1"), 0);
    assert_int_equal(add_durably("evt_2"), 0);
    reopen(0);
    assert_int_equal(state_of("evt_1"), SEEN_DURABLE);
    assert_int_equal(state_of("evt_2"), SEEN_DURABLE);
    assert_int_equal(seen_events_count(seen), 2);
    end();
}

static void what_comes_while_one_is_written_is_written_together(void **state)
{
    Said said[4], again;

    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(said); i++)
        assert_int_equal(add((const char *[]){"a", "b", "c", "d"}[i], &said[i]), 0);
    assert_int_equal(add("a", &again), 0); /* joins the first, before those that came since */
    assert_true(fake_step(&worker));
    assert_int_equal(said[0].times + again.times, 2);
    assert_int_equal(said[1].times, 0);
    assert_int_equal(state_of("b"), SEEN_WRITING);
    assert_true(fake_step(&worker));
    assert_int_equal(said[1].times + said[2].times + said[3].times, 3);
    assert_false(fake_step(&worker));
    reopen(0);
    assert_int_equal(seen_events_count(seen), 4);
    end();
}

static void one_who_left_is_told_nothing_and_the_id_is_kept(void **state)
{
    Said said;

    (void)state;
    begin();
    assert_int_equal(add("a", &said), 0);
    seen_events_leave(seen, &said.wait);
    seen_events_leave(seen, &said.wait);
    seen_events_settle(seen);
    assert_int_equal(said.times, 0);
    assert_int_equal(state_of("a"), SEEN_DURABLE);
    end();
}

static void ids_are_forgotten_after_their_time(void **state)
{
    (void)state;
    begin();
    assert_int_equal(add_durably("a"), 0);
    fake.wall_ms += HOUR_MS;
    assert_int_equal(add_durably("b"), 0);
    fake.wall_ms += SEEN_KEEP_MS - HOUR_MS - 1;
    assert_int_equal(state_of("a"), SEEN_DURABLE);
    reopen(0);
    assert_int_equal(state_of("a"), SEEN_DURABLE);
    fake.wall_ms++;
    assert_int_equal(state_of("a"), SEEN_NEVER);
    assert_int_equal(state_of("b"), SEEN_DURABLE);
    reopen(0);
    assert_int_equal(state_of("a"), SEEN_NEVER);
    assert_int_equal(seen_events_count(seen), 1);
    end();
}

/* A clock that was ahead and was set right: its lines don't stay longer than others. */
static void a_line_from_the_future_counts_from_now(void **state)
{
    (void)state;
    begin();
    fake.wall_ms += 1000 * (int64_t)HOUR_MS;
    assert_int_equal(add_durably("a"), 0);
    fake.wall_ms -= 1000 * (int64_t)HOUR_MS;
    reopen(0);
    fake.wall_ms += SEEN_KEEP_MS - 1;
    assert_int_equal(state_of("a"), SEEN_DURABLE);
    fake.wall_ms++;
    assert_int_equal(state_of("a"), SEEN_NEVER);
    end();
}

static void add_many(unsigned first, unsigned count)
{
    for (unsigned i = first; i < first + count; i++) {
        SeenWait wait = {0};
        char id[16];

        snprintf(id, sizeof id, "evt_%u", i);
        assert_int_equal(seen_events_add(seen, span_of(id), &wait), 0);
        seen_events_leave(seen, &wait);
    }
    seen_events_settle(seen);
}

static void the_oldest_go_where_there_are_too_many(void **state)
{
    (void)state;
    begin();
    add_many(0, SEEN_EVENTS_MAX);
    assert_int_equal(state_of("evt_0"), SEEN_DURABLE);
    add_many(SEEN_EVENTS_MAX, 2);
    assert_int_equal(state_of("evt_0"), SEEN_NEVER);
    assert_int_equal(state_of("evt_1"), SEEN_NEVER);
    assert_int_equal(state_of("evt_2"), SEEN_DURABLE);
    assert_int_equal(seen_events_count(seen), SEEN_EVENTS_MAX);
    reopen(0);
    assert_int_equal(state_of("evt_1"), SEEN_NEVER);
    assert_int_equal(state_of("evt_2"), SEEN_DURABLE);
    end();
}

static void a_file_of_forgotten_ids_is_written_anew(void **state)
{
    size_t bytes;

    (void)state;
    begin();
    add_many(0, SEEN_LINES_SPARE + 10);
    bytes = file_bytes();
    fake.wall_ms += SEEN_KEEP_MS;
    assert_int_equal(add_durably("late"), 0);
    assert_true(file_bytes() < bytes / 100);
    reopen(0);
    assert_int_equal(state_of("late"), SEEN_DURABLE);
    end();
}

/* ---- damage ---- */

static void a_torn_last_line_is_skipped_and_what_comes_after_is_kept(void **state)
{
    _cleanup_buf_ Buf text = BUF_INIT(4096);

    (void)state;
    begin();
    assert_int_equal(add_durably("a"), 0);
    assert_int_equal(add_durably("b"), 0);
    read_file(&text);
    for (size_t cut = 1; cut < 20; cut++) {
        write_file(text.data, text.len - cut);
        reopen(-ERR_DISK);
        assert_int_equal(state_of("a"), SEEN_DURABLE);
        assert_int_equal(state_of("b"), SEEN_NEVER);
        assert_int_equal(add_durably("c"), 0);
        reopen(0);
        assert_int_equal(state_of("a"), SEEN_DURABLE);
        assert_int_equal(state_of("c"), SEEN_DURABLE);
    }
    end();
}

static void a_file_that_is_no_such_begins_anew(void **state)
{
    static const char *const texts[] = {"", "skystackfs-seen-events 2\n", "skystackfs-seen-events 1", "\xff\xfe"};

    (void)state;
    begin();
    for (size_t i = 0; i < COUNT(texts); i++) {
        write_file(texts[i], strlen(texts[i]));
        reopen(-ERR_DISK);
        assert_int_equal(seen_events_count(seen), 0);
        assert_int_equal(add_durably("a"), 0);
        reopen(0);
        assert_int_equal(state_of("a"), SEEN_DURABLE);
    }
    end();
}

static void its_directory_is_made_when_it_is_needed(void **state)
{
    Folder outer;

    (void)state;
    begin();
    outer = folder;
    memcpy(folder.path + strlen(folder.path), "/x/y", sizeof "/x/y");
    reopen(0);
    assert_int_equal(access(folder.path, F_OK), -1);
    assert_int_equal(add_durably("a"), 0);
    reopen(0);
    assert_int_equal(state_of("a"), SEEN_DURABLE);
    folder = outer;
    end();
}

/* Whichever call of the disk fails, in whatever way: what was said to be durable is, and what was refused is taken the
 * next time. */
static void a_disk_that_fails_forgets_nothing_it_took(void **state)
{
    static const char *const ids[] = {"a", "b", "c", "d"};

    (void)state;
    for (enum Fault fault = FAULT_CLEAN; fault < FAULTS; fault++) {
        for (unsigned call = 1; call <= CALLS; call++) {
            FakeDisk disk = fake_disk(fault, call);
            bool durable[COUNT(ids)];
            Failure damage;

            begin();
            assert_int_equal(add_durably("before"), 0);
            seen_events_free(seen);
            assert_int_equal(seen_events_open(&disk.fsio, &worker.worker, &fake.clock, folder.path, &seen, &damage), 0);
            for (size_t i = 0; i < COUNT(ids); i++) {
                durable[i] = add_durably(ids[i]) == 0;
                assert_int_equal(state_of(ids[i]), durable[i] ? SEEN_DURABLE : SEEN_NEVER);
            }
            seen_events_free(seen);
            assert_int_equal(seen_events_open(fsio_system(), &worker.worker, &fake.clock, folder.path, &seen, &damage),
                             0);
            for (size_t i = 0; i < COUNT(ids); i++) {
                if (durable[i])
                    assert_int_equal(state_of(ids[i]), SEEN_DURABLE);
                else if (state_of(ids[i]) == SEEN_NEVER)
                    assert_int_equal(add_durably(ids[i]), 0);
            }
            end();
        }
    }
}

static void without_memory_for_the_worker_nothing_is_added(void **state)
{
    Said first, second;

    (void)state;
    begin();
    worker.has_no_memory = true;
    assert_int_equal(add("a", &first), -ERR_NO_MEMORY);
    assert_int_equal(state_of("a"), SEEN_NEVER);
    worker.has_no_memory = false;
    assert_int_equal(add("a", &first), 0);
    assert_int_equal(add("b", &second), 0);
    worker.has_no_memory = true;
    assert_true(fake_step(&worker));
    assert_int_equal(first.code, 0);
    assert_int_equal(second.times, 1);
    assert_int_equal(second.code, -ERR_NO_MEMORY);
    assert_int_equal(state_of("b"), SEEN_NEVER);
    worker.has_no_memory = false;
    assert_int_equal(add_durably("b"), 0);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_says_what_was_written),
        cmocka_unit_test(each_bit_that_flips_and_each_end_is_noticed),
        cmocka_unit_test(an_id_is_durable_when_the_disk_has_it),
        cmocka_unit_test(a_restart_remembers),
        cmocka_unit_test(what_comes_while_one_is_written_is_written_together),
        cmocka_unit_test(one_who_left_is_told_nothing_and_the_id_is_kept),
        cmocka_unit_test(ids_are_forgotten_after_their_time),
        cmocka_unit_test(a_line_from_the_future_counts_from_now),
        cmocka_unit_test(the_oldest_go_where_there_are_too_many),
        cmocka_unit_test(a_file_of_forgotten_ids_is_written_anew),
        cmocka_unit_test(a_torn_last_line_is_skipped_and_what_comes_after_is_kept),
        cmocka_unit_test(a_file_that_is_no_such_begins_anew),
        cmocka_unit_test(its_directory_is_made_when_it_is_needed),
        cmocka_unit_test(a_disk_that_fails_forgets_nothing_it_took),
        cmocka_unit_test(without_memory_for_the_worker_nothing_is_added),
    };

    log_open(LOG_TO_STDERR, LOG_LEVEL_NONE);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
