#include "strict_json.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { CJSON_NUMBER_BYTES = 63 };

typedef struct Reader {
    const unsigned char *at, *end;
    unsigned depth;
} Reader;

/* Decoded code points, surrogates too where an escape stands alone. */
typedef struct Name {
    uint32_t *codes;
    size_t count;
} Name;

static bool read_value(Reader *reader);

static int peek(const Reader *reader)
{
    return reader->at < reader->end ? *reader->at : -1;
}

static bool take(Reader *reader, int c)
{
    if (peek(reader) != c)
        return false;
    reader->at++;
    return true;
}

static bool take_digit(Reader *reader)
{
    if (peek(reader) < '0' || peek(reader) > '9')
        return false;
    reader->at++;
    return true;
}

static bool take_digits(Reader *reader)
{
    if (!take_digit(reader))
        return false;
    while (take_digit(reader))
        ;
    return true;
}

static void skip_space(Reader *reader)
{
    while (take(reader, ' ') || take(reader, '\t') || take(reader, '\n') || take(reader, '\r'))
        ;
}

static bool take_word(Reader *reader, const char *word)
{
    for (; *word; word++)
        if (!take(reader, *word))
            return false;
    return true;
}

/* number = [ "-" ] int [ frac ] [ exp ] */
static bool read_number(Reader *reader)
{
    take(reader, '-');
    if (!take(reader, '0') && !take_digits(reader))
        return false;
    if (take(reader, '.') && !take_digits(reader))
        return false;
    if (!take(reader, 'e') && !take(reader, 'E'))
        return true;
    if (!take(reader, '+'))
        take(reader, '-');
    return take_digits(reader);
}

static bool read_four_digits(Reader *reader, uint32_t *ret_code)
{
    *ret_code = 0;
    for (int i = 0; i < 4; i++) {
        int c = peek(reader);
        const char *digits = "0123456789abcdefABCDEF", *found = c > 0 ? strchr(digits, c) : NULL;
        ptrdiff_t value;

        if (!found)
            return false;
        value = found - digits;
        *ret_code = *ret_code * 16 + (uint32_t)(value < 16 ? value : value - 6);
        reader->at++;
    }
    return true;
}

/* What stands behind a backslash. */
static bool read_escape(Reader *reader, uint32_t *ret_code)
{
    static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    const char *found;
    uint32_t low;
    Reader ahead;
    int c = peek(reader);

    reader->at++;
    if (c == 'u') {
        if (!read_four_digits(reader, ret_code))
            return false;
        ahead = *reader;
        if (*ret_code >= 0xD800 && *ret_code < 0xDC00 && take_word(&ahead, "\\u") && read_four_digits(&ahead, &low) &&
            low >= 0xDC00 && low < 0xE000) {
            *ret_code = 0x10000 + ((*ret_code - 0xD800) << 10) + (low - 0xDC00);
            *reader = ahead;
        }
        return true;
    }
    found = c > 0 ? strchr(letters, c) : NULL;
    if (!found)
        return false;
    *ret_code = (unsigned char)meanings[found - letters];
    return true;
}

