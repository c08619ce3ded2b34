#include "exchange.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "account.h"
#include "buf.h"
#include "error.h"
#include "log.h"
#include "net.h"
#include "retry.h"

enum {
    EXCHANGE_HEADERS = 8,
    EXCHANGE_URL_CAP = 32 << 10,
};

struct Exchange {
    Courier *courier;
    enum Purpose purpose;
    LineTicket ticket;
    CredentialWaiter waiter;
    NetCall *flight; /* NULL: waiting */
    char *path, *id, *if_match, *body;
    size_t body_bytes;
    char key[RANDOM_UUID_BYTES]; /* Idempotency-Key of a create */
    uint64_t token_number;       /* of the token it was last sent with */
    unsigned sends;
    unsigned renewals; /* so often was it sent again with a new token */
    bool probe;
    Failure limited;       /* its last 429; code 0: none */
    exchange_done_fn done; /* NULL: its caller has gone */
    void *ctx;
    Exchange *prev, *next;
};

static const char *method_of(enum Purpose purpose)
{
    static const char *const methods[] = {[PURPOSE_LIST] = "GET",
                                          [PURPOSE_GET] = "GET",
                                          [PURPOSE_CREATE] = "POST",
                                          [PURPOSE_UPDATE] = "PATCH",
                                          [PURPOSE_DELETE] = "DELETE"};

    return methods[purpose];
}

/* ---- memory ---- */

static Exchange *exchange_free(Exchange *exchange)
{
    if (!exchange)
        return NULL;
    free(exchange->path);
    free(exchange->id);
    free(exchange->if_match);
    free(exchange->body);
    free(exchange);
    return NULL;
}

static void unlink_and_free(Exchange *exchange)
{
    DL_DELETE(exchange->courier->exchanges, exchange);
    exchange_free(exchange);
}

static bool copy_order(Exchange *exchange, const ExchangeOrder *order)
{
    exchange->purpose = order->purpose;
    exchange->probe = order->probe;
    exchange->path = strdup(order->path);
    exchange->id = order->id ? strdup(order->id) : NULL;
    exchange->if_match = order->if_match ? strdup(order->if_match) : NULL;
    exchange->body = order->body.len > 0 ? malloc(order->body.len) : NULL;
    exchange->body_bytes = order->body.len;
    if (exchange->body)
        memcpy(exchange->body, order->body.at, order->body.len);
    return exchange->path && (exchange->id || !order->id) && (exchange->if_match || !order->if_match) &&
           (exchange->body || order->body.len == 0);
}

/* ---- the log ---- */

/* Without the query, whose cursors are nobody's business. */
static int path_bytes(const Exchange *exchange)
{
    return (int)strcspn(exchange->path, "?");
}

static void log_outcome(const Exchange *exchange, const Failure *failure, const char *problem)
{
    const char *method = method_of(exchange->purpose), *id = failure->request_id[0] ? failure->request_id : "none";

    if (failure->code < 0)
        log_warn("%s: %s %.*s%s: HTTP %d, request id %s%s%s", error_name(failure->code), method, path_bytes(exchange),
                 exchange->path, exchange->done ? "" : " (its caller has gone)", failure->http_status, id,
                 problem[0] ? ", " : "", problem);
    else if (!exchange->done)
        log_info("%s %.*s, whose caller has gone, was done.", method, path_bytes(exchange), exchange->path);
}

/* ---- ending ---- */

static void finish(Exchange *exchange, const Verdict *verdict)
{
    exchange_done_fn done = exchange->done;
    void *ctx = exchange->ctx;

    unlink_and_free(exchange);
    if (done)
        done(ctx, verdict);
}

static void finish_failed(Exchange *exchange, const Failure *failure)
{
    const Verdict verdict = {.failure = *failure};

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
                           .id = exchange->id};

    net_header(response, "X-Request-Id", request_id, sizeof request_id);
    if (response->code < 0) {
        envelope_unanswered(exchange->purpose, response->code, response->sent, response->problem, ret_verdict);
        memcpy(ret_verdict->failure.request_id, request_id, sizeof ret_verdict->failure.request_id);
    } else {
        envelope_read(exchange->purpose, &answer, ret_verdict);
    }
    memcpy(ret_verdict->request_id, request_id, sizeof ret_verdict->request_id);
    keep_etag(response, ret_verdict);
    hide_tokens(exchange->courier->credential, &ret_verdict->failure);
}

/* Holds the line after a 429, for everyone. */
static void heed_limit(Exchange *exchange, const NetResponse *response, const Failure *failure)
{
    Courier *courier = exchange->courier;
    char value[64];
    bool named = net_header(response, "Retry-After", value, sizeof value);
    int64_t asked_ms = retry_after_ms(named ? value : NULL, clock_wall_ms(courier->clock));
    int64_t pause_ms = retry_pause_ms(asked_ms, ++courier->refused, random_next(courier->random));

    exchange->limited = *failure;
    line_hold(courier->line, pause_ms);
}

/* Whether there may be another token. */
static bool heed_refusal(Exchange *exchange, Failure *failure)
{
    Credential *credential = exchange->courier->credential;

    if (!strstr(failure->mend, "environment"))
        failure_set_mend(failure, "Renew the token in its source (%s); a changed token file is read by itself.",
                         credential_named(credential));
    return !exchange->probe && credential_refused(credential, exchange->token_number, failure);
}

