#include "seen_events.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "buf.h"
#include "error.h"
#include "index.h"
#include "seen_lines.h"

enum {
    FILE_LINES_MAX = 2 * SEEN_EVENTS_MAX + SEEN_LINES_SPARE + 1000, /* and what comes while one is being written */
    FILE_BYTES_MAX = SEEN_HEAD_BYTES_MAX + FILE_LINES_MAX * SEEN_LINE_BYTES_MAX,
};

typedef struct Event {
    SeenLine line;
    uint64_t batch; /* with which it is written; 0: it is on disk */
    struct Event *prev, *next;
} Event;

/* One write. The worker touches nothing but this. */
typedef struct Job {
    Fsio *fsio;
    const char *path, *directory;
    SeenLine *lines;
    size_t count;
    bool anew; /* the lines are all of the file */
    int code;
} Job;

struct SeenEvents {
    Fsio *fsio;
    Worker *worker;
    Clock *clock;
    char *directory, *path;
    Event *events; /* in the order in which they came */
    Index index;
    SeenWait *waits;
    uint64_t batch; /* of what is added now */
    size_t added;   /* to it */
    size_t file_lines;
    bool is_writing;  /* the batch before */
    bool is_doubtful; /* the file, or its end */
    Job job;
};

static uint32_t hash_of(const unsigned char key[SEEN_KEY_BYTES])
{
    return index_hash(key, SEEN_KEY_BYTES);
}

static Event *find(const SeenEvents *seen, const unsigned char key[SEEN_KEY_BYTES])
{
    const Index *index = &seen->index;
    uint32_t hash = hash_of(key);
    Event *event;

    for (size_t at = index_first(index, hash); (event = index_thing(index, at)) != NULL; at = index_next(index, at))
        if (memcmp(event->line.key, key, SEEN_KEY_BYTES) == 0)
            return event;
    return NULL;
}

static void forget(SeenEvents *seen, Event *event)
{
    index_remove(&seen->index, hash_of(event->line.key), event);
    DL_DELETE(seen->events, event);
    free(event);
}

/* What is on its way to the disk is younger than all that is forgotten. */
static void forget_old(SeenEvents *seen)
{
    int64_t now_ms = clock_wall_ms(seen->clock);
    Event *oldest;

    while ((oldest = seen->events) != NULL && oldest->batch == 0 &&
           (seen->index.count > SEEN_EVENTS_MAX || oldest->line.wall_ms <= now_ms - SEEN_KEEP_MS))
        forget(seen, oldest);
}

static int remember(SeenEvents *seen, const SeenLine *line, uint64_t batch, Event **ret_event)
{
    Event *event = malloc(sizeof *event);

    if (!event)
        return -ERR_NO_MEMORY;
    *event = (Event){.line = *line, .batch = batch};
    if (index_add(&seen->index, hash_of(line->key), event) < 0) {
        free(event);
        return -ERR_NO_MEMORY;
    }
    DL_APPEND(seen->events, event);
    *ret_event = event;
    return 0;
}

static Event *newest(const SeenEvents *seen)
{
    return seen->events ? seen->events->prev : NULL;
}

/* ---- on the worker: these touch the job and the disk, and nothing else ---- */

static int replace(const Job *job, const Buf *text)
{
    int r = fsio_replace(job->fsio, job->path, text->data, text->len);

    if (r != -ERR_NOT_FOUND)
        return r;
    r = fsio_make_dirs(job->fsio, job->directory);
    return r < 0 ? r : fsio_replace(job->fsio, job->path, text->data, text->len);
}

static int append(const Job *job, const Buf *text)
{
    int r = fsio_append(job->fsio, job->path, text->data, text->len);

    return r < 0 ? r : fsio_sync(job->fsio, job->path);
}

static int write_lines(const Job *job)
{
    _cleanup_buf_ Buf text = BUF_INIT(FILE_BYTES_MAX);
    int r = job->anew ? seen_lines_head(&text) : 0;

    for (size_t i = 0; i < job->count && r == 0; i++)
        r = seen_lines_add(&text, &job->lines[i]);
    if (r < 0)
        return r;
    return job->anew ? replace(job, &text) : append(job, &text);
}

static void work(void *ctx)
{
    Job *job = &((SeenEvents *)ctx)->job;

    job->code = write_lines(job);
}

