/*
 * span: borrowed bytes. A Span owns nothing and lives as long as the text that it points into.
 */
#ifndef SKY_SPAN_H
#define SKY_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

typedef struct Span {
    const char *at;
    size_t len;
} Span;

static inline Span span_of(const char *text)
{
    return (Span){text, strlen(text)};
}

static inline bool span_equal(Span a, Span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

static inline bool span_is(Span a, const char *text)
{
    return span_equal(a, span_of(text));
}

#endif
