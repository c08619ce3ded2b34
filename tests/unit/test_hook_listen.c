/* Where the receiver listens: addresses, and TLS. */
#include "test_hook_steps.h"

#include <dirent.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "hook_listen.h"

static void addresses_are_numbers(void **state)
{
    static const struct {
        const char *text;
        bool is_one, is_loopback;
    } table[] = {
        {"127.0.0.1:8080", true, true},
        {"127.255.0.9:1", true, true},
        {"[::1]:8080", true, true},
        {"0.0.0.0:443", true, false},
        {"128.0.0.1:443", true, false},
        {"192.168.1.2:65535", true, false},
        {"[::]:443", true, false},
        {"[fe80::1]:443", true, false},
        {"[::ffff:7f00:1]:443", true, false},
        {"", false, false},
        {":8080", false, false},
        {"8080", false, false},
        {"127.0.0.1", false, false},
        {"127.0.0.1:", false, false},
        {"127.0.0.1:65536", false, false},
        {"127.0.0.1:080808", false, false},
        {"127.0.0.1:-1", false, false},
        {"127.0.0.1:+1", false, false},
        {"127.0.0.1: 80", false, false},
        {"127.0.0.1:80 ", false, false},
        {" 127.0.0.1:80", false, false},
        {"127.1:80", false, false},
        {"0x7f000001:80", false, false},
        {"::1:80", false, false},
        {"[127.0.0.1]:80", false, false},
        {"[::1:80", false, false},
        {"[]:80", false, false},
        {"[::1%lo]:80", false, false},
        {"localhost:80", false, false},
        {"[1111:2222:3333:4444:5555:6666:7777:8888:9999:1111:2222:3333:4444]:80", false, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        HookAddress address;
        char text[HOOK_ADDRESS_BYTES];

        assert_int_equal(hook_address_parse(table[i].text, &address), table[i].is_one);
        if (!table[i].is_one)
            continue;
        assert_int_equal(hook_address_is_loopback(&address), table[i].is_loopback);
        hook_address_format(&address, text);
        if (!strstr(text, "ffff"))
            assert_string_equal(text, table[i].text);
    }
}

static void what_cannot_be_is_refused_with_a_sentence(void **state)
{
    static const struct {
        const char *address, *cert_file, *key_file;
        int code;
        const char *says;
    } table[] = {
        {"here:80", NULL, NULL, -ERR_INVALID, "here:80 is no address"},
        {"0.0.0.0:0", NULL, NULL, -ERR_GUARD, "0.0.0.0:0 is for others too"},
        {"[::]:0", NULL, NULL, -ERR_GUARD, "[::]:0 is for others too"},
        {"127.0.0.1:0", "/cert", NULL, -ERR_INVALID, "go together"},
        {"127.0.0.1:0", NULL, "/key", -ERR_INVALID, "go together"},
        {"127.0.0.1:0", "/nowhere/cert", "/nowhere/key", -ERR_NOT_FOUND, "/nowhere/cert can't be read"},
    };

    (void)state;
    begin_loop();
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        HookConfig config = config_of(LONG_MS);
        Failure failure;

        config.address = table[i].address;
        config.cert_file = table[i].cert_file;
        config.key_file = table[i].key_file;
        assert_int_equal(try_open(&config, &failure), table[i].code);
        assert_int_equal(failure.code, table[i].code);
        assert_non_null(strstr(failure_sentence(&failure), table[i].says));
    }
    end();
}

static unsigned open_files(void)
{
    DIR *dir = opendir("/proc/self/fd");
    unsigned count = 0;

    assert_non_null(dir);
    while (readdir(dir))
        count++;
    closedir(dir);
    return count;
}

static void an_address_in_use_is_refused(void **state)
{
    HookConfig config;
    Failure failure;
    Hook *first;

    (void)state;
    begin();
    first = on.hook;
    config = config_of(LONG_MS);
    config.address = hook_address(first);
    assert_int_equal(try_open(&config, &failure), error_from_errno(EADDRINUSE));
    assert_non_null(strstr(failure_sentence(&failure), "Address already in use"));
    assert_ptr_equal(on.hook, first);
    end();
}

/* ---- TLS ---- */

static void write_pem(const char *path, X509 *certificate, EVP_PKEY *key)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    if (certificate)
        assert_true(PEM_write_X509(file, certificate));
    else
        assert_true(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL));
    assert_int_equal(fclose(file), 0);
}

/* A certificate that signs itself, and its key. */
static void make_identity(const char *cert_path, const char *key_path)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    X509_NAME *name;

    assert_true(key && certificate);
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"here", -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    write_pem(cert_path, certificate, NULL);
    write_pem(key_path, NULL, key);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

