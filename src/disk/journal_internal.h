/*
 * journal_internal: what the parts of the journal share.
 *
 *   journal.c       the records in memory, and what one may ask of them
 *   journal_job.c   getting them on disk: a job is one step that the worker does
 *   journal_load.c  reading them when the journal is opened
 *
 * A job belongs to the loop but while the worker works on it, and is always in one of two lists: `given`, in the
 * worker's order, or `kept`: what the disk did not take, to be given again. Of one intent at most one job is kept, and
 * none that a later one outdates, so that a file never goes back to an older state.
 */
#ifndef SKY_JOURNAL_INTERNAL_H
#define SKY_JOURNAL_INTERNAL_H

#include "intent.h"

enum { JOURNAL_PATH_BYTES = 4096 };

enum JobKind { JOB_BEGIN, JOB_SET, JOB_END, JOB_AUDIT };

typedef struct Job {
    Journal *journal;
    enum JobKind kind;
    uint64_t number; /* of the intent; 0 for the audit */
    Fsio *fsio;
    Buf path;  /* of the file; for JOB_AUDIT and JOB_END too */
    Buf bytes; /* what it is to hold, or the line */
    int code;  /* how it went; negative before the work: don't even try */
    bool left; /* a begin that failed, and left a file which could not be removed */
    journal_done_fn done;
    void *ctx;
    struct Job *prev, *next;
} Job;

struct Journal {
    Fsio *fsio;
    Worker *worker;
    char *directory;
    uint64_t texts;   /* the last that was kept */
    Intent **intents; /* in order of their numbers */
    size_t count, room;
    uint64_t last_number; /* the highest that was ever seen */
    Job *given, *kept;
    journal_watch_fn watch;
    void *watch_ctx;
    bool closing;
};

/* Index of the first intent whose number is at least this one. */
size_t journal_position(const Journal *journal, uint64_t number);
/* Puts an intent, which becomes the journal's, where its number belongs. 0 or -ERR_NO_MEMORY. */
int journal_insert(Journal *journal, Intent *intent);
void journal_forget(Journal *journal, uint64_t number);

/* A new job with its path set; NULL if there is no memory. */
Job *job_new(Journal *journal, enum JobKind kind, uint64_t number);
void job_free(Job *job);
/* Gives it to the worker, which takes it over. 0 or -ERR_NO_MEMORY: then it is still the caller's. */
int job_give(Job *job);
/* Keeps it for later. */
void job_keep(Job *job);
/* Gives again what is kept. */
void job_give_kept(Journal *journal);

/* Reads all intents. 0 or a negative code; damage as in journal_open(). */
int journal_load(Journal *journal, unsigned *ret_damage, Failure *ret_failure);

#endif
