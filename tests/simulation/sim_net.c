#include "sim_net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "error.h"
#include "torture.h"

/* What becomes of one exchange. */
enum Fate {
    FATE_GOOD,
    FATE_SLOW,          /* within the time that a call may take, or a bit over */
    FATE_NO_ROUTE,      /* nothing was sent */
    FATE_REFUSED,       /* the same */
    FATE_RESET_BEFORE,  /* broken before the server read it */
    FATE_RESET_AFTER,   /* broken after the deed */
    FATE_CUT,           /* the answer's body is cut short */
    FATE_CUT_UNSEEN,    /* … and nobody can tell by the protocol: closed without a length; the JSON is broken */
    FATE_SILENT_BEFORE, /* lost on the way there */
    FATE_SILENT_AFTER,  /* lost on the way back */
    FATE_LATE,          /* the server gets it when the client has given up */
    FATE_5XX_BEFORE,
    FATE_5XX_AFTER,
    FATE_401,
    FATE_429,
    FATE_RUBBISH, /* from some proxy, which did not hand it on */
    FATE_CERTIFICATE,
    FATE_COUNT,
};

static const char *const fate_names[FATE_COUNT] = {
    "good",        "slow",       "no route",           "refused", "reset before",
    "reset after", "cut",        "cut unseen",         "silent",  "silent after the deed",
    "late",        "5xx",        "5xx after the deed", "401",     "429",
    "rubbish",     "certificate"};

/* ---- memory ---- */

static void flight_free(SimFlight *flight)
{
    DL_DELETE(flight->net->flights, flight);
    buf_release(&flight->answer.body);
    free(flight->body);
    free(flight);
}

static void let_go(SimFlight *flight)
{
    if (flight->events == 0 && flight->over)
        flight_free(flight);
}

static void after(SimFlight *flight, int64_t delay_ms, clock_fn call)
{
    flight->events++;
    sim_clock_after(flight->net->clock, delay_ms, call, flight);
}

/* ---- answers ---- */

static void end_flight(SimFlight *flight)
{
    SimNet *net = flight->net;

    flight->over = true;
    net->under_way--;
    sim_lists_over(&net->lists, flight->method, flight->path, net->clock->now_ms);
}

static void end(SimFlight *flight, const NetResponse *response)
{
    SimNet *net = flight->net;

    sim_trace(net->trace, net->clock->now_ms, "net %llu ends: %d, status %d: %.*s", (unsigned long long)flight->number,
              response->code, response->status, (int)response->body_bytes, response->body);
    end_flight(flight);
    flight->done(flight->ctx, response);
}

static void end_broken(SimFlight *flight, int code, const char *problem)
{
    const NetResponse response = {.code = code, .sent = flight->sent, .body = "", .problem = problem, .headers = ""};

    flight->net->troubled_ms = flight->net->clock->now_ms;
    end(flight, &response);
}

/* What a server that is out of its mind says. */
static void make_rubbish(SimFlight *flight, CloudAnswer *answer)
{
    static const char *const bodies[] = {"<html><body>Sign in to the network</body></html>",
                                         "",
                                         "[]",
                                         "{}",
                                         "{\"data\":{}}",
                                         "{\"data\":[{}]}",
                                         "{\"data\":[],\"data\":[]}",
                                         "{\"data\":[]}garbage",
                                         "null",
                                         "{\"id\":\"ins_99999\",\"name\":\"nobody\"}",
                                         "{\"data\":[{\"name\":\"a\"}],\"next_cursor\":null}",
                                         "{\"data\":null,\"next_cursor\":null}"};
    static const int statuses[] = {200, 200, 301, 404, 403, 418, 204, 502};
    Chance *chance = &flight->net->chance;

    answer->status = statuses[chance_below(chance, 8)];
    answer->headers[0] = '\0';
    buf_clear(&answer->body);
    buf_printf(&answer->body, "%s", bodies[chance_below(chance, 12)]);
    if (strcmp(flight->method, "GET") != 0 &&
        buf_text(&answer->body)[0] != '<') { /* none that nobody could tell from good */
        buf_clear(&answer->body);
        buf_append_str(&answer->body, bodies[0]);
    }
}

