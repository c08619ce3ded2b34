#include "seen_lines.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>

#include "hash.h"

static const char head[] = "skystackfs-seen-events 1\n";

enum {
    CHECK_DIGITS = 8,
    WALL_DIGITS_MAX = 16,
};

bool seen_key(Span id, unsigned char ret_key[SEEN_KEY_BYTES])
{
    unsigned char sum[EVP_MAX_MD_SIZE];

    if (!EVP_Digest(id.at, id.len, sum, NULL, EVP_sha256(), NULL))
        return false;
    memcpy(ret_key, sum, SEEN_KEY_BYTES);
    return true;
}

int seen_lines_head(Buf *into)
{
    return buf_append_str(into, head);
}

/* A line up to its check. Its length. */
static size_t format(const SeenLine *line, char ret_text[SEEN_LINE_BYTES_MAX])
{
    size_t length = 0;

    for (size_t i = 0; i < SEEN_KEY_BYTES; i++)
        length += (size_t)snprintf(ret_text + length, SEEN_LINE_BYTES_MAX - length, "%02x", line->key[i]);
    return length + (size_t)snprintf(ret_text + length, SEEN_LINE_BYTES_MAX - length, " %" PRId64 " ", line->wall_ms);
}

static uint32_t check_of(const char *text, size_t length)
{
    return (uint32_t)hash_mixed(text, length);
}

int seen_lines_add(Buf *into, const SeenLine *line)
{
    char text[SEEN_LINE_BYTES_MAX];
    size_t length = format(line, text);

    return buf_printf(into, "%s%08" PRIx32 "\n", text, check_of(text, length));
}

/* ---- reading ---- */

static bool take_hex(Span *text, size_t digits, uint64_t *ret_number)
{
    uint64_t number = 0;

    if (text->len < digits)
        return false;
    for (size_t i = 0; i < digits; i++) {
        char c = text->at[i];

        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            return false;
        number = number << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    *text = (Span){text->at + digits, text->len - digits};
    *ret_number = number;
    return true;
}

static bool take_char(Span *text, char c)
{
    if (text->len == 0 || *text->at != c)
        return false;
    *text = (Span){text->at + 1, text->len - 1};
    return true;
}

static bool take_wall(Span *text, int64_t *ret_wall_ms)
{
    int64_t wall_ms = 0;
    size_t digits = 0;

    for (; digits < text->len && digits < WALL_DIGITS_MAX && text->at[digits] >= '0' && text->at[digits] <= '9';
         digits++)
        wall_ms = wall_ms * 10 + (text->at[digits] - '0');
    *text = (Span){text->at + digits, text->len - digits};
    *ret_wall_ms = wall_ms;
    return digits > 0;
}

static bool read_line(Span text, SeenLine *ret_line)
{
    const char *begin = text.at;
    SeenLine line;
    uint64_t number;

    for (size_t i = 0; i < SEEN_KEY_BYTES; i++) {
        if (!take_hex(&text, 2, &number))
            return false;
        line.key[i] = (unsigned char)number;
    }
    if (!take_char(&text, ' ') || !take_wall(&text, &line.wall_ms) || !take_char(&text, ' ') ||
        !take_hex(&text, CHECK_DIGITS, &number) || text.len > 0)
        return false;
    if (number != check_of(begin, (size_t)(text.at - begin) - CHECK_DIGITS))
        return false;
    *ret_line = line;
    return true;
}

bool seen_lines_take_head(Span *text)
{
    size_t length = sizeof head - 1;

    if (text->len < length || memcmp(text->at, head, length) != 0)
        return false;
    *text = (Span){text->at + length, text->len - length};
    return true;
}

enum SeenLineKind seen_lines_take(Span *text, SeenLine *ret_line)
{
    const char *end = text->len > 0 ? memchr(text->at, '\n', text->len) : NULL;
    Span line = {text->at, end ? (size_t)(end - text->at) : text->len};
    size_t taken = line.len + (end ? 1 : 0);

    if (text->len == 0)
        return SEEN_LINE_END;
    *text = (Span){text->at + taken, text->len - taken};
    return end && read_line(line, ret_line) ? SEEN_LINE_GOOD : SEEN_LINE_DAMAGED;
}
