#include "breaker.h"

bool breaker_is_closed(const Breaker *breaker)
{
    return breaker->pauses == 0;
}

int64_t breaker_wait_ms(const Breaker *breaker, int64_t now_ms)
{
    return breaker_is_closed(breaker) || breaker->until_ms <= now_ms ? 0 : breaker->until_ms - now_ms;
}

bool breaker_admit(Breaker *breaker, int64_t now_ms)
{
    if (breaker_is_closed(breaker))
        return true;
    if (now_ms < breaker->until_ms)
        return false;
    breaker->until_ms = now_ms + BREAKER_TRY_MS;
    return true;
}

void breaker_withdraw(Breaker *breaker, int64_t now_ms)
{
    if (!breaker_is_closed(breaker))
        breaker->until_ms = now_ms;
}

bool breaker_note_answer(Breaker *breaker)
{
    bool closes = !breaker_is_closed(breaker);

    *breaker = (Breaker){0};
    return closes;
}

/* Between half and all of a pause that doubles. */
static int64_t pause_ms(unsigned pauses, uint64_t chance)
{
    int64_t full = BREAKER_PAUSE_MS;

    for (unsigned i = 1; i < pauses && full < BREAKER_PAUSE_MS_MAX; i++)
        full *= 2;
    return full / 2 + (int64_t)(chance % (uint64_t)(full / 2 + 1));
}

bool breaker_is_same_failure(const Breaker *breaker, int64_t sent_ms)
{
    return breaker->failures > 0 && sent_ms < breaker->last_ms;
}

bool breaker_note_failure(Breaker *breaker, int64_t now_ms, uint64_t chance)
{
    bool opens;

    if (breaker->failures++ == 0)
        breaker->since_ms = now_ms;
    breaker->last_ms = now_ms;
    if (breaker->failures < BREAKER_FAILURES)
        return false;
    opens = breaker_is_closed(breaker);
    breaker->pauses++;
    breaker->until_ms = now_ms + pause_ms(breaker->pauses, chance);
    return opens;
}
