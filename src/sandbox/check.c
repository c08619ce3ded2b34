#include "check.h"

#include "json.h"
#include "reply.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_MAX_BYTES = 255, TAG_MAX = 64 };

static const char *const known_regions[] = {"us-east-1", "us-west-2",  "eu-central", "eu-central-1",
                                            "eu-west-1", "ap-south-1", NULL};
static const char *const known_sizes[] = {"standard-1", "standard-2", "standard-4", "standard-8", NULL};
static const char *const known_profiles[] = {"c4-standard", "c4-large", "m4-standard", "m4-large", NULL};

/* Each rule gives NULL, or what is wrong with the value. */
typedef const char *Rule(Store *store, Text value);

static bool among(Text value, const char *const *words)
{
    char *word = json_string(value);
    while (word && *words && strcmp(word, *words) != 0)
        words++;
    bool found = word && *words;
    free(word);
    return found;
}

static size_t string_len(Text value)
{
    Buf plain = {0};
    json_unquote(value, &plain);
    size_t len = plain.len;
    buf_release(&plain);
    return len;
}

static const char *rule_name(Store *store, Text value)
{
    (void)store;
    if (json_type(value) != JSON_STRING)
        return "must be a string";
    size_t len = string_len(value);
    if (!len)
        return "must not be empty";
    return len > NAME_MAX_BYTES ? "must be at most 255 bytes long" : NULL;
}

static const char *rule_region(Store *store, Text value)
{
    (void)store;
    return among(value, known_regions) ? NULL : "is not a known region";
}

static const char *rule_size(Store *store, Text value)
{
    (void)store;
    return among(value, known_sizes) ? NULL : "is not a known size";
}

static const char *rule_profile(Store *store, Text value)
{
    (void)store;
    return among(value, known_profiles) ? NULL : "is not a known profile";
}

static const char *rule_image(Store *store, Text value)
{
    (void)store;
    return json_type(value) == JSON_STRING && string_len(value) ? NULL : "must be the name of an image";
}

static const char *rule_autoscale(Store *store, Text value)
{
    (void)store;
    return json_type(value) == JSON_BOOL ? NULL : "must be true or false";
}

static const char *rule_network(Store *store, Text value)
{
    (void)store;
    return json_type(value) == JSON_OBJECT ? NULL : "must be an object";
}

static const char *rule_tags(Store *store, Text value)
{
    (void)store;
    Text item;
    size_t count = 0;
    if (json_type(value) != JSON_ARRAY)
        return "must be a list of strings";
    for (size_t offset = 0; json_next_item(value, &offset, &item); count++)
        if (json_type(item) != JSON_STRING)
            return "must be a list of strings";
    return count > TAG_MAX ? "must have at most 64 entries" : NULL;
}

static const char *rule_project(Store *store, Text value)
{
    if (json_type(value) != JSON_STRING)
        return "must be the id of a project";
    Buf id = {0};
    json_unquote(value, &id);
    bool lone = text_is(buf_text(&id), "default") && !store_project_count(store);
    bool known = lone || store_project_known(store, buf_text(&id));
    buf_release(&id);
    return known ? NULL : "is not a known project";
}

static const struct {
    const char *key;
    Rule *rule;
    bool stays; /* can't be removed by a patch */
} rules[] = {
    {"name", rule_name, true},        {"region", rule_region, true}, {"size", rule_size, true},
    {"profile", rule_profile, true},  {"image", rule_image, false},  {"autoscale", rule_autoscale, false},
    {"network", rule_network, false}, {"tags", rule_tags, false},    {"project_id", rule_project, true},
};

enum { RULE_COUNT = sizeof rules / sizeof *rules };

static void check_rules(Store *store, Text object, bool null_removes, Buf *details)
{
    for (size_t i = 0; i < RULE_COUNT; i++) {
        Text value = json_get(object, rules[i].key);
        if (!value.at)
            continue;
        const char *issue;
        if (null_removes && json_type(value) == JSON_NULL)
            issue = rules[i].stays ? "cannot be removed" : NULL;
        else
            issue = rules[i].rule(store, value);
        if (issue)
            details_add(details, rules[i].key, issue);
    }
}

static void check_present(Text body, const char *key, Buf *details)
{
    if (!json_get(body, key).at)
        details_add(details, key, "is required");
}

void check_create(Store *store, Text body, bool by_profile, Buf *details)
{
    Member member;
    check_present(body, "name", details);
    check_present(body, "region", details);
    check_present(body, by_profile ? "profile" : "size", details);
    check_rules(store, body, false, details);
    for (size_t offset = 0; json_next(body, &offset, &member);) {
        char *key = json_string(member.key);
        if (row_owns(key))
            details_add(details, key, "is set by the server");
        free(key);
    }
}

void check_patch(Store *store, Text patch, Buf *details)
{
    check_rules(store, patch, true, details);
}

static bool same_value(Text a, Text b)
{
    cJSON *x = a.at ? cJSON_ParseWithLength(a.at, a.len) : NULL;
    cJSON *y = b.at ? cJSON_ParseWithLength(b.at, b.len) : NULL;
    bool same = x && y && cJSON_Compare(x, y, true);
    cJSON_Delete(x);
    cJSON_Delete(y);
    return same;
}

void check_owned(const Row *row, int64_t now, Text patch, Buf *details)
{
    Buf whole = {0};
    Member member;
    row_put(row, now, &whole);
    for (size_t offset = 0; json_next(patch, &offset, &member);) {
        char *key = json_string(member.key);
        if (row_owns(key) && !same_value(json_get(buf_text(&whole), key), member.value))
            details_add(details, key, "is set by the server");
        free(key);
    }
    buf_release(&whole);
}
