#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crc32c.h"
#include "json.h"
#include "snapshot.h"
#include "test_disk_fakes.h"

static const char ENDPOINT[] = "https://127.0.0.1:1";
static const atomic_bool never;

static SnapshotRow row_of(const char *text, int64_t details_wall_ms)
{
    SnapshotRow row = {.seen_wall_ms = 1700000000000, .details_wall_ms = details_wall_ms};

    assert_int_equal(json_check(span_of(text), NULL), 0);
    assert_int_equal(resource_new(span_of(text), &row.resource), 0);
    row.listed_whole = details_wall_ms != 0;
    row.homeless = details_wall_ms == 0;
    row.shown = true;
    return row;
}

static SnapshotRow *rows_of(size_t count)
{
    SnapshotRow *rows = calloc(count, sizeof *rows);

    assert_non_null(rows);
    return rows;
}

/* One project, two instances: a whole one and a summary with a name that had to be decoded. */
static Snapshot make_snapshot(void)
{
    Snapshot snapshot = {.wall_ms = 1700000001000};
    SnapshotSet *projects = &snapshot.sets[0], *instances = &snapshot.sets[1];

    projects->rows = rows_of(1);
    projects->rows[projects->count++] = row_of("{\"id\":\"prj_1\",\"name\":\"prod\"}", 0);
    projects->complete_wall_ms = 1700000000100;
    instances->rows = rows_of(2);
    instances->rows[instances->count++] =
        row_of("{\"id\":\"ins_1\",\"name\":\"web-1\",\"project_id\":\"prj_1\",\"status\":\"running\",\"ip\":null,"
               "\"created_at\":\"2026-03-19T10:22:44Z\",\"n\":1.50}",
               1700000000300);
    instances->rows[instances->count++] = row_of("{\"id\":\"ins_2\",\"name\":\"a\\u0000\\/b\"}", 0);
    instances->complete_wall_ms = 1700000000200;
    instances->changed_wall_ms = 1600000000000;
    return snapshot;
}

static int keep(Fsio *fsio, const Folder *folder)
{
    Snapshot snapshot = make_snapshot();
    int r = snapshot_write(fsio, folder->path, ENDPOINT, &snapshot, &never);

    snapshot_release(&snapshot);
    return r;
}

static int read_code(const Folder *folder, const char *endpoint)
{
    Snapshot snapshot;
    Failure failure;
    int r = snapshot_read(fsio_system(), folder->path, endpoint, &snapshot, &failure);

    if (r == 0)
        snapshot_release(&snapshot);
    return r;
}

static const char *path_in(const Folder *folder, const char *name)
{
    static char path[128];

    snprintf(path, sizeof path, "%s/%s", folder->path, name);
    return path;
}

static void read_file(const Folder *folder, Buf *into)
{
    assert_int_equal(fsio_read(fsio_system(), path_in(folder, "snapshot"), into, NULL), 0);
}

/* Not synced: this is done many times. */
static void write_file(const Folder *folder, const char *bytes, size_t count)
{
    FILE *file = fopen(path_in(folder, "snapshot"), "w");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, count, file), count);
    assert_int_equal(fclose(file), 0);
}

static void assert_same_row(const SnapshotRow *a, const SnapshotRow *b)
{
    assert_string_equal(resource_id(a->resource), resource_id(b->resource));
    assert_true(resource_same(a->resource, b->resource));
    assert_true(span_equal(resource_name(a->resource), resource_name(b->resource)));
    assert_true(span_equal(resource_project_id(a->resource), resource_project_id(b->resource)));
    assert_true(span_equal(resource_status(a->resource), resource_status(b->resource)));
    assert_int_equal(resource_file_bytes(a->resource), resource_file_bytes(b->resource));
    assert_int_equal(resource_created_ms(a->resource), resource_created_ms(b->resource));
    assert_int_equal(resource_is_whole(a->resource), resource_is_whole(b->resource));
    assert_int_equal(a->seen_wall_ms, b->seen_wall_ms);
    assert_int_equal(a->details_wall_ms, b->details_wall_ms);
    assert_int_equal(a->listed_whole, b->listed_whole);
    assert_int_equal(a->homeless, b->homeless);
    assert_int_equal(a->shown, b->shown);
}

static void check_read(const Folder *folder)
{
    Snapshot before = make_snapshot(), after;
    Failure failure;

    assert_int_equal(snapshot_read(fsio_system(), folder->path, ENDPOINT, &after, &failure), 0);
    assert_int_equal(after.wall_ms, before.wall_ms);
    for (size_t i = 0; i < SNAPSHOT_SETS; i++) {
        assert_int_equal(after.sets[i].count, before.sets[i].count);
        assert_int_equal(after.sets[i].complete_wall_ms, before.sets[i].complete_wall_ms);
        assert_int_equal(after.sets[i].changed_wall_ms, before.sets[i].changed_wall_ms);
        for (size_t row = 0; row < before.sets[i].count; row++)
            assert_same_row(&after.sets[i].rows[row], &before.sets[i].rows[row]);
    }
    assert_true(span_equal(resource_name(after.sets[1].rows[1].resource), (Span){"a\0/b", 4}));
    snapshot_release(&before);
    snapshot_release(&after);
}

