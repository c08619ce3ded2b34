#include "name.h"

#include <assert.h>

#include "error.h"
#include "utf8.h"

enum {
    STEM_BYTES_MAX = NAME_BYTES_MAX - NAME_SUFFIX_BYTES,
    NEW_NAME_BYTES_MAX = 63,
    UNIT_BYTES_MAX = 3 * UTF8_BYTES_MAX, /* a character with each byte escaped */
};

typedef struct Stem {
    char text[STEM_BYTES_MAX];
    size_t len;
} Stem;

static const char *const reserved_suffixes[] = {".json", ".rejected", ".error"};

static bool ends_with(Span text, const char *suffix)
{
    Span wanted = span_of(suffix);

    return text.len >= wanted.len && memcmp(text.at + text.len - wanted.len, wanted.at, wanted.len) == 0;
}

/* Where a final reserved suffix begins, or the text's length. */
static size_t reserved_suffix(Span text)
{
    for (size_t i = 0; i < sizeof(reserved_suffixes) / sizeof(*reserved_suffixes); i++)
        if (ends_with(text, reserved_suffixes[i]))
            return text.len - strlen(reserved_suffixes[i]);
    return text.len;
}

static bool is_control(const char *at, size_t length)
{
    unsigned char first = (unsigned char)at[0];

    /* Of two bytes: U+0080 to U+009F, which terminals obey too. */
    return length == 1 ? first < 0x20 || first == 0x7F : first == 0xC2 && (unsigned char)at[1] < 0xA0;
}

static size_t escape(const char *at, size_t length, char *to)
{
    static const char digits[] = "0123456789ABCDEF";

    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)at[i];

        to[3 * i] = '%';
        to[3 * i + 1] = digits[byte >> 4];
        to[3 * i + 2] = digits[byte & 0xF];
    }
    return 3 * length;
}

/* The character at `at` as a stem has it. Sets how many bytes of the text that were. */
static Span encode_character(Span text, size_t at, bool meant, char ret_unit[UNIT_BYTES_MAX], size_t *ret_step)
{
    const char *character = text.at + at;
    size_t length = utf8_length(character, text.at + text.len);

    assert(length <= text.len - at);
    *ret_step = length > 0 ? length : 1;
    if (length == 0 || meant || is_control(character, length))
        return (Span){ret_unit, escape(character, *ret_step, ret_unit)};
    return (Span){character, length};
}

/* Whether a byte is a character that stands for itself, unless a name or a suffix begins with it. */
static bool is_plain(char c)
{
    return c >= ' ' && c < 0x7F && c != '/' && c != '%' && c != '~';
}

static size_t plain_run(Span text, size_t at, size_t end)
{
    size_t i = at;

    while (i < end && is_plain(text.at[i]))
        i++;
    return i - at;
}

static bool append(Stem *stem, size_t room, Span encoded)
{
    if (encoded.len > room - stem->len)
        return false;
    memcpy(stem->text + stem->len, encoded.at, encoded.len);
    stem->len += encoded.len;
    return true;
}

/* Encodes as many characters as `room` has bytes for. False if some are left. What won't begin a file name is not
 * `leading`. */
static bool encode(Span text, bool leading, size_t room, Stem *stem)
{
    size_t suffix = reserved_suffix(text), step;

    stem->len = 0;
    for (size_t at = 0; at < text.len; at += step) {
        char c = text.at[at], unit[UNIT_BYTES_MAX];
        bool meant = c == '/' || c == '%' || c == '~' || at == suffix || (leading && at == 0 && (c == '.' || c == '#'));
        size_t plain = meant ? 0 : plain_run(text, at, at < suffix ? suffix : text.len);

        plain = plain < room - stem->len ? plain : room - stem->len;
        step = plain;
        if (!append(stem, room,
                    plain > 0 ? (Span){text.at + at, plain} : encode_character(text, at, meant, unit, &step)))
            return false;
    }
    return true;
}

