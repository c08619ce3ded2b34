/*
 * sources: where the token comes from, by the order of precedence.
 */
#ifndef SKY_SOURCES_H
#define SKY_SOURCES_H

#include "failure.h"
#include "token.h"

typedef struct TokenChoice {
    TokenSource source; /* points into what follows */
    char *path;
    char *value;
    char *named;
} TokenChoice;

/* The first of: token_file (may be NULL), $SKYSTACK_TOKEN, $CREDENTIALS_DIRECTORY/skystack-token,
 * $XDG_CONFIG_HOME/skystackfs/token, /etc/skystackfs/token. $SKYSTACK_TOKEN is wiped from the environment in any case.
 * 0, or -ERR_TOKEN and where was looked. */
int token_choose(const char *token_file, TokenChoice *ret_choice, Failure *ret_failure);
/* Wipes and frees. */
void token_choice_release(TokenChoice *choice);

#endif
