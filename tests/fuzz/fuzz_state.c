/*
 * What is kept from one run to the next: the day's count and the snapshot. The first byte says which, and how.
 *
 * 'l': a day's count as text, read at a time that the next bytes say; once as it is, and once with a checksum that fits.
 * 'd': a day made of what was sent when, written and read again.
 * 's': a snapshot of rows with 0xFF between them, written and read; then with bytes changed and a tail that fits again.
 * Else: a snapshot's file; once as it is, and once as what stands between a head and a tail that fit.
 */
#include "crc32c.h"
#include "error.h"
#include "fuzz.h"
#include "json.h"
#include "ledger_text.h"
#include "memory_files.h"
#include "snapshot.h"

enum { ROWS_MAX = 16, TIME_BYTES = 5, HEAD_BYTES = 32, TAIL_BYTES = 16 };

static const char DIRECTORY[] = "/state", FILE_PATH[] = "/state/snapshot", ENDPOINT[] = "https://a.b";

/* --- the day's count --- */

static LedgerTime draw_time(Fuzz *fuzz)
{
    LedgerTime time = {.now_ms = (int64_t)fuzz_number(fuzz, TIME_BYTES),
                       .wall_ms = (int64_t)fuzz_number(fuzz, TIME_BYTES)};

    snprintf(time.boot, sizeof time.boot, "%u", fuzz_byte(fuzz) & 3U);
    return time;
}

static uint64_t sum_of(const Budget *day)
{
    uint64_t sum = 0;

    for (unsigned back = 0; back <= BUDGET_PARTS; back++)
        sum += budget_part(day, back);
    return sum;
}

static bool same_day(const Budget *a, const Budget *b)
{
    for (unsigned back = 0; back <= BUDGET_PARTS; back++)
        if (budget_part(a, back) != budget_part(b, back) ||
            (budget_part(a, back) > 0 && budget_part_begin_ms(a, back) != budget_part_begin_ms(b, back)))
            return false;
    return a->used == b->used;
}

/* Read at the time at which it was written, it is the same. A clock that was set back is behind the newest part. */
static void check_day(const Budget *day, LedgerTime time)
{
    Buf text = BUF_INIT(LEDGER_TEXT_BYTES), again = BUF_INIT(LEDGER_TEXT_BYTES);
    Budget copy, moved = *day;

    if (budget_part_begin_ms(day, 0) > time.now_ms)
        time.now_ms = budget_part_begin_ms(day, 0);
    (void)budget_used(&moved, time.now_ms);
    FUZZ_HOLDS(sum_of(&moved) == moved.used);
    FUZZ_HOLDS(ledger_encode(&moved, &time, &text) == 0);
    FUZZ_HOLDS(ledger_decode(fuzz_span(&text), &time, &copy) == 0);
    (void)budget_used(&copy, time.now_ms);
    FUZZ_HOLDS(same_day(&moved, &copy));
    FUZZ_HOLDS(ledger_encode(&copy, &time, &again) == 0 && span_equal(fuzz_span(&text), fuzz_span(&again)));
    /* any byte less, or another one, is noticed */
    FUZZ_HOLDS(ledger_decode((Span){text.data, text.len - 1}, &time, &copy) == -ERR_PROTOCOL);
    text.data[text.len / 2] ^= 1;
    FUZZ_HOLDS(ledger_decode(fuzz_span(&text), &time, &copy) == -ERR_PROTOCOL);
    buf_release(&text);
    buf_release(&again);
}

static void check_text(Span bytes, const LedgerTime *time)
{
    char *text = fuzz_text(bytes);
    Budget day;
    int r = ledger_decode((Span){text, bytes.len}, time, &day);

    FUZZ_HOLDS(r == 0 || r == -ERR_PROTOCOL);
    if (r == 0) {
        FUZZ_HOLDS(sum_of(&day) == day.used);
        FUZZ_HOLDS(budget_part_begin_ms(&day, 0) <= time->now_ms + LEDGER_DAY_MS / BUDGET_PARTS);
        check_day(&day, *time);
    }
    free(text);
}

static void check_ledger(Fuzz *fuzz)
{
    LedgerTime time = draw_time(fuzz);
    Span bytes = fuzz_rest(fuzz);
    Buf fitted = BUF_INIT(FUZZ_BUF_CAP);

    check_text(bytes, &time);
    FUZZ_HOLDS(buf_append(&fitted, bytes.at, bytes.len) == 0);
    FUZZ_HOLDS(buf_printf(&fitted, "crc32c %08x\n", crc32c(0, bytes)) == 0);
    check_text(fuzz_span(&fitted), &time);
    buf_release(&fitted);
}

