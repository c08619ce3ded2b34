#include "snapshot.h"

#include <assert.h>
#include <stdlib.h>

#include "crash.h"
#include "crc32c.h"
#include "error.h"
#include "heap.h"

enum {
    PATH_BYTES = 4096,
    PIECE_BYTES = 1 << 20, /* written at once */
    BATCH_ROWS = 1024,     /* whose memory is taken at once … */
    ROW_BYTES = 112,       /* … which is so much each */
    PIECE_ROOM = PIECE_BYTES + 2 * RESOURCE_TEXT_BYTES,
};

static const char HEAD_MAGIC[8] = "skysnap\n", TAIL_MAGIC[4] = "end\n";
static const uint32_t BYTE_ORDER_MARK = 0x01020304;

/* The first two members are the same in every version. */
typedef struct Head {
    char magic[8];
    uint32_t version, byte_order;
    int64_t wall_ms;
    uint64_t endpoint_bytes; /* which follow */
} Head;
static_assert(sizeof(Head) == 32, "no room between its members");

typedef struct SetHead {
    int64_t complete_wall_ms, changed_wall_ms;
    uint64_t count; /* of the rows, which follow */
} SetHead;
static_assert(sizeof(SetHead) == 24, "no room between its members");

enum { ROW_LISTED_WHOLE = 1, ROW_HOMELESS = 2, ROW_SHOWN = 4 };
typedef struct RowHead {
    int64_t seen_wall_ms, details_wall_ms;
    uint64_t flags;
} RowHead; /* its resource follows */
static_assert(sizeof(RowHead) == 24, "no room between its members");

typedef struct Tail {
    uint64_t bytes; /* of all before */
    uint32_t crc;
    char magic[4];
} Tail;
static_assert(sizeof(Tail) == 16, "no room between its members");

void snapshot_release(Snapshot *snapshot)
{
    for (size_t i = 0; i < SNAPSHOT_SETS; i++) {
        SnapshotSet *set = &snapshot->sets[i];

        for (size_t row = 0; row < set->count; row++)
            resource_unref(set->rows[row].resource);
        free(set->rows);
    }
    *snapshot = (Snapshot){.wall_ms = 0};
}

static int path_of(const char *directory, const char *suffix, Buf *into)
{
    return buf_printf(into, "%s/snapshot%s", directory, suffix);
}

/* --- writing --- */

typedef struct Writer {
    Fsio *fsio;
    const char *path;
    const atomic_bool *give_up;
    Buf piece;
    uint32_t crc;
    uint64_t bytes;
} Writer;

static int put_piece(Writer *writer)
{
    int r;

    if (atomic_load(writer->give_up))
        return -ERR_CANCELLED;
    writer->bytes += writer->piece.len;
    if (writer->bytes > SNAPSHOT_BYTES)
        return -ERR_TOO_BIG;
    writer->crc = crc32c(writer->crc, (Span){writer->piece.data, writer->piece.len});
    r = fsio_append(writer->fsio, writer->path, writer->piece.data, writer->piece.len);
    buf_clear(&writer->piece);
    return r;
}

static int put_row(Writer *writer, const SnapshotRow *row)
{
    RowHead head = {.seen_wall_ms = row->seen_wall_ms,
                    .details_wall_ms = row->details_wall_ms,
                    .flags = (row->listed_whole ? ROW_LISTED_WHOLE : 0U) | (row->homeless ? ROW_HOMELESS : 0U) |
                             (row->shown ? ROW_SHOWN : 0U)};
    int r = buf_append(&writer->piece, &head, sizeof head);

    if (r == 0)
        r = resource_pack(row->resource, &writer->piece);
    return r == 0 && writer->piece.len >= PIECE_BYTES ? put_piece(writer) : r;
}

static int put_set(Writer *writer, const SnapshotSet *set)
{
    SetHead head = {set->complete_wall_ms, set->changed_wall_ms, set->count};
    int r = buf_append(&writer->piece, &head, sizeof head);

    for (size_t i = 0; r == 0 && i < set->count; i++)
        r = put_row(writer, &set->rows[i]);
    return r;
}

