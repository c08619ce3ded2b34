#include "day.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "log.h"
#include "pace.h"

struct Day {
    Clock *clock;
    Ledger *ledger; /* NULL: none */
    Timer *timer;
    clock_fn changed;
    void *ctx;
    unsigned limit, lease;
    char account[LEDGER_ACCOUNT_BYTES];
    Budget shares[API_CLASSES - API_WALK];
    int64_t pace_ms, paced_ms; /* worked out then */
    Budget booked;             /* by all, what we hold and have not sent included */
    unsigned left;             /* of the lease … */
    int64_t leased_ms;         /* … which was claimed then */
    unsigned back;             /* of an ended lease … */
    int64_t back_at_ms;
    unsigned debt;          /* sent without a lease, and not booked in the ledger yet */
    bool claiming;          /* a claim is under way … */
    LedgerClaim claim;      /* … this one */
    bool wanted;            /* a request waits for it */
    int64_t quiet_until_ms; /* the ledger is left alone until then */
    int64_t lent_until_ms;  /* requests go without it until then … */
    int64_t lent_since_ms;  /* … and do since */
    bool warned;
    bool known; /* a claim has come back */
    unsigned recent;
};

static int64_t now_ms(const Day *day)
{
    return clock_now_ms(day->clock);
}

static bool has_ledger(const Day *day)
{
    return day->ledger && day->limit > 0 && day->account[0];
}

/* ---- the lease ---- */

static bool lease_ended(const Day *day)
{
    return now_ms(day) >= budget_part_end_ms(&day->booked, day->leased_ms);
}

static void end_lease(Day *day)
{
    if (day->left == 0 || !lease_ended(day))
        return;
    day->back = day->left; /* one of before that could not be given back counts as spent */
    day->back_at_ms = day->leased_ms;
    day->left = 0;
}

static bool is_lent(const Day *day)
{
    return now_ms(day) < day->lent_until_ms;
}

static void schedule(Day *day)
{
    int64_t now = now_ms(day);

    if (day->claiming && day->wanted)
        timer_start(day->timer, day->claim.now_ms + DAY_PATIENCE_MS - now);
    else if (!day->claiming && day->wanted)
        timer_start(day->timer, day->quiet_until_ms - now);
    else if (!day->claiming && day->left > 0)
        timer_start(day->timer, budget_part_end_ms(&day->booked, day->leased_ms) - now);
    else
        timer_stop(day->timer);
}

/* Requests go without the ledger for a while. */
static void lend(Day *day, int code)
{
    if (!day->warned)
        day->lent_since_ms = now_ms(day);
    day->lent_until_ms = day->quiet_until_ms = now_ms(day) + DAY_LENT_MS;
    if (!day->warned)
        log_warn("The day's count of requests can't be kept on disk (%s); until it can, a restart forgets it.",
                 code < 0 ? error_sentence(code) : "it takes too long");
    day->warned = true;
}

/* What we sent without a lease the line knows already. A late answer's grant is not recent any more. */
static unsigned recent_of_others(Day *day, unsigned granted)
{
    unsigned recent = budget_used_since(&day->booked, now_ms(day), DAY_RECENT_MS), ours = granted + day->claim.debt;

    return recent > ours ? recent - ours : 0;
}

static void take_grant(Day *day, unsigned granted, const Budget *booked)
{
    unsigned limit = day->booked.limit;

    end_lease(day);
    day->booked = *booked;
    day->booked.limit = limit;
    if (!day->known)
        day->recent = recent_of_others(day, granted);
    day->debt -= day->claim.debt;
    budget_book(&day->booked, now_ms(day), now_ms(day), day->debt);
    day->known = true;
    day->warned = false;
    day->lent_until_ms = day->quiet_until_ms = 0;
    if (granted == 0)
        return;
    day->left += granted;
    day->leased_ms = day->claim.now_ms;
}

static void take_refusal(Day *day, int code)
{
    if (day->back == 0) {
        day->back = day->claim.back;
        day->back_at_ms = day->claim.back_at_ms;
    }
    if (code == -ERR_BUSY)
        day->quiet_until_ms = now_ms(day) + DAY_BUSY_MS;
    else
        lend(day, code);
}

static void on_claimed(void *ctx, int code, unsigned granted, const Budget *booked)
{
    Day *day = ctx;

    day->claiming = false;
    if (code == 0)
        take_grant(day, granted, booked);
    else
        take_refusal(day, code);
    if (code != -ERR_BUSY)
        day->wanted = false;
    schedule(day);
    day->changed(day->ctx);
}

static void claim(Day *day, unsigned want, unsigned keep)
{
    int r;

    if (day->claiming || now_ms(day) < day->quiet_until_ms)
        return;
    end_lease(day);
    day->claim = (LedgerClaim){.now_ms = now_ms(day),
                               .limit = day->limit,
                               .want = want,
                               .keep = keep,
                               .debt = day->debt,
                               .back = day->back,
                               .back_at_ms = day->back_at_ms};
    memcpy(day->claim.account, day->account, sizeof day->account);
    day->back = 0;
    day->claiming = true;
    r = ledger_claim(day->ledger, &day->claim, on_claimed, day);
    if (r == 0)
        return;
    day->claiming = false;
    take_refusal(day, r);
}

static void on_time(void *ctx)
{
    Day *day = ctx;

    if (day->claiming)
        lend(day, 0);
    else if (!day->wanted)
        claim(day, 0, 0); /* gives back what an ended lease left */
    day->wanted = false;
    schedule(day);
    day->changed(day->ctx);
}

