/*
 * top_options: the words behind `skystackfs top`. Pure.
 */
#ifndef SKY_TOP_OPTIONS_H
#define SKY_TOP_OPTIONS_H

#include <stdbool.h>

#include "failure.h"
#include "top_view.h"

typedef struct TopOptions {
    const char *path;   /* NULL: none was given */
    const char *filter; /* "" */
    int64_t interval_ms;
    enum TopSort sort;
    bool sorted; /* somebody said by what */
    bool reversed;
    bool once;
} TopOptions;

/* 0, or -ERR_INVALID and what is wrong. */
int top_options_parse(int count, char **words, TopOptions *ret_options, Failure *ret_failure);

#endif
