#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "event.h"

struct EventRing {
    uint64_t first, next;              /* lines */
    uint64_t end;                      /* bytes */
    uint64_t starts[EVENT_LINES_KEPT]; /* of line N at N modulo the size, as of byte N below */
    char bytes[EVENT_BYTES_KEPT];
};

EventRing *event_ring_new(void)
{
    return calloc(1, sizeof(EventRing));
}

void event_ring_free(EventRing *ring)
{
    free(ring);
}

uint64_t event_ring_first(const EventRing *ring)
{
    return ring->first;
}

uint64_t event_ring_next(const EventRing *ring)
{
    return ring->next;
}

uint64_t event_ring_offset(const EventRing *ring, uint64_t line)
{
    assert(line >= ring->first && line <= ring->next);
    return line == ring->next ? ring->end : ring->starts[line % EVENT_LINES_KEPT];
}

static void put(EventRing *ring, const char *bytes, size_t count)
{
    size_t at = ring->end % EVENT_BYTES_KEPT, left = EVENT_BYTES_KEPT - at;
    size_t first = count < left ? count : left;

    memcpy(ring->bytes + at, bytes, first);
    memcpy(ring->bytes, bytes + first, count - first);
    ring->end += count;
}

static bool has_room(const EventRing *ring, size_t count)
{
    return ring->next - ring->first < EVENT_LINES_KEPT &&
           ring->end - event_ring_offset(ring, ring->first) + count <= EVENT_BYTES_KEPT;
}

void event_ring_add(EventRing *ring, Span line)
{
    assert(line.len < EVENT_BYTES_KEPT);
    while (!has_room(ring, line.len + 1))
        ring->first++;
    ring->starts[ring->next % EVENT_LINES_KEPT] = ring->end;
    ring->next++;
    put(ring, line.at, line.len);
    put(ring, "\n", 1);
}

void event_ring_copy(const EventRing *ring, uint64_t offset, char *into, size_t count)
{
    size_t at = offset % EVENT_BYTES_KEPT, left = EVENT_BYTES_KEPT - at;
    size_t first = count < left ? count : left;

    assert(offset >= event_ring_offset(ring, ring->first) && offset + count <= ring->end);
    memcpy(into, ring->bytes + at, first);
    memcpy(into + first, ring->bytes, count - first);
}
