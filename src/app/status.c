#include <cjson/cJSON.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "app_internal.h"
#include "date.h"
#include "error.h"
#include "error_line.h"
#include "webhook.h"

enum { STATUS_NOTICE_BYTES = 8 << 10 };
static const double BYTES_IN_MB = 1e6;

typedef struct Status {
    ApiStats api;
    TokenFacts token;
    MountStats mount;
    TreeCounts tree;
    StoreListFacts projects, instances;
    size_t heap_bytes; /* allocated, by the C library's count; 0: it does not say */
    bool trouble;
    const char *last_error; /* a JSON line, "" if there was none */
    const char *notice;     /* of the API's, "" if there is none */
} Status;

static size_t heap_bytes(void)
{
    struct mallinfo2 heap = mallinfo2();

    return heap.uordblks + heap.hblkhd;
}

static double per_instance(const Status *status, size_t bytes)
{
    return status->instances.count > 0 ? (double)bytes / (double)status->instances.count : 0;
}

static void collect(App *app, Status *ret_status)
{
    api_stats(app->api, &ret_status->api);
    api_token_facts(app->api, &ret_status->token);
    mount_stats(app->mount, &ret_status->mount);
    tree_counts(app->tree, &ret_status->tree);
    store_list_facts(app->store, STORE_PROJECTS, &ret_status->projects);
    store_list_facts(app->store, STORE_INSTANCES, &ret_status->instances);
    ret_status->heap_bytes = heap_bytes();
    ret_status->trouble = store_in_trouble(app->store);
    ret_status->last_error = tree_last_error(app->tree);
    ret_status->notice = api_notice(app->api);
}

static const char *health(const Status *status)
{
    if (status->api.token_latched)
        return "the token is refused";
    if (status->api.held_ms > 0)
        return "the API told us to wait";
    if (status->api.unreachable)
        return "the API can't be reached; what is shown is stale";
    if (status->trouble)
        return "the API does not answer as it should; what is shown is stale";
    return "ok";
}

static int add_head(const App *app, const Status *status, Buf *into)
{
    char since[DATE_TEXT_BYTES];

    date_format(app->started_wall_ms, since);
    return buf_printf(into, "state      %s\nsource     %s (%s)\nmounted    on %s, since %s, by skystackfs %s\n",
                      health(status), app->settings->source, app->settings->endpoint, app->settings->mountpoint, since,
                      SKYSTACKFS_VERSION);
}

