/*
 * top_table: rows as a table: in a part of a screen, with bars, or as plain text. Pure.
 */
#ifndef SKY_TOP_TABLE_H
#define SKY_TOP_TABLE_H

#include "top_grid.h"
#include "top_view.h"

/* Draws headings at `line`, and below them as many of the view's lines as its page holds. What the screen has no room for is
 * left out column by column. wall_ms: now, for the ages. */
void top_table_draw(const TopView *view, TopGrid *grid, unsigned line, int64_t wall_ms);
/* Appends all the view's rows, every column, headings first, as wide as they are: for programs and files. 0 or a code of
 * Buf's. */
int top_table_plain(const TopView *view, int64_t wall_ms, Buf *into);

#endif
