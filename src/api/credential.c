#include "credential.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "error.h"
#include "log.h"
#include "secret.h"

enum Standing { STANDING_NONE, STANDING_GOOD, STANDING_REFUSED };
enum Search { SEARCH_RESTING, SEARCH_ASKING, SEARCH_PROVING, SEARCH_PENDING, SEARCH_UNDONE };

/* On pages of their own. */
typedef struct Kept {
    Token used, found, barred; /* barred: refused when it was tried; "" if none was */
} Kept;

struct Credential {
    TokenSource source; /* owns its texts; no value */
    CredentialLinks links;
    Kept *kept;
    enum Standing standing;
    enum Search search;
    uint64_t number;
    bool proved, told;
    bool again;      /* look once more when the proof is over */
    bool latch_told; /* in the log */
    int64_t next_ms; /* before that the source is not looked at, nor a proof repeated, for those who want to send */
    unsigned untold; /* proofs in a row that told nothing */
    int64_t since_wall_ms, refused_wall_ms;
    Failure refusal; /* of the token in use */
    Failure trouble; /* with the newest one that was found; code 0: none */
    FileWatch *watch;
    Program *program;
    CredentialWaiter *waiters;
};

/* ---- deciding ---- */

enum CredentialStep credential_decide(const CredentialFacts *facts)
{
    if (facts->none)
        return CREDENTIAL_ADOPT;
    if (facts->same)
        return facts->refused && facts->told ? CREDENTIAL_PROVE : CREDENTIAL_KEEP;
    return facts->barred && !facts->told ? CREDENTIAL_KEEP : CREDENTIAL_PROVE;
}

enum CredentialEnd credential_end(enum CredentialProof proof, bool refused)
{
    switch (proof) {
    case CREDENTIAL_TAKEN:
        return CREDENTIAL_SWITCH;
    case CREDENTIAL_FORBIDDEN:
        return refused ? CREDENTIAL_SWITCH : CREDENTIAL_BAR;
    case CREDENTIAL_REFUSED:
        return CREDENTIAL_BAR;
    case CREDENTIAL_UNTOLD:
        break;
    }
    return CREDENTIAL_LATER;
}

/* ---- those who wait ---- */

static bool is_searching(const Credential *credential)
{
    return credential->search == SEARCH_ASKING || credential->search == SEARCH_PROVING;
}

/* Whether it ended without telling anything. */
static bool is_unfinished(const Credential *credential)
{
    return credential->search == SEARCH_PENDING || credential->search == SEARCH_UNDONE;
}

static bool is_due(const Credential *credential)
{
    return clock_now_ms(credential->links.clock) >= credential->next_ms;
}

/* Why there is no token to send with. */
static Failure reason(const Credential *credential)
{
    const Failure *trouble = &credential->trouble;
    Failure failure = credential->refusal;

    if (is_unfinished(credential) || credential->standing == STANDING_NONE)
        return *trouble;
    if (trouble->code < 0) {
        Failure both = failure_make(-ERR_TOKEN, "The API refused the token (%s), and there is no other. %s",
                                    credential->source.named, failure_sentence(trouble));

        memcpy(failure.message, both.message, sizeof failure.message);
        failure_set_mend(&failure, "%s", trouble->mend);
    }
    return failure;
}

void credential_leave(Credential *credential, CredentialWaiter *waiter)
{
    if (waiter->waiting)
        DL_DELETE(credential->waiters, waiter);
    waiter->waiting = false;
}

/* One by one from the front: what a waiter does may make others leave. */
static void wake_all(Credential *credential)
{
    const Failure failure = reason(credential);
    const Failure *why = credential->standing == STANDING_GOOD ? NULL : &failure;
    CredentialWaiter *waiter;

    while ((waiter = credential->waiters) != NULL) {
        credential_leave(credential, waiter);
        waiter->wake(waiter->ctx, why);
    }
}

/* ---- the outcomes of a search ---- */