/* Tells credential and line what the answer means for all; whether there is another token now. */
static bool heed(Exchange *exchange, const NetResponse *response, Failure *failure)
{
    Courier *courier = exchange->courier;
    bool renewed = false;

    if (response->code < 0)
        return false;
    version_heed(&courier->version, response, failure, clock_now_ms(courier->clock));
    if (response->status == 429)
        heed_limit(exchange, response, failure);
    else
        courier->refused = 0;
    if (response->status == 401)
        renewed = heed_refusal(exchange, failure);
    else if (response->status >= 200 && response->status <= 299)
        credential_taken(courier->credential, exchange->token_number);
    return renewed;
}

static void on_answer(void *ctx, const NetResponse *response)
{
    Exchange *exchange = ctx;
    Courier *courier = exchange->courier;
    RetryFacts facts = {.purpose = exchange->purpose,
                        .net_code = response->code,
                        .sent = response->sent,
                        .status = response->status,
                        .sends = exchange->sends,
                        .renewals = exchange->renewals,
                        .detached = !exchange->done};
    Verdict verdict;

    exchange->flight = NULL;
    line_ended(courier->line, &exchange->ticket);
    judge(exchange, response, &verdict);
    courier->failures += response->code < 0 || response->status < 200 || response->status > 299;
    facts.token_renewed = heed(exchange, response, &verdict.failure);
    log_outcome(exchange, &verdict.failure, response->code < 0 ? response->problem : "");
    if (retry_decide(&facts)) {
        exchange->renewals += facts.token_renewed;
        line_join(courier->line, &exchange->ticket);
    } else {
        finish(exchange, &verdict);
    }
    verdict_release(&verdict);
}

/* ---- sending ---- */

static size_t fill_headers(const Exchange *exchange, const char *authorization, NetHeader *headers)
{
    size_t count = 0;

    headers[count++] = (NetHeader){"Authorization", authorization};
    headers[count++] = (NetHeader){"Accept", "application/json"};
    headers[count++] = (NetHeader){"SkyStack-Version", exchange->courier->version.text};
    if (exchange->body)
        headers[count++] = (NetHeader){"Content-Type", "application/json"};
    if (exchange->purpose == PURPOSE_CREATE)
        headers[count++] = (NetHeader){"Idempotency-Key", exchange->key};
    if (exchange->if_match)
        headers[count++] = (NetHeader){"If-Match", exchange->if_match};
    return count;
}

static int start_flight(Exchange *exchange, const char *authorization)
{
    _cleanup_buf_ Buf url = BUF_INIT(EXCHANGE_URL_CAP);
    Courier *courier = exchange->courier;
    NetHeader headers[EXCHANGE_HEADERS];
    NetRequest request = {.method = method_of(exchange->purpose),
                          .headers = headers,
                          .header_count = fill_headers(exchange, authorization, headers),
                          .body = exchange->body,
                          .body_bytes = exchange->body_bytes,
                          .body_cap = API_BODY_CAP,
                          .timeout_ms = courier->timeout_ms,
                          .fresh = exchange->purpose == PURPOSE_CREATE || exchange->purpose == PURPOSE_UPDATE};
    int r = buf_printf(&url, "%s%s", courier->endpoint, exchange->path);

    request.url = buf_text(&url);
    return r < 0 ? r : net_start(courier->net, &request, on_answer, exchange, &exchange->flight);
}

/* Without memory they go on being counted where they were. */
void courier_count_for(Courier *courier, const char *token, uint64_t token_number)
{
    char account[LEDGER_ACCOUNT_BYTES];

    if (token_number == courier->account_number || account_of(courier->endpoint, token, account) < 0)
        return;
    courier->account_number = token_number;
    line_use_account(courier->line, account);
}

static int send_with(Exchange *exchange, const char *token)
{
    char authorization[sizeof "Bearer " + TOKEN_BYTES_MAX];
    Courier *courier = exchange->courier;
    int r;

    if (!exchange->probe)
        courier_count_for(courier, token, exchange->token_number);
    snprintf(authorization, sizeof authorization, "Bearer %s", token);
    r = start_flight(exchange, authorization);
    explicit_bzero(authorization, sizeof authorization);
    if (r < 0)
        return r;
    exchange->sends++;
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

    if (outcome == LINE_GO)
        token = find_token(exchange, &failure);
    else
        failure = refuse_turn(exchange, outcome);
    r = token ? send_with(exchange, token) : 0;
    if (r < 0)
        failure = failure_make(r, "%s", error_sentence(r));
    if (failure.code < 0)
        finish_failed(exchange, &failure);
    return token && failure.code == 0;
}

/* ---- the interface ---- */

static Exchange *exchange_new(Courier *courier, const ExchangeOrder *order, exchange_done_fn done, void *ctx)
{
    Exchange *exchange = calloc(1, sizeof *exchange);

    if (!exchange || !copy_order(exchange, order))
        return exchange_free(exchange);
    exchange->courier = courier;
    exchange->done = done;
    exchange->ctx = ctx;
    exchange->ticket = (LineTicket){.class = order->class, .turn = on_turn, .ctx = exchange};
    exchange->waiter = (CredentialWaiter){.wake = on_token, .ctx = exchange};
    if (order->purpose == PURPOSE_CREATE)
        random_uuid(courier->random, exchange->key);
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
        line_ended(exchange->courier->line, &exchange->ticket);
    }
    unlink_and_free(exchange);
}

bool exchange_retract(Exchange *exchange)
{
    if (exchange->flight)
        return false;
    abort_one(exchange);
    return true;
}

void exchange_cancel(Exchange *exchange)
{
    if (exchange->flight && purpose_changes(exchange->purpose))
        exchange->done = NULL;
    else
        abort_one(exchange);
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
