#include "budget.h"

#include <string.h>

void budget_init(Budget *budget, unsigned limit, int64_t span_ms)
{
    memset(budget, 0, sizeof *budget);
    budget->limit = limit;
    budget->part_ms = span_ms / BUDGET_PARTS;
}

/* Numbered from two spans before the clock's zero, so that none is negative. */
static int64_t part_at(const Budget *budget, int64_t at_ms)
{
    return at_ms / budget->part_ms + (int64_t)2 * BUDGET_PARTS - (at_ms % budget->part_ms < 0);
}

static int64_t begin_of(const Budget *budget, int64_t part)
{
    return (part - (int64_t)2 * BUDGET_PARTS) * budget->part_ms;
}

static uint32_t *slot(Budget *budget, int64_t part)
{
    return &budget->counts[part % (BUDGET_PARTS + 1)];
}

/* Drops the parts that have left the span. */
static void advance(Budget *budget, int64_t now_ms)
{
    int64_t part = part_at(budget, now_ms);

    if (part - budget->newest > BUDGET_PARTS + 1)
        budget->newest = part - (BUDGET_PARTS + 1);
    while (budget->newest < part) {
        uint32_t *reused = slot(budget, ++budget->newest);

        budget->used -= *reused;
        *reused = 0;
    }
}

/* Where requests of that time are counted; NULL if they have left the span. */
static uint32_t *slot_at(Budget *budget, int64_t now_ms, int64_t at_ms)
{
    int64_t part = part_at(budget, at_ms);

    advance(budget, now_ms);
    return part <= budget->newest && part >= budget->newest - BUDGET_PARTS && part >= 0 ? slot(budget, part) : NULL;
}

void budget_book(Budget *budget, int64_t now_ms, int64_t at_ms, unsigned count)
{
    uint32_t *counted = slot_at(budget, now_ms, at_ms);

    if (!counted)
        return;
    *counted += count;
    budget->used += count;
}

unsigned budget_unbook(Budget *budget, int64_t now_ms, int64_t at_ms, unsigned count)
{
    uint32_t *counted = slot_at(budget, now_ms, at_ms);
    unsigned taken = counted ? count < *counted ? count : *counted : 0;

    if (counted)
        *counted -= taken;
    budget->used -= taken;
    return taken;
}

void budget_spend(Budget *budget, int64_t now_ms)
{
    budget_book(budget, now_ms, now_ms, 1);
}

unsigned budget_used(Budget *budget, int64_t now_ms)
{
    advance(budget, now_ms);
    return budget->used;
}

unsigned budget_used_since(Budget *budget, int64_t now_ms, int64_t recent_ms)
{
    int64_t oldest = part_at(budget, now_ms - recent_ms);
    unsigned used = 0;

    advance(budget, now_ms);
    for (int64_t part = budget->newest; part >= oldest && part >= budget->newest - BUDGET_PARTS; part--)
        used += *slot(budget, part);
    return used;
}

/* When the count-th oldest request leaves the span; those that are not sent yet count as sent now. */
static int64_t leaves_at(Budget *budget, int64_t now_ms, unsigned count)
{
    unsigned seen = 0;

    for (int64_t part = budget->newest - BUDGET_PARTS; part <= budget->newest; part++) {
        seen += *slot(budget, part);
        if (seen >= count)
            return begin_of(budget, part + BUDGET_PARTS + 1);
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

int64_t budget_part_end_ms(const Budget *budget, int64_t at_ms)
{
    return begin_of(budget, part_at(budget, at_ms) + 1);
}

unsigned budget_part(const Budget *budget, unsigned back)
{
    int64_t part = budget->newest - back;

    return part < 0 ? 0 : budget->counts[part % (BUDGET_PARTS + 1)];
}

int64_t budget_part_begin_ms(const Budget *budget, unsigned back)
{
    return begin_of(budget, budget->newest - back);
}
