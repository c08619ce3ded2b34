#include "pace.h"

/* What the day to come can bear. Requests that leave the day free what they took; just before each does, what is left is
 * at its lowest. */
typedef struct Outlook {
    double even;  /* the even pace, in requests a millisecond */
    double spare; /* requests that may go besides it; negative: even that is too much … */
    double most;  /* … and this is the pace that is not */
} Outlook;

/* `left` requests may be sent from now until `ahead_ms` from now. */
static void look_at(Outlook *outlook, double left, double ahead_ms)
{
    double spare = left - outlook->even * ahead_ms, most = left > 0 ? left / ahead_ms : 0;

    if (spare < outlook->spare)
        outlook->spare = spare;
    if (most < outlook->most)
        outlook->most = most;
}

static Outlook look_ahead(Budget *day, int64_t now_ms, unsigned usable)
{
    double day_ms = (double)day->part_ms * (BUDGET_PARTS + 1), share = usable / (double)PACE_SHARE;
    Outlook outlook = {.even = (usable - 2 * share) / day_ms, .spare = usable, .most = usable};
    double left = (double)usable - budget_used(day, now_ms);

    for (unsigned back = BUDGET_PARTS + 1; back-- > 0;) {
        unsigned count = budget_part(day, back);
        int64_t leaves_ms = budget_part_begin_ms(day, back) + (BUDGET_PARTS + 1) * day->part_ms;

        if (count == 0)
            continue;
        look_at(&outlook, left, (double)(leaves_ms > now_ms ? leaves_ms - now_ms : 1));
        left += count;
    }
    look_at(&outlook, left, day_ms);
    return outlook;
}

int64_t pace_ms(Budget *day, int64_t now_ms, unsigned usable)
{
    Outlook outlook = look_ahead(day, now_ms, usable);
    double share = usable / (double)PACE_SHARE, burst = outlook.spare - share;
    double rate = outlook.most / 2; /* more slowly than it could, until there is something to spare again */

    if (burst >= share / 2)
        return 0;
    if (burst > 0)
        rate = outlook.even + burst / PACE_BURST_MS;
    else if (outlook.spare > 0)
        rate = outlook.even * (1 + outlook.spare / share) / 2;
    return rate * PACE_MS_MAX > 1 ? (int64_t)(1 / rate) : PACE_MS_MAX;
}