/* ---- on the loop ---- */

static void on_worked(void *ctx);

/* The newest of the batch, or all there are. They are at the end of the list, since they came last. */
static int fill_job(SeenEvents *seen, bool anew)
{
    size_t count = anew ? seen->index.count : seen->added, left = count;
    SeenLine *lines = malloc(count * sizeof *lines);

    if (!lines)
        return -ERR_NO_MEMORY;
    for (const Event *event = newest(seen); event && left > 0; event = event->prev)
        lines[--left] = event->line;
    seen->job = (Job){.fsio = seen->fsio,
                      .path = seen->path,
                      .directory = seen->directory,
                      .lines = lines,
                      .count = count,
                      .anew = anew};
    return 0;
}

static bool is_anew_wanted(const SeenEvents *seen)
{
    return seen->is_doubtful || seen->file_lines + seen->added > 2 * seen->index.count + SEEN_LINES_SPARE;
}

/* Sends what was added to the disk. */
static int start(SeenEvents *seen)
{
    int r;

    forget_old(seen);
    r = fill_job(seen, is_anew_wanted(seen));
    if (r == 0)
        r = worker_run(seen->worker, work, on_worked, seen);
    if (r < 0) {
        free(seen->job.lines);
        seen->job = (Job){0};
        return r;
    }
    seen->is_writing = true;
    seen->batch++;
    seen->added = 0;
    return 0;
}

/* Those of a batch are on disk, or are never again. Not all of the list is walked: they are at its end. */
static void settle_events(SeenEvents *seen, uint64_t batch, int code)
{
    Event *event = newest(seen), *before;

    for (; event && event->batch > 0; event = before) {
        before = event == seen->events ? NULL : event->prev;
        if (event->batch > batch)
            continue;
        event->batch = 0;
        if (code < 0)
            forget(seen, event);
    }
}

/* One by one from the front: what is done for one may make others leave. */
static void settle_waits(SeenEvents *seen, uint64_t batch, int code)
{
    SeenWait *wait;

    while ((wait = seen->waits) != NULL && wait->batch <= batch) {
        seen_events_leave(seen, wait);
        wait->done(wait->ctx, code);
    }
}

static void settle(SeenEvents *seen, uint64_t batch, int code)
{
    settle_events(seen, batch, code);
    settle_waits(seen, batch, code);
}

static void note_file(SeenEvents *seen, const Job *job)
{
    seen->is_doubtful = job->code < 0;
    if (job->code == 0)
        seen->file_lines = job->anew ? job->count : seen->file_lines + job->count;
}

static void on_worked(void *ctx)
{
    SeenEvents *seen = ctx;
    uint64_t batch = seen->batch - 1;
    int r, code = seen->job.code;

    note_file(seen, &seen->job);
    free(seen->job.lines);
    seen->job = (Job){0};
    settle(seen, batch, code);
    seen->is_writing = false;
    r = seen->added > 0 ? start(seen) : 0;
    if (r < 0) {
        seen->added = 0;
        settle(seen, seen->batch++, r);
    }
}

enum SeenState seen_events_find(SeenEvents *seen, Span id)
{
    unsigned char key[SEEN_KEY_BYTES];
    const Event *event;

    forget_old(seen);
    event = seen_key(id, key) ? find(seen, key) : NULL;
    if (!event)
        return SEEN_NEVER;
    return event->batch > 0 ? SEEN_WRITING : SEEN_DURABLE;
}

static void join(SeenEvents *seen, uint64_t batch, SeenWait *wait)
{
    SeenWait *after;

    wait->batch = batch;
    /* in the order of their batches: one that joins the batch under way goes before those of the next */
    for (after = seen->waits; after && after->batch <= batch;)
        after = after->next;
    if (after)
        DL_PREPEND_ELEM(seen->waits, after, wait);
    else
        DL_APPEND(seen->waits, wait);
}

static int add_new(SeenEvents *seen, const SeenLine *line, SeenWait *wait)
{
    Event *event;
    int r = remember(seen, line, seen->batch, &event);

    if (r < 0)
        return r;
    seen->added++;
    r = seen->is_writing ? 0 : start(seen);
    if (r < 0) {
        forget(seen, event);
        seen->added--;
        return r;
    }
    join(seen, event->batch, wait);
    return 0;
}

