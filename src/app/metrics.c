#include "metrics.h"

#include "error.h"
#include "tree_report.h"
#include "webhook.h"

typedef struct Metric {
    const char *name, *type, *help;
    void (*collect)(const Metrics *metrics, Exposition *exposition);
} Metric;

#define METRICS_ROW(collector, name, type, help) {name, type, help ".", collect_##collector},
static const Metric table[] = {METRICS_TABLE(METRICS_ROW)};
#undef METRICS_ROW

/* ---- the mount ---- */

void collect_build_info(const Metrics *metrics, Exposition *exposition)
{
    (void)metrics;
    exposition_one(exposition, "version", SKYSTACKFS_VERSION, 1);
}

void collect_mount_info(const Metrics *metrics, Exposition *exposition)
{
    const Settings *settings = metrics->app->settings;
    const ExpositionLabel labels[] = {{"source", span_of(settings->source)},
                                      {"endpoint", span_of(settings->endpoint)},
                                      {"mountpoint", span_of(settings->mountpoint)}};

    exposition_sample(exposition, labels, 3, 1);
}

void collect_mount_start(const Metrics *metrics, Exposition *exposition)
{
    exposition_value(exposition, exposition_seconds(metrics->facts.started_wall_ms));
}

void collect_state(const Metrics *metrics, Exposition *exposition)
{
    for (int state = 0; state < VERDICT_STATES; state++)
        exposition_one(exposition, "state", verdict_state_word((enum VerdictState)state),
                       metrics->verdict.state == (enum VerdictState)state);
}

void collect_reason(const Metrics *metrics, Exposition *exposition)
{
    const char *word;

    for (size_t i = 0; (word = verdict_word(i)) != NULL; i++)
        exposition_one(exposition, "reason", word, verdict_has(&metrics->verdict, word));
}

void collect_reason_start(const Metrics *metrics, Exposition *exposition)
{
    for (size_t i = 0; i < metrics->verdict.count; i++)
        exposition_one(exposition, "reason", metrics->verdict.reasons[i].word,
                       exposition_seconds(metrics->verdict.reasons[i].since_wall_ms));
}

/* ---- the cache ---- */

static void collect_outcomes(Exposition *exposition, const char *kind, const uint64_t counts[STORE_OUTCOMES])
{
    static const char *const outcomes[STORE_OUTCOMES] = {"hit", "stale", "joined", "started", "absent"};

    for (size_t i = 0; i < STORE_OUTCOMES; i++) {
        const ExpositionLabel labels[] = {{"of", span_of(kind)}, {"outcome", span_of(outcomes[i])}};

        exposition_sample(exposition, labels, 2, (double)counts[i]);
    }
}

void collect_cache(const Metrics *metrics, Exposition *exposition)
{
    collect_outcomes(exposition, "instance", metrics->facts.store.gets);
    collect_outcomes(exposition, "list", metrics->facts.store.lists);
}

void collect_list_age(const Metrics *metrics, Exposition *exposition)
{
    const Facts *facts = &metrics->facts;

    if (facts->projects.complete)
        exposition_one(exposition, "list", "projects", exposition_seconds(facts->projects.age_ms));
    if (facts->instances.complete)
        exposition_one(exposition, "list", "instances", exposition_seconds(facts->instances.age_ms));
}

void collect_list_ttl(const Metrics *metrics, Exposition *exposition)
{
    exposition_one(exposition, "list", "projects", exposition_seconds(metrics->facts.projects.ttl_ms));
    exposition_one(exposition, "list", "instances", exposition_seconds(metrics->facts.instances.ttl_ms));
}

void collect_list_stale(const Metrics *metrics, Exposition *exposition)
{
    exposition_one(exposition, "list", "projects", metrics->facts.projects.stale);
    exposition_one(exposition, "list", "instances", metrics->facts.instances.stale);
}

void collect_list_items(const Metrics *metrics, Exposition *exposition)
{
    exposition_one(exposition, "list", "projects", (double)metrics->facts.projects.count);
    exposition_one(exposition, "list", "instances", (double)metrics->facts.instances.count);
}

/* ---- the kernel, and what is kept here ---- */

void collect_operations(const Metrics *metrics, Exposition *exposition)
{
    MountOperation operation;

    for (size_t i = 0; mount_operation(metrics->app->mount, i, &operation); i++)
        exposition_one(exposition, "operation", operation.name, (double)operation.count);
}

void collect_parked(const Metrics *metrics, Exposition *exposition)
{
    exposition_value(exposition, metrics->facts.mount.parked);
}

void collect_errors(const Metrics *metrics, Exposition *exposition)
{
    for (int code = 1; code < ERR_COUNT; code++) {
        const ExpositionLabel labels[] = {{"errno", span_of(error_symbol(code))},
                                          {"reason", span_of(error_name(code))}};

        exposition_sample(exposition, labels, 2, (double)metrics->errors[code]);
    }
}

void collect_events(const Metrics *metrics, Exposition *exposition)
{
    exposition_value(exposition, (double)tree_events_told(metrics->app->tree));
}

void collect_webhooks(const Metrics *metrics, Exposition *exposition)
{
    HookStats stats;

    if (!webhook_stats(metrics->app->webhook, &stats))
        return;
    exposition_one(exposition, "outcome", "taken", (double)stats.taken);
    exposition_one(exposition, "outcome", "duplicate", (double)stats.duplicates);
    exposition_one(exposition, "outcome", "too_old", (double)stats.ignored);
    for (int i = 0; i < HOOK_REFUSALS_COUNT; i++)
        exposition_one(exposition, "outcome", hook_refusal_name((enum HookRefusal)i), (double)stats.refused[i]);
}

void collect_webhooks_live(const Metrics *metrics, Exposition *exposition)
{
    exposition_value(exposition, store_is_live(metrics->app->store));
}

void collect_texts(const Metrics *metrics, Exposition *exposition)
{
    exposition_one(exposition, "state", "rejected", (double)metrics->facts.store.rejected);
    exposition_one(exposition, "state", "unsettled", (double)metrics->facts.store.unsettled);
}

void collect_deletes(const Metrics *metrics, Exposition *exposition)
{
    exposition_value(exposition, (double)metrics->facts.tree.waiting_deletes);
}

void collect_nodes(const Metrics *metrics, Exposition *exposition)
{
    exposition_value(exposition, (double)metrics->facts.tree.nodes);
}

void collect_memory(const Metrics *metrics, Exposition *exposition)
{
    exposition_one(exposition, "of", "heap", (double)metrics->facts.heap_bytes);
    exposition_one(exposition, "of", "json", (double)metrics->facts.instances.json_bytes);
    exposition_one(exposition, "of", "scratch", (double)metrics->facts.tree.scratch_bytes);
}

/* ---- the file ---- */

static int render(void *ctx, Buf *into)
{
    Metrics metrics = {.app = ctx};
    Exposition exposition = {.into = into};

    facts_collect(metrics.app, &metrics.facts);
    verdict_judge(&metrics.facts, &metrics.verdict);
    metrics.tally = api_tally(metrics.app->api);
    metrics.errors = tree_error_counts(metrics.app->tree);
    fleet_init(&metrics.fleet);
    fleet_collect(metrics.app->tree, &metrics.fleet);
    exposition.code = metrics.fleet.code;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        exposition_family(&exposition, table[i].name, table[i].type, table[i].help);
        table[i].collect(&metrics, &exposition);
    }
    fleet_release(&metrics.fleet);
    return exposition.code;
}

int metrics_register(App *app)
{
    return tree_add_control(app->tree, "metrics.prom", render, app);
}
