#include "warm_start.h"

#include "date.h"
#include "error.h"
#include "log.h"
#include "say.h"

enum {
    PATIENCE_MS = 5000, /* for an API that does not answer, where there is something to begin with */
    KEEP_MS = 10000,    /* for the last writing */
};

int warm_read(App *app)
{
    int r;

    if (!app->state)
        return EXIT_OK;
    r = snapshot_read(fsio_system(), state_path(app->state), app->settings->endpoint, &app->snapshot,
                      &app->snapshot_failure);
    app->has_snapshot = r == 0;
    app->keeps_none = r == -ERR_NOT_SUPPORTED;
    return EXIT_OK;
}

static void on_patience(void *ctx)
{
    App *app = ctx;

    app->failure = failure_make(-ERR_TIMEOUT, "The API did not answer within %d s.", PATIENCE_MS / 1000);
    loop_stop(app->loop);
}

void warm_wait(App *app)
{
    Timer *timer = app->has_snapshot ? timer_new(loop_clock(app->loop), on_patience, app) : NULL;

    if (timer)
        timer_start(timer, PATIENCE_MS);
    loop_run(app->loop);
    timer_free(timer);
    store_cancel(app->probe);
    app->probe = NULL;
}

/* What can pass by itself. A token that is refused, a wrong certificate or another server behind the address can't. */
static bool is_away(const Failure *failure)
{
    switch (-failure->code) {
    case ERR_ROUTE:
    case ERR_REFUSED:
    case ERR_TIMEOUT:
    case ERR_REMOTE:
    case ERR_LIMITED:
    case ERR_QUOTA:
        return true;
    default:
        return false;
    }
}

bool warm_stands_in(App *app, const Failure *failure)
{
    char age[DATE_TEXT_BYTES];
    StoreListFacts facts;
    Failure told;

    if (!app->has_snapshot || !is_away(failure))
        return false;
    store_restore(app->store, &app->snapshot);
    store_list_facts(app->store, STORE_INSTANCES, &facts);
    if (facts.age_ms >= APP_STALE_NAMES_MS || (app->settings->project && !tree_has_root(app->tree)))
        return false;
    date_format_age(facts.age_ms, age);
    told = failure_make(failure->code, "Mounting with what was known %s ago: %s", age, failure_sentence(failure));
    say_failure(&told);
    return true;
}

int warm_begin(App *app)
{
    if (app->has_snapshot)
        store_restore(app->store, &app->snapshot);
    snapshot_release(&app->snapshot);
    if (!app->state || app->keeps_none)
        return EXIT_OK;
    return store_keep(app->store, fsio_system(), app->worker, state_path(app->state), app->settings->endpoint) < 0
               ? EXIT_FAILED
               : EXIT_OK;
}

static void on_kept(void *ctx)
{
    App *app = ctx;

    app->kept = true;
    loop_stop(app->loop);
}

static void on_keep_deadline(void *ctx)
{
    log_warn("the disk is too slow to keep what is known for the next mount");
    on_kept(ctx);
}

void warm_keep(App *app)
{
    Timer *deadline = timer_new(loop_clock(app->loop), on_keep_deadline, app);

    if (!deadline)
        return;
    timer_start(deadline, KEEP_MS);
    store_keep_now(app->store, on_kept, app);
    while (!app->kept) /* a stop that was asked for before is over at once */
        loop_run(app->loop);
    timer_free(deadline);
}
