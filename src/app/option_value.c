#include "option_value.h"

#include <ctype.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "error.h"
#include "log.h"

enum { SECONDS_MAX = 365 * 86400 };

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

static bool is_one_of(const char *value, const char *const *words)
{
    while (*words && strcmp(value, *words) != 0)
        words++;
    return *words != NULL;
}

static int set_flag(bool *field, const char *value)
{
    static const char *const yes[] = {"", "yes", "true", "on", "1", NULL}, *const no[] = {"no", "false", "off", "0",
                                                                                          NULL};
    bool on = is_one_of(value, yes);

    if (!on && !is_one_of(value, no))
        return -ERR_INVALID;
    *field = on;
    return 0;
}

static int set_attrs(bool *field, const char *value)
{
    bool listed = strcmp(value, "listed") == 0;

    if (!listed && strcmp(value, "hidden") != 0)
        return -ERR_INVALID;
    *field = listed;
    return 0;
}

int option_set(const Option *option, const char *value, void *field)
{
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
        return set_flag(field, value);
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

size_t option_bytes(const Option *option)
{
    switch (option->type) {
    case OPTION_TEXT:
    case OPTION_PATH:
        return sizeof(char *);
    case OPTION_SECONDS:
    case OPTION_DURATION:
        return sizeof(int64_t);
    case OPTION_COUNT:
        return sizeof(unsigned);
    case OPTION_FLAG:
    case OPTION_ATTRS:
        return sizeof(bool);
    case OPTION_USER:
        return sizeof(uid_t);
    case OPTION_GROUP:
        return sizeof(gid_t);
    case OPTION_UMASK:
        return sizeof(mode_t);
    case OPTION_LEVEL:
        return sizeof(enum LogLevel);
    }
    return 0;
}

const char *option_variable(const Option *option, char *into, size_t room)
{
    snprintf(into, room, "SKYSTACKFS_%s", option->name);
    for (char *at = into; *at; at++)
        *at = (char)toupper((unsigned char)*at);
    return into;
}
