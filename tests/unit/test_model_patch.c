#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "error.h"
#include "json.h"
#include "patch.h"
#include "resource.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static void overlays_replace_in_place(void **state)
{
    static const struct {
        const char *objects[3];
        size_t count;
        bool drop;
        const char *result;
    } samples[] = {
        {{NULL}, 0, false, "{}"},
        {{"{ \"a\" : [ 1 ] }"}, 1, false, "{\"a\":[1]}"},
        {{"{\"a\":1,\"b\":2}", "{\"b\":3,\"c\":4}"}, 2, false, "{\"a\":1,\"b\":3,\"c\":4}"},
        {{"{\"a\":1}", "{\"\\u0061\":2}", "{\"a\":3}"}, 3, false, "{\"a\":3}"},
        {{"{\"a\":1}", "{\"b\":2}", "{\"a\":null}"}, 3, false, "{\"a\":null,\"b\":2}"},
        {{"{\"id\":1,\"a\":9007199254740993,\"st\\u0061tus\":2}", "{\"ip\":3}"}, 2, true, "{\"a\":9007199254740993}"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(samples); i++) {
        _cleanup_buf_ Buf result = BUF_INIT(4096);
        Span objects[3];

        for (size_t j = 0; j < samples[i].count; j++)
            objects[j] = span_of(samples[i].objects[j]);
        assert_int_equal(
            patch_overlay(objects, samples[i].count, samples[i].drop ? resource_server_owns : NULL, &result), 0);
        assert_string_equal(buf_text(&result), samples[i].result);
    }
}

static void a_patch_says_what_changed(void **state)
{
    static const struct {
        const char *from, *to;
        bool removals, skip;
        const char *patch;
    } samples[] = {
        {"{}", "{}", true, false, "{}"},
        {"{\"a\":1,\"b\":2}", "{ \"b\": 2, \"a\": 1 }", true, false, "{}"},
        {"{\"a\":1}", "{\"a\":2}", true, false, "{\"a\":2}"},
        {"{\"a\":1}", "{\"a\":1.0}", true, false, "{\"a\":1.0}"},
        {"{\"a\":1}", "{}", true, false, "{\"a\":null}"},
        {"{\"a\":1}", "{}", false, false, "{}"},
        {"{}", "{\"a\":[1, 2]}", false, false, "{\"a\":[1,2]}"},
        {"{\"a\":[1]}", "{\"a\":[1,2]}", true, false, "{\"a\":[1,2]}"},
        {"{\"n\":{\"a\":1,\"b\":2}}", "{\"n\":{\"a\":1,\"b\":3}}", true, false, "{\"n\":{\"b\":3}}"},
        {"{\"n\":{\"a\":1,\"b\":2}}", "{\"n\":{\"a\":1}}", true, false, "{\"n\":{\"b\":null}}"},
        {"{\"n\":{\"a\":1,\"b\":2},\"z\":1}", "{\"n\":{\"a\":1},\"z\":2}", false, false, "{\"z\":2}"},
        {"{\"y\":0,\"n\":{\"b\":2}}", "{\"y\":1,\"n\":{}}", false, false, "{\"y\":1}"},
        {"{\"n\":{\"a\":1}}", "{\"n\":1}", true, false, "{\"n\":1}"},
        {"{\"n\":1}", "{\"n\":{\"a\":1}}", true, false, "{\"n\":{\"a\":1}}"},
        {"{\"id\":1,\"ip\":2,\"a\":1}", "{\"id\":2,\"a\":2,\"status\":3}", true, true, "{\"a\":2}"},
        {"{\"n\":{\"id\":1}}", "{\"n\":{\"id\":2}}", true, true, "{\"n\":{\"id\":2}}"},
        {"{\"n\":1}", "{\"n\":{}}", true, false, "{\"n\":{}}"},
        {"{}", "{\"n\":{}}", true, false, "{\"n\":{}}"},
        {"{\"a\":null,\"n\":{\"b\":null}}", "{\"a\":null,\"n\":{\"b\":null}}", true, false, "{}"},
        {"{\"a\":9007199254740992}", "{\"a\":9007199254740993}", true, false, "{\"a\":9007199254740993}"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(samples); i++) {
        _cleanup_buf_ Buf patch = BUF_INIT(4096), result = BUF_INIT(4096);

        assert_int_equal(patch_make(span_of(samples[i].from), span_of(samples[i].to), samples[i].removals,
                                    samples[i].skip ? resource_server_owns : NULL, &patch),
                         0);
        assert_string_equal(buf_text(&patch), samples[i].patch);
        assert_int_equal(patch_apply(span_of(samples[i].from), span_of(buf_text(&patch)), &result), 0);
        if (samples[i].removals && !samples[i].skip)
            assert_true(json_equal(span_of(buf_text(&result)), span_of(samples[i].to)));
    }
}

/* The first fifteen are the examples of RFC 7396, appendix A. */
static void a_patch_is_applied_as_the_rfc_says(void **state)
{
    static const struct {
        const char *target, *patch, *result;
    } samples[] = {
        {"{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
        {"{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}"},
        {"{\"a\":\"b\"}", "{\"a\":null}", "{}"},
        {"{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}"},
        {"{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
        {"{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}"},
        {"{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}", "{\"a\":{\"b\":\"d\"}}"},
        {"{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}"},
        {"[\"a\",\"b\"]", "[\"c\",\"d\"]", "[\"c\",\"d\"]"},
        {"{\"a\":\"b\"}", "[\"c\"]", "[\"c\"]"},
        {"{\"a\":\"foo\"}", "null", "null"},
        {"{\"a\":\"foo\"}", "\"bar\"", "\"bar\""},
        {"{\"e\":null}", "{\"a\":1}", "{\"e\":null,\"a\":1}"},
        {"[1,2]", "{\"a\":\"b\",\"c\":null}", "{\"a\":\"b\"}"},
        {"{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}"},
        {"{ \"a\" : 1.50 }", "{ \"\\u0061\" : 1.500 }", "{\"a\":1.500}"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(samples); i++) {
        _cleanup_buf_ Buf result = BUF_INIT(4096);

        assert_int_equal(patch_apply(span_of(samples[i].target), span_of(samples[i].patch), &result), 0);
        assert_string_equal(buf_text(&result), samples[i].result);
    }
}

static void a_full_buffer_is_left_as_it_was(void **state)
{
    Span objects[] = {span_of("{\"a\":1}"), span_of("{\"b\":2}")};

    (void)state;
    for (size_t cap = 2; cap < 15; cap++) {
        _cleanup_buf_ Buf into = BUF_INIT(cap);

        assert_int_equal(buf_append_str(&into, "x"), 0);
        assert_int_equal(patch_overlay(objects, 2, NULL, &into), cap < 14 ? -ERR_TOO_BIG : 0);
        assert_int_equal(into.len, cap < 14 ? 1 : 14);
    }
}

/* RFC 7396 can't set a null: one in the text is a removal, and a removal of nothing is not worth a request. */
static void a_null_is_the_same_as_no_member(void **state)
{
    static const struct {
        const char *from, *to;
        bool removals;
        const char *patch;
    } samples[] = {
        {"{}", "{\"a\":null}", true, "{}"},
        {"{}", "{\"a\":null}", false, "{}"},
        {"{\"a\":null}", "{}", true, "{}"},
        {"{\"a\":1}", "{\"a\":null}", true, "{\"a\":null}"},
        {"{\"a\":1}", "{\"a\":null}", false, "{\"a\":null}"},
        {"{\"a\":null}", "{\"a\":1}", true, "{\"a\":1}"},
        {"{\"n\":{}}", "{\"n\":{\"a\":null}}", true, "{}"},
        {"{\"n\":{\"a\":null,\"b\":1}}", "{\"n\":{\"b\":2}}", true, "{\"n\":{\"b\":2}}"},
        {"{}", "{\"n\":{\"a\":null,\"b\":1}}", true, "{\"n\":{\"b\":1}}"},
        {"{\"n\":[1]}", "{\"n\":{\"a\":null}}", true, "{\"n\":{}}"},
        {"{\"n\":[1]}", "{\"n\":[null]}", true, "{\"n\":[null]}"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(samples); i++) {
        _cleanup_buf_ Buf patch = BUF_INIT(4096);

        assert_int_equal(
            patch_make(span_of(samples[i].from), span_of(samples[i].to), samples[i].removals, NULL, &patch), 0);
        assert_string_equal(buf_text(&patch), samples[i].patch);
    }
}

static void a_reduced_patch_says_only_what_it_changes(void **state)
{
    static const struct {
        const char *now, *patch, *reduced;
    } samples[] = {
        {"{}", "{}", "{}"},
        {"{\"a\":1}", "{ \"a\" : 1 }", "{}"},
        {"{\"a\":1}", "{\"a\":1.0}", "{\"a\":1.0}"},
        {"{\"a\":1,\"b\":2}", "{\"b\":3,\"a\":1}", "{\"b\":3}"},
        {"{\"a\":1}", "{\"\\u0061\":1}", "{}"},
        {"{}", "{\"a\":null}", "{}"},
        {"{\"a\":null}", "{\"a\":null}", "{}"},
        {"{\"a\":false}", "{\"a\":null}", "{\"a\":null}"},
        {"{\"a\":[1]}", "{\"a\":[1,2]}", "{\"a\":[1,2]}"},
        {"{\"a\":{\"b\":1}}", "{\"a\":[]}", "{\"a\":[]}"},
        {"{\"n\":{\"a\":1,\"b\":2}}", "{\"n\":{\"a\":1,\"b\":3}}", "{\"n\":{\"b\":3}}"},
        {"{\"n\":{\"a\":1}}", "{\"n\":{\"a\":1,\"c\":null}}", "{}"},
        {"{\"n\":{\"a\":1}}", "{\"n\":{}}", "{}"},
        {"{}", "{\"n\":{}}", "{\"n\":{}}"},
        {"{}", "{\"n\":{\"a\":null,\"b\":1}}", "{\"n\":{\"b\":1}}"},
        {"{\"n\":7}", "{\"n\":{\"a\":null}}", "{\"n\":{}}"},
        {"{\"m\":{\"n\":{\"a\":1}},\"z\":1}", "{\"m\":{\"n\":{\"a\":1}},\"z\":2}", "{\"z\":2}"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(samples); i++) {
        Span now = span_of(samples[i].now), patch = span_of(samples[i].patch);
        _cleanup_buf_ Buf reduced = BUF_INIT(4096), again = BUF_INIT(4096), result = BUF_INIT(4096),
                          wanted = BUF_INIT(4096);

        assert_int_equal(patch_reduce(now, patch, &reduced), 0);
        assert_string_equal(buf_text(&reduced), samples[i].reduced);
        assert_int_equal(patch_apply(now, patch, &wanted), 0);
        assert_int_equal(patch_apply(now, span_of(buf_text(&reduced)), &result), 0);
        if (json_type(now) == JSON_OBJECT && !strstr(samples[i].now, "null"))
            assert_string_equal(buf_text(&result), buf_text(&wanted));
        assert_int_equal(patch_reduce(span_of(buf_text(&wanted)), patch, &again), 0);
        assert_string_equal(buf_text(&again), "{}");
    }
}

static void a_conflict_is_found_where_both_changed(void **state)
{
    static const struct {
        const char *base, *now, *patch, *path; /* path: NULL if there is no conflict */
    } samples[] = {
        {"{}", "{}", "{}", NULL},
        {"{\"a\":1}", "{\"a\":1}", "{\"a\":2}", NULL},
        {"{\"a\":1}", "{\"a\":2}", "{}", NULL},
        {"{\"a\":1}", "{\"a\":2}", "{\"b\":3}", NULL},
        {"{\"a\":1}", "{\"a\":2}", "{\"a\":2}", NULL},
        {"{\"a\":1}", "{\"a\":2}", "{\"a\":3}", "a"},
        {"{\"a\":1}", "{\"a\":2}", "{\"\\u0061\":3}", "a"},
        {"{\"b\":1,\"a\":1}", "{\"a\":2,\"b\":2}", "{\"b\":3,\"a\":3}", "b"},
        {"{\"a\":1}", "{}", "{\"a\":2}", "a"},
        {"{\"a\":1}", "{}", "{\"a\":null}", NULL},
        {"{\"a\":1}", "{\"a\":null}", "{\"a\":null}", NULL},
        {"{\"a\":1}", "{\"a\":2}", "{\"a\":null}", "a"},
        {"{}", "{\"a\":1}", "{\"a\":2}", "a"},
        {"{}", "{\"a\":null}", "{\"a\":2}", NULL},
        {"{}", "{\"a\":[1]}", "{\"a\":[ 1 ]}", NULL},
        {"{\"a\":[1]}", "{\"a\":[1,2]}", "{\"a\":[1,3]}", "a"},
        {"{\"n\":{\"a\":1,\"b\":1}}", "{\"n\":{\"a\":2,\"b\":1}}", "{\"n\":{\"b\":2}}", NULL},
        {"{\"n\":{\"a\":1,\"b\":1}}", "{\"n\":{\"a\":2,\"b\":1}}", "{\"n\":{\"b\":2,\"a\":3}}", "n.a"},
        {"{\"m\":{\"n\":{\"a\":1}}}", "{\"m\":{\"n\":{\"a\":2}}}", "{\"m\":{\"n\":{\"a\":3}}}", "m.n.a"},
        {"{\"n\":{\"a\":1}}", "{\"n\":{\"a\":1,\"b\":1}}", "{\"n\":null}", "n"},
        {"{\"n\":{\"a\":1}}", "{}", "{\"n\":{\"a\":2}}", "n.a"},
        {"{\"n\":{\"a\":1}}", "{}", "{\"n\":{\"b\":2}}", NULL},
        {"{}", "{\"n\":{\"a\":1}}", "{\"n\":{\"b\":2}}", NULL},
        {"{}", "{\"n\":{\"a\":1}}", "{\"n\":{\"a\":2}}", "n.a"},
        {"{\"n\":{\"a\":1}}", "{\"n\":5}", "{\"n\":{\"b\":2}}", "n"},
        {"{\"n\":5}", "{\"n\":5}", "{\"n\":{\"b\":2}}", NULL},
        {"{\"n\":5}", "{}", "{\"n\":{\"b\":2}}", "n"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(samples); i++) {
        _cleanup_buf_ Buf path = BUF_INIT(4096);

        assert_int_equal(
            patch_conflict(span_of(samples[i].base), span_of(samples[i].now), span_of(samples[i].patch), &path),
            samples[i].path ? 1 : 0);
        assert_string_equal(buf_text(&path), samples[i].path ? samples[i].path : "");
    }
}

static void a_path_that_has_no_room_is_an_error(void **state)
{
    _cleanup_buf_ Buf path = BUF_INIT(2);

    (void)state;
    assert_int_equal(
        patch_conflict(span_of("{\"n\":{\"a\":1}}"), span_of("{\"n\":{\"a\":2}}"), span_of("{\"n\":{\"a\":3}}"), &path),
        -ERR_TOO_BIG);
    assert_int_equal(path.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(overlays_replace_in_place),
        cmocka_unit_test(a_patch_says_what_changed),
        cmocka_unit_test(a_null_is_the_same_as_no_member),
        cmocka_unit_test(a_reduced_patch_says_only_what_it_changes),
        cmocka_unit_test(a_conflict_is_found_where_both_changed),
        cmocka_unit_test(a_path_that_has_no_room_is_an_error),
        cmocka_unit_test(a_patch_is_applied_as_the_rfc_says),
        cmocka_unit_test(a_full_buffer_is_left_as_it_was),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
