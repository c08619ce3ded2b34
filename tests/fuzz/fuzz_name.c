/* Names as file names. The first byte says how long the first of two names is; the rest is the second one, and then a stem. */
#include "error.h"
#include "fuzz.h"
#include "name.h"

static const char id[] = "ins_1", twin_id[] = "ins_2";

/* What any file name must be that comes from the network. */
static void check_stem(Span stem)
{
    Buf file = BUF_INIT(FUZZ_BUF_CAP);
    Span found;

    FUZZ_HOLDS(stem.len > 0 && stem.len + NAME_SUFFIX_BYTES <= NAME_BYTES_MAX);
    FUZZ_HOLDS(!memchr(stem.at, '/', stem.len) && !memchr(stem.at, '\0', stem.len));
    FUZZ_HOLDS(stem.at[0] != '.' && stem.at[0] != '#');
    FUZZ_HOLDS(name_kind(stem, NULL) == NAME_PLAIN);
    for (size_t i = 0; i < stem.len; i++)
        FUZZ_HOLDS((unsigned char)stem.at[i] >= 0x20 && stem.at[i] != 0x7F);
    FUZZ_HOLDS(buf_append(&file, stem.at, stem.len) == 0 && buf_append_str(&file, ".json") == 0);
    FUZZ_HOLDS(name_kind(fuzz_span(&file), &found) == NAME_INSTANCE && span_equal(found, stem));
    FUZZ_HOLDS(buf_append_str(&file, ".rejected") == 0);
    FUZZ_HOLDS(name_kind(fuzz_span(&file), &found) == NAME_REJECTED && span_equal(found, stem));
    FUZZ_HOLDS(buf_resize(&file, file.len - strlen(".rejected")) == 0 && buf_append_str(&file, ".error") == 0);
    FUZZ_HOLDS(name_kind(fuzz_span(&file), &found) == NAME_ERROR && span_equal(found, stem));
    buf_release(&file);
}

static bool is_cut(Span stem)
{
    return memchr(stem.at, '~', stem.len) != NULL;
}

/* The stem of a name, which is checked; in `into`. */
static void check_name(Span name, Buf *into)
{
    Buf back = BUF_INIT(FUZZ_BUF_CAP), twin = BUF_INIT(FUZZ_BUF_CAP);
    const char *reason = NULL;

    FUZZ_HOLDS(name_encode(name, id, into) == 0);
    check_stem(fuzz_span(into));
    if (is_cut(fuzz_span(into))) {
        FUZZ_HOLDS(name.len > NAME_BYTES_MAX / 6);
        FUZZ_HOLDS(name_decode(fuzz_span(into), &back) == -ERR_INVALID);
    } else {
        FUZZ_HOLDS(name_decode(fuzz_span(into), &back) == 0);
        FUZZ_HOLDS(span_equal(fuzz_span(&back), name));
    }
    FUZZ_HOLDS(name_encode_twin(name, twin_id, &twin) == 0);
    check_stem(fuzz_span(&twin));
    FUZZ_HOLDS(!span_equal(fuzz_span(&twin), fuzz_span(into)));
    FUZZ_HOLDS(is_cut(fuzz_span(&twin)));
    if (name_may_create(name, &reason))
        FUZZ_HOLDS(span_equal(fuzz_span(into), name));
    else
        FUZZ_HOLDS(reason && reason[0]);
    buf_release(&back);
    buf_release(&twin);
}

/* A file name that decodes is the one that its name has, or nobody's. */
static void check_decode(Span stem)
{
    Buf name = BUF_INIT(FUZZ_BUF_CAP), again = BUF_INIT(FUZZ_BUF_CAP);

    if (name_decode(stem, &name) == 0) {
        FUZZ_HOLDS(name_encode(fuzz_span(&name), id, &again) == 0);
        FUZZ_HOLDS(span_equal(fuzz_span(&again), stem) || is_cut(fuzz_span(&again)));
    }
    buf_release(&name);
    buf_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    Fuzz fuzz = {bytes, count};
    Buf stem_a = BUF_INIT(FUZZ_BUF_CAP), stem_b = BUF_INIT(FUZZ_BUF_CAP);
    size_t wanted = fuzz_byte(&fuzz), first = wanted < fuzz.left ? wanted : fuzz.left;
    char *a = fuzz_text((Span){(const char *)fuzz.at, first});
    char *b = fuzz_text((Span){(const char *)fuzz.at + first, fuzz.left - first});
    Span name_a = {a, first}, name_b = {b, fuzz.left - first};

    fuzz_quiet();
    check_name(name_a, &stem_a);
    check_name(name_b, &stem_b);
    if (!is_cut(fuzz_span(&stem_a)) && !is_cut(fuzz_span(&stem_b)))
        FUZZ_HOLDS(span_equal(fuzz_span(&stem_a), fuzz_span(&stem_b)) == span_equal(name_a, name_b));
    check_decode(name_a);
    check_decode(name_b);
    buf_release(&stem_a);
    buf_release(&stem_b);
    free(a);
    free(b);
    return 0;
}
