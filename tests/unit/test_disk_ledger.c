/* The day's count on disk: over restarts of us and of the machine, clocks that jump, damage, and two daemons at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crc32c.h"
#include "ledger_file.h"
#include "ledger_text.h"
#include "log.h"
#include "test_api_fakes.h"
#include "test_disk_fakes.h"

enum { HOUR_MS = 3600 * 1000, LIMIT = 1000 };

typedef struct Said {
    int times, code;
    unsigned granted, used;
} Said;

typedef struct Daemon {
    FakeWorker worker;
    Ledger *ledger;
} Daemon;

static FakeClock fake;
static Folder folder;
static Daemon daemons[2];

static void start(Daemon *daemon, const char *boot)
{
    const FakeWorker worker = FAKE_WORKER;

    *daemon = (Daemon){.worker = worker};
    daemon->ledger = ledger_file_new(fsio_system(), &daemon->worker.worker, &fake.clock, folder.path, boot);
    assert_non_null(daemon->ledger);
}

static void stop(Daemon *daemon)
{
    ledger_file_free(daemon->ledger);
}

static void on_claimed(void *ctx, int code, unsigned granted, const Budget *day)
{
    Said *said = ctx;
    Budget copy;

    said->times++;
    said->code = code;
    said->granted = granted;
    assert_true((code < 0) == (day == NULL));
    if (day)
        copy = *day;
    said->used = day ? budget_used(&copy, fake.now_ms) : 0;
}

static LedgerClaim claim_of(unsigned want)
{
    return (LedgerClaim){.account = "abc", .now_ms = fake.now_ms, .limit = LIMIT, .want = want};
}

static Said ask(Daemon *daemon, const LedgerClaim *claim)
{
    Said said = {0};

    assert_int_equal(ledger_claim(daemon->ledger, claim, on_claimed, &said), 0);
    assert_int_equal(said.times, 0);
    fake_drain(&daemon->worker.worker);
    assert_int_equal(said.times, 1);
    return said;
}

static unsigned used(Daemon *daemon)
{
    LedgerClaim claim = claim_of(0);
    Said said = ask(daemon, &claim);

    assert_int_equal(said.code, 0);
    return said.used;
}

static void setup(void)
{
    log_open(LOG_TO_STDERR, LOG_LEVEL_NONE);
    fake_clock_init(&fake);
    fake.now_ms = (int64_t)100 * HOUR_MS;
    folder = folder_make();
    start(&daemons[0], "boot-1");
}

static void end(void)
{
    stop(&daemons[0]);
    folder_remove(&folder);
}

static void what_is_claimed_is_granted_up_to_the_limit(void **state)
{
    LedgerClaim claim;
    Said said;

    (void)state;
    setup();
    claim = claim_of(600);
    said = ask(&daemons[0], &claim);
    assert_int_equal(said.granted, 600);
    assert_int_equal(said.used, 600);
    claim.keep = 100;
    said = ask(&daemons[0], &claim);
    assert_int_equal(said.granted, 300);
    claim.keep = 0;
    said = ask(&daemons[0], &claim);
    assert_int_equal(said.granted, 100);
    said = ask(&daemons[0], &claim);
    assert_int_equal(said.granted, 0);
    assert_int_equal(said.used, LIMIT);
    claim = (LedgerClaim){.account = "abc", .now_ms = fake.now_ms, .limit = LIMIT, .back = 7, .debt = 2};
    claim.back_at_ms = fake.now_ms;
    assert_int_equal(ask(&daemons[0], &claim).used, LIMIT - 7 + 2);
    end();
}

static void it_is_on_disk_before_it_is_granted(void **state)
{
    LedgerClaim claim;

    (void)state;
    setup();
    claim = claim_of(40);
    assert_int_equal(ask(&daemons[0], &claim).granted, 40);
    start(&daemons[1], "boot-1"); /* the first one was killed */
    assert_int_equal(used(&daemons[1]), 40);
    stop(&daemons[1]);
    end();
}

static void a_day_later_it_is_forgotten_and_not_sooner(void **state)
{
    LedgerClaim claim;

    (void)state;
    setup();
    claim = claim_of(40);
    ask(&daemons[0], &claim);
    fake.now_ms += LEDGER_DAY_MS;
    assert_int_equal(used(&daemons[0]), 40);
    fake.now_ms += LEDGER_DAY_MS / BUDGET_PARTS + 1;
    assert_int_equal(used(&daemons[0]), 0);
    end();
}

static void two_daemons_never_get_more_than_the_limit_together(void **state)
{
    LedgerClaim claim;
    unsigned granted = 0;

    (void)state;
    setup();
    start(&daemons[1], "boot-1");
    for (int i = 0; i < 100; i++) {
        claim = claim_of(17);
        granted += ask(&daemons[i % 2], &claim).granted;
        fake.now_ms += 1000;
    }
    assert_int_equal(granted, LIMIT);
    stop(&daemons[1]);
    end();
}

