/*
 * exchange: one request of the API, from standing in line to its verdict. Internal to api.
 *
 *   waiting   in line; a turn sends it, or ends it with the line's refusal or the token's
 *   parked    out of line: another token is being looked for; back in line when there is one
 *   flying    with the net; an answer ends it, or (401 with a new token, 429) puts it back in line
 *   resting   a read or a delete that failed for a reason that may pass; back in line after a pause
 *   ended     its done has run, and it is freed
 */
#ifndef SKY_EXCHANGE_H
#define SKY_EXCHANGE_H

#include "courier.h"
#include "parcel.h"

/* Once, from the loop and never from inside exchange_start(). The verdict is borrowed, but for what is taken out of it;
 * its failure's code is 0 on success. The exchange is gone after. */
typedef void (*exchange_done_fn)(void *ctx, Verdict *verdict);

/* Everything in the order is copied. 0 or -ERR_NO_MEMORY. */
int exchange_start(Courier *courier, const ExchangeOrder *order, exchange_done_fn done, void *ctx,
                   Exchange **ret_exchange);
/* Its done never runs. A change in flight goes on by itself, and its outcome is logged. */
void exchange_cancel(Exchange *exchange);
/* Ends it as if it had never been if nothing of it may have been done: true. False: it goes on to its done. */
bool exchange_retract(Exchange *exchange);
/* What was ordered ahead is needed now. */
void exchange_need(Exchange *exchange);
/* Ends all, those that go on by themselves too. */
void exchange_abort_all(Courier *courier);
/* How long it has stood in line so far. */
int64_t exchange_line_ms(const Exchange *exchange);

#endif
