/*
 * option_value: the text of an option's value, checked and made what the program works with.
 */
#ifndef SKY_OPTION_VALUE_H
#define SKY_OPTION_VALUE_H

#include "option_table.h"

/* Sets the field of Settings that the option's row names; "" is the value of a flag that stands alone. 0, -ERR_INVALID
 * for a value that it can't have, or -ERR_NO_MEMORY; then the field is as it was. */
int option_set(const Option *option, const char *value, void *field);
/* The size of that field. */
size_t option_bytes(const Option *option);
/* The environment variable that gives it: SKYSTACKFS_TTL. Written to `into`, which is returned. */
const char *option_variable(const Option *option, char *into, size_t room);

#endif
