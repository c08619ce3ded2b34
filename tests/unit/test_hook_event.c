/* Bodies: which are events, and what they say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "error.h"
#include "hook_event.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

#define AT        "\"created_at\":\"2026-03-19T10:22:44Z\""
#define BEGIN(id) "{\"id\":\"" id "\",\"type\":\"instance.updated\"," AT ",\"data\":"

/* A copy of exactly so many bytes, so that reading past the end shows. */
static int parse(Span body, HookEvent *ret_event)
{
    char *copy = malloc(body.len ? body.len : 1);
    int r;

    assert_non_null(copy);
    memcpy(copy, body.at, body.len);
    r = hook_event_parse((Span){copy, body.len}, ret_event);
    free(copy);
    return r;
}

static void an_event_says_what_it_is_about(void **state)
{
    static const char body[] =
        " {\"id\": \"evt_1\", \"type\": \"instance.status_changed\",\n"
        "\"created_at\": \"2026-03-19T10:22:44.123+02:00\", \"extra\": [1, {}],\n"
        "\"data\": {\"name\": \"w\\u00e4b\", \"id\": \"ins_\\u0031\", \"project_id\": \"prj_1\"}}\n";
    HookEvent event;

    (void)state;
    assert_int_equal(parse((Span){body, sizeof body - 1}, &event), 0);
    assert_int_equal(event.kind, HOOK_STATUS_CHANGED);
    assert_string_equal(event.id, "evt_1");
    assert_string_equal(event.type, "instance.status_changed");
    assert_int_equal(event.created_wall_ms, 1773908564123);
    assert_string_equal(event.subject_id, "ins_1");
    assert_string_equal(event.project_id, "prj_1");
    assert_string_equal(event.name, "w\xC3\xA4"
                                    "b");
}

static void each_type_has_its_kind(void **state)
{
    static const struct {
        const char *type;
        enum HookKind kind;
    } table[] = {
        {"instance.created", HOOK_CREATED},
        {"instance.updated", HOOK_UPDATED},
        {"instance.status_changed", HOOK_STATUS_CHANGED},
        {"instance.deleted", HOOK_DELETED},
        {"project.created", HOOK_PROJECT},
        {"project.", HOOK_PROJECT},
        {"project", HOOK_OTHER},
        {"instance.resized", HOOK_OTHER},
        {"Instance.created", HOOK_OTHER},
        {"instance.created.v2", HOOK_OTHER},
        {"volume.deleted", HOOK_OTHER},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        char body[256];
        HookEvent event;
        int length = snprintf(body, sizeof body, "{\"id\":\"e\",\"type\":\"%s\"," AT ",\"data\":{}}", table[i].type);

        assert_int_equal(parse((Span){body, (size_t)length}, &event), 0);
        assert_int_equal(event.kind, table[i].kind);
        assert_string_equal(event.type, table[i].type);
        assert_string_equal(event.subject_id, "");
    }
}

#define CASE(text, code)                                                                                               \
    {                                                                                                                  \
        {text, sizeof(text) - 1}, code                                                                                 \
    }