static void limit(SimFlight *flight, CloudAnswer *answer)
{
    static const char *const headers[] = {"Retry-After: 1\r\n",  "Retry-After: 5\r\n", "Retry-After: 0\r\n", "",
                                          "Retry-After: -3\r\n", "Retry-After: x\r\n", "Retry-After: 20\r\n"};

    cloud_refuse(flight->net->cloud, 429, "rate_limited", answer);
    snprintf(answer->headers, sizeof answer->headers, "%s", headers[chance_below(&flight->net->chance, 7)]);
}

static void cut(SimFlight *flight, Buf *body)
{
    size_t len = body->len;

    buf_resize(body, chance_below(&flight->net->chance, (unsigned)len + 1));
    if (body->len == len)
        flight->fate = FATE_GOOD;
}

static void bend(SimFlight *flight, CloudAnswer *answer)
{
    Cloud *cloud = flight->net->cloud;
    Chance *chance = &flight->net->chance;

    switch (flight->fate) {
    case FATE_5XX_BEFORE:
    case FATE_5XX_AFTER:
        cloud_refuse(cloud, 500 + (int)chance_below(chance, 5), "internal", answer);
        if (chance_hit(chance, 300)) {
            buf_clear(&answer->body);
            buf_append_str(&answer->body, "upstream connect error");
        }
        break;
    case FATE_401:
        cloud_refuse(cloud, 401, "unauthorized", answer);
        break;
    case FATE_429:
        limit(flight, answer);
        break;
    case FATE_RUBBISH:
        make_rubbish(flight, answer);
        break;
    case FATE_CUT_UNSEEN:
        cut(flight, &answer->body);
        break;
    default:
        break;
    }
}

static void on_back(void *ctx)
{
    SimFlight *flight = ctx;
    NetResponse response = {.sent = true,
                            .status = flight->answer.status,
                            .body = buf_text(&flight->answer.body),
                            .body_bytes = flight->answer.body.len,
                            .problem = "",
                            .headers = flight->answer.headers};

    flight->events--;
    if (!flight->over && flight->fate == FATE_CUT) {
        end_broken(flight, -ERR_REMOTE, "the answer was cut short");
    } else if (!flight->over) {
        if (!flight->fresh && flight->fate == FATE_GOOD)
            flight->net->idle++;
        if (flight->fate != FATE_GOOD || response.status >= 500 || response.status == 429 || response.status == 401)
            flight->net->troubled_ms = flight->net->clock->now_ms;
        if ((flight->fate == FATE_GOOD || flight->fate == FATE_SLOW) && response.status == 200)
            sim_lists_came(&flight->net->lists, flight->path, response.body, flight->net->clock->now_ms);
        end(flight, &response);
    }
    let_go(flight);
}

/* ---- the way there ---- */

static bool reaches_the_api(const SimFlight *flight)
{
    return flight->fate != FATE_5XX_BEFORE && flight->fate != FATE_401 && flight->fate != FATE_429 &&
           flight->fate != FATE_RUBBISH;
}

static void serve(SimFlight *flight)
{
    SimNet *net = flight->net;
    const CloudRequest request = {.method = flight->method,
                                  .path = flight->path,
                                  .token = flight->token,
                                  .if_match = flight->if_match,
                                  .body = flight->body ? flight->body : "",
                                  .body_bytes = flight->body_bytes};

    net->cloud->now_ms = net->clock->now_ms;
    torture_pause(true);
    buf_release(&flight->answer.body);
    if (reaches_the_api(flight)) {
        cloud_serve(net->cloud, &request, &flight->answer);
    } else {
        buf_init(&flight->answer.body, flight->body_cap);
        flight->answer.headers[0] = '\0';
    }
    bend(flight, &flight->answer);
    torture_pause(false);
    sim_trace(net->trace, net->clock->now_ms, "net %llu served: %s %s %.*s: %d", (unsigned long long)flight->number,
              flight->method, flight->path, (int)flight->body_bytes, flight->body ? flight->body : "",
              flight->answer.status);
}