int seen_events_add(SeenEvents *seen, Span id, SeenWait *wait)
{
    SeenLine line = {.wall_ms = clock_wall_ms(seen->clock)};
    const Event *event;

    if (!seen_key(id, line.key))
        return -ERR_NO_MEMORY;
    event = find(seen, line.key);
    if (!event)
        return add_new(seen, &line, wait);
    assert(event->batch > 0);
    join(seen, event->batch, wait);
    return 0;
}

void seen_events_leave(SeenEvents *seen, SeenWait *wait)
{
    if (wait->batch > 0)
        DL_DELETE(seen->waits, wait);
    wait->batch = 0;
}

size_t seen_events_count(const SeenEvents *seen)
{
    return seen->index.count;
}

/* ---- opening ---- */

/* A line from the future was written by a clock that was wrong. */
static int load_line(SeenEvents *seen, SeenLine *line, int64_t now_ms)
{
    Event *event;
    int r = 0;

    seen->file_lines++;
    if (line->wall_ms > now_ms)
        line->wall_ms = now_ms;
    if (line->wall_ms > now_ms - SEEN_KEEP_MS && !find(seen, line->key))
        r = remember(seen, line, 0, &event);
    if (seen->index.count > SEEN_EVENTS_MAX)
        forget(seen, seen->events);
    return r;
}

static int load_lines(SeenEvents *seen, Span text, Failure *ret_damage)
{
    int64_t now_ms = clock_wall_ms(seen->clock);
    enum SeenLineKind kind;
    unsigned damaged = 0;
    SeenLine line;
    int r = 0;

    while (r == 0 && (kind = seen_lines_take(&text, &line)) != SEEN_LINE_END) {
        if (kind == SEEN_LINE_DAMAGED)
            damaged++;
        else
            r = load_line(seen, &line, now_ms);
    }
    if (damaged > 0) {
        seen->is_doubtful = true;
        *ret_damage = failure_make(-ERR_DISK, "%u lines of %s are damaged: so many events may be taken twice.", damaged,
                                   seen->path);
    }
    return r;
}

/* Whatever is wrong with the file, events can be taken. */
static int load(SeenEvents *seen, Failure *ret_damage)
{
    _cleanup_buf_ Buf text = BUF_INIT(FILE_BYTES_MAX);
    int r = fsio_read(seen->fsio, seen->path, &text, NULL);
    Span rest = {buf_text(&text), text.len};

    if (r == -ERR_NO_MEMORY)
        return r;
    if (r == 0 && seen_lines_take_head(&rest))
        return load_lines(seen, rest, ret_damage);
    seen->is_doubtful = true;
    if (r == 0)
        *ret_damage = failure_make(-ERR_DISK, "%s is of no version that is known, and begins anew.", seen->path);
    else if (r != -ERR_NOT_FOUND)
        *ret_damage = failure_make(r, "%s can't be read, and begins anew: %s", seen->path, error_sentence(r));
    return 0;
}

int seen_events_open(Fsio *fsio, Worker *worker, Clock *clock, const char *directory, SeenEvents **ret_seen,
                     Failure *ret_damage)
{
    SeenEvents *seen = calloc(1, sizeof *seen);
    int r = seen ? 0 : -ERR_NO_MEMORY;

    *ret_damage = (Failure){0};
    if (r == 0) {
        *seen = (SeenEvents){.fsio = fsio, .worker = worker, .clock = clock, .batch = 1};
        seen->directory = strdup(directory);
        if (asprintf(&seen->path, "%s/seen-events", directory) < 0)
            seen->path = NULL;
        r = seen->directory && seen->path ? load(seen, ret_damage) : -ERR_NO_MEMORY;
    }
    if (r < 0)
        seen_events_free(seen);
    else
        *ret_seen = seen;
    return r;
}

void seen_events_settle(SeenEvents *seen)
{
    if (seen && seen->is_writing)
        worker_drain(seen->worker);
}

void seen_events_free(SeenEvents *seen)
{
    if (!seen)
        return;
    seen_events_settle(seen);
    while (seen->events)
        forget(seen, seen->events);
    index_release(&seen->index);
    free(seen->directory);
    free(seen->path);
    free(seen);
}
