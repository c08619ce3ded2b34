#include "reload.h"

#include <cjson/cJSON.h>
#include <string.h>

#include "config.h"
#include "error.h"
#include "log.h"

static char *defaults_json(const Settings *settings)
{
    cJSON *root = cJSON_CreateObject();
    char *text;

    if (settings->region)
        cJSON_AddStringToObject(root, "region", settings->region);
    if (settings->size)
        cJSON_AddStringToObject(root, "size", settings->size);
    if (settings->image)
        cJSON_AddStringToObject(root, "image", settings->image);
    if (settings->profile)
        cJSON_AddStringToObject(root, "profile", settings->profile);
    text = cJSON_PrintUnformatted(root);
    cJSON_Delete(root);
    return text;
}

StoreConfig store_config_of(const Settings *settings)
{
    return (StoreConfig){
        .ttl_ms = settings->ttl_ms,
        .ttl_transition_ms = settings->ttl_transition_ms,
        .ttl_projects_ms = settings->ttl_projects_ms,
        .ttl_health_ms = settings->ttl_health_ms,
        .stale_contents_ms = settings->stale_if_error_ms,
        .stale_names_ms = APP_STALE_NAMES_MS,
        .timeout_ms = settings->timeout_ms,
        .wait_ms = settings->wait_ms,
    };
}

TreeConfig tree_config_of(const App *app)
{
    const Settings *settings = app->settings;

    return (TreeConfig){
        .project = settings->project,
        .defaults = defaults_json(settings),
        .state_dir = app->state ? state_path(app->state) : NULL,
        .read_only = settings->read_only,
        .attrs_listed = settings->attrs_listed,
        .delete_delay_ms = settings->delete_delay_ms,
        .max_deletes = settings->max_deletes,
        .max_creates = settings->max_creates,
        .protect = settings->protect,
        .no_delete = settings->no_delete,
    };
}

static void say_what_stays(const char *name)
{
    log_warn("the option %s is another now, which needs a new mount", name);
}

static int apply(App *app)
{
    StoreConfig store = store_config_of(app->settings);
    TreeConfig tree = tree_config_of(app);
    int r = tree.defaults ? tree_set_rules(app->tree, &tree) : -ERR_NO_MEMORY;

    cJSON_free((char *)tree.defaults);
    if (r == 0)
        store_set_config(app->store, &store);
    return r;
}

void reload_settings(App *app)
{
    Settings fresh;
    Failure failure;

    settings_init(&fresh);
    if (config_load_again(app->settings, &fresh, &failure) < 0) {
        log_error("the options stay as they are: %s %s", failure_sentence(&failure), failure.mend);
    } else {
        settings_take_live(app->settings, &fresh, say_what_stays);
        if (strcmp(app->settings->endpoint, fresh.endpoint) != 0)
            say_what_stays("endpoint");
        if (apply(app) < 0)
            log_error("there is no memory for other options");
        log_open(app->settings->foreground ? LOG_TO_STDERR : LOG_TO_SYSLOG, app->settings->log_level);
        log_info("the options were read again");
    }
    settings_release(&fresh);
}
