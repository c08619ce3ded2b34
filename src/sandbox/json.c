#include "json.h"

#include "mem.h"

#include <stdlib.h>
#include <string.h>

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

Text json_trim(Text text)
{
    while (text.len && is_space(text.at[0]))
        text = (Text){text.at + 1, text.len - 1};
    while (text.len && is_space(text.at[text.len - 1]))
        text.len--;
    return text;
}

static size_t skip_space(Text text, size_t at)
{
    while (at < text.len && is_space(text.at[at]))
        at++;
    return at;
}

static size_t skip_string(Text text, size_t at)
{
    for (at++; at < text.len && text.at[at] != '"'; at++)
        if (text.at[at] == '\\')
            at++;
    return at + 1;
}

static size_t skip_nested(Text text, size_t at)
{
    int depth = 0;
    while (at < text.len) {
        char c = text.at[at];
        if (c == '"') {
            at = skip_string(text, at);
            continue;
        }
        depth += (c == '{' || c == '[') - (c == '}' || c == ']');
        at++;
        if (!depth)
            break;
    }
    return at;
}

static size_t skip_value(Text text, size_t at)
{
    if (at < text.len && text.at[at] == '"')
        return skip_string(text, at);
    if (at < text.len && (text.at[at] == '{' || text.at[at] == '['))
        return skip_nested(text, at);
    while (at < text.len && !is_space(text.at[at]) && !strchr(",]}", text.at[at]))
        at++;
    return at;
}

static Text slice(Text text, size_t from, size_t to)
{
    return (Text){text.at + from, to - from};
}

/* From behind the previous piece (or the opening bracket) to the start of the next; false at the closing bracket. */
static bool step(Text text, size_t *at)
{
    size_t i = skip_space(text, *at ? *at : 1);
    if (i < text.len && text.at[i] == ',')
        i = skip_space(text, i + 1);
    *at = i;
    return i < text.len && text.at[i] != '}' && text.at[i] != ']';
}

bool json_next(Text object, size_t *offset, Member *ret_member)
{
    if (!step(object, offset))
        return false;
    size_t key_end = skip_string(object, *offset);
    size_t value = skip_space(object, skip_space(object, key_end) + 1);
    size_t end = skip_value(object, value);
    *ret_member = (Member){slice(object, *offset, key_end), slice(object, value, end)};
    *offset = end;
    return true;
}

bool json_next_item(Text array, size_t *offset, Text *ret_item)
{
    if (!step(array, offset))
        return false;
    size_t end = skip_value(array, *offset);
    *ret_item = slice(array, *offset, end);
    *offset = end;
    return true;
}

JsonType json_type(Text value)
{
    if (!value.at || !value.len)
        return JSON_NONE;
    switch (value.at[0]) {
    case '{':
        return JSON_OBJECT;
    case '[':
        return JSON_ARRAY;
    case '"':
        return JSON_STRING;
    case 't':
    case 'f':
        return JSON_BOOL;
    case 'n':
        return JSON_NULL;
    default:
        return JSON_NUMBER;
    }
}

static unsigned hex4(const char *at)
{
    char digits[5] = {at[0], at[1], at[2], at[3], '\0'};
    return (unsigned)strtoul(digits, NULL, 16);
}

static void put_code(Buf *buf, unsigned code)
{
    char out[4];
    if (code < 0x80) {
        buf_putc(buf, (char)code);
    } else if (code < 0x800) {
        out[0] = (char)(0xC0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3F));
        buf_add(buf, out, 2);
    } else if (code < 0x10000) {
        out[0] = (char)(0xE0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3F));
        out[2] = (char)(0x80 | (code & 0x3F));
        buf_add(buf, out, 3);
    } else {
        out[0] = (char)(0xF0 | code >> 18);
        out[1] = (char)(0x80 | (code >> 12 & 0x3F));
        out[2] = (char)(0x80 | (code >> 6 & 0x3F));
        out[3] = (char)(0x80 | (code & 0x3F));
        buf_add(buf, out, 4);
    }
}

