/* What is said to be wrong, and since when, for each case alone and for several at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "buf.h"
#include "error.h"
#include "verdict.h"

enum { NOW_MS = 1000000, STARTED_MS = 100000, DOCUMENT_BYTES = 1 << 20 };

static Facts well(void)
{
    Facts facts = {.wall_ms = NOW_MS, .started_wall_ms = STARTED_MS, .last_error = "", .notice = ""};

    facts.instances = facts.projects = (StoreListFacts){.complete = true, .ttl_ms = 10000};
    facts.api.next_ms = -1;
    return facts;
}

static void token(Facts *facts)
{
    facts->api.token_latched = true;
    facts->token.refused_wall_ms = NOW_MS - 4000;
    facts->refusal = failure_make(-ERR_TOKEN, "The token has expired.");
}

static void version_refused(Facts *facts)
{
    facts->api.version_refused = true;
    facts->api.notice_ms = 5000;
    facts->notice = "The API refuses it.";
}

static void version_leaving(Facts *facts)
{
    facts->api.notice_ms = 6000;
    facts->notice = "It is going away.";
}

static void unreachable(Facts *facts)
{
    facts->api.unreachable = true;
    facts->api.unreachable_ms = 7000;
    facts->api.unreachable_calls = 6;
    facts->api.unreachable_code = -ERR_ROUTE;
    facts->store.trouble = true;
    facts->store.trouble_ms = 7500;
}

static void trouble(Facts *facts)
{
    facts->store.trouble = true;
    facts->store.trouble_ms = 8000;
}

static void day(Facts *facts)
{
    facts->api.day_spent = true;
    facts->api.day_spent_ms = 9000;
    facts->api.day_used = 9500;
    facts->api.day_limit = 10000;
}

static void held(Facts *facts)
{
    facts->api.held_ms = 500;
    facts->api.holding_ms = 10000;
}

static void minute(Facts *facts)
{
    facts->api.why = API_WAIT_MINUTE;
    facts->api.longest_ms = 11000;
}

static void read_only(Facts *facts)
{
    facts->read_only = failure_make(-ERR_DISK, "2 files of the journal are damaged.");
}

static void journal(Facts *facts)
{
    facts->store.disk_code = -ERR_NO_SPACE;
    facts->store.disk_ms = 12000;
}

static void count(Facts *facts)
{
    facts->api.day_in_memory = true;
    facts->api.day_in_memory_ms = 13000;
}

static void snapshot(Facts *facts)
{
    facts->store.kept_code = -ERR_DISK;
    facts->store.kept_ms = 14000;
}

static void unsettled(Facts *facts)
{
    facts->store.unsettled = 1;
    facts->store.unsettled_name = "web-8";
    facts->store.unsettled_wall_ms = NOW_MS - 15000;
}

static void texts(Facts *facts)
{
    facts->store.rejected = 3;
    facts->store.rejected_name = "web-9";
    facts->store.rejected_wall_ms = NOW_MS - 16000;
}

static void stale(Facts *facts)
{
    facts->instances.stale = true;
    facts->instances.age_ms = 27000;
}

/* What has been wrong for how long, by the wall clock. */
static const struct {
    void (*happens)(Facts *facts);
    const char *word;
    enum VerdictState state;
    int64_t since_ms;
    const char *detail; /* a part of it */
} cases[] = {
    {token, "token_refused", VERDICT_BROKEN, NOW_MS - 4000, "has expired"},
    {version_refused, "version_refused", VERDICT_BROKEN, NOW_MS - 5000, "refuses it"},
    {version_leaving, "version_leaving", VERDICT_DEGRADED, NOW_MS - 6000, "going away"},
    {unreachable, "unreachable", VERDICT_BROKEN, NOW_MS - 7000, "6 calls"},
    {trouble, "trouble", VERDICT_DEGRADED, NOW_MS - 8000, ""},
    {day, "day_spent", VERDICT_DEGRADED, NOW_MS - 9000, "9500 of 10000"},
    {held, "rate_limited", VERDICT_DEGRADED, NOW_MS - 10000, "in 1 s"},
    {minute, "minute_spent", VERDICT_DEGRADED, NOW_MS - 11000, "stand in line"},
    {read_only, "read_only", VERDICT_DEGRADED, STARTED_MS, "damaged"},
    {journal, "journal", VERDICT_DEGRADED, NOW_MS - 12000, "no space"},
    {count, "budget_disk", VERDICT_DEGRADED, NOW_MS - 13000, ""},
    {snapshot, "snapshot", VERDICT_DEGRADED, NOW_MS - 14000, "disk failed"},
    {unsettled, "unsettled", VERDICT_DEGRADED, NOW_MS - 15000, "1 of them, the oldest of `web-8`"},
    {texts, "kept_texts", VERDICT_DEGRADED, NOW_MS - 16000, "3 of them, the oldest of `web-9`"},
    {stale, "stale_lists", VERDICT_DEGRADED, NOW_MS - 17000, ""},
};

