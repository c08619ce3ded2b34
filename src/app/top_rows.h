/*
 * top_rows: the instances that `skystackfs top` shows, out of the lines of .all.ndjson.
 *
 * Lines are fed as they come, in pieces of any size. What is shown of one is kept, escaped for a terminal once and for all,
 * and the line itself is not. Caps: TOP_ROWS_MAX rows, TOP_ROWS_TEXT_BYTES of text; what is beyond them, and lines that are
 * no JSON object, are counted as skipped.
 */
#ifndef SKY_TOP_ROWS_H
#define SKY_TOP_ROWS_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "index.h"
#include "span.h"

enum { TOP_ROWS_MAX = 1000000, TOP_ROWS_TEXT_BYTES = 512 << 20, TOP_RECENT = 256 };

/* Texts of a row; all but the id are columns. */
enum TopCell { TOP_NAME, TOP_PROJECT, TOP_STATUS, TOP_IP, TOP_SIZE, TOP_REGION, TOP_HEALTH, TOP_ID, TOP_CELLS };

enum { TOP_UNKNOWN = -1 };

typedef struct TopRow {
    uint32_t cells[TOP_CELLS]; /* where in the text each begins */
    uint32_t project;          /* its place among the projects */
    int16_t cpu, memory;       /* in tenths of a percent; TOP_UNKNOWN */
    int64_t created_ms;        /* by the wall clock; 0: unknown */
} TopRow;

typedef struct TopRows {
    Buf text;           /* all cells, each ended by a NUL; an empty one first */
    Buf line;           /* one that has not ended yet */
    TopRow *rows;       /* so many: */
    size_t count, room; /* and there is memory for so many */
    uint32_t *projects; /* their names, as cells, in the order of the mount */
    size_t project_count, project_room;
    size_t skipped;
    size_t widths[TOP_CELLS];
    uint32_t recent[TOP_RECENT]; /* texts by their hashes: what many rows have is kept once */
    Index by_id;
} TopRows;

/* An empty one. release frees what it holds and leaves an empty one; takes one that is all zero. */
void top_rows_init(TopRows *rows);
void top_rows_release(TopRows *rows);

/* The rows that follow are of this project. 0, -ERR_NO_MEMORY or -ERR_TOO_BIG; as for the next. */
int top_rows_project(TopRows *rows, Span name);
int top_rows_feed(TopRows *rows, Span bytes);
/* The last line has come. After this rows can be found by their ids. */
int top_rows_end(TopRows *rows);

/* A cell's text, "" where there is none. Valid until something is added. */
const char *top_rows_cell(const TopRows *rows, const TopRow *row, enum TopCell cell);
const char *top_rows_project_name(const TopRows *rows, size_t project);
/* An instance by its escaped id; NULL: it is not there. */
TopRow *top_rows_find(const TopRows *rows, const char *id);
/* Puts another text, which is escaped, in a cell's place. */
int top_rows_set(TopRows *rows, TopRow *row, enum TopCell cell, const char *text);

#endif
