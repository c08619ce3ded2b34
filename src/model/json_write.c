#include "json_write.h"

#include "error.h"
#include "json_lex.h"
#include "utf8.h"

/* Where text goes: to memory that has room for it, or nowhere, to be counted. */
typedef struct Out {
    char *at;
    size_t bytes;
    size_t layout_bytes; /* how many of them are white space */
} Out;

static void put(Out *out, const char *from, const char *end)
{
    size_t count = (size_t)(end - from);

    if (out->at)
        memcpy(out->at + out->bytes, from, count);
    out->bytes += count;
}

static void put_char(Out *out, char c)
{
    if (out->at)
        out->at[out->bytes] = c;
    out->bytes++;
}

static void put_line(Out *out, size_t depth)
{
    put_char(out, '\n');
    if (out->at)
        memset(out->at + out->bytes, ' ', 2 * depth);
    out->bytes += 2 * depth;
    out->layout_bytes += 2 * depth + 1;
}

/* Writes the bracket at `at`, with its fellow if nothing is between them, and returns where to go on. */
static const char *put_opening(Out *out, const char *at, const char *end, size_t *depth)
{
    const char *next = lex_space(at + 1, end);

    put_char(out, *at);
    if (next < end && (*next == '}' || *next == ']')) {
        put_char(out, *next);
        return next + 1;
    }
    put_line(out, ++*depth);
    return next;
}

static const char *put_token(Out *out, const char *at, const char *end, size_t *depth)
{
    const char *next;

    switch (*at) {
    case '{':
    case '[':
        return put_opening(out, at, end, depth);
    case '}':
    case ']':
        *depth -= *depth > 0;
        put_line(out, *depth);
        break;
    case ',':
        put_char(out, ',');
        put_line(out, *depth);
        return at + 1;
    case ':':
        put_char(out, ':');
        put_char(out, ' ');
        out->layout_bytes++;
        return at + 1;
    default:
        next = lex_value(at, end);
        put(out, at, next);
        return next;
    }
    put_char(out, *at);
    return at + 1;
}

static void lay_out(Out *out, Span value)
{
    const char *end = value.at + value.len, *at = lex_space(value.at, end);
    size_t depth = 0;

    while (at < end)
        at = lex_space(put_token(out, at, end, &depth), end);
    put_line(out, 0);
}

void json_write_measure(Span value, size_t *ret_compact_bytes, size_t *ret_indent_bytes)
{
    Out out = {.at = NULL};

    lay_out(&out, value);
    *ret_compact_bytes = out.bytes - out.layout_bytes;
    *ret_indent_bytes = out.bytes;
}

size_t json_indent_bytes(Span value)
{
    size_t compact, indented;

    json_write_measure(value, &compact, &indented);
    return indented;
}

/* Makes room for `count` more bytes and gives where they begin. */
static int extend(Buf *into, size_t count, char **ret_at)
{
    size_t begin = into->len;
    int r;

    if (count > into->cap - begin)
        return -ERR_TOO_BIG;
    r = buf_resize(into, begin + count);
    if (r < 0)
        return r;
    *ret_at = into->data + begin;
    return 0;
}

int json_indent(Buf *into, Span value)
{
    Out out = {.at = NULL};
    int r = extend(into, json_indent_bytes(value), &out.at);

    if (r < 0)
        return r;
    lay_out(&out, value);
    return 0;
}

size_t json_write_compact(char *to, Span value)
{
    const char *end = value.at + value.len, *at = lex_space(value.at, end);
    Out out = {.at = to};

    while (at < end) {
        const char *begin = at;

        while (at < end && !lex_is_space(*at))
            at = *at == '"' ? lex_string(at, end) : at + 1;
        put(&out, begin, at);
        at = lex_space(at, end);
    }
    return out.bytes;
}

int json_compact(Buf *into, Span value)
{
    char *at;
    int r = extend(into, json_write_compact(NULL, value), &at);

    if (r < 0)
        return r;
    json_write_compact(at, value);
    return 0;
}

/* A character as its escape, of two where one does not reach. */
static int escape_character(Buf *into, uint32_t code)
{
    if (code < 0x10000)
        return buf_printf(into, "\\u%04x", (unsigned)code);
    code -= 0x10000;
    return buf_printf(into, "\\u%04x\\u%04x", 0xD800 + (unsigned)(code >> 10), 0xDC00 + (unsigned)(code & 0x3FF));
}

/* Quoted text has nothing that is not UTF-8. */
static int escape_quoted(Buf *into, const char *at, const char *end)
{
    int r = 0;

    while (r == 0 && at < end) {
        size_t length = (unsigned char)*at < 0x80 ? 1 : utf8_length(at, end);

        r = length == 1 && *at != 0x7F ? buf_append_char(into, *at) : escape_character(into, utf8_decode(at, length));
        at += length;
    }
    return r;
}

int json_quote_ascii(Buf *into, Span text)
{
    _cleanup_buf_ Buf quoted = BUF_INIT(6 * text.len + 3);
    int r = json_quote(&quoted, text);

    return r < 0 ? r : escape_quoted(into, quoted.data, quoted.data + quoted.len);
}

int json_quote_member(Buf *into, const char *key, const char *value)
{
    int r = buf_printf(into, ",\"%s\":", key);

    return r < 0 ? r : json_quote_ascii(into, span_of(value));
}
