/* The ids that a name had before: none of them may be taken for the new instance, and no other one for one of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "error.h"
#include "known_ids.h"

static void those_that_were_added_are_known(void **state)
{
    _cleanup_buf_ Buf ids = BUF_INIT(64);

    (void)state;
    assert_int_equal(known_ids_add(&ids, "ins_1"), 0);
    assert_int_equal(known_ids_add(&ids, "ins_2"), 0);
    assert_true(known_ids_have(buf_text(&ids), "ins_1"));
    assert_true(known_ids_have(buf_text(&ids), "ins_2"));
    assert_false(known_ids_have(buf_text(&ids), "ins_3"));
    assert_false(known_ids_have(buf_text(&ids), "ins"));
    assert_false(known_ids_have(buf_text(&ids), "s_1"));
    assert_false(known_ids_have("", "ins_1"));
}

static void a_part_of_an_id_with_blanks_is_another_id(void **state)
{
    _cleanup_buf_ Buf ids = BUF_INIT(64);

    (void)state;
    assert_int_equal(known_ids_add(&ids, "a b c"), 0);
    assert_true(known_ids_have(buf_text(&ids), "a b c"));
    assert_false(known_ids_have(buf_text(&ids), "a"));
    assert_false(known_ids_have(buf_text(&ids), "b"));
    assert_false(known_ids_have(buf_text(&ids), "b c"));
}

static void one_that_does_not_fit_is_an_error_not_a_gap(void **state)
{
    _cleanup_buf_ Buf ids = BUF_INIT(8);

    (void)state;
    assert_int_equal(known_ids_add(&ids, "ins_1"), 0);
    assert_int_equal(known_ids_add(&ids, "ins_2"), -ERR_TOO_BIG);
    assert_true(known_ids_have(buf_text(&ids), "ins_1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(those_that_were_added_are_known),
        cmocka_unit_test(a_part_of_an_id_with_blanks_is_another_id),
        cmocka_unit_test(one_that_does_not_fit_is_an_error_not_a_gap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
