/*
 * json_lex: the inner loops over JSON text. Private to the model.
 *
 * Strings make up most of a text, so eight of their bytes are looked at together. In the word tests, a borrow may mark
 * bytes after the first one that is meant, never before it, and only the first is used. lex_string(), lex_container() and
 * lex_value() trust the text to be JSON, but pass its end for none.
 */
#ifndef SKY_JSON_LEX_H
#define SKY_JSON_LEX_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define LEX_EACH(byte)       (UINT64_C(0x0101010101010101) * (byte))
#define LEX_BELOW(word, low) (((word)-LEX_EACH(low)) & ~(word)&LEX_EACH(0x80))
#define LEX_IS(word, byte)   LEX_BELOW((word) ^ LEX_EACH(byte), 1)

static inline uint64_t lex_load(const char *at)
{
    uint64_t word;

    memcpy(&word, at, sizeof(word));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

static inline bool lex_is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static inline const char *lex_space(const char *at, const char *end)
{
    while (at < end && lex_is_space(*at))
        at++;
    return at;
}

/* The first byte of a string that isn't plain ASCII: a quote, a backslash, a control, or one of 0x80 and more. */
static inline const char *lex_plain(const char *at, const char *end)
{
    for (; end - at >= 8; at += 8) {
        uint64_t word = lex_load(at);
        uint64_t found = LEX_BELOW(word, 0x20) | LEX_IS(word, (unsigned char)'"') | LEX_IS(word, (unsigned char)'\\') |
                         (word & LEX_EACH(0x80));

        if (found)
            return at + __builtin_ctzll(found) / 8;
    }
    while (at < end && (unsigned char)*at >= 0x20 && (unsigned char)*at < 0x80 && *at != '"' && *at != '\\')
        at++;
    return at;
}

/* The next quote or backslash. */
static inline const char *lex_quote(const char *at, const char *end)
{
    for (; end - at >= 8; at += 8) {
        uint64_t word = lex_load(at);
        uint64_t found = LEX_IS(word, (unsigned char)'"') | LEX_IS(word, (unsigned char)'\\');

        if (found)
            return at + __builtin_ctzll(found) / 8;
    }
    while (at < end && *at != '"' && *at != '\\')
        at++;
    return at;
}

/* From a string's opening quote to behind its closing one. */
static inline const char *lex_string(const char *at, const char *end)
{
    for (at = lex_quote(at + 1, end); at < end && *at == '\\'; at = lex_quote(at, end))
        at += end - at > 1 ? 2 : 1;
    return at < end ? at + 1 : end;
}

/* From an opening bracket to behind its fellow. */
const char *lex_container(const char *at, const char *end);
/* From a value's first byte to behind its last. */
const char *lex_value(const char *at, const char *end);

#endif
