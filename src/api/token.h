/*
 * token: the bearer token, where it comes from, and whether its file may be trusted.
 *
 * A token never leaves this layer but in an Authorization header. Memory that held one is wiped before it is freed.
 */
#ifndef SKY_TOKEN_H
#define SKY_TOKEN_H

#include "failure.h"
#include "fsio.h"

enum { TOKEN_BYTES_MAX = 4096 };

typedef struct TokenSource {
    const char *file;  /* a path to read, now and after each refusal; or NULL */
    const char *value; /* the token itself, where there is no file */
    const char *named; /* how to call the source in messages: "token_file=/etc/…", "$SKYSTACK_TOKEN" */
} TokenSource;

typedef struct Token {
    char text[TOKEN_BYTES_MAX + 1];
} Token;

/*
 * Reads and checks the token. A file must be a regular one, no symbolic link, owned by this user or by root, mode 0600
 * or 0400; one line end at its end is dropped. The token must be printable ASCII without blanks, and not empty. Else
 * -ERR_TOKEN (or -ERR_NOT_FOUND, -ERR_NO_ACCESS …), and ret_failure names source, user and mend (`chmod 600 …`), never
 * the token.
 */
int token_load(const TokenSource *source, Fsio *fsio, Token *ret_token, Failure *ret_failure);
/* Overwrites it. */
void token_wipe(Token *token);

#endif
