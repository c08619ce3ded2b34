#include "options.h"

#include <assert.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "error.h"
#include "mount_words.h"
#include "option_value.h"

enum { HELP_COLUMN = 30, FROM_BYTES = 4200 };

static void *field_of(Settings *settings, const Option *option)
{
    return (char *)settings + option->offset;
}

static bool is_text(const Option *option)
{
    return option->type == OPTION_TEXT || option->type == OPTION_PATH;
}

/* NULL if there is none. */
static const Option *find_option(const char *name)
{
    for (size_t i = 0; i < OPTIONS; i++) {
        if (strcmp(option_table[i].name, name) == 0)
            return &option_table[i];
    }
    return NULL;
}

/* Flags are off by default; the ids are the mounter's. */
static void set_default(Settings *settings, const Option *option)
{
    void *field = field_of(settings, option);

    if (option->fallback)
        (void)option_set(option, option->fallback, field);
    else if (option->type == OPTION_USER)
        *(uid_t *)field = getuid();
    else if (option->type == OPTION_GROUP)
        *(gid_t *)field = getgid();
    else if (option->type == OPTION_FLAG)
        *(bool *)field = false;
}

void settings_init(Settings *settings)
{
    *settings = (Settings){0};
    for (size_t i = 0; i < OPTIONS; i++)
        set_default(settings, &option_table[i]);
}

void settings_release(Settings *settings)
{
    for (size_t i = 0; i < OPTIONS; i++) {
        if (is_text(&option_table[i]))
            free(*(char **)field_of(settings, &option_table[i]));
        free(settings->texts[i]);
    }
    free(settings->source);
    free(settings->endpoint);
    free(settings->mountpoint);
    free(settings->kernel_options);
    free(settings->user_file);
    *settings = (Settings){0};
}

/* --- values and where they came from --- */

/* " (line 4 of /etc/skystackfs/config)" for what was not given by -o, where one sees it. */
static void describe_place(const Option *option, const OptionPlace *place, char *into, size_t room)
{
    char name[64];

    into[0] = '\0';
    if (place->file)
        snprintf(into, room, "%s:%u", place->file, place->line);
    else if (place->origin == ORIGIN_ENVIRONMENT)
        snprintf(into, room, "$%s", option_variable(option, name, sizeof name));
    else if (place->origin == ORIGIN_OPTION)
        snprintf(into, room, "-o %s", option->name);
    else
        snprintf(into, room, "default");
}

static int refuse_value(const Option *option, int code, const char *value, const OptionPlace *place,
                        Failure *ret_failure)
{
    char from[FROM_BYTES];

    if (code == -ERR_NO_MEMORY) {
        *ret_failure = failure_make(code, "%s", error_sentence(code));
        return code;
    }
    describe_place(option, place, from, sizeof from);
    *ret_failure = place->origin == ORIGIN_OPTION
                       ? failure_make(code, "The option `%s` can't be `%s`.", option->name, value)
                       : failure_make(code, "The option `%s` can't be `%s` (%s).", option->name, value, from);
    failure_set_mend(ret_failure, "Write %s%s%s: %s.", option->name, option->argument ? "=" : "",
                     option->argument ? option->argument : "", option->meaning);
    return code;
}

static int refuse_name(const char *name, const OptionPlace *place, Failure *ret_failure)
{
    *ret_failure = place->file
                       ? failure_make(-ERR_INVALID, "There is no option `%s` (%s:%u).", name, place->file, place->line)
                       : failure_make(-ERR_INVALID, "There is no option `%s`.", name);
    failure_set_mend(ret_failure, "`skystackfs --help` lists them all.");
    return -ERR_INVALID;
}

