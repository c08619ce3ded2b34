/*
 * test_api_fakes: a clock that stands still until told, and a net that answers what the test says.
 */
#ifndef SKY_TEST_API_FAKES_H
#define SKY_TEST_API_FAKES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "net.h"
#include "random.h"

/* ---- the token ---- */

/* Makes a file out of a template of mkstemp's, with a token in it. */
static inline int fake_token_make(char *path)
{
    int fd = mkstemp(path);
    bool made = fd >= 0 && write(fd, "one", 3) == 3;

    if (fd >= 0)
        close(fd);
    return made ? 0 : -1;
}

/* ---- the clock ---- */

typedef struct FakeTimer {
    Timer timer;
    clock_fn fire;
    void *ctx;
    int64_t due_ms; /* -1: stopped */
    struct FakeTimer *next;
} FakeTimer;

typedef struct FakeClock {
    Clock clock;
    int64_t now_ms, wall_ms, asleep_ms;
    FakeTimer *timers;
} FakeClock;

static inline int64_t fake_now_ms(Clock *clock)
{
    return ((FakeClock *)clock)->now_ms;
}

static inline int64_t fake_wall_ms(Clock *clock)
{
    return ((FakeClock *)clock)->wall_ms;
}

static inline int64_t fake_asleep_ms(Clock *clock)
{
    return ((FakeClock *)clock)->asleep_ms;
}

static inline Timer *fake_timer_new(Clock *clock, clock_fn fire, void *ctx)
{
    FakeTimer *timer = calloc(1, sizeof *timer);

    if (!timer)
        abort();
    *timer =
        (FakeTimer){.timer.clock = clock, .fire = fire, .ctx = ctx, .due_ms = -1, .next = ((FakeClock *)clock)->timers};
    ((FakeClock *)clock)->timers = timer;
    return &timer->timer;
}

static inline void fake_timer_start(Timer *timer, int64_t delay_ms)
{
    ((FakeTimer *)timer)->due_ms = ((FakeClock *)timer->clock)->now_ms + delay_ms;
}

static inline void fake_timer_stop(Timer *timer)
{
    ((FakeTimer *)timer)->due_ms = -1;
}

static inline void fake_timer_free(Timer *timer)
{
    FakeTimer **at = &((FakeClock *)timer->clock)->timers;

    while (*at != (FakeTimer *)timer)
        at = &(*at)->next;
    *at = (*at)->next;
    free(timer);
}

static inline void fake_clock_init(FakeClock *fake)
{
    static const ClockOps ops = {.now_ms = fake_now_ms,
                                 .wall_ms = fake_wall_ms,
                                 .asleep_ms = fake_asleep_ms,
                                 .timer_new = fake_timer_new,
                                 .timer_start = fake_timer_start,
                                 .timer_stop = fake_timer_stop,
                                 .timer_free = fake_timer_free};

    *fake = (FakeClock){.clock.ops = &ops, .now_ms = 1000000, .wall_ms = 1773915764000};
}

/* The timer that is due first, up to a time; NULL if there is none. */
static inline FakeTimer *fake_due(FakeClock *fake, int64_t until_ms)
{
    FakeTimer *first = NULL;

    for (FakeTimer *each = fake->timers; each; each = each->next)
        if (each->due_ms >= 0 && each->due_ms <= until_ms && (!first || each->due_ms < first->due_ms))
            first = each;
    return first;
}

/* Lets time pass and fires what falls due. */
static inline void fake_pass(FakeClock *fake, int64_t ms)
{
    int64_t until_ms = fake->now_ms + ms;
    FakeTimer *due;

    while ((due = fake_due(fake, until_ms))) {
        if (due->due_ms > fake->now_ms)
            fake->now_ms = due->due_ms;
        due->due_ms = -1;
        due->fire(due->ctx);
    }
    fake->now_ms = until_ms;
}

/* The machine is suspended: no timer counts that. */
static inline void fake_sleep(FakeClock *fake, int64_t ms)
{
    fake->now_ms += ms;
    fake->asleep_ms += ms;
    for (FakeTimer *each = fake->timers; each; each = each->next)
        each->due_ms += each->due_ms >= 0 ? ms : 0;
}

