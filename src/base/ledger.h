/*
 * ledger: where the day's requests of one account are counted for all who share it, handed in like time.
 *
 * Requests are claimed ahead, some at a time. A claim is booked as sent before its `done` runs, and holds through a
 * crash and a loss of power: what its owner did not live to send counts as spent. The booking is one atomic step,
 * whoever else claims at the same time, so that no two together get more than the limit. What was claimed is to be sent
 * within the budget's part (budget.h) in which it was asked for; what was not is given back with a later claim.
 */
#ifndef SKY_LEDGER_H
#define SKY_LEDGER_H

#include "budget.h"

enum {
    LEDGER_DAY_MS = 24 * 3600 * 1000,
    LEDGER_ACCOUNT_BYTES = 65,
};

typedef struct Ledger Ledger;

typedef struct LedgerClaim {
    char account[LEDGER_ACCOUNT_BYTES]; /* a text that stands for the token, and does not give it away */
    int64_t now_ms;                     /* by the clock; what is claimed is booked as sent now */
    unsigned limit;                     /* of the day */
    unsigned want;                      /* as many of these are granted as fit under the limit … */
    unsigned keep;                      /* … when so many are left over */
    unsigned debt;                      /* sent already without a claim: booked in any case */
    unsigned back;                      /* given back: claimed before and not sent … */
    int64_t back_at_ms;                 /* … when it was claimed */
} LedgerClaim;

/* Once, from the loop, never from inside ledger_claim(). code: 0; or why nothing could be booked or given back
 * (-ERR_BUSY: for the moment only). day: all that is booked, by the clock of the claim; borrowed; NULL with a code. */
typedef void (*ledger_done_fn)(void *ctx, int code, unsigned granted, const Budget *day);

struct Ledger {
    int (*claim)(Ledger *ledger, const LedgerClaim *claim, ledger_done_fn done, void *ctx);
    void (*forget)(Ledger *ledger, const void *ctx);
};

/* 0 or -ERR_NO_MEMORY: then nothing happens. done may be NULL. */
static inline int ledger_claim(Ledger *ledger, const LedgerClaim *claim, ledger_done_fn done, void *ctx)
{
    return ledger->claim(ledger, claim, done, ctx);
}

/* No `done` with this ctx runs any more; what was asked for is carried out all the same. */
static inline void ledger_forget(Ledger *ledger, const void *ctx)
{
    ledger->forget(ledger, ctx);
}

#endif