static SSL_CTX *client;

static void talk_securely(Sender *sender)
{
    SSL *ssl = SSL_new(client);
    size_t length = 0;
    int count;

    SSL_set_fd(ssl, sender->fd);
    if (SSL_connect(ssl) == 1 && SSL_write(ssl, sender->bytes, (int)sender->count) > 0) {
        while (length < ANSWER_BYTES - 1 &&
               (count = SSL_read(ssl, sender->answer + length, (int)(ANSWER_BYTES - 1 - length))) > 0)
            length += (size_t)count;
    }
    SSL_free(ssl);
}

static int post_securely(const char *body, int version_max)
{
    char *request = signed_request(SECRET, body);
    const Sender *sender;

    SSL_CTX_set_min_proto_version(client, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(client, version_max);
    sender = begin_sender(talk_securely, request, strlen(request));
    await_senders();
    free(request);
    return status_of(sender);
}

typedef struct Identity {
    char cert[128], key[128];
} Identity;

static Identity identity_of(const char *name)
{
    Identity identity;

    snprintf(identity.cert, sizeof identity.cert, "%s/%s.pem", on.folder.path, name);
    snprintf(identity.key, sizeof identity.key, "%s/%s-key.pem", on.folder.path, name);
    make_identity(identity.cert, identity.key);
    return identity;
}

static void with_a_certificate_it_speaks_tls_alone(void **state)
{
    Identity identity;
    HookConfig config;

    (void)state;
    begin_loop();
    identity = identity_of("a");
    config = config_of(LONG_MS);
    config.cert_file = identity.cert;
    config.key_file = identity.key;
    open_with(&config);
    client = SSL_CTX_new(TLS_client_method());
    assert_non_null(client);
    SSL_CTX_set_security_level(client, 0);
    assert_int_equal(post_securely(event_of("evt_1"), TLS1_3_VERSION), 200);
    assert_int_equal(post_securely(event_of("evt_2"), TLS1_2_VERSION), 200);
    assert_int_equal(post_securely(event_of("evt_3"), TLS1_1_VERSION), 0);
    assert_int_equal(post(event_of("evt_4")), 0);
    assert_int_equal(on.events, 2);
    SSL_CTX_free(client);
    end();
}

/* In the middle of the handshake. */
static void a_silent_sender_is_cut_with_tls_too(void **state)
{
    Identity identity;
    HookConfig config;
    Sender *sender;

    (void)state;
    begin_loop();
    identity = identity_of("a");
    config = config_of(SHORT_MS);
    config.cert_file = identity.cert;
    config.key_file = identity.key;
    open_with(&config);
    sender = begin_sender(read_answer, NULL, 0);
    await_senders();
    assert_in_range(sender->took_ms, SHORT_MS - 100, 5 * SHORT_MS);
    assert_int_equal(stats().refused[HOOK_REFUSED_TIME], 1);
    end();
}

static void a_key_of_another_certificate_is_refused_and_nothing_stays_open(void **state)
{
    Identity one, other;
    HookConfig config;
    Failure failure;
    unsigned before;

    (void)state;
    begin_loop();
    one = identity_of("a");
    other = identity_of("b");
    config = config_of(LONG_MS);
    config.cert_file = one.cert;
    config.key_file = other.key;
    before = open_files();
    assert_int_equal(try_open(&config, &failure), -ERR_INVALID);
    assert_non_null(strstr(failure_sentence(&failure), other.key));
    assert_int_equal(open_files(), before);
    end();
}

/* As tools that renew certificates lay them down. */
static void certificates_may_be_links(void **state)
{
    Identity identity;
    char link_path[160];
    HookConfig config;

    (void)state;
    begin_loop();
    identity = identity_of("a");
    snprintf(link_path, sizeof link_path, "%s/live.pem", on.folder.path);
    assert_int_equal(symlink(identity.cert, link_path), 0);
    config = config_of(LONG_MS);
    config.cert_file = link_path;
    config.key_file = identity.key;
    open_with(&config);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_numbers),
        cmocka_unit_test(what_cannot_be_is_refused_with_a_sentence),
        cmocka_unit_test(an_address_in_use_is_refused),
        cmocka_unit_test(with_a_certificate_it_speaks_tls_alone),
        cmocka_unit_test(a_silent_sender_is_cut_with_tls_too),
        cmocka_unit_test(a_key_of_another_certificate_is_refused_and_nothing_stays_open),
        cmocka_unit_test(certificates_may_be_links),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