static void check_made_day(Fuzz *fuzz)
{
    LedgerTime time = draw_time(fuzz);
    Budget day;

    budget_init(&day, 0, LEDGER_DAY_MS);
    while (fuzz->left > 0) {
        int64_t ago_ms = (int64_t)fuzz_number(fuzz, 4) & ((1 << 27) - 1);

        budget_book(&day, time.now_ms, time.now_ms - ago_ms, (unsigned)fuzz_number(fuzz, 2));
    }
    check_day(&day, time);
}

/* --- the snapshot --- */

static void check_row(const SnapshotRow *row)
{
    const Span parts[] = {span_of(resource_id(row->resource)), resource_text(row->resource),
                          resource_name(row->resource), resource_project_id(row->resource),
                          resource_status(row->resource)};
    uint32_t crc = 0;

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        crc = crc32c(crc, parts[i]); /* looks at each byte */
    FUZZ_HOLDS(parts[0].len > 0 && parts[0].len <= RESOURCE_ID_BYTES && parts[1].at[0] == '{');
    (void)crc;
}

static bool same_row(const SnapshotRow *a, const SnapshotRow *b)
{
    return strcmp(resource_id(a->resource), resource_id(b->resource)) == 0 && resource_same(a->resource, b->resource) &&
           span_equal(resource_name(a->resource), resource_name(b->resource)) &&
           span_equal(resource_project_id(a->resource), resource_project_id(b->resource)) &&
           span_equal(resource_status(a->resource), resource_status(b->resource)) &&
           resource_file_bytes(a->resource) == resource_file_bytes(b->resource) &&
           resource_created_ms(a->resource) == resource_created_ms(b->resource) &&
           resource_updated_ms(a->resource) == resource_updated_ms(b->resource) &&
           resource_is_whole(a->resource) == resource_is_whole(b->resource) &&
           resource_in_transition(a->resource) == resource_in_transition(b->resource) &&
           a->seen_wall_ms == b->seen_wall_ms && a->details_wall_ms == b->details_wall_ms &&
           a->listed_whole == b->listed_whole && a->homeless == b->homeless && a->shown == b->shown;
}

static bool same_snapshot(const Snapshot *a, const Snapshot *b)
{
    for (size_t i = 0; i < SNAPSHOT_SETS; i++) {
        const SnapshotSet *one = &a->sets[i], *other = &b->sets[i];

        if (one->count != other->count || one->complete_wall_ms != other->complete_wall_ms ||
            one->changed_wall_ms != other->changed_wall_ms)
            return false;
        for (size_t row = 0; row < one->count; row++)
            if (!same_row(&one->rows[row], &other->rows[row]))
                return false;
    }
    return a->wall_ms == b->wall_ms;
}

/* Whether the file is taken. Else it is a miss, and there is a sentence about it. */
static bool read_snapshot(MemoryFiles *files, Snapshot *ret_snapshot)
{
    Failure failure = {0};
    int r = snapshot_read(&files->fsio, DIRECTORY, ENDPOINT, ret_snapshot, &failure);

    FUZZ_HOLDS(r == 0 || r == -ERR_NOT_FOUND || r == -ERR_NOT_SUPPORTED);
    FUZZ_HOLDS((r < 0) == (failure.code < 0));
    return r == 0;
}

/* What was read can be written, and is then read as the same. */
static void check_written(const Snapshot *snapshot)
{
    static const atomic_bool never;
    MemoryFiles files;
    Snapshot copy;

    memory_files_init(&files);
    FUZZ_HOLDS(snapshot_write(&files.fsio, DIRECTORY, ENDPOINT, snapshot, &never) == 0);
    FUZZ_HOLDS(read_snapshot(&files, &copy) && same_snapshot(snapshot, &copy));
    snapshot_release(&copy);
    memory_files_release(&files);
}

static void check_file(Span bytes)
{
    MemoryFiles files;
    Snapshot snapshot;

    memory_files_init(&files);
    memory_files_put(&files, FILE_PATH, bytes);
    if (read_snapshot(&files, &snapshot)) {
        for (size_t i = 0; i < SNAPSHOT_SETS; i++)
            for (size_t row = 0; row < snapshot.sets[i].count; row++)
                check_row(&snapshot.sets[i].rows[row]);
        check_written(&snapshot);
        snapshot_release(&snapshot);
    }
    memory_files_release(&files);
}

static void put_tail(Buf *file)
{
    const uint64_t bytes = file->len;
    const uint32_t crc = crc32c(0, fuzz_span(file));

    FUZZ_HOLDS(buf_append(file, &bytes, sizeof bytes) == 0 && buf_append(file, &crc, sizeof crc) == 0 &&
               buf_append(file, "end\n", 4) == 0);
}