enum { CASES = sizeof cases / sizeof cases[0] };

static void test_all_is_well(void **state)
{
    const Facts facts = well();
    Verdict verdict;

    (void)state;
    verdict_judge(&facts, &verdict);
    assert_int_equal(verdict.state, VERDICT_OK);
    assert_int_equal(verdict.count, 0);
    assert_int_equal(verdict.since_wall_ms, 0);
}

static void test_each_reason_alone(void **state)
{
    (void)state;
    for (size_t i = 0; i < CASES; i++) {
        Facts facts = well();
        Verdict verdict;

        cases[i].happens(&facts);
        verdict_judge(&facts, &verdict);
        if (verdict.count != 1 || strcmp(verdict.reasons[0].word, cases[i].word) != 0)
            fail_msg("%s: %zu reasons, first %s", cases[i].word, verdict.count, verdict.reasons[0].word);
        assert_int_equal(verdict.state, cases[i].state);
        assert_int_equal(verdict.since_wall_ms, cases[i].since_ms);
        assert_int_equal(verdict.reasons[0].since_wall_ms, cases[i].since_ms);
        if (!strstr(verdict.reasons[0].detail, cases[i].detail))
            fail_msg("%s: %s", cases[i].word, verdict.reasons[0].detail);
        assert_true(verdict.reasons[0].meanwhile[0] && verdict.reasons[0].mend[0]);
        assert_true(verdict_has(&verdict, cases[i].word));
    }
}

static void test_every_reason_has_a_case(void **state)
{
    size_t count = 0;

    (void)state;
    while (verdict_word(count))
        count++;
    assert_int_equal(count, CASES);
}

static void test_the_worst_comes_first_and_dates_the_verdict(void **state)
{
    Facts facts = well();
    Verdict verdict;

    (void)state;
    texts(&facts);
    stale(&facts);
    token(&facts);
    verdict_judge(&facts, &verdict);
    assert_int_equal(verdict.state, VERDICT_BROKEN);
    assert_int_equal(verdict.count, 3);
    assert_string_equal(verdict.reasons[0].word, "token_refused");
    assert_int_equal(verdict.since_wall_ms, NOW_MS - 4000);
    facts.api.token_latched = false;
    verdict_judge(&facts, &verdict);
    assert_int_equal(verdict.state, VERDICT_DEGRADED);
    assert_int_equal(verdict.since_wall_ms, NOW_MS - 17000); /* of those two, the older */
}

static void test_trouble_that_has_a_better_name_is_told_once(void **state)
{
    static void (*const better[])(Facts * facts) = {token, version_refused, unreachable, day, held};

    (void)state;
    for (size_t i = 0; i < sizeof better / sizeof better[0]; i++) {
        Facts facts = well();
        Verdict verdict;

        trouble(&facts);
        better[i](&facts);
        verdict_judge(&facts, &verdict);
        assert_int_equal(verdict.count, 1);
        assert_false(verdict_has(&verdict, "trouble"));
    }
}

static void test_what_an_earlier_mount_left_is_no_trouble_by_itself(void **state)
{
    Facts facts = well();
    Verdict verdict;

    (void)state;
    stale(&facts);
    facts.instances.warm = true;
    verdict_judge(&facts, &verdict);
    assert_int_equal(verdict.state, VERDICT_OK);
    trouble(&facts);
    verdict_judge(&facts, &verdict);
    assert_true(verdict_has(&verdict, "stale_lists"));
}

static void read_document(Buf *into)
{
    FILE *file = fopen(SKY_SOURCE_ROOT "/docs/monitoring.md", "r");
    char chunk[4096];
    size_t bytes;

    assert_non_null(file);
    while ((bytes = fread(chunk, 1, sizeof chunk, file)) > 0)
        assert_int_equal(buf_append(into, chunk, bytes), 0);
    fclose(file);
}

static void test_the_document_lists_each_reason(void **state)
{
    _cleanup_buf_ Buf document = BUF_INIT(DOCUMENT_BYTES);

    (void)state;
    read_document(&document);
    for (size_t i = 0; i < CASES; i++) {
        Facts facts = well();
        Verdict verdict;
        char row[512];

        cases[i].happens(&facts);
        verdict_judge(&facts, &verdict);
        snprintf(row, sizeof row, "\n| `%s` | %s | %s |\n", cases[i].word, verdict_state_word(cases[i].state),
                 verdict.reasons[0].sentence);
        if (!strstr(buf_text(&document), row))
            fail_msg("docs/monitoring.md does not have this line:%s", row);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_is_well),
        cmocka_unit_test(test_each_reason_alone),
        cmocka_unit_test(test_every_reason_has_a_case),
        cmocka_unit_test(test_the_worst_comes_first_and_dates_the_verdict),
        cmocka_unit_test(test_trouble_that_has_a_better_name_is_told_once),
        cmocka_unit_test(test_what_an_earlier_mount_left_is_no_trouble_by_itself),
        cmocka_unit_test(test_the_document_lists_each_reason),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
