#include "courier.h"

#include <string.h>

#include "account.h"
#include "date.h"
#include "envelope.h"
#include "error.h"
#include "log.h"
#include "ratelimit.h"

/* Without memory they go on being counted where they were. */
void courier_count_for(Courier *courier, const char *token, uint64_t token_number)
{
    char account[LEDGER_ACCOUNT_BYTES];

    if (token_number == courier->account_number || account_of(courier->endpoint, token, account) < 0)
        return;
    courier->account_number = token_number;
    line_use_account(courier->line, account);
}

/* ---- whether it can be reached ---- */

static bool is_no_answer(int net_code)
{
    return retry_may_pass(net_code, 0) || net_code == -ERR_CERTIFICATE;
}

/* For the others it is what a read would make of it: that a create is unsettled says nothing of their calls. */
static void note_unreachable(Courier *courier, const NetResponse *response, const Failure *failure)
{
    Verdict verdict = {0};

    envelope_unanswered(PURPOSE_GET, response->code, response->sent, response->problem, &verdict);
    courier->unreachable = verdict.failure;
    memcpy(courier->unreachable.request_id, failure->request_id, sizeof failure->request_id);
    credential_hide(courier->credential, courier->unreachable.message);
}

static void heed_silence(Courier *courier, const CourierNews *news, const Failure *failure)
{
    note_unreachable(courier, news->response, failure);
    if (news->response->code == -ERR_REMOTE && breaker_is_same_failure(&courier->breaker, news->sent_ms))
        return;
    if (breaker_note_failure(&courier->breaker, clock_now_ms(courier->clock), random_next(courier->random)))
        log_warn(
            "The API can't be reached, %u calls in a row have failed (%s); until one succeeds, others are refused.",
            courier->breaker.failures, error_name(courier->unreachable.code));
}

static void heed_reach(Courier *courier, const CourierNews *news, const Failure *failure)
{
    int code = news->response->code;

    if (is_no_answer(code))
        heed_silence(courier, news, failure);
    else if (code == 0 && breaker_note_answer(&courier->breaker))
        log_info("The API can be reached again.");
}

static int64_t in_seconds(int64_t ms)
{
    return (ms + 999) / 1000;
}

bool courier_admit(Courier *courier, Failure *ret_failure)
{
    int64_t now_ms = clock_now_ms(courier->clock);
    char since[DATE_TEXT_BYTES];

    if (breaker_admit(&courier->breaker, now_ms))
        return true;
    date_format(clock_wall_ms(courier->clock) - (now_ms - courier->breaker.since_ms), since);
    *ret_failure = failure_make(
        courier->unreachable.code,
        "The API has not answered since %s, in %u calls; it is tried again in %lld s. The last one: %s", since,
        courier->breaker.failures, (long long)in_seconds(breaker_wait_ms(&courier->breaker, now_ms)),
        failure_sentence(&courier->unreachable));
    failure_set_mend(ret_failure, "%s", courier->unreachable.mend);
    memcpy(ret_failure->request_id, courier->unreachable.request_id, sizeof ret_failure->request_id);
    return false;
}

void courier_withdraw(Courier *courier)
{
    breaker_withdraw(&courier->breaker, clock_now_ms(courier->clock));
}

void courier_stats(const Courier *courier, ApiStats *stats)
{
    int64_t now_ms = clock_now_ms(courier->clock);

    stats->unreachable = !breaker_is_closed(&courier->breaker);
    stats->unreachable_code = stats->unreachable ? courier->unreachable.code : 0;
    stats->unreachable_calls = courier->breaker.failures;
    stats->unreachable_ms = stats->unreachable ? now_ms - courier->breaker.since_ms : 0;
    stats->try_ms = breaker_wait_ms(&courier->breaker, now_ms);
}

/* ---- rate limits ---- */

/* Holds the line after a 429, for everyone. */
static void heed_limit(Courier *courier, const NetResponse *response)
{
    char value[64];
    bool named = net_header(response, "Retry-After", value, sizeof value);
    int64_t asked_ms = retry_after_ms(named ? value : NULL, clock_wall_ms(courier->clock));

    line_hold(courier->line, retry_pause_ms(asked_ms, ++courier->refused, random_next(courier->random)));
}

/* What the API counts, it may count for others too. */
static void heed_count(Courier *courier, const NetResponse *response)
{
    RateLimit limit;

    if (!ratelimit_read(response, clock_wall_ms(courier->clock), &limit))
        return;
    if (ratelimit_is_of_a_day(&limit, courier->per_minute))
        line_note_day_left(courier->line, limit.remaining);
    else
        line_note_minute_left(courier->line, limit.remaining, limit.reset_ms);
}

/* ---- the token ---- */

/* Whether there may be another token. */
static bool heed_refusal(Courier *courier, const CourierNews *news, Failure *failure)
{
    if (!strstr(failure->mend, "environment"))
        failure_set_mend(failure, "Renew the token in its source (%s); a changed token file is read by itself.",
                         credential_named(courier->credential));
    return !news->probe && credential_refused(courier->credential, news->token_number, failure);
}

bool courier_heed(Courier *courier, const CourierNews *news, Failure *failure)
{
    const NetResponse *response = news->response;

    heed_reach(courier, news, failure);
    if (response->code < 0)
        return false;
    version_heed(&courier->version, response, failure, clock_now_ms(courier->clock));
    heed_count(courier, response);
    if (response->status == 429)
        heed_limit(courier, response);
    else
        courier->refused = 0;
    if (response->status == 401)
        return heed_refusal(courier, news, failure);
    if (response->status >= 200 && response->status <= 299)
        credential_taken(courier->credential, news->token_number);
    return false;
}
