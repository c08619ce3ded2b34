/* What doctor reads out of the machine's files and of an exchange. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "doctor_read.h"
#include "error.h"
#include "words.h"

static void fuse_conf_lets_others_by_a_line_of_its_own(void **state)
{
    static const struct {
        const char *conf;
        bool lets;
    } cases[] = {
        {"", false},
        {"user_allow_other", true},
        {"# comment\nmount_max = 1000\n  user_allow_other\t\r\n", true},
        {"#user_allow_other\n", false},
        {"user_allow_other = yes\n", false},
        {"user_allow_others\n", false},
        {"\n\n\nuser_allow_other", true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(fuse_conf_lets_others(cases[i].conf), cases[i].lets);
}

static void updatedb_skips_a_type_that_is_listed(void **state)
{
    static const struct {
        const char *conf;
        bool skips;
    } cases[] = {
        {"", false},
        {"PRUNEFS=\"NFS fuse.skystackfs tmpfs\"\n", true},
        {"PRUNEFS = \"fuse.skystackfs\"", true},
        {"PRUNEFS=\"FUSE.SKYSTACKFS\"\n", true},
        {"PRUNEFS=\"fuse.skystackfs2 fuse.sky\"\n", false},
        {"# PRUNEFS=\"fuse.skystackfs\"\n", false},
        {"PRUNEPATHS=\"fuse.skystackfs\"\n", false},
        {"PRUNEFS=\"fuse.skystackfs\n", false},
        {"PRUNEFS=\"\"\n", false},
        {"PRUNEFS\n", false},
        {"PRUNEFSX=\"fuse.skystackfs\"\nPRUNEFS=\"nfs\t fuse.skystackfs\"\n", true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(updatedb_skips_type(cases[i].conf, "fuse.skystackfs"), cases[i].skips);
}

static void updatedb_skips_what_lies_below_a_path(void **state)
{
    static const char conf[] = "PRUNE_BIND_MOUNTS=\"yes\"\nPRUNEPATHS=\"/tmp /mnt/cloud/ /srv\"\n";

    (void)state;
    assert_true(updatedb_skips_path(conf, "/tmp"));
    assert_true(updatedb_skips_path(conf, "/tmp/a/b"));
    assert_true(updatedb_skips_path(conf, "/mnt/cloud"));
    assert_true(updatedb_skips_path(conf, "/mnt/cloud/one"));
    assert_false(updatedb_skips_path(conf, "/mnt/clouds"));
    assert_false(updatedb_skips_path(conf, "/mnt"));
    assert_false(updatedb_skips_path("", "/mnt"));
}

static void a_unit_says_a_word_outside_of_comments(void **state)
{
    (void)state;
    assert_true(unit_says("[Service]\nExecStart=/usr/sbin/updatedb --add-prunefs fuse.skystackfs\n", "fuse.skystackfs"));
    assert_false(unit_says("# fuse.skystackfs\n ; fuse.skystackfs\n[Service]\n", "fuse.skystackfs"));
}

static void an_exchange_tells_how_far_it_came(void **state)
{
    static const struct {
        int code;
        bool sent;
        const char *problem;
        enum ReachStage stage;
    } cases[] = {
        {0, true, "", REACH_ALL},
        {-ERR_ROUTE, false, "Could not resolve host: nowhere.example", REACH_RESOLVE},
        {-ERR_ROUTE, false, "Failed to connect: No route to host", REACH_CONNECT},
        {-ERR_REFUSED, false, "Failed to connect to 127.0.0.1 port 1: Connection refused", REACH_CONNECT},
        {-ERR_REFUSED, false, "OpenSSL SSL_connect: SSL_ERROR_SYSCALL", REACH_TLS},
        {-ERR_CERTIFICATE, false, "SSL certificate problem: certificate has expired", REACH_TLS},
        {-ERR_TIMEOUT, false, "Connection timed out after 10001 milliseconds", REACH_CONNECT},
        {-ERR_TIMEOUT, false, "SSL connection timeout", REACH_TLS},
        {-ERR_TIMEOUT, false, "Resolving timed out after 5000 milliseconds", REACH_RESOLVE},
        {-ERR_TIMEOUT, true, "Operation timed out", REACH_ANSWER},
        {-ERR_PROTOCOL, true, "", REACH_ANSWER},
        {-ERR_REMOTE, true, "", REACH_ANSWER},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(reach_stage(cases[i].code, cases[i].sent, cases[i].problem), cases[i].stage);
}

static void an_endpoint_is_a_host_and_a_port(void **state)
{
    static const struct {
        const char *endpoint, *host, *port; /* NULL: it is none */
    } cases[] = {
        {"https://api.skystack.dev", "api.skystack.dev", "443"},
        {"https://localhost:8443", "localhost", "8443"},
        {"https://[::1]:8443", "::1", "8443"},
        {"https://[::1]", "::1", "443"},
        {"https://", NULL, NULL},
        {"https://host:", NULL, NULL},
        {"https://a-host-with-far-too-long-a-name", NULL, NULL},
    };
    char host[24], port[8];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(endpoint_cut(cases[i].endpoint, host, sizeof host, port, sizeof port), cases[i].host != NULL);
        if (cases[i].host) {
            assert_string_equal(host, cases[i].host);
            assert_string_equal(port, cases[i].port);
        }
    }
}

