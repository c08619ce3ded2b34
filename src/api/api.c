#include "api.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "api_tally.h"
#include "api_token.h"
#include "buf.h"
#include "error.h"
#include "exchange.h"
#include "json.h"
#include "list.h"
#include "probe.h"
#include "url.h"

struct Api {
    Courier courier;
    ApiCall *calls;
    CredentialWaiter fetch; /* of who asked for the token to be fetched */
    api_token_fn fetched;
    void *fetched_ctx;
};

/* Either a list or one exchange. */
struct ApiCall {
    Api *api;
    Listing *listing;
    Exchange *exchange;
    api_page_fn page;
    api_list_fn listed;
    api_one_fn done;
    void *ctx;
    ApiCall *prev, *next;
};

/* ---- making and freeing ---- */

static bool is_printable(const char *text)
{
    for (const char *at = text; *at; at++)
        if ((unsigned char)*at <= 0x20 || (unsigned char)*at >= 0x7f)
            return false;
    return *text != '\0';
}

static int check_config(const ApiConfig *config, Failure *ret_failure)
{
    if (strncmp(config->endpoint, "https://", 8) != 0 || !is_printable(config->endpoint + 8)) {
        *ret_failure = failure_make(-ERR_INVALID, "The API's address is not https://HOST[:PORT].");
        return -ERR_INVALID;
    }
    if (!is_printable(config->version)) {
        *ret_failure = failure_make(-ERR_INVALID, "The API's version must be printable and without blanks.");
        failure_set_mend(ret_failure, "Mount with api_version=YYYY-MM-DD.");
        return -ERR_INVALID;
    }
    return 0;
}

static int set_up(Courier *courier, const ApiConfig *config)
{
    courier->endpoint = strdup(config->endpoint);
    courier->line = line_new(courier->clock, config->ledger, config->per_minute, config->per_day, config->wait_ms);
    courier->timeout_ms = config->timeout_ms;
    courier->per_minute = config->per_minute;
    return version_init(&courier->version, config->version) == 0 && courier->endpoint && courier->line ? 0
                                                                                                       : -ERR_NO_MEMORY;
}

static int start_credential(Courier *courier, const ApiConfig *config, Fsio *fsio, Failure *ret_failure)
{
    const CredentialLinks links = {.clock = courier->clock,
                                   .fsio = fsio,
                                   .watcher = config->watcher,
                                   .programs = config->programs,
                                   .prove = probe_start,
                                   .ctx = courier};
    int r = credential_new(&config->token, &links, &courier->credential, ret_failure);
    const char *token = r == 0 ? credential_in_use(courier->credential) : NULL;

    if (token)
        courier_count_for(courier, token, 1);
    return r;
}

int api_new(const ApiConfig *config, Net *net, Clock *clock, Random *random, Fsio *fsio, Api **ret_api,
            Failure *ret_failure)
{
    Api *api = NULL;
    int r = check_config(config, ret_failure);

    if (r < 0)
        return r;
    api = calloc(1, sizeof *api);
    if (api)
        api->courier = (Courier){.net = net, .clock = clock, .random = random};
    r = api ? set_up(&api->courier, config) : -ERR_NO_MEMORY;
    if (r < 0)
        *ret_failure = failure_make(r, "%s", error_sentence(r));
    else
        r = start_credential(&api->courier, config, fsio, ret_failure);
    if (r < 0) {
        api_free(api);
        return r;
    }
    *ret_api = api;
    return 0;
}

static void call_free(ApiCall *call)
{
    DL_DELETE(call->api->calls, call);
    free(call);
}

void api_free(Api *api)
{
    ApiCall *call, *next;

    if (!api)
        return;
    DL_FOREACH_SAFE(api->calls, call, next)
    {
        api_cancel(call);
    }
    exchange_abort_all(&api->courier);
    line_free(api->courier.line);
    credential_free(api->courier.credential);
    free(api->courier.endpoint);
    version_release(&api->courier.version);
    free(api);
}

/* ---- calls ---- */

