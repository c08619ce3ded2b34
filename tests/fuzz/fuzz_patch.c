/* Merge patches: of two texts and a byte 0xFF between them (which JSON never holds), the first is turned into the second. */
#include <cjson/cJSON.h>

#include "fuzz.h"
#include "json.h"
#include "patch.h"
#include "strict_json.h"

#define _cleanup_text_ __attribute__((cleanup(buf_release)))
#define TEXT           BUF_INIT(FUZZ_BUF_CAP)

static const Span nothing = {"{}", 2};

/* The object without its nulls at any depth of objects: what a patch can tell of it. */
static void without_nulls(Span object, Buf *into)
{
    FUZZ_HOLDS(patch_apply(nothing, object, into) == 0);
}

static bool says_the_same(Span a, Span b)
{
    _cleanup_text_ Buf plain_a = TEXT, plain_b = TEXT;

    without_nulls(a, &plain_a);
    without_nulls(b, &plain_b);
    return json_equal(fuzz_span(&plain_a), fuzz_span(&plain_b));
}

/* RFC 7396 section 2, word by word. Takes the target over. */
static cJSON *merge(cJSON *target, const cJSON *patch)
{
    if (!cJSON_IsObject(patch)) {
        cJSON_Delete(target);
        return cJSON_Duplicate(patch, true);
    }
    if (!cJSON_IsObject(target)) {
        cJSON_Delete(target);
        target = cJSON_CreateObject();
    }
    for (const cJSON *each = patch->child; each; each = each->next) {
        cJSON *old = cJSON_DetachItemFromObjectCaseSensitive(target, each->string);

        if (cJSON_IsNull(each))
            cJSON_Delete(old);
        else
            cJSON_AddItemToObject(target, each->string, merge(old, each));
    }
    return target;
}

static void check_apply(Span target, Span patch, Span result)
{
    cJSON *their_patch, *ours, *theirs;

    if (!cjson_reads_all(target.at, target.len) || !cjson_reads_all(patch.at, patch.len))
        return;
    their_patch = cJSON_ParseWithLength(patch.at, patch.len);
    theirs = merge(cJSON_ParseWithLength(target.at, target.len), their_patch);
    ours = cJSON_ParseWithLength(result.at, result.len);
    FUZZ_HOLDS(ours && theirs && cJSON_Compare(ours, theirs, true));
    cJSON_Delete(their_patch);
    cJSON_Delete(ours);
    cJSON_Delete(theirs);
}

static void check_make(Span from, Span to)
{
    _cleanup_text_ Buf patch = TEXT, result = TEXT, rest = TEXT, path = TEXT;

    FUZZ_HOLDS(patch_make(from, to, true, NULL, &patch) == 0);
    FUZZ_HOLDS(json_check(fuzz_span(&patch), NULL) == 0);
    if (json_equal(from, to))
        FUZZ_HOLDS(span_is(fuzz_span(&patch), "{}"));
    FUZZ_HOLDS(patch_apply(from, fuzz_span(&patch), &result) == 0);
    FUZZ_HOLDS(says_the_same(fuzz_span(&result), to));
    FUZZ_HOLDS(patch_reduce(from, fuzz_span(&patch), &rest) == 0);
    FUZZ_HOLDS(json_equal(fuzz_span(&rest), fuzz_span(&patch)));
    FUZZ_HOLDS(patch_conflict(from, from, fuzz_span(&patch), &path) == 0);
    FUZZ_HOLDS(patch_conflict(from, fuzz_span(&result), fuzz_span(&patch), &path) == 0);
    FUZZ_HOLDS(path.len == 0);
}

/* A patch that leaves out what is gone adds and changes all that is there. */
static void check_make_without_removals(Span from, Span to)
{
    _cleanup_text_ Buf patch = TEXT, result = TEXT, again = TEXT;

    FUZZ_HOLDS(patch_make(from, to, false, NULL, &patch) == 0);
    FUZZ_HOLDS(patch_apply(from, fuzz_span(&patch), &result) == 0);
    FUZZ_HOLDS(patch_make(fuzz_span(&result), to, false, NULL, &again) == 0);
    FUZZ_HOLDS(span_is(fuzz_span(&again), "{}"));
}

/* Any object as a patch: applying it twice is applying it once, and what is left of it does the same as the whole. */
static void check_foreign(Span target, Span patch)
{
    _cleanup_text_ Buf once = TEXT, twice = TEXT, less = TEXT, by_less = TEXT, rest = TEXT;

    FUZZ_HOLDS(patch_apply(target, patch, &once) == 0);
    FUZZ_HOLDS(json_check(fuzz_span(&once), NULL) == 0);
    check_apply(target, patch, fuzz_span(&once));
    FUZZ_HOLDS(patch_apply(fuzz_span(&once), patch, &twice) == 0);
    FUZZ_HOLDS(json_equal(fuzz_span(&once), fuzz_span(&twice)));
    FUZZ_HOLDS(patch_reduce(target, patch, &less) == 0);
    FUZZ_HOLDS(patch_apply(target, fuzz_span(&less), &by_less) == 0);
    FUZZ_HOLDS(says_the_same(fuzz_span(&once), fuzz_span(&by_less)));
    FUZZ_HOLDS(patch_reduce(fuzz_span(&once), patch, &rest) == 0);
    FUZZ_HOLDS(span_is(fuzz_span(&rest), "{}"));
}

/* Of three objects laid over each other, the last one that has a member gives its value. */
static void check_overlay(Span a, Span b)
{
    const Span objects[] = {a, b, a};
    _cleanup_text_ Buf all = TEXT;
    Span name, value, found;
    JsonIter iter;

    FUZZ_HOLDS(patch_overlay(objects, 3, NULL, &all) == 0);
    FUZZ_HOLDS(json_check(fuzz_span(&all), NULL) == 0);
    for (int i = 0; i < 2; i++) {
        json_iter_init(&iter, i == 0 ? a : b);
        while (json_iter_next(&iter, &name, &value)) {
            _cleanup_text_ Buf decoded = TEXT;
            Span wanted = value;

            FUZZ_HOLDS(json_string(name, &decoded) == 0);
            if (memchr(buf_text(&decoded), '\0', decoded.len))
                continue;
            json_member(a, buf_text(&decoded), &wanted);
            FUZZ_HOLDS(json_member(fuzz_span(&all), buf_text(&decoded), &found) && json_equal(found, wanted));
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    Fuzz fuzz = {bytes, count};
    Span first = fuzz_until(&fuzz, 0xFF), second = fuzz_rest(&fuzz);
    char *text_a = fuzz_text(first), *text_b = fuzz_text(second);
    Span a = {text_a, first.len}, b = {text_b, second.len};

    fuzz_quiet();
    if (json_check(a, NULL) == 0 && json_check(b, NULL) == 0) {
        a = json_trim(a);
        b = json_trim(b);
        if (json_type(a) == JSON_OBJECT && json_type(b) == JSON_OBJECT) {
            check_make(a, b);
            check_make_without_removals(a, b);
            check_foreign(a, b);
            check_overlay(a, b);
        }
    }
    free(text_a);
    free(text_b);
    return 0;
}
