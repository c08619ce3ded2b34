#include "credential.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "log.h"

struct Credential {
    TokenSource source; /* owns its texts */
    Clock *clock;
    Fsio *fsio;
    Token token;
    uint64_t number;
    bool latched;
    int64_t looked_ms; /* when the source was last read while latched */
    Failure refusal;   /* for all that come while latched */
};

static int copy_text(const char *text, const char **ret_copy)
{
    *ret_copy = text ? strdup(text) : NULL;
    return text && !*ret_copy ? -ERR_NO_MEMORY : 0;
}

static int copy_source(const TokenSource *from, TokenSource *to)
{
    int r = copy_text(from->file, &to->file);

    if (r == 0)
        r = copy_text(from->value, &to->value);
    if (r == 0)
        r = copy_text(from->named ? from->named : "the token", &to->named);
    return r;
}

int credential_new(const TokenSource *source, Clock *clock, Fsio *fsio, Credential **ret_credential,
                   Failure *ret_failure)
{
    Credential *credential = calloc(1, sizeof *credential);
    int r = credential ? copy_source(source, &credential->source) : -ERR_NO_MEMORY;

    if (r < 0) {
        *ret_failure = failure_make(r, "%s", error_sentence(r));
        credential_free(credential);
        return r;
    }
    credential->clock = clock;
    credential->fsio = fsio;
    credential->number = 1;
    r = token_load(&credential->source, fsio, &credential->token, ret_failure);
    if (r < 0) {
        credential_free(credential);
        return r;
    }
    *ret_credential = credential;
    return 0;
}

static void wipe_text(const char *text)
{
    if (text)
        explicit_bzero((char *)(uintptr_t)text, strlen(text));
    free((char *)(uintptr_t)text);
}

void credential_free(Credential *credential)
{
    if (!credential)
        return;
    wipe_text(credential->source.file);
    wipe_text(credential->source.value);
    wipe_text(credential->source.named);
    token_wipe(&credential->token);
    free(credential);
}

/* Reads the source. True if it holds another token than the one in use, which it then replaces. */
static bool look(Credential *credential)
{
    Token found = {0};
    Failure failure;
    bool changed = false;

    credential->looked_ms = clock_now_ms(credential->clock);
    if (token_load(&credential->source, credential->fsio, &found, &failure) == 0)
        changed = strcmp(found.text, credential->token.text) != 0;
    if (changed) {
        credential->token = found;
        credential->number++;
        credential->latched = false;
        log_info("The token was read anew from %s.", credential->source.named);
    }
    token_wipe(&found);
    return changed;
}

static bool may_look(const Credential *credential)
{
    return credential->source.file && clock_now_ms(credential->clock) - credential->looked_ms >= CREDENTIAL_LOOK_MS;
}

const char *credential_use(Credential *credential, uint64_t *ret_number, Failure *ret_failure)
{
    if (credential->latched && !(may_look(credential) && look(credential))) {
        *ret_failure = credential->refusal;
        return NULL;
    }
    *ret_number = credential->number;
    return credential->token.text;
}

static void latch(Credential *credential, const Failure *refusal)
{
    Failure *kept = &credential->refusal;

    credential->latched = true;
    *kept = failure_make(-ERR_TOKEN, "The API refused the token (%s); nothing is sent until it changes.",
                         credential->source.named);
    memcpy(kept->api_code, refusal->api_code, sizeof kept->api_code);
    memcpy(kept->request_id, refusal->request_id, sizeof kept->request_id);
    failure_set_mend(kept, "%s", refusal->mend);
    log_error("The API refused the token (%s); no request is sent until it changes.", credential->source.named);
}

bool credential_refused(Credential *credential, uint64_t number, const Failure *refusal)
{
    if (number != credential->number)
        return true;
    if (credential->latched)
        return false;
    if (credential->source.file && look(credential))
        return true;
    latch(credential, refusal);
    return false;
}

int credential_reload(Credential *credential, Failure *ret_failure)
{
    Token found = {0};
    int r = token_load(&credential->source, credential->fsio, &found, ret_failure);

    if (r == 0) {
        credential->token = found;
        credential->number++;
    }
    credential->latched = false;
    token_wipe(&found);
    return r;
}

bool credential_latched(const Credential *credential)
{
    return credential->latched;
}

const char *credential_named(const Credential *credential)
{
    return credential->source.named;
}
