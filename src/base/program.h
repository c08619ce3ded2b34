/*
 * program: another program, run for what it prints; handed in like time.
 *
 * It is started directly, without a shell, in `/`, in a session of its own, with /dev/null for its input and no
 * descriptor of ours but the two that it writes to. `done` runs once, from the loop and never from inside
 * programs_start(); after program_cancel() never.
 */
#ifndef SKY_PROGRAM_H
#define SKY_PROGRAM_H

#include <stddef.h>
#include <stdint.h>

#include "loop.h"

enum { PROGRAM_COMPLAINT_BYTES = 2048 }; /* of standard error are kept; the rest is read and dropped */

typedef struct Programs Programs;
typedef struct Program Program;

typedef struct ProgramOrder {
    char *const *words; /* the program and its arguments, then NULL */
    size_t output_cap;  /* bytes of standard output; a program that prints more is ended */
    int64_t timeout_ms; /* one that takes longer is ended, with all that it started in its session */
} ProgramOrder;

/* What came of it; borrowed until `done` returns. */
typedef struct ProgramEnd {
    int code;                       /* 0: it ended by itself. Else -ERR_TIMEOUT or -ERR_TOO_BIG */
    int status;                     /* its exit status */
    int signal;                     /* that ended it, or 0 */
    const char *output, *complaint; /* what it wrote to standard output and error: bytes, wiped after */
    size_t output_bytes, complaint_bytes;
} ProgramEnd;

typedef void (*program_done_fn)(void *ctx, const ProgramEnd *end);

struct Programs {
    int (*start)(Programs *programs, const ProgramOrder *order, program_done_fn done, void *ctx, Program **ret_program);
};
struct Program {
    void (*cancel)(Program *program);
};

/* 0; or -ERR_NOT_FOUND, -ERR_NO_ACCESS, -ERR_NO_MEMORY …: it was not started, and `done` never runs. The order is
 * copied as far as it is needed. */
static inline int programs_start(Programs *programs, const ProgramOrder *order, program_done_fn done, void *ctx,
                                 Program **ret_program)
{
    return programs->start(programs, order, done, ctx, ret_program);
}

/* Kills it. Takes NULL. */
static inline void program_cancel(Program *program)
{
    if (program)
        program->cancel(program);
}

/* The system's, on this loop. NULL without memory. Freed before the loop, after what was started has ended or was
 * cancelled; takes NULL. */
Programs *programs_new(Loop *loop);
void programs_free(Programs *programs);

#endif
