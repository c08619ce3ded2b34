/* What changed, as lines, and the last of them in a ring. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "error.h"
#include "event.h"
#include "json.h"

enum { ALL_BYTES = 1 << 20 };

/* A row of which these members matter. */
#define WHOLE(members)   "{\"id\":\"i\",\"name\":\"n\",\"region\":\"r\"," members "}"
#define SUMMARY(members) "{\"id\":\"i\",\"name\":\"n\"" members "}"

/* What the lines say: TYPE FIELD FROM TO, with a bar after each line. */
typedef struct Case {
    const char *situation;
    const char *before, *after; /* NULL: there is none */
    const char *told;
} Case;

static const Case cases[] = {
    {"it came", NULL, WHOLE("\"status\":\"s\""), "created null null null|"},
    {"it went", WHOLE("\"status\":\"s\""), NULL, "deleted null null null|"},
    {"nothing changed", WHOLE("\"status\":\"s\""), WHOLE("\"status\":\"s\""), ""},
    {"the same in other words", WHOLE("\"status\":\"s\",\"a\":[1, 2]"), WHOLE("\"a\":[1,2],\"status\":\"\\u0073\""),
     ""},
    {"its status changed", WHOLE("\"status\":\"s\""), WHOLE("\"status\":\"t\""),
     "status_changed \"status\" \"s\" \"t\"|"},
    {"a field that is no string", WHOLE("\"status\":\"s\",\"a\":[ 1 ]"), WHOLE("\"status\":\"s\",\"a\":true"),
     "updated \"a\" \"[1]\" \"true\"|"},
    {"null is no value", WHOLE("\"status\":\"s\",\"a\":null"), WHOLE("\"status\":\"s\",\"a\":1"),
     "updated \"a\" null \"1\"|"},
    {"each field has a line", WHOLE("\"status\":\"s\",\"a\":1,\"b\":2"), WHOLE("\"status\":\"t\",\"a\":3,\"b\":4"),
     "status_changed \"status\" \"s\" \"t\"|updated \"a\" \"1\" \"3\"|updated \"b\" \"2\" \"4\"|"},
    {"a field of an object goes by its path", WHOLE("\"status\":\"s\",\"u\":{\"x\":{\"y\":1,\"z\":2}}"),
     WHOLE("\"status\":\"s\",\"u\":{\"x\":{\"y\":1,\"z\":3}}"), "updated \"u.x.z\" \"2\" \"3\"|"},
    {"an object that was none", WHOLE("\"status\":\"s\",\"u\":1"), WHOLE("\"status\":\"s\",\"u\":{\"x\" : 2}"),
     "updated \"u\" \"1\" \"{\\\"x\\\":2}\"|"},
    {"a field came, and another went", WHOLE("\"status\":\"s\",\"a\":1"), WHOLE("\"status\":\"s\",\"b\":2"),
     "updated \"b\" null \"2\"|updated \"a\" \"1\" null|"},
    {"details came to be known", SUMMARY(""), WHOLE("\"status\":\"s\",\"a\":1"), ""},
    {"a summary says no more than it does", WHOLE("\"status\":\"s\",\"a\":1"), SUMMARY(",\"a\":2"),
     "updated \"a\" \"1\" \"2\"|"},
};

static Resource *resource_of(const char *text)
{
    Resource *resource = NULL;

    if (text)
        assert_int_equal(resource_new(span_of(text), &resource), 0);
    return resource;
}

/* A line's member as it stands there. */
static Span member(Span line, const char *name)
{
    Span value;

    assert_true(json_member(line, name, &value));
    return value;
}

static int note_line(void *ctx, Span line)
{
    Span type = member(line, "type"), field = member(line, "field");
    Span from = member(line, "from"), to = member(line, "to");

    assert_int_equal(json_check(line, NULL), 0);
    return buf_printf(ctx, "%.*s %.*s %.*s %.*s|", (int)type.len - 2, type.at + 1, (int)field.len, field.at,
                      (int)from.len, from.at, (int)to.len, to.at);
}

/* Frees the two. */
static int tell(Resource *before, Resource *after, event_take_fn take, void *ctx)
{
    Event event = {.wall_ms = 1000, .project = span_of("p"), .source = "poll", .before = before, .after = after};
    int r = event_lines(&event, take, ctx);

    resource_unref(before);
    resource_unref(after);
    return r;
}

