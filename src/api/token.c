#include "token.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "error.h"

/* Why a file may not be trusted, with its mend; NULL if it may. */
static const char *distrust(const FsioFacts *facts, uid_t user, const char **ret_mend)
{
    *ret_mend = NULL;
    if (facts->is_link) {
        *ret_mend = "Give the path of the file itself.";
        return "it is a symbolic link";
    }
    if (!facts->is_regular)
        return "it is not a regular file";
    if (facts->owner != user && facts->owner != 0)
        return "it belongs to somebody else";
    if (facts->mode != 0600 && facts->mode != 0400)
        return "others than its owner may use it";
    return NULL;
}

static int refuse_file(const TokenSource *source, const FsioFacts *facts, uid_t user, Failure *ret_failure)
{
    const char *mend, *reason = distrust(facts, user, &mend);

    if (!reason)
        return 0;
    *ret_failure =
        failure_make(-ERR_TOKEN, "The token's file (%s) is not trusted by user %u: %s (mode %04o, owner %u).",
                     source->named, (unsigned)user, reason, (unsigned)facts->mode, (unsigned)facts->owner);
    if (mend)
        failure_set_mend(ret_failure, "%s", mend);
    else if (facts->owner != user && facts->owner != 0)
        failure_set_mend(ret_failure, "chown %u %s && chmod 600 %s", (unsigned)user, source->file, source->file);
    else
        failure_set_mend(ret_failure, "chmod 600 %s", source->file);
    return -ERR_TOKEN;
}

static int refuse_read(const TokenSource *source, int code, uid_t user, Failure *ret_failure)
{
    *ret_failure = failure_make(code, "The token's file (%s) can't be read by user %u: %s", source->named,
                                (unsigned)user, error_sentence(code));
    if (code == -ERR_NOT_FOUND)
        failure_set_mend(ret_failure, "Write the token into %s, then chmod 600 %s", source->file, source->file);
    else if (code == -ERR_NO_ACCESS)
        failure_set_mend(ret_failure, "chown %u %s && chmod 600 %s", (unsigned)user, source->file, source->file);
    return code;
}

/* Wiped by the caller, whatever the outcome. */
static int read_file(const TokenSource *source, Fsio *fsio, Buf *into, Failure *ret_failure)
{
    FsioFacts facts = {0};
    uid_t user = geteuid();
    int r = fsio_read(fsio, source->file, into, &facts);

    if (r == -ERR_NOT_FOUND)
        return refuse_read(source, r, user, ret_failure);
    if (refuse_file(source, &facts, user, ret_failure) < 0)
        return -ERR_TOKEN;
    if (r < 0)
        return refuse_read(source, r, user, ret_failure);
    if (into->len > 0 && into->data[into->len - 1] == '\n')
        into->len--;
    if (into->len > 0 && into->data[into->len - 1] == '\r')
        into->len--;
    return 0;
}

static const char *find_fault(const char *text, size_t len)
{
    if (len == 0)
        return "it is empty";
    if (len > TOKEN_BYTES_MAX)
        return "it is too long";
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];

        if (c <= 0x20 || c >= 0x7f)
            return "it holds blanks, line ends, controls or bytes that are not ASCII";
    }
    return NULL;
}

static int take(const TokenSource *source, const char *text, size_t len, Token *ret_token, Failure *ret_failure)
{
    const char *fault = find_fault(text, len);

    if (fault) {
        *ret_failure = failure_make(-ERR_TOKEN, "The token (%s), read by user %u, can't be used: %s.", source->named,
                                    (unsigned)geteuid(), fault);
        failure_set_mend(ret_failure, "Store the token alone, in one line, as the developer console showed it.");
        return -ERR_TOKEN;
    }
    token_wipe(ret_token);
    memcpy(ret_token->text, text, len);
    return 0;
}

int token_load(const TokenSource *source, Fsio *fsio, Token *ret_token, Failure *ret_failure)
{
    _cleanup_buf_ Buf text = BUF_INIT(TOKEN_BYTES_MAX + 2);
    int r;

    if (!source->file)
        return take(source, source->value ? source->value : "", source->value ? strlen(source->value) : 0, ret_token,
                    ret_failure);
    /* room for all at once: a buffer that grows leaves copies behind */
    r = buf_resize(&text, TOKEN_BYTES_MAX + 2);
    if (r < 0) {
        *ret_failure = failure_make(r, "%s", error_sentence(r));
        return r;
    }
    buf_clear(&text);
    r = read_file(source, fsio, &text, ret_failure);
    if (r == 0)
        r = take(source, buf_text(&text), text.len, ret_token, ret_failure);
    explicit_bzero(text.data, TOKEN_BYTES_MAX + 2);
    return r;
}

void token_wipe(Token *token)
{
    explicit_bzero(token, sizeof *token);
}
