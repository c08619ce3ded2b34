#include "app.h"

#include <cjson/cJSON.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include "app_internal.h"
#include "cleanup.h"
#include "daemon.h"
#include "error.h"
#include "exit_code.h"
#include "heap.h"
#include "reload.h"
#include "say.h"
#include "secret.h"
#include "state_dir.h"
#include "warm_start.h"
#include "webhook.h"

enum { PATH_BYTES = 4096, STATUS_BYTES = 64 << 10, LOCK_TRIES = 10, LOCK_PAUSE_NS = 100000000 };

static int exit_code_of(const Failure *failure)
{
    switch (-failure->code) {
    case ERR_TOKEN:
        return EXIT_TOKEN;
    case ERR_NO_MEMORY:
        return EXIT_FAILED;
    default:
        return EXIT_MOUNT;
    }
}

static int give_up(const Failure *failure)
{
    say_failure(failure);
    return exit_code_of(failure);
}

static int out_of_memory(void)
{
    Failure failure = failure_make(-ERR_NO_MEMORY, "%s", error_sentence(-ERR_NO_MEMORY));

    return give_up(&failure);
}

/* A mount that was killed a moment ago may still be letting go of it. */
static int take_state(App *app, Failure *ret_failure)
{
    const Settings *settings = app->settings;
    int r = -ERR_BUSY;

    for (int tries = 0; r == -ERR_BUSY && tries < LOCK_TRIES; tries++) {
        if (tries > 0)
            nanosleep(&(struct timespec){.tv_nsec = LOCK_PAUSE_NS}, NULL);
        r = state_open(fsio_system(), settings->state_dir, settings->source, settings->mountpoint, &app->state,
                       ret_failure);
    }
    return r;
}

/* Without a place to keep what a person wrote nothing may be changed: the mount goes on read-only, and says so. */
static int open_state(App *app)
{
    Settings *settings = app->settings;
    Failure failure = failure_make(-ERR_NOT_FOUND, "There is no state directory.");
    int r = -ERR_NOT_FOUND;

    if (!settings->state_dir)
        settings->state_dir = state_dir_default();
    if (settings->state_dir)
        r = take_state(app, &failure);
    if (r == 0)
        return EXIT_OK;
    if (r == -ERR_BUSY)
        return give_up(&failure);
    if (!settings->read_only) {
        failure_set_mend(&failure, "Mounting read-only; name a directory that can be written with -o state_dir=PATH.");
        say_failure(&failure);
        app->read_only = failure;
    }
    settings->read_only = true;
    return EXIT_OK;
}

/* What an earlier mount left is in the journal. A damaged one is not written to: then this mount changes nothing, and
 * says so. */
static int open_journal(App *app)
{
    Failure failure;
    unsigned damage = 0;
    int r;

    if (!app->state || app->settings->read_only)
        return EXIT_OK;
    r = journal_open(fsio_system(), app->worker, state_path(app->state), &app->journal, &damage, &failure);
    if (r == 0 && damage > 0) {
        Failure first = failure;

        failure = failure_make(-ERR_DISK, "%s (%u such in %s/intents)", first.message, damage, state_path(app->state));
        journal_close(app->journal);
        app->journal = NULL;
        r = failure.code;
    }
    if (r < 0) {
        failure_set_mend(&failure,
                         "Mounting read-only. Where a newer skystackfs wrote it, use that; else move it away, and "
                         "mount again.");
        say_failure(&failure);
        app->read_only = failure;
        app->settings->read_only = true;
    }
    return EXIT_OK;
}

/* Differs after each start of the machine. */
static void read_boot(char ret_boot[LEDGER_BOOT_BYTES])
{
    _cleanup_buf_ Buf text = BUF_INIT(LEDGER_BOOT_BYTES);

    (void)fsio_read(fsio_system(), "/proc/sys/kernel/random/boot_id", &text, NULL);
    snprintf(ret_boot, LEDGER_BOOT_BYTES, "%.*s", (int)strcspn(buf_text(&text), "\n"), buf_text(&text));
}

/* Where there is no state directory the day's requests are counted for this mount alone, and forgotten with it. */
static int open_ledger(App *app)
{
    _cleanup_free_ char *folder = NULL;
    char boot[LEDGER_BOOT_BYTES];

    if (!app->state)
        return EXIT_OK;
    read_boot(boot);
    if (asprintf(&folder, "%s/budget", app->settings->state_dir) < 0)
        folder = NULL;
    app->ledger = folder ? ledger_file_new(fsio_system(), app->worker, loop_clock(app->loop), folder, boot) : NULL;
    return app->ledger ? EXIT_OK : out_of_memory();
}

