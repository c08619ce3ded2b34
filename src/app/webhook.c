#include "webhook.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app_internal.h"
#include "cleanup.h"
#include "date.h"
#include "error.h"
#include "exit_code.h"
#include "say.h"
#include "trust.h"

enum { SECRETS_BYTES = HOOK_SECRETS_MAX * (HOOK_SECRET_BYTES_MAX + 2) };

struct Webhook {
    App *app;
    Hook *hook;
    FileWatch *watch;
};

static void look_again(Store *store, const HookEvent *event)
{
    if (event->kind == HOOK_PROJECT)
        store_look_at_projects(store);
    else if (event->subject_id[0])
        store_look_again(store, event->subject_id, event->kind != HOOK_DELETED && event->kind != HOOK_OTHER);
}

static void on_event(void *ctx, const HookEvent *event)
{
    Webhook *webhook = ctx;

    look_again(webhook->app->store, event);
}

/* The next line, without its end. */
static Span take_line(Span *rest)
{
    const char *end = memchr(rest->at, '\n', rest->len);
    Span line = {rest->at, end ? (size_t)(end - rest->at) : rest->len};
    size_t taken = line.len + (end != NULL);

    *rest = (Span){rest->at + taken, rest->len - taken};
    if (line.len > 0 && line.at[line.len - 1] == '\r')
        line.len--;
    return line;
}

static int take_secrets(Hook *hook, Span text)
{
    Span secrets[HOOK_SECRETS_MAX];
    size_t count = 0;

    while (text.len > 0) {
        Span line = take_line(&text);

        if (line.len == 0)
            continue;
        if (count == HOOK_SECRETS_MAX)
            return -ERR_INVALID;
        secrets[count++] = line;
    }
    return count > 0 ? hook_set_secrets(hook, secrets, count) : -ERR_INVALID;
}

static int read_secrets(const Webhook *webhook, Failure *ret_failure)
{
    const char *path = webhook->app->settings->webhook_secret_file;
    const TrustFile file = {.what = "webhook secret", .path = path, .named = path};
    Buf text = BUF_INIT(SECRETS_BYTES);
    int r = buf_resize(&text, SECRETS_BYTES);

    if (r < 0) {
        *ret_failure = failure_make(r, "%s", error_sentence(r));
        return r;
    }
    buf_clear(&text);
    r = trust_read(fsio_system(), &file, &text, ret_failure);
    if (r == 0) {
        r = take_secrets(webhook->hook, (Span){text.data, text.len});
        if (r < 0) {
            *ret_failure = failure_make(r, "The webhook secrets in %s can't be used.", path);
            failure_set_mend(ret_failure, "Write one secret a line, at most %d, each of at most %d bytes.",
                             HOOK_SECRETS_MAX, HOOK_SECRET_BYTES_MAX);
        }
    }
    explicit_bzero(text.data, SECRETS_BYTES);
    buf_release(&text);
    return r;
}

void webhook_reload(Webhook *webhook)
{
    Failure failure;

    if (!webhook)
        return;
    if (read_secrets(webhook, &failure) < 0)
        log_warn("%s The secrets in use stay.", failure.message);
    else
        log_info("the webhook secrets were read again");
}

static void on_changed(void *ctx)
{
    webhook_reload(ctx);
}

static int begin(Webhook *webhook, Failure *ret_failure)
{
    App *app = webhook->app;
    const Settings *settings = app->settings;
    _cleanup_free_ char *directory = NULL;
    HookConfig config = {
        .address = settings->webhook, .cert_file = settings->webhook_cert, .key_file = settings->webhook_key};
    HookLinks links = {
        .loop = app->loop, .worker = app->worker, .fsio = fsio_system(), .on_event = on_event, .ctx = webhook};
    int r = asprintf(&directory, "%s/events", state_path(app->state)) < 0 ? -ERR_NO_MEMORY : 0;

    if (r < 0) {
        directory = NULL;
        *ret_failure = failure_make(r, "%s", error_sentence(r));
        return r;
    }
    config.directory = directory;
    r = hook_new(&config, &links, &webhook->hook, ret_failure);
    if (r == 0)
        r = read_secrets(webhook, ret_failure);
    if (r == 0 &&
        filewatch_start(app->watcher, settings->webhook_secret_file, on_changed, webhook, &webhook->watch) < 0)
        log_warn("%s is not watched: send SIGHUP once it has changed", settings->webhook_secret_file);
    return r;
}

