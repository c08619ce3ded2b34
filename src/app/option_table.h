/*
 * option_table: what a mount can be told. One row makes the parsing of -o, of the environment and of the configuration
 * files, --help, the manual's list and the shells' completions.
 */
#ifndef SKY_OPTION_TABLE_H
#define SKY_OPTION_TABLE_H

#include <stdbool.h>
#include <stddef.h>

enum OptionType {
    OPTION_TEXT,
    OPTION_PATH,
    OPTION_SECONDS,
    OPTION_DURATION, /* seconds, and not none */
    OPTION_COUNT,
    OPTION_FLAG,
    OPTION_ATTRS,
    OPTION_USER,
    OPTION_GROUP,
    OPTION_UMASK,
    OPTION_LEVEL
};

typedef struct Option {
    const char *name;
    enum OptionType type;
    size_t offset;        /* in Settings */
    const char *argument; /* how help calls its value; NULL for a flag */
    const char *fallback; /* the default, as it would be written; NULL: none */
    const char *meaning;
    bool live; /* SIGHUP takes a new value over; others need a new mount */
} Option;

enum { OPTIONS = 35 };

/* Ended by a row without a name, behind OPTIONS that have one. */
extern const Option option_table[];

#endif