static int make_net(App *app)
{
    const char *cacert = app->settings->cacert;
    int r = net_curl_new(app->loop, cacert, "skystackfs/" SKYSTACKFS_VERSION, &app->net);
    Failure failure;

    if (r == 0)
        return EXIT_OK;
    if (r == -ERR_NO_MEMORY)
        return out_of_memory();
    failure = failure_make(r, "The CA bundle %s can't be read.", cacert ? cacert : "of the system");
    failure_set_mend(&failure, "Name one with -o cacert=PATH, or install the package ca-certificates.");
    return give_up(&failure);
}

static int make_api(App *app)
{
    const Settings *settings = app->settings;
    ApiConfig config = {
        .endpoint = settings->endpoint,
        .version = settings->api_version,
        .token = app->token.source,
        .watcher = app->watcher,
        .programs = app->programs,
        .timeout_ms = settings->timeout_ms,
        .wait_ms = settings->wait_ms,
        .per_minute = settings->requests_per_minute,
        .per_day = settings->requests_per_day,
        .ledger = app->ledger,
    };
    Failure failure;

    if (api_new(&config, app->net, loop_clock(app->loop), random_system(), fsio_system(), &app->api, &failure) == 0)
        return EXIT_OK;
    say_failure(&failure);
    return failure.code == -ERR_NO_MEMORY ? EXIT_FAILED : failure.code == -ERR_INVALID ? EXIT_USAGE : EXIT_TOKEN;
}

static int make_tree(App *app)
{
    StoreConfig store = store_config_of(app->settings);
    TreeConfig tree = tree_config_of(app);

    app->store = store_new(&store, app->api, app->journal, loop_clock(app->loop));
    if (app->store && tree.defaults)
        app->tree = tree_new(&tree, app->store, loop_clock(app->loop), fsio_system());
    cJSON_free((char *)tree.defaults);
    return app->tree && status_register(app) == 0 && metrics_register(app) == 0 ? EXIT_OK : out_of_memory();
}

static void on_fetched(void *ctx, const Failure *failure)
{
    App *app = ctx;

    app->fetched = true;
    if (failure)
        app->failure = *failure;
    loop_stop(app->loop);
}

/* The token may be a program's to give. What was needed to find its source is wiped. */
static int fetch_token(App *app)
{
    int r = api_fetch_token(app->api, on_fetched, app, &app->failure);

    token_choice_release(&app->token);
    if (r > 0)
        loop_run(app->loop);
    if (r > 0 && !app->fetched)
        return EXIT_FAILED; /* told to end meanwhile */
    return app->failure.code < 0 ? give_up(&app->failure) : EXIT_OK;
}

static void on_probed(void *ctx, const Failure *failure)
{
    App *app = ctx;

    app->probe = NULL;
    app->probed = true;
    if (failure)
        app->failure = *failure;
    loop_stop(app->loop);
}

/* One harmless request before anything is mounted: it shows whether the address, the certificate and the token are
 * right. */
static int probe(App *app)
{
    (void)store_list(app->store, STORE_PROJECTS, NULL, on_probed, app, &app->probe);
    if (!app->probed)
        warm_wait(app);
    if (!app->probed && app->failure.code == 0)
        return EXIT_FAILED; /* told to end meanwhile */
    if (app->failure.code < 0)
        return warm_stands_in(app, &app->failure) ? EXIT_OK : give_up(&app->failure);
    if (app->settings->project && !tree_has_root(app->tree)) {
        Failure failure = failure_make(-ERR_NOT_FOUND, "There is no project `%s`.", app->settings->project);

        failure_set_mend(&failure, "Mount without project= to see those that this token may use.");
        say_failure(&failure);
        return EXIT_NOT_FOUND;
    }
    return EXIT_OK;
}

static void on_signal(void *ctx, int signal_number)
{
    App *app = ctx;
    _cleanup_buf_ Buf page = BUF_INIT(STATUS_BYTES);
    char *rest, *line;

    switch (signal_number) {
    case SIGHUP:
        if (app->mount) {
            reload_settings(app);
            api_reload_token(app->api);
            webhook_reload(app->webhook);
        }
        break;
    case SIGUSR1:
        if (!app->mount || status_render(app, &page) < 0)
            break;
        rest = page.data;
        while ((line = strsep(&rest, "\n")) != NULL && *line)
            log_info("%s", line);
        break;
    default:
        log_info("ending on signal %d", signal_number);
        loop_stop(app->loop);
    }
}

static int watch_signals(App *app)
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1};

    signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (loop_signal(app->loop, numbers[i], on_signal, app) < 0)
            return out_of_memory();
    }
    return EXIT_OK;
}

