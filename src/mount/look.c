#include "look.h"

bool look_pays(Look *look)
{
    if (look->pause == 0)
        return true;
    look->pause--;
    return false;
}

static unsigned pause_after(unsigned misses)
{
    unsigned pause = LOOK_PAUSE_MIN;

    for (unsigned i = LOOK_MISSES_MAX; i < misses && pause < LOOK_PAUSE_MAX; i++)
        pause *= 2;
    return pause;
}

void look_note(Look *look, bool found)
{
    if (found) {
        *look = (Look){0};
        return;
    }
    look->misses++;
    if (look->misses >= LOOK_MISSES_MAX)
        look->pause = pause_after(look->misses);
}
