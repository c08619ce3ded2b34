/* Prints the table of options for the build, which puts it into the manual and the shells' completions. Not installed.
 * A row a line, with tabs between: sandbox NAME VALUE HELP. */
#include <stdio.h>

#include "options.h"

static void print_row(const char *name, const char *value, const char *help)
{
    printf("sandbox\t%s\t%s\t%s\n", name, value, help);
}

int main(void)
{
    options_each(print_row);
    return 0;
}
