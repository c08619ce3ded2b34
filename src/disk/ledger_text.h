/*
 * ledger_text: a day's budget as text, and back, moved to the clock of whoever reads it. Pure; private to disk.
 */
#ifndef SKY_LEDGER_TEXT_H
#define SKY_LEDGER_TEXT_H

#include <stdint.h>

#include "budget.h"
#include "buf.h"
#include "ledger_file.h"
#include "span.h"

enum { LEDGER_TEXT_BYTES = 32 << 10 };

/* Now, in all the ways that a ledger tells time. */
typedef struct LedgerTime {
    char boot[LEDGER_BOOT_BYTES];
    int64_t now_ms, wall_ms;
} LedgerTime;

/* Appends the text. */
int ledger_encode(const Budget *day, const LedgerTime *time, Buf *into);
/* 0, or -ERR_PROTOCOL: damaged, or of another version. ret_day has no limit, and times of `time`. */
int ledger_decode(Span text, const LedgerTime *time, Budget *ret_day);
/* For how long a text written at `then` has lain there by now. */
int64_t ledger_away_ms(const LedgerTime *then, const LedgerTime *now);

#endif
