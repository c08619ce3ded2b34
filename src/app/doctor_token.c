#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "api_token.h"
#include "doctor_net.h"
#include "error.h"
#include "random.h"
#include "sources.h"

enum { WAIT_MS = 3000, /* in line: one who asks how it is does not stand there */ SOURCE_BYTES = 512 };

static const char CHECK[] = "token", ANSWER[] = "api";

typedef struct Trial {
    const Way *way;
    TokenChoice choice;
    Programs *programs;
    Api *api;
    size_t projects;
    bool done;
    Failure failure; /* code 0: it went well */
} Trial;

/* Where it comes from, and of a file, whose it is. */
static void describe(const TokenSource *source, char into[SOURCE_BYTES])
{
    const struct passwd *owner;
    struct stat st;

    if (!source->file || lstat(source->file, &st) < 0) {
        snprintf(into, SOURCE_BYTES, "%s", source->named);
        return;
    }
    owner = getpwuid(st.st_uid);
    snprintf(into, SOURCE_BYTES, "%s (of %s, mode %04o)", source->named, owner ? owner->pw_name : "nobody known",
             (unsigned)(st.st_mode & 07777));
}

/* ---- asking ---- */

static void end(Trial *trial, const Failure *failure)
{
    if (failure)
        trial->failure = *failure;
    trial->done = true;
    loop_stop(trial->way->loop);
}

static void on_fetched(void *ctx, const Failure *failure)
{
    end(ctx, failure);
}

static void on_page(void *ctx, Resource *const *rows, size_t count)
{
    Trial *trial = ctx;

    trial->projects = rows ? trial->projects + count : 0;
}

static void on_listed(void *ctx, const Failure *failure, bool complete)
{
    (void)complete;
    end(ctx, failure);
}

static void wait_for(Trial *trial)
{
    if (!trial->done)
        loop_run(trial->way->loop);
    trial->done = false;
}

/* As a mount begins: the token is read, or its program run. Of the day's requests this one is not counted. */
static int fetch(Trial *trial)
{
    const Way *way = trial->way;
    const Settings *settings = way->settings;
    ApiConfig config = {
        .endpoint = settings->endpoint,
        .version = settings->api_version,
        .token = trial->choice.source,
        .programs = trial->programs,
        .timeout_ms = settings->timeout_ms,
        .wait_ms = settings->wait_ms < WAIT_MS ? settings->wait_ms : WAIT_MS,
    };
    int r =
        api_new(&config, way->net, loop_clock(way->loop), random_system(), fsio_system(), &trial->api, &trial->failure);

    if (r == 0)
        r = api_fetch_token(trial->api, on_fetched, trial, &trial->failure);
    if (r > 0)
        wait_for(trial);
    return r < 0 ? r : trial->failure.code;
}

static int try_it(Trial *trial)
{
    ApiCall *call;
    int r = api_list_projects(trial->api, API_CHANGE, on_page, on_listed, trial, &call);

    if (r < 0) {
        trial->failure = failure_make(r, "%s", error_sentence(r));
        return r;
    }
    wait_for(trial);
    return trial->failure.code;
}

/* ---- telling ---- */

static bool is_of_token(const Failure *failure)
{
    return failure->code == -ERR_TOKEN || failure->code == -ERR_FORBIDDEN;
}

static void tell_outcome(const Trial *trial, const char *source)
{
    Report *report = trial->way->report;
    Failure said = trial->failure, told;

    if (said.code == 0) {
        report_say(report, FINDING_GOOD, CHECK, "From %s; the API takes it.", source);
        report_say(report, FINDING_GOOD, ANSWER, "It is a SkyStack, and shows %zu projects.", trial->projects);
    } else if (is_of_token(&said)) {
        report_say(report, FINDING_GOOD, ANSWER, "It is a SkyStack.");
        told = failure_make(said.code, "From %s: %s", source, failure_sentence(&said));
        memcpy(said.message, told.message, sizeof said.message);
        report_failure(report, FINDING_BAD, CHECK, &said);
    } else {
        report_say(report, FINDING_SKIPPED, CHECK, "From %s; what the API makes of it is not known.", source);
        report_failure(report, said.code == -ERR_LIMITED ? FINDING_WARN : FINDING_BAD, ANSWER, &said);
    }
}

static void tell_version(const Trial *trial)
{
    Failure said = failure_make(0, "%s", api_notice(trial->api));

    if (!said.message[0])
        return;
    failure_set_mend(&said, "See whether a newer skystackfs asks for another api_version.");
    report_failure(trial->way->report, FINDING_WARN, "api version", &said);
}

static void try_token(Trial *trial, bool reachable)
{
    Report *report = trial->way->report;
    char source[SOURCE_BYTES];

    describe(&trial->choice.source, source);
    if (fetch(trial) < 0) {
        report_failure(report, FINDING_BAD, CHECK, &trial->failure);
    } else if (!reachable) {
        report_say(report, FINDING_SKIPPED, CHECK, "From %s; it can't be tried while the API can't be reached.",
                   source);
    } else {
        (void)try_it(trial);
        tell_outcome(trial, source);
        tell_version(trial);
    }
}

/* A mount's token may come from its own environment, or its own user's home. */
static bool is_elsewhere(const Trial *trial)
{
    const char *mounted = trial->way->token_named, *here = trial->choice.source.named;

    return mounted && (!here || strcmp(mounted, here) != 0);
}

void doctor_token(const Way *way, bool reachable)
{
    const char *value = getenv("SKYSTACK_TOKEN");
    char *kept = value ? strdup(value) : NULL;
    Trial trial = {.way = way, .programs = programs_new(way->loop)};

    if (token_choose(way->settings->token_file, way->settings->token_command, &trial.choice, &trial.failure) < 0)
        trial.choice = (TokenChoice){0};
    if (is_elsewhere(&trial))
        report_say(way->report, FINDING_SKIPPED, CHECK,
                   "The mount has it from %s, which is not seen from here; its status says what the API makes of it.",
                   way->token_named);
    else if (trial.failure.code < 0)
        report_failure(way->report, FINDING_BAD, CHECK, &trial.failure);
    else if (trial.programs)
        try_token(&trial, reachable);
    api_free(trial.api);
    programs_free(trial.programs);
    token_choice_release(&trial.choice);
    if (kept) { /* for the next source */
        setenv("SKYSTACK_TOKEN", kept, 1);
        explicit_bzero(kept, strlen(kept));
    }
    free(kept);
}