static void each_change_is_told_by_its_lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        _cleanup_buf_ Buf told = BUF_INIT(ALL_BYTES);

        assert_int_equal(tell(resource_of(cases[i].before), resource_of(cases[i].after), note_line, &told), 0);
        if (strcmp(buf_text(&told), cases[i].told) != 0)
            fail_msg("%s: %s", cases[i].situation, buf_text(&told));
    }
}

static int keep_line(void *ctx, Span line)
{
    return buf_append(ctx, line.at, line.len);
}

static void a_line_is_of_this_form(void **state)
{
    _cleanup_buf_ Buf told = BUF_INIT(ALL_BYTES);

    (void)state;
    assert_int_equal(
        tell(resource_of(WHOLE("\"status\":\"a\\n\"")), resource_of(WHOLE("\"status\":\"b\"")), keep_line, &told), 0);
    assert_string_equal(
        buf_text(&told),
        "{\"time\":\"1970-01-01T00:00:01.000Z\",\"project\":\"p\",\"name\":\"n\",\"id\":\"i\","
        "\"type\":\"status_changed\",\"field\":\"status\",\"from\":\"a\\n\",\"to\":\"b\",\"source\":\"poll\"}");
}

/* A value of so many characters of two bytes each. */
static Resource *long_value(size_t count)
{
    _cleanup_buf_ Buf text = BUF_INIT(ALL_BYTES);

    assert_int_equal(buf_append_str(&text, "{\"id\":\"i\",\"region\":\"r\",\"status\":\"x"), 0);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(buf_append_str(&text, "é"), 0);
    assert_int_equal(buf_append_str(&text, "\"}"), 0);
    return resource_of(buf_text(&text));
}

static void a_long_value_is_cut_between_two_characters(void **state)
{
    _cleanup_buf_ Buf told = BUF_INIT(ALL_BYTES), to = BUF_INIT(ALL_BYTES);

    (void)state;
    assert_int_equal(
        tell(resource_of("{\"id\":\"i\",\"region\":\"r\",\"status\":\"s\"}"), long_value(5000), keep_line, &told), 0);
    assert_int_equal(json_string(member((Span){told.data, told.len}, "to"), &to), 0);
    assert_int_equal(to.len, 255 + strlen("…"));
    assert_memory_equal(to.data + to.len - 5, "é…", 5);
}

static int count_line(void *ctx, Span line)
{
    assert_true(line.len <= EVENT_LINE_BYTES);
    ++*(unsigned *)ctx;
    return 0;
}

/* So many fields, with such names and values, that each line is as long as it gets. */
static Resource *large(size_t fields, char fill)
{
    static char filler[EVENT_TEXT_BYTES * 2 + 1];
    _cleanup_buf_ Buf text = BUF_INIT(ALL_BYTES);

    memset(filler, fill, sizeof filler - 1);
    assert_int_equal(buf_printf(&text, "{\"id\":\"i\",\"name\":\"%s\",\"region\":\"r\",\"status\":\"s\"", filler), 0);
    for (size_t i = 0; i < fields; i++)
        assert_int_equal(buf_printf(&text, ",\"%zu%0600d\":\"%s\"", i, 0, filler), 0);
    assert_int_equal(buf_append_char(&text, '}'), 0);
    return resource_of(buf_text(&text));
}

static void a_change_of_many_fields_has_a_cap(void **state)
{
    unsigned lines = 0;

    (void)state;
    assert_int_equal(tell(large(200, 'a'), large(200, 'b'), count_line, &lines), 0);
    assert_int_equal(lines, EVENT_FIELDS_MAX);
}

/* The others are out of step from there on, and not all of them are searched for. */
static void what_a_large_object_lost_at_its_beginning_is_told(void **state)
{
    static const char first[] = "\"gone\":1,";
    _cleanup_buf_ Buf text = BUF_INIT(1 << 20), told = BUF_INIT(4096);
    Resource *before, *after;

    (void)state;
    assert_int_equal(buf_append_str(&text, "{\"id\":\"i\",\"name\":\"n\",\"region\":\"r\",\"status\":\"s\",\"gone\":1,"), 0);
    for (unsigned i = 0; i < 20000; i++)
        assert_int_equal(buf_printf(&text, "\"%u\":%u,", i, i), 0);
    assert_int_equal(buf_append_str(&text, "\"last\":1}"), 0);
    before = resource_of(buf_text(&text));
    memset(strstr(text.data, first), ' ', sizeof first - 1);
    after = resource_of(buf_text(&text));
    assert_int_equal(tell(before, after, note_line, &told), 0);
    assert_string_equal(buf_text(&told), "updated \"gone\" \"1\" null|");
}

