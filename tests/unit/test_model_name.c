#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "error.h"
#include "name.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define BYTES(string)                                                                                                  \
    {                                                                                                                  \
        (string), sizeof(string) - 1                                                                                   \
    }

enum { STEM_BYTES_MAX = NAME_BYTES_MAX - NAME_SUFFIX_BYTES };

static const struct {
    Span name;
    const char *stem;
} plain_pairs[] = {
    {BYTES("web-1"), "web-1"},
    {BYTES("Web 1 (old)"), "Web 1 (old)"},
    {BYTES("b\xC3\xBC"
           "cher"),
     "b\xC3\xBC"
     "cher"},
    {BYTES("\xF0\x9F\x98\x80"), "\xF0\x9F\x98\x80"},
    {BYTES(""), "%"},
    {BYTES("%"), "%25"},
    {BYTES("~"), "%7E"},
    {BYTES("a~ins_1"), "a%7Eins_1"},
    {BYTES("a/b"), "a%2Fb"},
    {BYTES("."), "%2E"},
    {BYTES(".."), "%2E."},
    {BYTES("../../etc/passwd"), "%2E.%2F..%2Fetc%2Fpasswd"},
    {BYTES(".all.ndjson"), "%2Eall.ndjson"},
    {BYTES("#lock"), "%23lock"},
    {BYTES("a#b"), "a#b"},
    {BYTES("a.b"), "a.b"},
    {BYTES("x.json"), "x%2Ejson"},
    {BYTES("x.json.json"), "x.json%2Ejson"},
    {BYTES("x.json.rejected"), "x.json%2Erejected"},
    {BYTES("x.error"), "x%2Eerror"},
    {BYTES("x.JSON"), "x.JSON"},
    {BYTES(".json"), "%2Ejson"},
    {BYTES("json"), "json"},
    {BYTES("x.json "), "x.json "},
    {BYTES("a\0b"), "a%00b"},
    {BYTES("a\nb\x7F"), "a%0Ab%7F"},
    {BYTES("\xC2\x9B"
           "1m"),
     "%C2%9B1m"},
    {BYTES("\xC2\xA0"), "\xC2\xA0"},
    {BYTES("\xFF\xC0\xAF"), "%FF%C0%AF"},
    {BYTES("\xED\xA0\x80"), "%ED%A0%80"},
    {BYTES("\xE2\x82"), "%E2%82"},
};

static const char *const foreign_stems[] = {
    "",   "%2",    "%2g",    "%2f",     "%61",    "a~b",  "~",    ".a",     "#a",       "a/b", "%%",
    "a%", "a%2Eb", "a.json", "x.error", "%C3%BC", "a\nb", "\xFF", "%23x%2", "x%2EJSON", "%2e", "\xED\xA0\x80"};

static void names_and_stems_are_one_to_one(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(plain_pairs); i++) {
        _cleanup_buf_ Buf stem = BUF_INIT(4096), name = BUF_INIT(4096);

        assert_int_equal(name_encode(plain_pairs[i].name, "ins_1", &stem), 0);
        assert_string_equal(buf_text(&stem), plain_pairs[i].stem);
        assert_int_equal(name_decode((Span){stem.data, stem.len}, &name), 0);
        assert_true(span_equal((Span){buf_text(&name), name.len}, plain_pairs[i].name));
    }
}

static void stems_that_no_name_has_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(foreign_stems); i++) {
        _cleanup_buf_ Buf name = BUF_INIT(4096);

        if (name_decode(span_of(foreign_stems[i]), &name) != -ERR_INVALID)
            fail_msg("%s", foreign_stems[i]);
        assert_int_equal(name.len, 0);
    }
}

