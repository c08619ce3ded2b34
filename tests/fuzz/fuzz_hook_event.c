/* A webhook's body, of which nothing is known but that it was signed. All bytes are the body. */
#include <cjson/cJSON.h>

#include "error.h"
#include "fuzz.h"
#include "hook_event.h"
#include "json.h"

static int parse(Span body, HookEvent *ret_event)
{
    char *copy = fuzz_text(body);
    int r = hook_event_parse((Span){copy, body.len}, ret_event);

    FUZZ_HOLDS(r == 0 || r == -ERR_PROTOCOL);
    free(copy);
    return r;
}

#define IS_TEXT(text) (memchr(text, '\0', sizeof(text)) != NULL)

static bool same_event(const HookEvent *a, const HookEvent *b)
{
    return a->kind == b->kind && a->created_wall_ms == b->created_wall_ms && strcmp(a->id, b->id) == 0 &&
           strcmp(a->type, b->type) == 0 && strcmp(a->subject_id, b->subject_id) == 0 &&
           strcmp(a->project_id, b->project_id) == 0 && strcmp(a->name, b->name) == 0;
}

/* What another reader says that a member is, where it says that there is a text. */
static bool agrees(const cJSON *object, const char *name, const char *text)
{
    const char *other = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));

    return !other || !*text || strcmp(other, text) == 0;
}

static void check_by_another_reader(Span body, const HookEvent *event)
{
    cJSON *root = cJSON_ParseWithLength(body.at, body.len);
    const cJSON *data = cJSON_GetObjectItemCaseSensitive(root, "data");

    if (root) {
        FUZZ_HOLDS(cJSON_IsObject(root) && cJSON_IsObject(data));
        FUZZ_HOLDS(cJSON_IsString(cJSON_GetObjectItemCaseSensitive(root, "created_at")));
        FUZZ_HOLDS(agrees(root, "id", event->id) && agrees(root, "type", event->type));
        FUZZ_HOLDS(agrees(data, "id", event->subject_id) && agrees(data, "project_id", event->project_id));
        FUZZ_HOLDS(agrees(data, "name", event->name));
    }
    cJSON_Delete(root);
}

static void check_kind(const HookEvent *event)
{
    bool is_project = strncmp(event->type, "project.", 8) == 0, is_instance = strncmp(event->type, "instance.", 9) == 0;

    FUZZ_HOLDS(event->kind <= HOOK_OTHER);
    FUZZ_HOLDS((event->kind == HOOK_PROJECT) == is_project);
    FUZZ_HOLDS(event->kind >= HOOK_PROJECT || is_instance);
}

/* Blanks around it change nothing, and without its end it is none. */
static void check_neighbours(Span body, const HookEvent *event)
{
    Buf padded = BUF_INIT(FUZZ_BUF_CAP);
    Span trimmed = json_trim(body);
    HookEvent other;

    FUZZ_HOLDS(buf_append_str(&padded, " \n") == 0 && buf_append(&padded, body.at, body.len) == 0 &&
               buf_append_str(&padded, "\t\r") == 0);
    FUZZ_HOLDS(parse(fuzz_span(&padded), &other) == 0 && same_event(event, &other));
    FUZZ_HOLDS(parse((Span){trimmed.at, trimmed.len - 1}, &other) == -ERR_PROTOCOL);
    buf_release(&padded);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    const Span body = {(const char *)bytes, count};
    HookEvent event;

    fuzz_quiet();
    memset(&event, 0xFF, sizeof event);
    if (parse(body, &event) < 0) {
        FUZZ_HOLDS((unsigned char)event.id[0] == 0xFF);
        return 0;
    }
    FUZZ_HOLDS(json_check(body, NULL) == 0);
    FUZZ_HOLDS(IS_TEXT(event.id) && IS_TEXT(event.type) && event.id[0] && event.type[0]);
    FUZZ_HOLDS(IS_TEXT(event.subject_id) && IS_TEXT(event.project_id) && IS_TEXT(event.name));
    check_kind(&event);
    check_by_another_reader(body, &event);
    check_neighbours(body, &event);
    return 0;
}
