#include "budget.h"

#include <string.h>

void budget_init(Budget *budget, unsigned limit, int64_t span_ms)
{
    memset(budget, 0, sizeof *budget);
    budget->limit = limit;
    budget->part_ms = span_ms / BUDGET_PARTS;
}

static uint32_t *slot(Budget *budget, int64_t part)
{
    return &budget->counts[part % (BUDGET_PARTS + 1)];
}

/* Drops the parts that have left the span. */
static void advance(Budget *budget, int64_t now_ms)
{
    int64_t part = now_ms / budget->part_ms;

    if (part - budget->newest > BUDGET_PARTS + 1)
        budget->newest = part - (BUDGET_PARTS + 1);
    while (budget->newest < part) {
        uint32_t *reused = slot(budget, ++budget->newest);

        budget->used -= *reused;
        *reused = 0;
    }
}

void budget_spend(Budget *budget, int64_t now_ms)
{
    advance(budget, now_ms);
    ++*slot(budget, budget->newest);
    budget->used++;
}

unsigned budget_used(Budget *budget, int64_t now_ms)
{
    advance(budget, now_ms);
    return budget->used;
}

/* When the count-th oldest request leaves the span; those that are not sent yet count as sent now. */
static int64_t leaves_at(Budget *budget, int64_t now_ms, unsigned count)
{
    int64_t oldest = budget->newest - BUDGET_PARTS;
    unsigned seen = 0;

    for (int64_t part = oldest < 0 ? 0 : oldest; part <= budget->newest; part++) {
        seen += *slot(budget, part);
        if (seen >= count)
            return (part + BUDGET_PARTS + 1) * budget->part_ms;
    }
    return now_ms + (BUDGET_PARTS + 1) * budget->part_ms;
}

int64_t budget_wait_ms(Budget *budget, int64_t now_ms, unsigned ahead)
{
    uint64_t wanted = (uint64_t)ahead + 1, missing;
    int64_t rounds;

    if (budget->limit == 0)
        return 0;
    wanted += budget_used(budget, now_ms);
    if (wanted <= budget->limit)
        return 0;
    missing = wanted - budget->limit - 1;
    rounds = (int64_t)(missing / budget->limit);
    return leaves_at(budget, now_ms, (unsigned)(missing % budget->limit) + 1) - now_ms +
           rounds * (BUDGET_PARTS + 1) * budget->part_ms;
}
