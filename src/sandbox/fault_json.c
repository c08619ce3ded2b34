#include "fault_json.h"

#include "mem.h"
#include "reply.h"

#include <cjson/cJSON.h>
#include <openssl/evp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* One member of the description: how it is read, and where it goes. */
typedef struct Part {
    const char *name;
    const char *(*read)(const cJSON *value, void *field);
    size_t field;
} Part;

static const char *read_text(const cJSON *value, void *field)
{
    if (!cJSON_IsString(value))
        return "a member that should be a string is none";
    free(*(char **)field);
    *(char **)field = mem_dup(value->valuestring);
    return NULL;
}

static const char *read_whole(const cJSON *value, void *field)
{
    if (!cJSON_IsNumber(value) || value->valuedouble < -1 || value->valuedouble > 1e12)
        return "a member that should be a whole number is none";
    *(int64_t *)field = (int64_t)value->valuedouble;
    return NULL;
}

static const char *read_flag(const cJSON *value, void *field)
{
    if (!cJSON_IsBool(value))
        return "a member that should be true or false is neither";
    *(bool *)field = cJSON_IsTrue(value);
    return NULL;
}

static const char *read_status(const cJSON *value, void *field)
{
    if (!cJSON_IsNumber(value) || value->valueint < 200 || value->valueint > 599)
        return "status must be from 200 to 599";
    *(unsigned *)field = (unsigned)value->valueint;
    return NULL;
}

static const char *read_kind(const cJSON *value, void *field)
{
    for (int kind = 0; cJSON_IsString(value) && kind < FAULT_KIND_COUNT; kind++)
        if (strcmp(value->valuestring, fault_kind_name((FaultKind)kind)) == 0) {
            *(FaultKind *)field = (FaultKind)kind;
            return NULL;
        }
    return "unknown kind";
}

static const char *read_details(const cJSON *value, void *field)
{
    if (!cJSON_IsArray(value))
        return "details must be a list";
    char *text = cJSON_PrintUnformatted(value);
    size_t len = text ? strlen(text) : 0;
    if (len > 2)
        *(char **)field = mem_dup_bytes(text + 1, len - 2);
    cJSON_free(text);
    return NULL;
}

static const char *read_base64(const cJSON *value, void *field)
{
    Fault *fault = field;
    size_t len = cJSON_IsString(value) ? strlen(value->valuestring) : 1;
    if (len % 4)
        return "body_base64 is no base64";
    free(fault->body);
    fault->body = mem_new(len + 1);
    int bytes = EVP_DecodeBlock((unsigned char *)fault->body, (const unsigned char *)value->valuestring, (int)len);
    if (bytes < 0)
        return "body_base64 is no base64";
    const char *padding = strchr(value->valuestring, '=');
    fault->body_len = (size_t)bytes - (padding ? strlen(padding) : 0);
    return NULL;
}

static const char *read_body(const cJSON *value, void *field)
{
    Fault *fault = field;
    if (!cJSON_IsString(value))
        return "body must be a string";
    free(fault->body);
    fault->body = mem_dup(value->valuestring);
    fault->body_len = strlen(fault->body);
    return NULL;
}

static const char *read_headers(const cJSON *value, void *field)
{
    Fault *fault = field;
    const cJSON *item;
    if (!cJSON_IsObject(value) || fault->headers || cJSON_GetArraySize(value) > REPLY_MAX_HEADERS)
        return "headers must be an object of at most 256 members";
    fault->headers = mem_new((size_t)cJSON_GetArraySize(value) * sizeof *fault->headers);
    cJSON_ArrayForEach(item, value)
    {
        if (!cJSON_IsString(item))
            return "a header's value must be a string";
        fault->headers[fault->header_count++] = (FaultHeader){mem_dup(item->string), mem_dup(item->valuestring)};
    }
    return NULL;
}

#define FIELD(name) offsetof(Fault, name)

static const Part parts[] = {
    {"kind", read_kind, FIELD(kind)},
    {"method", read_text, FIELD(method)},
    {"path", read_text, FIELD(path)},
    {"query", read_text, FIELD(query)},
    {"count", read_whole, FIELD(count)},
    {"skip", read_whole, FIELD(skip)},
    {"status", read_status, FIELD(status)},
    {"code", read_text, FIELD(code)},
    {"message", read_text, FIELD(message)},
    {"location", read_text, FIELD(message)},
    {"details", read_details, FIELD(details)},
    {"headers", read_headers, 0},
    {"body", read_body, 0},
    {"body_base64", read_base64, 0},
    {"content_type", read_text, FIELD(content_type)},
    {"ms", read_whole, FIELD(ms)},
    {"bytes", read_whole, FIELD(bytes)},
    {"envelope", read_flag, FIELD(envelope)},
    {"after", read_flag, FIELD(after)},
    {"chunked", read_flag, FIELD(chunked)},
};

static const char *read_member(const cJSON *member, Fault *fault)
{
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (strcmp(member->string, parts[i].name) == 0)
            return parts[i].read(member, (char *)fault + parts[i].field);
    return "unknown member";
}

static const char *read_all(const cJSON *json, Fault *fault)
{
    const cJSON *member;
    const char *why = NULL;
    if (!cJSON_IsObject(json) || !cJSON_HasObjectItem(json, "kind"))
        return "an object with a kind is wanted";
    cJSON_ArrayForEach(member, json)
    {
        if (!why)
            why = read_member(member, fault);
    }
    if (!fault->method)
        fault->method = mem_dup("*");
    if (!fault->path)
        fault->path = mem_dup("*");
    return why;
}

Fault *fault_parse(Text json, const char **ret_why)
{
    Fault *fault = fault_new();
    cJSON *tree = cJSON_ParseWithLength(json.at, json.len);
    const char *why = read_all(tree, fault);
    cJSON_Delete(tree);
    if (!why)
        return fault;
    *ret_why = why;
    fault_free(fault);
    return NULL;
}
