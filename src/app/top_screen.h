/*
 * top_screen: the terminal: shows a grid and tells keys. The only user of ncurses.
 */
#ifndef SKY_TOP_SCREEN_H
#define SKY_TOP_SCREEN_H

#include "failure.h"
#include "top_grid.h"

/* Takes the terminal at standard input and output over. 0, or a negative code and why: it is of a type that nobody knows, or
 * can't place its cursor. */
int top_screen_begin(Failure *ret_failure);
/* Gives it back as it was. May be called at any time, also twice. */
void top_screen_end(void);

/* Whether its locale and the terminal have characters beyond ASCII. */
bool top_screen_is_utf8(void);
/* Asks the terminal how large it is. */
void top_screen_size(unsigned *ret_lines, unsigned *ret_columns);
/* Shows a grid; does nothing where the terminal takes no bytes just now. */
void top_screen_show(const TopGrid *grid);
/* Forgets what it thinks is on the screen: the next grid is drawn from the beginning. */
void top_screen_redraw(void);
/* A printable character or an enum TopKey (top_ui.h); -1: none is there. Never waits for longer than an escape sequence takes. */
int top_screen_key(void);
/* Stops the program until it is continued, with the terminal given back meanwhile. */
void top_screen_stop(void);

#endif
