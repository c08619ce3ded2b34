#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "cleanup.h"
#include "error.h"
#include "json.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define BYTES(string)                                                                                                  \
    {                                                                                                                  \
        (string), sizeof(string) - 1                                                                                   \
    }

static const Span good_texts[] = {
    BYTES("{}"),
    BYTES("[]"),
    BYTES("0"),
    BYTES("-0"),
    BYTES("12"),
    BYTES("1e999"),
    BYTES("1E+2"),
    BYTES("-0.5e-3"),
    BYTES("\"\""),
    BYTES("true"),
    BYTES("false"),
    BYTES("null"),
    BYTES(" \t\r\n1 \n"),
    BYTES("9007199254740993"),
    BYTES("\"\\u0000\""),
    BYTES("\"\\ud800\""),
    BYTES("\"\\udc00\\ud800\""),
    BYTES("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\uABCD\""),
    BYTES("\"\x7F\""),
    BYTES("\"\xC2\x80\xE0\xA0\x80\xED\x9F\xBF\xF0\x90\x80\x80\xF4\x8F\xBF\xBF\""),
    BYTES("[1,2,[],{\"a\":{}}]"),
    BYTES("{\"a\":1,\"b\":[{\"a\":1},{\"a\":1}]}"),
    BYTES("{\"\":1,\" \":2}"),
    BYTES("{\"a\":{\"a\":{\"a\":1}}}"),
    BYTES("{\"ab\":1,\"ba\":2,\"aab\":3,\"aba\":4}"),
};

static const struct {
    Span text;
    size_t offset;
} bad_texts[] = {
    {BYTES(""), 0},
    {BYTES("  "), 2},
    {BYTES("{"), 1},
    {BYTES("{\"a"), 3},
    {BYTES("tru"), 3},
    {BYTES("trux"), 3},
    {BYTES("nul"), 3},
    {BYTES("True"), 0},
    {BYTES("01"), 1},
    {BYTES("-01"), 2},
    {BYTES("+1"), 0},
    {BYTES("1."), 2},
    {BYTES("1.e1"), 2},
    {BYTES(".5"), 0},
    {BYTES("1e"), 2},
    {BYTES("1e+"), 3},
    {BYTES("-"), 1},
    {BYTES("- 1"), 1},
    {BYTES("0x10"), 1},
    {BYTES("NaN"), 0},
    {BYTES("1 2"), 2},
    {BYTES("{} {}"), 3},
    {BYTES("{}x"), 2},
    {BYTES("[1,]"), 3},
    {BYTES("[,1]"), 1},
    {BYTES("[1 2]"), 3},
    {BYTES("{,}"), 1},
    {BYTES("{\"a\":1,}"), 7},
    {BYTES("{\"a\" 1}"), 5},
    {BYTES("{a:1}"), 1},
    {BYTES("{'a':1}"), 1},
    {BYTES("{\"a\":}"), 5},
    {BYTES("[1}"), 2},
    {BYTES("{\"a\":1]"), 6},
    {BYTES("[\"a\":1]"), 4},
    {BYTES("]"), 0},
    {BYTES("}"), 0},
    {BYTES("{}\0"), 2},
    {BYTES("\0"), 0},
    {BYTES("[\0]"), 1},
    {BYTES("\"\n\""), 1},
    {BYTES("\"a\tb\""), 2},
    {BYTES("\"\0\""), 1},
    {BYTES("\"\\x\""), 2},
    {BYTES("\"\\u12g4\""), 5},
    {BYTES("\"\\\0\""), 2},
    {BYTES("\xEF\xBB\xBF{}"), 0},
    {BYTES("\"\x80\""), 1},
    {BYTES("\"\xC0\xAF\""), 1},
    {BYTES("\"\xE0\x9F\xBF\""), 2},
    {BYTES("\"\xED\xA0\x80\""), 2},
    {BYTES("\"\xF0\x8F\xBF\xBF\""), 2},
    {BYTES("\"\xF4\x90\x80\x80\""), 2},
    {BYTES("\"\xF5\x80\x80\x80\""), 1},
    {BYTES("\"\xE2\x82\""), 3},
    {BYTES("\"\xC3"), 2},
    {BYTES("{\"a\":1,\"a\":2}"), 7},
    {BYTES("{\"a\":1,\"b\":0,\"\\u0061\":2}"), 13},
    {BYTES("[{\"x\":{\"\":1,\"\":2}}]"), 12},
    {BYTES("{\"\\ud83d\\ude00\":1,\"\xF0\x9F\x98\x80\":2}"), 18},
    {BYTES("{\"a/b\":1,\"a\\/b\":2}"), 9},
    {BYTES("/* */ 1"), 0},
    {BYTES("\xC2\xA0"
           "1"),
     0},
};