static void say_trouble(Credential *credential, const Failure *failure)
{
    bool known =
        credential->trouble.code == failure->code && strcmp(credential->trouble.message, failure->message) == 0;

    credential->trouble = *failure;
    if (!known)
        log_warn("%s %s", failure_sentence(failure), failure->mend);
}

/* The search is over, and nothing better was found: whoever waits is refused. */
static void rest(Credential *credential)
{
    if (credential_latched(credential) && !credential->latch_told) {
        credential->latch_told = true;
        log_error("%s", reason(credential).message);
    }
    wake_all(credential);
}

static void adopt(Credential *credential, bool proved)
{
    Kept *kept = credential->kept;

    kept->used = kept->found;
    token_wipe(&kept->found);
    token_wipe(&kept->barred);
    credential->standing = STANDING_GOOD;
    credential->proved = proved;
    credential->number++;
    credential->untold = 0;
    credential->latch_told = false;
    credential->trouble = (Failure){0};
    credential->since_wall_ms = clock_wall_ms(credential->links.clock);
    credential->refused_wall_ms = 0;
    if (credential->number > 1)
        log_info("The token was read again from %s; requests go on with the new one.", credential->source.named);
    wake_all(credential);
}

/* ---- proving ---- */

static int64_t pause_ms(unsigned untold)
{
    int64_t pause = (int64_t)CREDENTIAL_PROVE_MS << (untold < 7 ? untold : 7);

    return pause < CREDENTIAL_PROVE_MS_MAX ? pause : CREDENTIAL_PROVE_MS_MAX;
}

/* An API that does not answer gets time; want of memory is no reason to wait once somebody wants to send. */
static void postpone(Credential *credential, const Failure *failure)
{
    bool our_own = failure->code == -ERR_NO_MEMORY;

    credential->search = SEARCH_PENDING;
    credential->next_ms = clock_now_ms(credential->links.clock) + (our_own ? 0 : pause_ms(credential->untold++));
    credential->trouble = *failure;
    log_warn("The new token (%s) could not be tried: %s", credential->source.named, failure_sentence(failure));
}

static void prove(Credential *credential)
{
    Failure failure;
    int r;

    credential->search = SEARCH_PROVING;
    r = credential->links.prove(credential->links.ctx);
    if (r == 0)
        return;
    failure = failure_make(r, "%s", error_sentence(r));
    postpone(credential, &failure);
    rest(credential);
}

static void bar(Credential *credential, const Failure *failure)
{
    Kept *kept = credential->kept;
    Failure trouble = *failure;
    Failure said = failure_make(failure->code, "The API refused the new token (%s)%s", credential->source.named,
                                credential->standing == STANDING_GOOD ? "; the one before stays in use." : ".");

    memcpy(trouble.message, said.message, sizeof trouble.message);
    kept->barred = kept->found;
    token_wipe(&kept->found);
    say_trouble(credential, &trouble);
}

/* ---- looking ---- */

static bool same(const Token *one, const Token *other)
{
    return strcmp(one->text, other->text) == 0;
}

/* The token in `found` comes from the source. */
static void on_found(Credential *credential)
{
    const Kept *kept = credential->kept;
    const CredentialFacts facts = {.none = credential->standing == STANDING_NONE,
                                   .refused = credential->standing == STANDING_REFUSED,
                                   .same = same(&kept->found, &kept->used),
                                   .barred = same(&kept->found, &kept->barred),
                                   .told = credential->told};

    if (credential->told && facts.same)
        log_info("The token was read again from %s: it is the same.", credential->source.named);
    credential->told = false;
    switch (credential_decide(&facts)) {
    case CREDENTIAL_ADOPT:
        adopt(credential, false);
        break;
    case CREDENTIAL_PROVE:
        prove(credential);
        break;
    case CREDENTIAL_KEEP:
        if (facts.same)
            credential->trouble = (Failure){0};
        token_wipe(&credential->kept->found);
        rest(credential);
    }
}

/* For want of memory nothing was looked at, so that the old token is not known to be the only one. */
static void leave_undone(Credential *credential)
{
    credential->search = SEARCH_UNDONE;
    credential->next_ms = clock_now_ms(credential->links.clock);
}

