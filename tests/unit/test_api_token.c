/* Which tokens and token files are taken, and what becomes of a token that the API refuses. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "credential.h"
#include "error.h"
#include "test_api_fakes.h"
#include "token.h"

static char directory[64], path[128], link_path[128];

static int make_directory(void **state)
{
    (void)state;
    snprintf(directory, sizeof directory, "/tmp/test_api_token.XXXXXX");
    if (!mkdtemp(directory))
        return -1;
    snprintf(path, sizeof path, "%s/token", directory);
    snprintf(link_path, sizeof link_path, "%s/link", directory);
    return 0;
}

static int remove_directory(void **state)
{
    (void)state;
    unlink(path);
    unlink(link_path);
    return rmdir(directory);
}

static void write_token(const char *text, size_t count, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, count), (ssize_t)count);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static int load(const char *file, Token *ret_token, Failure *ret_failure)
{
    const TokenSource source = {.file = file, .named = "token_file=THERE"};

    return token_load(&source, fsio_system(), ret_token, ret_failure);
}

static void a_token_is_one_printable_word(void **state)
{
    static const struct {
        const char *text;
        size_t count;
        const char *token; /* NULL: refused */
    } rows[] = {
        {"sk_live_1", 9, "sk_live_1"},
        {"sk_live_1\n", 10, "sk_live_1"},
        {"sk_live_1\r\n", 11, "sk_live_1"},
        {"", 0, NULL},
        {"\n", 1, NULL},
        {"a b", 3, NULL},
        {" a", 2, NULL},
        {"a\n\n", 3, NULL},
        {"a\nb\n", 4, NULL},
        {"a\rb", 3, NULL},
        {"a\0b", 3, NULL},
        {"caf\xc3\xa9", 5, NULL},
        {"a\x7f", 2, NULL},
        {"a\t", 2, NULL},
    };
    Token token = {0};
    Failure failure;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        write_token(rows[i].text, rows[i].count, 0600);
        if (rows[i].token) {
            assert_int_equal(load(path, &token, &failure), 0);
            assert_string_equal(token.text, rows[i].token);
        } else {
            assert_int_equal(load(path, &token, &failure), -ERR_TOKEN);
            assert_non_null(strstr(failure.message, "token_file=THERE"));
        }
    }
}

static void a_token_may_be_so_long_and_no_longer(void **state)
{
    char text[TOKEN_BYTES_MAX + 8];
    Token token;
    Failure failure;

    (void)state;
    memset(text, 'a', sizeof text);
    write_token(text, TOKEN_BYTES_MAX, 0600);
    assert_int_equal(load(path, &token, &failure), 0);
    write_token(text, TOKEN_BYTES_MAX + 1, 0600);
    assert_true(load(path, &token, &failure) < 0);
    write_token(text, sizeof text, 0600);
    assert_true(load(path, &token, &failure) < 0);
}

static void only_modes_that_keep_others_out_are_taken(void **state)
{
    static const struct {
        mode_t mode;
        bool good;
    } rows[] = {{0600, true},  {0400, true},  {0640, false}, {0604, false},
                {0644, false}, {0700, false}, {0660, false}, {0444, false}};
    Token token;
    Failure failure;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        write_token("sk_secret", 9, rows[i].mode);
        assert_int_equal(load(path, &token, &failure), rows[i].good ? 0 : -ERR_TOKEN);
        if (rows[i].good)
            continue;
        assert_non_null(strstr(failure.mend, "chmod 600"));
        assert_null(strstr(failure.message, "sk_secret"));
    }
}

static void links_directories_and_missing_files_are_refused(void **state)
{
    Token token;
    Failure failure;

    (void)state;
    write_token("sk_secret", 9, 0600);
    assert_int_equal(symlink(path, link_path), 0);
    assert_int_equal(load(link_path, &token, &failure), -ERR_TOKEN);
    assert_non_null(strstr(failure.message, "symbolic link"));
    assert_int_equal(load(directory, &token, &failure), -ERR_TOKEN);
    assert_non_null(strstr(failure.message, "regular file"));
    unlink(path);
    assert_int_equal(load(path, &token, &failure), -ERR_NOT_FOUND);
}