/* The bytes as what follows the head, and ahead of a tail. */
static void check_between(Span bytes)
{
    const uint32_t version = SNAPSHOT_VERSION, byte_order = 0x01020304;
    const int64_t wall_ms = 1;
    const uint64_t endpoint_bytes = sizeof ENDPOINT - 1;
    Buf file = BUF_INIT(FUZZ_BUF_CAP);

    FUZZ_HOLDS(buf_append(&file, "skysnap\n", 8) == 0 && buf_append(&file, &version, sizeof version) == 0 &&
               buf_append(&file, &byte_order, sizeof byte_order) == 0 &&
               buf_append(&file, &wall_ms, sizeof wall_ms) == 0 &&
               buf_append(&file, &endpoint_bytes, sizeof endpoint_bytes) == 0 && buf_append_str(&file, ENDPOINT) == 0 &&
               buf_append(&file, bytes.at, bytes.len) == 0);
    put_tail(&file);
    check_file(fuzz_span(&file));
    buf_release(&file);
}

static void draw_row(Fuzz *fuzz, SnapshotSet *set)
{
    unsigned flags = fuzz_byte(fuzz);
    int64_t seen_wall_ms = (int64_t)fuzz_number(fuzz, 2);
    Span text = fuzz_until(fuzz, 0xFF);
    SnapshotRow row = {.seen_wall_ms = seen_wall_ms,
                       .details_wall_ms = flags & 1 ? -seen_wall_ms : 0,
                       .listed_whole = flags & 2,
                       .homeless = flags & 4,
                       .shown = flags & 8};

    if (json_check(text, NULL) == 0 && resource_new(text, &row.resource) == 0)
        set->rows[set->count++] = row;
}

/* Each change of a byte, by where and what, is met by a tail that fits. */
static void check_changed(Fuzz *fuzz, const MemoryFile *written)
{
    Buf file = BUF_INIT(FUZZ_BUF_CAP);

    FUZZ_HOLDS(buf_append(&file, written->bytes.data, written->bytes.len - TAIL_BYTES) == 0);
    while (fuzz->left > 0) {
        size_t at = HEAD_BYTES + (size_t)fuzz_number(fuzz, 2) % (file.len - HEAD_BYTES);

        file.data[at] = (char)(file.data[at] ^ fuzz_byte(fuzz));
    }
    put_tail(&file);
    check_file(fuzz_span(&file));
    buf_release(&file);
}

/* Any one byte of it less or changed makes it a miss. */
static void check_damaged(Fuzz *fuzz, const MemoryFile *written)
{
    size_t at = (size_t)fuzz_number(fuzz, 2) % written->bytes.len;
    uint8_t change = fuzz_byte(fuzz);
    MemoryFiles files;
    Snapshot snapshot;

    memory_files_init(&files);
    memory_files_put(&files, FILE_PATH, (Span){written->bytes.data, at});
    FUZZ_HOLDS(!read_snapshot(&files, &snapshot));
    memory_files_put(&files, FILE_PATH, fuzz_span(&written->bytes));
    memory_files_find(&files, FILE_PATH)->bytes.data[at] ^= (char)(change ? change : 1);
    FUZZ_HOLDS(!read_snapshot(&files, &snapshot));
    memory_files_release(&files);
}

static void check_rows(Fuzz *fuzz)
{
    static const atomic_bool never;
    Snapshot snapshot = {.wall_ms = (int64_t)fuzz_number(fuzz, 4)};
    unsigned counts[SNAPSHOT_SETS] = {fuzz_byte(fuzz) % 3U, fuzz_byte(fuzz) % ROWS_MAX};
    MemoryFiles files;

    for (size_t i = 0; i < SNAPSHOT_SETS; i++) {
        snapshot.sets[i].complete_wall_ms = fuzz_byte(fuzz);
        snapshot.sets[i].changed_wall_ms = fuzz_byte(fuzz);
        snapshot.sets[i].rows = calloc(ROWS_MAX, sizeof(SnapshotRow));
        for (unsigned row = 0; row < counts[i]; row++)
            draw_row(fuzz, &snapshot.sets[i]);
    }
    check_written(&snapshot);
    memory_files_init(&files);
    FUZZ_HOLDS(snapshot_write(&files.fsio, DIRECTORY, ENDPOINT, &snapshot, &never) == 0);
    check_damaged(fuzz, memory_files_find(&files, FILE_PATH));
    check_changed(fuzz, memory_files_find(&files, FILE_PATH));
    memory_files_release(&files);
    snapshot_release(&snapshot);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    Fuzz fuzz = {bytes, count};
    uint8_t kind = fuzz_byte(&fuzz);

    fuzz_quiet();
    switch (kind) {
    case 'l':
        check_ledger(&fuzz);
        break;
    case 'd':
        check_made_day(&fuzz);
        break;
    case 's':
        check_rows(&fuzz);
        break;
    default:
        check_file((Span){(const char *)bytes, count});
        check_between(fuzz_rest(&fuzz));
    }
    return 0;
}
