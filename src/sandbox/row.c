#include "row.h"

#include "clock.h"
#include "json.h"

#include <string.h>

enum { UTILIZATION_STEP_MS = 5000 };

static uint64_t mix(uint64_t x)
{
    x ^= x >> 33;
    x *= 0xFF51AFD7ED558CCDULL;
    x ^= x >> 33;
    x *= 0xC4CEB9FE1A85EC53ULL;
    return x ^ x >> 33;
}

Text row_status(const Row *row, int64_t now)
{
    Text forced = json_get(row->doc, "status");
    if (forced.at)
        return forced;
    return text_of(now < row->ready_ms ? "\"provisioning\"" : "\"running\"");
}

static void put_id(const Row *row, int64_t now, Buf *out)
{
    (void)now;
    buf_put_json(out, row->id);
}

static void put_status(const Row *row, int64_t now, Buf *out)
{
    buf_put(out, row_status(row, now));
}

static void put_ip(const Row *row, int64_t now, Buf *out)
{
    unsigned n = (unsigned)row->seq;
    if (text_is(row_status(row, now), "\"provisioning\""))
        buf_puts(out, "null");
    else
        buf_printf(out, "\"10.%u.%u.%u\"", 24 + (n >> 16) % 200, n >> 8 & 255, n & 255);
}

static void put_created_at(const Row *row, int64_t now, Buf *out)
{
    (void)now;
    clock_put_json(out, row->created_ms);
}

static int64_t changed_ms(const Row *row, int64_t now)
{
    bool became_ready = now >= row->ready_ms && row->ready_ms > row->updated_ms;
    return became_ready ? row->ready_ms : row->updated_ms;
}

static void put_updated_at(const Row *row, int64_t now, Buf *out)
{
    clock_put_json(out, changed_ms(row, now));
}

static void put_health(const Row *row, int64_t now, Buf *out)
{
    Text status = row_status(row, now);
    if (text_is(status, "\"running\""))
        buf_puts(out, "\"healthy\"");
    else
        buf_puts(out, text_is(status, "\"failed\"") ? "\"unhealthy\"" : "\"unknown\"");
}

/* A percentage in tenths that stays near a level of its own. */
static unsigned gauge(uint64_t level, uint64_t wobble)
{
    return (unsigned)(100 + level % 600 + wobble % 200);
}

static void put_utilization(const Row *row, int64_t now, Buf *out)
{
    uint64_t own = mix((uint64_t)row->seq), moment = mix(own + (uint64_t)(now / UTILIZATION_STEP_MS));
    unsigned cpu = gauge(own, moment), memory = gauge(own >> 20, moment >> 20);
    if (!text_is(row_status(row, now), "\"running\""))
        cpu = memory = 0;
    buf_printf(out, "{\"cpu\":%u.%u,\"memory\":%u.%u}", cpu / 10, cpu % 10, memory / 10, memory % 10);
}

/* Every known field, in the order in which it is shown; those without a function are the client's. */
static const struct Field {
    const char *quoted;
    void (*put)(const Row *row, int64_t now, Buf *out);
} fields[] = {
    {"\"id\"", put_id},
    {"\"name\"", NULL},
    {"\"status\"", put_status},
    {"\"region\"", NULL},
    {"\"size\"", NULL},
    {"\"profile\"", NULL},
    {"\"image\"", NULL},
    {"\"ip\"", put_ip},
    {"\"project_id\"", NULL},
    {"\"created_at\"", put_created_at},
    {"\"updated_at\"", put_updated_at},
    {"\"health\"", put_health},
    {"\"utilization\"", put_utilization},
    {"\"network\"", NULL},
    {"\"tags\"", NULL},
};

enum { FIELD_COUNT = sizeof fields / sizeof *fields };

static size_t field_index(Text key)
{
    size_t i = 0;
    while (i < FIELD_COUNT && !text_is(key, fields[i].quoted))
        i++;
    return i;
}

bool row_owns(const char *key)
{
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        size_t len = strlen(fields[i].quoted) - 2;
        if (fields[i].put && strlen(key) == len && memcmp(fields[i].quoted + 1, key, len) == 0)
            return true;
    }
    return false;
}

static void put_key(Buf *out, Text key)
{
    if (out->data[out->len - 1] != '{')
        buf_putc(out, ',');
    buf_put(out, key);
    buf_putc(out, ':');
}

static void put_known(const Row *row, int64_t now, const Text *set, Buf *out)
{
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        if (!set[i].at && !fields[i].put)
            continue;
        put_key(out, text_of(fields[i].quoted));
        if (set[i].at)
            buf_put(out, set[i]);
        else
            fields[i].put(row, now, out);
    }
}

void row_put(const Row *row, int64_t now, Buf *out)
{
    if (row->raw.at) {
        buf_put(out, row->raw);
        return;
    }
    Text set[FIELD_COUNT + 1] = {{0}};
    Member member, others[ROW_MAX_FIELDS];
    size_t offset = 0, count = 0;
    while (json_next(row->doc, &offset, &member)) {
        size_t index = field_index(member.key);
        if (index < FIELD_COUNT)
            set[index] = member.value;
        else if (count < ROW_MAX_FIELDS)
            others[count++] = member;
    }
    buf_putc(out, '{');
    put_known(row, now, set, out);
    for (size_t i = 0; i < count; i++) {
        put_key(out, others[i].key);
        buf_put(out, others[i].value);
    }
    buf_putc(out, '}');
}

/* The fields of a list of quoted keys, as far as the row has them. */
static void put_some(const Row *row, int64_t now, const char *const *keys, Buf *out)
{
    if (row->raw.at) {
        buf_put(out, row->raw);
        return;
    }
    buf_putc(out, '{');
    for (; *keys; keys++) {
        Text value = json_get_member(row->doc, text_of(*keys));
        const struct Field *field = &fields[field_index(text_of(*keys))];
        if (!value.at && !field->put)
            continue;
        put_key(out, text_of(*keys));
        if (value.at)
            buf_put(out, value);
        else
            field->put(row, now, out);
    }
    buf_putc(out, '}');
}

void row_put_summary(const Row *row, int64_t now, Buf *out)
{
    static const char *const keys[] = {"\"id\"", "\"name\"", "\"project_id\"", NULL};
    put_some(row, now, keys, out);
}

void row_put_created(const Row *row, int64_t now, Buf *out)
{
    static const char *const keys[] = {"\"id\"", "\"name\"", "\"status\"", "\"created_at\"", NULL};
    put_some(row, now, keys, out);
}

void row_put_etag(const Row *row, int64_t now, Buf *out)
{
    uint64_t hash = mix((uint64_t)row->seq) ^ mix((uint64_t)changed_ms(row, now));
    Text text = row->raw.at ? row->raw : row->doc;
    for (size_t i = 0; i < text.len; i++)
        hash = mix(hash ^ (unsigned char)text.at[i]);
    buf_printf(out, "\"%016llx\"", (unsigned long long)hash);
}
