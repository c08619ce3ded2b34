#include "fields.h"

#include "json.h"
#include "seed.h"

#include <openssl/rand.h>
#include <stdlib.h>

static void begin_default(Buf *out, const char *key)
{
    buf_puts(out, out->data[out->len - 1] == '{' ? "\"" : ",\"");
    buf_puts(out, key);
    buf_puts(out, "\":");
}

static void add_default(Buf *out, Text given, const char *key, const char *value)
{
    if (json_get(given, key).at)
        return;
    begin_default(out, key);
    buf_puts(out, value);
}

static void add_project(Store *store, Text given, Buf *out)
{
    Buf id = {0};
    if (!json_get(given, "project_id").at && store_project_default(store, &id)) {
        begin_default(out, "project_id");
        buf_put_json(out, buf_text(&id));
    }
    buf_release(&id);
}

static void add_network(Text given, Buf *out)
{
    uint32_t number;
    if (json_get(given, "network").at)
        return;
    if (RAND_bytes((unsigned char *)&number, sizeof number) != 1)
        abort();
    begin_default(out, "network");
    seed_put_network(out, number);
}

/* All members but a null project_id, which means "none". */
static void add_given(Text given, Buf *out)
{
    Member member;
    for (size_t offset = 0; json_next(given, &offset, &member);) {
        if (text_is(member.key, "\"project_id\"") && json_type(member.value) == JSON_NULL)
            continue;
        if (out->data[out->len - 1] != '{')
            buf_putc(out, ',');
        buf_put(out, member.key);
        buf_putc(out, ':');
        json_compact(member.value, out);
    }
}

void fields_complete(Store *store, Text given, bool all, Buf *out)
{
    buf_putc(out, '{');
    add_given(given, out);
    if (all) {
        add_default(out, given, "name", "\"unnamed\"");
        add_default(out, given, "region", "\"us-east-1\"");
        add_default(out, given, "size", "\"standard-1\"");
    }
    add_default(out, given, "image", "\"ubuntu-24.04\"");
    add_project(store, given, out);
    add_network(given, out);
    add_default(out, given, "tags", "[]");
    buf_putc(out, '}');
}
