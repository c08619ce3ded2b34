#include "window.h"

#include "mem.h"

#include <stdlib.h>

void window_init(Window *window, int64_t span_ms)
{
    *window = (Window){.span_ms = span_ms};
}

void window_release(Window *window)
{
    free(window->times);
    window_init(window, window->span_ms);
}

void window_clear(Window *window)
{
    window->first = window->count = 0;
}

static void drop_first(Window *window)
{
    window->first = (window->first + 1) % window->cap;
    window->count--;
}

static void grow(Window *window)
{
    size_t cap = window->cap ? window->cap * 2 : 64;
    int64_t *times = mem_new(cap * sizeof *times);
    for (size_t i = 0; i < window->count; i++)
        times[i] = window->times[(window->first + i) % window->cap];
    free(window->times);
    window->times = times;
    window->cap = cap;
    window->first = 0;
}

void window_add(Window *window, int64_t now)
{
    window_count(window, now);
    if (window->count == WINDOW_MAX_EVENTS)
        drop_first(window);
    if (window->count == window->cap)
        grow(window);
    window->times[(window->first + window->count++) % window->cap] = now;
}

size_t window_count(Window *window, int64_t now)
{
    while (window->count && window->times[window->first] <= now - window->span_ms)
        drop_first(window);
    return window->count;
}

int64_t window_wait_ms(Window *window, size_t limit, int64_t now)
{
    size_t count = window_count(window, now);
    if (!limit || count < limit)
        return 0;
    int64_t leaves = window->times[(window->first + count - limit) % window->cap];
    return leaves + window->span_ms - now;
}
