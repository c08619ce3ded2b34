/*
 * token: the bearer token, where it comes from, and whether its source may be trusted.
 *
 * A token never leaves this layer but in an Authorization header. Memory that held one is wiped before it is freed.
 */
#ifndef SKY_TOKEN_H
#define SKY_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "failure.h"
#include "fsio.h"
#include "program.h"

enum { TOKEN_BYTES_MAX = 4096, TOKEN_COMMAND_MS = 30 * 1000 /* longest that a command may take */ };

/* One of the first three. */
typedef struct TokenSource {
    const char *file;     /* a path to read, now and whenever it changes */
    char *const *command; /* a program and its arguments, then NULL; it prints the token */
    const char *value;    /* the token itself */
    const char *named;    /* how to call the source in messages: "token_file=/etc/…", "$SKYSTACK_TOKEN" */
} TokenSource;

/* What status pages show. */
typedef struct TokenFacts {
    const char *named;       /* its source; borrowed for as long as the API lives */
    int64_t since_wall_ms;   /* when it came into use; 0: there is none yet */
    int64_t refused_wall_ms; /* when the API refused it; 0: it did not */
    bool proved;             /* the API took it, at least once */
    bool searching;          /* another one is being fetched or tried */
    Failure trouble;         /* with the newest one found, which is not in use; code 0: none */
} TokenFacts;

typedef struct Token {
    char text[TOKEN_BYTES_MAX + 1];
} Token;

/* Copies a source's texts, but for a value. 0 or -ERR_NO_MEMORY. Released by the other. */
int token_source_copy(const TokenSource *source, TokenSource *ret_copy);
void token_source_release(TokenSource *source);

/*
 * Reads and checks a token from a file or a value. A file must be a regular one, no symbolic link, owned by this user or by root, mode 0600
 * or 0400; one line end at its end is dropped. The token must be printable ASCII without blanks, and not empty. Else
 * -ERR_TOKEN (or -ERR_NOT_FOUND, -ERR_NO_ACCESS …), and ret_failure names source, user and mend (`chmod 600 …`), never
 * the token.
 */
int token_load(const TokenSource *source, Fsio *fsio, Token *ret_token, Failure *ret_failure);
/* The same for what a command printed, once it has ended; what it complained of is logged, without the token. */
int token_take_output(const TokenSource *source, const ProgramEnd *end, Token *ret_token, Failure *ret_failure);
/* Why a command could not be started at all: -ERR_TOKEN, or -ERR_NO_MEMORY. */
void token_refuse_start(const TokenSource *source, int code, Failure *ret_failure);
/* Overwrites it. */
void token_wipe(Token *token);
/* Overwrites it with asterisks wherever it stands in a text. */
void token_hide(const Token *token, char *text);

#endif
