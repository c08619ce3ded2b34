#include "exchange.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "error.h"
#include "log.h"

struct Exchange {
    Courier *courier;
    Parcel parcel;
    bool probe;
    LineTicket ticket;
    CredentialWaiter waiter;
    Timer *rest;           /* made when first needed */
    NetCall *flight;       /* NULL: not flying */
    uint64_t token_number; /* of the token it was last sent with */
    int64_t sent_ms;       /* when it last was */
    int64_t spent_ms;      /* of its time: in flight and at rest */
    unsigned sends;
    unsigned attempts;     /* that failed for a reason that may pass */
    bool in_doubt;         /* an attempt may have done what it was to do */
    unsigned renewals;     /* so often was it sent again with a new token */
    Failure limited;       /* its last 429; code 0: none */
    exchange_done_fn done; /* NULL: its caller has gone */
    void *ctx;
    Exchange *prev, *next;
};

/* ---- memory ---- */

static Exchange *exchange_free(Exchange *exchange)
{
    if (!exchange)
        return NULL;
    timer_free(exchange->rest);
    parcel_release(&exchange->parcel);
    free(exchange);
    return NULL;
}

static void unlink_and_free(Exchange *exchange)
{
    DL_DELETE(exchange->courier->exchanges, exchange);
    exchange_free(exchange);
}

/* ---- the log ---- */

/* Of an attempt that is followed by another one only those who look closely want to know. */
static void log_outcome(const Exchange *exchange, const Failure *failure, const char *problem, bool goes_on)
{
    const char *method = parcel_method(&exchange->parcel), *path = exchange->parcel.path;
    const char *id = failure->request_id[0] ? failure->request_id : "none";
    int path_bytes = parcel_path_bytes(&exchange->parcel);

    if (failure->code < 0)
        log_write(goes_on ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, "%s: %s %.*s%s: HTTP %d, request id %s%s%s%s",
                  error_name(failure->code), method, path_bytes, path, exchange->done ? "" : " (its caller has gone)",
                  failure->http_status, id, problem[0] ? ", " : "", problem, goes_on ? "; it is sent again" : "");
    else if (!exchange->done)
        log_info("%s %.*s, whose caller has gone, was done.", method, path_bytes, path);
}

/* ---- ending ---- */

static void finish(Exchange *exchange, Verdict *verdict)
{
    exchange_done_fn done = exchange->done;
    void *ctx = exchange->ctx;

    unlink_and_free(exchange);
    if (done)
        done(ctx, verdict);
}

/* Not sent, but for what an earlier attempt may have done. */
static void finish_failed(Exchange *exchange, const Failure *failure)
{
    Verdict verdict = {.failure = *failure};

    if (exchange->in_doubt)
        verdict.failure.sent = FAILURE_UNKNOWN;
    finish(exchange, &verdict);
}

/* ---- the answer ---- */

/* One that was cut, or a weak one, would never match (RFC 9110 section 13.1.1). */
static void keep_etag(const NetResponse *response, Verdict *verdict)
{
    if (!net_header(response, "ETag", verdict->etag, sizeof verdict->etag) ||
        strlen(verdict->etag) + 1 == sizeof verdict->etag || verdict->etag[0] != '"')
        verdict->etag[0] = '\0';
}

/* What the API says may repeat the token that it refuses. */
static void hide_tokens(const Credential *credential, Failure *failure)
{
    credential_hide(credential, failure->message);
    credential_hide(credential, failure->api_code);
    credential_hide(credential, failure->request_id);
}

static void judge(const Exchange *exchange, const NetResponse *response, Verdict *ret_verdict)
{
    char request_id[FAILURE_ID_BYTES] = "";
    const Answer answer = {.status = response->status,
                           .body = {response->body, response->body_bytes},
                           .request_id = request_id,
                           .id = exchange->parcel.id};

    net_header(response, "X-Request-Id", request_id, sizeof request_id);
    if (response->code < 0) {
        envelope_unanswered(exchange->parcel.purpose, response->code, response->sent, response->problem, ret_verdict);
        memcpy(ret_verdict->failure.request_id, request_id, sizeof ret_verdict->failure.request_id);
    } else {
        envelope_read(exchange->parcel.purpose, &answer, ret_verdict);
    }
    memcpy(ret_verdict->request_id, request_id, sizeof ret_verdict->request_id);
    keep_etag(response, ret_verdict);
    hide_tokens(exchange->courier->credential, &ret_verdict->failure);
}

/* ---- again ---- */

static void on_rested(void *ctx)
{
    Exchange *exchange = ctx;

    line_join(exchange->courier->line, &exchange->ticket);
}

/* False if there is no memory: then it stays as it is. */
static bool rest(Exchange *exchange, int64_t pause_ms)
{
    if (!exchange->rest)
        exchange->rest = timer_new(exchange->courier->clock, on_rested, exchange);
    if (!exchange->rest)
        return false;
    exchange->spent_ms += pause_ms;
    timer_start(exchange->rest, pause_ms);
    return true;
}