static void good_texts_pass(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(good_texts); i++) {
        JsonFault fault = {0, ""};

        if (json_check(good_texts[i], &fault) != 0)
            fail_msg("%s: %s at %zu", good_texts[i].at, fault.reason, fault.offset);
    }
}

static void bad_texts_are_refused_at_the_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bad_texts); i++) {
        JsonFault fault = {0, NULL};

        if (json_check(bad_texts[i].text, &fault) != -ERR_PROTOCOL)
            fail_msg("%s passed", bad_texts[i].text.at);
        assert_non_null(fault.reason);
        if (fault.offset != bad_texts[i].offset)
            fail_msg("%s: %s at %zu", bad_texts[i].text.at, fault.reason, fault.offset);
        assert_int_equal(json_check(bad_texts[i].text, NULL), -ERR_PROTOCOL);
    }
}

static void nesting_has_a_limit(void **state)
{
    char text[2 * JSON_DEPTH_MAX + 2];

    (void)state;
    for (size_t depth = JSON_DEPTH_MAX - 1; depth <= JSON_DEPTH_MAX + 1; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        assert_int_equal(json_check((Span){text, 2 * depth}, NULL), depth <= JSON_DEPTH_MAX ? 0 : -ERR_PROTOCOL);
    }
}

/* An object of `count` members, of which the last is named like member `twin`, or unlike any. */
static void make_object(Buf *text, size_t count, size_t twin, const char *format)
{
    assert_int_equal(buf_append_char(text, '{'), 0);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(buf_append_str(text, i > 0 ? ",\"" : "\""), 0);
        assert_int_equal(buf_printf(text, "%s%zu\":%zu", format, i + 1 == count ? twin : i, i), 0);
    }
    assert_int_equal(buf_append_char(text, '}'), 0);
}

static void equal_names_are_found_in_objects_of_any_size(void **state)
{
    static const size_t sizes[] = {2, 3, 20, 63, 64, 65, 66, 200, 5000};
    static const char *const formats[] = {"", "name_", "\\u0061", "\xC3\xBC"};

    (void)state;
    for (size_t i = 0; i < COUNT(sizes) * COUNT(formats); i++) {
        size_t size = sizes[i % COUNT(sizes)];
        const char *format = formats[i / COUNT(sizes)];

        for (size_t twin = 0; twin <= size; twin += size / 2) {
            _cleanup_buf_ Buf text = BUF_INIT(1 << 20);
            JsonFault fault = {0, NULL};
            bool equal = twin < size - 1;

            make_object(&text, size, twin, format);
            assert_int_equal(json_check((Span){text.data, text.len}, &fault), equal ? -ERR_PROTOCOL : 0);
            if (equal)
                assert_ptr_equal(text.data + fault.offset, strrchr(text.data, ',') + 1);
        }
    }
}

static void names_held_at_once_have_a_limit(void **state)
{
    static const size_t most = (size_t)1 << 18;

    (void)state;
    for (size_t count = most; count <= most + 1; count++) {
        _cleanup_buf_ Buf text = BUF_INIT(8 << 20);
        JsonFault fault = {0, NULL};

        make_object(&text, count, count, "");
        assert_int_equal(json_check((Span){text.data, text.len}, &fault), count > most ? -ERR_PROTOCOL : 0);
        if (count > most)
            assert_string_equal(fault.reason, "too many members");
    }
}