static int64_t one_way(SimNet *net)
{
    return chance_between(&net->chance, 1, net->latency_ms);
}

static void on_broken(void *ctx)
{
    SimFlight *flight = ctx;

    flight->events--;
    if (!flight->over)
        end_broken(flight, flight->sent ? -ERR_REMOTE : -ERR_REFUSED, "the connection broke");
    let_go(flight);
}

static void on_there(void *ctx);

/* The connection died. Over a reused one, the library sends it again by itself: it can't know that it was read. */
static void break_off(SimFlight *flight)
{
    if (!flight->reused || flight->fresh) {
        after(flight, one_way(flight->net), on_broken);
        return;
    }
    flight->net->repeated++;
    flight->reused = false;
    flight->fate = FATE_GOOD;
    after(flight, one_way(flight->net), on_there);
}

static void on_there(void *ctx)
{
    SimFlight *flight = ctx;
    SimNet *net = flight->net;

    flight->events--;
    if (flight->fate == FATE_RESET_BEFORE) {
        break_off(flight);
    } else if (flight->fate == FATE_RESET_AFTER) {
        serve(flight);
        break_off(flight);
    } else if (flight->fate != FATE_SILENT_BEFORE) {
        serve(flight);
        if (flight->fate == FATE_SLOW)
            after(flight, chance_between(&net->chance, 1, 1 + flight->timeout_ms + flight->timeout_ms / 8), on_back);
        else if (flight->fate != FATE_SILENT_AFTER && flight->fate != FATE_LATE)
            after(flight, one_way(net), on_back);
    }
    let_go(flight);
}

static void on_timeout(void *ctx)
{
    SimFlight *flight = ctx;

    flight->events--;
    if (!flight->over)
        end_broken(flight, -ERR_TIMEOUT, "no answer in time");
    let_go(flight);
}

static void on_unsent(void *ctx)
{
    SimFlight *flight = ctx;

    flight->events--;
    if (!flight->over) {
        flight->sent = false;
        end_broken(flight,
                   flight->fate == FATE_NO_ROUTE      ? -ERR_ROUTE
                   : flight->fate == FATE_CERTIFICATE ? -ERR_CERTIFICATE
                                                      : -ERR_REFUSED,
                   "nothing was sent");
    }
    let_go(flight);
}

/* ---- the program's calls ---- */

static int draw_fate(SimNet *net)
{
    if (net->out)
        return FATE_NO_ROUTE;
    if (!chance_hit(&net->chance, net->fault_permille))
        return FATE_GOOD;
    return 1 + (int)chance_below(&net->chance, FATE_COUNT - 1);
}

static void copy(char *to, size_t room, const char *from)
{
    if (strlen(from) >= room)
        abort();
    memcpy(to, from, strlen(from) + 1);
}

static void take_headers(SimFlight *flight, const NetRequest *request)
{
    for (size_t i = 0; i < request->header_count; i++) {
        const NetHeader *header = &request->headers[i];

        if (strcmp(header->name, "Authorization") == 0 && strncmp(header->value, "Bearer ", 7) == 0)
            copy(flight->token, sizeof flight->token, header->value + 7);
        else if (strcmp(header->name, "If-Match") == 0)
            copy(flight->if_match, sizeof flight->if_match, header->value);
    }
}

