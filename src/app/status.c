#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app_internal.h"
#include "date.h"
#include "error.h"
#include "error_line.h"
#include "webhook.h"

enum { QUOTED_BYTES = 8 << 10 };
static const double BYTES_IN_MB = 1e6;

static double per_instance(const Facts *facts, size_t bytes)
{
    return facts->instances.count > 0 ? (double)bytes / (double)facts->instances.count : 0;
}

static int add_head(const App *app, Buf *into)
{
    char since[DATE_TEXT_BYTES];

    date_format(app->started_wall_ms, since);
    return buf_printf(into, "source     %s (%s)\nmounted    on %s, since %s, by skystackfs %s\n", app->settings->source,
                      app->settings->endpoint, app->settings->mountpoint, since, SKYSTACKFS_VERSION);
}

static int add_list(const char *label, const StoreListFacts *facts, Buf *into)
{
    char age[DATE_TEXT_BYTES];

    if (!facts->complete)
        return buf_printf(into, "%s %zu known, %s\n", label, facts->count,
                          facts->listing ? "being listed now" : "not listed yet");
    date_format_age(facts->age_ms, age);
    return buf_printf(into, "%s %zu, listed %s ago%s%s%s\n", label, facts->count, age,
                      facts->warm ? " by an earlier mount" : "", facts->stale ? ", stale" : "",
                      facts->listing ? ", being listed now" : "");
}

/* What the next mount would begin with. */
static int add_kept(const App *app, Buf *into)
{
    char age[DATE_TEXT_BYTES];
    int code;
    int64_t kept = store_kept_wall_ms(app->store, &code);

    date_format_age(clock_wall_ms(loop_clock(app->loop)) - kept, age);
    if (code < 0)
        return buf_printf(into, "snapshot   not kept: %s\n", error_sentence(code));
    return kept ? buf_printf(into, "snapshot   kept %s ago\n", age) : buf_append_str(into, "snapshot   not kept yet\n");
}

static int add_memory(const Facts *facts, Buf *into)
{
    int r = buf_printf(into, "memory     %.1f MB", (double)facts->heap_bytes / BYTES_IN_MB);

    if (r == 0 && facts->instances.count > 0)
        r = buf_printf(into, ", %.0f bytes an instance, of which %.0f are its JSON",
                       per_instance(facts, facts->heap_bytes), per_instance(facts, facts->instances.json_bytes));
    return r < 0 ? r : buf_append_char(into, '\n');
}

/* A text that may hold anything, behind a label. */
static int add_text(const char *label, const char *text, Buf *into)
{
    int r = buf_append_str(into, label);

    if (r == 0)
        r = text_escape(into, text, strlen(text));
    return r < 0 ? r : buf_append_char(into, '\n');
}

static int add_token(const TokenFacts *token, Buf *into)
{
    char since[DATE_TEXT_BYTES], refused[DATE_TEXT_BYTES];
    int r;

    date_format(token->since_wall_ms, since);
    date_format(token->refused_wall_ms, refused);
    r = add_text("token      from ", token->named, into);
    if (r == 0 && token->refused_wall_ms)
        r = buf_printf(into, "           refused at %s, %s\n", refused,
                       token->searching ? "another is being tried" : "nothing is sent until it changes");
    else if (r == 0)
        r = buf_printf(into, "           in use since %s%s%s\n", since, token->proved ? "" : ", not proved yet",
                       token->searching ? ", another is being tried" : "");
    if (r == 0 && token->trouble.code < 0)
        r = add_text("           the newest one is not in use: ", failure_sentence(&token->trouble), into);
    return r;
}

static int add_last_error(const char *line, Buf *into)
{
    static const char *const fields[] = {"time", "operation", "path", "message"};
    int r = buf_append_str(into, "last error");

    if (!line[0] && r == 0)
        r = buf_append_str(into, " none");
    for (size_t i = 0; line[0] && i < sizeof fields / sizeof fields[0] && r == 0; i++) {
        r = buf_append_char(into, ' ');
        if (r == 0)
            r = error_line_show(span_of(line), fields[i], into);
    }
    return r < 0 ? r : buf_append_char(into, '\n');
}

int status_render(void *ctx, Buf *into)
{
    App *app = ctx;
    Facts facts;
    Verdict verdict;
    int r;

    facts_collect(app, &facts);
    verdict_judge(&facts, &verdict);
    r = status_verdict_render(&facts, &verdict, into);
    if (r == 0)
        r = add_head(app, into);
    if (r == 0 && facts.notice[0])
        r = add_text("notice     ", facts.notice, into);
    if (r == 0)
        r = add_list("projects  ", &facts.projects, into);
    if (r == 0)
        r = add_list("instances ", &facts.instances, into);
    if (r == 0)
        r = add_kept(app, into);
    if (r == 0)
        r = webhook_render(app->webhook, into);
    if (r == 0)
        r = add_token(&facts.token, into);
    if (r == 0)
        r = status_api_render(&facts.api, &facts.instances, into);
    if (r == 0)
        r = buf_printf(into, "kernel     %llu requests, %u parked, %llu nodes\n",
                       (unsigned long long)facts.mount.requests, facts.mount.parked,
                       (unsigned long long)facts.tree.nodes);
    if (r == 0)
        r = add_memory(&facts, into);
    return r < 0 ? r : add_last_error(facts.last_error, into);
}

