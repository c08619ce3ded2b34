/* buf's memory handed on, and heap's mapped ahead. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "buf.h"
#include "heap.h"

static void a_buffer_gives_its_memory_to_one_that_has_less(void **state)
{
    Buf from = BUF_INIT(4096), to = BUF_INIT(8192);
    const char *memory;

    (void)state;
    assert_int_equal(buf_append_str(&from, "the text is not given"), 0);
    memory = from.data;
    buf_give_memory(&from, &to);
    assert_ptr_equal(to.data, memory);
    assert_string_equal(buf_text(&to), "");
    assert_int_equal(to.len, 0);
    assert_int_equal(buf_append_str(&to, "another"), 0);
    assert_ptr_equal(to.data, memory);
    assert_null(from.data);
    assert_int_equal(from.cap, 4096);
    buf_release(&to);
}

static void it_keeps_what_is_larger(void **state)
{
    Buf from = BUF_INIT(4096), to = BUF_INIT(4096);
    const char *memory;

    (void)state;
    assert_int_equal(buf_append_str(&from, "small"), 0);
    assert_int_equal(buf_resize(&to, 1000), 0);
    buf_clear(&to);
    memory = to.data;
    buf_give_memory(&from, &to);
    assert_ptr_equal(to.data, memory);
    assert_null(from.data);
    buf_give_memory(&from, &to);
    assert_ptr_equal(to.data, memory);
    buf_release(&to);
}

static void it_takes_no_more_than_it_may_hold(void **state)
{
    Buf from = BUF_INIT(4096), to = BUF_INIT(100);

    (void)state;
    assert_int_equal(buf_resize(&from, 1000), 0);
    buf_give_memory(&from, &to);
    assert_null(from.data);
    assert_null(to.data);
}

static long faults(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_minflt;
}

/* Where malloc is another one (a sanitizer's, valgrind's) or the kernel is old, there is nothing to see. */
static bool is_mapped_ahead(void)
{
    void *piece = malloc(1);
    bool is_the_heaps = (uintptr_t)sbrk(0) - (uintptr_t)piece < (UINT64_C(1) << 24);
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uintptr_t last = ((uintptr_t)sbrk(0) & ~(page - 1)) - page;
    unsigned char resident = 0;

    free(piece);
    return is_the_heaps && mincore((void *)last, page, &resident) == 0 && (resident & 1);
}

static void memory_that_was_prepared_is_there(void **state)
{
    enum { PIECES = 500, PIECE_BYTES = 2000 };
    static char *pieces[PIECES];
    long before;

    (void)state;
    heap_init();
    heap_prepare(PIECES * (PIECE_BYTES + 16));
    if (!is_mapped_ahead())
        skip();
    before = faults();
    for (size_t i = 0; i < PIECES; i++) {
        pieces[i] = malloc(PIECE_BYTES);
        assert_non_null(pieces[i]);
        memset(pieces[i], 1, PIECE_BYTES);
    }
    assert_in_range(faults() - before, 0, 20); /* and not the 244 pages that they take */
    for (size_t i = 0; i < PIECES; i++)
        free(pieces[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_that_was_prepared_is_there),
        cmocka_unit_test(a_buffer_gives_its_memory_to_one_that_has_less),
        cmocka_unit_test(it_keeps_what_is_larger),
        cmocka_unit_test(it_takes_no_more_than_it_may_hold),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