int settings_set(Settings *settings, const char *name, const char *value, const OptionPlace *place,
                 Failure *ret_failure)
{
    const Option *option = find_option(name);
    char *text;
    int r;

    if (!option)
        return refuse_name(name, place, ret_failure);
    if (option->type == OPTION_PATH && place->file && value[0] != '/')
        return refuse_value(option, -ERR_INVALID, value, place, ret_failure); /* relative to what? */
    text = strdup(value[0] ? value : "yes");
    r = text ? option_set(option, value, field_of(settings, option)) : -ERR_NO_MEMORY;
    if (r < 0) {
        free(text);
        return refuse_value(option, r, value, place, ret_failure);
    }
    free(settings->texts[option - option_table]);
    settings->texts[option - option_table] = text;
    settings->places[option - option_table] = *place;
    return 0;
}

void settings_unset(Settings *settings, const char *name)
{
    const Option *option = find_option(name);
    size_t index;

    assert(option);
    index = (size_t)(option - option_table);
    if (is_text(option)) {
        char **field = field_of(settings, option);

        free(*field);
        *field = NULL;
    }
    free(settings->texts[index]);
    settings->texts[index] = NULL;
    settings->places[index] = (OptionPlace){.origin = ORIGIN_DEFAULT};
    set_default(settings, option);
}

enum OptionOrigin settings_origin(const Settings *settings, const char *name)
{
    const Option *option = find_option(name);

    assert(option);
    return settings->places[option - option_table].origin;
}

/* A path is shown as it was understood; a command by its first word, since others may tell too much. */
static const char *value_for_people(const Settings *settings, size_t index, char *into, size_t room)
{
    const Option *option = &option_table[index];
    const char *text = settings->texts[index] ? settings->texts[index] : option->fallback;

    if (option->type == OPTION_PATH)
        return *(char *const *)((const char *)settings + option->offset);
    if (!text || strcmp(option->name, "token_command") != 0)
        return text;
    snprintf(into, room, "%.*s", (int)strcspn(text, " \t"), text);
    return into;
}

void settings_each(const Settings *settings,
                   void (*each)(void *ctx, const char *name, const char *value, const char *from,
                                enum OptionOrigin origin),
                   void *ctx)
{
    char from[FROM_BYTES], program[FROM_BYTES];

    for (size_t i = 0; i < OPTIONS; i++) {
        const char *value = value_for_people(settings, i, program, sizeof program);

        if (!value)
            continue;
        describe_place(&option_table[i], &settings->places[i], from, sizeof from);
        each(ctx, option_table[i].name, value, from, settings->places[i].origin);
    }
}

static void swap(void *a, void *b, size_t bytes)
{
    char kept[sizeof(int64_t)];

    assert(bytes <= sizeof kept);
    memcpy(kept, a, bytes);
    memcpy(a, b, bytes);
    memcpy(b, kept, bytes);
}

