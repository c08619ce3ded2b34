#include "store_internal.h"

#include <stdlib.h>
#include <utlist.h>

#include "error.h"

enum { LINE_RECHECK_MS = 50, SLEPT_MIN_MS = 1000 };

int64_t store_slept_ms(const Store *store, int64_t asleep_ms)
{
    int64_t slept_ms = clock_asleep_ms(store->clock) - asleep_ms;

    return slept_ms >= SLEPT_MIN_MS ? slept_ms : 0;
}

bool store_slept_since(const Store *store, int64_t asleep_ms)
{
    return store_slept_ms(store, asleep_ms) > 0;
}

StoreOp *op_new(Store *store, enum OpKind kind, void *ctx)
{
    StoreOp *op = calloc(1, sizeof *op);

    if (!op)
        return NULL;
    op->store = store;
    op->kind = kind;
    op->ctx = ctx;
    op->started_ms = clock_now_ms(store->clock);
    op->asleep_ms = clock_asleep_ms(store->clock);
    op->patience_at_ms = -1;
    return op;
}

void op_unpark(StoreOp *op)
{
    if (op->head)
        DL_DELETE(*op->head, op);
    op->head = NULL;
    op->fetch = NULL;
    if (op->timer)
        timer_stop(op->timer);
}

void op_free(StoreOp *op)
{
    op_unpark(op);
    timer_free(op->timer);
    free(op->id);
    free(op);
}

/* What the machine slept counts for nobody who waits. */
static int64_t slept_ms(const StoreOp *op)
{
    return clock_asleep_ms(op->store->clock) - op->asleep_ms;
}

/* Time in the line for the rate limit does not count against `timeout`, up to `wait`. */
static int64_t deadline_ms(const StoreOp *op)
{
    const StoreConfig *config = &op->store->config;
    int64_t in_line = op->fetch && op->fetch->call ? api_line_ms(op->fetch->call) : 0;

    return op->started_ms + slept_ms(op) + config->timeout_ms + (in_line < config->wait_ms ? in_line : config->wait_ms);
}

static bool was_in_line(const StoreOp *op)
{
    return op->fetch && op->fetch->call && api_line_ms(op->fetch->call) >= op->store->config.wait_ms;
}

static void arm(StoreOp *op)
{
    int64_t now = clock_now_ms(op->store->clock), at = deadline_ms(op);

    if (op->patience_at_ms >= 0 && op->patience_at_ms + slept_ms(op) < at)
        at = op->patience_at_ms + slept_ms(op);
    timer_start(op->timer, at > now ? at - now : LINE_RECHECK_MS);
}

/* It would rather be served what is known; if that has got too old meanwhile, it waits on. */
static bool is_impatient(StoreOp *op)
{
    if (op->patience_at_ms < 0 || clock_now_ms(op->store->clock) - slept_ms(op) < op->patience_at_ms)
        return false;
    if (op_can_be_served_stale(op))
        return true;
    op->patience_at_ms = -1;
    return false;
}

static void on_time(void *ctx)
{
    StoreOp *op = ctx;
    Failure failure;

    if (!is_impatient(op) && clock_now_ms(op->store->clock) < deadline_ms(op)) {
        arm(op);
        return;
    }
    op->fetch->unattended = true; /* nothing gets newer unless it comes to its end */
    if (was_in_line(op)) {
        failure = failure_make(-ERR_LIMITED, "The rate limit stood in the way for longer than %lld s.",
                               (long long)(op->store->config.wait_ms / 1000));
        failure_set_mend(&failure, "Try again in a minute, or mount with a longer wait=.");
    } else {
        failure = failure_make(-ERR_TIMEOUT, "The API did not answer within %lld s.",
                               (long long)((op->store->config.timeout_ms + 999) / 1000));
        failure_set_mend(&failure,
                         "See .skystack/status for how the API is doing; timeout= sets how long a call may take.");
    }
    op_unpark(op);
    op_answer(op, &failure);
}

int op_park(StoreOp *op, Fetch *fetch, const Freshness *facts)
{
    int64_t patience = freshness_patience_ms(facts);

    if (!op->timer)
        op->timer = timer_new(op->store->clock, on_time, op);
    if (!op->timer)
        return -ERR_NO_MEMORY;
    op->fetch = fetch;
    op->head = &fetch->waiters;
    op->patience_at_ms = patience < 0 ? -1 : clock_now_ms(op->store->clock) - slept_ms(op) + patience;
    DL_APPEND(fetch->waiters, op);
    arm(op);
    return 0;
}
