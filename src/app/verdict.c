#include "verdict.h"

#include <stdio.h>
#include <string.h>

#include "error.h"

/* How one reason is found. */
typedef struct Reason {
    const char *word;
    enum VerdictState state;
    /* Whether it holds, and since when by the wall clock. */
    bool (*holds)(const Facts *facts, int64_t *ret_since_wall_ms);
    /* What there is to add; NULL: nothing. */
    void (*detail)(const Facts *facts, char ret_detail[VERDICT_DETAIL_BYTES]);
    const char *sentence, *meanwhile, *mend;
} Reason;

static int64_t ago(const Facts *facts, int64_t ms)
{
    return facts->wall_ms - ms;
}

static void say(char into[VERDICT_DETAIL_BYTES], const char *text)
{
    snprintf(into, VERDICT_DETAIL_BYTES, "%s", text);
}

/* ---- the API ---- */

static bool token_is_refused(const Facts *facts, int64_t *ret_since)
{
    *ret_since = facts->token.refused_wall_ms;
    return facts->api.token_latched;
}

static void say_refusal(const Facts *facts, char into[VERDICT_DETAIL_BYTES])
{
    say(into, facts->refusal.code < 0 ? failure_sentence(&facts->refusal) : "");
}

static bool version_is_bad(const Facts *facts, int64_t *ret_since)
{
    *ret_since = ago(facts, facts->api.notice_ms);
    return facts->api.version_refused;
}

static bool version_is_leaving(const Facts *facts, int64_t *ret_since)
{
    *ret_since = ago(facts, facts->api.notice_ms);
    return facts->notice[0] && !facts->api.version_refused;
}

static void say_notice(const Facts *facts, char into[VERDICT_DETAIL_BYTES])
{
    say(into, facts->notice);
}

static bool is_unreachable(const Facts *facts, int64_t *ret_since)
{
    *ret_since = ago(facts, facts->api.unreachable_ms);
    return facts->api.unreachable;
}

static void say_unreachable(const Facts *facts, char into[VERDICT_DETAIL_BYTES])
{
    snprintf(into, VERDICT_DETAIL_BYTES, "%u calls in a row have failed, the last one so: %s",
             facts->api.unreachable_calls, error_sentence(facts->api.unreachable_code));
}

static bool is_limited(const Facts *facts, int64_t *ret_since)
{
    *ret_since = ago(facts, facts->api.holding_ms);
    return facts->api.held_ms > 0;
}

static void say_limited(const Facts *facts, char into[VERDICT_DETAIL_BYTES])
{
    snprintf(into, VERDICT_DETAIL_BYTES, "requests go on in %lld s, %u stand in line",
             (long long)(facts->api.held_ms + 999) / 1000, facts->api.in_line);
}

static bool minute_is_spent(const Facts *facts, int64_t *ret_since)
{
    *ret_since = ago(facts, facts->api.longest_ms);
    return facts->api.why == API_WAIT_MINUTE;
}

static void say_minute(const Facts *facts, char into[VERDICT_DETAIL_BYTES])
{
    snprintf(into, VERDICT_DETAIL_BYTES, "%u of %u requests of this minute are spent, %u stand in line",
             facts->api.minute_used, facts->api.minute_limit, facts->api.in_line);
}

static bool day_is_spent(const Facts *facts, int64_t *ret_since)
{
    *ret_since = ago(facts, facts->api.day_spent_ms);
    return facts->api.day_spent;
}

static void say_day(const Facts *facts, char into[VERDICT_DETAIL_BYTES])
{
    snprintf(into, VERDICT_DETAIL_BYTES, "%u of %u requests of this day are spent", facts->api.day_used,
             facts->api.day_limit);
}

/* Whatever of the above it is that keeps the API from answering: it says more. */
static bool is_explained(const Facts *facts)
{
    int64_t since;

    return token_is_refused(facts, &since) || version_is_bad(facts, &since) || is_unreachable(facts, &since) ||
           is_limited(facts, &since) || day_is_spent(facts, &since);
}

static bool is_in_trouble(const Facts *facts, int64_t *ret_since)
{
    *ret_since = ago(facts, facts->store.trouble_ms);
    return facts->store.trouble && !is_explained(facts);
}

/* ---- what is shown ---- */