/* A pause of our own choosing, or the longer one that a server in trouble asks for. */
static int64_t pause_before_next(const Exchange *exchange, const NetResponse *response)
{
    int64_t own_ms = retry_jitter_ms(exchange->attempts, random_next(exchange->courier->random)), asked_ms;
    char value[64];

    if (response->code < 0 || !net_header(response, "Retry-After", value, sizeof value))
        return own_ms;
    asked_ms = retry_after_ms(value, clock_wall_ms(exchange->courier->clock));
    return asked_ms > own_ms ? asked_ms : own_ms;
}

static int64_t left_ms(const Exchange *exchange)
{
    return exchange->courier->timeout_ms - exchange->spent_ms;
}

/* Whether it goes on; if not, it is to be finished. */
static bool go_on(Exchange *exchange, const NetResponse *response, bool token_renewed)
{
    Courier *courier = exchange->courier;
    RetryFacts facts = {.purpose = exchange->parcel.purpose,
                        .net_code = response->code,
                        .status = response->status,
                        .attempts = exchange->attempts,
                        .left_ms = left_ms(exchange),
                        .pause_ms = pause_before_next(exchange, response),
                        .token_renewed = token_renewed,
                        .renewals = exchange->renewals,
                        .detached = !exchange->done};

    switch (retry_decide(&facts)) {
    case RETRY_AGAIN:
        exchange->renewals += token_renewed;
        line_join(courier->line, &exchange->ticket);
        return true;
    case RETRY_PAUSED:
        if (!retry_quota_take(&courier->quota) || !rest(exchange, facts.pause_ms))
            return false;
        courier->retries++;
        return true;
    case RETRY_END:
        break;
    }
    return false;
}

/* What this attempt leaves behind for the next one. */
static void note_attempt(Exchange *exchange, const NetResponse *response, const Failure *failure)
{
    exchange->flight = NULL;
    exchange->spent_ms += clock_now_ms(exchange->courier->clock) - exchange->sent_ms;
    exchange->attempts += retry_may_pass(response->code, response->status);
    exchange->in_doubt |=
        purpose_changes(exchange->parcel.purpose) && failure->code < 0 && failure->sent == FAILURE_UNKNOWN;
    if (response->code == 0 && response->status == 429)
        exchange->limited = *failure;
}

static void tally(const Exchange *exchange, const NetResponse *response)
{
    Courier *courier = exchange->courier;

    api_tally_note(&courier->tally, exchange->ticket.class, response->code < 0 ? API_STATUS_NONE : response->status,
                   clock_now_ms(courier->clock) - exchange->sent_ms);
}

static void on_answer(void *ctx, const NetResponse *response)
{
    Exchange *exchange = ctx;
    Courier *courier = exchange->courier;
    const CourierNews news = {response, exchange->token_number, exchange->sent_ms, exchange->probe};
    const char *problem = response->code < 0 ? response->problem : "";
    bool renewed;
    Verdict verdict;

    line_ended(courier->line, &exchange->ticket);
    judge(exchange, response, &verdict);
    note_attempt(exchange, response, &verdict.failure);
    tally(exchange, response);
    courier->failures += response->code < 0 || response->status < 200 || response->status > 299;
    renewed = courier_heed(courier, &news, &verdict.failure);
    if (go_on(exchange, response, renewed)) {
        log_outcome(exchange, &verdict.failure, problem, true);
    } else {
        log_outcome(exchange, &verdict.failure, problem, false);
        finish(exchange, &verdict);
    }
    verdict_release(&verdict);
}

/* ---- sending ---- */

static int send_with(Exchange *exchange, const char *token)
{
    Courier *courier = exchange->courier;
    const ParcelStamp stamp = {.endpoint = courier->endpoint,
                               .version = courier->version.text,
                               .token = token,
                               .timeout_ms =
                                   retry_attempt_ms(exchange->parcel.purpose, exchange->attempts, left_ms(exchange))};
    int r;

    if (!exchange->probe)
        courier_count_for(courier, token, exchange->token_number);
    r = parcel_send(&exchange->parcel, &stamp, courier->net, on_answer, exchange, &exchange->flight);
    if (r < 0)
        return r;
    if (exchange->sends++ == 0)
        retry_quota_earn(&courier->quota);
    exchange->sent_ms = clock_now_ms(courier->clock);
    courier->requests++;
    courier->by_class[exchange->ticket.class]++;
    return 0;
}

static Failure day_is_spent(const Exchange *exchange, enum LineOutcome outcome)
{
    Failure failure;

    if (outcome == LINE_SHARE_SPENT)
        failure = failure_make(-ERR_QUOTA, "Looking at many instances one by one has had its share of the day's "
                                           "requests.");
    else
        failure = failure_make(-ERR_QUOTA, "The day's budget of requests is spent%s.",
                               exchange->ticket.class == API_CHANGE ? "" : ", but for those kept for changes");
    failure_set_mend(&failure, "Wait, or mount with a larger requests_per_day=N if the token's limit is higher.");
    return failure;
}

