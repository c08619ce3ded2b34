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
    char **command;
    char *value;
    char *named;
} TokenChoice;

/* The first of: token_file, token_command (each may be NULL), $SKYSTACK_TOKEN, $CREDENTIALS_DIRECTORY/skystack-token,
 * $XDG_CONFIG_HOME/skystackfs/token, /etc/skystackfs/token. $SKYSTACK_TOKEN is wiped from the environment in any case.
 * 0, or -ERR_TOKEN and where was looked, or -ERR_INVALID for a command that is none. */
int token_choose(const char *token_file, const char *token_command, TokenChoice *ret_choice, Failure *ret_failure);
/* Wipes and frees. */
void token_choice_release(TokenChoice *choice);

#endif