static void what_is_no_event_is_refused(void **state)
{
    static const struct {
        Span body;
        int code;
    } table[] = {
        CASE(BEGIN("e") "{}}", 0),
        CASE(BEGIN("e") "{\"id\":null,\"name\":1,\"project_id\":[]}}", 0),
        CASE("", -ERR_PROTOCOL),
        CASE(" ", -ERR_PROTOCOL),
        CASE("null", -ERR_PROTOCOL),
        CASE("[]", -ERR_PROTOCOL),
        CASE("\"evt_1\"", -ERR_PROTOCOL),
        CASE("{}", -ERR_PROTOCOL),
        CASE("id=evt_1&type=instance.updated", -ERR_PROTOCOL),
        CASE(BEGIN("e") "{}", -ERR_PROTOCOL),
        CASE(BEGIN("e") "{}}}", -ERR_PROTOCOL),
        CASE(BEGIN("e") "{}}{}", -ERR_PROTOCOL),
        CASE(BEGIN("e") "{}}\0", -ERR_PROTOCOL),
        CASE(BEGIN("e") "{},}", -ERR_PROTOCOL),
        CASE(BEGIN("e") "{},\"id\":\"f\"}", -ERR_PROTOCOL), /* which one is it? */
        CASE(BEGIN("e") "{},\"\\u0069d\":\"f\"}", -ERR_PROTOCOL),
        CASE(BEGIN("e") "[]}", -ERR_PROTOCOL),
        CASE(BEGIN("e") "null}", -ERR_PROTOCOL),
        CASE(BEGIN("e") "\"ins_1\"}", -ERR_PROTOCOL),
        CASE(BEGIN("") "{}}", -ERR_PROTOCOL),
        CASE(BEGIN("a\\u0000b") "{}}", -ERR_PROTOCOL),
        CASE(BEGIN("\xff") "{}}", -ERR_PROTOCOL),
        CASE("{\"type\":\"t\"," AT ",\"data\":{}}", -ERR_PROTOCOL),
        CASE("{\"id\":7,\"type\":\"t\"," AT ",\"data\":{}}", -ERR_PROTOCOL),
        CASE("{\"id\":\"e\"," AT ",\"data\":{}}", -ERR_PROTOCOL),
        CASE("{\"id\":\"e\",\"type\":null," AT ",\"data\":{}}", -ERR_PROTOCOL),
        CASE("{\"id\":\"e\",\"type\":\"t\",\"data\":{}}", -ERR_PROTOCOL),
        CASE("{\"id\":\"e\",\"type\":\"t\",\"created_at\":1773908564,\"data\":{}}", -ERR_PROTOCOL),
        CASE("{\"id\":\"e\",\"type\":\"t\",\"created_at\":\"yesterday\",\"data\":{}}", -ERR_PROTOCOL),
        CASE("{\"id\":\"e\",\"type\":\"t\"," AT "}", -ERR_PROTOCOL),
    };

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        HookEvent event = {.kind = HOOK_OTHER, .id = "untouched"};

        assert_int_equal(parse(table[i].body, &event), table[i].code);
        assert_string_equal(event.id, table[i].code == 0 ? "e" : "untouched");
    }
}

/* Of the event itself too long is no event, of what it is about it is nothing. */
static void texts_have_caps(void **state)
{
    static const struct {
        const char *format;
        int most;
        bool is_help;
    } table[] = {
        {"{\"id\":\"%s\",\"type\":\"t\"," AT ",\"data\":{}}", HOOK_EVENT_ID_BYTES, false},
        {"{\"id\":\"e\",\"type\":\"%s\"," AT ",\"data\":{}}", HOOK_EVENT_TYPE_BYTES, false},
        {BEGIN("e") "{\"id\":\"%s\"}}", RESOURCE_ID_BYTES, true},
        {BEGIN("e") "{\"project_id\":\"%s\"}}", RESOURCE_ID_BYTES, true},
        {BEGIN("e") "{\"name\":\"%s\"}}", HOOK_EVENT_NAME_BYTES, true},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        for (int over = 0; over <= 1; over++) {
            char text[300] = "", body[600];
            HookEvent event;
            size_t filled;
            int length, r;

            memset(text, 'x', (size_t)(table[i].most + over));
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
            length = snprintf(body, sizeof body, table[i].format, text);
#pragma GCC diagnostic pop
            r = parse((Span){body, (size_t)length}, &event);
            assert_int_equal(r, over && !table[i].is_help ? -ERR_PROTOCOL : 0);
            filled = r == 0 ? strlen(event.subject_id) + strlen(event.project_id) + strlen(event.name) : 0;
            if (table[i].is_help)
                assert_int_equal(filled, over ? 0 : table[i].most);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_says_what_it_is_about),
        cmocka_unit_test(each_type_has_its_kind),
        cmocka_unit_test(what_is_no_event_is_refused),
        cmocka_unit_test(texts_have_caps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