/* ---- the interface ---- */

/* Of the classes that have one. */
static Budget *share_of(Day *day, enum ApiClass class)
{
    return class >= API_WALK ? &day->shares[class - API_WALK] : NULL;
}

Day *day_new(Clock *clock, Ledger *ledger, unsigned limit, unsigned lease, clock_fn changed, void *ctx)
{
    unsigned share = limit / DAY_LEASE_SHARE, most = share < DAY_LEASE_MAX ? share : DAY_LEASE_MAX;
    Day *day = calloc(1, sizeof *day);

    if (!day)
        return NULL;
    *day = (Day){.clock = clock, .ledger = ledger, .changed = changed, .ctx = ctx, .limit = limit};
    day->lease = lease < most ? lease : most;
    day->lease = day->lease > 0 ? day->lease : 1;
    day->paced_ms = -DAY_PACE_FRESH_MS;
    budget_init(&day->booked, limit, LEDGER_DAY_MS);
    budget_init(share_of(day, API_WALK), limit / DAY_WALK_SHARE, LEDGER_DAY_MS);
    budget_init(share_of(day, API_BACKGROUND), limit / DAY_BACKGROUND_SHARE, LEDGER_DAY_MS);
    day->timer = timer_new(clock, on_time, day);
    if (day->timer)
        return day;
    free(day);
    return NULL;
}

/* The last word to the ledger about the account in use. */
static void settle_account(Day *day)
{
    LedgerClaim last = {.now_ms = now_ms(day), .limit = day->limit, .debt = day->debt};

    if (!has_ledger(day))
        return;
    ledger_forget(day->ledger, day);
    if (day->claiming)
        last.debt -= day->claim.debt;
    last.back = day->left > 0 ? day->left : day->back;
    last.back_at_ms = day->left > 0 ? day->leased_ms : day->back_at_ms;
    memcpy(last.account, day->account, sizeof last.account);
    if (last.debt > 0 || last.back > 0)
        (void)ledger_claim(day->ledger, &last, NULL, NULL);
}

void day_free(Day *day)
{
    if (!day)
        return;
    settle_account(day);
    timer_free(day->timer);
    free(day);
}

void day_use(Day *day, const char *account)
{
    if (strcmp(day->account, account) == 0)
        return;
    settle_account(day);
    snprintf(day->account, sizeof day->account, "%s", account);
    budget_init(&day->booked, day->limit, LEDGER_DAY_MS);
    day->left = day->back = day->debt = 0;
    day->claiming = false;
    day->quiet_until_ms = day->lent_until_ms = 0;
    timer_stop(day->timer);
}

unsigned day_reserve(const Day *day)
{
    return day->limit / 2 < DAY_RESERVE ? day->limit / 2 : DAY_RESERVE;
}

static unsigned kept_from(const Day *day, enum ApiClass class)
{
    return class == API_CHANGE ? 0 : day_reserve(day);
}

unsigned day_used(Day *day)
{
    unsigned booked = budget_used(&day->booked, now_ms(day)), unsent = day->left + day->back;

    return booked > unsent ? booked - unsent : 0;
}

static bool share_spent(Day *day, enum ApiClass class)
{
    Budget *share = share_of(day, class);

    return share && budget_used(share, now_ms(day)) >= share->limit;
}

enum DayVerdict day_judge(Day *day, enum ApiClass class)
{
    if (day->limit == 0)
        return DAY_HAS_MORE;
    if (day_used(day) >= day->limit - kept_from(day, class))
        return DAY_SPENT;
    return share_spent(day, class) ? DAY_SHARE_SPENT : DAY_HAS_MORE;
}

bool day_ready(Day *day, enum ApiClass class)
{
    if (!has_ledger(day) || is_lent(day))
        return true;
    end_lease(day);
    if (day->left <= day->lease / 2)
        claim(day, day->lease, kept_from(day, class));
    if (day->left > 0 || is_lent(day))
        return true;
    day->wanted = true;
    schedule(day);
    return false;
}

static void spend_unleased(Day *day)
{
    budget_spend(&day->booked, now_ms(day));
    if (has_ledger(day))
        day->debt++;
}

void day_spend(Day *day, enum ApiClass class)
{
    if (day->left > 0)
        day->left--;
    else
        spend_unleased(day);
    if (share_of(day, class))
        budget_spend(share_of(day, class), now_ms(day));
}

void day_note_others(Day *day, unsigned count)
{
    budget_book(&day->booked, now_ms(day), now_ms(day), count);
    if (has_ledger(day))
        day->debt += count;
}

int64_t day_pace_ms(Day *day)
{
    int64_t now;

    if (day->limit == 0)
        return 0;
    now = now_ms(day);
    if (now - day->paced_ms >= DAY_PACE_FRESH_MS) {
        day->pace_ms = pace_ms(&day->booked, now, day->limit - day_reserve(day));
        day->paced_ms = now;
    }
    return day->pace_ms;
}

unsigned day_take_recent(Day *day)
{
    unsigned recent = day->recent;

    day->recent = 0;
    return recent;
}

bool day_is_lent(const Day *day)
{
    return has_ledger(day) && is_lent(day);
}

int64_t day_lent_ms(const Day *day)
{
    return day_is_lent(day) ? now_ms(day) - day->lent_since_ms : 0;
}
