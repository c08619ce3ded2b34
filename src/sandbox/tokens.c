#include "tokens.h"

#include "clock.h"
#include "mem.h"
#include "window.h"

#include <errno.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Token {
    struct Token *older;
    char *text;
    bool accepted;
    Window minute, day;
} Token;

struct Tokens {
    pthread_mutex_t lock;
    const Workdir *dir;
    Environment environment;
    Token *newest;
};

static const char scheme[] = "Bearer ";
static const char *const prefixes[] = {[ENVIRONMENT_SANDBOX] = "sky_sbx_", [ENVIRONMENT_PRODUCTION] = "sky_live_"};

static void put_random(const Tokens *tokens, Buf *out)
{
    unsigned char bytes[20];
    if (RAND_bytes(bytes, sizeof bytes) != 1)
        abort();
    buf_puts(out, prefixes[tokens->environment]);
    for (size_t i = 0; i < sizeof bytes; i++)
        buf_printf(out, "%02x", bytes[i]);
}

static void push(Tokens *tokens, char *text)
{
    Token *token = mem_new(sizeof *token);
    token->older = tokens->newest;
    token->text = text;
    token->accepted = true;
    window_init(&token->minute, WINDOW_MINUTE_MS);
    window_init(&token->day, WINDOW_DAY_MS);
    tokens->newest = token;
}

static int write_token(Tokens *tokens)
{
    Buf line = {0};
    buf_printf(&line, "%s\n", tokens->newest->text);
    int error = workdir_write(tokens->dir, "token", buf_text(&line));
    buf_release(&line);
    return error;
}

static int first_token(Tokens *tokens)
{
    Buf text = {0};
    int error = workdir_read(tokens->dir, "token", &text);
    if (error && error != -ENOENT) {
        buf_release(&text);
        return error;
    }
    if (text.len)
        text.data[strcspn(text.data, "\r\n")] = '\0';
    bool kept = text.len && *text.data;
    if (!kept)
        put_random(tokens, &text);
    push(tokens, buf_take(&text));
    return kept ? 0 : write_token(tokens);
}

Tokens *tokens_open(const Workdir *dir, Environment environment)
{
    Tokens *tokens = mem_new(sizeof *tokens);
    pthread_mutex_init(&tokens->lock, NULL);
    tokens->dir = dir;
    tokens->environment = environment;
    int error = first_token(tokens);
    if (!error)
        return tokens;
    fprintf(stderr, "skystack-sandbox: token file: %s\n", strerror(-error));
    tokens_close(tokens);
    return NULL;
}

void tokens_close(Tokens *tokens)
{
    if (!tokens)
        return;
    for (Token *token = tokens->newest; token;) {
        Token *older = token->older;
        window_release(&token->minute);
        window_release(&token->day);
        free(token->text);
        free(token);
        token = older;
    }
    pthread_mutex_destroy(&tokens->lock);
    free(tokens);
}

static const char *credential(const char *header)
{
    if (!header || strncmp(header, scheme, strlen(scheme)) != 0)
        return NULL;
    const char *text = header + strlen(scheme);
    return *text && !strpbrk(text, " \t") ? text : NULL;
}

static Token *find(Tokens *tokens, const char *text)
{
    Token *token = tokens->newest;
    while (token && strcmp(token->text, text) != 0)
        token = token->older;
    return token;
}

static TokenSight look(Tokens *tokens, const char *text)
{
    const Token *token = find(tokens, text);
    if (token)
        return (TokenSight){token == tokens->newest ? TOKEN_CURRENT : TOKEN_OLD, token->accepted};
    const char *foreign =
        prefixes[tokens->environment == ENVIRONMENT_SANDBOX ? ENVIRONMENT_PRODUCTION : ENVIRONMENT_SANDBOX];
    bool is_foreign = strncmp(text, foreign, strlen(foreign)) == 0;
    return (TokenSight){is_foreign ? TOKEN_FOREIGN : TOKEN_OTHER, false};
}

TokenSight tokens_look(Tokens *tokens, const char *header)
{
    const char *text = credential(header);
    if (!text)
        return (TokenSight){TOKEN_NONE, false};
    pthread_mutex_lock(&tokens->lock);
    TokenSight sight = look(tokens, text);
    pthread_mutex_unlock(&tokens->lock);
    return sight;
}

static TokenUse admit(Token *token, size_t per_minute, size_t per_day, int64_t now)
{
    int64_t minute = window_wait_ms(&token->minute, per_minute, now);
    int64_t day = window_wait_ms(&token->day, per_day, now);
    TokenUse use = {.wait_ms = minute > day ? minute : day};
    if (!use.wait_ms) {
        window_add(&token->minute, now);
        window_add(&token->day, now);
    }
    size_t used = window_count(&token->minute, now);
    use.minute_left = used < per_minute ? (int64_t)(per_minute - used) : 0;
    use.minute_reset_ms = window_wait_ms(&token->minute, used, now);
    return use;
}

TokenUse tokens_admit(Tokens *tokens, const char *header, int64_t per_minute, int64_t per_day)
{
    const char *text = credential(header);
    TokenUse use = {0};
    pthread_mutex_lock(&tokens->lock);
    Token *token = text ? find(tokens, text) : NULL;
    if (token)
        use = admit(token, (size_t)per_minute, (size_t)per_day, clock_steady_ms());
    pthread_mutex_unlock(&tokens->lock);
    return use;
}

/* Takes a token out of the list if it is there, so that one can become current again with what it has used. */
static Token *pull(Tokens *tokens, const char *text)
{
    for (Token **at = &tokens->newest; *at; at = &(*at)->older)
        if (strcmp((*at)->text, text) == 0) {
            Token *token = *at;
            *at = token->older;
            return token;
        }
    return NULL;
}

static void make_current(Tokens *tokens, const char *text, bool keep_old)
{
    Token *again = pull(tokens, text);
    for (Token *token = tokens->newest; token; token = token->older)
        token->accepted = token->accepted && keep_old;
    if (!again) {
        push(tokens, mem_dup(text));
        return;
    }
    again->older = tokens->newest;
    again->accepted = true;
    tokens->newest = again;
}

int tokens_rotate(Tokens *tokens, const char *text, bool keep_old, bool write_file, Buf *ret)
{
    Buf made = {0};
    if (!text) {
        put_random(tokens, &made);
        text = made.data;
    }
    buf_puts(ret, text);
    pthread_mutex_lock(&tokens->lock);
    make_current(tokens, text, keep_old);
    int error = write_file ? write_token(tokens) : 0;
    pthread_mutex_unlock(&tokens->lock);
    buf_release(&made);
    return error;
}