static void on_looked(Credential *credential, const Failure *failure)
{
    credential->search = SEARCH_RESTING;
    if (failure->code == 0) {
        on_found(credential);
        return;
    }
    if (failure->code == -ERR_NO_MEMORY)
        leave_undone(credential);
    else
        credential->told = false;
    say_trouble(credential, failure);
    rest(credential);
}

static void on_printed(void *ctx, const ProgramEnd *end)
{
    Credential *credential = ctx;
    Failure failure = {0};

    credential->program = NULL;
    (void)token_take_output(&credential->source, end, &credential->kept->found, &failure);
    on_looked(credential, &failure);
}

static void ask(Credential *credential)
{
    const ProgramOrder order = {
        .words = credential->source.command, .output_cap = TOKEN_BYTES_MAX + 2, .timeout_ms = TOKEN_COMMAND_MS};
    Programs *programs = credential->links.programs;
    int r =
        programs ? programs_start(programs, &order, on_printed, credential, &credential->program) : -ERR_NOT_SUPPORTED;
    Failure failure;

    credential->search = SEARCH_ASKING;
    if (r == 0)
        return;
    token_refuse_start(&credential->source, r, &failure);
    on_looked(credential, &failure);
}

static void look(Credential *credential)
{
    const TokenSource *source = &credential->source;
    Failure failure = {0};

    credential->again = false;
    credential->next_ms =
        clock_now_ms(credential->links.clock) + (source->command ? CREDENTIAL_RUN_MS : CREDENTIAL_LOOK_MS);
    if (source->command) {
        ask(credential);
        return;
    }
    if (source->file)
        (void)token_load(source, credential->links.fsio, &credential->kept->found, &failure);
    else
        credential->kept->found = credential->kept->used;
    on_looked(credential, &failure);
}

/* Looks now, or when what is under way is over. A program that runs is the look. */
static void look_soon(Credential *credential)
{
    if (credential->search == SEARCH_PROVING)
        credential->again = true;
    else if (credential->search != SEARCH_ASKING)
        look(credential);
}

static void on_changed(void *ctx)
{
    look_soon(ctx);
}

void credential_proved(Credential *credential, enum CredentialProof proof, const Failure *failure)
{
    enum CredentialEnd end = credential_end(proof, credential->standing == STANDING_REFUSED);

    credential->search = SEARCH_RESTING;
    if (end == CREDENTIAL_SWITCH)
        adopt(credential, true);
    else if (end == CREDENTIAL_BAR)
        bar(credential, failure);
    else
        postpone(credential, failure);
    if (credential->again)
        look(credential);
    else if (end != CREDENTIAL_SWITCH)
        rest(credential);
}

void credential_reload(Credential *credential)
{
    credential->told = true;
    look_soon(credential);
}

/* ---- sending ---- */

/* While latched the source is looked at when somebody wants to send. */
static bool is_look_wanted(const Credential *credential)
{
    return credential->search == SEARCH_UNDONE ||
           (credential->search == SEARCH_RESTING && credential->standing != STANDING_GOOD &&
            (credential->source.file || credential->source.command));
}

static void resume(Credential *credential)
{
    if (!is_due(credential))
        return;
    if (credential->search == SEARCH_PENDING)
        prove(credential);
    else if (is_look_wanted(credential))
        look(credential);
}

const char *credential_use(Credential *credential, CredentialWaiter *waiter, uint64_t *ret_number, Failure *ret_failure)
{
    resume(credential);
    if (credential->standing == STANDING_GOOD) {
        *ret_number = credential->number;
        return credential->kept->used.text;
    }
    if (!is_searching(credential)) {
        *ret_failure = reason(credential);
        return NULL;
    }
    ret_failure->code = 0;
    waiter->waiting = true;
    DL_APPEND(credential->waiters, waiter);
    return NULL;
}

