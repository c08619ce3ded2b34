/* JSON texts: what is accepted, and that reading and laying out lose nothing. */
#include <cjson/cJSON.h>

#include "error.h"
#include "fuzz.h"
#include "json.h"
#include "json_index.h"
#include "json_write.h"
#include "strict_json.h"

/* Fed in pieces, a scan says the same as when it is fed all at once. */
static void check_pieces(Span text, bool object_only, const JsonScan *whole)
{
    JsonScan scan;
    size_t piece = 1 + text.len % 5;

    json_scan_init(&scan, object_only);
    for (size_t at = 0; at < text.len; at += piece)
        json_scan_feed(&scan, text.at + at, text.len - at < piece ? text.len - at : piece);
    FUZZ_HOLDS(scan.state == whole->state);
    if (scan.state == JSON_INVALID) {
        FUZZ_HOLDS(scan.fault.offset == whole->fault.offset);
        FUZZ_HOLDS(scan.fault.reason == whole->fault.reason);
    }
}

static void check_scan(Span text, bool object_only, bool accepted)
{
    JsonScan scan;

    json_scan_init(&scan, object_only);
    json_scan_feed(&scan, text.at, text.len);
    check_pieces(text, object_only, &scan);
    if (scan.state == JSON_INVALID) {
        FUZZ_HOLDS(scan.fault.offset < text.len && scan.fault.reason);
        FUZZ_HOLDS(!accepted || (object_only && json_type(json_trim(text)) != JSON_OBJECT));
        return;
    }
    if (scan.state == JSON_INCOMPLETE && accepted) /* a number, which any further digit would change */
        json_scan_feed(&scan, "\n", 1);
    FUZZ_HOLDS(!accepted || scan.state == JSON_COMPLETE);
    if (scan.state == JSON_COMPLETE) {
        json_scan_feed(&scan, " \n", 2);
        FUZZ_HOLDS(scan.state == JSON_COMPLETE);
        json_scan_feed(&scan, "x", 1);
        FUZZ_HOLDS(scan.state == JSON_INVALID);
    }
}

/* The text without the white space outside of strings, told by nothing but quotes and backslashes. */
static void strip_space(Span text, Buf *into)
{
    bool in_string = false;

    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];

        if (!in_string && strchr(" \t\r\n", c) && c)
            continue;
        FUZZ_HOLDS(buf_append_char(into, c) == 0);
        if (c == '"')
            in_string = !in_string;
        if (c == '\\' && in_string)
            FUZZ_HOLDS(buf_append_char(into, text.at[++i]) == 0);
    }
}

static void check_layouts(Span text)
{
    Buf stripped = BUF_INIT(FUZZ_BUF_CAP), compact = BUF_INIT(FUZZ_BUF_CAP), indented = BUF_INIT(FUZZ_BUF_CAP),
        again = BUF_INIT(FUZZ_BUF_CAP);
    size_t compact_bytes, indent_bytes;
    Span value = json_trim(text);

    strip_space(text, &stripped);
    FUZZ_HOLDS(json_compact(&compact, value) == 0);
    FUZZ_HOLDS(span_equal(fuzz_span(&compact), fuzz_span(&stripped)));
    FUZZ_HOLDS(json_indent(&indented, value) == 0);
    FUZZ_HOLDS(json_check(fuzz_span(&indented), NULL) == 0);
    FUZZ_HOLDS(indented.data[indented.len - 1] == '\n');
    FUZZ_HOLDS(json_indent_bytes(value) == indented.len);
    json_write_measure(value, &compact_bytes, &indent_bytes);
    FUZZ_HOLDS(compact_bytes == compact.len && indent_bytes == indented.len);
    FUZZ_HOLDS(json_indent(&again, json_trim(fuzz_span(&indented))) == 0);
    FUZZ_HOLDS(span_equal(fuzz_span(&again), fuzz_span(&indented)));
    buf_clear(&again);
    FUZZ_HOLDS(json_compact(&again, json_trim(fuzz_span(&indented))) == 0);
    FUZZ_HOLDS(span_equal(fuzz_span(&again), fuzz_span(&compact)));
    FUZZ_HOLDS(json_equal(value, fuzz_span(&compact)) && json_equal(json_trim(fuzz_span(&indented)), value));
    buf_release(&stripped);
    buf_release(&compact);
    buf_release(&indented);
    buf_release(&again);
}