static void a_clock_is_wrong_from_a_minute_on(void **state)
{
    (void)state;
    assert_int_equal(clock_judge(0), CLOCK_GOOD);
    assert_int_equal(clock_judge(-10000), CLOCK_GOOD);
    assert_int_equal(clock_judge(10001), CLOCK_ASKEW);
    assert_int_equal(clock_judge(-60000), CLOCK_ASKEW);
    assert_int_equal(clock_judge(60001), CLOCK_WRONG);
    assert_int_equal(clock_judge(-60001), CLOCK_WRONG);
}

#define LINE(text) ((Span){text, sizeof(text)})

static void a_command_line_has_the_texts_of_its_options(void **state)
{
    char **texts = command_line_options(LINE("skystackfs\0lab\0/mnt\0-o\0ttl=5,ro\0-f\0-olog=debug\0-o"), "lab");

    (void)state;
    assert_non_null(texts);
    assert_non_null(texts[0]);
    assert_string_equal(texts[0], "ttl=5,ro");
    assert_non_null(texts[1]);
    assert_string_equal(texts[1], "log=debug");
    assert_null(texts[2]);
    words_free(texts);
    texts = command_line_options(LINE("skystackfs\0lab\0-o\0-ottl=5\0-o\0-o\0-o\0ro"), "lab");
    assert_non_null(texts);
    assert_non_null(texts[0]);
    assert_string_equal(texts[0], "-ottl=5");
    assert_non_null(texts[1]);
    assert_string_equal(texts[1], "-o");
    assert_non_null(texts[2]);
    assert_string_equal(texts[2], "ro");
    assert_null(texts[3]);
    words_free(texts);
    texts = command_line_options(LINE("skystackfs\0lab\0/mnt"), "lab");
    assert_non_null(texts);
    assert_null(texts[0]);
    words_free(texts);
    assert_null(command_line_options(LINE("bash\0-o\0vi"), "lab"));
    assert_null(command_line_options((Span){"", 0}, "lab"));
}

static void a_lock_tells_its_holder(void **state)
{
    static const char locks[] = "1: POSIX  ADVISORY  WRITE 11 fd:01:77 0 EOF\n"
                                "2: FLOCK  ADVISORY  READ  12 fd:01:77 0 EOF\n"
                                "2: -> FLOCK  ADVISORY  WRITE 13 fd:01:77 0 EOF\n"
                                "3: FLOCK  ADVISORY  WRITE 14 fd:01:777 0 EOF\n"
                                "4: FLOCK  ADVISORY  WRITE -1 fd:01:78 0 EOF\n"
                                "5: FLOCK\n"
                                "6: FLOCK  ADVISORY  WRITE 15 00:2f:77 0 EOF\n";

    (void)state;
    assert_int_equal(lock_holder(locks, 77), 15);
    assert_int_equal(lock_holder(locks, 777), 14);
    assert_int_equal(lock_holder(locks, 78), 0);
    assert_int_equal(lock_holder(locks, 7), 0);
    assert_int_equal(lock_holder("", 77), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fuse_conf_lets_others_by_a_line_of_its_own),
        cmocka_unit_test(updatedb_skips_a_type_that_is_listed),
        cmocka_unit_test(updatedb_skips_what_lies_below_a_path),
        cmocka_unit_test(a_unit_says_a_word_outside_of_comments),
        cmocka_unit_test(an_exchange_tells_how_far_it_came),
        cmocka_unit_test(an_endpoint_is_a_host_and_a_port),
        cmocka_unit_test(a_clock_is_wrong_from_a_minute_on),
        cmocka_unit_test(a_command_line_has_the_texts_of_its_options),
        cmocka_unit_test(a_lock_tells_its_holder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
