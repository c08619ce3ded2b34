#include "json_text.h"

#include "error.h"
#include "json_lex.h"
#include "utf8.h"

enum { CODE_END = -1 };

Span json_text_inner(Span raw)
{
    return raw.len < 2 ? (Span){raw.at, 0} : (Span){raw.at + 1, raw.len - 2};
}

bool json_text_has_escapes(Span raw)
{
    return raw.len > 0 && memchr(raw.at, '\\', raw.len) != NULL;
}

static uint32_t hex_digit(char c)
{
    return (uint32_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10) & 0xF;
}

static void skip(Span *inner, size_t count)
{
    count = count < inner->len ? count : inner->len;
    inner->at += count;
    inner->len -= count;
}

/* Takes the four digits of a \u escape, which begin at `digits`. */
static uint32_t hex_unit(const char *digits)
{
    return hex_digit(digits[0]) << 12 | hex_digit(digits[1]) << 8 | hex_digit(digits[2]) << 4 | hex_digit(digits[3]);
}

/* Takes a \u escape, or the two that make up one character. */
static uint32_t next_unit(Span *inner)
{
    uint32_t high = inner->len >= 6 ? hex_unit(inner->at + 2) : 0, low;

    skip(inner, 6);
    if (high < 0xD800 || high > 0xDBFF || inner->len < 6 || inner->at[0] != '\\' || inner->at[1] != 'u')
        return high;
    low = hex_unit(inner->at + 2);
    if (low < 0xDC00 || low > 0xDFFF)
        return high;
    skip(inner, 6);
    return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
}

static uint32_t next_escape(Span *inner)
{
    static const char letters[] = "bfnrt", meanings[] = "\b\f\n\r\t";
    const char *found;
    char c;

    if (inner->len < 2) {
        skip(inner, 2);
        return '\\';
    }
    c = inner->at[1];
    if (c == 'u')
        return next_unit(inner);
    skip(inner, 2);
    found = strchr(letters, c);
    return (unsigned char)(found ? meanings[found - letters] : c);
}

/* The next code point, or CODE_END. */
static int32_t next_code(Span *inner)
{
    size_t length;
    uint32_t code;

    if (inner->len == 0)
        return CODE_END;
    if (*inner->at == '\\')
        return (int32_t)next_escape(inner);
    length = utf8_length(inner->at, inner->at + inner->len);
    code = length > 0 ? utf8_decode(inner->at, length) : (unsigned char)*inner->at;
    skip(inner, length > 0 ? length : 1);
    return (int32_t)code;
}

int json_text_compare(Span a, Span b)
{
    Span left = json_text_inner(a), right = json_text_inner(b);
    int32_t code;

    for (;;) {
        int32_t other = next_code(&right);

        code = next_code(&left);
        if (code != other)
            return code < other ? -1 : 1;
        if (code == CODE_END)
            return 0;
    }
}

bool json_text_equal(Span a, Span b)
{
    if (span_equal(a, b))
        return true;
    return (json_text_has_escapes(a) || json_text_has_escapes(b)) && json_text_compare(a, b) == 0;
}

bool json_text_is(Span raw, Span bytes)
{
    Span inner = json_text_inner(raw);
    char encoded[UTF8_BYTES_MAX];
    size_t length;

    if (!json_text_has_escapes(raw))
        return span_equal(inner, bytes);
    for (int32_t code = next_code(&inner); code != CODE_END; code = next_code(&inner)) {
        length = utf8_encode((uint32_t)code, encoded);
        if (length > bytes.len || memcmp(encoded, bytes.at, length) != 0)
            return false;
        skip(&bytes, length);
    }
    return bytes.len == 0;
}

int json_string(Span raw, Buf *into)
{
    Span inner = json_text_inner(raw);
    char encoded[UTF8_BYTES_MAX];
    int r = 0;

    while (r == 0 && inner.len > 0) {
        const char *escape = memchr(inner.at, '\\', inner.len);
        size_t plain = escape ? (size_t)(escape - inner.at) : inner.len;

        r = buf_append(into, inner.at, plain);
        skip(&inner, plain);
        if (r == 0 && escape)
            r = buf_append(into, encoded, utf8_encode(next_escape(&inner), encoded));
    }
    return r;
}

int json_text(Span value, Buf *into)
{
    value = json_trim(value);
    return json_type(value) == JSON_STRING ? json_string(value, into) : buf_append(into, value.at, value.len);
}

/* Whether a surrogate's three bytes (WTF-8) stand at `at`. */
static bool is_surrogate(const char *at, const char *end)
{
    return end - at >= 3 && at[0] == '\xED' && (at[1] & '\xE0') == '\xA0' && (at[2] & '\xC0') == '\x80';
}

static int quote_control(Buf *into, char c)
{
    static const char letters[] = "bfnrt", meanings[] = "\b\f\n\r\t";
    const char *found = c ? strchr(meanings, c) : NULL;

    if (c == '"' || c == '\\')
        return buf_printf(into, "\\%c", c);
    if (found)
        return buf_printf(into, "\\%c", letters[found - meanings]);
    return buf_printf(into, "\\u%04x", (unsigned)c);
}

/* Appends the character at `at`, which isn't plain ASCII, and moves behind it. */
static int quote_character(Buf *into, const char **at, const char *end)
{
    const char *character = *at;
    size_t length;

    if ((unsigned char)*character < 0x80) {
        *at += 1;
        return quote_control(into, *character);
    }
    if (is_surrogate(character, end)) {
        *at += 3;
        return buf_printf(into, "\\u%04x", (unsigned)utf8_decode(character, 3));
    }
    length = utf8_length(character, end);
    *at += length > 0 ? length : 1;
    return length > 0 ? buf_append(into, character, length) : buf_append_str(into, "\xEF\xBF\xBD");
}

int json_quote(Buf *into, Span text)
{
    const char *at = text.at, *end = text.at + text.len;
    int r = buf_append_char(into, '"');

    while (r == 0 && at < end) {
        const char *plain = at;

        at = lex_plain(at, end);
        r = buf_append(into, plain, (size_t)(at - plain));
        if (r == 0 && at < end)
            r = quote_character(into, &at, end);
    }
    return r < 0 ? r : buf_append_char(into, '"');
}
