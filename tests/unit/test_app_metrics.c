/* The one table of metrics: its names are as Prometheus wants them, and docs/monitoring.md lists it as it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "buf.h"
#include "metrics_table.h"

enum { DOCUMENT_BYTES = 1 << 20 };

static const struct {
    const char *name, *type, *help;
} table[] = {
#define ROW(collector, name, type, help) {name, type, help},
    METRICS_TABLE(ROW)
#undef ROW
};

enum { METRICS = sizeof table / sizeof table[0] };

static void read_document(Buf *into)
{
    FILE *file = fopen(SKY_SOURCE_ROOT "/docs/monitoring.md", "r");
    char chunk[4096];
    size_t count;

    assert_non_null(file);
    while ((count = fread(chunk, 1, sizeof chunk, file)) > 0)
        assert_int_equal(buf_append(into, chunk, count), 0);
    fclose(file);
}

static void test_the_document_lists_the_table(void **state)
{
    _cleanup_buf_ Buf document = BUF_INIT(DOCUMENT_BYTES), list = BUF_INIT(DOCUMENT_BYTES);

    (void)state;
    read_document(&document);
    assert_int_equal(buf_append_str(&list, "| metric | type | what it says |\n|---|---|---|\n"), 0);
    for (size_t i = 0; i < METRICS; i++)
        assert_int_equal(buf_printf(&list, "| `%s` | %s | %s. |\n", table[i].name, table[i].type, table[i].help), 0);
    assert_int_equal(buf_append_str(&list, "\n"), 0);
    if (!strstr(buf_text(&document), buf_text(&list)))
        fail_msg("docs/monitoring.md does not have this list:\n%s", buf_text(&list));
}

static int ends_in(const char *name, const char *end)
{
    size_t length = strlen(name), tail = strlen(end);

    return length >= tail && strcmp(name + length - tail, end) == 0;
}

static void test_names_are_as_prometheus_wants_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < METRICS; i++) {
        const char *name = table[i].name;

        if (strncmp(name, "skystackfs_", 11) != 0 || name[strspn(name, "abcdefghijklmnopqrstuvwxyz_")] != '\0')
            fail_msg("%s", name);
        if (ends_in(name, "_total") != (strcmp(table[i].type, "counter") == 0))
            fail_msg("%s: a counter, and no other, ends in _total", name);
        if (ends_in(name, "_count") || ends_in(name, "_sum") || ends_in(name, "_bucket"))
            fail_msg("%s: a histogram's", name);
        for (size_t other = 0; other < i; other++)
            assert_string_not_equal(name, table[other].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_document_lists_the_table),
        cmocka_unit_test(test_names_are_as_prometheus_wants_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
