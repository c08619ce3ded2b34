/*
 * exchange: one request of the API, from standing in line to its verdict. Internal to api.
 *
 *   waiting   in line; a turn sends it, or ends it with the line's refusal or the token's
 *   parked    out of line: another token is being looked for; back in line when there is one
 *   flying    with the net; an answer ends it, or (401 with a new token, 429) puts it back in line
 *   ended     its done has run, and it is freed
 *
 * A Courier is what all exchanges of one API share.
 */
#ifndef SKY_EXCHANGE_H
#define SKY_EXCHANGE_H

#include "api.h"
#include "credential.h"
#include "envelope.h"
#include "line.h"
#include "version.h"

typedef struct Exchange Exchange;

typedef struct Courier {
    char *endpoint;
    Version version;
    int64_t timeout_ms;
    Net *net;
    Clock *clock;
    Random *random;
    Credential *credential;
    Line *line;
    uint64_t account_number; /* of the token that requests are counted for; 0: none yet */
    Exchange *exchanges;
    unsigned refused; /* 429s in a row */
    uint64_t requests, failures, by_class[API_CLASSES];
} Courier;

typedef struct ExchangeOrder {
    enum Purpose purpose;
    enum ApiClass class;
    const char *path;     /* with its query */
    const char *id;       /* the instance that it is about, or NULL */
    Span body;            /* empty: none */
    const char *if_match; /* or NULL */
    bool probe;           /* with the token that was found, to prove it, in place of the one in use */
} ExchangeOrder;

/* Once, from the loop and never from inside exchange_start(). The verdict is borrowed; its failure's code is 0 on
 * success. The exchange is gone after. */
typedef void (*exchange_done_fn)(void *ctx, const Verdict *verdict);

/* Counts requests for this token from now on. */
void courier_count_for(Courier *courier, const char *token, uint64_t token_number);
/* Everything in the order is copied. 0 or -ERR_NO_MEMORY. */
int exchange_start(Courier *courier, const ExchangeOrder *order, exchange_done_fn done, void *ctx,
                   Exchange **ret_exchange);
/* Its done never runs. A change in flight goes on by itself, and its outcome is logged. */
void exchange_cancel(Exchange *exchange);
/* Ends it as if it had never been if it stands in line: true. False: it flies, and goes on to its done. */
bool exchange_retract(Exchange *exchange);
/* Ends all, those that go on by themselves too. */
void exchange_abort_all(Courier *courier);
/* How long it has stood in line so far. */
int64_t exchange_line_ms(const Exchange *exchange);

#endif