/* What is given has to make sense together. */
static int check(const App *app, Failure *ret_failure)
{
    const Settings *settings = app->settings;
    const char *wrong = NULL;

    if (!settings->webhook_secret_file)
        wrong = "webhook= needs webhook_secret_file=: nobody is believed who can't sign.";
    else if (!settings->webhook_cert != !settings->webhook_key)
        wrong = "webhook_cert= and webhook_key= go together.";
    else if (!app->state)
        wrong = "webhook= needs a state directory, where the ids of events are kept.";
    if (!wrong)
        return 0;
    *ret_failure = failure_make(-ERR_INVALID, "%s", wrong);
    return -ERR_INVALID;
}

int webhook_begin(App *app)
{
    Failure failure = failure_make(-ERR_NO_MEMORY, "%s", error_sentence(-ERR_NO_MEMORY));
    int r;

    if (!app->settings->webhook)
        return EXIT_OK;
    app->webhook = calloc(1, sizeof *app->webhook);
    r = app->webhook ? check(app, &failure) : -ERR_NO_MEMORY;
    if (r == 0) {
        app->webhook->app = app;
        r = begin(app->webhook, &failure);
    }
    if (r == 0)
        return EXIT_OK;
    say_failure(&failure);
    return r == -ERR_INVALID || r == -ERR_GUARD ? EXIT_USAGE : EXIT_MOUNT;
}

void webhook_free(Webhook *webhook)
{
    if (!webhook)
        return;
    filewatch_stop(webhook->watch);
    hook_free(webhook->hook);
    free(webhook);
}

static uint64_t refused(const HookStats *stats)
{
    uint64_t sum = 0;

    for (int i = 0; i < HOOK_REFUSALS_COUNT; i++)
        sum += stats->refused[i];
    return sum;
}

bool webhook_stats(const Webhook *webhook, HookStats *ret_stats)
{
    if (webhook)
        hook_stats(webhook->hook, ret_stats);
    return webhook != NULL;
}

int webhook_render(const Webhook *webhook, Buf *into)
{
    char age[DATE_TEXT_BYTES] = "";
    HookStats stats;

    if (!webhook)
        return 0;
    hook_stats(webhook->hook, &stats);
    if (stats.last_wall_ms > 0)
        date_format_age(clock_wall_ms(loop_clock(webhook->app->loop)) - stats.last_wall_ms, age);
    return buf_printf(into, "webhooks   on %s, %llu events taken%s%s%s, %llu refused%s\n", hook_address(webhook->hook),
                      (unsigned long long)stats.taken, age[0] ? ", the last " : "", age, age[0] ? " ago" : "",
                      (unsigned long long)refused(&stats),
                      store_is_live(webhook->app->store) ? "; nothing is polled" : "; polling goes on until one comes");
}

void webhook_json(const Webhook *webhook, cJSON *root)
{
    cJSON *hook = webhook ? cJSON_AddObjectToObject(root, "webhooks") : NULL;
    cJSON *refusals = cJSON_AddObjectToObject(hook, "refused");
    HookStats stats;

    if (!hook)
        return;
    hook_stats(webhook->hook, &stats);
    cJSON_AddStringToObject(hook, "address", hook_address(webhook->hook));
    cJSON_AddBoolToObject(hook, "live", store_is_live(webhook->app->store));
    cJSON_AddNumberToObject(hook, "received", (double)stats.received);
    cJSON_AddNumberToObject(hook, "taken", (double)stats.taken);
    cJSON_AddNumberToObject(hook, "duplicates", (double)stats.duplicates);
    cJSON_AddNumberToObject(hook, "ignored", (double)stats.ignored);
    for (int i = 0; i < HOOK_REFUSALS_COUNT; i++)
        cJSON_AddNumberToObject(refusals, hook_refusal_name((enum HookRefusal)i), (double)stats.refused[i]);
    status_date_json(hook, "last", stats.last_wall_ms);
}
