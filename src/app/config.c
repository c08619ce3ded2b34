#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "config_file.h"
#include "error.h"
#include "option_value.h"

enum { NAME_BYTES = 64, ADDRESS_BYTES = 300 };

/* One file read for one source. */
typedef struct Layer {
    Settings *settings;
    const char *source, *path;
    enum OptionOrigin origin; /* of what stands before the sections; the next is the section's, which comes after it */
    char *endpoint;           /* ADDRESS_BYTES; what a section says, "" if none does */
} Layer;

/* --- files --- */

static int set_endpoint(const Layer *layer, bool in_section, const char *value, unsigned line, Failure *ret_failure)
{
    if (in_section && strncmp(layer->source, "https://", 8) != 0 &&
        snprintf(layer->endpoint, ADDRESS_BYTES, "%s", value) < ADDRESS_BYTES)
        return 0;
    *ret_failure = failure_make(-ERR_INVALID, "The endpoint can't be `%s` (%s:%u).", value, layer->path, line);
    failure_set_mend(ret_failure,
                     "Write `endpoint = https://host:port` in a section that has a name of its own, as `[lab]`.");
    return -ERR_INVALID;
}

static int on_line(void *ctx, const char *section, const char *key, const char *value, unsigned line,
                   Failure *ret_failure)
{
    const Layer *layer = ctx;
    bool in_section = section[0] != '\0';
    const OptionPlace place = {.origin = layer->origin + in_section, .file = layer->path, .line = line};

    if (in_section && strcmp(section, layer->source) != 0)
        return 0;
    if (strcmp(key, "endpoint") == 0)
        return set_endpoint(layer, in_section, value, line, ret_failure);
    if (!value[0]) {
        *ret_failure = failure_make(-ERR_INVALID, "The option `%s` has no value (%s:%u).", key, layer->path, line);
        failure_set_mend(ret_failure, "Write one, or take the line out.");
        return -ERR_INVALID;
    }
    return settings_set(layer->settings, key, value, &place, ret_failure);
}

/* NULL where there is no home. */
static char *path_of_user_file(void)
{
    const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    char *path = NULL;
    int r = -1;

    if (config && config[0] == '/')
        r = asprintf(&path, "%s/skystackfs/config", config);
    else if (home && home[0] == '/')
        r = asprintf(&path, "%s/.config/skystackfs/config", home);
    return r < 0 ? NULL : path;
}

/* --- the environment --- */

static int read_environment(Settings *settings, Failure *ret_failure)
{
    static const OptionPlace place = {.origin = ORIGIN_ENVIRONMENT};
    char name[NAME_BYTES];
    int r = 0;

    for (size_t i = 0; i < OPTIONS && r == 0; i++) {
        const char *value = getenv(option_variable(&option_table[i], name, sizeof name));

        if (value && value[0])
            r = settings_set(settings, option_table[i].name, value, &place, ret_failure);
    }
    return r;
}

/* --- what can't stand together --- */

/* Two options for one thing: the one that was said nearer to the command line has it. */
static void keep_nearer(Settings *settings, const char *one, const char *other)
{
    enum OptionOrigin of_one = settings_origin(settings, one), of_other = settings_origin(settings, other);

    if (of_one > of_other)
        settings_unset(settings, other);
    else if (of_one < of_other)
        settings_unset(settings, one);
}

static void forget_if_farther(Settings *settings, const char *name, enum OptionOrigin than)
{
    if (settings_origin(settings, name) < than)
        settings_unset(settings, name);
}

static void choose_one_of_each(Settings *settings)
{
    keep_nearer(settings, "token_file", "token_command");
    keep_nearer(settings, "size", "profile");
    if (settings->token_in_environment) {
        forget_if_farther(settings, "token_file", ORIGIN_ENVIRONMENT);
        forget_if_farther(settings, "token_command", ORIGIN_ENVIRONMENT);
    }
}

