/*
 * line: where requests stand until they may go. Internal to api.
 *
 * They leave in the order of their classes, and within a class in the order in which they first came. What holds them:
 * our own limit a minute, a Retry-After, and the cap on exchanges in flight. A ticket that would stand, or has stood,
 * longer than wait_ms for a rate limit is told so at once; waiting for the cap alone is never refused. When the day's
 * requests are spent there is no waiting; the last of a day are kept for changes. Walks and what nobody asked for leave
 * a quarter of the minute, and of the places in flight, to others. No timer runs while nothing waits.
 */
#ifndef SKY_LINE_H
#define SKY_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "api.h"
#include "clock.h"
#include "ledger.h"

enum {
    LINE_MINUTE_MS = 60 * 1000,
    LINE_SPARED = 4, /* such a part of the minute and of the places in flight is not for walks and the like */
};

enum LineOutcome {
    LINE_GO,
    LINE_TOO_LONG, /* the rate limit stands in the way for longer than wait_ms */
    LINE_DAY_SPENT,
    LINE_SHARE_SPENT, /* its class has had its share of the day */
};

/* Runs from the loop, never from inside line_join(). With LINE_GO: true if a request was sent, which takes a place in
 * flight until line_ended(). */
typedef bool (*line_turn_fn)(void *ctx, enum LineOutcome outcome);

/* Part of whoever waits. Set class, turn and ctx, ahead perhaps, and leave the rest zero. */
typedef struct LineTicket {
    enum ApiClass class;
    bool ahead; /* nobody needs it yet: those of its class who do go first, though they came later */
    line_turn_fn turn;
    void *ctx;
    /* the line's own */
    uint64_t number;   /* in order of first joining; 0: never joined */
    int64_t joined_ms; /* last joined */
    int64_t stood_ms;  /* in earlier stays */
    unsigned lane;
    bool waiting;
    enum LineOutcome outcome;
    struct LineTicket *prev, *next;
} LineTicket;

typedef struct Line Line;

/* NULL if there is no memory. 0 as a limit: none. ledger: where the day is counted; NULL: here. */
Line *line_new(Clock *clock, Ledger *ledger, unsigned per_minute, unsigned per_day, int64_t wait_ms);
/* Everyone has left before. Takes NULL. */
void line_free(Line *line);
/* Joins, or comes back to its old place. */
void line_join(Line *line, LineTicket *ticket);
/* What was ahead is needed now: it goes to its place. */
void line_need(Line *line, LineTicket *ticket);
/* Leaves without a turn; harmless if it does not wait. */
void line_leave(Line *line, LineTicket *ticket);
/* Whose requests they are from now on, see ledger.h. */
void line_use_account(Line *line, const char *account);
/* This one's request, which was sent, has ended. */
void line_ended(Line *line, const LineTicket *ticket);
/* Nobody goes for so long. A shorter hold does not end a longer one. */
void line_hold(Line *line, int64_t hold_ms);

/* The API says that so few requests are left of the minute, which ends then (-1: not said), or of the day. What is more
 * than we think changes nothing. */
void line_note_minute_left(Line *line, unsigned left, int64_t reset_ms);
void line_note_day_left(Line *line, unsigned left);

/* For how long the rate limit will still keep this class from going, were it the next to join. */
int64_t line_wait_ms(Line *line, enum ApiClass class);
/* Whether one that joined now could leave at once. */
bool line_may_go(Line *line, enum ApiClass class);
/* See api_pace_ms(). */
int64_t line_pace_ms(Line *line);
/* How long a ticket has stood in line so far, all stays together. */
int64_t line_stood_ms(Line *line, const LineTicket *ticket);
/* Fills in the fields that the line knows of. */
void line_stats(Line *line, ApiStats *stats);

#endif
