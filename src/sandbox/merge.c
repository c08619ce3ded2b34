#include "merge.h"

#include "json.h"

static void put_member(Buf *out, Text key, Text old, Text patch)
{
    if (out->data[out->len - 1] != '{')
        buf_putc(out, ',');
    buf_put(out, key);
    buf_putc(out, ':');
    if (patch.at)
        merge_patch(old, patch, out);
    else
        buf_put(out, old);
}

static void keep_old(Text target, Text patch, Buf *out)
{
    Member member;
    size_t offset = 0;
    while (json_next(target, &offset, &member)) {
        Text change = json_get_member(patch, member.key);
        if (json_type(change) != JSON_NULL)
            put_member(out, member.key, member.value, change);
    }
}

static void add_new(Text target, Text patch, Buf *out)
{
    Member member;
    size_t offset = 0;
    while (json_next(patch, &offset, &member))
        if (json_type(member.value) != JSON_NULL && !json_get_member(target, member.key).at)
            put_member(out, member.key, (Text){0}, member.value);
}

void merge_patch(Text target, Text patch, Buf *out)
{
    if (json_type(patch) != JSON_OBJECT) {
        buf_put(out, patch);
        return;
    }
    Text base = json_type(target) == JSON_OBJECT ? target : text_of("{}");
    buf_putc(out, '{');
    keep_old(base, patch, out);
    add_new(base, patch, out);
    buf_putc(out, '}');
}