/* One character of RFC 3629: the shortest form, no surrogates, up to U+10FFFF. */
static bool read_character(Reader *reader, uint32_t *ret_code)
{
    static const struct {
        unsigned mask, lead, bits;
        uint32_t least;
    } forms[] = {{0x80, 0, 0, 0}, {0xE0, 0xC0, 6, 0x80}, {0xF0, 0xE0, 12, 0x800}, {0xF8, 0xF0, 18, 0x10000}};

    for (unsigned more = 0; more < 4; more++) {
        uint32_t code = *reader->at & ~forms[more].mask;

        if ((*reader->at & forms[more].mask) != forms[more].lead)
            continue;
        if ((size_t)(reader->end - reader->at) <= more)
            return false;
        for (unsigned i = 1; i <= more; i++) {
            if ((reader->at[i] & 0xC0) != 0x80)
                return false;
            code = code << 6 | (reader->at[i] & 0x3F);
        }
        if (code < forms[more].least || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
            return false;
        *ret_code = code;
        reader->at += more + 1;
        return true;
    }
    return false;
}

/* The caller frees ret_name->codes, whatever the outcome. */
static bool read_string(Reader *reader, Name *ret_name)
{
    ret_name->count = 0;
    ret_name->codes = malloc(((size_t)(reader->end - reader->at) + 1) * sizeof *ret_name->codes);
    if (!ret_name->codes)
        abort();
    if (!take(reader, '"'))
        return false;
    while (peek(reader) != '"') {
        uint32_t *code = &ret_name->codes[ret_name->count];
        bool good;

        if (peek(reader) < 0x20)
            return false;
        good = take(reader, '\\') ? read_escape(reader, code) : read_character(reader, code);
        if (!good)
            return false;
        ret_name->count++;
    }
    return take(reader, '"');
}

static bool read_text(Reader *reader)
{
    Name name;
    bool good = read_string(reader, &name);

    free(name.codes);
    return good;
}

static bool is_new(const Name *names, size_t count, const Name *name)
{
    for (size_t i = 0; i < count; i++)
        if (names[i].count == name->count &&
            memcmp(names[i].codes, name->codes, name->count * sizeof *name->codes) == 0)
            return false;
    return true;
}

static bool read_member(Reader *reader, Name **names, size_t *count)
{
    Name *grown = realloc(*names, (*count + 1) * sizeof *grown);

    if (!grown)
        abort();
    *names = grown;
    skip_space(reader);
    if (!read_string(reader, &grown[*count])) {
        free(grown[*count].codes);
        return false;
    }
    ++*count;
    skip_space(reader);
    return is_new(grown, *count - 1, &grown[*count - 1]) && take(reader, ':') && read_value(reader);
}

static bool read_members(Reader *reader)
{
    Name *names = NULL;
    size_t count = 0;
    bool good;

    do
        good = read_member(reader, &names, &count);
    while (good && take(reader, ','));
    for (size_t i = 0; i < count; i++)
        free(names[i].codes);
    free(names);
    return good && take(reader, '}');
}

static bool read_elements(Reader *reader)
{
    do {
        if (!read_value(reader))
            return false;
    } while (take(reader, ','));
    return take(reader, ']');
}

static bool read_container(Reader *reader, bool object)
{
    bool good;

    if (reader->depth == 0)
        return false;
    reader->depth--;
    reader->at++;
    skip_space(reader);
    good = take(reader, object ? '}' : ']') || (object ? read_members(reader) : read_elements(reader));
    reader->depth++;
    return good;
}

static bool read_bare(Reader *reader)
{
    switch (peek(reader)) {
    case '{':
        return read_container(reader, true);
    case '[':
        return read_container(reader, false);
    case '"':
        return read_text(reader);
    case 't':
        return take_word(reader, "true");
    case 'f':
        return take_word(reader, "false");
    case 'n':
        return take_word(reader, "null");
    default:
        return read_number(reader);
    }
}

static bool read_value(Reader *reader)
{
    skip_space(reader);
    if (!read_bare(reader))
        return false;
    skip_space(reader);
    return true;
}

bool strict_json_accepts(const char *bytes, size_t count, unsigned depth)
{
    Reader reader = {(const unsigned char *)bytes, (const unsigned char *)bytes + count, depth};

    return read_value(&reader) && reader.at == reader.end;
}

bool cjson_reads_all(const char *bytes, size_t count)
{
    size_t number = 0;

    for (size_t i = 0; i < count; i++) {
        if (number > 0 && (bytes[i] == 'e' || bytes[i] == 'E'))
            return false;
        number = bytes[i] && strchr("0123456789.+-", bytes[i]) ? number + 1 : 0;
        if (number > CJSON_NUMBER_BYTES)
            return false;
        if (i + 3 < count && memcmp(bytes + i, "\\u", 2) == 0 &&
            (bytes[i + 2] == 'd' || bytes[i + 2] == 'D' || memcmp(bytes + i + 2, "00", 2) == 0))
            return false;
    }
    return true;
}
