/*
 * commands: what the program does beside mounting. Each returns the program's exit code.
 */
#ifndef SKY_COMMANDS_H
#define SKY_COMMANDS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct CommandWords {
    const char *path;   /* NULL if none was given */
    const char *status; /* the second word, where one is taken; NULL if none was given */
    bool json, follow;
    int64_t since_ms;   /* by the wall clock; 0: since ever */
    int64_t timeout_ms; /* negative: none */
    int count;          /* all of them, for a command with options of its own */
    char **words;
} CommandWords;

typedef struct Command {
    const char *name;
    const char *arguments; /* for --help */
    const char *meaning;
    int (*run)(const CommandWords *words);
    unsigned takes; /* as command_table.h says */
} Command;

/* Ended by a row without a name. */
extern const Command commands[];

/* why.c */
int command_why(const CommandWords *words);

/* top.c */
int command_top(const CommandWords *words);

/* hook.c */
int command_hook(const CommandWords *words);

/* events.c */
int command_events(const CommandWords *words);

/* wait.c */
int command_wait(const CommandWords *words);

/* demo.c */
int command_demo(const CommandWords *words);

/* doctor.c */
int command_doctor(const CommandWords *words);

/* Opens a file of .skystack, waiting no longer than for its answer. A descriptor, or a negative code. */
int commands_open_control(const char *mountpoint, const char *name, int flags);
/* Says that WHAT of a mount can't be read. The exit code. */
int commands_cant_read(int code, const char *what, const char *mountpoint);

#endif
