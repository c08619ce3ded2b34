#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "buf.h"
#include "error.h"
#include "json.h"
#include "name.h"
#include "resource.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static Resource *make(const char *row)
{
    Resource *resource = NULL;

    assert_int_equal(json_check(span_of(row), NULL), 0);
    assert_int_equal(resource_new(span_of(row), &resource), 0);
    return resource;
}

static void a_snapshot_holds_the_row(void **state)
{
    Resource *resource =
        make("{\"id\":\"ins_1\",\"name\":\"web-1\",\"project_id\":\"p1\",\"status\":\"running\",\"ip\":null,"
             "\"created_at\":\"2026-03-19T10:22:44Z\",\"updated_at\":\"2026-03-19T10:22:44.5Z\",\"n\":1.50}");
    _cleanup_buf_ Buf shown = BUF_INIT(4096);

    (void)state;
    assert_string_equal(resource_id(resource), "ins_1");
    assert_true(span_is(resource_name(resource), "web-1"));
    assert_true(span_is(resource_project_id(resource), "p1"));
    assert_true(span_is(resource_status(resource), "running"));
    assert_int_equal(resource_created_ms(resource), 1773915764000);
    assert_int_equal(resource_updated_ms(resource), 1773915764500);
    assert_true(resource_is_whole(resource));
    assert_false(resource_in_transition(resource));
    assert_int_equal(json_indent(&shown, resource_text(resource)), 0);
    assert_int_equal(resource_file_bytes(resource), shown.len);
    assert_ptr_equal(resource_ref(resource), resource);
    assert_null(resource_unref(resource));
    assert_string_equal(resource_id(resource), "ins_1");
    assert_null(resource_unref(resource));
    assert_null(resource_unref(NULL));
}

static void white_space_goes_and_escapes_are_decoded(void **state)
{
    Resource *resource =
        make(" { \"n\\u0061me\" : \"a\\u0000\\u002fb\" ,\n \"tags\" : [ ], \"id\":\"\\u0069ns\",\"status\" : "
             "\"del\\u0065ting\" , \"project_id\": \"p\\\\\" } ");

    (void)state;
    assert_true(span_is(resource_text(resource),
                        "{\"n\\u0061me\":\"a\\u0000\\u002fb\",\"tags\":[],\"id\":\"\\u0069ns\","
                        "\"status\":\"del\\u0065ting\",\"project_id\":\"p\\\\\"}"));
    assert_true(span_equal(resource_name(resource), (Span){"a\0/b", 4}));
    assert_string_equal(resource_id(resource), "ins");
    assert_true(span_is(resource_project_id(resource), "p\\"));
    assert_true(resource_in_transition(resource));
    assert_false(resource_is_whole(resource));
    resource_unref(resource);
}

static void what_a_row_lacks_is_empty(void **state)
{
    static const char *const rows[] = {"{\"id\":\"a\"}",
                                       "{\"id\":\"a\",\"name\":null,\"status\":null,\"project_id\":7}",
                                       "{\"id\":\"a\",\"name\":{\"name\":\"x\"},\"created_at\":\"today\"}"};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        Resource *resource = make(rows[i]);

        assert_int_equal(resource_name(resource).len, 0);
        assert_int_equal(resource_project_id(resource).len, 0);
        assert_int_equal(resource_status(resource).len, 0);
        assert_int_equal(resource_created_ms(resource), 0);
        assert_int_equal(resource_updated_ms(resource), 0);
        assert_false(resource_is_whole(resource));
        assert_false(resource_in_transition(resource));
        resource_unref(resource);
    }
}

static void rows_without_a_good_id_are_refused(void **state)
{
    static const char *const rows[] = {"[]",
                                       "1",
                                       "\"id\"",
                                       "{}",
                                       "{\"id\":1}",
                                       "{\"id\":null}",
                                       "{\"id\":\"\"}",
                                       "{\"id\":\"a/b\"}",
                                       "{\"id\":\"a\\/b\"}",
                                       "{\"id\":\"a\\u0000\"}",
                                       "{\"id\":\"\xC3\xBC\"}",
                                       "{\"id\":\"a\\n\"}",
                                       "{\"x\":{\"id\":\"a\"}}"};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        Resource *resource = NULL;

        assert_int_equal(resource_new(span_of(rows[i]), &resource), -ERR_PROTOCOL);
        assert_null(resource);
    }
}