static inline unsigned fake_timers_running(const FakeClock *fake)
{
    unsigned count = 0;

    for (const FakeTimer *each = fake->timers; each; each = each->next)
        count += each->due_ms >= 0;
    return count;
}

/* ---- the net ---- */

enum { FAKE_CALLS_MAX = 64 };

typedef struct FakeCall {
    NetCall call;
    net_done_fn done;
    void *ctx;
    char method[8], url[512], authorization[64], key[64], if_match[64], body[512];
    bool fresh, ended, cancelled;
    int64_t timeout_ms;
} FakeCall;

typedef struct FakeNet {
    Net net;
    FakeCall calls[FAKE_CALLS_MAX];
    unsigned count;
    int start_code; /* negative: no call can be started */
} FakeNet;

static inline void fake_copy(char *to, size_t room, const char *from)
{
    size_t len = strlen(from);

    if (len >= room)
        abort();
    memcpy(to, from, len + 1);
}

static inline int fake_start(Net *net, const NetRequest *request, net_done_fn done, void *ctx, NetCall **ret_call)
{
    FakeNet *fake = (FakeNet *)net;
    FakeCall *call;

    if (fake->start_code < 0)
        return fake->start_code;
    if (fake->count == FAKE_CALLS_MAX)
        abort();
    call = &fake->calls[fake->count++];
    *call = (FakeCall){
        .call.net = net, .done = done, .ctx = ctx, .fresh = request->fresh, .timeout_ms = request->timeout_ms};
    fake_copy(call->method, sizeof call->method, request->method);
    fake_copy(call->url, sizeof call->url, request->url);
    if (request->body_bytes >= sizeof call->body)
        abort();
    if (request->body)
        memcpy(call->body, request->body, request->body_bytes);
    for (size_t i = 0; i < request->header_count; i++) {
        if (strcmp(request->headers[i].name, "Authorization") == 0)
            fake_copy(call->authorization, sizeof call->authorization, request->headers[i].value);
        if (strcmp(request->headers[i].name, "Idempotency-Key") == 0)
            fake_copy(call->key, sizeof call->key, request->headers[i].value);
        if (strcmp(request->headers[i].name, "If-Match") == 0)
            fake_copy(call->if_match, sizeof call->if_match, request->headers[i].value);
    }
    *ret_call = &call->call;
    return 0;
}

static inline void fake_cancel(NetCall *call)
{
    ((FakeCall *)call)->cancelled = true;
}

static inline void fake_net_init(FakeNet *fake)
{
    static const NetOps ops = {.start = fake_start, .cancel = fake_cancel};

    memset(fake, 0, sizeof *fake);
    fake->net.ops = &ops;
}

static inline void fake_end(FakeNet *fake, unsigned index, const NetResponse *response)
{
    assert_true(index < fake->count && !fake->calls[index].ended && !fake->calls[index].cancelled);
    fake->calls[index].ended = true;
    fake->calls[index].done(fake->calls[index].ctx, response);
}

/* Answers call number `index`, counted from 0. */
static inline void fake_answer(FakeNet *fake, unsigned index, int status, const char *headers, const char *body)
{
    const NetResponse response = {
        .sent = true, .status = status, .body = body, .body_bytes = strlen(body), .problem = "", .headers = headers};

    fake_end(fake, index, &response);
}

/* Ends it after these headers. */
static inline void fake_cut(FakeNet *fake, unsigned index, int code, bool sent, const char *headers)
{
    const NetResponse response = {
        .code = code, .sent = sent, .body = "", .problem = "as the test said", .headers = headers};

    fake_end(fake, index, &response);
}

/* Ends it without an answer. */
static inline void fake_break(FakeNet *fake, unsigned index, int code, bool sent)
{
    fake_cut(fake, index, code, sent, "");
}

/* ---- chance ---- */

static inline uint64_t fake_next(Random *random)
{
    static uint64_t state = 1;

    (void)random;
    state = state * UINT64_C(6364136223846793005) + 1;
    return state;
}

#endif
