#include "resource.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>

#include "date.h"
#include "error.h"
#include "json.h"
#include "json_index.h"
#include "json_text.h"
#include "json_write.h"

/* Bytes of the snapshot's own memory. */
typedef struct Part {
    uint32_t at, len;
} Part;

struct Resource {
    int64_t created_ms, updated_ms;
    unsigned references;
    uint32_t file_bytes;
    Part text, name, project_id, status;
    bool whole, in_transition, elsewhere;
    /* The id and a NUL, the text, and what had to be decoded; or where all that is: an Elsewhere, aligned so that leak
     * checkers see its pointers. */
    _Alignas(void *) char bytes[];
};

typedef struct Elsewhere {
    const char *bytes;
    Piece *piece; /* whose they are; a reference */
} Elsewhere;

enum Field {
    FIELD_ID,
    FIELD_NAME,
    FIELD_PROJECT_ID,
    FIELD_STATUS,
    FIELD_IP,
    FIELD_REGION,
    FIELD_CREATED_AT,
    FIELD_UPDATED_AT,
    FIELD_COUNT,
};

#define FIELD_NAME_SPAN(literal)                                                                                       \
    {                                                                                                                  \
        (literal), sizeof(literal) - 1                                                                                 \
    }

static const Span field_names[FIELD_COUNT] = {
    [FIELD_ID] = FIELD_NAME_SPAN("id"),
    [FIELD_NAME] = FIELD_NAME_SPAN("name"),
    [FIELD_PROJECT_ID] = FIELD_NAME_SPAN("project_id"),
    [FIELD_STATUS] = FIELD_NAME_SPAN("status"),
    [FIELD_IP] = FIELD_NAME_SPAN("ip"),
    [FIELD_REGION] = FIELD_NAME_SPAN("region"),
    [FIELD_CREATED_AT] = FIELD_NAME_SPAN("created_at"),
    [FIELD_UPDATED_AT] = FIELD_NAME_SPAN("updated_at"),
};

/* The raw values of the fields in use; `at` is NULL where the row has none. Only strings are read. */
typedef struct Fields {
    Span values[FIELD_COUNT];
} Fields;

static bool has_string(const Fields *fields, enum Field field)
{
    Span value = fields->values[field];

    return value.len > 0 && *value.at == '"';
}

/* File names hold the id, with three bytes for each % and ~; with this every id fits. */
static bool is_good_id(Span id)
{
    size_t bytes = id.len;

    for (size_t i = 0; i < id.len; i++) {
        if (id.at[i] < ' ' || id.at[i] > '~' || id.at[i] == '/')
            return false;
        bytes += id.at[i] == '%' || id.at[i] == '~' ? 2 : 0;
    }
    return id.len > 0 && bytes <= RESOURCE_ID_BYTES;
}

static int read_id(const Fields *fields, Buf *id)
{
    int r;

    if (!has_string(fields, FIELD_ID))
        return -ERR_PROTOCOL;
    r = json_string(fields->values[FIELD_ID], id);
    if (r < 0)
        return r == -ERR_TOO_BIG ? -ERR_PROTOCOL : r;
    return is_good_id((Span){buf_text(id), id->len}) ? 0 : -ERR_PROTOCOL;
}

/* Memory that a string needs beyond the text: none, unless it must be decoded. */
static size_t decoded_room(const Fields *fields, enum Field field)
{
    return has_string(fields, field) && json_text_has_escapes(fields->values[field]) ? fields->values[field].len : 0;
}

static int append_decoded(Resource *resource, size_t *used, Span raw, Part *ret_part)
{
    _cleanup_buf_ Buf decoded = BUF_INIT(raw.len);
    int r = json_string(raw, &decoded);

    if (r < 0)
        return r;
    memcpy(resource->bytes + *used, buf_text(&decoded), decoded.len);
    *ret_part = (Part){(uint32_t)*used, (uint32_t)decoded.len};
    *used += decoded.len;
    return 0;
}

