/* The token in use: how another takes its place, and what becomes of one that the API refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "credential.h"
#include "error.h"
#include "test_api_fakes.h"

enum { MANY = 200 };

static const Failure refusal = {.code = -ERR_TOKEN, .http_status = 401, .request_id = "req_1", .mend = "Renew it."};
static const Failure forbidden = {.code = -ERR_FORBIDDEN, .http_status = 403};
static const Failure no_route = {.code = -ERR_ROUTE, .message = "No route."};
static const Failure nothing;

/* ---- a source that holds what the test says ---- */

static FakeClock fake;
static char content[64];
static int content_code; /* of reading it */
static unsigned reads;

static int fake_read(Fsio *fsio, const char *path, Buf *into, FsioFacts *ret_facts)
{
    (void)fsio, (void)path;
    reads++;
    *ret_facts = (FsioFacts){.owner = geteuid(), .mode = 0600, .is_regular = true};
    return content_code < 0 ? content_code : buf_append_str(into, content);
}

static const FsioOps fsio_ops = {.read = fake_read};
static Fsio files = {.ops = &fsio_ops};

/* ---- a watch and a program that the test moves ---- */

static clock_fn changed;
static void *changed_ctx;
static unsigned watches;

static void stop_watch(FileWatch *watch)
{
    (void)watch;
    watches--;
}

static FileWatch the_watch = {.stop = stop_watch};

static int start_watch(FileWatcher *watcher, const char *path, clock_fn call, void *ctx, FileWatch **ret_watch)
{
    (void)watcher, (void)path;
    changed = call;
    changed_ctx = ctx;
    watches++;
    *ret_watch = &the_watch;
    return 0;
}

static FileWatcher watcher = {.start = start_watch};

static program_done_fn printed;
static void *printed_ctx;
static unsigned runs, running;
static int start_code;

static void cancel_program(Program *program)
{
    (void)program;
    running--;
}

static Program the_program = {.cancel = cancel_program};

static int start_program(Programs *programs, const ProgramOrder *order, program_done_fn done, void *ctx,
                         Program **ret_program)
{
    (void)programs;
    assert_int_equal(running, 0); /* never two at once */
    assert_string_equal(order->words[0], "vault");
    if (start_code < 0)
        return start_code;
    runs++;
    running++;
    printed = done;
    printed_ctx = ctx;
    *ret_program = &the_program;
    return 0;
}

static Programs programs = {.start = start_program};

static void print(int status, const char *text)
{
    const ProgramEnd end = {.status = status, .output = text, .output_bytes = strlen(text), .complaint = ""};

    assert_int_equal(running, 1);
    running--;
    printed(printed_ctx, &end);
}

/* ---- the credential ---- */

static Credential *credential;
static unsigned proofs;
static int proof_code;

static int prove(void *ctx)
{
    (void)ctx;
    if (proof_code < 0)
        return proof_code;
    proofs++;
    return 0;
}

static void open_as(const TokenSource *source)
{
    const CredentialLinks links = {
        .clock = &fake.clock, .fsio = &files, .watcher = &watcher, .programs = &programs, .prove = prove};
    Failure failure = {0};

    fake_clock_init(&fake);
    snprintf(content, sizeof content, "one");
    content_code = proof_code = start_code = 0;
    reads = watches = runs = running = proofs = 0;
    assert_int_equal(credential_new(source, &links, &credential, &failure), 0);
}

static int open_file(void **state)
{
    const TokenSource source = {.file = "/etc/token", .named = "token_file=/etc/token"};

    (void)state;
    open_as(&source);
    return 0;
}

static int open_command(void **state)
{
    static char *words[] = {"vault", "read", NULL};
    const TokenSource source = {.command = words, .named = "token_command=vault"};

    (void)state;
    open_as(&source);
    return 0;
}

static int open_value(void **state)
{
    const TokenSource source = {.value = "one", .named = "$SKYSTACK_TOKEN"};

    (void)state;
    open_as(&source);
    return 0;
}

static int close_it(void **state)
{
    (void)state;
    credential_free(credential);
    assert_int_equal(watches, 0);
    assert_int_equal(running, 0);
    return 0;
}

/* ---- those who send ---- */

