/* Which tokens, token files and commands are taken. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "error.h"
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

/* As where no more files can be opened. */
static int refuse_to_open(Fsio *fsio, const char *file, Buf *into, FsioFacts *ret_facts)
{
    (void)fsio, (void)file, (void)into;
    *ret_facts = (FsioFacts){0};
    return -ERR_DISK;
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

static void a_file_that_could_not_even_be_looked_at_is_not_called_untrusted(void **state)
{
    static const FsioOps ops = {.read = refuse_to_open};
    const TokenSource source = {.file = path, .named = "token_file=THERE"};
    Fsio files = {.ops = &ops};
    Failure failure;
    Token token;

    (void)state;
    assert_int_equal(token_load(&source, &files, &token, &failure), -ERR_DISK);
    assert_non_null(strstr(failure.message, "can't be read"));
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

static int take_output(int status, const char *output, const char *complaint, Token *ret_token, Failure *ret_failure)
{
    const TokenSource source = {.named = "token_command=vault"};
    const ProgramEnd end = {.status = status,
                            .output = output,
                            .output_bytes = strlen(output),
                            .complaint = complaint,
                            .complaint_bytes = strlen(complaint)};

    memset(ret_failure, 0, sizeof *ret_failure);
    return token_take_output(&source, &end, ret_token, ret_failure);
}

static void what_a_command_prints_is_a_token_if_it_ends_well(void **state)
{
    Token token = {0};
    Failure failure;

    (void)state;
    assert_int_equal(take_output(0, "sk_1\n", "", &token, &failure), 0);
    assert_string_equal(token.text, "sk_1");
    assert_int_equal(take_output(0, "", "", &token, &failure), -ERR_TOKEN);
    assert_int_equal(take_output(0, "sk 1\n", "", &token, &failure), -ERR_TOKEN);
    assert_int_equal(take_output(2, "sk_1\n", "", &token, &failure), -ERR_TOKEN);
    assert_non_null(strstr(failure.message, "token_command=vault"));
    assert_non_null(strstr(failure.message, "status 2"));
    assert_null(strstr(failure.message, "sk_1"));
}

static void what_a_command_complains_of_is_told_without_the_token(void **state)
{
    Token token = {0};
    Failure failure;

    (void)state;
    assert_int_equal(take_output(2, "sk_secret\n", "+ echo sk_secret\nno sk_secret left\n\n", &token, &failure),
                     -ERR_TOKEN);
    assert_non_null(strstr(failure.message, "no ********* left"));
    assert_null(strstr(failure.message, "sk_secret"));
}

static void a_command_that_had_to_be_ended_gives_no_token(void **state)
{
    const TokenSource source = {.named = "token_command=vault"};
    const ProgramEnd ends[] = {
        {.code = -ERR_TIMEOUT, .signal = 9, .output = "sk_1", .output_bytes = 4, .complaint = ""},
        {.code = -ERR_TOO_BIG, .signal = 9, .output = "sk_1", .output_bytes = 4, .complaint = ""},
        {.signal = 11, .output = "sk_1", .output_bytes = 4, .complaint = ""}};
    static const char *const words[] = {"within 30 s", "more than a token", "signal 11"};
    Token token = {0};
    Failure failure;

    (void)state;
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        assert_int_equal(token_take_output(&source, &ends[i], &token, &failure), -ERR_TOKEN);
        assert_non_null(strstr(failure.message, words[i]));
        assert_string_equal(token.text, "");
    }
}

static void a_token_is_hidden_wherever_it_stands(void **state)
{
    const Token token = {"abc"}, none = {""};
    char text[] = "abc and abcabc, xabcx, ab c";

    (void)state;
    token_hide(&none, text);
    token_hide(&token, text);
    assert_string_equal(text, "*** and ******, x***x, ab c");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_is_one_printable_word),
        cmocka_unit_test(a_token_may_be_so_long_and_no_longer),
        cmocka_unit_test(only_modes_that_keep_others_out_are_taken),
        cmocka_unit_test(links_directories_and_missing_files_are_refused),
        cmocka_unit_test(a_file_that_could_not_even_be_looked_at_is_not_called_untrusted),
        cmocka_unit_test(a_token_may_come_without_a_file),
        cmocka_unit_test(what_a_command_prints_is_a_token_if_it_ends_well),
        cmocka_unit_test(what_a_command_complains_of_is_told_without_the_token),
        cmocka_unit_test(a_command_that_had_to_be_ended_gives_no_token),
        cmocka_unit_test(a_token_is_hidden_wherever_it_stands),
    };

    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