static void a_scan_knows_how_far_it_is(void **state)
{
    static const struct {
        const char *text;
        bool object_only;
        enum JsonState scan;
    } samples[] = {
        {"", false, JSON_INCOMPLETE},
        {" \n", true, JSON_INCOMPLETE},
        {"1", false, JSON_INCOMPLETE},
        {"1 ", false, JSON_COMPLETE},
        {"1 x", false, JSON_INVALID},
        {"true", false, JSON_COMPLETE},
        {"tru", false, JSON_INCOMPLETE},
        {"\"a", false, JSON_INCOMPLETE},
        {"\"a\"", false, JSON_COMPLETE},
        {"{}", true, JSON_COMPLETE},
        {"{} \n", true, JSON_COMPLETE},
        {"{} {", true, JSON_INVALID},
        {"[]", true, JSON_INVALID},
        {"1", true, JSON_INVALID},
        {"{\"a\":[1,2", true, JSON_INCOMPLETE},
        {"{\"a\":[1,2]}", true, JSON_COMPLETE},
        {"-", false, JSON_INCOMPLETE},
        {"{\"a\":1,\"a\":2}", true, JSON_COMPLETE},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(samples); i++) {
        size_t length = strlen(samples[i].text);
        JsonScan whole, bytewise;

        json_scan_init(&whole, samples[i].object_only);
        json_scan_init(&bytewise, samples[i].object_only);
        assert_int_equal(json_scan_feed(&whole, samples[i].text, length), samples[i].scan);
        for (size_t at = 0; at < length; at++)
            json_scan_feed(&bytewise, samples[i].text + at, 1);
        assert_int_equal(json_scan_feed(&bytewise, "", 0), samples[i].scan);
        assert_int_equal(bytewise.fault.offset, whole.fault.offset);
        assert_int_equal(bytewise.offset, length);
    }
}

static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static void mutate(uint64_t *seed, Buf *text)
{
    static const char bytes[] = "{}[]:,\"\\ue.-+0129tfn \n\x01\x7F\xC3\xBC\xED\xA0\xF0\x80";

    for (uint64_t count = next_random(seed) % 4; count > 0 && text->len > 0; count--) {
        size_t at = next_random(seed) % text->len;
        char c = bytes[next_random(seed) % (sizeof(bytes) - 1)];

        if (next_random(seed) % 3 == 0) {
            memmove(text->data + at, text->data + at + 1, text->len - at - 1);
            text->len--;
        } else {
            text->data[at] = c;
        }
    }
}

static void check_both_ways(uint64_t *seed, Span text)
{
    JsonFault fault = {0, ""};
    int checked = json_check(text, &fault);
    enum JsonState scanned = JSON_INCOMPLETE;
    JsonScan scan;

    json_scan_init(&scan, false);
    for (size_t at = 0, step; at < text.len; at += step) {
        step = next_random(seed) % 4 == 0 ? next_random(seed) % 9 : 1;
        step = step < text.len - at ? step : text.len - at;
        scanned = json_scan_feed(&scan, text.at + at, step);
    }
    if (scanned == JSON_INCOMPLETE)
        scanned = json_scan_feed(&scan, "\n", 1);
    if (checked == 0 || strstr(fault.reason, "same name"))
        assert_int_equal(scanned, checked == 0 ? JSON_COMPLETE : scanned);
    else
        assert_int_not_equal(scanned, JSON_COMPLETE);
    if (scanned == JSON_INVALID && fault.offset < text.len && !strstr(fault.reason, "same name"))
        assert_int_equal(scan.fault.offset, fault.offset);
}

/* Reading must stay inside the text, and what is written must mean the same. */
static void check_writing(Span text)
{
    _cleanup_buf_ Buf indented = BUF_INIT(1 << 16), compact = BUF_INIT(1 << 16), again = BUF_INIT(1 << 16);

    assert_int_equal(json_indent(&indented, text), 0);
    assert_int_equal(json_indent_bytes(text), indented.len);
    assert_int_equal(json_compact(&compact, text), 0);
    assert_int_equal(json_compact(&again, (Span){indented.data, indented.len}), 0);
    assert_true(span_equal((Span){compact.data, compact.len}, (Span){again.data, again.len}));
    assert_int_equal(json_check((Span){indented.data, indented.len}, NULL), 0);
    assert_true(json_equal((Span){indented.data, indented.len}, text));
}