static void a_token_may_come_without_a_file(void **state)
{
    const TokenSource good = {.value = "sk_1", .named = "$SKYSTACK_TOKEN"};
    const TokenSource bad = {.value = "sk 1", .named = "$SKYSTACK_TOKEN"};
    const TokenSource none = {.named = "$SKYSTACK_TOKEN"};
    Token token;
    Failure failure;

    (void)state;
    assert_int_equal(token_load(&good, fsio_system(), &token, &failure), 0);
    assert_string_equal(token.text, "sk_1");
    assert_int_equal(token_load(&bad, fsio_system(), &token, &failure), -ERR_TOKEN);
    assert_int_equal(token_load(&none, fsio_system(), &token, &failure), -ERR_TOKEN);
}

static Credential *open_credential(FakeClock *fake)
{
    const TokenSource source = {.file = path, .named = "token_file=THERE"};
    Credential *credential = NULL;
    Failure failure;

    fake_clock_init(fake);
    assert_int_equal(credential_new(&source, &fake->clock, fsio_system(), &credential, &failure), 0);
    return credential;
}

static void a_refused_token_latches_until_the_file_changes(void **state)
{
    const Failure refusal = {.code = -ERR_TOKEN, .request_id = "req_1"};
    FakeClock fake;
    Credential *credential;
    Failure failure;
    uint64_t number;

    (void)state;
    write_token("one", 3, 0600);
    credential = open_credential(&fake);
    assert_string_equal(credential_use(credential, &number, &failure), "one");
    assert_false(credential_refused(credential, number, &refusal));
    assert_true(credential_latched(credential));
    assert_null(credential_use(credential, &number, &failure));
    assert_int_equal(failure.code, -ERR_TOKEN);
    assert_int_equal(failure.sent, FAILURE_NOT_SENT);
    assert_string_equal(failure.request_id, "req_1");

    write_token("two", 3, 0600);
    assert_null(credential_use(credential, &number, &failure)); /* it looked less than a second ago */
    fake_pass(&fake, CREDENTIAL_LOOK_MS);
    assert_string_equal(credential_use(credential, &number, &failure), "two");
    assert_false(credential_latched(credential));
    credential_free(credential);
}

static void all_who_were_refused_together_share_one_look(void **state)
{
    const Failure refusal = {.code = -ERR_TOKEN};
    FakeClock fake;
    Credential *credential;
    Failure failure;
    uint64_t first, now;

    (void)state;
    write_token("one", 3, 0600);
    credential = open_credential(&fake);
    credential_use(credential, &first, &failure);
    write_token("two", 3, 0600);
    assert_true(credential_refused(credential, first, &refusal));
    write_token("three", 5, 0600);
    assert_true(credential_refused(credential, first, &refusal));
    assert_string_equal(credential_use(credential, &now, &failure), "two");
    assert_int_equal(now, first + 1);
    credential_free(credential);
}

static void reloading_opens_the_latch_and_keeps_the_old_token_if_it_fails(void **state)
{
    const Failure refusal = {.code = -ERR_TOKEN};
    FakeClock fake;
    Credential *credential;
    Failure failure;
    uint64_t number;

    (void)state;
    write_token("one", 3, 0600);
    credential = open_credential(&fake);
    credential_use(credential, &number, &failure);
    assert_false(credential_refused(credential, number, &refusal));
    assert_int_equal(credential_reload(credential, &failure), 0);
    assert_string_equal(credential_use(credential, &number, &failure), "one");
    write_token("two", 3, 0644);
    assert_int_equal(credential_reload(credential, &failure), -ERR_TOKEN);
    assert_string_equal(credential_use(credential, &number, &failure), "one");
    credential_free(credential);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_is_one_printable_word),
        cmocka_unit_test(a_token_may_be_so_long_and_no_longer),
        cmocka_unit_test(only_modes_that_keep_others_out_are_taken),
        cmocka_unit_test(links_directories_and_missing_files_are_refused),
        cmocka_unit_test(a_token_may_come_without_a_file),
        cmocka_unit_test(a_refused_token_latches_until_the_file_changes),
        cmocka_unit_test(all_who_were_refused_together_share_one_look),
        cmocka_unit_test(reloading_opens_the_latch_and_keeps_the_old_token_if_it_fails),
    };

    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