/* Says where a string is: in the text, or decoded behind it. */
static int place(Resource *resource, const Fields *fields, enum Field field, size_t *used, Part *ret_part)
{
    Span raw = fields->values[field];

    if (!has_string(fields, field))
        return 0;
    if (json_text_has_escapes(raw))
        return append_decoded(resource, used, raw, ret_part);
    *ret_part = (Part){(uint32_t)(raw.at + 1 - resource->bytes), (uint32_t)(raw.len - 2)};
    return 0;
}

static Elsewhere elsewhere(const Resource *resource)
{
    Elsewhere place;

    memcpy(&place, resource->bytes, sizeof place);
    return place;
}

static const char *bytes_at(const Resource *resource)
{
    return resource->elsewhere ? elsewhere(resource).bytes : resource->bytes;
}

static Span span_of_part(const Resource *resource, Part part)
{
    return (Span){bytes_at(resource) + part.at, part.len};
}

static bool is_transition(Span status)
{
    return span_is(status, "provisioning") || span_is(status, "stopping") || span_is(status, "deleting");
}

static void read_times(Resource *resource, const Fields *fields)
{
    if (has_string(fields, FIELD_CREATED_AT))
        date_parse_rfc3339(json_text_inner(fields->values[FIELD_CREATED_AT]), &resource->created_ms);
    resource->updated_ms = resource->created_ms;
    if (has_string(fields, FIELD_UPDATED_AT))
        date_parse_rfc3339(json_text_inner(fields->values[FIELD_UPDATED_AT]), &resource->updated_ms);
}

/* Fills in what the fields say. They point into the snapshot's own text, behind which `used` is the first free byte. */
static int fill(Resource *resource, const Fields *fields, size_t used)
{
    const Span *values = fields->values;
    int r = place(resource, fields, FIELD_NAME, &used, &resource->name);

    if (r == 0)
        r = place(resource, fields, FIELD_PROJECT_ID, &used, &resource->project_id);
    if (r == 0)
        r = place(resource, fields, FIELD_STATUS, &used, &resource->status);
    read_times(resource, fields);
    resource->in_transition = is_transition(span_of_part(resource, resource->status));
    resource->whole =
        values[FIELD_STATUS].at && (values[FIELD_IP].at || values[FIELD_REGION].at || values[FIELD_UPDATED_AT].at);
    return r;
}

/* The field whose value is the first to begin behind `at`, or FIELD_COUNT. */
static size_t next_field(const Fields *fields, const char *at)
{
    size_t found = FIELD_COUNT;

    for (size_t i = 0; i < FIELD_COUNT; i++)
        if (fields->values[i].at > at && (found == FIELD_COUNT || fields->values[i].at < fields->values[found].at))
            found = i;
    return found;
}

/* Copies the row without its white space, piece by piece, so that the values' new places are known without a second
 * search. */
static void copy_compact(char *to, Span row, const Fields *from, Fields *fields)
{
    const char *at = row.at, *end = row.at + row.len;

    for (;;) {
        size_t field = next_field(from, at);
        const char *next = field < FIELD_COUNT ? from->values[field].at : end;

        to += json_write_compact(to, (Span){at, (size_t)(next - at)});
        if (field == FIELD_COUNT)
            return;
        fields->values[field].at = to;
        at = next;
    }
}

/* Copies the text in, and moves the fields' values from the row to the copy. */
static void copy_text(Resource *resource, Span row, Fields *fields)
{
    const Fields from = *fields;
    char *text = resource->bytes + resource->text.at;

    if (resource->text.len < row.len) {
        copy_compact(text, row, &from, fields);
        return;
    }
    memcpy(text, row.at, row.len);
    for (size_t i = 0; i < FIELD_COUNT; i++)
        if (from.values[i].at)
            fields->values[i].at = text + (from.values[i].at - row.at);
}

