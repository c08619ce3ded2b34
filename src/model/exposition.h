/*
 * exposition: Prometheus's text format, version 0.0.4.
 *
 * A family begins with exposition_family(), and its samples follow. The first failure stays (`code`), and nothing is
 * written any more, so that callers look at it once, at the end.
 */
#ifndef SKY_EXPOSITION_H
#define SKY_EXPOSITION_H

#include <stdint.h>

#include "buf.h"
#include "span.h"

typedef struct Exposition {
    Buf *into;
    const char *family; /* its name */
    int code;           /* 0, or -ERR_NO_MEMORY or -ERR_TOO_BIG */
} Exposition;

/* Its value may hold any bytes: those that are no UTF-8, and NUL, which parsers take for the end, become U+FFFD. */
typedef struct ExpositionLabel {
    const char *name;
    Span value;
} ExpositionLabel;

/* Samples of one histogram: of each bucket how many values lie in it alone, the last one being above all bounds. */
typedef struct ExpositionHistogram {
    const int64_t *bounds_ms;
    const uint64_t *counts;
    size_t bounds;
    int64_t total_ms;
} ExpositionHistogram;

/* type: counter, gauge or histogram. */
void exposition_family(Exposition *exposition, const char *name, const char *type, const char *help);
/* A sample of the family, in the base unit of its name. */
void exposition_sample(Exposition *exposition, const ExpositionLabel *labels, size_t count, double value);
/* The same with one label, or none. */
void exposition_one(Exposition *exposition, const char *label, const char *label_value, double value);
void exposition_value(Exposition *exposition, double value);
/* Buckets, sum and count, in seconds. */
void exposition_histogram(Exposition *exposition, const char *label, const char *label_value,
                          const ExpositionHistogram *histogram);
/* Appends a label value, escaped and without its quotes. 0 or a code of Buf's. */
int exposition_escape(Buf *into, Span value);
/* The unit of times. */
double exposition_seconds(int64_t ms);
/* Appends a number as parsers take it. As above. */
int exposition_number(Buf *into, double value);

#endif
