#include "options.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "error.h"
#include "option_table.h"

enum { SECONDS_MAX = 365 * 86400, HELP_COLUMN = 30 };

static void *field_of(Settings *settings, const Option *option)
{
    return (char *)settings + option->offset;
}

static int set_text(char **field, const char *value)
{
    char *copy = strdup(value);

    if (!copy)
        return -ERR_NO_MEMORY;
    free(*field);
    *field = copy;
    return 0;
}

/* A path that still means the same after the process went to `/`; links in it are left as they are. */
static int set_path(char **field, const char *value)
{
    _cleanup_free_ char *here = NULL;
    _cleanup_free_ char *path = NULL;

    if (value[0] == '/')
        return set_text(field, value);
    here = getcwd(NULL, 0);
    if (!here)
        return -ERR_NO_MEMORY;
    if (asprintf(&path, "%s/%s", here, value) < 0) {
        path = NULL; /* which a failed asprintf leaves undefined */
        return -ERR_NO_MEMORY;
    }
    return set_text(field, path);
}

static int parse_number(const char *value, int base, unsigned long max, unsigned long *ret_number)
{
    char *end;
    unsigned long number;

    errno = 0;
    number = strtoul(value, &end, base);
    if (value[0] < '0' || value[0] > '9' || *end || errno || number > max)
        return -ERR_INVALID;
    *ret_number = number;
    return 0;
}

/* Seconds, with up to three decimals. */
static int set_seconds(int64_t *field, const char *value)
{
    char *end;
    double seconds;

    errno = 0;
    seconds = strtod(value, &end);
    if (value[0] < '0' || value[0] > '9' || value[strspn(value, "0123456789.")] || *end || errno ||
        seconds > SECONDS_MAX)
        return -ERR_INVALID;
    *field = (int64_t)(seconds * 1000 + 0.5);
    return 0;
}

static int set_user(uid_t *field, const char *value)
{
    const struct passwd *user = getpwnam(value);
    unsigned long number = 0;

    if (!user && parse_number(value, 10, UINT32_MAX - 1, &number) < 0)
        return -ERR_INVALID;
    *field = user ? user->pw_uid : (uid_t)number;
    return 0;
}

static int set_group(gid_t *field, const char *value)
{
    const struct group *group = getgrnam(value);
    unsigned long number = 0;

    if (!group && parse_number(value, 10, UINT32_MAX - 1, &number) < 0)
        return -ERR_INVALID;
    *field = group ? group->gr_gid : (gid_t)number;
    return 0;
}

static int set_attrs(bool *field, const char *value)
{
    *field = strcmp(value, "listed") == 0;
    return *field || strcmp(value, "hidden") == 0 ? 0 : -ERR_INVALID;
}

static int set_value(Settings *settings, const Option *option, const char *value)
{
    void *field = field_of(settings, option);
    unsigned long number = 0;
    int64_t duration = 0;
    int r;

    switch (option->type) {
    case OPTION_TEXT:
        return value[0] ? set_text(field, value) : -ERR_INVALID;
    case OPTION_PATH:
        return value[0] ? set_path(field, value) : -ERR_INVALID;
    case OPTION_SECONDS:
        return set_seconds(field, value);
    case OPTION_DURATION: /* of which 0 makes no sense */
        r = set_seconds(&duration, value);
        if (r < 0 || duration == 0)
            return -ERR_INVALID;
        *(int64_t *)field = duration;
        return 0;
    case OPTION_COUNT:
        r = parse_number(value, 10, 1000000000, &number);
        *(unsigned *)field = r == 0 ? (unsigned)number : *(unsigned *)field;
        return r;
    case OPTION_FLAG:
        *(bool *)field = true;
        return 0;
    case OPTION_ATTRS:
        return set_attrs(field, value);
    case OPTION_USER:
        return set_user(field, value);
    case OPTION_GROUP:
        return set_group(field, value);
    case OPTION_UMASK:
        r = parse_number(value, 8, 0777, &number);
        *(mode_t *)field = r == 0 ? (mode_t)number : *(mode_t *)field;
        return r;
    case OPTION_LEVEL:
        return log_level_parse(value, field);
    }
    return -ERR_INVALID;
}

void settings_init(Settings *settings)
{
    *settings = (Settings){.uid = getuid(), .gid = getgid()};
    for (size_t i = 0; i < OPTIONS; i++) {
        if (option_table[i].fallback)
            (void)set_value(settings, &option_table[i], option_table[i].fallback);
    }
}

void settings_release(Settings *settings)
{
    for (size_t i = 0; i < OPTIONS; i++) {
        if (option_table[i].type == OPTION_TEXT || option_table[i].type == OPTION_PATH)
            free(*(char **)field_of(settings, &option_table[i]));
    }
    free(settings->source);
    free(settings->endpoint);
    free(settings->mountpoint);
    *settings = (Settings){0};
}

static const Option *find_option(const char *name)
{
    for (size_t i = 0; i < OPTIONS; i++) {
        if (strcmp(option_table[i].name, name) == 0)
            return &option_table[i];
    }
    return NULL;
}

static int set_option(Settings *settings, char *text, Failure *ret_failure)
{
    char *equals = strchr(text, '=');
    const Option *option;
    int r = 0;

    if (equals)
        *equals = '\0';
    option = find_option(text);
    if (!option) {
        *ret_failure = failure_make(-ERR_INVALID, "There is no option `%s`.", text);
        failure_set_mend(ret_failure, "`skystackfs --help` lists them all.");
        return -ERR_INVALID;
    }
    if (!option->argument != !equals)
        r = -ERR_INVALID;
    if (r == 0)
        r = set_value(settings, option, equals ? equals + 1 : "");
    if (r < 0) {
        *ret_failure = failure_make(r, "The option `%s` can't be `%s`.", text, equals ? equals + 1 : "");
        failure_set_mend(ret_failure, "Write %s%s%s: %s.", text, option->argument ? "=" : "",
                         option->argument ? option->argument : "", option->meaning);
    }
    return r;
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
    size_t length = strcspn(text, "/?#@\\ \t\r\n");

    return length > 0 && (text[length] == '\0' || strcmp(text + length, "/") == 0);
}

int source_parse(Settings *settings, const char *text, Failure *ret_failure)
{
    const char *endpoint = text;
    size_t length;

    if (strcmp(text, "production") == 0)
        endpoint = "https://api.skystack.dev";
    else if (strcmp(text, "sandbox") == 0)
        endpoint = "https://sandbox.api.skystack.dev";
    if (strncmp(endpoint, "http://", 7) == 0) {
        *ret_failure =
            failure_make(-ERR_INVALID, "The source %s is not HTTPS, and a token never travels without it.", text);
        failure_set_mend(ret_failure, "Write https://%s.", text + 7);
        return -ERR_INVALID;
    }
    if (strncmp(endpoint, "https://", 8) != 0 || !is_host_and_port(endpoint + 8)) {
        *ret_failure = failure_make(-ERR_INVALID, "`%s` is not a source.", text);
        failure_set_mend(ret_failure, "Name `production`, `sandbox`, or an address such as https://host:port.");
        return -ERR_INVALID;
    }
    length = strlen(endpoint);
    settings->source = strdup(text);
    settings->endpoint = strndup(endpoint, endpoint[length - 1] == '/' ? length - 1 : length);
    if (settings->source && settings->endpoint)
        return 0;
    *ret_failure = failure_make(-ERR_NO_MEMORY, "%s", error_sentence(-ERR_NO_MEMORY));
    return -ERR_NO_MEMORY;
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
