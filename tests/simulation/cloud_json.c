#include "cloud_json.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Reader {
    const char *at, *end;
} Reader;

static void skip_blanks(Reader *reader)
{
    while (reader->at < reader->end && strchr(" \t\r\n", *reader->at))
        reader->at++;
}

static bool take(Reader *reader, char c)
{
    skip_blanks(reader);
    if (reader->at >= reader->end || *reader->at != c)
        return false;
    reader->at++;
    return true;
}

static void skip_string(Reader *reader)
{
    for (reader->at++; reader->at < reader->end && *reader->at != '"'; reader->at++)
        if (*reader->at == '\\')
            reader->at++;
    reader->at++;
}

static void skip_value(Reader *reader)
{
    int depth = 0;

    skip_blanks(reader);
    for (; reader->at < reader->end; reader->at++) {
        char c = *reader->at;

        if (c == '"') {
            skip_string(reader);
            reader->at--;
        } else if (c == '{' || c == '[') {
            depth++;
        } else if ((c == '}' || c == ']' || c == ',') && depth == 0) {
            return;
        } else if (c == '}' || c == ']') {
            depth--;
        }
    }
}

static bool copy(const char *from, const char *to, char *text, size_t room)
{
    while (to > from && strchr(" \t\r\n", to[-1]))
        to--;
    if (to < from || (size_t)(to - from) >= room)
        return false;
    memcpy(text, from, (size_t)(to - from));
    text[to - from] = '\0';
    return true;
}

static bool read_member(Reader *reader, CloudMember *member)
{
    char raw[CLOUD_KEY_BYTES + 8];
    const char *from;

    skip_blanks(reader);
    from = reader->at;
    if (from >= reader->end || *from != '"')
        return false;
    skip_string(reader);
    if (reader->at > reader->end || !copy(from, reader->at, raw, sizeof raw) ||
        !cloud_json_string(raw, member->key, sizeof member->key) || !take(reader, ':'))
        return false;
    skip_blanks(reader);
    from = reader->at;
    skip_value(reader);
    return reader->at <= reader->end && copy(from, reader->at, member->value, sizeof member->value);
}

bool cloud_json_read(const char *text, size_t bytes, CloudMember *members, unsigned room, unsigned *ret_count)
{
    Reader reader = {text, text + bytes};
    unsigned count = 0;

    if (!take(&reader, '{'))
        return false;
    if (!take(&reader, '}')) {
        do {
            if (count == room || !read_member(&reader, &members[count++]))
                return false;
        } while (take(&reader, ','));
        if (!take(&reader, '}'))
            return false;
    }
    skip_blanks(&reader);
    *ret_count = count;
    return reader.at == reader.end;
}

bool cloud_json_string(const char *value, char *ret_text, size_t room)
{
    size_t length = strlen(value), used = 0;

    if (length < 2 || value[0] != '"' || value[length - 1] != '"')
        return false;
    for (const char *at = value + 1; at < value + length - 1; at++) {
        char c = *at;

        if (c == '\\' && *++at == 'u') {
            c = (char)strtol((char[]){at[3], at[4], '\0'}, NULL, 16); /* the model's texts are ASCII */
            at += 4;
        } else if (c == '\\') {
            c = *at == 'n' ? '\n' : *at == 't' ? '\t' : *at;
        }
        if (used + 1 >= room)
            return false;
        ret_text[used++] = c;
    }
    ret_text[used] = '\0';
    return true;
}

void cloud_json_quote(const char *text, char *ret_value, size_t room)
{
    size_t used = 0;

    ret_value[used++] = '"';
    for (; *text && used + 8 < room; text++) {
        if (*text == '"' || *text == '\\')
            ret_value[used++] = '\\';
        if ((unsigned char)*text < 0x20)
            used += (size_t)snprintf(ret_value + used, room - used, "\\u%04x", *text);
        else
            ret_value[used++] = *text;
    }
    ret_value[used++] = '"';
    ret_value[used] = '\0';
}
