#include "top_grid.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "error.h"

enum { TEXT_BYTES = 1024, BLOCK_FULL = 0x2588, BLOCK_EIGHTH = 0x258f, BLOCK_EMPTY = 0xb7, EIGHTHS = 8 };

int top_grid_size(TopGrid *grid, unsigned lines, unsigned columns)
{
    TopPlace *places;

    lines = lines < TOP_GRID_LINES_MAX ? lines : TOP_GRID_LINES_MAX;
    columns = columns < TOP_GRID_COLUMNS_MAX ? columns : TOP_GRID_COLUMNS_MAX;
    places = realloc(grid->places, ((size_t)lines * columns + 1) * sizeof *places);
    if (!places)
        return -ERR_NO_MEMORY;
    grid->places = places;
    grid->lines = lines;
    grid->columns = columns;
    top_grid_clear(grid);
    return 0;
}

void top_grid_clear(TopGrid *grid)
{
    for (size_t i = 0; i < (size_t)grid->lines * grid->columns; i++)
        grid->places[i] = (TopPlace){.character = ' '};
}

void top_grid_release(TopGrid *grid)
{
    free(grid->places);
    *grid = (TopGrid){0};
}

static void put_at(TopGrid *grid, unsigned line, unsigned column, uint8_t style, uint16_t character)
{
    if (line < grid->lines && column < grid->columns)
        grid->places[(size_t)line * grid->columns + column] = (TopPlace){.character = character, .style = style};
}

unsigned top_grid_put(TopGrid *grid, unsigned line, unsigned column, unsigned width, uint8_t style, const char *text)
{
    unsigned drawn = 0;

    for (; drawn < width && text[drawn]; drawn++) {
        bool shows = text[drawn] >= ' ' && text[drawn] <= '~';

        put_at(grid, line, column + drawn, style, shows ? (uint16_t)text[drawn] : '?');
    }
    return column + drawn;
}

unsigned top_grid_printf(TopGrid *grid, unsigned line, unsigned column, uint8_t style, const char *format, ...)
{
    char text[TEXT_BYTES];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return top_grid_put(grid, line, column, TEXT_BYTES, style, text);
}

/* The part of a column that is filled, in eighths. */
static uint16_t block(bool utf8, unsigned eighths)
{
    if (eighths == 0)
        return utf8 ? BLOCK_EMPTY : '.';
    if (!utf8)
        return eighths >= EIGHTHS / 2 ? '#' : '.';
    return (uint16_t)(eighths >= EIGHTHS ? BLOCK_FULL : BLOCK_EIGHTH + 1 - eighths);
}

unsigned top_grid_bar(TopGrid *grid, unsigned line, unsigned column, unsigned width, uint8_t style,
                      unsigned thousandths)
{
    unsigned filled = ((thousandths < 1000 ? thousandths : 1000) * width * EIGHTHS + 500) / 1000;

    for (unsigned i = 0; i < width; i++) {
        unsigned eighths = filled > i * EIGHTHS ? filled - i * EIGHTHS : 0;

        put_at(grid, line, column + i, eighths ? style : TOP_DIM, block(grid->utf8, eighths));
    }
    return column + width;
}

void top_grid_mark(TopGrid *grid, unsigned line, uint8_t bit)
{
    for (unsigned column = 0; line < grid->lines && column < grid->columns; column++)
        grid->places[(size_t)line * grid->columns + column].style |= bit;
}

void top_grid_bytes(const TopGrid *grid, unsigned line, unsigned column, char ret_bytes[4])
{
    unsigned code = grid->places[(size_t)line * grid->columns + column].character;
    unsigned count = 0;

    if (code < 0x80) {
        ret_bytes[count++] = (char)code;
    } else if (code < 0x800) {
        ret_bytes[count++] = (char)(0xc0 | code >> 6);
        ret_bytes[count++] = (char)(0x80 | (code & 0x3f));
    } else {
        ret_bytes[count++] = (char)(0xe0 | code >> 12);
        ret_bytes[count++] = (char)(0x80 | (code >> 6 & 0x3f));
        ret_bytes[count++] = (char)(0x80 | (code & 0x3f));
    }
    ret_bytes[count] = '\0';
}

static unsigned used_columns(const TopGrid *grid, unsigned line)
{
    unsigned used = grid->columns;

    while (used > 0 && grid->places[(size_t)line * grid->columns + used - 1].character == ' ')
        used--;
    return used;
}

int top_grid_text(const TopGrid *grid, Buf *into)
{
    char bytes[4];
    int r = 0;

    for (unsigned line = 0; line < grid->lines && r == 0; line++) {
        for (unsigned column = 0; column < used_columns(grid, line) && r == 0; column++) {
            top_grid_bytes(grid, line, column, bytes);
            r = buf_append_str(into, bytes);
        }
        if (r == 0)
            r = buf_append_char(into, '\n');
    }
    return r;
}
