/*
 * find_program: looking for a program as a shell does.
 */
#ifndef SKY_FIND_PROGRAM_H
#define SKY_FIND_PROGRAM_H

#include <limits.h>
#include <stdbool.h>

/* In folders with colons between them, as $PATH has them; NULL: none. */
bool find_program(const char *folders, const char *name, char ret_path[PATH_MAX]);

#endif
