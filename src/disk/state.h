/*
 * state: the directory of one mount on the local disk, and its lock.
 *
 * Below the state directory each pair of source and mount point has a folder of its own, so that what is kept there is
 * found again by the next mount of the same kind, and by it alone: a second daemon on one folder is refused.
 */
#ifndef SKY_STATE_H
#define SKY_STATE_H

#include "failure.h"
#include "fsio.h"

typedef struct State State;

/* Makes the folder if it is missing, and locks it. -ERR_BUSY: another daemon has it. Other codes: it can't be written.
 * ret_failure says which. */
int state_open(Fsio *fsio, const char *state_dir, const char *source, const char *mountpoint, State **ret_state,
               Failure *ret_failure);
/* The folder; lives as long as the state. */
const char *state_path(const State *state);
/* Gives up the lock. Takes NULL. */
void state_close(State *state);

#endif