static int put_head(Writer *writer, const char *endpoint, int64_t wall_ms)
{
    Head head = {.version = SNAPSHOT_VERSION,
                 .byte_order = BYTE_ORDER_MARK,
                 .wall_ms = wall_ms,
                 .endpoint_bytes = strlen(endpoint)};
    int r;

    memcpy(head.magic, HEAD_MAGIC, sizeof head.magic);
    r = buf_append(&writer->piece, &head, sizeof head);
    return r < 0 ? r : buf_append_str(&writer->piece, endpoint);
}

static int put_tail(Writer *writer)
{
    int r = put_piece(writer);
    Tail tail = {.bytes = writer->bytes, .crc = writer->crc};

    memcpy(tail.magic, TAIL_MAGIC, sizeof tail.magic);
    if (r == 0)
        r = buf_append(&writer->piece, &tail, sizeof tail);
    return r < 0 ? r : put_piece(writer);
}

static int put_all(Writer *writer, const char *endpoint, const Snapshot *snapshot)
{
    int r = fsio_remove(writer->fsio, writer->path); /* what a crash left */

    if (r == 0 || r == -ERR_NOT_FOUND)
        r = put_head(writer, endpoint, snapshot->wall_ms);
    for (size_t i = 0; r == 0 && i < SNAPSHOT_SETS; i++)
        r = put_set(writer, &snapshot->sets[i]);
    if (r == 0)
        r = put_tail(writer);
    return r < 0 ? r : fsio_sync(writer->fsio, writer->path);
}

int snapshot_write(Fsio *fsio, const char *directory, const char *endpoint, const Snapshot *snapshot,
                   const atomic_bool *give_up)
{
    _cleanup_buf_ Buf path = BUF_INIT(PATH_BYTES), fresh = BUF_INIT(PATH_BYTES);
    Writer writer = {.fsio = fsio, .give_up = give_up, .piece = BUF_INIT(PIECE_ROOM)};
    int r = path_of(directory, "", &path);

    if (r == 0)
        r = path_of(directory, ".new", &fresh);
    if (r < 0)
        return r;
    writer.path = buf_text(&fresh);
    crash_point("snapshot.begins");
    r = put_all(&writer, endpoint, snapshot);
    buf_release(&writer.piece);
    crash_point("snapshot.written");
    if (r == 0)
        r = fsio_rename(fsio, buf_text(&fresh), buf_text(&path));
    if (r < 0) {
        fsio_remove(fsio, buf_text(&fresh));
        return r;
    }
    return fsio_sync_dir(fsio, directory);
}

/* --- reading --- */

/* Takes a head off the beginning of what is left. */
static int take(Span *rest, void *into, size_t bytes)
{
    if (rest->len < bytes)
        return -ERR_PROTOCOL;
    memcpy(into, rest->at, bytes);
    rest->at += bytes;
    rest->len -= bytes;
    return 0;
}

static int take_row(Span *rest, Piece *piece, SnapshotRow *row)
{
    RowHead head;
    int r = take(rest, &head, sizeof head);

    if (r == 0)
        r = resource_unpack(rest, piece, &row->resource);
    if (r < 0)
        return r;
    row->seen_wall_ms = head.seen_wall_ms;
    row->details_wall_ms = head.details_wall_ms;
    row->listed_whole = head.flags & ROW_LISTED_WHOLE;
    row->homeless = head.flags & ROW_HOMELESS;
    row->shown = head.flags & ROW_SHOWN;
    return 0;
}

static int take_set(Span *rest, Piece *piece, SnapshotSet *set)
{
    SetHead head;
    int r = take(rest, &head, sizeof head);

    if (r < 0)
        return r;
    if (head.count > rest->len / sizeof(RowHead))
        return -ERR_PROTOCOL;
    set->complete_wall_ms = head.complete_wall_ms;
    set->changed_wall_ms = head.changed_wall_ms;
    heap_prepare(head.count * sizeof *set->rows);
    set->rows = calloc(head.count ? head.count : 1, sizeof *set->rows);
    if (!set->rows)
        return -ERR_NO_MEMORY;
    for (; r == 0 && set->count < head.count; set->count += r == 0) {
        if (set->count % BATCH_ROWS == 0)
            heap_prepare(BATCH_ROWS * ROW_BYTES);
        r = take_row(rest, piece, &set->rows[set->count]);
    }
    return r;
}

