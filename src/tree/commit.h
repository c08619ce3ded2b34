/*
 * commit: when a text that is being written is carried out. Pure.
 *
 * Shells and many programs ignore what close(2) says, so the write that completes a JSON object is the one that carries
 * it out and has its outcome. Until then writes are taken and wait; after it white space alone is taken; what can't
 * become JSON any more is refused at the very write that brought it.
 */
#ifndef SKY_COMMIT_H
#define SKY_COMMIT_H

#include <stdbool.h>

#include "json.h"

typedef struct CommitFacts {
    enum JsonState state; /* of all that was written */
    bool committed;       /* a text of this handle was carried out already */
    bool began_empty; /* the buffer did not begin with the old text: that one is carried out at fsync or close only */
} CommitFacts;

enum CommitVerdict {
    COMMIT_WAIT,   /* take it and go on */
    COMMIT_NOW,    /* carry it out, and answer with the outcome */
    COMMIT_REFUSE, /* it can't become JSON, or goes on after its end */
};

enum CommitVerdict commit_decide(const CommitFacts *facts);

#endif
