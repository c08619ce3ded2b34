#include "ledger_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "error.h"
#include "ledger_text.h"
#include "log.h"

enum { PATH_BYTES = 4096 };

/* One claim on its way to the disk. */
typedef struct Booking {
    struct FileLedger *ledger;
    Fsio *fsio;
    const char *folder;
    LedgerClaim claim;
    LedgerTime time;
    Buf path;
    ledger_done_fn done; /* NULL: nobody asks */
    void *ctx;
    /* what came of it */
    int code;
    unsigned granted;
    bool damaged;
    Budget day;
    struct Booking *prev, *next;
} Booking;

typedef struct FileLedger {
    Ledger ledger; /* first */
    Fsio *fsio;
    Worker *worker;
    Clock *clock;
    char *folder;
    char boot[LEDGER_BOOT_BYTES];
    Booking *bookings;
} FileLedger;

static void booking_free(Booking *booking)
{
    buf_release(&booking->path);
    free(booking);
}

/* ---- on the worker: these touch the booking and the disk, and nothing else ---- */

/* Nobody knows what was spent: a good part of it, evenly, so that neither all of it comes at once nor nothing for a
 * day. */
static void doubt(Booking *booking)
{
    int64_t now_ms = booking->time.now_ms;
    uint64_t total = (uint64_t)booking->claim.limit * LEDGER_FILE_DOUBT / 100, before = 0;

    booking->damaged = true;
    budget_init(&booking->day, 0, LEDGER_DAY_MS);
    for (unsigned part = 1; part <= BUDGET_PARTS; part++) {
        uint64_t until = total * part / BUDGET_PARTS;

        budget_book(&booking->day, now_ms, now_ms - (BUDGET_PARTS - part) * booking->day.part_ms,
                    (unsigned)(until - before));
        before = until;
    }
}

static int load_day(Booking *booking)
{
    _cleanup_buf_ Buf text = BUF_INIT(LEDGER_TEXT_BYTES);
    int r = fsio_read(booking->fsio, buf_text(&booking->path), &text, NULL);

    if (r == -ERR_NOT_FOUND) {
        budget_init(&booking->day, 0, LEDGER_DAY_MS);
        return 0;
    }
    if (r == 0)
        r = ledger_decode((Span){buf_text(&text), text.len}, &booking->time, &booking->day);
    if (r != -ERR_PROTOCOL && r != -ERR_TOO_BIG)
        return r;
    doubt(booking);
    return 0;
}

static void book(Booking *booking)
{
    const LedgerClaim *claim = &booking->claim;
    Budget *day = &booking->day;
    int64_t now_ms = claim->now_ms;
    unsigned most = claim->keep < claim->limit ? claim->limit - claim->keep : 0, used, room;

    budget_unbook(day, now_ms, claim->back_at_ms, claim->back);
    budget_book(day, now_ms, now_ms, claim->debt);
    used = budget_used(day, now_ms);
    room = used < most ? most - used : 0;
    booking->granted = claim->want < room ? claim->want : room;
    budget_book(day, now_ms, now_ms, booking->granted);
}

static int save_day(const Booking *booking)
{
    _cleanup_buf_ Buf text = BUF_INIT(LEDGER_TEXT_BYTES);
    int r = ledger_encode(&booking->day, &booking->time, &text);

    return r < 0 ? r : fsio_replace(booking->fsio, buf_text(&booking->path), text.data, text.len);
}

static int book_locked(Booking *booking)
{
    int r = load_day(booking);

    if (r < 0)
        return r;
    book(booking);
    return save_day(booking);
}

static int take_lock(const Booking *booking, int *ret_lock)
{
    _cleanup_buf_ Buf path = BUF_INIT(PATH_BYTES);
    int r = buf_printf(&path, "%s.lock", buf_text(&booking->path));

    if (r == 0)
        r = fsio_lock(booking->fsio, buf_text(&path), ret_lock);
    if (r != -ERR_NOT_FOUND)
        return r;
    r = fsio_make_dirs(booking->fsio, booking->folder);
    return r < 0 ? r : fsio_lock(booking->fsio, buf_text(&path), ret_lock);
}

static void work(void *ctx)
{
    Booking *booking = ctx;
    int lock, r = take_lock(booking, &lock);

    if (r == 0) {
        r = book_locked(booking);
        fsio_unlock(booking->fsio, lock);
    }
    booking->code = r;
}

/* ---- on the loop ---- */

static void answer(void *ctx)
{
    Booking *booking = ctx;

    DL_DELETE(booking->ledger->bookings, booking);
    if (booking->damaged)
        log_warn("The day's count of requests in %s was damaged and begins anew; %d%% of the day count as spent.",
                 buf_text(&booking->path), LEDGER_FILE_DOUBT);
    if (booking->done)
        booking->done(booking->ctx, booking->code, booking->code == 0 ? booking->granted : 0,
                      booking->code == 0 ? &booking->day : NULL);
    booking_free(booking);
}

static Booking *booking_new(FileLedger *ledger, const LedgerClaim *claim)
{
    Booking *booking = calloc(1, sizeof *booking);

    if (!booking)
        return NULL;
    booking->ledger = ledger;
    booking->fsio = ledger->fsio;
    booking->folder = ledger->folder;
    booking->claim = *claim;
    booking->time = (LedgerTime){.now_ms = claim->now_ms, .wall_ms = clock_wall_ms(ledger->clock)};
    memcpy(booking->time.boot, ledger->boot, sizeof ledger->boot);
    buf_init(&booking->path, PATH_BYTES);
    if (buf_printf(&booking->path, "%s/%s", ledger->folder, claim->account) == 0)
        return booking;
    booking_free(booking);
    return NULL;
}

static int claim_in_file(Ledger *base, const LedgerClaim *claim, ledger_done_fn done, void *ctx)
{
    FileLedger *ledger = (FileLedger *)base;
    Booking *booking = booking_new(ledger, claim);

    if (!booking)
        return -ERR_NO_MEMORY;
    booking->done = done;
    booking->ctx = ctx;
    if (worker_run(ledger->worker, work, answer, booking) < 0) {
        booking_free(booking);
        return -ERR_NO_MEMORY;
    }
    DL_APPEND(ledger->bookings, booking);
    return 0;
}

static void forget(Ledger *base, const void *ctx)
{
    Booking *each;

    DL_FOREACH(((FileLedger *)base)->bookings, each)
    {
        if (each->ctx == ctx)
            each->done = NULL;
    }
}

static void release(FileLedger *ledger)
{
    if (ledger)
        free(ledger->folder);
    free(ledger);
}

Ledger *ledger_file_new(Fsio *fsio, Worker *worker, Clock *clock, const char *folder, const char *boot)
{
    FileLedger *ledger = calloc(1, sizeof *ledger);

    if (!ledger)
        return NULL;
    *ledger = (FileLedger){.ledger = {.claim = claim_in_file, .forget = forget},
                           .fsio = fsio,
                           .worker = worker,
                           .clock = clock,
                           .folder = strdup(folder)};
    snprintf(ledger->boot, sizeof ledger->boot, "%s", boot);
    if (ledger->folder)
        return &ledger->ledger;
    release(ledger);
    return NULL;
}

void ledger_file_free(Ledger *base)
{
    FileLedger *ledger = (FileLedger *)base;

    if (ledger && ledger->bookings)
        worker_drain(ledger->worker);
    release(ledger);
}