/* Takes the tail off the end. Whether all before it is as it was written. */
static bool is_whole(Span *bytes)
{
    Tail tail;

    if (bytes->len < sizeof tail)
        return false;
    bytes->len -= sizeof tail;
    memcpy(&tail, bytes->at + bytes->len, sizeof tail);
    return memcmp(tail.magic, TAIL_MAGIC, sizeof tail.magic) == 0 && tail.bytes == bytes->len &&
           tail.crc == crc32c(0, *bytes);
}

/* What is wrong with the head, as the end of a sentence; NULL: nothing. */
static const char *check_head(Span bytes, Head *ret_head, int *ret_code)
{
    *ret_code = -ERR_NOT_FOUND;
    if (take(&bytes, ret_head, sizeof *ret_head) < 0 || memcmp(ret_head->magic, HEAD_MAGIC, sizeof HEAD_MAGIC) != 0)
        return "is no snapshot";
    if (ret_head->byte_order != BYTE_ORDER_MARK)
        return "was written on another kind of machine";
    if (ret_head->version <= SNAPSHOT_VERSION)
        return NULL;
    *ret_code = -ERR_NOT_SUPPORTED;
    return "was written by a newer skystackfs, and is left alone";
}

static bool take_endpoint(Span *rest, const Head *head, const char *endpoint)
{
    Span own = span_of(endpoint);

    if (head->endpoint_bytes != own.len || rest->len < own.len || !span_equal(own, (Span){rest->at, own.len}))
        return false;
    *rest = (Span){rest->at + own.len, rest->len - own.len};
    return true;
}

static const char *take_heads(Span *bytes, const char *endpoint, Head *head, int *ret_code)
{
    const char *wrong = check_head(*bytes, head, ret_code);

    if (wrong)
        return wrong;
    if (!is_whole(bytes) || take(bytes, head, sizeof *head) < 0)
        return "is damaged";
    return take_endpoint(bytes, head, endpoint) ? NULL : "is of another API";
}

static int take_all(Piece *piece, const char *endpoint, Snapshot *snapshot, const char **ret_wrong)
{
    Span bytes = {piece_bytes(piece), piece_count(piece)};
    Head head;
    int r;

    *ret_wrong = take_heads(&bytes, endpoint, &head, &r);
    if (*ret_wrong)
        return r;
    snapshot->wall_ms = head.wall_ms;
    r = 0;
    for (size_t i = 0; r == 0 && i < SNAPSHOT_SETS; i++)
        r = take_set(&bytes, piece, &snapshot->sets[i]);
    if (r != -ERR_NO_MEMORY && (r < 0 || bytes.len > 0)) {
        *ret_wrong = "is not what this skystackfs writes";
        return -ERR_NOT_FOUND;
    }
    return r;
}

int snapshot_read(Fsio *fsio, const char *directory, const char *endpoint, Snapshot *ret_snapshot, Failure *ret_failure)
{
    _cleanup_buf_ Buf path = BUF_INIT(PATH_BYTES);
    Snapshot snapshot = {.wall_ms = 0};
    const char *wrong = "can't be read";
    Piece *piece = NULL;
    int r = path_of(directory, "", &path);

    if (r == 0)
        r = piece_of_file(fsio, buf_text(&path), SNAPSHOT_BYTES, &piece);
    if (r == -ERR_NOT_FOUND)
        return r;
    if (r == 0)
        r = take_all(piece, endpoint, &snapshot, &wrong);
    piece_unref(piece);
    if (r == 0) {
        *ret_snapshot = snapshot;
        return 0;
    }
    snapshot_release(&snapshot);
    if (r == -ERR_NO_MEMORY)
        return r;
    r = r == -ERR_NOT_SUPPORTED ? r : -ERR_NOT_FOUND;
    *ret_failure = failure_make(r, "%s %s; the mount starts without it.", buf_text(&path), wrong);
    return r;
}

int snapshot_remove(Fsio *fsio, const char *directory)
{
    _cleanup_buf_ Buf path = BUF_INIT(PATH_BYTES);
    int r = path_of(directory, "", &path);

    if (r == 0)
        r = fsio_remove(fsio, buf_text(&path));
    if (r == -ERR_NOT_FOUND)
        return 0;
    return r < 0 ? r : fsio_sync_dir(fsio, directory);
}
