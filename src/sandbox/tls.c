#include "tls.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>

enum { DAY_S = 24 * 60 * 60, TEN_YEARS_S = 3650 * DAY_S };

static const char own_names[] = "IP:127.0.0.1,IP:::1,DNS:localhost";

typedef struct Pair {
    X509 *certificate;
    EVP_PKEY *key;
} Pair;

static void pair_release(Pair *pair)
{
    X509_free(pair->certificate);
    EVP_PKEY_free(pair->key);
    *pair = (Pair){0};
}

static bool set_serial(X509 *certificate)
{
    BIGNUM *number = BN_new();
    bool fine = number && BN_rand(number, 120, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) &&
                BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
    BN_free(number);
    return fine;
}

static bool add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    bool fine = extension && X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    return fine;
}

static bool set_name(X509 *certificate, const char *common_name)
{
    X509_NAME *name = X509_get_subject_name(certificate);
    return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)common_name, -1, -1, 0);
}

/* A new key and its certificate without an issuer, extensions or signature. */
static bool pair_begin(Pair *pair, const char *common_name, long ends_in_s)
{
    pair->key = EVP_EC_gen("P-256");
    pair->certificate = X509_new();
    X509 *certificate = pair->certificate;
    return pair->key && certificate && X509_set_version(certificate, X509_VERSION_3) && set_serial(certificate) &&
           X509_gmtime_adj(X509_getm_notBefore(certificate), -2 * DAY_S) &&
           X509_gmtime_adj(X509_getm_notAfter(certificate), ends_in_s) && X509_set_pubkey(certificate, pair->key) &&
           set_name(certificate, common_name);
}

static bool pair_sign(Pair *pair, const Pair *issuer)
{
    return X509_set_issuer_name(pair->certificate, X509_get_subject_name(issuer->certificate)) &&
           add_extension(pair->certificate, issuer->certificate, NID_subject_key_identifier, "hash") &&
           add_extension(pair->certificate, issuer->certificate, NID_authority_key_identifier, "keyid") &&
           X509_sign(pair->certificate, issuer->key, EVP_sha256());
}

static bool make_ca(Pair *ret)
{
    if (!pair_begin(ret, "SkyStack sandbox CA", TEN_YEARS_S))
        return false;
    X509 *certificate = ret->certificate;
    return add_extension(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE") &&
           add_extension(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign") &&
           pair_sign(ret, ret);
}

static bool make_server(const Pair *ca, CertKind kind, Pair *ret)
{
    if (!pair_begin(ret, "SkyStack sandbox", kind == CERT_EXPIRED ? -DAY_S : TEN_YEARS_S))
        return false;
    X509 *certificate = ret->certificate, *issuer = kind == CERT_SELF_SIGNED ? certificate : ca->certificate;
    const char *names = kind == CERT_WRONG_HOST ? "DNS:example.invalid" : own_names;
    return add_extension(certificate, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
           add_extension(certificate, issuer, NID_key_usage, "critical,digitalSignature") &&
           add_extension(certificate, issuer, NID_ext_key_usage, "serverAuth") &&
           add_extension(certificate, issuer, NID_subject_alt_name, names) &&
           pair_sign(ret, kind == CERT_SELF_SIGNED ? ret : ca);
}

static void drain(BIO *bio, Buf *out)
{
    char *data = NULL;
    long len = BIO_get_mem_data(bio, &data);
    buf_add(out, data, len > 0 ? (size_t)len : 0);
}

static bool put_pem(const Pair *pair, Buf *certificate, Buf *key)
{
    BIO *first = BIO_new(BIO_s_mem()), *second = BIO_new(BIO_s_mem());
    bool fine = first && second && PEM_write_bio_X509(first, pair->certificate) &&
                PEM_write_bio_PrivateKey(second, pair->key, NULL, NULL, 0, NULL, NULL);
    if (fine) {
        drain(first, certificate);
        drain(second, key);
    }
    BIO_free(first);
    BIO_free(second);
    return fine;
}

static bool parse_pem(Text certificate, Text key, Pair *ret)
{
    BIO *first = BIO_new_mem_buf(certificate.at, (int)certificate.len);
    BIO *second = BIO_new_mem_buf(key.at, (int)key.len);
    if (first && second) {
        ret->certificate = PEM_read_bio_X509(first, NULL, NULL, NULL);
        ret->key = PEM_read_bio_PrivateKey(second, NULL, NULL, NULL);
    }
    BIO_free(first);
    BIO_free(second);
    return ret->certificate && ret->key;
}

static bool save(const Workdir *dir, const char *certificate_name, const char *key_name, const Pair *pair)
{
    Buf certificate = {0}, key = {0};
    bool fine = put_pem(pair, &certificate, &key) && workdir_write(dir, key_name, buf_text(&key)) == 0 &&
                workdir_write(dir, certificate_name, buf_text(&certificate)) == 0;
    buf_release(&certificate);
    buf_release(&key);
    return fine;
}

static bool load(const Workdir *dir, const char *certificate_name, const char *key_name, Pair *ret)
{
    Buf certificate = {0}, key = {0};
    bool fine = workdir_read(dir, certificate_name, &certificate) == 0 && workdir_read(dir, key_name, &key) == 0 &&
                parse_pem(buf_text(&certificate), buf_text(&key), ret);
    buf_release(&certificate);
    buf_release(&key);
    if (!fine)
        pair_release(ret);
    ERR_clear_error();
    return fine;
}

static bool get_pairs(const Workdir *dir, CertKind kind, Pair *ca, Pair *server)
{
    bool kept_ca = load(dir, "ca.pem", "ca-key.pem", ca);
    if (!kept_ca && !(make_ca(ca) && save(dir, "ca.pem", "ca-key.pem", ca)))
        return false;
    if (kind != CERT_GOOD)
        return make_server(ca, kind, server);
    if (kept_ca && load(dir, "server.pem", "server-key.pem", server))
        return true;
    return make_server(ca, kind, server) && save(dir, "server.pem", "server-key.pem", server);
}

int tls_identity(const Workdir *dir, CertKind kind, TlsIdentity *ret)
{
    Pair ca = {0}, server = {0};
    TlsIdentity identity = {0};
    bool fine = get_pairs(dir, kind, &ca, &server) && put_pem(&server, &identity.certificate, &identity.key);
    pair_release(&ca);
    pair_release(&server);
    if (!fine) {
        fputs("skystack-sandbox: cannot make or keep its certificates\n", stderr);
        ERR_print_errors_fp(stderr);
        tls_release(&identity);
        return -1;
    }
    *ret = identity;
    return 0;
}

void tls_release(TlsIdentity *identity)
{
    buf_release(&identity->certificate);
    buf_release(&identity->key);
}