static void what_was_written_is_read(void **state)
{
    _cleanup_folder_ Folder folder = folder_make();

    (void)state;
    assert_int_equal(keep(fsio_system(), &folder), 0);
    check_read(&folder);
}

/* What each version wrote of make_snapshot() is kept, and read for ever. The newest is what is written today: who changes
 * the format gives it a number of its own, and keeps another file. */
static void what_each_version_wrote_is_read(void **state)
{
    (void)state;
    for (unsigned version = 1; version <= SNAPSHOT_VERSION; version++) {
        _cleanup_folder_ Folder folder = folder_make();
        _cleanup_buf_ Buf kept = BUF_INIT(1 << 20), today = BUF_INIT(1 << 20);
        char path[512];

        snprintf(path, sizeof path, SKY_SOURCE_ROOT "/tests/unit/formats/snapshot-%u", version);
        assert_int_equal(fsio_read(fsio_system(), path, &kept, NULL), 0);
        write_file(&folder, kept.data, kept.len);
        check_read(&folder);
        assert_int_equal(keep(fsio_system(), &folder), 0);
        read_file(&folder, &today);
        if (version == SNAPSHOT_VERSION)
            assert_true(span_equal((Span){kept.data, kept.len}, (Span){today.data, today.len}));
    }
}

static void a_resource_outlives_what_was_read_and_its_file(void **state)
{
    _cleanup_folder_ Folder folder = folder_make();
    Snapshot snapshot;
    Failure failure;
    static Resource *resource; /* so that nothing is lost where a call fails */

    (void)state;
    assert_int_equal(keep(fsio_system(), &folder), 0);
    assert_int_equal(snapshot_read(fsio_system(), folder.path, ENDPOINT, &snapshot, &failure), 0);
    resource = resource_ref(snapshot.sets[1].rows[0].resource);
    snapshot_release(&snapshot);
    assert_int_equal(keep(fsio_system(), &folder), 0);
    assert_int_equal(snapshot_remove(fsio_system(), folder.path), 0);
    assert_string_equal(resource_id(resource), "ins_1");
    assert_true(span_equal(resource_name(resource), span_of("web-1")));
    assert_int_equal(*resource_text(resource).at, '{');
    resource_unref(resource);
}

static void none_is_a_miss_and_so_is_one_that_was_removed(void **state)
{
    _cleanup_folder_ Folder folder = folder_make();

    (void)state;
    assert_int_equal(read_code(&folder, ENDPOINT), -ERR_NOT_FOUND);
    assert_int_equal(snapshot_remove(fsio_system(), folder.path), 0);
    assert_int_equal(keep(fsio_system(), &folder), 0);
    assert_int_equal(read_code(&folder, ENDPOINT), 0);
    assert_int_equal(snapshot_remove(fsio_system(), folder.path), 0);
    assert_int_equal(read_code(&folder, ENDPOINT), -ERR_NOT_FOUND);
}

static void every_damaged_byte_and_every_length_is_a_miss(void **state)
{
    _cleanup_folder_ Folder folder = folder_make();
    _cleanup_buf_ Buf bytes = BUF_INIT(1 << 20);

    (void)state;
    assert_int_equal(keep(fsio_system(), &folder), 0);
    read_file(&folder, &bytes);
    for (size_t i = 0; i < bytes.len; i++) {
        bytes.data[i] ^= 4;
        write_file(&folder, bytes.data, bytes.len);
        assert_true(read_code(&folder, ENDPOINT) < 0);
        bytes.data[i] ^= 4;
    }
    for (size_t length = 0; length < bytes.len; length++) {
        write_file(&folder, bytes.data, length);
        assert_int_equal(read_code(&folder, ENDPOINT), -ERR_NOT_FOUND);
    }
    assert_int_equal(buf_append_char(&bytes, '\n'), 0);
    write_file(&folder, bytes.data, bytes.len);
    assert_int_equal(read_code(&folder, ENDPOINT), -ERR_NOT_FOUND);
}

static void one_of_another_api_is_a_miss(void **state)
{
    _cleanup_folder_ Folder folder = folder_make();

    (void)state;
    assert_int_equal(keep(fsio_system(), &folder), 0);
    assert_int_equal(read_code(&folder, "https://127.0.0.1:2"), -ERR_NOT_FOUND);
    assert_int_equal(read_code(&folder, "https://127.0.0.1"), -ERR_NOT_FOUND);
    assert_int_equal(read_code(&folder, "https://127.0.0.1:11"), -ERR_NOT_FOUND);
}