/* What an earlier mount left is nobody's trouble before somebody has looked. */
static bool is_late(const Facts *facts, const StoreListFacts *list)
{
    return list->stale && (!list->warm || facts->store.trouble);
}

/* By how much it is older than it should be. */
static int64_t late_ms(const StoreListFacts *list)
{
    return list->age_ms > list->ttl_ms ? list->age_ms - list->ttl_ms : 0;
}

static bool lists_are_stale(const Facts *facts, int64_t *ret_since)
{
    bool projects = is_late(facts, &facts->projects), instances = is_late(facts, &facts->instances);
    int64_t most = projects ? late_ms(&facts->projects) : 0;

    if (instances && late_ms(&facts->instances) > most)
        most = late_ms(&facts->instances);
    *ret_since = ago(facts, most);
    return projects || instances;
}

/* ---- our own disk ---- */

static bool is_read_only(const Facts *facts, int64_t *ret_since)
{
    *ret_since = facts->started_wall_ms;
    return facts->read_only.code < 0;
}

static void say_read_only(const Facts *facts, char into[VERDICT_DETAIL_BYTES])
{
    say(into, failure_sentence(&facts->read_only));
}

static bool journal_fails(const Facts *facts, int64_t *ret_since)
{
    *ret_since = ago(facts, facts->store.disk_ms);
    return facts->store.disk_code < 0;
}

static void say_journal(const Facts *facts, char into[VERDICT_DETAIL_BYTES])
{
    say(into, error_sentence(facts->store.disk_code));
}

static bool count_is_in_memory(const Facts *facts, int64_t *ret_since)
{
    *ret_since = ago(facts, facts->api.day_in_memory_ms);
    return facts->api.day_in_memory;
}

static bool snapshot_fails(const Facts *facts, int64_t *ret_since)
{
    *ret_since = ago(facts, facts->store.kept_ms);
    return facts->store.kept_code < 0;
}

static void say_snapshot(const Facts *facts, char into[VERDICT_DETAIL_BYTES])
{
    say(into, error_sentence(facts->store.kept_code));
}

/* ---- what waits for a person ---- */

static void say_oldest(size_t count, const char *name, char into[VERDICT_DETAIL_BYTES])
{
    snprintf(into, VERDICT_DETAIL_BYTES, "%zu of them, the oldest of `%s`", count, name);
}

static bool is_unsettled(const Facts *facts, int64_t *ret_since)
{
    *ret_since = facts->store.unsettled_wall_ms;
    return facts->store.unsettled > 0;
}

static void say_unsettled(const Facts *facts, char into[VERDICT_DETAIL_BYTES])
{
    say_oldest(facts->store.unsettled, facts->store.unsettled_name, into);
}

static bool texts_wait(const Facts *facts, int64_t *ret_since)
{
    *ret_since = facts->store.rejected_wall_ms;
    return facts->store.rejected > 0;
}

static void say_texts(const Facts *facts, char into[VERDICT_DETAIL_BYTES])
{
    say_oldest(facts->store.rejected, facts->store.rejected_name, into);
}

