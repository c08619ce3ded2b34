#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "crash.h"
#include "error.h"
#include "journal_internal.h"
#include "log.h"

Job *job_new(Journal *journal, enum JobKind kind, uint64_t number)
{
    Job *job = calloc(1, sizeof *job);
    int r;

    if (!job)
        return NULL;
    *job = (Job){.journal = journal, .kind = kind, .number = number, .fsio = journal->fsio};
    buf_init(&job->path, JOURNAL_PATH_BYTES);
    buf_init(&job->bytes, INTENT_FILE_BYTES);
    if (kind == JOB_AUDIT)
        r = buf_printf(&job->path, "%s/audit.jsonl", journal->directory);
    else
        r = buf_printf(&job->path, "%s/intents/%llu.intent", journal->directory, (unsigned long long)number);
    if (r < 0) {
        job_free(job);
        return NULL;
    }
    return job;
}

void job_free(Job *job)
{
    if (!job)
        return;
    buf_release(&job->path);
    buf_release(&job->bytes);
    free(job);
}

/* --- on the worker: these touch the job and the disk, and nothing else --- */

static int sync_folder(const Job *job)
{
    _cleanup_buf_ Buf folder = BUF_INIT(JOURNAL_PATH_BYTES);
    const char *path = buf_text(&job->path), *slash = strrchr(path, '/');
    int r = buf_append(&folder, path, (size_t)(slash - path));

    return r < 0 ? r : fsio_sync_dir(job->fsio, buf_text(&folder));
}

/* It was never acknowledged that a file goes, so one that is gone already is as good. */
static int remove_file(const Job *job)
{
    int r = fsio_remove(job->fsio, buf_text(&job->path));

    if (r < 0 && r != -ERR_NOT_FOUND)
        return r;
    crash_point("intent-removed");
    return sync_folder(job);
}

/* A begin whose last step failed left a whole file for an intent that does not exist: it goes. */
static int begin_file(Job *job)
{
    int r;

    crash_point("intent-begins");
    r = fsio_replace(job->fsio, buf_text(&job->path), job->bytes.data, job->bytes.len);
    if (r < 0)
        job->left = remove_file(job) < 0;
    else
        crash_point("intent-begun");
    return r;
}

static int set_file(const Job *job)
{
    int r;

    crash_point("intent-changes");
    r = fsio_replace(job->fsio, buf_text(&job->path), job->bytes.data, job->bytes.len);
    if (r == 0)
        crash_point("intent-changed");
    return r;
}

static int rotate_audit(const Job *job)
{
    _cleanup_buf_ Buf older = BUF_INIT(JOURNAL_PATH_BYTES);
    uint64_t bytes;
    int r = fsio_size(job->fsio, buf_text(&job->path), &bytes);

    if (r == -ERR_NOT_FOUND || (r == 0 && bytes + job->bytes.len <= AUDIT_BYTES))
        return 0;
    if (r == 0)
        r = buf_printf(&older, "%s.1", buf_text(&job->path));
    return r < 0 ? r : fsio_rename(job->fsio, buf_text(&job->path), buf_text(&older));
}

static int append_audit(const Job *job)
{
    int r = rotate_audit(job);

    return r < 0 ? r : fsio_append(job->fsio, buf_text(&job->path), job->bytes.data, job->bytes.len);
}

static int perform(Job *job)
{
    switch (job->kind) {
    case JOB_BEGIN:
        return begin_file(job);
    case JOB_SET:
        return set_file(job);
    case JOB_END:
        return remove_file(job);
    case JOB_AUDIT:
        return append_audit(job);
    }
    return 0;
}

/* Whatever keeps our own disk from taking a file, to whoever asked for a change it is this. */
static int as_disk_code(int code)
{
    return code == 0 || code == -ERR_NO_SPACE || code == -ERR_NO_MEMORY ? code : -ERR_DISK;
}

static void work(void *ctx)
{
    Job *job = ctx;

    if (job->code == 0)
        job->code = as_disk_code(perform(job));
}

/* --- on the loop --- */

static void tell_log(const Job *job)
{
    if (job->kind == JOB_AUDIT)
        log_error("a line of the audit is lost: %s It was: %s", error_sentence(job->code), buf_text(&job->bytes));
    else
        log_error("the journal could not %s %s: %s", job->kind == JOB_END ? "remove" : "write", buf_text(&job->path),
                  error_sentence(job->code));
}

static void answer(Job *job)
{
    journal_done_fn done = job->done;

    job->done = NULL;
    if (done && !job->journal->closing)
        done(job->ctx, job->code, journal_find(job->journal, job->number));
}

/* Whether a job that is still to be worked on says newer things about the same intent. */
static bool is_outdated(const Job *job)
{
    const Job *later;

    DL_FOREACH(job->journal->given, later)
    {
        if (later->number == job->number && later->code == 0)
            return true;
    }
    return false;
}

/* Takes out what is kept of an intent, which a newer job outdates. */
static void drop_older(const Job *newer)
{
    Job *job, *next;

    DL_FOREACH_SAFE(newer->journal->kept, job, next)
    {
        if (job->number == newer->number) {
            DL_DELETE(newer->journal->kept, job);
            job_free(job);
        }
    }
}

/* The intent does not exist: neither in memory, nor for the changes that wait behind its begin. */
static void undo_begin(Job *job)
{
    Job *later;

    journal_forget(job->journal, job->number);
    DL_FOREACH(job->journal->given, later)
    {
        if (later->number == job->number && later->kind == JOB_SET)
            later->code = job->code;
    }
    if (job->left)
        job->kind = JOB_END;
}

static bool is_worth_keeping(const Job *job)
{
    if (job->kind == JOB_SET)
        return journal_find(job->journal, job->number) && !is_outdated(job);
    return job->kind == JOB_END && !is_outdated(job);
}

static void finish(void *ctx)
{
    Job *job = ctx;
    Journal *journal = job->journal;
    bool has_worked = job->code == 0;

    DL_DELETE(journal->given, job);
    if (!has_worked)
        tell_log(job);
    if (journal->watch)
        journal->watch(journal->watch_ctx, job->code);
    if (!has_worked && job->kind == JOB_BEGIN)
        undo_begin(job);
    answer(job);
    if (!has_worked && is_worth_keeping(job))
        job_keep(job);
    else
        job_free(job);
    if (has_worked && !journal->closing)
        job_give_kept(journal);
}

int job_give(Job *job)
{
    int r;

    job->code = 0;
    r = worker_run(job->journal->worker, work, finish, job);
    if (r < 0)
        return r;
    drop_older(job);
    DL_APPEND(job->journal->given, job);
    return 0;
}

void job_keep(Job *job)
{
    drop_older(job);
    DL_APPEND(job->journal->kept, job);
}

void job_give_kept(Journal *journal)
{
    Job *kept = journal->kept, *job, *next;

    journal->kept = NULL;
    DL_FOREACH_SAFE(kept, job, next)
    {
        DL_DELETE(kept, job);
        if (job_give(job) < 0)
            job_keep(job);
    }
}
