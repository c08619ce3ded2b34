/*
 * exit_code: what the program says when it ends.
 */
#ifndef SKY_EXIT_CODE_H
#define SKY_EXIT_CODE_H

enum {
    EXIT_OK = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_NOT_FOUND = 3,
    EXIT_TOKEN = 4,
    EXIT_MOUNT = 32,      /* as mount(8) */
    EXIT_TIMED_OUT = 124, /* as timeout(1) */
};

#endif
