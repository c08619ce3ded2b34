/* The sandbox's token, the tokens before it, and what each has used of its limits.
 *
 * Limits belong to a token: a new one starts with nothing used. Use is not kept across restarts; the token is, in the
 * file `token` of the work folder (mode 0600, one line). */
#ifndef SANDBOX_TOKENS_H
#define SANDBOX_TOKENS_H

#include "options.h"
#include "workdir.h"

#include <stdint.h>

typedef struct Tokens Tokens;

typedef enum TokenKind {
    TOKEN_NONE,    /* no Authorization header, or not `Bearer`, one space, a token */
    TOKEN_OTHER,   /* never was ours */
    TOKEN_FOREIGN, /* looks like one for the other environment */
    TOKEN_OLD,     /* was ours, and is not accepted any more or only for now */
    TOKEN_CURRENT
} TokenKind;

typedef struct TokenSight {
    TokenKind kind;
    bool accepted;
} TokenSight;

/* How a request stands with the limits of its token. */
typedef struct TokenUse {
    int64_t wait_ms; /* 0: admitted, and counted */
    int64_t minute_left;
    int64_t minute_reset_ms; /* until a slot of the minute is free again */
} TokenUse;

/* Takes the token from its file, or makes one for this environment and writes it. NULL after a line on stderr. */
Tokens *tokens_open(const Workdir *dir, Environment environment);
void tokens_close(Tokens *tokens);

/* What an Authorization header (NULL: none) is. */
TokenSight tokens_look(Tokens *tokens, const char *header);

/* Counts a request of an accepted token, unless one of its limits (0: none) is reached. */
TokenUse tokens_admit(Tokens *tokens, const char *header, int64_t per_minute, int64_t per_day);

/* Makes `text` (NULL: a random one) the current token. With `keep_old` the former ones that were accepted still are;
 * with `write_file` the file follows. Adds the new token to `ret`. Gives 0 or the negative errno of writing. */
int tokens_rotate(Tokens *tokens, const char *text, bool keep_old, bool write_file, Buf *ret);

#endif
