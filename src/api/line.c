#include "line.h"

#include <stdlib.h>
#include <utlist.h>

#include "budget.h"
#include "day.h"

enum { LANE_REFUSED, LANE_FIRST_CLASS, LANES = LANE_FIRST_CLASS + API_CLASSES };

struct Line {
    Clock *clock;
    Timer *timer;
    LineTicket *lanes[LANES]; /* those whose outcome is settled, then one a class; each in the order of numbers */
    unsigned counts[LANES];
    uint64_t numbers;                      /* given so far */
    unsigned in_flight, patient_in_flight; /* the second: of those that leave others room */
    int64_t held_until_ms, held_since_ms;
    bool spent; /* the day has nothing left but for changes … */
    int64_t spent_since_ms;
    int64_t wait_ms;
    unsigned per_day;
    bool leased; /* the day's ledger does not stand in the way */
    Budget minute;
    Day *day;
};

/* ---- deciding ---- */

static int64_t held_ms(const Line *line, int64_t now_ms)
{
    return line->held_until_ms > now_ms ? line->held_until_ms - now_ms : 0;
}

/* Walks and what nobody asked for. */
static bool is_patient(enum ApiClass class)
{
    return class >= API_WALK;
}

/* How long the rate limit keeps a class waiting that has so many others before it. */
static int64_t limit_ms(Line *line, enum ApiClass class, int64_t now_ms, unsigned ahead)
{
    unsigned spared = is_patient(class) ? line->minute.limit / LINE_SPARED : 0;
    int64_t hold = held_ms(line, now_ms), budget = budget_wait_ms(&line->minute, now_ms, ahead + spared);

    return hold > budget ? hold : budget;
}

static unsigned count_ahead(const Line *line, unsigned lane)
{
    unsigned ahead = 0;

    for (unsigned each = LANE_FIRST_CLASS; each < lane; each++)
        ahead += line->counts[each];
    return ahead;
}

static enum LineOutcome judge_day(Line *line, enum ApiClass class)
{
    static const enum LineOutcome outcomes[] = {
        [DAY_HAS_MORE] = LINE_GO, [DAY_SPENT] = LINE_DAY_SPENT, [DAY_SHARE_SPENT] = LINE_SHARE_SPENT};

    return outcomes[day_judge(line->day, class)];
}

/* Looks whether the day has come to its end, or has something left again. */
static void note_day(Line *line)
{
    bool spent = judge_day(line, API_READ) == LINE_DAY_SPENT;

    if (spent && !line->spent)
        line->spent_since_ms = clock_now_ms(line->clock);
    line->spent = spent;
}

/* What to tell a ticket with so many others before it: to go (or to wait for it), or that it is no use. */
static enum LineOutcome judge(Line *line, const LineTicket *ticket, int64_t now_ms, unsigned ahead)
{
    int64_t limit = limit_ms(line, ticket->class, now_ms, ahead), stood = line_stood_ms(line, ticket);

    if (judge_day(line, ticket->class) != LINE_GO)
        return judge_day(line, ticket->class);
    return limit > 0 && stood + limit > line->wait_ms ? LINE_TOO_LONG : LINE_GO;
}

/* Whether as many as may be are in flight already. */
static bool is_crowded(const Line *line, enum ApiClass class)
{
    return line->in_flight >= API_IN_FLIGHT_MAX ||
           (is_patient(class) && line->patient_in_flight >= API_IN_FLIGHT_MAX - API_IN_FLIGHT_MAX / LINE_SPARED);
}

/* Whether it may go; the day's ledger may have to be asked first. */
static bool may_go(Line *line, const LineTicket *ticket, int64_t now_ms)
{
    if (is_crowded(line, ticket->class) || limit_ms(line, ticket->class, now_ms, 0) > 0)
        return false;
    line->leased = day_ready(line->day, ticket->class);
    return line->leased;
}

/* The next whose turn it is among those that joined up to `horizon`: one that joins from inside a turn has to wait for
 * the loop's next round. */
static LineTicket *pick(Line *line, uint64_t horizon, int64_t now_ms)
{
    for (unsigned lane = 0; lane < LANES; lane++) {
        LineTicket *head = line->lanes[lane];

        if (!head || head->number > horizon)
            continue;
        if (lane == LANE_REFUSED)
            return head;
        head->outcome = judge(line, head, now_ms, count_ahead(line, lane));
        if (head->outcome != LINE_GO || may_go(line, head, now_ms))
            return head;
    }
    return NULL;
}

/* ---- doing ---- */

static bool goes_first(const LineTicket *one, const LineTicket *other)
{
    return one->ahead == other->ahead ? one->number < other->number : other->ahead;
}