/* `at` stands on the u of \uXXXX; gives the number of bytes taken from there. */
static size_t put_unicode(Buf *buf, const char *at, const char *end)
{
    unsigned code = hex4(at + 1);
    bool high = code >= 0xD800 && code <= 0xDBFF;
    if (high && end - at >= 11 && at[5] == '\\' && at[6] == 'u') {
        unsigned low = hex4(at + 7);
        if (low >= 0xDC00 && low <= 0xDFFF) {
            put_code(buf, 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00));
            return 11;
        }
    }
    put_code(buf, code);
    return 5;
}

static size_t put_escape(Buf *buf, const char *at, const char *end)
{
    static const char letters[] = "bfnrt", means[] = "\b\f\n\r\t";
    if (*at == 'u')
        return put_unicode(buf, at, end);
    const char *letter = strchr(letters, *at);
    buf_putc(buf, letter ? means[letter - letters] : *at);
    return 1;
}

void json_unquote(Text string, Buf *buf)
{
    const char *at = string.at + 1, *end = string.at + string.len - 1;
    while (at < end) {
        if (*at == '\\') {
            at++;
            at += put_escape(buf, at, end);
        } else {
            buf_putc(buf, *at++);
        }
    }
}

char *json_string(Text value)
{
    if (json_type(value) != JSON_STRING)
        return NULL;
    Buf buf = {0};
    json_unquote(value, &buf);
    return buf_take(&buf);
}

static bool same_meaning(Text a, Text b)
{
    Buf plain_a = {0}, plain_b = {0};
    json_unquote(a, &plain_a);
    json_unquote(b, &plain_b);
    bool same = plain_a.len == plain_b.len && (!plain_a.len || memcmp(plain_a.data, plain_b.data, plain_a.len) == 0);
    buf_release(&plain_a);
    buf_release(&plain_b);
    return same;
}

static bool same_key(Text a, Text b)
{
    if (memchr(a.at, '\\', a.len) || memchr(b.at, '\\', b.len))
        return same_meaning(a, b);
    return a.len == b.len && memcmp(a.at, b.at, a.len) == 0;
}

Text json_get_member(Text object, Text key)
{
    Member member;
    size_t offset = 0;
    while (json_next(object, &offset, &member))
        if (same_key(member.key, key))
            return member.value;
    return (Text){0};
}

Text json_get(Text object, const char *key)
{
    Buf quoted = {0};
    buf_puts_json(&quoted, key);
    Text value = json_get_member(object, buf_text(&quoted));
    buf_release(&quoted);
    return value;
}

void json_compact(Text text, Buf *buf)
{
    for (size_t at = 0; at < text.len;) {
        if (is_space(text.at[at])) {
            at++;
            continue;
        }
        size_t end = text.at[at] == '"' ? skip_string(text, at) : at + 1;
        buf_put(buf, slice(text, at, end));
        at = end;
    }
}

/* The strict reader. */

typedef struct Scan {
    const char *at;
    const char *end;
    const char *why;
} Scan;

static bool scan_value(Scan *scan, int depth);

static bool wrong(Scan *scan, const char *why)
{
    if (!scan->why)
        scan->why = why;
    return false;
}

static void scan_space(Scan *scan)
{
    while (scan->at < scan->end && is_space(*scan->at))
        scan->at++;
}

static bool scan_char(Scan *scan, char c)
{
    if (scan->at >= scan->end || *scan->at != c)
        return false;
    scan->at++;
    return true;
}

