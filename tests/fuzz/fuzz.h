/*
 * fuzz: what the targets share: cutting the bytes into what a target needs, and saying what is wrong.
 *
 * A target is a function of its bytes alone. A property that does not hold ends it by FUZZ_HOLDS, like a memory error does.
 */
#ifndef SKY_FUZZ_H
#define SKY_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "log.h"
#include "span.h"

enum { FUZZ_BUF_CAP = 64 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

#define FUZZ_HOLDS(property)                                                                                           \
    do {                                                                                                               \
        if (!(property)) {                                                                                             \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #property);                              \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

/* The bytes that are not taken yet. */
typedef struct Fuzz {
    const uint8_t *at;
    size_t left;
} Fuzz;

/* 0 at the end, for ever. */
static inline uint8_t fuzz_byte(Fuzz *fuzz)
{
    if (fuzz->left == 0)
        return 0;
    fuzz->left--;
    return *fuzz->at++;
}

/* Little end first. */
static inline uint64_t fuzz_number(Fuzz *fuzz, unsigned bytes)
{
    uint64_t number = 0;

    for (unsigned i = 0; i < bytes; i++)
        number |= (uint64_t)fuzz_byte(fuzz) << (8 * i);
    return number;
}

/* Up to the separator, which is dropped, or all that is left. */
static inline Span fuzz_until(Fuzz *fuzz, uint8_t separator)
{
    const uint8_t *end = fuzz->left > 0 ? memchr(fuzz->at, separator, fuzz->left) : NULL;
    Span span = {(const char *)fuzz->at, end ? (size_t)(end - fuzz->at) : fuzz->left};
    size_t taken = span.len + (end ? 1 : 0);

    if (taken > 0)
        fuzz->at += taken;
    fuzz->left -= taken;
    return span;
}

static inline Span fuzz_rest(Fuzz *fuzz)
{
    Span span = {(const char *)fuzz->at, fuzz->left};

    fuzz->left = 0;
    return span;
}

/* A copy of exactly these bytes and a NUL, so that reading past the end shows; freed by the caller. */
static inline char *fuzz_text(Span span)
{
    char *text = malloc(span.len + 1);

    if (!text)
        abort();
    if (span.len > 0)
        memcpy(text, span.at, span.len);
    text[span.len] = '\0';
    return text;
}

static inline Span fuzz_span(const Buf *buf)
{
    return (Span){buf_text(buf), buf->len};
}

static inline void fuzz_quiet(void)
{
    log_open(LOG_TO_STDERR, LOG_LEVEL_NONE);
}

#endif
