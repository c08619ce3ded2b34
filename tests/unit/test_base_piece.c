/* piece: a file's bytes, loaded where that can be done, read where it can't. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "error.h"
#include "piece.h"

enum { MOST_BYTES = 100 };

static char folder[] = "/tmp/piece.XXXXXX";

static const char *path_of(const char *name)
{
    static char path[64];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static const char *file_of(const char *name, const char *text)
{
    assert_int_equal(fsio_write(fsio_system(), path_of(name), text, strlen(text)), 0);
    return path_of(name);
}

static void assert_holds(const Piece *piece, const char *text)
{
    assert_int_equal(piece_count(piece), strlen(text));
    assert_memory_equal(piece_bytes(piece), text, strlen(text));
}

static int read_system(Fsio *fsio, const char *path, Buf *into, FsioFacts *ret_facts)
{
    (void)fsio;
    return fsio_read(fsio_system(), path, into, ret_facts);
}

static Fsio *without_load(void)
{
    static const FsioOps ops = {.read = read_system};
    static Fsio fsio = {.ops = &ops};

    return &fsio;
}

static void it_stays_as_it_was_when_the_file_is_replaced_and_gone(void **state)
{
    Fsio *const ways[] = {fsio_system(), without_load()};

    (void)state;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        Piece *piece;

        assert_int_equal(piece_of_file(ways[i], file_of("one", "as it was"), MOST_BYTES, &piece), 0);
        assert_int_equal(fsio_replace(fsio_system(), path_of("one"), "as it is", 8), 0);
        assert_holds(piece, "as it was");
        assert_int_equal(fsio_remove(fsio_system(), path_of("one")), 0);
        assert_ptr_equal(piece_ref(piece), piece);
        assert_null(piece_unref(piece));
        assert_holds(piece, "as it was");
        assert_null(piece_unref(piece));
    }
    assert_null(piece_unref(NULL));
}

static void a_file_that_is_empty_missing_or_too_long(void **state)
{
    Fsio *const ways[] = {fsio_system(), without_load()};
    char text[MOST_BYTES + 2] = "";

    (void)state;
    memset(text, 'x', MOST_BYTES + 1);
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        Piece *piece;

        assert_int_equal(piece_of_file(ways[i], path_of("missing"), MOST_BYTES, &piece), -ERR_NOT_FOUND);
        assert_int_equal(piece_of_file(ways[i], file_of("long", text), MOST_BYTES, &piece), -ERR_TOO_BIG);
        assert_int_equal(piece_of_file(ways[i], file_of("long", text + 1), MOST_BYTES, &piece), 0);
        assert_holds(piece, text + 1);
        piece_unref(piece);
        assert_int_equal(piece_of_file(ways[i], file_of("empty", ""), MOST_BYTES, &piece), 0);
        assert_holds(piece, "");
        piece_unref(piece);
    }
}

static void a_link_is_not_followed(void **state)
{
    char link[64];
    Piece *piece;

    (void)state;
    snprintf(link, sizeof link, "%s/link", folder);
    assert_int_equal(symlink(file_of("real", "text"), link), 0);
    assert_int_equal(piece_of_file(fsio_system(), link, MOST_BYTES, &piece), -ERR_NO_ACCESS);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    static const char *const names[] = {"long", "empty", "real", "link"};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unlink(path_of(names[i]));
    return rmdir(folder);
}

/* Some are read in halves. */
static void a_large_file_is_there_to_its_last_byte(void **state)
{
    static const size_t sizes[] = {8 << 20, (8 << 20) + 1, (9 << 20) + 4097, (16 << 20) - 3};

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        size_t count = sizes[i];
        char *bytes = malloc(count);
        Piece *piece;

        assert_non_null(bytes);
        for (size_t k = 0; k < count; k++)
            bytes[k] = (char)(k * 2654435761U >> 13);
        assert_int_equal(fsio_write(fsio_system(), path_of("large"), bytes, count), 0);
        assert_int_equal(piece_of_file(fsio_system(), path_of("large"), count, &piece), 0);
        assert_int_equal(piece_count(piece), count);
        assert_true(memcmp(piece_bytes(piece), bytes, count) == 0);
        assert_null(piece_unref(piece));
        assert_int_equal(fsio_remove(fsio_system(), path_of("large")), 0);
        free(bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_stays_as_it_was_when_the_file_is_replaced_and_gone),
        cmocka_unit_test(a_file_that_is_empty_missing_or_too_long),
        cmocka_unit_test(a_link_is_not_followed),
        cmocka_unit_test(a_large_file_is_there_to_its_last_byte),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
