/*
 * api_token: the token of an API, for who starts it and tells of it.
 */
#ifndef SKY_API_TOKEN_H
#define SKY_API_TOKEN_H

#include "api.h"

/* Failure is NULL if there is a token. */
typedef void (*api_token_fn)(void *ctx, const Failure *failure);

/* Has a token's command run, where that is the source. 1: `done` will run, once, from the loop. 0: there is a token
 * already. Or the failure's code: it can't be run. Once, before anything is asked of the API. */
int api_fetch_token(Api *api, api_token_fn done, void *ctx, Failure *ret_failure);
/* Reads the token again (SIGHUP), and tries what is there even if that was refused before. The one in use stays so
 * until the new one is proved. The outcome is logged. */
void api_reload_token(Api *api);
/* Whether it was refused, and nothing is sent until it changes; ret_failure says why then. */
bool api_token_latched(const Api *api, Failure *ret_failure);
void api_token_facts(const Api *api, TokenFacts *ret_facts);

#endif