/* What a string means is the same after it was quoted anew. */
static void check_string(Span raw)
{
    Buf decoded = BUF_INIT(FUZZ_BUF_CAP), quoted = BUF_INIT(FUZZ_BUF_CAP), again = BUF_INIT(FUZZ_BUF_CAP);

    FUZZ_HOLDS(json_string(raw, &decoded) == 0);
    FUZZ_HOLDS(json_quote(&quoted, fuzz_span(&decoded)) == 0);
    FUZZ_HOLDS(json_check(fuzz_span(&quoted), NULL) == 0);
    FUZZ_HOLDS(json_string(fuzz_span(&quoted), &again) == 0);
    FUZZ_HOLDS(span_equal(fuzz_span(&again), fuzz_span(&decoded)));
    FUZZ_HOLDS(json_equal(raw, fuzz_span(&quoted)));
    buf_release(&decoded);
    buf_release(&quoted);
    buf_release(&again);
}

static void check_member(Span object, const JsonIndex *index, Span name, Span value)
{
    Buf decoded = BUF_INIT(FUZZ_BUF_CAP);
    Span found;

    check_string(name);
    FUZZ_HOLDS(json_index_find(index, name, &found) && found.at == value.at);
    FUZZ_HOLDS(json_string(name, &decoded) == 0);
    if (!memchr(buf_text(&decoded), '\0', decoded.len))
        FUZZ_HOLDS(json_member(object, buf_text(&decoded), &found) && found.at == value.at && found.len == value.len);
    buf_release(&decoded);
}

/* Each member is found by its name, and they are as many as cJSON has. */
static size_t check_members(Span value)
{
    _cleanup_json_index_ JsonIndex index;
    Span name, member;
    size_t count = 0;
    JsonIter iter;

    json_index_init(&index, value);
    json_iter_init(&iter, value);
    while (json_iter_next(&iter, &name, &member)) {
        FUZZ_HOLDS(member.len > 0 && member.at >= value.at && member.at + member.len < value.at + value.len);
        if (iter.is_object)
            check_member(value, &index, name, member);
        else
            FUZZ_HOLDS(name.len == 0);
        count++;
    }
    return count;
}

static void check_against_cjson(Span text, size_t members)
{
    const char *end;
    cJSON *theirs = cJSON_ParseWithLengthOpts(text.at, text.len, &end, false), *again;
    Buf indented = BUF_INIT(FUZZ_BUF_CAP);

    FUZZ_HOLDS(theirs != NULL);
    FUZZ_HOLDS((size_t)cJSON_GetArraySize(theirs) == members);
    FUZZ_HOLDS(json_indent(&indented, json_trim(text)) == 0);
    again = cJSON_ParseWithLength(indented.data, indented.len);
    FUZZ_HOLDS(cJSON_Compare(theirs, again, true));
    cJSON_Delete(theirs);
    cJSON_Delete(again);
    buf_release(&indented);
}

static void check_accepted(Span text)
{
    Span value = json_trim(text);
    size_t members = check_members(value);
    int64_t number;

    check_layouts(text);
    if (json_type(value) == JSON_STRING)
        check_string(value);
    if (json_integer(value, &number)) {
        char written[32];

        snprintf(written, sizeof written, "%lld", (long long)number);
        FUZZ_HOLDS(span_is(value, written) || span_is(value, "-0"));
    }
    if (cjson_reads_all(text.at, text.len))
        check_against_cjson(text, members);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    Fuzz fuzz = {bytes, count};
    Span all = fuzz_rest(&fuzz), text;
    char *copy = fuzz_text(all);
    JsonFault fault = {0};
    bool accepted;
    int r;

    fuzz_quiet();
    text = (Span){copy, all.len};
    r = json_check(text, &fault);
    accepted = r == 0;
    FUZZ_HOLDS(accepted || (r == -ERR_PROTOCOL && fault.reason && fault.offset <= text.len));
    FUZZ_HOLDS(accepted == strict_json_accepts(text.at, text.len, JSON_DEPTH_MAX));
    check_scan(text, false, accepted);
    check_scan(text, true, accepted);
    if (accepted)
        check_accepted(text);
    free(copy);
    return 0;
}