static int refuse_line(void *ctx, Span line)
{
    (void)line;
    ++*(unsigned *)ctx;
    return -ERR_NO_SPACE;
}

static void who_takes_no_more_is_told_no_more(void **state)
{
    unsigned lines = 0;

    (void)state;
    assert_int_equal(tell(large(9, 'a'), large(9, 'b'), refuse_line, &lines), -ERR_NO_SPACE);
    assert_int_equal(lines, 1);
}

/* The ring */

static EventRing *ring;

static int make_ring(void **state)
{
    (void)state;
    ring = event_ring_new();
    return ring ? 0 : -1;
}

static int free_ring(void **state)
{
    (void)state;
    event_ring_free(ring);
    return 0;
}

/* Every line that is kept is whole, and where it is said to be. */
static void check_lines(const char *(*text_of)(uint64_t line))
{
    static char bytes[EVENT_LINE_BYTES];

    assert_true(event_ring_next(ring) - event_ring_first(ring) <= EVENT_LINES_KEPT);
    for (uint64_t line = event_ring_first(ring); line < event_ring_next(ring); line++) {
        uint64_t at = event_ring_offset(ring, line);
        size_t count = (size_t)(event_ring_offset(ring, line + 1) - at);
        const char *expected = text_of(line);

        assert_int_equal(count, strlen(expected) + 1);
        event_ring_copy(ring, at, bytes, count);
        assert_memory_equal(bytes, expected, count - 1);
        assert_int_equal(bytes[count - 1], '\n');
    }
}

static const char *short_text(uint64_t line)
{
    static char text[32];

    snprintf(text, sizeof text, "line %llu", (unsigned long long)line);
    return text;
}

static const char *long_text(uint64_t line)
{
    static char text[EVENT_LINE_BYTES];
    size_t length = 1000 + line * 37 % 3000;

    memset(text, (int)('a' + line % 26), length);
    text[length] = '\0';
    return text;
}

static void add(uint64_t count, const char *(*text_of)(uint64_t line))
{
    for (uint64_t line = 0; line < count; line++)
        event_ring_add(ring, span_of(text_of(line)));
}

static void an_empty_ring_has_no_lines(void **state)
{
    (void)state;
    assert_int_equal(event_ring_first(ring), 0);
    assert_int_equal(event_ring_next(ring), 0);
    assert_int_equal(event_ring_offset(ring, 0), 0);
}

static void the_last_lines_are_kept(void **state)
{
    (void)state;
    add(EVENT_LINES_KEPT, short_text);
    assert_int_equal(event_ring_first(ring), 0);
    check_lines(short_text);
    event_ring_add(ring, span_of(short_text(EVENT_LINES_KEPT)));
    assert_int_equal(event_ring_first(ring), 1);
    check_lines(short_text);
}

static void long_lines_are_kept_up_to_the_cap(void **state)
{
    (void)state;
    for (uint64_t count = 0; count < 500; count++) {
        uint64_t kept;

        event_ring_add(ring, span_of(long_text(count)));
        kept = event_ring_offset(ring, event_ring_next(ring)) - event_ring_offset(ring, event_ring_first(ring));
        assert_true(kept <= EVENT_BYTES_KEPT);
        assert_true(event_ring_first(ring) == 0 || kept + 4000 >= EVENT_BYTES_KEPT);
    }
    check_lines(long_text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_change_is_told_by_its_lines),
        cmocka_unit_test(a_line_is_of_this_form),
        cmocka_unit_test(a_long_value_is_cut_between_two_characters),
        cmocka_unit_test(a_change_of_many_fields_has_a_cap),
        cmocka_unit_test(what_a_large_object_lost_at_its_beginning_is_told),
        cmocka_unit_test(who_takes_no_more_is_told_no_more),
        cmocka_unit_test_setup_teardown(an_empty_ring_has_no_lines, make_ring, free_ring),
        cmocka_unit_test_setup_teardown(the_last_lines_are_kept, make_ring, free_ring),
        cmocka_unit_test_setup_teardown(long_lines_are_kept_up_to_the_cap, make_ring, free_ring),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
