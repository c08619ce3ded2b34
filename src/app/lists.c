/*
 * lists: prints the program's tables for the build, which puts them into the manual and the shells' completions. Not
 * installed. A row a line, its fields with tabs between:
 *
 *   option NAME KIND ARGUMENT DEFAULT LIVE MEANING     (KIND says what the shells offer; words have | between; LIVE is
 *                                                      `live` where SIGHUP takes a new value over)
 *   command NAME ARGUMENTS MEANING
 *   error ERRNO SENTENCE
 *   status NAME, column NAME
 */
#include <stdio.h>

#include "command_table.h"
#include "error.h"
#include "option_table.h"
#include "top_sort.h"

static const char *kind_of(const Option *option)
{
    switch (option->type) {
    case OPTION_PATH:
        return "path";
    case OPTION_FLAG:
        return "flag";
    case OPTION_ATTRS:
        return option->argument;
    case OPTION_USER:
        return "user";
    case OPTION_GROUP:
        return "group";
    case OPTION_LEVEL:
        return "error|warn|info|debug";
    default:
        return "text";
    }
}

static void print_options(void)
{
    for (const Option *option = option_table; option->name; option++) {
        printf("option\t%s\t%s\t%s\t%s\t%s\t%s\n", option->name, kind_of(option),
               option->argument ? option->argument : "", option->fallback ? option->fallback : "",
               option->live ? "live" : "", option->meaning);
    }
}

static void print_commands(void)
{
#define PRINT_ROW(name, arguments, meaning, takes) puts("command\t" #name "\t" arguments "\t" meaning);
    COMMAND_TABLE(PRINT_ROW)
#undef PRINT_ROW
}

static void print_errors(void)
{
#define PRINT_ROW(code, number, sentence) puts("error\t" #number "\t" sentence);
    ERROR_TABLE(PRINT_ROW)
#undef PRINT_ROW
}

int main(void)
{
    /* Those that the API is known to give. */
    static const char *const statuses[] = {"provisioning", "running", "stopping", "stopped",
                                           "deleting",     "deleted", "failed"};

    print_options();
    print_commands();
    print_errors();
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++)
        printf("status\t%s\n", statuses[i]);
    for (enum TopSort sort = 0; sort < TOP_SORTS; sort++)
        printf("column\t%s\n", top_sort_name(sort));
    return 0;
}
