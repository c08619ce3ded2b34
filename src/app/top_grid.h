/*
 * top_grid: a screen of text in memory: so many lines of so many columns, each place a character and a style. Pure.
 *
 * What is drawn outside of it is cut. Characters are printable ASCII and the blocks that bars are made of; whatever else
 * comes is shown as `?`, so that nothing in it can move a cursor or take two places.
 */
#ifndef SKY_TOP_GRID_H
#define SKY_TOP_GRID_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"

enum { TOP_GRID_LINES_MAX = 500, TOP_GRID_COLUMNS_MAX = 1000 };

enum TopStyle {
    TOP_PLAIN,
    TOP_GOOD,
    TOP_BUSY,
    TOP_BAD,
    TOP_DIM,
    TOP_STRONG,
    TOP_TITLE,
    TOP_STYLES,
    TOP_SELECTED = 0x80 /* beside one of them */
};

typedef struct TopPlace {
    uint16_t character; /* of Unicode */
    uint8_t style;
} TopPlace;

typedef struct TopGrid {
    unsigned lines, columns;
    bool utf8; /* bars may have characters that ASCII lacks */
    TopPlace *places;
} TopGrid;

/* Makes it so large, within the caps, and empty. Takes one that is all zero, or was used. 0 or -ERR_NO_MEMORY. */
int top_grid_size(TopGrid *grid, unsigned lines, unsigned columns);
void top_grid_clear(TopGrid *grid);
void top_grid_release(TopGrid *grid);

/* Each returns the column behind what it drew, also where that was cut. `width`: most columns. */
unsigned top_grid_put(TopGrid *grid, unsigned line, unsigned column, unsigned width, uint8_t style, const char *text);
unsigned top_grid_printf(TopGrid *grid, unsigned line, unsigned column, uint8_t style, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/* A bar `width` columns wide, filled by so many thousandths. */
unsigned top_grid_bar(TopGrid *grid, unsigned line, unsigned column, unsigned width, uint8_t style,
                      unsigned thousandths);
/* Adds a style's bit to a whole line. */
void top_grid_mark(TopGrid *grid, unsigned line, uint8_t bit);
/* What is at a place, as bytes, NUL-terminated: UTF-8 of at most three. */
void top_grid_bytes(const TopGrid *grid, unsigned line, unsigned column, char ret_bytes[4]);
/* All of it as text, lines without blanks at their ends. 0 or a code of Buf's. */
int top_grid_text(const TopGrid *grid, Buf *into);

#endif
