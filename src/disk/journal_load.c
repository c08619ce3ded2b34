#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "journal_internal.h"
#include "log.h"

enum { NAMES_BYTES = 16 << 20 };

typedef struct Load {
    Journal *journal;
    const char *folder;
    unsigned damage;
    Failure failure; /* of the first damaged file */
} Load;

static bool take_suffix(Span *name, const char *suffix)
{
    size_t length = strlen(suffix);

    if (name->len < length || memcmp(name->at + name->len - length, suffix, length) != 0)
        return false;
    name->len -= length;
    return true;
}

/* A number as file names have it: from 1, without a zero before it, and far from the end of numbers. */
static bool read_number(Span digits, uint64_t *ret_number)
{
    uint64_t number = 0;

    if (digits.len == 0 || *digits.at == '0')
        return false;
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.at[i] < '0' || digits.at[i] > '9' || __builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, (uint64_t)(digits.at[i] - '0'), &number))
            return false;
    }
    if (number > INT64_MAX)
        return false;
    *ret_number = number;
    return true;
}

static void note_damage(Load *load, const char *file, const char *reason)
{
    log_error("the journal is damaged: %s/%s %s", load->folder, file, reason);
    if (load->damage++ > 0)
        return;
    load->failure = failure_make(-ERR_DISK, "The journal is damaged: %s/%s %s.", load->folder, file, reason);
    failure_set_mend(&load->failure, "Nothing can be changed until it is whole. Look at the file (its text is behind "
                                     "its second line), then move it away.");
}

static int read_file(const Load *load, const char *file, Buf *into)
{
    _cleanup_buf_ Buf path = BUF_INIT(JOURNAL_PATH_BYTES);
    int r = buf_printf(&path, "%s/%s", load->folder, file);

    return r < 0 ? r : fsio_read(load->journal->fsio, buf_text(&path), into, NULL);
}

/* 0 with a reason: it is damaged. */
static int read_intent(const Load *load, const char *file, Intent *ret_intent, const char **ret_reason)
{
    _cleanup_buf_ Buf bytes = BUF_INIT(INTENT_FILE_BYTES);
    int r = read_file(load, file, &bytes);

    if (r == -ERR_NO_MEMORY)
        return r;
    if (r < 0) {
        *ret_reason = r == -ERR_TOO_BIG ? "is larger than an intent can be" : "can't be read";
        return 0;
    }
    r = intent_decode((Span){buf_text(&bytes), bytes.len}, ret_intent, ret_reason);
    return r == -ERR_PROTOCOL ? 0 : r;
}

static int load_intent(Load *load, const char *file, uint64_t number)
{
    Intent *intent = calloc(1, sizeof *intent);
    const char *reason = NULL;
    int r = intent ? read_intent(load, file, intent, &reason) : -ERR_NO_MEMORY;

    if (r == 0 && reason)
        note_damage(load, file, reason);
    if (r == 0 && !reason) {
        intent->number = number;
        intent->kept = intent->after = load->journal->texts;
        r = journal_insert(load->journal, intent);
        if (r == 0)
            return 0;
        intent_release(intent);
    }
    free(intent);
    return r;
}

/* It was never acknowledged. One that can't be removed does no harm. */
static void drop_unfinished(const Load *load, const char *file)
{
    _cleanup_buf_ Buf path = BUF_INIT(JOURNAL_PATH_BYTES);

    if (buf_printf(&path, "%s/%s", load->folder, file) == 0)
        fsio_remove(load->journal->fsio, buf_text(&path));
}

/* Files of any other name are none of the journal's. */
static int load_file(Load *load, const char *file)
{
    Span name = span_of(file);
    bool is_unfinished = take_suffix(&name, ".new");
    uint64_t number = 0;

    if (!take_suffix(&name, ".intent"))
        return 0;
    if (read_number(name, &number) && number > load->journal->last_number)
        load->journal->last_number = number;
    if (is_unfinished) {
        drop_unfinished(load, file);
        return 0;
    }
    if (number == 0) {
        note_damage(load, file, "has a name that no intent has");
        return 0;
    }
    return load_intent(load, file, number);
}

/* The folder's own name must be durable too, or a power cut takes it with all that is in it. */
static int open_folder(const Load *load, Buf *names)
{
    Fsio *fsio = load->journal->fsio;
    int r = fsio_make_dirs(fsio, load->folder);

    if (r == 0)
        r = fsio_sync_dir(fsio, load->journal->directory);
    return r < 0 ? r : fsio_list(fsio, load->folder, names);
}

int journal_load(Journal *journal, unsigned *ret_damage, Failure *ret_failure)
{
    _cleanup_buf_ Buf folder = BUF_INIT(JOURNAL_PATH_BYTES), names = BUF_INIT(NAMES_BYTES);
    Load load = {.journal = journal};
    int r = buf_printf(&folder, "%s/intents", journal->directory);

    load.folder = buf_text(&folder);
    if (r == 0)
        r = open_folder(&load, &names);
    for (size_t at = 0; r == 0 && at < names.len; at += strlen(names.data + at) + 1)
        r = load_file(&load, names.data + at);
    if (r < 0)
        return r;
    *ret_damage = load.damage;
    if (load.damage > 0)
        *ret_failure = load.failure;
    return 0;
}
