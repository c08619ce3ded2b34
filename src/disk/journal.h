/*
 * journal: what was asked for and is not over, on disk, so that nothing that a person wrote is lost.
 *
 * An *intent* is one changing request: what, where, and the text as it was written. It is on disk, synced, before
 * anything is sent; it goes when the request is known to have succeeded. What was refused, or is not settled, stays,
 * with why, over unmount, crash and reboot.
 *
 * On disk each intent is one file in DIRECTORY/intents, NUMBER.intent, replaced as a whole (fsio_replace): a first line
 * `skystackfs-intent 1 CRC32C JSON_BYTES TEXT_BYTES`, then one JSON object, then the text, byte by byte. A file that is
 * not whole was never acknowledged as written (its rename did not happen), so a `.new` is dropped; a file that is there
 * and does not fit its checksum is damage: journal_open() says so, and the mount must not change anything. A crash can
 * also leave an intent whose begin was not acknowledged yet, and one that had ended: both are whole, and BEGUN or as
 * they last were.
 *
 * Writing blocks, so it is done by the worker, in the order of the calls; the records in memory are the loop's alone. A
 * change that the disk did not take is written again when the disk next takes something, and at the close.
 */
#ifndef SKY_JOURNAL_H
#define SKY_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "failure.h"
#include "fsio.h"
#include "span.h"
#include "worker.h"

typedef struct Journal Journal;

enum { JOURNAL_INTENTS_MAX = 10000, JOURNAL_TEXT_BYTES = 1 << 20 };

enum IntentKind { INTENT_CREATE, INTENT_UPDATE, INTENT_DELETE };

enum IntentState {
    INTENT_BEGUN,     /* written down; it may have been sent */
    INTENT_UNSETTLED, /* sent, and nobody knows what became of it */
    INTENT_REJECTED,  /* it did not happen; the text is kept for its writer */
};

/* One record. Texts are the journal's own and live until the intent changes or goes. */
typedef struct Intent {
    uint64_t number; /* from 1; never used twice in one state directory */
    enum IntentKind kind;
    enum IntentState state;
    char *project_id;  /* where; "" where there is none */
    char *name;        /* the instance's, decoded; may hold any bytes but NUL */
    char *id;          /* of what is updated or deleted; "" for a create */
    char *text;        /* as the person wrote it, any bytes, and a NUL behind them */
    size_t text_bytes; /* 0 if there is none */
    char *body;        /* as it was (to be) sent; "" if not known yet */
    char *known_ids;   /* of a create: ids of that name known before, as one text */
    int64_t wall_ms;   /* when it was asked for */
    uid_t uid;
    Failure failure; /* of the last two states */
    /* In memory alone; 1: before this journal was opened. */
    uint64_t kept;  /* which of its texts this is, by when it came to one of the last two states or was written anew */
    uint64_t after; /* up to which they had been kept when this was asked for: those were there to be seen; 0: none */
} Intent;

/* Reads what is there. *ret_damage (0 or more) is the number of damaged files, which are left alone; if it isn't 0,
 * *ret_failure tells of the first one. 0, or a negative code and why. */
int journal_open(Fsio *fsio, Worker *worker, const char *directory, Journal **ret_journal, unsigned *ret_damage,
                 Failure *ret_failure);
/* What is being written is finished first (worker_drain), but no `done` is called any more. Not from a `done`. Takes
 * NULL. */
void journal_close(Journal *journal);

/* code: 0, -ERR_NO_SPACE, -ERR_DISK or -ERR_NO_MEMORY; intent: as it is now; NULL if it ended meanwhile or never came
 * to be (journal_begin() failed). */
typedef void (*journal_done_fn)(void *ctx, int code, const Intent *intent);

/* One watcher; it is told of each step that the disk took (0) or did not (as above). NULL: nobody. */
typedef void (*journal_watch_fn)(void *ctx, int code);
void journal_watch(Journal *journal, journal_watch_fn watch, void *ctx);

/* Writes down a new intent (its number is chosen here: wall_ms, or more; all else is copied, a NULL as ""), then calls
 * done once, from the loop. It is among the intents at once; if it could not be written and synced, there is no such
 * intent any more, and nothing may be sent. 0, or a negative code: then done never runs. -ERR_TOO_BIG: the text is over
 * its cap; -ERR_NO_SPACE: there are JOURNAL_INTENTS_MAX. */
int journal_begin(Journal *journal, const Intent *intent, journal_done_fn done, void *ctx);
/* Changes its state and failure (NULL: none). In memory at once, on disk soon; done (may be NULL) when it is there, or
 * with a code when the disk did not take it yet. text: a new text, or NULL to keep it. 0, or a negative code: then
 * done never runs, and nothing changes, but that without memory state and failure do in memory, unless there is a text.
 * -ERR_NOT_FOUND: there is no such intent. */
int journal_set(Journal *journal, uint64_t number, enum IntentState state, const Failure *failure, const char *text,
                size_t text_bytes, journal_done_fn done, void *ctx);
/* It is over: forgotten at once, and its file soon. Nothing happens if there is none. */
void journal_end(Journal *journal, uint64_t number);

/* Up to which text there are: one more than have been kept since the journal was opened. */
uint64_t journal_texts(const Journal *journal);
/* NULL if there is none. */
const Intent *journal_find(const Journal *journal, uint64_t number);
/* The intents in order of their numbers: the first after `number`; NULL at the end. */
const Intent *journal_next(const Journal *journal, uint64_t number);

/* Appends one line to DIRECTORY/audit.jsonl: a JSON object, without its end of line. At AUDIT_BYTES the file becomes
 * audit.jsonl.1 (an older one goes). Soon, and not synced; a line that can't be written goes to the log. */
enum { AUDIT_BYTES = 10 << 20 };
void journal_audit(Journal *journal, const char *line);

#endif