/* An empty name is a lone %, which no other name gives: their % have digits behind them. */
static bool encode_name(Span name, size_t room, Stem *stem)
{
    if (name.len > 0)
        return encode(name, true, room, stem);
    stem->len = room > 0;
    stem->text[0] = '%';
    return room > 0;
}

int name_encode(Span name, const char *id, Buf *into)
{
    Stem stem;

    if (!encode_name(name, STEM_BYTES_MAX, &stem))
        return name_encode_twin(name, id, into);
    return buf_append(into, stem.text, stem.len);
}

int name_encode_twin(Span name, const char *id, Buf *into)
{
    Stem stem, tail;

    if (*id == '\0')
        return -ERR_INVALID;
    if (!encode(span_of(id), false, STEM_BYTES_MAX - 2, &tail))
        return -ERR_NAME_TOO_LONG;
    encode_name(name, STEM_BYTES_MAX - 1 - tail.len, &stem);
    stem.text[stem.len++] = '~';
    memcpy(stem.text + stem.len, tail.text, tail.len);
    return buf_append(into, stem.text, stem.len + tail.len);
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Takes the escapes out. False if one is broken. */
static bool unescape(Span stem, Stem *name)
{
    name->len = 0;
    for (size_t i = 0; i < stem.len; i++) {
        char c = stem.at[i];

        if (c == '%') {
            int high = i + 2 < stem.len ? hex_digit(stem.at[i + 1]) : -1;
            int low = i + 2 < stem.len ? hex_digit(stem.at[i + 2]) : -1;

            if (high < 0 || low < 0)
                return false;
            c = (char)(high << 4 | low);
            i += 2;
        }
        name->text[name->len++] = c;
    }
    return true;
}

/* Encoding again tells what one stem a name has; any other spelling of it is refused. */
int name_decode(Span stem, Buf *into)
{
    Stem name, again;

    if (span_is(stem, "%"))
        return buf_append(into, "", 0);
    if (stem.len == 0 || stem.len > STEM_BYTES_MAX || !unescape(stem, &name))
        return -ERR_INVALID;
    if (!encode_name((Span){name.text, name.len}, STEM_BYTES_MAX, &again))
        return -ERR_INVALID;
    if (!span_equal(stem, (Span){again.text, again.len}))
        return -ERR_INVALID;
    return buf_append(into, name.text, name.len);
}

enum NameKind name_kind(Span file_name, Span *ret_stem)
{
    static const struct {
        const char *suffix;
        enum NameKind kind;
    } kinds[] = {{".json", NAME_INSTANCE}, {".json.rejected", NAME_REJECTED}, {".json.error", NAME_ERROR}};

    if (file_name.len == 0 || file_name.at[0] == '.' || file_name.at[0] == '#' ||
        file_name.at[file_name.len - 1] == '~')
        return NAME_HIDDEN;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        if (!ends_with(file_name, kinds[i].suffix))
            continue;
        if (ret_stem)
            *ret_stem = (Span){file_name.at, file_name.len - strlen(kinds[i].suffix)};
        return kinds[i].kind;
    }
    return NAME_PLAIN;
}

static bool is_alphanumeric(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static const char *refusal(Span name)
{
    if (name.len == 0)
        return "A new instance needs a name.";
    if (name.len > NEW_NAME_BYTES_MAX)
        return "A new instance's name has at most 63 characters.";
    for (size_t i = 0; i < name.len; i++)
        if (!is_alphanumeric(name.at[i]) && name.at[i] != '.' && name.at[i] != '_' && name.at[i] != '-')
            return "A new instance's name holds only A-Z, a-z, 0-9, dots, underscores and hyphens.";
    if (!is_alphanumeric(name.at[0]) || !is_alphanumeric(name.at[name.len - 1]))
        return "A new instance's name begins and ends with a letter or a digit.";
    if (reserved_suffix(name) < name.len)
        return "A new instance's name may not end in .json, .rejected or .error.";
    return NULL;
}

bool name_may_create(Span name, const char **ret_reason)
{
    const char *reason = refusal(name);

    if (reason && ret_reason)
        *ret_reason = reason;
    return !reason;
}
