#include "json_text.h"

#include <stdlib.h>
#include <string.h>

#include "json_lex.h"

/* What a byte outside strings may be to a reader who skips over values. */
enum Class { CLASS_OTHER, CLASS_QUOTE, CLASS_OPENS, CLASS_CLOSES, CLASS_ENDS };

static const unsigned char classes[256] = {
    ['"'] = CLASS_QUOTE,  ['{'] = CLASS_OPENS, ['['] = CLASS_OPENS, ['}'] = CLASS_CLOSES,
    [']'] = CLASS_CLOSES, [','] = CLASS_ENDS,  [':'] = CLASS_ENDS,  [' '] = CLASS_ENDS,
    ['\n'] = CLASS_ENDS,  ['\t'] = CLASS_ENDS, ['\r'] = CLASS_ENDS,
};

const char *lex_value(const char *at, const char *end)
{
    if (at == end)
        return at;
    if (*at == '"')
        return lex_string(at, end);
    if (*at == '{' || *at == '[')
        return lex_container(at, end);
    while (at < end && classes[(unsigned char)*at] < CLASS_CLOSES)
        at++;
    return at;
}

Span json_trim(Span text)
{
    const char *end = text.at + text.len, *at = lex_space(text.at, end);

    while (end > at && lex_is_space(end[-1]))
        end--;
    return (Span){at, (size_t)(end - at)};
}

enum JsonType json_type(Span value)
{
    const char *end = value.at + value.len, *at = lex_space(value.at, end);

    switch (at < end ? *at : 'n') {
    case '{':
        return JSON_OBJECT;
    case '[':
        return JSON_ARRAY;
    case '"':
        return JSON_STRING;
    case 't':
        return JSON_TRUE;
    case 'f':
        return JSON_FALSE;
    case 'n':
        return JSON_NULL;
    default:
        return JSON_NUMBER;
    }
}

void json_iter_init(JsonIter *iter, Span container)
{
    Span value = json_trim(container);
    bool is_object = value.len >= 2 && *value.at == '{';
    bool is_array = value.len >= 2 && *value.at == '[';

    *iter = (JsonIter){.rest = {value.at, 0}, .is_object = is_object, .first = true};
    if (is_object || is_array)
        iter->rest = (Span){value.at + 1, value.len - 2};
}

/* From behind the comma. */
static Span take_value(const char **at, const char *end)
{
    const char *begin = lex_space(*at, end);

    *at = lex_value(begin, end);
    return (Span){begin, (size_t)(*at - begin)};
}

bool json_iter_next(JsonIter *iter, Span *ret_name, Span *ret_value)
{
    const char *end = iter->rest.at + iter->rest.len, *at = lex_space(iter->rest.at, end);

    if (!iter->first && at < end && *at == ',')
        at = lex_space(at + 1, end);
    iter->first = false;
    if (at == end) {
        iter->rest = (Span){end, 0};
        return false;
    }
    *ret_name = (Span){at, 0};
    if (iter->is_object) {
        *ret_name = take_value(&at, end);
        at = lex_space(at, end);
        at += at < end;
    }
    *ret_value = take_value(&at, end);
    iter->rest = (Span){at, (size_t)(end - at)};
    return true;
}

/* `count` if it is none of them. */
static size_t name_among(Span raw, const Span *names, size_t count)
{
    bool escaped = json_text_has_escapes(raw);

    for (size_t i = 0; i < count; i++)
        if ((escaped || raw.len == names[i].len + 2) && json_text_is(raw, names[i]))
            return i;
    return count;
}

void json_members(Span object, const Span *names, size_t count, Span *ret_values)
{
    Span name, value;
    JsonIter iter;

    for (size_t i = 0; i < count; i++)
        ret_values[i] = (Span){NULL, 0};
    json_iter_init(&iter, object);
    while (iter.is_object && json_iter_next(&iter, &name, &value)) {
        size_t which = name_among(name, names, count);

        if (which < count)
            ret_values[which] = value;
    }
}

bool json_member(Span object, const char *name, Span *ret_value)
{
    Span wanted = span_of(name), found, value;
    JsonIter iter;

    json_iter_init(&iter, object);
    while (iter.is_object && json_iter_next(&iter, &found, &value)) {
        if (json_text_is(found, wanted)) {
            *ret_value = value;
            return true;
        }
    }
    return false;
}

bool json_double(Span value, double *ret_number)
{
    char digits[JSON_DOUBLE_BYTES];

    value = json_trim(value);
    if (json_type(value) != JSON_NUMBER || value.len >= sizeof digits)
        return false;
    memcpy(digits, value.at, value.len);
    digits[value.len] = '\0';
    *ret_number = strtod(digits, NULL);
    return true;
}

bool json_integer(Span value, int64_t *ret_number)
{
    Span text = json_trim(value);
    bool negative = text.len > 0 && *text.at == '-';
    int64_t number = 0;

    if (text.len == negative)
        return false;
    for (size_t i = negative; i < text.len; i++) {
        int digit = text.at[i] - '0';

        if (digit < 0 || digit > 9)
            return false;
        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, negative ? -digit : digit, &number))
            return false;
    }
    *ret_number = number;
    return true;
}
