#include "webhook_target.h"

#include "mem.h"
#include "webhook_post.h"

#include <cjson/cJSON.h>
#include <fnmatch.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define FIELD(name) offsetof(Target, name)

enum { HOUR_MS = 3600 * 1000, DAY_MS = 24 * HOUR_MS };

typedef struct NamedText {
    const char *name;
    size_t field;
    bool shown;
} NamedText;

static const NamedText texts[] = {
    {"url", FIELD(url), true},
    {"secret", FIELD(secret), false},
    {"cacert", FIELD(cacert), true},
    {"project", FIELD(project), true},
};

typedef struct NamedNumber {
    const char *name;
    size_t field;
    int64_t usual, min, max;
} NamedNumber;

static const NamedNumber numbers[] = {
    {"repeat", FIELD(repeat), 1, 1, 1000},
    {"reorder", FIELD(reorder), 0, 0, 1000},
    {"delay_ms", FIELD(delay_ms), 0, 0, DAY_MS},
    {"retry_ms", FIELD(retry_ms), 1000, 1, DAY_MS},
    {"retry_max_ms", FIELD(retry_max_ms), HOUR_MS, 1, DAY_MS},
    {"give_up_ms", FIELD(give_up_ms), DAY_MS, 0, DAY_MS},
    {"timeout_ms", FIELD(timeout_ms), 10000, 1, HOUR_MS},
};

enum { TEXT_COUNT = sizeof texts / sizeof *texts, NUMBER_COUNT = sizeof numbers / sizeof *numbers };

static char **text_field(const Target *target, const NamedText *text)
{
    return (char **)(void *)((char *)(uintptr_t)target + text->field);
}

static int64_t *number_field(const Target *target, const NamedNumber *number)
{
    return (int64_t *)(void *)((char *)(uintptr_t)target + number->field);
}

void target_init(Target *target)
{
    *target = (Target){0};
    for (size_t i = 0; i < NUMBER_COUNT; i++)
        *number_field(target, &numbers[i]) = numbers[i].usual;
}

static void drop_types(Target *target)
{
    for (size_t i = 0; i < target->type_count; i++)
        free(target->types[i]);
    target->type_count = 0;
}

void target_release(Target *target)
{
    for (size_t i = 0; i < TEXT_COUNT; i++)
        free(*text_field(target, &texts[i]));
    drop_types(target);
    *target = (Target){0};
}

void target_copy(const Target *target, Target *ret)
{
    *ret = *target;
    for (size_t i = 0; i < TEXT_COUNT; i++)
        *text_field(ret, &texts[i]) = mem_dup(*text_field(target, &texts[i]));
    for (size_t i = 0; i < target->type_count; i++)
        ret->types[i] = mem_dup(target->types[i]);
}

static const char *read_text(const cJSON *value, char **field)
{
    if (!cJSON_IsNull(value) && !(cJSON_IsString(value) && *value->valuestring))
        return "a member that should be a text, or null, is neither";
    free(*field);
    *field = cJSON_IsNull(value) ? NULL : mem_dup(value->valuestring);
    return NULL;
}

static const char *read_number(const cJSON *value, const NamedNumber *number, int64_t *field)
{
    if (!cJSON_IsNumber(value) || value->valuedouble < (double)number->min || value->valuedouble > (double)number->max)
        return "a member that should be a number in its range is none";
    *field = (int64_t)value->valuedouble;
    return NULL;
}

static const char *read_types(const cJSON *value, Target *target)
{
    const cJSON *item;
    bool fine = cJSON_IsNull(value) || (cJSON_IsArray(value) && cJSON_GetArraySize(value) <= TARGET_MAX_TYPES);
    drop_types(target);
    cJSON_ArrayForEach(item, value)
    {
        fine = fine && cJSON_IsString(item);
        if (fine)
            target->types[target->type_count++] = mem_dup(item->valuestring);
    }
    return fine ? NULL : "types must be a list of at most 16 texts, or null";
}

static const char *read_signature(const cJSON *value, Target *target)
{
    if (cJSON_IsString(value) && signature_find(value->valuestring, &target->signature))
        return NULL;
    return "signature must be good, prefixed, wrong, truncated or missing";
}

static const char *read_member(const cJSON *member, Target *target)
{
    for (size_t i = 0; i < TEXT_COUNT; i++)
        if (strcmp(member->string, texts[i].name) == 0)
            return read_text(member, text_field(target, &texts[i]));
    for (size_t i = 0; i < NUMBER_COUNT; i++)
        if (strcmp(member->string, numbers[i].name) == 0)
            return read_number(member, &numbers[i], number_field(target, &numbers[i]));
    if (strcmp(member->string, "types") == 0)
        return read_types(member, target);
    if (strcmp(member->string, "signature") == 0)
        return read_signature(member, target);
    return "unknown member";
}

static const char *check_whole(const Target *target)
{
    if (!target->url || !post_takes_url(target->url))
        return "a url is wanted, http:// or https://";
    return target->secret ? NULL : "a secret is wanted";
}

const char *target_change(Target *target, Text members)
{
    const cJSON *member;
    const char *why = NULL;
    Target changed;
    cJSON *tree = cJSON_ParseWithLength(members.at, members.len);
    target_copy(target, &changed);
    cJSON_ArrayForEach(member, tree)
    {
        if (!why)
            why = read_member(member, &changed);
    }
    cJSON_Delete(tree);
    if (!why)
        why = tree ? check_whole(&changed) : "an object is wanted";
    target_release(why ? &changed : target);
    if (!why)
        *target = changed;
    return why;
}

static void put_text(Buf *out, const char *text)
{
    if (text)
        buf_puts_json(out, text);
    else
        buf_puts(out, "null");
}

static void put_types(const Target *target, Buf *out)
{
    buf_puts(out, target->type_count ? "[" : "null");
    for (size_t i = 0; i < target->type_count; i++) {
        if (i)
            buf_putc(out, ',');
        buf_puts_json(out, target->types[i]);
    }
    if (target->type_count)
        buf_putc(out, ']');
}

void target_put(const Target *target, Buf *out)
{
    buf_putc(out, '{');
    for (size_t i = 0; i < TEXT_COUNT; i++)
        if (texts[i].shown) {
            buf_printf(out, "\"%s\":", texts[i].name);
            put_text(out, *text_field(target, &texts[i]));
            buf_putc(out, ',');
        }
    buf_puts(out, "\"types\":");
    put_types(target, out);
    buf_printf(out, ",\"signature\":\"%s\"", signature_name(target->signature));
    for (size_t i = 0; i < NUMBER_COUNT; i++)
        buf_printf(out, ",\"%s\":%lld", numbers[i].name, (long long)*number_field(target, &numbers[i]));
    buf_putc(out, '}');
}

static bool has_type(const Target *target, const char *type)
{
    size_t i = 0;
    while (i < target->type_count && fnmatch(target->types[i], type, 0) != 0)
        i++;
    return i < target->type_count || !target->type_count;
}

bool target_wants(const Target *target, const char *type, const char *project)
{
    if (!target->url || (target->project && strcmp(target->project, project) != 0))
        return false;
    return has_type(target, type);
}

int64_t target_backoff_ms(const Target *target, unsigned failures)
{
    int64_t wait = target->retry_ms;
    while (--failures && wait < target->retry_max_ms)
        wait *= 2;
    return wait < target->retry_max_ms ? wait : target->retry_max_ms;
}
