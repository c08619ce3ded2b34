/*
 * credential: the token in use, how another one takes its place, and what becomes of it when the API refuses it.
 * Internal to api.
 *
 *   the token in use               the search for another
 *   none      a program's, that    resting   nothing is looked for
 *             has not run yet      asking    the program runs (never twice at once)
 *   good      requests carry it    proving   another token was found, and one harmless call tries it
 *   refused   nothing is sent      pending   that call brought no answer that tells: it is made again when somebody
 *             with it any more               wants to send
 *                                  undone    there was no memory to look: as soon as somebody wants to send
 *
 * While the token in use is good, requests go on with it, whatever the search does: another takes its place only when
 * it was proved. While there is none that is good, requests wait for a search under way; when it ends in vain they are
 * refused, as are all that come later ("latched"), until the source holds another token.
 *
 * The source is looked at when its file changes, after a refusal, when told to, and while latched when somebody wants
 * to send. Each token in use has a number that counts up, so that of many requests refused together the first one
 * looks, and the others see that it has moved on.
 */
#ifndef SKY_CREDENTIAL_H
#define SKY_CREDENTIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "clock.h"
#include "failure.h"
#include "filewatch.h"
#include "fsio.h"
#include "token.h"

enum {
    CREDENTIAL_LOOK_MS = 1000,      /* while latched, a file is read at most once in this time … */
    CREDENTIAL_RUN_MS = 30 * 1000,  /* … and a program run */
    CREDENTIAL_PROVE_MS = 2 * 1000, /* before a proof is tried again; doubles … */
    CREDENTIAL_PROVE_MS_MAX = 256 * 1000,
};

typedef struct Credential Credential;

/* ---- deciding: pure ---- */

enum CredentialStep { CREDENTIAL_KEEP, CREDENTIAL_ADOPT, CREDENTIAL_PROVE };

typedef struct CredentialFacts {
    bool none, refused; /* the token in use */
    bool same;          /* the source holds that very one … */
    bool barred;        /* … or one that was refused when it was tried */
    bool told;          /* somebody told us to look */
} CredentialFacts;

/* What to do with the token that the source holds. */
enum CredentialStep credential_decide(const CredentialFacts *facts);

enum CredentialProof {
    CREDENTIAL_TAKEN,     /* the API took it */
    CREDENTIAL_REFUSED,   /* 401 */
    CREDENTIAL_FORBIDDEN, /* 403: the API knows it, and lets it do less than the call that any token may make */
    CREDENTIAL_UNTOLD,    /* any other outcome says nothing of the token */
};

enum CredentialEnd { CREDENTIAL_SWITCH, CREDENTIAL_BAR, CREDENTIAL_LATER };

/* What to do after a proof. One that may do less takes no good one's place, but is better than a refused one. */
enum CredentialEnd credential_end(enum CredentialProof proof, bool refused);

/* ---- doing ---- */

typedef struct CredentialLinks {
    Clock *clock;
    Fsio *fsio;
    FileWatcher *watcher; /* NULL: no file is watched */
    Programs *programs;   /* NULL: no command can be run */
    /* Starts one harmless call with credential_found(); credential_proved() tells what came of it, later. 0, or a
     * negative code: there is none. */
    int (*prove)(void *ctx);
    void *ctx;
} CredentialLinks;

/* A place among those who wait for a token that is good. Its owner makes it; zeroed, it waits for nothing. */
typedef struct CredentialWaiter {
    void (*wake)(void *ctx, const Failure *failure); /* NULL: ask again; or there is none, and why. From the loop */
    void *ctx;
    bool waiting; /* private, as all below */
    struct CredentialWaiter *prev, *next;
} CredentialWaiter;

/* Loads the token, but for a command's. 0, or the failure's code. Links and source are copied, but for a value. */
int credential_new(const TokenSource *source, const CredentialLinks *links, Credential **ret_credential,
                   Failure *ret_failure);
/* Wipes and frees; nobody waits any more. Takes NULL. */
void credential_free(Credential *credential);
/* The token and its number; borrowed until the next call into here. Or NULL: with a failure, or, where that has no
 * code, `waiter` waits. */
const char *credential_use(Credential *credential, CredentialWaiter *waiter, uint64_t *ret_number,
                           Failure *ret_failure);
/* Waits no more, if it did. */
void credential_leave(Credential *credential, CredentialWaiter *waiter);
/* The API refused token `number`, as `refusal` says. True: there is another, or may be soon, so asking for it again
 * makes sense. False: it is latched. */
bool credential_refused(Credential *credential, uint64_t number, const Failure *refusal);
/* The API took token `number`. */
void credential_taken(Credential *credential, uint64_t number);
/* The token in use, even if it was refused; NULL if there is none yet. Borrowed as above, as is the next. */
const char *credential_in_use(const Credential *credential);
/* The token to prove. */
const char *credential_found(const Credential *credential);
/* What came of the proof. */
void credential_proved(Credential *credential, enum CredentialProof proof, const Failure *failure);
/* Looks at the source, and tries what it holds even if that was refused before. Its outcome is logged. */
void credential_reload(Credential *credential);
bool credential_latched(const Credential *credential);
/* Why, while it is latched: as whoever wants to send is told. */
Failure credential_reason(const Credential *credential);
/* Overwrites all tokens known here in a text. */
void credential_hide(const Credential *credential, char *text);
void credential_facts(const Credential *credential, TokenFacts *ret_facts);
/* How messages call the source. */
const char *credential_named(const Credential *credential);

#endif
