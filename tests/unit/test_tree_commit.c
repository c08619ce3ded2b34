/* When a text that is being written is carried out: one row a situation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "commit.h"

typedef struct Case {
    const char *situation;
    CommitFacts facts;
    enum CommitVerdict verdict;
} Case;

static const Case cases[] = {
    {"a beginning waits", {.state = JSON_INCOMPLETE, .began_empty = true}, COMMIT_WAIT},
    {"a whole object is carried out", {.state = JSON_COMPLETE, .began_empty = true}, COMMIT_NOW},
    {"once only: white space after it is taken", {.state = JSON_COMPLETE, .committed = true, .began_empty = true}, COMMIT_WAIT},
    {"what can't be JSON is refused", {.state = JSON_INVALID, .began_empty = true}, COMMIT_REFUSE},
    {"so is more after a committed object", {.state = JSON_INVALID, .committed = true, .began_empty = true}, COMMIT_REFUSE},
    {"over an old text even a whole object waits for the close", {.state = JSON_COMPLETE}, COMMIT_WAIT},
    {"over an old text what is no JSON yet may become it", {.state = JSON_INVALID}, COMMIT_WAIT},
};

static void each_situation_has_its_verdict(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (commit_decide(&cases[i].facts) != cases[i].verdict)
            fail_msg("%s", cases[i].situation);
    }
}

/* However a text is cut into writes, exactly one of them carries it out: the one with the last brace. */
static void one_write_carries_a_text_out_however_it_is_cut(void **state)
{
    static const char text[] = "{\"name\": \"a}b\", \"n\": {\"x\": [1, 2]}}\n";
    size_t last_brace = (size_t)(strrchr(text, '}') - text);

    (void)state;
    for (size_t piece = 1; piece <= sizeof text; piece++) {
        CommitFacts facts = {.began_empty = true};
        unsigned commits = 0;
        JsonScan scan;

        json_scan_init(&scan, true);
        for (size_t at = 0; at < sizeof text - 1; at += piece) {
            size_t count = at + piece < sizeof text - 1 ? piece : sizeof text - 1 - at;

            facts.state = json_scan_feed(&scan, text + at, count);
            if (commit_decide(&facts) != COMMIT_NOW)
                continue;
            assert_true(at <= last_brace && last_brace < at + count);
            facts.committed = true;
            commits++;
        }
        assert_int_equal(commits, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_situation_has_its_verdict),
        cmocka_unit_test(one_write_carries_a_text_out_however_it_is_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