static void fed_and_whole_texts_agree_on_random_mutations(void **state)
{
    static const char *const seeds[] = {
        "{\"id\":\"ins_1\",\"n\":[1,-2.5e3,true,null,{\"a\":{},\"b\":[]}],\"s\":\"\\u00e4\\n\xC3\xA4\xE2\x82\xAC\"}",
        "[\"\\ud83d\\ude00\",\"\xF0\x9F\x98\x80\",0,1e999,9007199254740993,\"\"]",
        " { \"a\" : 1 , \"b\" : [ 1 , 2 ] , \"c\" : false }\n",
        "-12.50E+3",
    };
    uint64_t seed = 0xFEEDFACE5EEDULL;

    (void)state;
    for (int i = 0; i < 200000; i++) {
        _cleanup_free_ char *exact = NULL;
        _cleanup_buf_ Buf text = BUF_INIT(4096);

        assert_int_equal(buf_append_str(&text, seeds[next_random(&seed) % COUNT(seeds)]), 0);
        mutate(&seed, &text);
        exact = malloc(text.len); /* so that a sanitizer sees a read behind the end */
        assert_non_null(exact);
        memcpy(exact, text.data, text.len);
        check_both_ways(&seed, (Span){exact, text.len});
        if (json_check((Span){exact, text.len}, NULL) == 0)
            check_writing((Span){exact, text.len});
    }
}

static void members_are_found_by_decoded_name(void **state)
{
    Span object = span_of(" { \"a\" : 1 , \"b\\u0063\" : [ {\"a\":2} ] ,\"\":\"}\\\"\", \"d\":{ } } "), value;

    (void)state;
    assert_true(json_member(object, "a", &value) && span_is(value, "1"));
    assert_true(json_member(object, "bc", &value) && span_is(value, "[ {\"a\":2} ]"));
    assert_true(json_member(object, "", &value) && span_is(value, "\"}\\\"\""));
    assert_true(json_member(object, "d", &value) && json_type(value) == JSON_OBJECT);
    assert_false(json_member(object, "b", &value));
    assert_false(json_member(span_of("[1]"), "a", &value));
    assert_false(json_member(span_of("1"), "a", &value));
    assert_false(json_member(span_of(""), "a", &value));
}

static void containers_are_walked_in_order(void **state)
{
    Span name, value;
    JsonIter iter;

    (void)state;
    json_iter_init(&iter, span_of("[ 1 ,\"a,]\", [2,[3]] , null]"));
    assert_true(json_iter_next(&iter, &name, &value) && span_is(value, "1") && name.len == 0);
    assert_true(json_iter_next(&iter, &name, &value) && span_is(value, "\"a,]\""));
    assert_true(json_iter_next(&iter, &name, &value) && span_is(value, "[2,[3]]"));
    assert_true(json_iter_next(&iter, &name, &value) && span_is(value, "null"));
    assert_false(json_iter_next(&iter, &name, &value));
    assert_false(json_iter_next(&iter, &name, &value));
    json_iter_init(&iter, span_of("{\"a\":\"\\\\\",\"b\":-1}"));
    assert_true(json_iter_next(&iter, &name, &value) && span_is(name, "\"a\"") && span_is(value, "\"\\\\\""));
    assert_true(json_iter_next(&iter, &name, &value) && span_is(name, "\"b\"") && span_is(value, "-1"));
    assert_false(json_iter_next(&iter, &name, &value));
    json_iter_init(&iter, span_of("\"text\""));
    assert_false(json_iter_next(&iter, &name, &value));
}