static bool scan_digits(Scan *scan)
{
    const char *start = scan->at;
    while (scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9')
        scan->at++;
    return scan->at > start;
}

static bool scan_number(Scan *scan)
{
    scan_char(scan, '-');
    if (!scan_char(scan, '0') && !scan_digits(scan))
        return wrong(scan, "a value was expected");
    if (scan_char(scan, '.') && !scan_digits(scan))
        return wrong(scan, "a number ends in its point");
    if (scan_char(scan, 'e') || scan_char(scan, 'E')) {
        if (!scan_char(scan, '-'))
            scan_char(scan, '+');
        if (!scan_digits(scan))
            return wrong(scan, "a number ends in its exponent");
    }
    return true;
}

static bool scan_word(Scan *scan, const char *word)
{
    size_t len = strlen(word);
    if ((size_t)(scan->end - scan->at) < len || memcmp(scan->at, word, len) != 0)
        return wrong(scan, "a value was expected");
    scan->at += len;
    return true;
}

static bool scan_escape(Scan *scan)
{
    scan->at++;
    if (scan->at >= scan->end || !strchr("\"\\/bfnrtu", *scan->at) || !*scan->at)
        return wrong(scan, "an unknown escape in a string");
    if (*scan->at++ != 'u')
        return true;
    for (int i = 0; i < 4; i++, scan->at++)
        if (scan->at >= scan->end || !*scan->at || !strchr("0123456789abcdefABCDEF", *scan->at))
            return wrong(scan, "\\u wants four hexadecimal digits");
    return true;
}

static bool scan_string(Scan *scan)
{
    if (!scan_char(scan, '"'))
        return wrong(scan, "a string was expected");
    while (scan->at < scan->end && *scan->at != '"') {
        if ((unsigned char)*scan->at < 0x20)
            return wrong(scan, "a control character in a string");
        if (*scan->at == '\\') {
            if (!scan_escape(scan))
                return false;
            continue;
        }
        size_t len = utf8_char(scan->at, (size_t)(scan->end - scan->at));
        if (!len)
            return wrong(scan, "text that is not UTF-8");
        scan->at += len;
    }
    return scan_char(scan, '"') || wrong(scan, "a string without an end");
}

static bool scan_array(Scan *scan, int depth)
{
    scan->at++;
    scan_space(scan);
    if (scan_char(scan, ']'))
        return true;
    do {
        if (!scan_value(scan, depth))
            return false;
    } while (scan_char(scan, ','));
    return scan_char(scan, ']') || wrong(scan, "an array without an end");
}

static bool scan_key(Scan *scan, Text *keys, size_t *count)
{
    scan_space(scan);
    const char *start = scan->at;
    if (!scan_string(scan))
        return false;
    Text key = {start, (size_t)(scan->at - start)};
    for (size_t i = 0; i < *count; i++)
        if (same_key(keys[i], key))
            return wrong(scan, "a key comes twice in one object");
    if (*count == JSON_MAX_MEMBERS)
        return wrong(scan, "too many members in one object");
    keys[(*count)++] = key;
    scan_space(scan);
    return scan_char(scan, ':') || wrong(scan, "a colon was expected");
}

static bool scan_members(Scan *scan, int depth, Text *keys)
{
    size_t count = 0;
    do {
        if (!scan_key(scan, keys, &count) || !scan_value(scan, depth))
            return false;
    } while (scan_char(scan, ','));
    return scan_char(scan, '}') || wrong(scan, "an object without an end");
}

static bool scan_object(Scan *scan, int depth)
{
    scan->at++;
    scan_space(scan);
    if (scan_char(scan, '}'))
        return true;
    Text *keys = mem_new(JSON_MAX_MEMBERS * sizeof *keys);
    bool fine = scan_members(scan, depth, keys);
    free(keys);
    return fine;
}

static bool scan_inner(Scan *scan, int depth)
{
    switch (scan->at < scan->end ? *scan->at : '\0') {
    case '{':
        return depth < JSON_MAX_DEPTH ? scan_object(scan, depth + 1) : wrong(scan, "nested too deeply");
    case '[':
        return depth < JSON_MAX_DEPTH ? scan_array(scan, depth + 1) : wrong(scan, "nested too deeply");
    case '"':
        return scan_string(scan);
    case 't':
        return scan_word(scan, "true");
    case 'f':
        return scan_word(scan, "false");
    case 'n':
        return scan_word(scan, "null");
    default:
        return scan_number(scan);
    }
}

static bool scan_value(Scan *scan, int depth)
{
    scan_space(scan);
    if (!scan_inner(scan, depth))
        return false;
    scan_space(scan);
    return true;
}

bool json_check(Text text, const char **ret_why)
{
    Scan scan = {text.at, text.at + text.len, NULL};
    bool fine = scan_value(&scan, 0);
    if (fine && scan.at < scan.end)
        fine = wrong(&scan, "something follows the value");
    if (!fine)
        *ret_why = scan.why;
    return fine;
}
