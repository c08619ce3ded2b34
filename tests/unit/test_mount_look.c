#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "look.h"

/* Answers that go by until the next look. */
static unsigned answers_without(Look *look)
{
    unsigned count = 0;

    while (!look_pays(look))
        count++;
    return count;
}

static void a_look_that_finds_is_followed_by_another(void **state)
{
    Look look = {0};

    (void)state;
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(answers_without(&look), 0);
        look_note(&look, true);
    }
}

static void looks_in_vain_become_rare(void **state)
{
    static const unsigned pauses[] = {0, 0, 8, 16, 32, 64, 128, 256, 512, 512, 512};
    Look look = {0};

    (void)state;
    for (size_t i = 0; i < sizeof pauses / sizeof *pauses; i++) {
        look_note(&look, false);
        assert_int_equal(answers_without(&look), pauses[i]);
    }
    for (int i = 0; i < 100000; i++)
        look_note(&look, false);
    assert_int_equal(answers_without(&look), LOOK_PAUSE_MAX);
}

static void one_that_finds_ends_the_pauses(void **state)
{
    Look look = {0};

    (void)state;
    for (int i = 0; i < 20; i++)
        look_note(&look, false);
    look_note(&look, true);
    assert_int_equal(answers_without(&look), 0);
    look_note(&look, false);
    assert_int_equal(answers_without(&look), 0); /* one miss is none */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_look_that_finds_is_followed_by_another),
        cmocka_unit_test(looks_in_vain_become_rare),
        cmocka_unit_test(one_that_finds_ends_the_pauses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
