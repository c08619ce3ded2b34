#include "token.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "error.h"
#include "log.h"
#include "trust.h"

/* ---- the source ---- */

static int copy_text(const char *text, const char **ret_copy)
{
    *ret_copy = text ? strdup(text) : NULL;
    return text && !*ret_copy ? -ERR_NO_MEMORY : 0;
}

static int copy_words(char *const *words, char *const **ret_copy)
{
    size_t count = 0;
    char **copy;

    while (words && words[count])
        count++;
    copy = count > 0 ? calloc(count + 1, sizeof *copy) : NULL;
    *ret_copy = copy;
    for (size_t i = 0; copy && i < count; i++) {
        copy[i] = strdup(words[i]);
        if (!copy[i])
            return -ERR_NO_MEMORY;
    }
    return copy || count == 0 ? 0 : -ERR_NO_MEMORY;
}

int token_source_copy(const TokenSource *source, TokenSource *ret_copy)
{
    TokenSource copy = {0};
    int r = copy_text(source->file, &copy.file);

    if (r == 0)
        r = copy_words(source->command, &copy.command);
    if (r == 0)
        r = copy_text(source->named ? source->named : "the token", &copy.named);
    if (r == 0)
        *ret_copy = copy;
    else
        token_source_release(&copy);
    return r;
}

void token_source_release(TokenSource *source)
{
    for (char *const *word = source->command; word && *word; word++)
        free(*word);
    free((void *)(uintptr_t)source->command);
    free((void *)(uintptr_t)source->file);
    free((void *)(uintptr_t)source->named);
    *source = (TokenSource){0};
}

/* ---- a file or a value ---- */

static size_t without_line_end(const char *text, size_t len)
{
    if (len > 0 && text[len - 1] == '\n')
        len--;
    if (len > 0 && text[len - 1] == '\r')
        len--;
    return len;
}

/* Wiped by the caller, whatever the outcome. */
static int read_file(const TokenSource *source, Fsio *fsio, Buf *into, Failure *ret_failure)
{
    const TrustFile file = {.what = "token", .path = source->file, .named = source->named};
    int r = trust_read(fsio, &file, into, ret_failure);

    if (r == 0)
        into->len = without_line_end(into->data, into->len);
    return r;
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

/* ---- a command ---- */

static Failure refuse_command(const TokenSource *source, const char *what)
{
    Failure failure = failure_make(-ERR_TOKEN, "The token's program (%s) %s.", source->named, what);

    failure_set_mend(&failure, "Run it by hand: it has to print the token alone, within %d s, and to end with 0.",
                     TOKEN_COMMAND_MS / 1000);
    return failure;
}

void token_refuse_start(const TokenSource *source, int code, Failure *ret_failure)
{
    char what[128];

    snprintf(what, sizeof what, "can't be started: %s",
             code == -ERR_NOT_FOUND   ? "it is not there"
             : code == -ERR_NO_ACCESS ? "this user may not"
                                      : error_sentence(code));
    *ret_failure = refuse_command(source, what);
    if (code == -ERR_NO_MEMORY)
        ret_failure->code = code; /* says nothing of the program */
}

/* What was printed may be the token, and programs that trace what they do repeat it in their complaints. */
static void copy_complaint(const ProgramEnd *end, Token *scratch, char ret_complaint[PROGRAM_COMPLAINT_BYTES + 1])
{
    size_t len = end->output_bytes < TOKEN_BYTES_MAX ? end->output_bytes : TOKEN_BYTES_MAX;

    memcpy(ret_complaint, end->complaint, end->complaint_bytes);
    ret_complaint[end->complaint_bytes] = '\0';
    memcpy(scratch->text, end->output, len);
    scratch->text[len] = '\0';
    scratch->text[strcspn(scratch->text, "\r\n")] = '\0';
    token_hide(scratch, ret_complaint);
    token_wipe(scratch);
}

/* A line of the log for each of its lines. The last one, "" if there is none; points into it. */
static const char *log_complaint(const TokenSource *source, char *complaint)
{
    const char *last = "";
    char *rest = complaint, *line;

    while ((line = strsep(&rest, "\n")) != NULL) {
        if (!*line)
            continue;
        log_warn("%s: %s", source->named, line);
        last = line;
    }
    return last;
}

static Failure refuse_end(const TokenSource *source, const ProgramEnd *end, const char *complaint)
{
    char what[FAILURE_MESSAGE_BYTES];

    if (end->code == -ERR_TIMEOUT)
        snprintf(what, sizeof what, "did not end within %d s and was killed", TOKEN_COMMAND_MS / 1000);
    else if (end->code == -ERR_TOO_BIG)
        snprintf(what, sizeof what, "printed more than a token can be and was killed");
    else if (end->signal)
        snprintf(what, sizeof what, "was ended by signal %d", end->signal);
    else
        snprintf(what, sizeof what, "ended with status %d%s%.200s", end->status, *complaint ? ": " : "", complaint);
    return refuse_command(source, what);
}

int token_take_output(const TokenSource *source, const ProgramEnd *end, Token *ret_token, Failure *ret_failure)
{
    char complaint[PROGRAM_COMPLAINT_BYTES + 1];
    const char *last;
    int r = -ERR_TOKEN;

    copy_complaint(end, ret_token, complaint);
    last = log_complaint(source, complaint);
    if (end->code == 0 && end->signal == 0 && end->status == 0)
        r = take(source, end->output, without_line_end(end->output, end->output_bytes), ret_token, ret_failure);
    else
        *ret_failure = refuse_end(source, end, last);
    return r;
}

/* ---- */

void token_wipe(Token *token)
{
    explicit_bzero(token, sizeof *token);
}

void token_hide(const Token *token, char *text)
{
    size_t len = strlen(token->text);

    if (len == 0)
        return;
    for (char *found = text; (found = strstr(found, token->text)) != NULL; found += len)
        memset(found, '*', len);
}