static void keep_refusal(Credential *credential, const Failure *refusal)
{
    Failure *kept = &credential->refusal;

    *kept = failure_make(-ERR_TOKEN, "The API refused the token (%s); nothing is sent until it changes.",
                         credential->source.named);
    memcpy(kept->api_code, refusal->api_code, sizeof kept->api_code);
    memcpy(kept->request_id, refusal->request_id, sizeof kept->request_id);
    failure_set_mend(kept, "%s", refusal->mend);
}

bool credential_refused(Credential *credential, uint64_t number, const Failure *refusal)
{
    if (number == credential->number && credential->standing == STANDING_GOOD) {
        credential->standing = STANDING_REFUSED;
        credential->refused_wall_ms = clock_wall_ms(credential->links.clock);
        keep_refusal(credential, refusal);
        token_wipe(&credential->kept->barred); /* what was refused beside a good one may be good by now */
        if (!is_searching(credential))
            look(credential);
    }
    return credential->standing == STANDING_GOOD || is_searching(credential) ||
           (is_unfinished(credential) && is_due(credential));
}

void credential_taken(Credential *credential, uint64_t number)
{
    if (number == credential->number)
        credential->proved = true;
}

const char *credential_in_use(const Credential *credential)
{
    return credential->standing == STANDING_NONE ? NULL : credential->kept->used.text;
}

const char *credential_found(const Credential *credential)
{
    return credential->kept->found.text;
}

/* ---- telling ---- */

Failure credential_reason(const Credential *credential)
{
    Failure failure = reason(credential);

    failure.sent = FAILURE_NOT_SENT;
    return failure;
}

bool credential_latched(const Credential *credential)
{
    return credential->standing == STANDING_REFUSED && credential->search == SEARCH_RESTING;
}

const char *credential_named(const Credential *credential)
{
    return credential->source.named;
}

void credential_hide(const Credential *credential, char *text)
{
    token_hide(&credential->kept->used, text);
    token_hide(&credential->kept->found, text);
    token_hide(&credential->kept->barred, text);
}

void credential_facts(const Credential *credential, TokenFacts *ret_facts)
{
    *ret_facts = (TokenFacts){.named = credential->source.named,
                              .since_wall_ms = credential->since_wall_ms,
                              .refused_wall_ms = credential->refused_wall_ms,
                              .proved = credential->proved,
                              .searching = is_searching(credential),
                              .trouble = credential->trouble};
}

/* ---- making and freeing ---- */

/* A file that can't be watched is read when the API refuses what it held. */
static void watch(Credential *credential)
{
    FileWatcher *watcher = credential->links.watcher;

    if (watcher && credential->source.file &&
        filewatch_start(watcher, credential->source.file, on_changed, credential, &credential->watch) < 0)
        log_warn("%s can't be watched for changes; it is read when the API refuses the token, and on SIGHUP.",
                 credential->source.named);
}

/* Watched first: a change while it is read is seen after. */
static int load(Credential *credential, const TokenSource *source, Failure *ret_failure)
{
    int r;

    if (source->command)
        return 0;
    watch(credential);
    r = token_load(source, credential->links.fsio, &credential->kept->found, ret_failure);
    if (r == 0)
        adopt(credential, false);
    return r;
}

int credential_new(const TokenSource *source, const CredentialLinks *links, Credential **ret_credential,
                   Failure *ret_failure)
{
    Credential *credential = calloc(1, sizeof *credential);
    int r = credential ? token_source_copy(source, &credential->source) : -ERR_NO_MEMORY;

    if (r == 0) {
        credential->links = *links;
        credential->kept = secret_new(sizeof *credential->kept);
        r = credential->kept ? 0 : -ERR_NO_MEMORY;
    }
    if (r < 0)
        *ret_failure = failure_make(r, "%s", error_sentence(r));
    else
        r = load(credential, source, ret_failure);
    if (r < 0) {
        credential_free(credential);
        return r;
    }
    *ret_credential = credential;
    return 0;
}

void credential_free(Credential *credential)
{
    if (!credential)
        return;
    filewatch_stop(credential->watch);
    program_cancel(credential->program);
    token_source_release(&credential->source);
    secret_free(credential->kept, sizeof *credential->kept);
    free(credential);
}
