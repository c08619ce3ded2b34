#include "journal.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "error.h"
#include "journal_internal.h"
#include "log.h"

size_t journal_position(const Journal *journal, uint64_t number)
{
    size_t low = 0, high = journal->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (journal->intents[middle]->number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static Intent *find(const Journal *journal, uint64_t number)
{
    size_t at = journal_position(journal, number);

    return at < journal->count && journal->intents[at]->number == number ? journal->intents[at] : NULL;
}

const Intent *journal_find(const Journal *journal, uint64_t number)
{
    return find(journal, number);
}

const Intent *journal_next(const Journal *journal, uint64_t number)
{
    size_t at = number < UINT64_MAX ? journal_position(journal, number + 1) : journal->count;

    return at < journal->count ? journal->intents[at] : NULL;
}

static int make_room(Journal *journal)
{
    size_t room = journal->room ? 2 * journal->room : 16;
    Intent **grown;

    if (journal->count < journal->room)
        return 0;
    grown = realloc(journal->intents, room * sizeof(Intent *));
    if (!grown)
        return -ERR_NO_MEMORY;
    journal->intents = grown;
    journal->room = room;
    return 0;
}

int journal_insert(Journal *journal, Intent *intent)
{
    size_t at = journal_position(journal, intent->number);
    int r = make_room(journal);

    if (r < 0)
        return r;
    memmove(&journal->intents[at + 1], &journal->intents[at], (journal->count - at) * sizeof(Intent *));
    journal->intents[at] = intent;
    journal->count++;
    return 0;
}

static void intent_free(Intent *intent)
{
    if (intent)
        intent_release(intent);
    free(intent);
}

void journal_forget(Journal *journal, uint64_t number)
{
    size_t at = journal_position(journal, number);
    Intent *intent = find(journal, number);

    if (!intent)
        return;
    journal->count--;
    memmove(&journal->intents[at], &journal->intents[at + 1], (journal->count - at) * sizeof(Intent *));
    intent_free(intent);
}

static void journal_free(Journal *journal)
{
    for (size_t i = 0; i < journal->count; i++)
        intent_free(journal->intents[i]);
    free(journal->intents);
    free(journal->directory);
    free(journal);
}

int journal_open(Fsio *fsio, Worker *worker, const char *directory, Journal **ret_journal, unsigned *ret_damage,
                 Failure *ret_failure)
{
    Journal *journal = calloc(1, sizeof *journal);
    int r = -ERR_NO_MEMORY;

    if (journal) {
        *journal = (Journal){.fsio = fsio, .worker = worker, .directory = strdup(directory), .texts = 1};
        if (journal->directory)
            r = journal_load(journal, ret_damage, ret_failure);
    }
    if (r < 0) {
        *ret_failure = failure_make(r, "The journal in %s can't be used: %s", directory, error_sentence(r));
        if (journal)
            journal_free(journal);
        return r;
    }
    *ret_journal = journal;
    return 0;
}

static void drop_kept(Journal *journal)
{
    Job *job, *next;

    DL_FOREACH_SAFE(journal->kept, job, next)
    {
        log_error("the journal could not write %s: it stays as it was", buf_text(&job->path));
        DL_DELETE(journal->kept, job);
        job_free(job);
    }
}

void journal_watch(Journal *journal, journal_watch_fn watch, void *ctx)
{
    journal->watch = watch;
    journal->watch_ctx = ctx;
}

void journal_close(Journal *journal)
{
    if (!journal)
        return;
    journal->closing = true;
    worker_drain(journal->worker);
    job_give_kept(journal);
    worker_drain(journal->worker);
    drop_kept(journal);
    journal_free(journal);
}

/* Numbers grow, and go on growing when no file is left to tell of the last one: then they begin at the time, which is
 * later. */
static uint64_t choose_number(const Journal *journal, int64_t wall_ms)
{
    uint64_t now = wall_ms > 0 ? (uint64_t)wall_ms : 1;

    return now > journal->last_number ? now : journal->last_number + 1;
}

/* A job that writes an intent down as it is given here. */
static int writing_job(Journal *journal, enum JobKind kind, const Intent *intent, Job **ret_job)
{
    Job *job = job_new(journal, kind, intent->number);
    int r = job ? intent_encode(intent, &job->bytes) : -ERR_NO_MEMORY;

    if (r < 0) {
        job_free(job);
        return r;
    }
    *ret_job = job;
    return 0;
}

static int give_writing(Journal *journal, enum JobKind kind, const Intent *intent, journal_done_fn done, void *ctx)
{
    Job *job;
    int r = writing_job(journal, kind, intent, &job);

    if (r < 0)
        return r;
    job->done = done;
    job->ctx = ctx;
    r = job_give(job);
    if (r < 0)
        job_free(job);
    return r;
}

static int begin_record(Journal *journal, Intent *record, journal_done_fn done, void *ctx)
{
    int r = journal_insert(journal, record);

    if (r < 0) {
        intent_free(record);
        return r;
    }
    r = give_writing(journal, JOB_BEGIN, record, done, ctx);
    if (r < 0)
        journal_forget(journal, record->number);
    return r;
}

int journal_begin(Journal *journal, const Intent *intent, journal_done_fn done, void *ctx)
{
    Intent *record;
    int r;

    if (journal->count >= JOURNAL_INTENTS_MAX)
        return -ERR_NO_SPACE;
    if (intent->text_bytes > JOURNAL_TEXT_BYTES)
        return -ERR_TOO_BIG;
    record = malloc(sizeof *record);
    r = record ? intent_copy(intent, record) : -ERR_NO_MEMORY;
    if (r < 0) {
        free(record);
        return r;
    }
    record->number = choose_number(journal, intent->wall_ms);
    if (record->state != INTENT_BEGUN)
        record->kept = ++journal->texts;
    journal->last_number = record->number;
    return begin_record(journal, record, done, ctx);
}

uint64_t journal_texts(const Journal *journal)
{
    return journal->texts;
}

static void set_state(Journal *journal, Intent *record, enum IntentState state, const Failure *failure)
{
    record->state = state;
    if (state != INTENT_BEGUN)
        record->kept = ++journal->texts;
    record->failure = failure ? *failure : (Failure){0};
}

static int set_with_text(Journal *journal, Intent *record, const Intent *to, journal_done_fn done, void *ctx)
{
    Intent changed;
    int r = intent_copy(record, &changed);

    if (r < 0)
        return r;
    set_state(journal, &changed, to->state, &to->failure);
    r = intent_set_text(&changed, to->text, to->text_bytes);
    if (r == 0)
        r = give_writing(journal, JOB_SET, &changed, done, ctx);
    if (r < 0) {
        intent_release(&changed);
        return r;
    }
    intent_release(record);
    *record = changed;
    return 0;
}

int journal_set(Journal *journal, uint64_t number, enum IntentState state, const Failure *failure, const char *text,
                size_t text_bytes, journal_done_fn done, void *ctx)
{
    Intent *record = find(journal, number);
    Intent to = {.state = state, .text = (char *)text, .text_bytes = text_bytes};

    if (!record)
        return -ERR_NOT_FOUND;
    if (text && text_bytes > JOURNAL_TEXT_BYTES)
        return -ERR_TOO_BIG;
    if (text) {
        to.failure = failure ? *failure : (Failure){0};
        return set_with_text(journal, record, &to, done, ctx);
    }
    set_state(journal, record, state, failure);
    return give_writing(journal, JOB_SET, record, done, ctx);
}

void journal_end(Journal *journal, uint64_t number)
{
    Job *job;

    if (!find(journal, number))
        return;
    journal_forget(journal, number);
    job = job_new(journal, JOB_END, number);
    if (!job)
        log_error("intent %llu is over, but its file stays: there is not enough memory", (unsigned long long)number);
    else if (job_give(job) < 0)
        job_keep(job);
}

void journal_audit(Journal *journal, const char *line)
{
    Job *job = job_new(journal, JOB_AUDIT, 0);
    int r = job ? buf_append_str(&job->bytes, line) : -ERR_NO_MEMORY;

    if (r == 0)
        r = buf_append_char(&job->bytes, '\n');
    if (r == 0)
        r = job_give(job);
    if (r < 0) {
        log_error("a line of the audit is lost: %s It was: %s", error_sentence(r), line);
        job_free(job);
    }
}
