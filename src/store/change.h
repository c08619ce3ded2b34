/*
 * change: creates, updates and deletes under way.
 *
 *   queued    another change of the same instance goes first
 *   looking   the state of now is asked for: of an update, to make the patch of it; of what is to be deleted and is known
 *             from an earlier mount alone, to see whether it still is that
 *   writing   the intent is being written down and synced
 *   sending   with the API
 *
 * Until it is sending, a change whose caller goes is given up, and nothing is sent.
 */
#ifndef SKY_STORE_CHANGE_H
#define SKY_STORE_CHANGE_H

#include "store_internal.h"

enum ChangeState { CHANGE_QUEUED, CHANGE_LOOKING, CHANGE_WRITING, CHANGE_SENDING };

/* It outlives the operation that asked for it: what was sent is taken in, whoever still waits. */
typedef struct Change {
    Store *store;
    enum StoreChange kind;
    enum ChangeState state;
    bool begun;  /* its starter has returned */
    StoreOp *op; /* NULL once its caller is gone */
    ApiCall *call;
    uint64_t number; /* in the journal; 0: not written down */
    uint64_t kept;   /* how many texts had been kept when it was asked for */
    char *id, *project_id, *name, *text, *body;
    size_t name_bytes, text_bytes;
    char *etag;
    uid_t uid;
    int64_t asleep_ms; /* how long the machine had been suspended when its last request left */
    uint64_t world;    /* the store's, when it was asked for: an id of another one means something else */
    store_prepare_fn prepare;
    void *prepare_ctx;
    struct Change *prev, *next;
} Change;

/* Begins what is asked for; the operation is answered and freed by the change. 0, or a negative code and why: then
 * nothing was begun. */
int change_start(StoreOp *op, const StoreIntent *intent, Failure *ret_failure);
/* The caller of `op` is gone. True: nothing was sent, and nothing will be. False: it was sent, and its outcome will be
 * taken in. */
bool change_abandon(StoreOp *op);
/* Tells whoever waits for the last change, if there is none under way. */
void change_tell_idle(Store *store);
/* Forgets all, for the end of the store; what was sent stays sent, and written down. */
void change_free_all(Store *store);

/* outcome.c: what an answer does to what is known and to what is written down. Returns what is known of the instance
 * now, or NULL. */
Resource *outcome_take(Change *change, const Failure *failure, const ApiAnswer *answer);
/* A change that ended before it was sent: its text is kept. */
void outcome_keep_unsent(Change *change, const Failure *failure);

#endif
