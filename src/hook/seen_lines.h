/*
 * seen_lines: the ids of events as lines of a file. Pure; internal to hook.
 *
 *     skystackfs-seen-events 1
 *     9f86d081884c7d659a2feaa0c55ad015 1773915764000 5a1f09c3
 *     …
 *
 * An id is kept as the first half of its SHA-256, so that every one needs the same, small room. Then comes when it was seen,
 * and a check of the line. Whatever is no such line was torn or damaged, and is skipped.
 */
#ifndef SKY_SEEN_LINES_H
#define SKY_SEEN_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "span.h"

enum {
    SEEN_KEY_BYTES = 16,
    SEEN_LINE_BYTES_MAX = 64,
    SEEN_HEAD_BYTES_MAX = 32,
};

typedef struct SeenLine {
    unsigned char key[SEEN_KEY_BYTES];
    int64_t wall_ms;
} SeenLine;

/* False if the system has no such sum. */
bool seen_key(Span id, unsigned char ret_key[SEEN_KEY_BYTES]);
/* Append to a file's text. 0 or a code of Buf's. */
int seen_lines_head(Buf *into);
int seen_lines_add(Buf *into, const SeenLine *line);

enum SeenLineKind {
    SEEN_LINE_END,
    SEEN_LINE_GOOD,
    SEEN_LINE_DAMAGED, /* also a last one without its end */
};

/* Takes the head off a file's text. False: it is of another version, or nothing that we wrote. */
bool seen_lines_take_head(Span *text);
/* Takes the next line off. */
enum SeenLineKind seen_lines_take(Span *text, SeenLine *ret_line);

#endif