static SimFlight *flight_new(SimNet *net, const NetRequest *request)
{
    SimFlight *flight = calloc(1, sizeof *flight);
    const char *path = strstr(request->url, "/v1/");

    if (!flight || !path)
        abort();
    *flight = (SimFlight){.call.net = &net->net,
                          .net = net,
                          .number = ++net->started,
                          .body_bytes = request->body_bytes,
                          .body_cap = request->body_cap,
                          .fresh = request->fresh,
                          .started_ms = net->clock->now_ms,
                          .timeout_ms = request->timeout_ms};
    copy(flight->method, sizeof flight->method, request->method);
    copy(flight->path, sizeof flight->path, path);
    take_headers(flight, request);
    flight->body = request->body ? strndup(request->body, request->body_bytes) : NULL;
    buf_init(&flight->answer.body, request->body_cap);
    DL_APPEND(net->flights, flight);
    net->under_way++;
    return flight;
}

static void launch(SimFlight *flight)
{
    SimNet *net = flight->net;

    switch (flight->fate) {
    case FATE_NO_ROUTE:
    case FATE_REFUSED:
    case FATE_CERTIFICATE:
        after(flight, one_way(net), on_unsent);
        break;
    case FATE_LATE:
        after(flight, flight->timeout_ms + chance_between(&net->chance, 1, 15000), on_there);
        break;
    default:
        after(flight, one_way(net), on_there);
    }
}

static void note_in_ledger(SimNet *net)
{
    if (net->ledger_count == net->ledger_room) {
        net->ledger_room = net->ledger_room ? 2 * net->ledger_room : 256;
        net->ledger = realloc(net->ledger, net->ledger_room * sizeof net->ledger[0]);
        if (!net->ledger)
            abort();
    }
    net->ledger[net->ledger_count++] = net->clock->now_ms;
}

static int start(Net *base, const NetRequest *request, net_done_fn done, void *ctx, NetCall **ret_call)
{
    SimNet *net = (SimNet *)base;
    SimFlight *flight;

    if (!torture_has_memory())
        return -ERR_NO_MEMORY;
    flight = flight_new(net, request);
    flight->done = done;
    flight->ctx = ctx;
    flight->fate = draw_fate(net);
    flight->sent = true;
    if (flight->fate != FATE_GOOD)
        net->troubled_ms = net->clock->now_ms;
    if (!flight->fresh && net->idle > 0) {
        net->idle--;
        flight->reused = true;
    }
    sim_trace(net->trace, net->clock->now_ms, "net %llu: %s %s%s, %s", (unsigned long long)flight->number,
              flight->method, flight->path, flight->reused ? " (reused)" : "", fate_names[flight->fate]);
    net->sent(net->ctx, flight);
    sim_lists_sent(&net->lists, flight->method, flight->path, net->clock->now_ms);
    note_in_ledger(net);
    launch(flight);
    after(flight, flight->timeout_ms, on_timeout);
    *ret_call = &flight->call;
    return 0;
}

static void cancel(NetCall *call)
{
    SimFlight *flight = (SimFlight *)call;

    sim_trace(flight->net->trace, flight->net->clock->now_ms, "net %llu cancelled", (unsigned long long)flight->number);
    end_flight(flight);
    let_go(flight);
}

/* ---- the world's ---- */

void sim_net_init(SimNet *net, SimClock *clock, SimTrace *trace, Cloud *cloud, Chance chance)
{
    static const NetOps ops = {.start = start, .cancel = cancel};

    *net = (SimNet){.net.ops = &ops,
                    .clock = clock,
                    .trace = trace,
                    .cloud = cloud,
                    .chance = chance,
                    .latency_ms = 50,
                    .troubled_ms = -1};
    sim_lists_clear(&net->lists);
}

void sim_net_release(SimNet *net)
{
    while (net->flights)
        flight_free(net->flights);
    free(net->ledger);
}

unsigned sim_net_busiest(const SimNet *net, int64_t span_ms)
{
    unsigned first = 0, most = 0;

    for (unsigned i = 0; i < net->ledger_count; i++) {
        while (net->ledger[i] - net->ledger[first] >= span_ms)
            first++;
        if (i - first + 1 > most)
            most = i - first + 1;
    }
    return most;
}
