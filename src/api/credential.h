/*
 * credential: the token in use, and what becomes of it when the API refuses it. Internal to api.
 *
 *   good      requests carry the token
 *   latched   it was refused, and its source still holds the same: no request is sent until the source changes
 *
 * Each token has a number that counts up, so that of many requests refused together only the first reads the source
 * again; the others see that the number has moved on.
 */
#ifndef SKY_CREDENTIAL_H
#define SKY_CREDENTIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "clock.h"
#include "failure.h"
#include "fsio.h"
#include "token.h"

enum { CREDENTIAL_LOOK_MS = 1000 }; /* while latched, the source is read at most once in this time */

typedef struct Credential Credential;

/* Loads the token. 0, or the failure's code. The source's texts are copied. */
int credential_new(const TokenSource *source, Clock *clock, Fsio *fsio, Credential **ret_credential,
                   Failure *ret_failure);
/* Wipes and frees. Takes NULL. */
void credential_free(Credential *credential);
/* The token and its number; borrowed until the next call into here. While latched it may look whether the source has
 * changed; NULL with the failure if not. */
const char *credential_use(Credential *credential, uint64_t *ret_number, Failure *ret_failure);
/* The API refused token `number`, as `refusal` says. True: there is another now, so sending again makes sense. False:
 * it is latched. */
bool credential_refused(Credential *credential, uint64_t number, const Failure *refusal);
/* Opens the latch and loads again; the old token stays where that fails. 0, or the failure's code. */
int credential_reload(Credential *credential, Failure *ret_failure);
bool credential_latched(const Credential *credential);
/* How messages call the source. */
const char *credential_named(const Credential *credential);

#endif