static void while_another_has_the_lock_it_is_busy(void **state)
{
    _cleanup_buf_ Buf path = BUF_INIT(256);
    LedgerClaim claim;
    int lock;

    (void)state;
    setup();
    claim = claim_of(1);
    ask(&daemons[0], &claim);
    buf_printf(&path, "%s/abc.lock", folder.path);
    assert_int_equal(fsio_lock(fsio_system(), buf_text(&path), &lock), 0);
    assert_int_equal(ask(&daemons[0], &claim).code, -ERR_BUSY);
    fsio_unlock(fsio_system(), lock);
    assert_int_equal(ask(&daemons[0], &claim).code, 0);
    end();
}

/* What is left of 40 that were claimed an hour before the machine started anew. */
static unsigned after_a_restart(int64_t uptime_ms, int64_t wall_jump_ms)
{
    LedgerClaim claim;
    unsigned left;

    setup();
    claim = claim_of(40);
    ask(&daemons[0], &claim);
    fake.now_ms = uptime_ms;
    fake.wall_ms += wall_jump_ms;
    start(&daemons[1], "boot-2");
    left = used(&daemons[1]);
    stop(&daemons[1]);
    end();
    return left;
}

static void after_a_restart_of_the_machine_the_wall_clock_tells_how_long_it_was_off(void **state)
{
    (void)state;
    assert_int_equal(after_a_restart(60000, HOUR_MS), 40);
    assert_int_equal(after_a_restart(60000, 23 * HOUR_MS), 40);
    assert_int_equal(after_a_restart(60000, 25 * HOUR_MS), 0);
    assert_int_equal(after_a_restart((int64_t)500 * HOUR_MS, HOUR_MS), 40);
    assert_int_equal(after_a_restart(60000, -24 * HOUR_MS), 40); /* set back: as if it had not been off */
    assert_int_equal(after_a_restart(60000, INT64_C(-1700000000000)), 40);
}

static void what_a_restart_brought_back_leaves_in_its_time(void **state)
{
    LedgerClaim claim;

    (void)state;
    setup();
    claim = claim_of(40);
    ask(&daemons[0], &claim);
    fake.now_ms = 60000;
    fake.wall_ms += (int64_t)20 * HOUR_MS;
    start(&daemons[1], "boot-2");
    assert_int_equal(used(&daemons[1]), 40);
    fake.now_ms += (int64_t)4 * HOUR_MS - HOUR_MS / 2;
    assert_int_equal(used(&daemons[1]), 40);
    fake.now_ms += HOUR_MS;
    assert_int_equal(used(&daemons[1]), 0);
    stop(&daemons[1]);
    end();
}

static void a_wall_clock_that_jumps_changes_nothing_while_the_machine_runs(void **state)
{
    LedgerClaim claim;

    (void)state;
    setup();
    claim = claim_of(40);
    ask(&daemons[0], &claim);
    fake.wall_ms += (int64_t)48 * HOUR_MS;
    start(&daemons[1], "boot-1");
    assert_int_equal(used(&daemons[1]), 40);
    fake.wall_ms -= (int64_t)96 * HOUR_MS;
    assert_int_equal(used(&daemons[1]), 40);
    fake.now_ms += (int64_t)25 * HOUR_MS;
    assert_int_equal(used(&daemons[1]), 0);
    stop(&daemons[1]);
    end();
}

static void write_file(const char *text)
{
    _cleanup_buf_ Buf path = BUF_INIT(256);

    buf_printf(&path, "%s/abc", folder.path);
    assert_int_equal(fsio_write(fsio_system(), buf_text(&path), text, strlen(text)), 0);
}

static void a_damaged_file_counts_as_a_good_part_of_the_day(void **state)
{
    static const char *const texts[] = {"", "\n", "skystackfs-budget 2\nboot x\n",
                                        "skystackfs-budget 1\nboot b\nnow 1\nwall 1\n1 1\ncrc32c 00000000\n"};
    LedgerClaim claim;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        setup();
        write_file(texts[i]);
        claim = claim_of(LIMIT);
        assert_int_equal(ask(&daemons[0], &claim).granted, LIMIT * (100 - LEDGER_FILE_DOUBT) / 100);
        fake.now_ms += (int64_t)12 * HOUR_MS;
        claim = claim_of(LIMIT);
        assert_in_range(ask(&daemons[0], &claim).granted, 420, 430); /* half of it has left the day meanwhile */
        end();
    }
}

