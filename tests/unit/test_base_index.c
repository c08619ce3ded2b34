/* The index of things by hash: what is in it is found, whatever came and went, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "index.h"

enum { THINGS = 5000, ROUNDS = 40000 };

static int things[THINGS];

static bool is_in(const Index *index, uint32_t hash, const void *wanted)
{
    for (size_t at = index_first(index, hash); index_thing(index, at); at = index_next(index, at)) {
        if (index_thing(index, at) == wanted)
            return true;
    }
    return false;
}

static void an_empty_one_has_nothing(void **state)
{
    Index index = {.room = 0};

    (void)state;
    assert_null(index_thing(&index, index_first(&index, 0)));
    index_remove(&index, 0, &things[0]);
    index_release(&index);
}

/* Few hashes for many things, and all of them near the table's end, so that searches run on and around. */
static uint32_t crowded(size_t i)
{
    return UINT32_MAX - (uint32_t)(i % 7);
}

static uint32_t usual(size_t i)
{
    return index_hash(&i, sizeof i);
}

static void come_and_go(uint32_t (*hash_of)(size_t), size_t count, size_t rounds)
{
    static bool there[THINGS];
    uint64_t chance = 1;
    Index index = {.room = 0};
    size_t in = 0;

    for (size_t i = 0; i < count; i++)
        there[i] = false;
    for (size_t round = 0; round < rounds; round++) {
        size_t i = (size_t)((chance = chance * UINT64_C(6364136223846793005) + 1442695040888963407) >> 33) % count;

        if (there[i])
            index_remove(&index, hash_of(i), &things[i]);
        else
            assert_int_equal(index_add(&index, hash_of(i), &things[i]), 0);
        there[i] = !there[i];
        in = there[i] ? in + 1 : in - 1;
        assert_int_equal(index.count, in);
        assert_int_equal(is_in(&index, hash_of(i), &things[i]), there[i]);
    }
    for (size_t i = 0; i < count; i++)
        assert_int_equal(is_in(&index, hash_of(i), &things[i]), there[i]);
    index_release(&index);
}

static void what_comes_and_goes_is_found_while_it_is_there(void **state)
{
    (void)state;
    come_and_go(usual, THINGS, ROUNDS);
}

static void so_it_is_where_all_want_the_same_slot(void **state)
{
    (void)state;
    come_and_go(crowded, 100, ROUNDS);
}

static void a_large_one_costs_less_than_32_bytes_a_thing(void **state)
{
    Index index = {.room = 0};

    (void)state;
    for (size_t i = 0; i < THINGS; i++)
        assert_int_equal(index_add(&index, usual(i), &things[i]), 0);
    assert_in_range(index.room * 12 / THINGS, 12, 31);
    index_release(&index);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_one_has_nothing),
        cmocka_unit_test(what_comes_and_goes_is_found_while_it_is_there),
        cmocka_unit_test(so_it_is_where_all_want_the_same_slot),
        cmocka_unit_test(a_large_one_costs_less_than_32_bytes_a_thing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
