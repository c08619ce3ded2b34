/*
 * top_events: the last lines of the event stream, .skystack/events.follow. Pure.
 *
 * Each line is a JSON object: time, project, name, id, type, field, from, to, source; or {"missed":N}, where the reader was
 * too slow. What an event says of a row that is on the screen is put there at once, at no request. Caps:
 * TOP_EVENTS_MAX events, the oldest go first; a line that is no event, or too long, is left out.
 */
#ifndef SKY_TOP_EVENTS_H
#define SKY_TOP_EVENTS_H

#include <stdbool.h>

#include "buf.h"
#include "top_rows.h"

enum { TOP_EVENTS_MAX = 64, TOP_EVENT_BYTES = 256, TOP_EVENT_TIME_BYTES = 16 };

typedef struct TopEvent {
    char time[TOP_EVENT_TIME_BYTES]; /* of the day, UTC; "" if it has none */
    char text[TOP_EVENT_BYTES];      /* escaped for a terminal, and cut */
    char to[TOP_EVENT_TIME_BYTES];   /* what it came to, a status perhaps */
} TopEvent;

typedef struct TopEvents {
    Buf line; /* one that has not ended yet */
    bool skips;
    TopEvent ring[TOP_EVENTS_MAX];
    size_t seen; /* since the beginning */
} TopEvents;

/* What came of some bytes: rows changed, or the list is to be read again when that is due. */
typedef struct TopNews {
    bool changed, incomplete;
} TopNews;

void top_events_init(TopEvents *events);
void top_events_release(TopEvents *events);
/* Takes bytes of the stream; rows may be NULL. -ERR_NO_MEMORY: a line was lost, as if it had been missed. */
int top_events_feed(TopEvents *events, Span bytes, TopRows *rows, TopNews *news);
/* The stream begins anew: the rest of a line never comes. */
void top_events_cut(TopEvents *events);
/* The newest for 0, those before it for 1 and so on; NULL: no so many are kept. */
const TopEvent *top_events_back(const TopEvents *events, size_t back);

#endif