static bool is_same(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

void settings_take_live(Settings *to, Settings *from, void (*stays)(const char *name))
{
    for (size_t i = 0; i < OPTIONS; i++) {
        const Option *option = &option_table[i];

        if (!option->live && !is_same(to->texts[i], from->texts[i]))
            stays(option->name);
        if (!option->live)
            continue;
        swap(field_of(to, option), field_of(from, option), option_bytes(option));
        swap(&to->texts[i], &from->texts[i], sizeof to->texts[i]);
        to->places[i] = from->places[i];
        if (to->places[i].origin == ORIGIN_USER_FILE || to->places[i].origin == ORIGIN_USER_SECTION)
            to->places[i].file = to->user_file;
    }
}

/* --- the words of -o --- */

static int set_option(Settings *settings, char *text, Failure *ret_failure)
{
    static const OptionPlace place = {.origin = ORIGIN_OPTION};
    char *equals = strchr(text, '=');
    const Option *option;

    if (mount_word_take(text, settings, ret_failure))
        return ret_failure->code;
    if (equals)
        *equals = '\0';
    option = find_option(text);
    if (!option && settings->sloppy)
        return 0;
    if (option && option->argument && !equals)
        return refuse_value(option, -ERR_INVALID, "", &place, ret_failure);
    if (option && !option->argument && equals && !equals[1])
        return refuse_value(option, -ERR_INVALID, "", &place, ret_failure);
    return settings_set(settings, text, equals ? equals + 1 : "", &place, ret_failure);
}

/* Cuts the next option off, and takes the backslashes out of it. NULL at the end. */
static char *next_option(char **rest)
{
    char *option = *rest, *to = option, *from = option;

    if (!option || !*option)
        return NULL;
    for (; *from && *from != ','; from++) {
        if (from[0] == '\\' && from[1])
            from++;
        *to++ = *from;
    }
    *rest = *from ? from + 1 : from;
    *to = '\0';
    return option;
}

int options_parse(Settings *settings, const char *text, Failure *ret_failure)
{
    _cleanup_free_ char *copy = strdup(text);
    char *rest = copy, *option;
    int r = 0;

    if (!copy) {
        *ret_failure = failure_make(-ERR_NO_MEMORY, "%s", error_sentence(-ERR_NO_MEMORY));
        return -ERR_NO_MEMORY;
    }
    while (r == 0 && (option = next_option(&rest)) != NULL) {
        if (*option)
            r = set_option(settings, option, ret_failure);
    }
    return r;
}

static bool is_host_and_port(const char *text)
{
    size_t length = strcspn(text, "/?#@,\\ \t\r\n");

    return length > 0 && (text[length] == '\0' || strcmp(text + length, "/") == 0);
}

int source_set(Settings *settings, const char *name, const char *endpoint, Failure *ret_failure)
{
    size_t length = strlen(endpoint);

    if (strncmp(endpoint, "http://", 7) == 0) {
        *ret_failure =
            failure_make(-ERR_INVALID, "The source %s is not HTTPS, and a token never travels without it.", endpoint);
        failure_set_mend(ret_failure, "Write https://%s.", endpoint + 7);
        return -ERR_INVALID;
    }
    if (strncmp(endpoint, "https://", 8) != 0 || !is_host_and_port(endpoint + 8) || strpbrk(name, ",\\")) {
        *ret_failure = failure_make(-ERR_INVALID, "`%s` is not a source.", strpbrk(name, ",\\") ? name : endpoint);
        failure_set_mend(ret_failure, "Name `production`, `sandbox`, an address such as https://host:port, or a "
                                      "section of the configuration that has an `endpoint`.");
        return -ERR_INVALID;
    }
    settings->source = strdup(name);
    settings->endpoint = strndup(endpoint, endpoint[length - 1] == '/' ? length - 1 : length);
    if (settings->source && settings->endpoint)
        return 0;
    *ret_failure = failure_make(-ERR_NO_MEMORY, "%s", error_sentence(-ERR_NO_MEMORY));
    return -ERR_NO_MEMORY;
}

int source_parse(Settings *settings, const char *text, Failure *ret_failure)
{
    const char *endpoint = text;

    if (strcmp(text, "production") == 0)
        endpoint = "https://api.skystack.dev";
    else if (strcmp(text, "sandbox") == 0)
        endpoint = "https://sandbox.api.skystack.dev";
    return source_set(settings, text, endpoint, ret_failure);
}

int options_help(Buf *into)
{
    int r = 0;

    for (size_t i = 0; i < OPTIONS && r == 0; i++) {
        const Option *option = &option_table[i];
        size_t start = into->len;

        r = buf_printf(into, "    %s%s%s", option->name, option->argument ? "=" : "",
                       option->argument ? option->argument : "");
        while (r == 0 && into->len - start < HELP_COLUMN)
            r = buf_append_char(into, ' ');
        if (r == 0)
            r = buf_printf(into, " %s", option->meaning);
        if (r == 0)
            r = option->fallback ? buf_printf(into, " (%s)\n", option->fallback) : buf_append_char(into, '\n');
    }
    return r;
}