/* Puts a number in, and makes the checksum fit: a file that is as some program wrote it. */
static void forge(Buf *bytes, size_t at, const void *value, size_t count)
{
    uint32_t crc;

    memcpy(bytes->data + at, value, count);
    crc = crc32c(0, (Span){bytes->data, bytes->len - 16});
    memcpy(bytes->data + bytes->len - 8, &crc, sizeof crc);
}

static void a_newer_version_is_left_alone(void **state)
{
    _cleanup_folder_ Folder folder = folder_make();
    _cleanup_buf_ Buf bytes = BUF_INIT(1 << 20), after = BUF_INIT(1 << 20);
    uint32_t version = SNAPSHOT_VERSION + 1;

    (void)state;
    assert_int_equal(keep(fsio_system(), &folder), 0);
    read_file(&folder, &bytes);
    forge(&bytes, 8, &version, sizeof version);
    write_file(&folder, bytes.data, bytes.len);
    assert_int_equal(read_code(&folder, ENDPOINT), -ERR_NOT_SUPPORTED);
    read_file(&folder, &after);
    assert_true(span_equal((Span){bytes.data, bytes.len}, (Span){after.data, after.len}));
}

/* Numbers that are not what this program writes, under a checksum that fits. */
static void a_forged_number_reaches_no_further_than_the_file(void **state)
{
    static const uint32_t values[] = {0, 1, 0x7fffffff, 0x80000000, 0xffffffff};
    _cleanup_folder_ Folder folder = folder_make();
    _cleanup_buf_ Buf bytes = BUF_INIT(1 << 20), whole = BUF_INIT(1 << 20);

    (void)state;
    assert_int_equal(keep(fsio_system(), &folder), 0);
    read_file(&folder, &whole);
    for (size_t at = 32; at + 4 <= whole.len - 16; at++) {
        for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
            buf_clear(&bytes);
            assert_int_equal(buf_append(&bytes, whole.data, whole.len), 0);
            forge(&bytes, at, &values[i], sizeof values[i]);
            write_file(&folder, bytes.data, bytes.len);
            (void)read_code(&folder, ENDPOINT);
        }
    }
}

static void a_disk_that_fails_leaves_the_old_one_or_the_new_one(void **state)
{
    (void)state;
    for (int fault = 0; fault < FAULTS; fault++) {
        for (unsigned call = 1; call < 10; call++) {
            _cleanup_folder_ Folder folder = folder_make();
            FakeDisk disk = fake_disk((enum Fault)fault, call);

            assert_int_equal(keep(fsio_system(), &folder), 0);
            (void)keep(&disk.fsio, &folder);
            assert_int_equal(read_code(&folder, ENDPOINT), 0);
            assert_int_equal(keep(fsio_system(), &folder), 0);
            assert_int_equal(read_code(&folder, ENDPOINT), 0);
        }
    }
}

static void giving_up_leaves_the_old_one_and_nothing_else(void **state)
{
    _cleanup_folder_ Folder folder = folder_make();
    _cleanup_buf_ Buf names = BUF_INIT(4096);
    Snapshot snapshot = make_snapshot();
    atomic_bool now = true;

    (void)state;
    assert_int_equal(keep(fsio_system(), &folder), 0);
    assert_int_equal(snapshot_write(fsio_system(), folder.path, ENDPOINT, &snapshot, &now), -ERR_CANCELLED);
    snapshot_release(&snapshot);
    assert_int_equal(read_code(&folder, ENDPOINT), 0);
    assert_int_equal(fsio_list(fsio_system(), folder.path, &names), 0);
    assert_true(span_equal((Span){names.data, names.len}, (Span){"snapshot", 9}));
}

static void both_ways_to_the_checksum_agree(void **state)
{
    char bytes[100];

    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i * 37 + 11);
    for (size_t from = 0; from < 9; from++)
        for (size_t to = from; to <= sizeof bytes; to++)
            assert_int_equal(crc32c(7, (Span){bytes + from, to - from}),
                             crc32c_by_table(7, (Span){bytes + from, to - from}));
    assert_int_equal(crc32c_by_table(0, span_of("123456789")), 0xE3069283);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read),
        cmocka_unit_test(what_each_version_wrote_is_read),
        cmocka_unit_test(a_resource_outlives_what_was_read_and_its_file),
        cmocka_unit_test(none_is_a_miss_and_so_is_one_that_was_removed),
        cmocka_unit_test(every_damaged_byte_and_every_length_is_a_miss),
        cmocka_unit_test(one_of_another_api_is_a_miss),
        cmocka_unit_test(a_newer_version_is_left_alone),
        cmocka_unit_test(a_forged_number_reaches_no_further_than_the_file),
        cmocka_unit_test(a_disk_that_fails_leaves_the_old_one_or_the_new_one),
        cmocka_unit_test(giving_up_leaves_the_old_one_and_nothing_else),
        cmocka_unit_test(both_ways_to_the_checksum_agree),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