static void put(Line *line, LineTicket *ticket, unsigned lane)
{
    LineTicket **list = &line->lanes[lane], *before = *list ? (*list)->prev : NULL;

    while (before && goes_first(ticket, before))
        before = before == *list ? NULL : before->prev;
    if (before)
        DL_APPEND_ELEM(*list, before, ticket);
    else
        DL_PREPEND(*list, ticket);
    line->counts[lane]++;
    ticket->lane = lane;
    ticket->waiting = true;
}

static void take(Line *line, LineTicket *ticket)
{
    DL_DELETE(line->lanes[ticket->lane], ticket);
    line->counts[ticket->lane]--;
    ticket->waiting = false;
    ticket->stood_ms += clock_now_ms(line->clock) - ticket->joined_ms;
}

/* Whose turn is next; 0 if nobody waits. */
static unsigned first_lane(const Line *line)
{
    unsigned lane = LANE_FIRST_CLASS;

    while (lane < LANES && !line->lanes[lane])
        lane++;
    return lane < LANES ? lane : 0;
}

/* Sets the timer for when something can happen next, or stops it. Of those behind the first in line none can go sooner
 * than it. */
static void schedule(Line *line)
{
    unsigned lane = first_lane(line);
    enum ApiClass class = lane > 0 ? (enum ApiClass)(lane - LANE_FIRST_CLASS) : API_CHANGE;

    if (line->lanes[LANE_REFUSED])
        timer_start(line->timer, 0);
    else if (lane == 0 || is_crowded(line, class) || !line->leased)
        timer_stop(line->timer);
    else
        timer_start(line->timer, limit_ms(line, class, clock_now_ms(line->clock), 0));
}

static void give_turn(Line *line, LineTicket *ticket)
{
    take(line, ticket);
    if (!ticket->turn(ticket->ctx, ticket->outcome))
        return;
    line->in_flight++;
    line->patient_in_flight += is_patient(ticket->class);
    budget_spend(&line->minute, clock_now_ms(line->clock));
    day_spend(line->day, ticket->class);
    note_day(line);
}

static void pump(void *ctx)
{
    Line *line = ctx;
    uint64_t horizon = line->numbers;
    LineTicket *ticket;

    line->leased = true;
    while ((ticket = pick(line, horizon, clock_now_ms(line->clock))))
        give_turn(line, ticket);
    schedule(line);
}

static void wake(Line *line)
{
    if (line->lanes[LANE_REFUSED] || count_ahead(line, LANES) > 0)
        timer_start(line->timer, 0);
}

/* The day's ledger has answered. An earlier run of ours may have sent until now. */
static void on_day(void *ctx)
{
    Line *line = ctx;
    int64_t now_ms = clock_now_ms(line->clock);

    budget_book(&line->minute, now_ms, now_ms, day_take_recent(line->day));
    note_day(line);
    wake(line);
}

/* ---- the interface ---- */

Line *line_new(Clock *clock, Ledger *ledger, unsigned per_minute, unsigned per_day, int64_t wait_ms)
{
    Line *line = calloc(1, sizeof *line);
    unsigned lease = per_minute == 0 ? DAY_LEASE_MAX : per_minute / 8;

    if (!line)
        return NULL;
    line->clock = clock;
    line->wait_ms = wait_ms;
    line->per_day = per_day;
    budget_init(&line->minute, per_minute, LINE_MINUTE_MS);
    line->timer = timer_new(clock, pump, line);
    line->day = day_new(clock, ledger, per_day, lease, on_day, line);
    if (line->timer && line->day)
        return line;
    line_free(line);
    return NULL;
}

void line_free(Line *line)
{
    if (!line)
        return;
    day_free(line->day);
    timer_free(line->timer);
    free(line);
}

/* True the first time. */
static bool enter(Line *line, LineTicket *ticket)
{
    ticket->joined_ms = clock_now_ms(line->clock);
    if (ticket->number > 0)
        return false;
    ticket->number = ++line->numbers;
    return true;
}

void line_join(Line *line, LineTicket *ticket)
{
    unsigned lane = LANE_FIRST_CLASS + (unsigned)ticket->class, ahead = count_ahead(line, lane);

    if (enter(line, ticket)) /* else it goes back to the front of its class, or near it */
        ahead += line->counts[lane];
    ticket->outcome = judge(line, ticket, ticket->joined_ms, ahead);
    put(line, ticket, ticket->outcome == LINE_GO ? lane : LANE_REFUSED);
    wake(line);
}