static void each_bit_that_flips_is_noticed(void **state)
{
    LedgerTime time = {.boot = "b", .now_ms = 1000000, .wall_ms = 1773915764000};
    _cleanup_buf_ Buf text = BUF_INIT(LEDGER_TEXT_BYTES);
    Budget day, read;

    (void)state;
    budget_init(&day, 0, LEDGER_DAY_MS);
    budget_book(&day, 1000000, 1000000, 5);
    budget_book(&day, 1000000, 500000, 6);
    assert_int_equal(ledger_encode(&day, &time, &text), 0);
    assert_int_equal(ledger_decode((Span){text.data, text.len}, &time, &read), 0);
    assert_int_equal(budget_used(&read, 1000000), 11);
    assert_int_equal(budget_unbook(&read, 1000000, 500000, 100), 6);
    for (size_t bit = 0; bit < text.len * 8; bit++) {
        text.data[bit / 8] = (char)(text.data[bit / 8] ^ 1 << bit % 8);
        assert_int_equal(ledger_decode((Span){text.data, text.len}, &time, &read), -ERR_PROTOCOL);
        text.data[bit / 8] = (char)(text.data[bit / 8] ^ 1 << bit % 8);
    }
    for (size_t length = 0; length < text.len; length++)
        assert_int_equal(ledger_decode((Span){text.data, length}, &time, &read), -ERR_PROTOCOL);
}

/* Though the checksum fits. */
static void numbers_that_cannot_be_are_damage(void **state)
{
    static const struct {
        const char *lines;
        int code;
    } table[] = {
        {"now 1000000\nwall 1773915764000\n500000 6\n500000 7\n", 0},
        {"now 1000000\nwall 1773915764000\n500000 4294967295\n", 0},
        {"now 1000000\nwall 1773915764000\n500000 4294967295\n500000 1\n", -ERR_PROTOCOL},
        {"now 1000000\nwall 1773915764000\n500000 4294967295\n900000 1\n", -ERR_PROTOCOL},
        {"now 1000000\nwall 1773915764000\n500000 4294967296\n", -ERR_PROTOCOL},
        {"now 1000000\nwall 1773915764000\n500000 -1\n", -ERR_PROTOCOL},
        {"now 1000000\nwall 1773915764000\n9223372036854775807 1\n", -ERR_PROTOCOL},
        {"now 1000000\nwall 1773915764000\n-9223372036854775807 1\n", -ERR_PROTOCOL},
        {"now 1000000\nwall -9223372036854775807\n500000 1\n", -ERR_PROTOCOL},
        {"now 9223372036854775807\nwall 1773915764000\n500000 1\n", -ERR_PROTOCOL},
        {"now -9223372036854775807\nwall 1773915764000\n500000 1\n", -ERR_PROTOCOL},
        {"now 9999999999999999\nwall -9999999999999999\n9999999999999999 1\n", 0},
    };
    const LedgerTime time = {.boot = "b", .now_ms = 1000000, .wall_ms = 1773915764000};
    Budget read;

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        _cleanup_buf_ Buf text = BUF_INIT(LEDGER_TEXT_BYTES);

        assert_int_equal(buf_printf(&text, "skystackfs-budget 1\nboot b\n%s", table[i].lines), 0);
        assert_int_equal(buf_printf(&text, "crc32c %08x\n", crc32c(0, (Span){text.data, text.len})), 0);
        assert_int_equal(ledger_decode((Span){text.data, text.len}, &time, &read), table[i].code);
    }
}

static void a_forgotten_claim_is_booked_and_says_nothing(void **state)
{
    LedgerClaim claim;
    Said said = {0};

    (void)state;
    setup();
    claim = claim_of(5);
    assert_int_equal(ledger_claim(daemons[0].ledger, &claim, on_claimed, &said), 0);
    ledger_forget(daemons[0].ledger, &said);
    fake_drain(&daemons[0].worker.worker);
    assert_int_equal(said.times, 0);
    assert_int_equal(used(&daemons[0]), 5);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_claimed_is_granted_up_to_the_limit),
        cmocka_unit_test(it_is_on_disk_before_it_is_granted),
        cmocka_unit_test(a_day_later_it_is_forgotten_and_not_sooner),
        cmocka_unit_test(two_daemons_never_get_more_than_the_limit_together),
        cmocka_unit_test(while_another_has_the_lock_it_is_busy),
        cmocka_unit_test(after_a_restart_of_the_machine_the_wall_clock_tells_how_long_it_was_off),
        cmocka_unit_test(what_a_restart_brought_back_leaves_in_its_time),
        cmocka_unit_test(a_wall_clock_that_jumps_changes_nothing_while_the_machine_runs),
        cmocka_unit_test(a_damaged_file_counts_as_a_good_part_of_the_day),
        cmocka_unit_test(each_bit_that_flips_is_noticed),
        cmocka_unit_test(numbers_that_cannot_be_are_damage),
        cmocka_unit_test(a_forgotten_claim_is_booked_and_says_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
