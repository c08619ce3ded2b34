/*
 * commands: what the program does beside mounting. Each returns the program's exit code.
 */
#ifndef SKY_COMMANDS_H
#define SKY_COMMANDS_H

#include <stdbool.h>

typedef struct Command {
    const char *name;
    const char *arguments; /* for --help */
    const char *meaning;
    int (*run)(const char *path, bool json); /* path: NULL if none was given */
} Command;

/* Ended by a row without a name. */
extern const Command commands[];

/* why.c */
int command_why(const char *path, bool json);

/* Opens a file of .skystack, waiting no longer than for its answer. A descriptor, or a negative code. */
int commands_open_control(const char *mountpoint, const char *name, int flags);

#endif
