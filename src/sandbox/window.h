/* A sliding window over time: how many events lie within the last so many milliseconds. Times are steady milliseconds.
 */
#ifndef SANDBOX_WINDOW_H
#define SANDBOX_WINDOW_H

#include <stddef.h>
#include <stdint.h>

typedef struct Window {
    int64_t span_ms;
    int64_t *times; /* a ring */
    size_t first, count, cap;
} Window;

enum {
    WINDOW_MINUTE_MS = 60 * 1000,
    WINDOW_DAY_MS = 24 * 60 * 60 * 1000,
    WINDOW_MAX_EVENTS = 1 << 20 /* the oldest is forgotten beyond that */
};

void window_init(Window *window, int64_t span_ms);
void window_release(Window *window);

/* Forgets every event. */
void window_clear(Window *window);

void window_add(Window *window, int64_t now);

/* Events within the span that ends now. */
size_t window_count(Window *window, int64_t now);

/* How long until fewer than `limit` events lie within the span: 0 if that is so now, or if `limit` is 0 (no limit). */
int64_t window_wait_ms(Window *window, size_t limit, int64_t now);

#endif
