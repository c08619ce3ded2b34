/*
 * change: creates, updates and deletes under way.
 */
#ifndef SKY_STORE_CHANGE_H
#define SKY_STORE_CHANGE_H

#include "store_internal.h"

/* Sends what is asked for; the operation is answered and freed by the change. 0, or a negative code: then nothing was sent. */
int change_start(StoreOp *op, const StoreIntent *intent);
/* The caller of `op` is gone. True: nothing was sent, and nothing will be. False: it was sent, and its outcome will be taken in. */
bool change_abandon(StoreOp *op);
/* Forgets all, for the end of the store; what was sent stays sent. */
void change_free_all(Store *store);

#endif