void line_need(Line *line, LineTicket *ticket)
{
    bool moves = ticket->waiting && ticket->ahead;

    ticket->ahead = false;
    if (!moves)
        return;
    DL_DELETE(line->lanes[ticket->lane], ticket);
    line->counts[ticket->lane]--;
    put(line, ticket, ticket->lane);
}

void line_leave(Line *line, LineTicket *ticket)
{
    if (!ticket->waiting)
        return;
    take(line, ticket);
    schedule(line);
}

void line_ended(Line *line, const LineTicket *ticket)
{
    line->in_flight--;
    line->patient_in_flight -= is_patient(ticket->class);
    wake(line);
}

void line_use_account(Line *line, const char *account)
{
    day_use(line->day, account);
}

void line_hold(Line *line, int64_t hold_ms)
{
    int64_t now_ms = clock_now_ms(line->clock), until_ms = now_ms + hold_ms;

    if (held_ms(line, now_ms) == 0)
        line->held_since_ms = now_ms;
    if (until_ms > line->held_until_ms)
        line->held_until_ms = until_ms;
    wake(line);
}

void line_note_minute_left(Line *line, unsigned left, int64_t reset_ms)
{
    int64_t now_ms = clock_now_ms(line->clock), at_ms = now_ms;
    unsigned used = budget_used(&line->minute, now_ms), limit = line->minute.limit;

    if (limit <= left || used >= limit - left)
        return;
    if (reset_ms >= 0 && reset_ms < LINE_MINUTE_MS)
        at_ms -= LINE_MINUTE_MS - reset_ms;
    budget_book(&line->minute, now_ms, at_ms, limit - left - used);
}

void line_note_day_left(Line *line, unsigned left)
{
    unsigned used = day_used(line->day);

    if (line->per_day > left && used < line->per_day - left)
        day_note_others(line->day, line->per_day - left - used);
    note_day(line);
}

int64_t line_wait_ms(Line *line, enum ApiClass class)
{
    return limit_ms(line, class, clock_now_ms(line->clock), count_ahead(line, LANE_FIRST_CLASS + (unsigned)class + 1));
}

bool line_may_go(Line *line, enum ApiClass class)
{
    return line_wait_ms(line, class) == 0 && !is_crowded(line, class) && judge_day(line, class) == LINE_GO;
}

int64_t line_pace_ms(Line *line)
{
    return day_pace_ms(line->day);
}

int64_t line_stood_ms(Line *line, const LineTicket *ticket)
{
    return ticket->stood_ms + (ticket->waiting ? clock_now_ms(line->clock) - ticket->joined_ms : 0);
}

/* What keeps the first in line, and for how long. */
static void explain(Line *line, ApiStats *stats)
{
    unsigned lane = first_lane(line);
    enum ApiClass class = lane > 0 ? (enum ApiClass)(lane - LANE_FIRST_CLASS) : API_CHANGE;
    int64_t now_ms = clock_now_ms(line->clock), limit = limit_ms(line, class, now_ms, 0);

    stats->why = API_WAIT_NONE;
    stats->next_ms = -1;
    if (lane == 0)
        return;
    stats->longest_ms = line_stood_ms(line, line->lanes[lane]);
    if (limit > 0) {
        stats->why = held_ms(line, now_ms) >= limit ? API_WAIT_RETRY_AFTER : API_WAIT_MINUTE;
        stats->next_ms = limit;
    } else if (is_crowded(line, class)) {
        stats->why = API_WAIT_IN_FLIGHT;
    } else if (!line->leased) {
        stats->why = API_WAIT_LEDGER;
    }
}

void line_stats(Line *line, ApiStats *stats)
{
    int64_t now_ms = clock_now_ms(line->clock);

    for (unsigned class = 0; class < API_CLASSES; class ++)
        stats->waiting[class] = line->counts[LANE_FIRST_CLASS + class];
    stats->in_line = count_ahead(line, LANES);
    stats->in_flight = line->in_flight;
    stats->minute_used = budget_used(&line->minute, now_ms);
    stats->minute_limit = line->minute.limit;
    stats->day_used = day_used(line->day);
    stats->day_limit = line->per_day;
    stats->day_kept = day_reserve(line->day);
    note_day(line);
    stats->day_spent = line->spent;
    stats->day_spent_ms = line->spent ? now_ms - line->spent_since_ms : 0;
    stats->day_in_memory_ms = day_lent_ms(line->day);
    stats->day_in_memory = day_is_lent(line->day);
    stats->pace_ms = day_pace_ms(line->day);
    stats->held_ms = held_ms(line, now_ms);
    stats->holding_ms = stats->held_ms > 0 ? now_ms - line->held_since_ms : 0;
    explain(line, stats);
}
