/*
 * trust: reading a file that holds a secret: a regular one that nobody but its user or root can have written or read.
 */
#ifndef SKY_TRUST_H
#define SKY_TRUST_H

#include "failure.h"
#include "fsio.h"

/* All borrowed. */
typedef struct TrustFile {
    const char *what;  /* "token", as it is called for people */
    const char *path;  /* for the mend */
    const char *named; /* for the message: the path, or what names it */
} TrustFile;

/* Appends its bytes. They are the caller's to wipe, whatever the outcome: give room for all of them, since a buffer that
 * grows leaves copies behind. -ERR_TOKEN if this process's user may not trust it, else as fsio_read(); with why, and a
 * command that mends it. */
int trust_read(Fsio *fsio, const TrustFile *file, Buf *into, Failure *ret_failure);

#endif
