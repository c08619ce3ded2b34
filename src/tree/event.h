/*
 * event: what changed, as lines of JSON, and the last of them in a ring. Pure.
 *
 * A line says one thing of one instance:
 *
 *   {"time":…,"project":…,"name":…,"id":…,"type":…,"field":…,"from":…,"to":…,"source":…}
 *
 * `type` is created, deleted, status_changed (the field `status`) or updated (any other). A field of an object goes by its
 * path, `utilization.cpu`. `from` and `to` are texts: a string is its own, anything else its JSON, cut where it is long;
 * null where there is no value. `created` and `deleted` have no field.
 */
#ifndef SKY_EVENT_H
#define SKY_EVENT_H

#include <stdint.h>

#include "resource.h"

enum {
    EVENT_LINES_KEPT = 1000,
    EVENT_BYTES_KEPT = 256 << 10,
    EVENT_LINE_BYTES = 8 << 10, /* of one line; a longer one is not told */
    EVENT_TEXT_BYTES = 256,     /* of a name, a field, or a value; more is cut, and ends in `…` */
    EVENT_FIELDS_MAX = 64,      /* lines of one change */
};

typedef struct Event {
    int64_t wall_ms;
    Span project; /* its name */
    const char *source;
    Resource *before, *after; /* NULL: created, deleted */
} Event;

/* Takes a line, which is borrowed and has no end of line. Negative: goes no further. */
typedef int (*event_take_fn)(void *ctx, Span line);

/*
 * Hands on the lines of a change, of an update one for each field that is another. Where one of the two is a summary, what
 * it lacks is not known rather than gone, and is not told. 0, or what `take` said, or -ERR_NO_MEMORY.
 */
int event_lines(const Event *event, event_take_fn take, void *ctx);

/* Lines are numbered from 0, and the log's bytes too, for as long as the ring lives; both only grow. */
typedef struct EventRing EventRing;
/* NULL if there is no memory. */
EventRing *event_ring_new(void);
/* Takes NULL. */
void event_ring_free(EventRing *ring);
/* Adds a line and its end; the oldest give way. */
void event_ring_add(EventRing *ring, Span line);
/* The oldest line that is kept, and the one that comes next: the same while there is none. */
uint64_t event_ring_first(const EventRing *ring);
uint64_t event_ring_next(const EventRing *ring);
/* Where a line that is kept, or the next, begins in the log. */
uint64_t event_ring_offset(const EventRing *ring, uint64_t line);
/* Copies bytes that are kept. */
void event_ring_copy(const EventRing *ring, uint64_t offset, char *into, size_t count);

#endif