/* Every id that is taken must fit into a file name. */
static void ids_have_a_length(void **state)
{
    static const char letters[] = "a%~.";

    (void)state;
    for (size_t length = 1; length <= 140; length++) {
        for (size_t i = 0; i < strlen(letters); i++) {
            char id[160] = "", row[200];
            Resource *resource = NULL;
            size_t bytes = letters[i] == '%' || letters[i] == '~' ? 3 * length : length;
            _cleanup_buf_ Buf stem = BUF_INIT(4096);

            memset(id, letters[i], length);
            snprintf(row, sizeof(row), "{\"id\":\"%s\"}", id);
            assert_int_equal(resource_new(span_of(row), &resource), bytes <= RESOURCE_ID_BYTES ? 0 : -ERR_PROTOCOL);
            if (resource)
                assert_int_equal(name_encode_twin(span_of("web"), resource_id(resource), &stem), 0);
            resource_unref(resource);
        }
    }
}

static void a_status_tells_transition_and_wholeness(void **state)
{
    static const struct {
        const char *row;
        bool whole, in_transition;
    } samples[] = {
        {"{\"id\":\"a\",\"status\":\"provisioning\"}", false, true},
        {"{\"id\":\"a\",\"status\":\"stopping\",\"ip\":null}", true, true},
        {"{\"id\":\"a\",\"status\":\"deleting\",\"region\":\"x\"}", true, true},
        {"{\"id\":\"a\",\"status\":null,\"updated_at\":null}", true, false},
        {"{\"id\":\"a\",\"ip\":null,\"region\":1}", false, false},
        {"{\"id\":\"a\",\"status\":\"stopped\",\"created_at\":1}", false, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(samples); i++) {
        Resource *resource = make(samples[i].row);

        assert_int_equal(resource_is_whole(resource), samples[i].whole);
        assert_int_equal(resource_in_transition(resource), samples[i].in_transition);
        resource_unref(resource);
    }
}

static void settings_are_what_the_server_does_not_own(void **state)
{
    static const struct {
        const char *a, *b;
        bool same, same_settings;
    } samples[] = {
        {"{\"id\":\"a\",\"size\":1}", "{ \"id\" : \"a\", \"size\": 1 }", true, true},
        {"{\"id\":\"a\",\"size\":1}", "{\"size\":1,\"id\":\"a\"}", false, true},
        {"{\"id\":\"a\",\"size\":1}", "{\"id\":\"a\",\"size\":2}", false, false},
        {"{\"id\":\"a\",\"size\":1}", "{\"id\":\"a\"}", false, false},
        {"{\"id\":\"a\"}", "{\"id\":\"a\",\"size\":1}", false, false},
        {"{\"id\":\"a\",\"x\":1}", "{\"id\":\"a\",\"y\":1}", false, false},
        {"{\"id\":\"a\",\"status\":\"running\",\"utilization\":{\"cpu\":1},\"t\":[1]}",
         "{\"id\":\"a\",\"status\":\"stopped\",\"health\":1,\"t\":[ 1 ],\"ip\":2,\"updated_at\":3}", false, true},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(samples); i++) {
        Resource *a = make(samples[i].a), *b = make(samples[i].b);

        assert_int_equal(resource_same(a, b), samples[i].same);
        assert_int_equal(resource_same_settings(a, b), samples[i].same_settings);
        assert_int_equal(resource_same_settings(b, a), samples[i].same_settings);
        resource_unref(a);
        resource_unref(b);
    }
}

static void a_row_has_a_cap(void **state)
{
    _cleanup_buf_ Buf row = BUF_INIT(2 * RESOURCE_TEXT_BYTES);
    Resource *resource = NULL;

    (void)state;
    assert_int_equal(buf_append_str(&row, "{\"id\":\"a\",\"x\":\""), 0);
    while (row.len <= RESOURCE_TEXT_BYTES)
        assert_int_equal(buf_append_str(&row, "0123456789abcdef"), 0);
    assert_int_equal(buf_append_str(&row, "\"}"), 0);
    assert_int_equal(resource_new((Span){row.data, row.len}, &resource), -ERR_TOO_BIG);
    assert_null(resource);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_snapshot_holds_the_row),
        cmocka_unit_test(white_space_goes_and_escapes_are_decoded),
        cmocka_unit_test(what_a_row_lacks_is_empty),
        cmocka_unit_test(rows_without_a_good_id_are_refused),
        cmocka_unit_test(ids_have_a_length),
        cmocka_unit_test(a_status_tells_transition_and_wholeness),
        cmocka_unit_test(settings_are_what_the_server_does_not_own),
        cmocka_unit_test(a_row_has_a_cap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
