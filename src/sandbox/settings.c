#include "settings.h"

#include "json.h"
#include "mem.h"

#include <stddef.h>
#include <stdlib.h>

typedef struct Setting {
    const char *name;
    size_t field;
    const char *words[2]; /* of a choice, by number */
} Setting;

#define FIELD(name) offsetof(Settings, name)

static const Setting table[] = {
    {"latency_ms", FIELD(latency_ms), {NULL}},
    {"provision_ms", FIELD(provision_ms), {NULL}},
    {"rate_minute", FIELD(rate_minute), {NULL}},
    {"rate_day", FIELD(rate_day), {NULL}},
    {"rows", FIELD(rows), {"full", "summary"}},
    {"pagination", FIELD(pagination), {"cursor", "page"}},
    {"updates", FIELD(updates), {"off", "on"}},
    {"etag", FIELD(etag), {"off", "on"}},
    {"rate_headers", FIELD(rate_headers), {"off", "on"}},
};

enum { SETTING_COUNT = sizeof table / sizeof *table, SETTING_MAX = INT32_MAX };

static _Atomic int64_t *field_of(Settings *settings, const Setting *setting)
{
    return (_Atomic int64_t *)(void *)((char *)settings + setting->field);
}

void settings_init(Settings *settings, const Options *options)
{
    settings->latency_ms = options->latency_ms;
    settings->provision_ms = options->provision_ms;
    settings->rate_minute = options->rate_minute;
    settings->rate_day = options->rate_day;
    settings->rows = options->rows;
    settings->pagination = options->pagination;
    settings->updates = options->updates;
    settings->etag = options->etag;
    settings->rate_headers = options->rate_headers;
}

void settings_put(Settings *settings, Buf *out)
{
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        int64_t value = *field_of(settings, &table[i]);
        buf_printf(out, "%s\"%s\":", i ? "," : "{", table[i].name);
        if (table[i].words[0])
            buf_printf(out, "\"%s\"", table[i].words[value]);
        else
            buf_printf(out, "%lld", (long long)value);
    }
    buf_putc(out, '}');
}

static const Setting *find(Text key)
{
    for (size_t i = 0; i < SETTING_COUNT; i++)
        if (key.len == 2 + text_of(table[i].name).len && text_is((Text){key.at + 1, key.len - 2}, table[i].name))
            return &table[i];
    return NULL;
}

static bool read_choice(const Setting *setting, Text value, int64_t *ret)
{
    char *word = json_string(value);
    bool found = false;
    for (int64_t i = 0; word && !found && i < 2; i++) {
        found = text_is(text_of(word), setting->words[i]);
        if (found)
            *ret = i;
    }
    free(word);
    return found;
}

static bool read_number(Text value, int64_t *ret)
{
    int64_t number = 0;
    for (size_t i = 0; i < value.len; i++) {
        if (value.at[i] < '0' || value.at[i] > '9' || number > SETTING_MAX)
            return false;
        number = number * 10 + (value.at[i] - '0');
    }
    *ret = number;
    return number <= SETTING_MAX;
}

static bool read_value(const Setting *setting, Text value, int64_t *ret)
{
    if (!setting)
        return false;
    return setting->words[0] ? read_choice(setting, value, ret) : read_number(value, ret);
}

bool settings_change(Settings *settings, Text object, Text *ret_bad)
{
    Member member;
    int64_t value = 0;
    for (size_t offset = 0; json_next(object, &offset, &member);)
        if (!read_value(find(member.key), member.value, &value)) {
            *ret_bad = member.key;
            return false;
        }
    for (size_t offset = 0; json_next(object, &offset, &member);) {
        const Setting *setting = find(member.key);
        if (setting && read_value(setting, member.value, &value))
            *field_of(settings, setting) = value;
    }
    return true;
}