static void add_list_json(cJSON *root, const char *name, const StoreListFacts *facts)
{
    cJSON *list = cJSON_AddObjectToObject(root, name);

    cJSON_AddNumberToObject(list, "count", (double)facts->count);
    cJSON_AddBoolToObject(list, "complete", facts->complete);
    cJSON_AddBoolToObject(list, "listing", facts->listing);
    if (facts->listing)
        cJSON_AddNumberToObject(list, "listing_rows", (double)facts->listing_rows);
    if (facts->listing && facts->listing_total >= 0)
        cJSON_AddNumberToObject(list, "listing_total", (double)facts->listing_total);
    cJSON_AddBoolToObject(list, "stale", facts->stale);
    cJSON_AddBoolToObject(list, "from_snapshot", facts->warm);
    if (facts->complete)
        cJSON_AddNumberToObject(list, "age_seconds", (double)(facts->age_ms / 1000));
    cJSON_AddNumberToObject(list, "json_bytes", (double)facts->json_bytes);
}

static void add_memory_json(cJSON *root, const Facts *facts)
{
    cJSON *memory = cJSON_AddObjectToObject(root, "memory");

    cJSON_AddNumberToObject(memory, "heap_bytes", (double)facts->heap_bytes);
    cJSON_AddNumberToObject(memory, "heap_bytes_per_instance", per_instance(facts, facts->heap_bytes));
    cJSON_AddNumberToObject(memory, "json_bytes_per_instance", per_instance(facts, facts->instances.json_bytes));
}

/* Quoted by ourselves, not by cJSON. */
void status_quoted_json(cJSON *object, const char *name, const char *text)
{
    _cleanup_buf_ Buf quoted = BUF_INIT(QUOTED_BYTES);

    if (text[0] && json_quote_ascii(&quoted, span_of(text)) == 0)
        cJSON_AddRawToObject(object, name, buf_text(&quoted));
    else
        cJSON_AddNullToObject(object, name);
}

/* NULL: null. */
static void add_text_json(cJSON *object, const char *name, const char *text)
{
    if (text)
        cJSON_AddStringToObject(object, name, text);
    else
        cJSON_AddNullToObject(object, name);
}

void status_date_json(cJSON *object, const char *name, int64_t wall_ms)
{
    char text[DATE_TEXT_BYTES];

    date_format(wall_ms, text);
    add_text_json(object, name, wall_ms ? text : NULL);
}

static void add_token_json(cJSON *root, const TokenFacts *facts)
{
    cJSON *token = cJSON_AddObjectToObject(root, "token");

    cJSON_AddStringToObject(token, "source", facts->named);
    status_date_json(token, "since", facts->since_wall_ms);
    status_date_json(token, "refused_at", facts->refused_wall_ms);
    cJSON_AddBoolToObject(token, "proved", facts->proved);
    cJSON_AddBoolToObject(token, "searching", facts->searching);
    add_text_json(token, "trouble", facts->trouble.code < 0 ? failure_sentence(&facts->trouble) : NULL);
}

static void add_kept_json(cJSON *root, const App *app)
{
    cJSON *snapshot = cJSON_AddObjectToObject(root, "snapshot");
    int code;
    int64_t kept = store_kept_wall_ms(app->store, &code);

    cJSON_AddStringToObject(snapshot, "outcome", code < 0 ? error_symbol(code) : "ok");
    if (kept)
        cJSON_AddNumberToObject(snapshot, "age_seconds",
                                (double)((clock_wall_ms(loop_clock(app->loop)) - kept) / 1000));
}

static cJSON *status_tree(App *app, const Facts *facts, const Verdict *verdict)
{
    cJSON *root = cJSON_CreateObject(), *kernel;
    char since[DATE_TEXT_BYTES];

    date_format(app->started_wall_ms, since);
    status_verdict_json(root, verdict);
    cJSON_AddStringToObject(root, "version", SKYSTACKFS_VERSION);
    cJSON_AddStringToObject(root, "source", app->settings->source);
    cJSON_AddStringToObject(root, "endpoint", app->settings->endpoint);
    cJSON_AddStringToObject(root, "mountpoint", app->settings->mountpoint);
    add_text_json(root, "project", app->settings->project);
    cJSON_AddStringToObject(root, "mounted_since", since);
    cJSON_AddNumberToObject(root, "pid", getpid());
    status_quoted_json(root, "notice", facts->notice);
    add_list_json(root, "projects", &facts->projects);
    add_list_json(root, "instances", &facts->instances);
    add_token_json(root, &facts->token);
    add_kept_json(root, app);
    webhook_json(app->webhook, root);
    status_api_json(root, &facts->api, &facts->instances);
    kernel = cJSON_AddObjectToObject(root, "kernel");
    cJSON_AddNumberToObject(kernel, "requests", (double)facts->mount.requests);
    cJSON_AddNumberToObject(kernel, "parked", facts->mount.parked);
    cJSON_AddNumberToObject(kernel, "nodes", (double)facts->tree.nodes);
    add_memory_json(root, facts);
    if (facts->last_error[0])
        cJSON_AddRawToObject(root, "last_error", facts->last_error);
    else
        cJSON_AddNullToObject(root, "last_error");
    return root;
}

static int render_json(void *ctx, Buf *into)
{
    Facts facts;
    Verdict verdict;
    cJSON *root;
    char *text;
    int r;

    facts_collect(ctx, &facts);
    verdict_judge(&facts, &verdict);
    root = status_tree(ctx, &facts, &verdict);
    text = cJSON_Print(root);
    r = text ? buf_printf(into, "%s\n", text) : -ERR_NO_MEMORY;
    cJSON_free(text);
    cJSON_Delete(root);
    return r;
}

int status_register(App *app)
{
    int r = tree_add_control(app->tree, "status", status_render, app);

    return r < 0 ? r : tree_add_control(app->tree, "status.json", render_json, app);
}
