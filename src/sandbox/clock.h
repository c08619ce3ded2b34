/* The two clocks: the calendar's, for what clients are shown, and a steady one, for limits and waiting. */
#ifndef SANDBOX_CLOCK_H
#define SANDBOX_CLOCK_H

#include "buf.h"

#include <stdint.h>

/* Milliseconds since 1970. */
int64_t clock_now_ms(void);

/* Milliseconds on a clock that no one sets. */
int64_t clock_steady_ms(void);

void clock_sleep_ms(int64_t ms);

/* Adds a calendar time as a JSON string to the second, like "2026-03-19T10:22:44Z", as the API writes it. */
void clock_put_json(Buf *buf, int64_t ms);

#endif