static int build(Span row, Fields *fields, const Buf *id, Resource **ret_resource)
{
    size_t room =
        decoded_room(fields, FIELD_NAME) + decoded_room(fields, FIELD_PROJECT_ID) + decoded_room(fields, FIELD_STATUS);
    size_t text_bytes, file_bytes, id_bytes = id->len + 1;
    Resource *resource;
    int r;

    json_write_measure(row, &text_bytes, &file_bytes);
    resource = malloc(offsetof(Resource, bytes) + id_bytes + text_bytes + room);
    if (!resource)
        return -ERR_NO_MEMORY;
    *resource = (Resource){
        .references = 1,
        .file_bytes = (uint32_t)file_bytes,
        .text = {(uint32_t)id_bytes, (uint32_t)text_bytes},
    };
    memcpy(resource->bytes, buf_text(id), id_bytes);
    copy_text(resource, row, fields);
    r = fill(resource, fields, id_bytes + text_bytes);
    if (r < 0) {
        free(resource);
        return r;
    }
    *ret_resource = resource;
    return 0;
}

int resource_new(Span row, Resource **ret_resource)
{
    _cleanup_buf_ Buf id = BUF_INIT(RESOURCE_ID_BYTES);
    Span text = json_trim(row);
    Fields fields;
    int r;

    if (text.len == 0 || *text.at != '{')
        return -ERR_PROTOCOL;
    if (text.len > RESOURCE_TEXT_BYTES)
        return -ERR_TOO_BIG;
    json_members(text, field_names, FIELD_COUNT, fields.values);
    r = read_id(&fields, &id);
    return r < 0 ? r : build(text, &fields, &id, ret_resource);
}

/* Where the bytes end: behind the text, or behind what had to be decoded. */
static size_t bytes_of(const Resource *resource)
{
    const Part parts[] = {resource->text, resource->name, resource->project_id, resource->status};
    size_t end = 0;

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if ((size_t)parts[i].at + parts[i].len > end)
            end = (size_t)parts[i].at + parts[i].len;
    return end;
}

/* What goes ahead of the bytes. */
typedef struct Packed {
    int64_t created_ms, updated_ms;
    Part text, name, project_id, status;
    uint32_t file_bytes, bytes;
    uint32_t whole, in_transition;
} Packed;
static_assert(sizeof(Packed) == 64, "no room between its members");

int resource_pack(const Resource *resource, Buf *into)
{
    size_t bytes = bytes_of(resource);
    Packed packed = {
        .created_ms = resource->created_ms,
        .updated_ms = resource->updated_ms,
        .text = resource->text,
        .name = resource->name,
        .project_id = resource->project_id,
        .status = resource->status,
        .file_bytes = resource->file_bytes,
        .bytes = (uint32_t)bytes,
        .whole = resource->whole,
        .in_transition = resource->in_transition,
    };
    int r = buf_append(into, &packed, sizeof packed);

    return r < 0 ? r : buf_append(into, bytes_at(resource), bytes);
}

static bool is_inside(Part part, uint32_t bytes)
{
    return part.at <= bytes && part.len <= bytes - part.at;
}

/* An id with its NUL, then the text, and whatever else the parts say is among the bytes. */
static bool is_sound(const Packed *packed, const char *bytes)
{
    Span id = {bytes, packed->text.at - 1};

    return is_inside(packed->text, packed->bytes) && is_inside(packed->name, packed->bytes) &&
           is_inside(packed->project_id, packed->bytes) && is_inside(packed->status, packed->bytes) &&
           packed->text.at > 0 && packed->text.len > 1 && bytes[id.len] == '\0' && is_good_id(id) &&
           bytes[packed->text.at] == '{';
}