static void on_ready(void *ctx)
{
    App *app = ctx;

    app->started_wall_ms = clock_wall_ms(loop_clock(app->loop));
    log_open(app->settings->foreground ? LOG_TO_STDERR : LOG_TO_SYSLOG, app->settings->log_level);
    if (app->snapshot_failure.message[0])
        log_warn("%s", app->snapshot_failure.message);
    log_info("%s is mounted on %s", app->settings->source, app->settings->mountpoint);
    sd_notifyf(0, "READY=1\nSTATUS=%s is mounted on %s", app->settings->source, app->settings->mountpoint);
    daemon_ready();
}

static void on_ended(void *ctx)
{
    App *app = ctx;

    log_info("%s was unmounted", app->settings->mountpoint);
    loop_stop(app->loop);
}

static void on_flushed(void *ctx)
{
    App *app = ctx;

    app->flushed = true;
    loop_stop(app->loop);
}

static void on_flush_deadline(void *ctx)
{
    loop_stop(((App *)ctx)->loop);
}

/* Deletes that wait are sent, and changes under way are waited for, within the time that a call may take; whoever asked
 * for them still hears what came of them. A second signal ends the wait. */
static void flush(App *app)
{
    Timer *deadline = timer_new(loop_clock(app->loop), on_flush_deadline, app);

    if (deadline) {
        timer_start(deadline, app->settings->timeout_ms);
        tree_flush(app->tree, on_flushed, app);
        if (!app->flushed)
            loop_run(app->loop);
        timer_free(deadline);
    }
    mount_stop(app->mount);
    store_say_open(app->store);
}

static int serve(App *app)
{
    const Settings *settings = app->settings;
    MountConfig config = {
        .mountpoint = settings->mountpoint,
        .source = settings->source,
        .allow_other = settings->allow_other,
        .read_only = settings->read_only,
        .uid = settings->uid,
        .gid = settings->gid,
        .umask = settings->umask,
        .kernel_options = settings->kernel_options,
        .debug = settings->debug,
    };
    Failure failure;

    if (mountpoint_prepare(settings->mountpoint, &failure) < 0 ||
        mount_new(&config, app->tree, app->loop, on_ready, on_ended, app, &app->mount, &failure) < 0)
        return give_up(&failure);
    loop_run(app->loop);
    sd_notify(0, "STOPPING=1\nSTATUS=Changes under way are waited for");
    flush(app);
    warm_keep(app);
    return EXIT_OK;
}

static int make_loop(App *app)
{
    app->loop = loop_new();
    app->worker = app->loop ? worker_new(app->loop) : NULL;
    app->watcher = app->loop ? filewatcher_new(app->loop) : NULL;
    app->programs = app->loop ? programs_new(app->loop) : NULL;
    return app->worker && app->watcher && app->programs ? watch_signals(app) : out_of_memory();
}

static void tear_down(App *app)
{
    mount_free(app->mount);
    webhook_free(app->webhook);
    snapshot_release(&app->snapshot);
    store_cancel(app->probe);
    tree_free(app->tree);
    store_free(app->store);
    api_free(app->api);
    net_curl_free(app->net);
    journal_close(app->journal);
    ledger_file_free(app->ledger);
    worker_free(app->worker);
    state_close(app->state);
    filewatcher_free(app->watcher);
    programs_free(app->programs);
    loop_free(app->loop);
    token_choice_release(&app->token);
}

static int choose_token(App *app)
{
    const Settings *settings = app->settings;
    int r = token_choose(settings->token_file, settings->token_command, &app->token, &app->failure);

    if (r == 0)
        return EXIT_OK;
    if (r != -ERR_INVALID)
        return give_up(&app->failure);
    say_failure(&app->failure);
    return EXIT_USAGE;
}

int app_run(Settings *settings)
{
    static int (*const steps[])(App *) = {open_state, make_loop,     open_journal, open_ledger, make_net,
                                          make_api,   fetch_token,   make_tree,    warm_read,   probe,
                                          warm_begin, webhook_begin, serve};
    App app = {.settings = settings};
    int code = EXIT_OK;

    secret_guard_process();
    /* Until it is mounted, what goes wrong is said once, by say_failure(). */
    log_open(LOG_TO_STDERR, settings->debug ? settings->log_level : LOG_LEVEL_NONE);
    if (mountpoint_prepare(settings->mountpoint, &app.failure) < 0)
        return give_up(&app.failure);
    code = choose_token(&app);
    if (code != EXIT_OK)
        return code;
    if (!settings->foreground && daemon_start() < 0)
        return out_of_memory();
    heap_init();
    for (size_t i = 0; i < sizeof steps / sizeof steps[0] && code == EXIT_OK; i++)
        code = steps[i](&app);
    tear_down(&app);
    return code;
}