/* A section of an address is the same with and without the slash behind it. */
static int read_files(Settings *settings, const char *source, char *endpoint, Failure *ret_failure)
{
    size_t length = strlen(source);
    _cleanup_free_ char *name = strndup(source, length > 8 && source[length - 1] == '/' ? length - 1 : length);
    Layer system = {.settings = settings,
                    .source = name,
                    .path = CONFIG_SYSTEM_FILE,
                    .origin = ORIGIN_SYSTEM_FILE,
                    .endpoint = endpoint};
    Layer user = system;
    int r;

    if (!name) {
        *ret_failure = failure_make(-ERR_NO_MEMORY, "%s", error_sentence(-ERR_NO_MEMORY));
        return -ERR_NO_MEMORY;
    }
    settings->user_file = path_of_user_file();
    user.path = settings->user_file;
    user.origin = ORIGIN_USER_FILE;
    r = config_file_read(fsio_system(), system.path, on_line, &system, ret_failure);
    return r < 0 || !user.path ? r : config_file_read(fsio_system(), user.path, on_line, &user, ret_failure);
}

static int finish(Settings *settings, const char *source, const char *endpoint, Failure *ret_failure)
{
    choose_one_of_each(settings);
    return endpoint[0] ? source_set(settings, source, endpoint, ret_failure)
                       : source_parse(settings, source, ret_failure);
}

int config_load(Settings *settings, const char *source, const char *const *texts, size_t count, Failure *ret_failure)
{
    char endpoint[ADDRESS_BYTES] = "";
    const char *token = getenv("SKYSTACK_TOKEN");
    int r = settings->bare ? 0 : read_files(settings, source, endpoint, ret_failure);

    if (r == 0 && !settings->bare)
        r = read_environment(settings, ret_failure);
    for (size_t i = 0; i < count && r == 0; i++)
        r = options_parse(settings, texts[i], ret_failure);
    settings->token_in_environment = token && token[0];
    return r < 0 ? r : finish(settings, source, endpoint, ret_failure);
}

/* A file that is away for a moment must not take the guards away that stand in it. */
static int see_that_files_are_there(const Settings *settings, Failure *ret_failure)
{
    for (size_t i = 0; i < OPTIONS; i++) {
        const char *file = settings->places[i].file;

        if (!file || access(file, F_OK) == 0)
            continue;
        *ret_failure = failure_make(-ERR_NOT_FOUND, "The configuration %s is not there any more.", file);
        failure_set_mend(ret_failure, "Put it back, if only an empty one.");
        return -ERR_NOT_FOUND;
    }
    return 0;
}

int config_load_again(const Settings *settings, Settings *fresh, Failure *ret_failure)
{
    char endpoint[ADDRESS_BYTES] = "";
    int r = see_that_files_are_there(settings, ret_failure);

    fresh->bare = settings->bare;
    if (r == 0 && !fresh->bare)
        r = read_files(fresh, settings->source, endpoint, ret_failure);
    for (size_t i = 0; i < OPTIONS && r == 0; i++) {
        if (settings->places[i].origin >= ORIGIN_ENVIRONMENT)
            r = settings_set(fresh, option_table[i].name, settings->texts[i], &settings->places[i], ret_failure);
    }
    fresh->token_in_environment = settings->token_in_environment;
    return r < 0 ? r : finish(fresh, settings->source, endpoint, ret_failure);
}

/* --- which there are --- */

typedef struct Sections {
    void (*each)(void *ctx, const char *name, const char *file);
    void *ctx;
    const char *path;
    char last[NAME_BYTES];
} Sections;

static int on_section_line(void *ctx, const char *section, const char *key, const char *value, unsigned line,
                           Failure *ret_failure)
{
    Sections *sections = ctx;

    (void)key;
    (void)value;
    (void)line;
    (void)ret_failure;
    if (!section[0] || strcmp(section, sections->last) == 0)
        return 0;
    snprintf(sections->last, sizeof sections->last, "%s", section);
    sections->each(sections->ctx, section, sections->path);
    return 0;
}

int config_each_source(void (*each)(void *ctx, const char *name, const char *file), void *ctx, Failure *ret_failure)
{
    _cleanup_free_ char *user = path_of_user_file();
    Sections sections = {.each = each, .ctx = ctx, .path = CONFIG_SYSTEM_FILE};
    int r = config_file_read(fsio_system(), sections.path, on_section_line, &sections, ret_failure);

    sections.path = user;
    sections.last[0] = '\0';
    return r < 0 || !user ? r : config_file_read(fsio_system(), user, on_section_line, &sections, ret_failure);
}