static int add_notice(const char *notice, Buf *into)
{
    int r = notice[0] ? buf_append_str(into, "notice     ") : 0;

    if (r == 0)
        r = text_escape(into, notice, strlen(notice));
    return r < 0 || !notice[0] ? r : buf_append_char(into, '\n');
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

static int add_memory(const Status *status, Buf *into)
{
    int r = buf_printf(into, "memory     %.1f MB", (double)status->heap_bytes / BYTES_IN_MB);

    if (r == 0 && status->instances.count > 0)
        r = buf_printf(into, ", %.0f bytes an instance, of which %.0f are its JSON",
                       per_instance(status, status->heap_bytes), per_instance(status, status->instances.json_bytes));
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
    Status status;
    int r;

    collect(app, &status);
    r = add_head(app, &status, into);
    if (r == 0)
        r = add_notice(status.notice, into);
    if (r == 0)
        r = add_list("projects  ", &status.projects, into);
    if (r == 0)
        r = add_list("instances ", &status.instances, into);
    if (r == 0)
        r = add_kept(app, into);
    if (r == 0)
        r = webhook_render(app->webhook, into);
    if (r == 0)
        r = add_token(&status.token, into);
    if (r == 0)
        r = status_api_render(&status.api, &status.instances, into);
    if (r == 0)
        r = buf_printf(into, "kernel     %llu requests, %u parked, %llu nodes\n",
                       (unsigned long long)status.mount.requests, status.mount.parked,
                       (unsigned long long)status.tree.nodes);
    if (r == 0)
        r = add_memory(&status, into);
    return r < 0 ? r : add_last_error(status.last_error, into);
}

static void add_list_json(cJSON *root, const char *name, const StoreListFacts *facts)
{
    cJSON *list = cJSON_AddObjectToObject(root, name);

    cJSON_AddNumberToObject(list, "count", (double)facts->count);
    cJSON_AddBoolToObject(list, "complete", facts->complete);
    cJSON_AddBoolToObject(list, "listing", facts->listing);
    cJSON_AddBoolToObject(list, "stale", facts->stale);
    cJSON_AddBoolToObject(list, "from_snapshot", facts->warm);
    if (facts->complete)
        cJSON_AddNumberToObject(list, "age_seconds", (double)(facts->age_ms / 1000));
    cJSON_AddNumberToObject(list, "json_bytes", (double)facts->json_bytes);
}

static void add_memory_json(cJSON *root, const Status *status)
{
    cJSON *memory = cJSON_AddObjectToObject(root, "memory");

    cJSON_AddNumberToObject(memory, "heap_bytes", (double)status->heap_bytes);
    cJSON_AddNumberToObject(memory, "heap_bytes_per_instance", per_instance(status, status->heap_bytes));
    cJSON_AddNumberToObject(memory, "json_bytes_per_instance", per_instance(status, status->instances.json_bytes));
}

/* Quoted by ourselves: it may hold any bytes. */
static void add_notice_json(cJSON *root, const char *notice)
{
    _cleanup_buf_ Buf text = BUF_INIT(STATUS_NOTICE_BYTES);

    if (notice[0] && json_quote_ascii(&text, span_of(notice)) == 0)
        cJSON_AddRawToObject(root, "notice", buf_text(&text));
    else
        cJSON_AddNullToObject(root, "notice");
}

/* NULL: null. */
static void add_text_json(cJSON *object, const char *name, const char *text)
{
    if (text)
        cJSON_AddStringToObject(object, name, text);
    else
        cJSON_AddNullToObject(object, name);
}

static void add_date_json(cJSON *root, const char *name, int64_t wall_ms)
{
    char text[DATE_TEXT_BYTES];

    date_format(wall_ms, text);
    add_text_json(root, name, wall_ms ? text : NULL);
}

static void add_token_json(cJSON *root, const TokenFacts *facts)
{
    cJSON *token = cJSON_AddObjectToObject(root, "token");

    cJSON_AddStringToObject(token, "source", facts->named);
    add_date_json(token, "since", facts->since_wall_ms);
    add_date_json(token, "refused_at", facts->refused_wall_ms);
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

static cJSON *status_tree(App *app, const Status *status)
{
    cJSON *root = cJSON_CreateObject(), *kernel;
    char since[DATE_TEXT_BYTES];

    date_format(app->started_wall_ms, since);
    cJSON_AddStringToObject(root, "state", health(status));
    cJSON_AddStringToObject(root, "version", SKYSTACKFS_VERSION);
    cJSON_AddStringToObject(root, "source", app->settings->source);
    cJSON_AddStringToObject(root, "endpoint", app->settings->endpoint);
    cJSON_AddStringToObject(root, "mountpoint", app->settings->mountpoint);
    cJSON_AddStringToObject(root, "since", since);
    add_notice_json(root, status->notice);
    add_list_json(root, "projects", &status->projects);
    add_list_json(root, "instances", &status->instances);
    add_token_json(root, &status->token);
    add_kept_json(root, app);
    webhook_json(app->webhook, root);
    status_api_json(root, &status->api, &status->instances);
    kernel = cJSON_AddObjectToObject(root, "kernel");
    cJSON_AddNumberToObject(kernel, "requests", (double)status->mount.requests);
    cJSON_AddNumberToObject(kernel, "parked", status->mount.parked);
    cJSON_AddNumberToObject(kernel, "nodes", (double)status->tree.nodes);
    add_memory_json(root, status);
    if (status->last_error[0])
        cJSON_AddRawToObject(root, "last_error", status->last_error);
    else
        cJSON_AddNullToObject(root, "last_error");
    return root;
}

static int render_json(void *ctx, Buf *into)
{
    Status status;
    cJSON *root;
    char *text;
    int r;

    collect(ctx, &status);
    root = status_tree(ctx, &status);
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