/* The rate limit stands in the way: what the API said of it, if it did, or what the line knows. */
static Failure refuse_turn(Exchange *exchange, enum LineOutcome outcome)
{
    int64_t wait_s = (line_wait_ms(exchange->courier->line, exchange->ticket.class) + 999) / 1000;
    Failure failure;

    if (outcome == LINE_DAY_SPENT || outcome == LINE_SHARE_SPENT)
        return day_is_spent(exchange, outcome);
    failure = failure_make(-ERR_LIMITED, "The rate limit stands in the way; retry in %" PRId64 " s.", wait_s);
    if (exchange->limited.code < 0)
        failure = exchange->limited;
    failure_set_mend(&failure, "Retry in %" PRId64 " s, or mount with a larger wait=SECONDS.", wait_s);
    return failure;
}

/* NULL without a failure: parked. */
static const char *find_token(Exchange *exchange, Failure *ret_failure)
{
    Credential *credential = exchange->courier->credential;

    if (exchange->probe)
        return credential_found(credential);
    return credential_use(credential, &exchange->waiter, &exchange->token_number, ret_failure);
}

static void on_token(void *ctx, const Failure *failure)
{
    Exchange *exchange = ctx;

    if (failure)
        finish_failed(exchange, failure);
    else
        line_join(exchange->courier->line, &exchange->ticket);
}

static bool on_turn(void *ctx, enum LineOutcome outcome)
{
    Exchange *exchange = ctx;
    Failure failure = {0};
    const char *token = NULL;
    int r;

    if (outcome != LINE_GO)
        failure = refuse_turn(exchange, outcome);
    else
        token = find_token(exchange, &failure);
    if (token && !courier_admit(exchange->courier,
                                &failure)) /* last: who waits for a token's proof must not be the one that tries */
        token = NULL;
    r = token ? send_with(exchange, token) : 0;
    if (r < 0) {
        courier_withdraw(exchange->courier);
        failure = failure_make(r, "%s", error_sentence(r));
    }
    if (failure.code < 0)
        finish_failed(exchange, &failure);
    return token && failure.code == 0;
}

/* ---- the interface ---- */

static Exchange *exchange_new(Courier *courier, const ExchangeOrder *order, exchange_done_fn done, void *ctx)
{
    Exchange *exchange = calloc(1, sizeof *exchange);

    if (!exchange || parcel_init(&exchange->parcel, order, courier->random) < 0)
        return exchange_free(exchange);
    exchange->courier = courier;
    exchange->probe = order->probe;
    exchange->done = done;
    exchange->ctx = ctx;
    exchange->ticket = (LineTicket){.class = order->class, .ahead = order->ahead, .turn = on_turn, .ctx = exchange};
    exchange->waiter = (CredentialWaiter){.wake = on_token, .ctx = exchange};
    return exchange;
}

int exchange_start(Courier *courier, const ExchangeOrder *order, exchange_done_fn done, void *ctx,
                   Exchange **ret_exchange)
{
    Exchange *exchange = exchange_new(courier, order, done, ctx);

    if (!exchange)
        return -ERR_NO_MEMORY;
    DL_APPEND(courier->exchanges, exchange);
    line_join(courier->line, &exchange->ticket);
    *ret_exchange = exchange;
    return 0;
}

static void abort_one(Exchange *exchange)
{
    line_leave(exchange->courier->line, &exchange->ticket);
    credential_leave(exchange->courier->credential, &exchange->waiter);
    if (exchange->flight) {
        net_cancel(exchange->flight);
        api_tally_note(&exchange->courier->tally, exchange->ticket.class, API_STATUS_CANCELLED, 0);
        line_ended(exchange->courier->line, &exchange->ticket);
    }
    unlink_and_free(exchange);
}

/* A change that was sent goes on, whoever leaves. */
static bool is_out(const Exchange *exchange)
{
    return exchange->flight || exchange->in_doubt;
}

bool exchange_retract(Exchange *exchange)
{
    if (is_out(exchange))
        return false;
    abort_one(exchange);
    return true;
}

void exchange_cancel(Exchange *exchange)
{
    if (is_out(exchange) && purpose_changes(exchange->parcel.purpose))
        exchange->done = NULL;
    else
        abort_one(exchange);
}

void exchange_need(Exchange *exchange)
{
    line_need(exchange->courier->line, &exchange->ticket);
}

void exchange_abort_all(Courier *courier)
{
    Exchange *each, *next;

    DL_FOREACH_SAFE(courier->exchanges, each, next)
    {
        abort_one(each);
    }
}

int64_t exchange_line_ms(const Exchange *exchange)
{
    return line_stood_ms(exchange->courier->line, &exchange->ticket);
}
