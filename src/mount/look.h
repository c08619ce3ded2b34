/*
 * look: whether it pays to look for the next request for a while before the loop sleeps. Pure; internal to mount.
 *
 * A wake-up costs many times the work of an answer, and whoever got an answer often asks again at once. But looking is in
 * vain where the asker shares our processor, or does something else first. So, as in KVM's halt polling (halt_poll_ns), the
 * past decides: after some looks in vain, ever more answers go by without one.
 */
#ifndef SKY_LOOK_H
#define SKY_LOOK_H

#include <stdbool.h>

enum {
    LOOK_MISSES_MAX = 3, /* in a row, before looking stops for a while */
    LOOK_PAUSE_MIN = 8,  /* answers without a look; twice as many after each further miss, … */
    LOOK_PAUSE_MAX = 512 /* … up to this */
};

/* All zero to begin with. */
typedef struct Look {
    unsigned misses; /* in a row */
    unsigned pause;  /* answers that go by without a look, still */
} Look;

/* Whether to look after this answer. */
bool look_pays(Look *look);
/* What came of it. */
void look_note(Look *look, bool found);

#endif