typedef struct Sender {
    CredentialWaiter waiter;
    uint64_t number;
    unsigned wakes;
    Failure failure; /* that it was refused or woken with */
} Sender;

static void on_wake(void *ctx, const Failure *failure)
{
    Sender *sender = ctx;

    sender->wakes++;
    sender->failure = failure ? *failure : nothing;
}

/* What it may send with: a token, "waits" or "refused". */
static const char *asks(Sender *sender)
{
    const char *token;

    sender->waiter.wake = on_wake;
    sender->waiter.ctx = sender;
    sender->failure = nothing;
    token = credential_use(credential, &sender->waiter, &sender->number, &sender->failure);
    if (token)
        return token;
    return sender->failure.code < 0 ? "refused" : "waits";
}

static void file_changes(const char *text)
{
    snprintf(content, sizeof content, "%s", text);
    changed(changed_ctx);
}

static void is_in_trouble(const char *words)
{
    TokenFacts facts;

    credential_facts(credential, &facts);
    if (words)
        assert_non_null(strstr(failure_sentence(&facts.trouble), words));
    else
        assert_int_equal(facts.trouble.code, 0);
}

/* ---- deciding ---- */

static void what_the_source_holds_is_kept_out_adopted_or_proved(void **state)
{
    static const struct {
        CredentialFacts facts;
        enum CredentialStep step;
    } rows[] = {
        {{.none = true}, CREDENTIAL_ADOPT},
        {{.none = true, .told = true}, CREDENTIAL_ADOPT},
        {{.same = true}, CREDENTIAL_KEEP},
        {{.same = true, .told = true}, CREDENTIAL_KEEP},
        {{.same = true, .refused = true}, CREDENTIAL_KEEP},
        {{.same = true, .refused = true, .told = true}, CREDENTIAL_PROVE},
        {{.barred = true}, CREDENTIAL_KEEP},
        {{.barred = true, .refused = true}, CREDENTIAL_KEEP},
        {{.barred = true, .told = true}, CREDENTIAL_PROVE},
        {{0}, CREDENTIAL_PROVE},
        {{.refused = true}, CREDENTIAL_PROVE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(credential_decide(&rows[i].facts), rows[i].step);
}

static void a_proof_ends_in_a_switch_a_bar_or_another_try(void **state)
{
    static const struct {
        enum CredentialProof proof;
        enum CredentialEnd beside_good, beside_refused;
    } rows[] = {
        {CREDENTIAL_TAKEN, CREDENTIAL_SWITCH, CREDENTIAL_SWITCH},
        {CREDENTIAL_REFUSED, CREDENTIAL_BAR, CREDENTIAL_BAR},
        {CREDENTIAL_FORBIDDEN, CREDENTIAL_BAR, CREDENTIAL_SWITCH},
        {CREDENTIAL_UNTOLD, CREDENTIAL_LATER, CREDENTIAL_LATER},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(credential_end(rows[i].proof, false), rows[i].beside_good);
        assert_int_equal(credential_end(rows[i].proof, true), rows[i].beside_refused);
    }
}

/* ---- beside a good one ---- */

static void a_new_token_is_proved_before_the_old_one_is_dropped(void **state)
{
    Sender sender = {0};

    (void)state;
    assert_string_equal(asks(&sender), "one");
    file_changes("two");
    assert_int_equal(proofs, 1);
    assert_string_equal(credential_found(credential), "two");
    assert_string_equal(asks(&sender), "one");
    credential_proved(credential, CREDENTIAL_TAKEN, &nothing);
    assert_string_equal(asks(&sender), "two");
    assert_int_equal(sender.number, 2);
    assert_string_equal(credential_found(credential), "");
}

static void a_new_token_that_is_refused_is_told_and_not_tried_again(void **state)
{
    Sender sender = {0};

    (void)state;
    file_changes("two");
    credential_proved(credential, CREDENTIAL_REFUSED, &refusal);
    assert_string_equal(asks(&sender), "one");
    is_in_trouble("refused the new token");
    file_changes("two");
    assert_int_equal(proofs, 1);
    is_in_trouble("refused the new token");
    credential_reload(credential); /* told to */
    assert_int_equal(proofs, 2);
    credential_proved(credential, CREDENTIAL_REFUSED, &refusal);
    file_changes("three");
    assert_int_equal(proofs, 3);
    credential_proved(credential, CREDENTIAL_TAKEN, &nothing);
    is_in_trouble(NULL);
    assert_string_equal(asks(&sender), "three");
}

static void the_old_token_again_ends_the_trouble(void **state)
{
    Sender sender = {0};

    (void)state;
    file_changes("two");
    credential_proved(credential, CREDENTIAL_FORBIDDEN, &forbidden);
    is_in_trouble("refused the new token");
    file_changes("one");
    is_in_trouble(NULL);
    assert_int_equal(proofs, 1);
    assert_string_equal(asks(&sender), "one");
}

static void a_proof_without_an_answer_is_made_again_when_somebody_sends(void **state)
{
    Sender sender = {0};

    (void)state;
    file_changes("two");
    for (unsigned round = 1; round <= 12; round++) {
        int64_t pause = round < 8 ? (int64_t)CREDENTIAL_PROVE_MS << (round - 1) : CREDENTIAL_PROVE_MS_MAX;

        assert_int_equal(proofs, round);
        credential_proved(credential, CREDENTIAL_UNTOLD, &no_route);
        is_in_trouble("No route.");
        fake_pass(&fake, pause - 1);
        assert_string_equal(asks(&sender), "one");
        assert_int_equal(proofs, round);
        fake_pass(&fake, 1);
        assert_string_equal(asks(&sender), "one");
    }
    credential_proved(credential, CREDENTIAL_TAKEN, &nothing);
    assert_string_equal(asks(&sender), "two");
}

static void a_file_that_changes_during_a_proof_is_looked_at_after(void **state)
{
    Sender sender = {0};

    (void)state;
    file_changes("two");
    file_changes("three");
    assert_int_equal(proofs, 1);
    credential_proved(credential, CREDENTIAL_TAKEN, &nothing);
    assert_string_equal(asks(&sender), "two");
    assert_int_equal(proofs, 2);
    file_changes("four");
    credential_proved(credential, CREDENTIAL_REFUSED, &refusal);
    assert_int_equal(proofs, 3);
    credential_proved(credential, CREDENTIAL_TAKEN, &nothing);
    assert_string_equal(asks(&sender), "four");
}

static void a_source_that_is_no_good_is_told_and_the_old_token_stays(void **state)
{
    Sender sender = {0};

    (void)state;
    file_changes("no good");
    is_in_trouble("can't be used");
    content_code = -ERR_NOT_FOUND;
    file_changes("two");
    is_in_trouble("can't be read");
    assert_string_equal(asks(&sender), "one");
    content_code = 0;
    file_changes("one");
    is_in_trouble(NULL);
    assert_int_equal(proofs, 0);
}

/* ---- after a refusal ---- */

static void a_refused_token_latches_until_the_file_changes(void **state)
{
    Sender sender = {0};

    (void)state;
    asks(&sender);
    assert_false(credential_refused(credential, sender.number, &refusal));
    assert_true(credential_latched(credential));
    assert_string_equal(asks(&sender), "refused");
    assert_int_equal(sender.failure.code, -ERR_TOKEN);
    assert_int_equal(sender.failure.sent, FAILURE_NOT_SENT);
    assert_string_equal(sender.failure.request_id, "req_1");
    assert_string_equal(sender.failure.mend, "Renew it.");
    assert_int_equal(reads, 2);

    file_changes("two");
    assert_string_equal(asks(&sender), "waits");
    assert_false(credential_latched(credential));
    credential_proved(credential, CREDENTIAL_TAKEN, &nothing);
    assert_int_equal(sender.wakes, 1);
    assert_int_equal(sender.failure.code, 0);
    assert_string_equal(asks(&sender), "two");
}

static void while_latched_the_file_is_looked_at_by_who_wants_to_send_once_a_second(void **state)
{
    Sender sender = {0};

    (void)state;
    asks(&sender);
    credential_refused(credential, sender.number, &refusal);
    for (int i = 0; i < 10; i++)
        assert_string_equal(asks(&sender), "refused");
    assert_int_equal(reads, 2);
    fake_pass(&fake, CREDENTIAL_LOOK_MS);
    assert_string_equal(asks(&sender), "refused");
    assert_int_equal(reads, 3);
    snprintf(content, sizeof content, "two");
    fake_pass(&fake, CREDENTIAL_LOOK_MS);
    assert_string_equal(asks(&sender), "waits");
    credential_proved(credential, CREDENTIAL_REFUSED, &refusal);
    assert_int_equal(sender.wakes, 1);
    assert_non_null(strstr(sender.failure.message, "there is no other"));
    for (int i = 0; i < 10; i++) { /* neither is sent again */
        fake_pass(&fake, CREDENTIAL_LOOK_MS);
        assert_string_equal(asks(&sender), "refused");
    }
    assert_int_equal(proofs, 1);
}

static void many_who_were_refused_together_share_one_look_and_one_proof(void **state)
{
    static Sender senders[MANY];

    (void)state;
    memset(senders, 0, sizeof senders);
    for (size_t i = 0; i < MANY; i++)
        assert_string_equal(asks(&senders[i]), "one");
    snprintf(content, sizeof content, "two");
    for (size_t i = 0; i < MANY; i++) {
        assert_true(credential_refused(credential, senders[i].number, &refusal));
        assert_string_equal(asks(&senders[i]), "waits");
    }
    assert_int_equal(reads, 2);
    assert_int_equal(proofs, 1);
    credential_leave(credential, &senders[7].waiter);
    credential_proved(credential, CREDENTIAL_TAKEN, &nothing);
    for (size_t i = 0; i < MANY; i++) {
        assert_int_equal(senders[i].wakes, i == 7 ? 0 : 1);
        assert_string_equal(asks(&senders[i]), "two");
    }
    for (size_t i = 0; i < MANY; i++) /* late answers to what was sent with the old one */
        assert_true(credential_refused(credential, 1, &refusal));
    assert_int_equal(reads, 2);
    assert_string_equal(asks(&senders[0]), "two");
}

static void when_the_new_one_is_refused_too_all_who_wait_are_told_and_it_is_latched(void **state)
{
    Sender senders[3] = {0};

    (void)state;
    asks(&senders[0]);
    snprintf(content, sizeof content, "two");
    assert_true(credential_refused(credential, 1, &refusal));
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(asks(&senders[i]), "waits");
    credential_proved(credential, CREDENTIAL_REFUSED, &refusal);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(senders[i].wakes, 1);
        assert_int_equal(senders[i].failure.code, -ERR_TOKEN);
    }
    assert_true(credential_latched(credential));
}

static void without_an_answer_to_the_proof_those_who_wait_are_told_why(void **state)
{
    Sender sender = {0};

    (void)state;
    asks(&sender);
    snprintf(content, sizeof content, "two");
    assert_true(credential_refused(credential, 1, &refusal));
    assert_string_equal(asks(&sender), "waits");
    credential_proved(credential, CREDENTIAL_UNTOLD, &no_route);
    assert_int_equal(sender.failure.code, -ERR_ROUTE);
    assert_false(credential_latched(credential)); /* it may be good */
    assert_string_equal(asks(&sender), "refused");
    assert_int_equal(sender.failure.code, -ERR_ROUTE);
    fake_pass(&fake, CREDENTIAL_PROVE_MS);
    assert_string_equal(asks(&sender), "waits");
    assert_int_equal(proofs, 2);
    credential_proved(credential, CREDENTIAL_TAKEN, &nothing);
    assert_string_equal(asks(&sender), "two");
}

static void a_token_that_was_refused_beside_a_good_one_is_tried_when_that_is_refused(void **state)
{
    Sender sender = {0};

    (void)state;
    file_changes("two");
    credential_proved(credential, CREDENTIAL_REFUSED, &refusal);
    asks(&sender);
    assert_true(credential_refused(credential, sender.number, &refusal));
    assert_int_equal(proofs, 2);
    credential_proved(credential, CREDENTIAL_TAKEN, &nothing);
    assert_string_equal(asks(&sender), "two");
}

static void the_old_one_may_be_refused_while_the_new_one_is_proved(void **state)
{
    Sender sender = {0};

    (void)state;
    asks(&sender);
    file_changes("two");
    assert_true(credential_refused(credential, sender.number, &refusal));
    assert_int_equal(proofs, 1);
    assert_string_equal(asks(&sender), "waits");
    credential_proved(credential, CREDENTIAL_FORBIDDEN, &forbidden); /* better than none */
    assert_string_equal(asks(&sender), "two");
}

static void told_to_the_same_token_is_tried_again(void **state)
{
    Sender sender = {0};

    (void)state;
    asks(&sender);
    assert_false(credential_refused(credential, sender.number, &refusal));
    credential_reload(credential);
    assert_int_equal(proofs, 1);
    assert_string_equal(credential_found(credential), "one");
    credential_proved(credential, CREDENTIAL_TAKEN, &nothing);
    assert_string_equal(asks(&sender), "one");
}

static void without_memory_for_a_proof_it_is_made_later(void **state)
{
    Sender sender = {0};

    (void)state;
    asks(&sender);
    snprintf(content, sizeof content, "two");
    proof_code = -ERR_NO_MEMORY;
    assert_true(credential_refused(credential, 1, &refusal));
    assert_string_equal(asks(&sender), "refused");
    assert_int_equal(sender.failure.code, -ERR_NO_MEMORY);
    proof_code = 0;
    assert_string_equal(asks(&sender), "waits");
    credential_proved(credential, CREDENTIAL_TAKEN, &nothing);
    assert_string_equal(asks(&sender), "two");
}

static void without_memory_to_look_the_token_is_not_taken_for_the_same(void **state)
{
    Sender sender = {0};

    (void)state;
    asks(&sender);
    snprintf(content, sizeof content, "two");
    content_code = -ERR_NO_MEMORY;
    assert_true(credential_refused(credential, 1, &refusal));
    assert_false(credential_latched(credential));
    assert_string_equal(asks(&sender), "refused");
    assert_int_equal(sender.failure.code, -ERR_NO_MEMORY);
    content_code = 0;
    assert_string_equal(asks(&sender), "waits");
    credential_proved(credential, CREDENTIAL_TAKEN, &nothing);
    assert_string_equal(asks(&sender), "two");
}

static void a_change_that_there_was_no_memory_to_look_at_is_seen_at_the_next_use(void **state)
{
    Sender sender = {0};

    (void)state;
    content_code = -ERR_NO_MEMORY;
    file_changes("two");
    content_code = 0;
    assert_string_equal(asks(&sender), "one");
    assert_int_equal(proofs, 1);
    credential_proved(credential, CREDENTIAL_TAKEN, &nothing);
    assert_string_equal(asks(&sender), "two");
}

static void told_to_look_it_looks_for_that_reason_even_if_there_is_memory_only_later(void **state)
{
    Sender sender = {0};

    (void)state;
    asks(&sender);
    credential_refused(credential, 1, &refusal);
    content_code = -ERR_NO_MEMORY;
    credential_reload(credential);
    content_code = 0;
    assert_string_equal(asks(&sender), "waits"); /* the same token is tried again */
    assert_int_equal(proofs, 1);
}

/* ---- a value ---- */

static void a_value_stays_the_same_and_is_tried_again_when_told(void **state)
{
    Sender sender = {0};

    (void)state;
    asks(&sender);
    assert_false(credential_refused(credential, sender.number, &refusal));
    fake_pass(&fake, 60000);
    assert_string_equal(asks(&sender), "refused");
    assert_int_equal(proofs, 0);
    credential_reload(credential);
    assert_int_equal(proofs, 1);
    credential_proved(credential, CREDENTIAL_TAKEN, &nothing);
    assert_string_equal(asks(&sender), "one");
    assert_int_equal(watches, 0);
}

/* ---- a command ---- */

static void a_command_runs_for_the_first_who_sends_and_all_wait(void **state)
{
    Sender first = {0}, second = {0};

    (void)state;
    assert_int_equal(runs, 0);
    assert_string_equal(asks(&first), "waits");
    assert_string_equal(asks(&second), "waits");
    assert_int_equal(runs, 1);
    print(0, "one\n");
    assert_int_equal(proofs, 0); /* there is nothing to lose */
    assert_int_equal(first.wakes, 1);
    assert_int_equal(second.wakes, 1);
    assert_string_equal(asks(&first), "one");
}

static void a_command_runs_again_after_a_refusal_and_while_latched_every_half_minute(void **state)
{
    Sender sender = {0};

    (void)state;
    asks(&sender);
    print(0, "one\n");
    asks(&sender);
    assert_true(credential_refused(credential, sender.number, &refusal));
    assert_true(credential_refused(credential, sender.number, &refusal));
    credential_reload(credential); /* it runs already */
    assert_int_equal(runs, 2);
    assert_string_equal(asks(&sender), "waits");
    print(3, "");
    assert_int_equal(sender.failure.code, -ERR_TOKEN);
    assert_non_null(strstr(sender.failure.message, "status 3"));
    fake_pass(&fake, CREDENTIAL_RUN_MS - 1);
    assert_string_equal(asks(&sender), "refused");
    fake_pass(&fake, 1);
    assert_string_equal(asks(&sender), "waits");
    assert_int_equal(runs, 3);
    print(0, "two\n");
    assert_int_equal(proofs, 1);
    credential_proved(credential, CREDENTIAL_TAKEN, &nothing);
    assert_string_equal(asks(&sender), "two");
}

static void a_command_that_can_t_be_started_is_a_failure_of_the_token(void **state)
{
    Sender sender = {0};

    (void)state;
    start_code = -ERR_NOT_FOUND;
    assert_string_equal(asks(&sender), "refused");
    assert_int_equal(sender.failure.code, -ERR_TOKEN);
    assert_non_null(strstr(sender.failure.message, "it is not there"));
}

static void without_memory_to_start_it_a_command_is_run_for_the_next_who_sends(void **state)
{
    Sender sender = {0};

    (void)state;
    start_code = -ERR_NO_MEMORY;
    assert_string_equal(asks(&sender), "refused");
    assert_int_equal(sender.failure.code, -ERR_NO_MEMORY);
    start_code = 0;
    assert_string_equal(asks(&sender), "waits");
    assert_int_equal(runs, 1);
}

static void a_command_that_runs_is_ended_with_the_rest(void **state)
{
    Sender sender = {0};

    (void)state;
    assert_string_equal(asks(&sender), "waits");
    assert_int_equal(running, 1); /* close_it() sees that it is not */
}

#define WITH(source, test) cmocka_unit_test_setup_teardown(test, open_##source, close_it)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_source_holds_is_kept_out_adopted_or_proved),
        cmocka_unit_test(a_proof_ends_in_a_switch_a_bar_or_another_try),
        WITH(file, a_new_token_is_proved_before_the_old_one_is_dropped),
        WITH(file, a_new_token_that_is_refused_is_told_and_not_tried_again),
        WITH(file, the_old_token_again_ends_the_trouble),
        WITH(file, a_proof_without_an_answer_is_made_again_when_somebody_sends),
        WITH(file, a_file_that_changes_during_a_proof_is_looked_at_after),
        WITH(file, a_source_that_is_no_good_is_told_and_the_old_token_stays),
        WITH(file, a_refused_token_latches_until_the_file_changes),
        WITH(file, while_latched_the_file_is_looked_at_by_who_wants_to_send_once_a_second),
        WITH(file, many_who_were_refused_together_share_one_look_and_one_proof),
        WITH(file, when_the_new_one_is_refused_too_all_who_wait_are_told_and_it_is_latched),
        WITH(file, without_an_answer_to_the_proof_those_who_wait_are_told_why),
        WITH(file, a_token_that_was_refused_beside_a_good_one_is_tried_when_that_is_refused),
        WITH(file, the_old_one_may_be_refused_while_the_new_one_is_proved),
        WITH(file, told_to_the_same_token_is_tried_again),
        WITH(file, without_memory_for_a_proof_it_is_made_later),
        WITH(file, without_memory_to_look_the_token_is_not_taken_for_the_same),
        WITH(file, a_change_that_there_was_no_memory_to_look_at_is_seen_at_the_next_use),
        WITH(file, told_to_look_it_looks_for_that_reason_even_if_there_is_memory_only_later),
        WITH(value, a_value_stays_the_same_and_is_tried_again_when_told),
        WITH(command, a_command_runs_for_the_first_who_sends_and_all_wait),
        WITH(command, a_command_runs_again_after_a_refusal_and_while_latched_every_half_minute),
        WITH(command, a_command_that_can_t_be_started_is_a_failure_of_the_token),
        WITH(command, without_memory_to_start_it_a_command_is_run_for_the_next_who_sends),
        WITH(command, a_command_that_runs_is_ended_with_the_rest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