int resource_unpack(Span *bytes, Piece *piece, Resource **ret_resource)
{
    Elsewhere place = {.bytes = bytes->at + sizeof(Packed), .piece = piece};
    Resource *resource;
    Packed packed;

    if (bytes->len < sizeof packed)
        return -ERR_PROTOCOL;
    memcpy(&packed, bytes->at, sizeof packed);
    if (packed.bytes > bytes->len - sizeof packed || !is_sound(&packed, place.bytes))
        return -ERR_PROTOCOL;
    resource = malloc(offsetof(Resource, bytes) + sizeof place);
    if (!resource)
        return -ERR_NO_MEMORY;
    *resource = (Resource){
        .created_ms = packed.created_ms,
        .updated_ms = packed.updated_ms,
        .references = 1,
        .file_bytes = packed.file_bytes,
        .text = packed.text,
        .name = packed.name,
        .project_id = packed.project_id,
        .status = packed.status,
        .whole = packed.whole != 0,
        .in_transition = packed.in_transition != 0,
        .elsewhere = true,
    };
    memcpy(resource->bytes, &place, sizeof place);
    piece_ref(piece);
    bytes->at += sizeof packed + packed.bytes;
    bytes->len -= sizeof packed + packed.bytes;
    *ret_resource = resource;
    return 0;
}

Resource *resource_ref(Resource *resource)
{
    assert(resource->references > 0 && resource->references < UINT_MAX);
    resource->references++;
    return resource;
}

Resource *resource_unref(Resource *resource)
{
    if (!resource || --resource->references > 0)
        return NULL;
    if (resource->elsewhere)
        piece_unref(elsewhere(resource).piece);
    free(resource);
    return NULL;
}

const char *resource_id(const Resource *resource)
{
    return bytes_at(resource);
}

Span resource_name(const Resource *resource)
{
    return span_of_part(resource, resource->name);
}

Span resource_project_id(const Resource *resource)
{
    return span_of_part(resource, resource->project_id);
}

Span resource_status(const Resource *resource)
{
    return span_of_part(resource, resource->status);
}

Span resource_text(const Resource *resource)
{
    return span_of_part(resource, resource->text);
}

size_t resource_file_bytes(const Resource *resource)
{
    return resource->file_bytes;
}

int64_t resource_created_ms(const Resource *resource)
{
    return resource->created_ms;
}

int64_t resource_updated_ms(const Resource *resource)
{
    return resource->updated_ms;
}

bool resource_is_whole(const Resource *resource)
{
    return resource->whole;
}

bool resource_in_transition(const Resource *resource)
{
    return resource->in_transition;
}

bool resource_same(const Resource *a, const Resource *b)
{
    return a == b || span_equal(resource_text(a), resource_text(b));
}

static const char *const server_fields[] = {"id", "status", "ip", "created_at", "updated_at", "health", "utilization"};

bool resource_server_owns(Span field_name)
{
    for (size_t i = 0; i < sizeof(server_fields) / sizeof(*server_fields); i++)
        if (span_is(field_name, server_fields[i]))
            return true;
    return false;
}

bool resource_is_vital(Span field_name)
{
    return span_is(field_name, "health") || span_is(field_name, "utilization");
}

static bool owns_raw(Span raw_name)
{
    for (size_t i = 0; i < sizeof(server_fields) / sizeof(*server_fields); i++)
        if (json_text_is(raw_name, span_of(server_fields[i])))
            return true;
    return false;
}

static size_t count_settings(Span object)
{
    Span name, value;
    size_t count = 0;
    JsonIter iter;

    json_iter_init(&iter, object);
    while (json_iter_next(&iter, &name, &value))
        count += !owns_raw(name);
    return count;
}

bool resource_same_settings(const Resource *a, const Resource *b)
{
    _cleanup_json_index_ JsonIndex others = {.members = NULL};
    Span name, value, other;
    size_t count = 0;
    JsonIter iter;

    if (resource_same(a, b))
        return true;
    json_index_init(&others, resource_text(b));
    json_iter_init(&iter, resource_text(a));
    while (json_iter_next(&iter, &name, &value)) {
        if (owns_raw(name))
            continue;
        if (!json_index_find(&others, name, &other) || !json_equal(value, other))
            return false;
        count++;
    }
    return count == count_settings(resource_text(b));
}