/* The worst first. */
static const Reason reasons[] = {
    {"token_refused", VERDICT_BROKEN, token_is_refused, say_refusal, "the API refuses the token",
     "nothing is sent; what is known is shown as stale, and changes fail with EKEYREJECTED",
     "renew the token in its source: a changed token file is read by itself, a command is run again at SIGHUP"},
    {"version_refused", VERDICT_BROKEN, version_is_bad, say_notice, "the API refuses the version that it is asked in",
     "requests fail; what is known is shown as stale", "mount with another api_version=DATE"},
    {"unreachable", VERDICT_BROKEN, is_unreachable, say_unreachable, "the API can't be reached",
     "calls fail at once, and one is let through every few seconds; what is known is shown as stale",
     "see that this machine's network, resolver and clock are well; it goes on by itself"},
    {"trouble", VERDICT_DEGRADED, is_in_trouble, NULL, "the API does not answer as it should",
     "what is known is shown as stale, and asked for again when somebody looks",
     "it goes on by itself; `skystackfs why` tells the last failure, with the request id that the API's people need"},
    {"day_spent", VERDICT_DEGRADED, day_is_spent, say_day,
     "the day's requests are spent, but for those kept for changes",
     "what is known is shown as stale; changes are sent while their part lasts, and then fail with EDQUOT",
     "wait, or mount with a larger requests_per_day=N if the token's limit is higher"},
    {"rate_limited", VERDICT_DEGRADED, is_limited, say_limited, "the API told us to wait (Retry-After)",
     "requests stand in line; who would stand there for longer than wait=S is refused with EBUSY",
     "it goes on by itself; if it happens often, see who else uses this token"},
    {"minute_spent", VERDICT_DEGRADED, minute_is_spent, say_minute, "the minute's requests are spent",
     "requests stand in line, changes first; who would stand there for longer than wait=S is refused with EBUSY",
     "it goes on by itself; if it happens often, raise ttl=S, or requests_per_minute=N if the token's limit is higher"},
    {"read_only", VERDICT_DEGRADED, is_read_only, say_read_only, "nothing can be changed, though nobody asked for `ro`",
     "reads go on, changes fail with EROFS", "do what the message says, and mount again"},
    {"journal", VERDICT_DEGRADED, journal_fails, say_journal, "the disk does not take what the journal writes",
     "reads go on; changes fail before anything is sent, so that no text is lost",
     "make room in the state directory, or see what the kernel's log says of its disk"},
    {"budget_disk", VERDICT_DEGRADED, count_is_in_memory, NULL, "the day's count of requests can't be written to disk",
     "requests are counted in memory, which a restart forgets",
     "make room in the state directory, or see what the kernel's log says of its disk"},
    {"snapshot", VERDICT_DEGRADED, snapshot_fails, say_snapshot, "what is known can't be kept for the next mount",
     "all goes on; a mount without the API would begin with an older state",
     "make room in the state directory, or see what the kernel's log says of its disk"},
    {"unsettled", VERDICT_DEGRADED, is_unsettled, say_unsettled, "creates were sent and not answered",
     "the lists are asked whether the instance came to be; another create of its name fails with EALREADY",
     "wait for some two minutes: then there is the instance, or NAME.json.rejected beside it"},
    {"kept_texts", VERDICT_DEGRADED, texts_wait, say_texts, "texts that were refused wait for a person",
     "they are kept as NAME.json.rejected, and NAME.json.error says why",
     "mend them and mv them to NAME.json, or rm them"},
    {"stale_lists", VERDICT_DEGRADED, lists_are_stale, NULL, "listings are older than they should be",
     "they are shown for up to a day; what is not in them may exist", "see the reasons above; it goes on by itself"},
    {"version_leaving", VERDICT_DEGRADED, version_is_leaving, say_notice,
     "the API announces the end of the version that it is asked in", "all goes on",
     "try a newer api_version=DATE before that day"},
};

enum { REASONS = sizeof reasons / sizeof reasons[0] };
_Static_assert(sizeof reasons / sizeof reasons[0] <= (size_t)VERDICT_REASONS_MAX, "there is room for all at once");

static void add(Verdict *verdict, const Reason *reason, const Facts *facts, int64_t since_wall_ms)
{
    VerdictReason *added = &verdict->reasons[verdict->count++];

    *added = (VerdictReason){
        reason->word, reason->state, reason->sentence, reason->meanwhile, reason->mend, since_wall_ms, ""};
    if (reason->detail)
        reason->detail(facts, added->detail);
    if (reason->state > verdict->state) {
        verdict->state = reason->state;
        verdict->since_wall_ms = 0;
    }
    if (reason->state == verdict->state && (!verdict->since_wall_ms || since_wall_ms < verdict->since_wall_ms))
        verdict->since_wall_ms = since_wall_ms;
}

void verdict_judge(const Facts *facts, Verdict *ret_verdict)
{
    *ret_verdict = (Verdict){.state = VERDICT_OK};
    for (size_t i = 0; i < REASONS; i++) {
        int64_t since_wall_ms = 0;

        if (reasons[i].holds(facts, &since_wall_ms))
            add(ret_verdict, &reasons[i], facts, since_wall_ms);
    }
}

const char *verdict_state_word(enum VerdictState state)
{
    static const char *const words[VERDICT_STATES] = {"ok", "degraded", "broken"};

    return words[state];
}

const char *verdict_word(size_t index)
{
    return index < REASONS ? reasons[index].word : NULL;
}

bool verdict_has(const Verdict *verdict, const char *word)
{
    for (size_t i = 0; i < verdict->count; i++) {
        if (strcmp(verdict->reasons[i].word, word) == 0)
            return true;
    }
    return false;
}