static ApiCall *call_new(Api *api, void *ctx)
{
    ApiCall *call = calloc(1, sizeof *call);

    if (!call)
        return NULL;
    call->api = api;
    call->ctx = ctx;
    DL_APPEND(api->calls, call);
    return call;
}

void api_cancel(ApiCall *call)
{
    if (!call)
        return;
    if (call->listing)
        listing_cancel(call->listing);
    if (call->exchange)
        exchange_cancel(call->exchange);
    call_free(call);
}

bool api_retract(ApiCall *call)
{
    if (!call->exchange || !exchange_retract(call->exchange))
        return false;
    call_free(call);
    return true;
}

int64_t api_line_ms(const ApiCall *call)
{
    return call->listing ? listing_line_ms(call->listing) : exchange_line_ms(call->exchange);
}

/* ---- lists ---- */

static void on_page(void *ctx, Resource *const *rows, size_t count)
{
    ApiCall *call = ctx;

    call->page(call->ctx, rows, count);
}

static void on_listed(void *ctx, const Failure *failure, bool complete)
{
    ApiCall *call = ctx;
    api_list_fn done = call->listed;
    void *done_ctx = call->ctx;

    call_free(call);
    done(done_ctx, failure, complete);
}

static int start_list(Api *api, enum ApiClass class, bool projects, api_page_fn page, api_list_fn done, void *ctx,
                      ApiCall **ret_call)
{
    ApiCall *call = call_new(api, ctx);
    int r;

    if (!call)
        return -ERR_NO_MEMORY;
    call->page = page;
    call->listed = done;
    r = listing_start(&api->courier, class, projects, on_page, on_listed, call, &call->listing);
    if (r < 0) {
        call_free(call);
        return r;
    }
    *ret_call = call;
    return 0;
}

int api_list_instances(Api *api, enum ApiClass class, api_page_fn page, api_list_fn done, void *ctx, ApiCall **ret_call)
{
    return start_list(api, class, false, page, done, ctx, ret_call);
}

int api_list_projects(Api *api, enum ApiClass class, api_page_fn page, api_list_fn done, void *ctx, ApiCall **ret_call)
{
    return start_list(api, class, true, page, done, ctx, ret_call);
}

void api_list_hold(ApiCall *call, bool hold)
{
    listing_hold(call->listing, hold);
}

unsigned api_list_abreast(const ApiCall *call)
{
    return listing_abreast(call->listing);
}

bool api_list_is_numbered(const ApiCall *call)
{
    return listing_is_numbered(call->listing);
}

void api_list_progress(const ApiCall *call, uint64_t *ret_rows, int64_t *ret_total)
{
    listing_progress(call->listing, ret_rows, ret_total);
}

/* ---- one instance ---- */

static void on_one(void *ctx, Verdict *verdict)
{
    ApiCall *call = ctx;
    ApiAnswer answer = {.resource = verdict->one, .etag = verdict->etag, .request_id = verdict->request_id};
    api_one_fn done = call->done;
    void *done_ctx = call->ctx;
    bool failed = verdict->failure.code < 0;

    call_free(call);
    done(done_ctx, failed ? &verdict->failure : NULL, failed ? NULL : &answer);
}

static int start_one(Api *api, const ExchangeOrder *order, api_one_fn done, void *ctx, ApiCall **ret_call)
{
    ApiCall *call = call_new(api, ctx);
    int r;

    if (!call)
        return -ERR_NO_MEMORY;
    call->done = done;
    r = exchange_start(&api->courier, order, on_one, call, &call->exchange);
    if (r < 0) {
        call_free(call);
        return r;
    }
    *ret_call = call;
    return 0;
}

/* Servers and proxies take dot segments and doubled slashes out of a path, which would then name the whole collection.
 */
static bool fits_a_path(const char *id)
{
    return id[0] && strcmp(id, ".") != 0 && strcmp(id, "..") != 0;
}

