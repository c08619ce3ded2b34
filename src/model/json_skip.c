/*
 * Skipping over objects and arrays. All that matters there is which brackets stand outside of strings. The processor
 * would guess wrong at nearly every quote, so 64 bytes are looked at together, without a branch: a bit a byte, which
 * says whether it is a quote or a bracket. Where there is a backslash, which hides what follows it, and at the end, they
 * are looked at one by one; everywhere on processors that have no such instructions.
 */
#include "json_lex.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum { BLOCK_BYTES = 64 };

typedef struct Skip {
    const char *at, *end;
    size_t depth;
    bool in_string;
} Skip;

/* The bracket at `at`. True: it closes the first. */
static bool take_bracket(Skip *skip, bool opens)
{
    skip->depth += opens ? 1 : (size_t)-1;
    return skip->depth == 0;
}

/* Byte by byte until it is at `until`, or, in a string, at its end. True: `at` is behind the container. */
static bool skip_bytes(Skip *skip, const char *until)
{
    if (skip->in_string)
        skip->at = lex_string(skip->at - 1, skip->end);
    skip->in_string = false;
    while (skip->at < until) {
        char c = *skip->at;

        if (c == '"') {
            skip->at = lex_string(skip->at, skip->end);
            continue;
        }
        skip->at++;
        c |= 0x20; /* makes [ a {, and ] a } */
        if ((c == '{' || c == '}') && take_bracket(skip, c == '{'))
            return true;
    }
    return false;
}

#ifdef __SSE2__
/* A bit for each byte that is meant. */
typedef struct Block {
    uint64_t quotes, backslashes, opening, closing;
} Block;

static uint64_t bits_of(__m128i bytes, char wanted)
{
    return (uint64_t)(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(wanted)));
}

static Block look(const char *at)
{
    Block block = {0, 0, 0, 0};

    for (unsigned i = 0; i < BLOCK_BYTES; i += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(at + i));
        __m128i brackets = _mm_or_si128(bytes, _mm_set1_epi8(0x20));

        block.quotes |= bits_of(bytes, '"') << i;
        block.backslashes |= bits_of(bytes, '\\') << i;
        block.opening |= bits_of(brackets, '{') << i;
        block.closing |= bits_of(brackets, '}') << i;
    }
    return block;
}

/* Each bit becomes the sum of those up to it: from an opening quote up to its closing one they are set. */
static uint64_t fill_between(uint64_t quotes)
{
    for (unsigned shift = 1; shift < BLOCK_BYTES; shift *= 2)
        quotes ^= quotes << shift;
    return quotes;
}

/* As skip_bytes(), over the next block. */
static bool skip_block(Skip *skip)
{
    const char *begin = skip->at;
    Block block = look(begin);
    uint64_t inside = fill_between(block.quotes) ^ (skip->in_string ? ~UINT64_C(0) : 0);
    uint64_t brackets = (block.opening | block.closing) & ~inside;

    if (block.backslashes)
        return skip_bytes(skip, begin + BLOCK_BYTES);
    for (; brackets; brackets &= brackets - 1) {
        skip->at = begin + __builtin_ctzll(brackets) + 1;
        if (take_bracket(skip, block.opening & brackets & -brackets))
            return true;
    }
    skip->at = begin + BLOCK_BYTES;
    skip->in_string = inside >> (BLOCK_BYTES - 1);
    return false;
}
#else
static bool skip_block(Skip *skip)
{
    return skip_bytes(skip, skip->at + BLOCK_BYTES);
}
#endif

const char *lex_container(const char *at, const char *end)
{
    Skip skip = {.at = at, .end = end};

    while (skip.end - skip.at >= BLOCK_BYTES)
        if (skip_block(&skip))
            return skip.at;
    return skip_bytes(&skip, end) ? skip.at : end;
}