static void strings_are_decoded_and_quoted(void **state)
{
    static const struct {
        Span raw, text;
        const char *quoted;
    } samples[] = {
        {BYTES("\"\""), BYTES(""), "\"\""},
        {BYTES("\"a\\/b\\u0041\""), BYTES("a/bA"), "\"a/bA\""},
        {BYTES("\"\\b\\f\\n\\r\\t\\\\\\\"\""), BYTES("\b\f\n\r\t\\\""), "\"\\b\\f\\n\\r\\t\\\\\\\"\""},
        {BYTES("\"\\u0000\\u001f\""), BYTES("\0\x1F"), "\"\\u0000\\u001f\""},
        {BYTES("\"\\u00e4\\u20AC\""), BYTES("\xC3\xA4\xE2\x82\xAC"), "\"\xC3\xA4\xE2\x82\xAC\""},
        {BYTES("\"\\ud83d\\ude00\""), BYTES("\xF0\x9F\x98\x80"), "\"\xF0\x9F\x98\x80\""},
        {BYTES("\"\\ud83dx\""), BYTES("\xED\xA0\xBDx"), "\"\\ud83dx\""},
        {BYTES("\"\\udE00\\ud83d\""), BYTES("\xED\xB8\x80\xED\xA0\xBD"), "\"\\ude00\\ud83d\""},
        {BYTES("\"\\ud83d\\u0041\""),
         BYTES("\xED\xA0\xBD"
               "A"),
         "\"\\ud83dA\""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(samples); i++) {
        _cleanup_buf_ Buf text = BUF_INIT(256), quoted = BUF_INIT(256);

        assert_int_equal(json_string(samples[i].raw, &text), 0);
        assert_true(span_equal((Span){buf_text(&text), text.len}, samples[i].text));
        assert_int_equal(json_quote(&quoted, samples[i].text), 0);
        assert_string_equal(buf_text(&quoted), samples[i].quoted);
    }
}

static void bytes_that_are_not_utf8_are_replaced(void **state)
{
    _cleanup_buf_ Buf quoted = BUF_INIT(256), small = BUF_INIT(4);

    (void)state;
    assert_int_equal(json_quote(&quoted, span_of("a\xFF\xE2\x82z\xC0")), 0);
    assert_string_equal(buf_text(&quoted), "\"a\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDz\xEF\xBF\xBD\"");
    assert_int_equal(json_quote(&small, span_of("abcdef")), -ERR_TOO_BIG);
}

static void integers_must_fit(void **state)
{
    static const struct {
        const char *text;
        bool good;
        int64_t number;
    } samples[] = {
        {"0", true, 0},
        {"-0", true, 0},
        {" 42\n", true, 42},
        {"9223372036854775807", true, INT64_MAX},
        {"-9223372036854775808", true, INT64_MIN},
        {"9223372036854775808", false, 0},
        {"-9223372036854775809", false, 0},
        {"1.0", false, 0},
        {"1e3", false, 0},
        {"\"1\"", false, 0},
        {"-", false, 0},
        {"", false, 0},
        {"null", false, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(samples); i++) {
        int64_t number = 0;

        assert_int_equal(json_integer(span_of(samples[i].text), &number), samples[i].good);
        assert_int_equal(number, samples[i].number);
    }
}

static void layout_is_that_of_jq(void **state)
{
    _cleanup_buf_ Buf text = BUF_INIT(4096), small = BUF_INIT(4);

    (void)state;
    assert_int_equal(
        json_indent(&text, span_of("{\"a\":[1,{\"b\":null}],\"c\":{ },\"d\":[ ],\"e\":\"x,{:\",\"f\":1e999}")), 0);
    assert_string_equal(buf_text(&text), "{\n  \"a\": [\n    1,\n    {\n      \"b\": null\n    }\n  ],\n  \"c\": {},\n"
                                         "  \"d\": [],\n  \"e\": \"x,{:\",\n  \"f\": 1e999\n}\n");
    buf_clear(&text);
    assert_int_equal(json_indent(&text, span_of(" 1 ")), 0);
    assert_string_equal(buf_text(&text), "1\n");
    assert_int_equal(json_compact(&text, span_of(" { \"a b\" : [ 1 , 2 ] } ")), 0);
    assert_string_equal(buf_text(&text), "1\n{\"a b\":[1,2]}");
    assert_int_equal(json_indent(&small, span_of("{\"a\":1}")), -ERR_TOO_BIG);
    assert_int_equal(json_compact(&small, span_of("{\"a\":1}")), -ERR_TOO_BIG);
    assert_int_equal(small.len, 0);
}

static void values_are_equal_by_meaning(void **state)
{
    static const struct {
        const char *a, *b;
        bool equal;
    } samples[] = {
        {"1", " 1 ", true},
        {"1", "1.0", false},
        {"1e2", "100", false},
        {"\"a\"", "\"\\u0061\"", true},
        {"\"a\"", "\"b\"", false},
        {"true", "false", false},
        {"null", "null", true},
        {"null", "0", false},
        {"[]", "{}", false},
        {"[1,2]", "[ 1, 2 ]", true},
        {"[1,2]", "[2,1]", false},
        {"[1]", "[1,2]", false},
        {"[1,2]", "[1]", false},
        {"{\"a\":1,\"b\":{\"c\":[1]}}", "{\"b\":{\"\\u0063\":[ 1 ]},\"a\":1}", true},
        {"{\"a\":1,\"b\":2}", "{\"a\":1}", false},
        {"{\"a\":1}", "{\"a\":1,\"b\":2}", false},
        {"{\"a\":1,\"b\":2}", "{\"a\":1,\"c\":2}", false},
        {"{\"a\":1,\"b\":2}", "{\"b\":1,\"a\":2}", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(samples); i++) {
        assert_int_equal(json_equal(span_of(samples[i].a), span_of(samples[i].b)), samples[i].equal);
        assert_int_equal(json_equal(span_of(samples[i].b), span_of(samples[i].a)), samples[i].equal);
    }
}

/* The same members, backwards: a walk for each would take many seconds. */
static void large_objects_are_compared_in_time(void **state)
{
    _cleanup_buf_ Buf forward = BUF_INIT(1 << 22), backward = BUF_INIT(1 << 22);
    size_t count = 20000;
    clock_t began;

    (void)state;
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(buf_printf(&forward, "%c\"%zu\":%zu", i ? ',' : '{', i, i), 0);
        assert_int_equal(buf_printf(&backward, "%c\"%zu\":%zu", i ? ',' : '{', count - 1 - i, count - 1 - i), 0);
    }
    assert_int_equal(buf_append_char(&forward, '}'), 0);
    assert_int_equal(buf_append_char(&backward, '}'), 0);
    assert_int_equal(json_check((Span){forward.data, forward.len}, NULL), 0);
    began = clock();
    assert_true(json_equal((Span){forward.data, forward.len}, (Span){backward.data, backward.len}));
    assert_true(clock() - began < CLOCKS_PER_SEC);
}

/* Strings of each length, so that quotes, escapes and brackets come to stand at each place of a block, and across two. */
static void a_container_ends_where_its_bracket_stands(void **state)
{
    static const char *const parts[] = {"", "]", "}{", "\\\"", "\\\\", "\\\\\\\"]", "[[", "\\u005d"};
    static const char padding[] = "................................................................................";

    (void)state;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        for (int before = 0; before < 80; before++) {
            for (int after = 0; after < 80; after += 7) {
                _cleanup_buf_ Buf text = BUF_INIT(1024);
                Span name, first, second;
                JsonIter iter;
                size_t end;

                assert_int_equal(buf_printf(&text, "[[{\"%.*s\":\"%s\"},[],{\"b\":[\"%.*s%s\"]}]", before, padding,
                                            parts[i], after, padding, parts[i]),
                                 0);
                end = text.len;
                assert_int_equal(buf_append_str(&text, ",{\"c\":[{}]}]"), 0);
                assert_int_equal(json_check((Span){text.data, text.len}, NULL), 0);
                json_iter_init(&iter, (Span){text.data, text.len});
                assert_true(json_iter_next(&iter, &name, &first));
                assert_ptr_equal(first.at + first.len, text.data + end);
                assert_true(json_iter_next(&iter, &name, &second));
                assert_true(span_is(second, "{\"c\":[{}]}"));
                assert_false(json_iter_next(&iter, &name, &second));
            }
        }
    }
}

static void several_members_are_found_in_one_walk(void **state)
{
    const Span names[] = {span_of("a"), span_of("none"), span_of("b c")};
    Span values[3];

    (void)state;
    json_members(span_of("{\"x\":{\"a\":0},\"\\u0061\":[1,2],\"b c\":\"d\"}"), names, 3, values);
    assert_true(span_is(values[0], "[1,2]"));
    assert_null(values[1].at);
    assert_true(span_is(values[2], "\"d\""));
    json_members(span_of("[1]"), names, 3, values);
    assert_null(values[0].at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_container_ends_where_its_bracket_stands),
        cmocka_unit_test(several_members_are_found_in_one_walk),
        cmocka_unit_test(good_texts_pass),
        cmocka_unit_test(bad_texts_are_refused_at_the_byte),
        cmocka_unit_test(nesting_has_a_limit),
        cmocka_unit_test(equal_names_are_found_in_objects_of_any_size),
        cmocka_unit_test(names_held_at_once_have_a_limit),
        cmocka_unit_test(a_scan_knows_how_far_it_is),
        cmocka_unit_test(fed_and_whole_texts_agree_on_random_mutations),
        cmocka_unit_test(members_are_found_by_decoded_name),
        cmocka_unit_test(containers_are_walked_in_order),
        cmocka_unit_test(strings_are_decoded_and_quoted),
        cmocka_unit_test(bytes_that_are_not_utf8_are_replaced),
        cmocka_unit_test(integers_must_fit),
        cmocka_unit_test(layout_is_that_of_jq),
        cmocka_unit_test(values_are_equal_by_meaning),
        cmocka_unit_test(large_objects_are_compared_in_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