static int start_by_id(Api *api, ExchangeOrder *order, api_one_fn done, void *ctx, ApiCall **ret_call)
{
    _cleanup_buf_ Buf path = BUF_INIT(4 * RESOURCE_ID_BYTES);
    int r = fits_a_path(order->id) ? buf_append_str(&path, "/v1/instances/") : -ERR_INVALID;

    if (r == 0)
        r = url_encode(&path, span_of(order->id));
    if (r < 0)
        return r;
    order->path = buf_text(&path);
    return start_one(api, order, done, ctx, ret_call);
}

int api_get(Api *api, enum ApiClass class, const char *id, api_one_fn done, void *ctx, ApiCall **ret_call)
{
    ExchangeOrder order = {.purpose = PURPOSE_GET, .class = class, .id = id};

    return start_by_id(api, &order, done, ctx, ret_call);
}

int api_create(Api *api, Span body, api_one_fn done, void *ctx, ApiCall **ret_call)
{
    ExchangeOrder order = {.purpose = PURPOSE_CREATE, .class = API_CHANGE, .path = "/v1/instances", .body = body};
    Span profile;

    if (json_member(body, "profile", &profile))
        order.path = "/v1/compute/instances";
    return start_one(api, &order, done, ctx, ret_call);
}

int api_update(Api *api, const char *id, Span patch, const char *if_match, api_one_fn done, void *ctx,
               ApiCall **ret_call)
{
    ExchangeOrder order = {
        .purpose = PURPOSE_UPDATE, .class = API_CHANGE, .id = id, .body = patch, .if_match = if_match};

    return start_by_id(api, &order, done, ctx, ret_call);
}

int api_delete(Api *api, const char *id, api_one_fn done, void *ctx, ApiCall **ret_call)
{
    ExchangeOrder order = {.purpose = PURPOSE_DELETE, .class = API_CHANGE, .id = id};

    return start_by_id(api, &order, done, ctx, ret_call);
}

/* ---- the rest ---- */

void api_reload_token(Api *api)
{
    credential_reload(api->courier.credential);
}

bool api_token_latched(const Api *api, Failure *ret_failure)
{
    const Credential *credential = api->courier.credential;

    if (!credential_latched(credential))
        return false;
    *ret_failure = credential_reason(credential);
    return true;
}

void api_token_facts(const Api *api, TokenFacts *ret_facts)
{
    credential_facts(api->courier.credential, ret_facts);
}

static void on_fetched(void *ctx, const Failure *failure)
{
    Api *api = ctx;

    if (!failure)
        courier_count_for(&api->courier, credential_in_use(api->courier.credential), 1);
    api->fetched(api->fetched_ctx, failure);
}

int api_fetch_token(Api *api, api_token_fn done, void *ctx, Failure *ret_failure)
{
    uint64_t number;

    api->fetch = (CredentialWaiter){.wake = on_fetched, .ctx = api};
    api->fetched = done;
    api->fetched_ctx = ctx;
    if (credential_use(api->courier.credential, &api->fetch, &number, ret_failure))
        return 0;
    return ret_failure->code < 0 ? ret_failure->code : 1;
}

const ApiTally *api_tally(const Api *api)
{
    return &api->courier.tally;
}

const char *api_notice(Api *api)
{
    return version_notice(&api->courier.version, clock_now_ms(api->courier.clock));
}

bool api_may_go(Api *api, enum ApiClass class)
{
    return line_may_go(api->courier.line, class);
}

int64_t api_pace_ms(Api *api)
{
    return line_pace_ms(api->courier.line);
}

void api_stats(Api *api, ApiStats *ret_stats)
{
    const Courier *courier = &api->courier;

    *ret_stats = (ApiStats){.requests = courier->requests, .failures = courier->failures, .retries = courier->retries};
    memcpy(ret_stats->by_class, courier->by_class, sizeof ret_stats->by_class);
    ret_stats->token_latched = credential_latched(courier->credential);
    line_stats(courier->line, ret_stats);
    courier_stats(courier, ret_stats);
    ret_stats->version_refused = version_is_refused(&courier->version, clock_now_ms(courier->clock));
    ret_stats->notice_ms = version_notice_ms(&courier->version, clock_now_ms(courier->clock));
}
