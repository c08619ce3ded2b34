/*
 * resource: an immutable snapshot of what the API said of one instance (or project) at one time.
 *
 * It holds one copy of the row's JSON text, in the server's order and with every digit, and where in it the fields in
 * use begin. Snapshots are counted: whoever keeps one holds a reference. Nothing of a snapshot changes after
 * resource_new().
 */
#ifndef SKY_RESOURCE_H
#define SKY_RESOURCE_H

#include <stdint.h>

#include "buf.h"
#include "piece.h"
#include "span.h"

typedef struct Resource Resource;

enum {
    RESOURCE_ID_BYTES = 128,       /* longer ids are refused; `%` and `~`, which file names escape, count three each */
    RESOURCE_TEXT_BYTES = 1 << 20, /* larger rows are refused */
};

/* Copies a row that passed json_check(). It must be an object with a non-empty string `id` of printable ASCII without
 * `/` and at most RESOURCE_ID_BYTES: else -ERR_PROTOCOL. -ERR_TOO_BIG over RESOURCE_TEXT_BYTES. A name that is missing
 * or no string counts as "". Or -ERR_NO_MEMORY. One reference, the caller's. */
int resource_new(Span row, Resource **ret_resource);
Resource *resource_ref(Resource *resource);
/* Drops a reference; takes NULL; returns NULL. */
Resource *resource_unref(Resource *resource);

/* The snapshot as bytes, which resource_unpack() takes back without a copy: for a file of this machine, in its order of
 * bytes. 0, -ERR_NO_MEMORY or -ERR_TOO_BIG; then `into` may hold a part. */
int resource_pack(const Resource *resource, Buf *into);
/* Takes what resource_pack() wrote off the beginning of `bytes`, which are a piece's and stay there: the snapshot holds a
 * reference to that. That it still is the same is the caller's to know, by a checksum; a place that is outside of it is
 * -ERR_PROTOCOL all the same. One reference, the caller's. */
int resource_unpack(Span *bytes, Piece *piece, Resource **ret_resource);

/* NUL-terminated; lives as long as the snapshot. */
const char *resource_id(const Resource *resource);
/* Decoded; may hold any bytes, NUL too. */
Span resource_name(const Resource *resource);
/* Decoded; an empty span where the row has none. */
Span resource_project_id(const Resource *resource);
/* Decoded; an empty span where the row has none. */
Span resource_status(const Resource *resource);
/* The row's text, compact, as the server ordered it. */
Span resource_text(const Resource *resource);
/* Length of the text as files show it (json_indent). */
size_t resource_file_bytes(const Resource *resource);
/* Milliseconds since 1970; 0 where the row has none or it can't be read. updated falls back to created. */
int64_t resource_created_ms(const Resource *resource);
int64_t resource_updated_ms(const Resource *resource);
/* Whether the row is a whole instance, not the summary that some lists and the answer to a create bring: it has a
 * `status` and at least one of `ip`, `region`, `updated_at`. */
bool resource_is_whole(const Resource *resource);
/* Whether its status is one that the server leaves by itself: provisioning, stopping, deleting. */
bool resource_in_transition(const Resource *resource);
/* Whether two snapshots have the same text. */
bool resource_same(const Resource *a, const Resource *b);
/* Whether two snapshots agree in every field that a user may set: all but those that the server owns. */
bool resource_same_settings(const Resource *a, const Resource *b);
/* Whether the server owns a top-level field: id, status, ip, created_at, updated_at, health, utilization. */
bool resource_server_owns(Span field_name);
/* Whether a top-level field changes by itself in an instance that is settled: health, utilization. */
bool resource_is_vital(Span field_name);

#endif