static void twins_carry_their_id(void **state)
{
    static const struct {
        const char *name, *id, *stem;
    } samples[] = {
        {"web", "ins_1", "web~ins_1"}, {"", "ins_1", "%~ins_1"},
        {"x.json", "i", "x%2Ejson~i"}, {"a", "i%41", "a~i%2541"},
        {"a", "i~", "a~i%7E"},         {"a", "i.json", "a~i%2Ejson"},
        {"a", ".json", "a~%2Ejson"},   {"a", ".rejected", "a~%2Erejected"},
        {"a", "#.x", "a~#.x"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(samples); i++) {
        _cleanup_buf_ Buf stem = BUF_INIT(4096);

        assert_int_equal(name_encode_twin(span_of(samples[i].name), samples[i].id, &stem), 0);
        assert_string_equal(buf_text(&stem), samples[i].stem);
    }
}

static void long_names_are_cut_between_characters(void **state)
{
    char name[3 * 300], id[129];

    (void)state;
    memset(id, 'i', sizeof(id) - 1);
    id[sizeof(id) - 1] = '\0';
    for (size_t length = 230; length < 260; length++) {
        _cleanup_buf_ Buf stem = BUF_INIT(4096);

        memset(name, 'x', length);
        assert_int_equal(name_encode((Span){name, length}, id, &stem), 0);
        assert_int_equal(stem.len, length > STEM_BYTES_MAX ? STEM_BYTES_MAX : length);
        assert_int_equal(memchr(stem.data, '~', stem.len) != NULL, length > STEM_BYTES_MAX);
    }
    for (size_t shift = 0; shift < 4; shift++) {
        _cleanup_buf_ Buf stem = BUF_INIT(4096);

        memset(name, 'x', shift);
        for (size_t i = 0; i < 200; i++)
            memcpy(name + shift + 3 * i, "\xE2\x82\xAC", 3);
        assert_int_equal(name_encode((Span){name, shift + 600}, "ins_1", &stem), 0);
        assert_true(stem.len <= STEM_BYTES_MAX && stem.len > STEM_BYTES_MAX - 3);
        assert_int_equal((stem.len - strlen("~ins_1") - shift) % 3, 0);
    }
}

static void ids_must_leave_room(void **state)
{
    _cleanup_buf_ Buf stem = BUF_INIT(4096);
    char id[129];

    (void)state;
    memset(id, '~', sizeof(id) - 1);
    id[sizeof(id) - 1] = '\0';
    assert_int_equal(name_encode_twin(span_of("a"), id, &stem), -ERR_NAME_TOO_LONG);
    assert_int_equal(name_encode_twin(span_of("a"), "", &stem), -ERR_INVALID);
    assert_int_equal(stem.len, 0);
}

static void check_stem(const char *stem, size_t length)
{
    static const char *const endings[] = {".json", ".rejected", ".error", "~"};

    assert_true(length > 0 && length <= STEM_BYTES_MAX);
    assert_true(stem[0] != '.' && stem[0] != '#');
    for (size_t i = 0; i < length; i++)
        assert_true((unsigned char)stem[i] >= 0x20 && stem[i] != '/' && stem[i] != 0x7F);
    for (size_t i = 0; i < COUNT(endings); i++)
        assert_false(length >= strlen(endings[i]) &&
                     memcmp(stem + length - strlen(endings[i]), endings[i], strlen(endings[i])) == 0);
    assert_int_equal(name_kind((Span){stem, length}, NULL), NAME_PLAIN);
}

static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static size_t random_name(uint64_t *seed, char *name)
{
    static const char *const pieces[] = {
        ".",   "#",        "%",        "~",    "/", ".json", ".error",       ".rejected",
        "%2E", "\xC3\xBC", "\xC2\x85", "\xFF", "a", "%7E",   "\xE2\x82\xAC", "\xED\xA0\x80"};
    size_t count = next_random(seed) % (next_random(seed) % 8 == 0 ? 60 : 7), length = 0;

    for (size_t i = 0; i < count; i++) {
        const char *piece = pieces[next_random(seed) % COUNT(pieces)];

        if (next_random(seed) % 3 == 0) {
            name[length++] = (char)next_random(seed);
        } else {
            memcpy(name + length, piece, strlen(piece));
            length += strlen(piece);
        }
    }
    return length;
}

static void random_names_come_back(void **state)
{
    uint64_t seed = 0x5EED5EED5EEDULL;
    char name[1024];

    (void)state;
    for (int i = 0; i < 100000; i++) {
        _cleanup_buf_ Buf stem = BUF_INIT(4096), back = BUF_INIT(4096);
        size_t length = random_name(&seed, name);

        assert_int_equal(name_encode((Span){name, length}, "ins_1.json", &stem), 0);
        check_stem(stem.data, stem.len);
        if (memchr(stem.data, '~', stem.len)) {
            assert_int_equal(name_decode((Span){stem.data, stem.len}, &back), -ERR_INVALID);
            continue;
        }
        assert_int_equal(name_decode((Span){stem.data, stem.len}, &back), 0);
        assert_true(span_equal((Span){buf_text(&back), back.len}, (Span){name, length}));
    }
}

/* Whatever decodes is what encoding gives: so no two stems stand for one name. */
static void random_stems_have_one_spelling(void **state)
{
    uint64_t seed = 0xC0FFEE5EEDULL;
    char stem[1024];
    int decoded = 0;

    (void)state;
    for (int i = 0; i < 100000; i++) {
        _cleanup_buf_ Buf name = BUF_INIT(4096), again = BUF_INIT(4096);
        size_t length = random_name(&seed, stem);

        if (name_decode((Span){stem, length}, &name) < 0)
            continue;
        decoded++;
        assert_int_equal(name_encode((Span){buf_text(&name), name.len}, "i", &again), 0);
        assert_true(span_equal((Span){again.data, again.len}, (Span){stem, length}));
    }
    assert_true(decoded > 1000);
}

static void a_file_name_has_a_kind(void **state)
{
    static const struct {
        const char *file_name;
        enum NameKind kind;
        const char *stem;
    } samples[] = {
        {"a.json", NAME_INSTANCE, "a"},
        {"a.json.rejected", NAME_REJECTED, "a"},
        {"a.json.error", NAME_ERROR, "a"},
        {"a", NAME_PLAIN, NULL},
        {"a.rejected", NAME_PLAIN, NULL},
        {"a.JSON", NAME_PLAIN, NULL},
        {".json", NAME_HIDDEN, NULL},
        {".a.json.swp", NAME_HIDDEN, NULL},
        {"#a.json#", NAME_HIDDEN, NULL},
        {"#a.json", NAME_HIDDEN, NULL},
        {"a.json~", NAME_HIDDEN, NULL},
        {"4913", NAME_PLAIN, NULL},
        {"a~ins_1.json", NAME_INSTANCE, "a~ins_1"},
        {"a.json.json", NAME_INSTANCE, "a.json"},
        {"", NAME_HIDDEN, NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(samples); i++) {
        Span stem = {NULL, 0};

        assert_int_equal(name_kind(span_of(samples[i].file_name), &stem), samples[i].kind);
        assert_int_equal(stem.at != NULL, samples[i].stem != NULL);
        if (samples[i].stem)
            assert_true(span_is(stem, samples[i].stem));
    }
}

static void only_plain_names_may_be_created(void **state)
{
    static const char *const good[] = {"a", "web-1", "A.b_c-9",
                                       "123456789012345678901234567890123456789012345678901234567890123"};
    static const char *const bad[] = {"",
                                      "-a",
                                      "a-",
                                      "a b",
                                      ".a",
                                      "untitled folder",
                                      "a/b",
                                      "a.json",
                                      "\xC3\xBC",
                                      "a.error",
                                      "a.rejected",
                                      "a~b",
                                      "1234567890123456789012345678901234567890123456789012345678901234"};

    (void)state;
    for (size_t i = 0; i < COUNT(good); i++)
        assert_true(name_may_create(span_of(good[i]), NULL));
    for (size_t i = 0; i < COUNT(bad); i++) {
        const char *reason = NULL;

        assert_false(name_may_create(span_of(bad[i]), &reason));
        assert_non_null(reason);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_stems_are_one_to_one),
        cmocka_unit_test(stems_that_no_name_has_are_refused),
        cmocka_unit_test(twins_carry_their_id),
        cmocka_unit_test(long_names_are_cut_between_characters),
        cmocka_unit_test(ids_must_leave_room),
        cmocka_unit_test(random_names_come_back),
        cmocka_unit_test(random_stems_have_one_spelling),
        cmocka_unit_test(a_file_name_has_a_kind),
        cmocka_unit_test(only_plain_names_may_be_created),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
