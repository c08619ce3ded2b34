#include "webhook_sign.h"

#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdlib.h>
#include <string.h>

enum { DIGEST_BYTES = 32, PIECE_BYTES = 64 * 1024 };

static const char *const names[SIGNATURE_COUNT] = {
    [SIGNATURE_GOOD] = "good",           [SIGNATURE_PREFIXED] = "prefixed", [SIGNATURE_WRONG] = "wrong",
    [SIGNATURE_TRUNCATED] = "truncated", [SIGNATURE_MISSING] = "missing",
};

const char *signature_name(Signature signature)
{
    return names[signature];
}

bool signature_find(const char *name, Signature *ret)
{
    for (int i = 0; i < SIGNATURE_COUNT; i++)
        if (strcmp(names[i], name) == 0) {
            *ret = (Signature)i;
            return true;
        }
    return false;
}

static void add_spaces(EVP_MAC_CTX *context, int64_t count)
{
    unsigned char piece[PIECE_BYTES];
    memset(piece, ' ', sizeof piece);
    for (; count > 0; count -= PIECE_BYTES)
        EVP_MAC_update(context, piece, count < PIECE_BYTES ? (size_t)count : PIECE_BYTES);
}

static void digest(const char *secret, Text body, int64_t padding, unsigned char ret[DIGEST_BYTES])
{
    char name[] = "SHA256";
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string("digest", name, 0), OSSL_PARAM_construct_end()};
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *context = mac ? EVP_MAC_CTX_new(mac) : NULL;
    size_t len = 0;
    if (!context || !EVP_MAC_init(context, (const unsigned char *)secret, strlen(secret), params))
        abort();
    EVP_MAC_update(context, (const unsigned char *)body.at, body.len);
    add_spaces(context, padding);
    if (!EVP_MAC_final(context, ret, &len, DIGEST_BYTES))
        abort();
    EVP_MAC_CTX_free(context);
    EVP_MAC_free(mac);
}

bool signature_put(Signature signature, const char *secret, Text body, int64_t padding, Buf *out)
{
    unsigned char bytes[DIGEST_BYTES];
    if (signature == SIGNATURE_MISSING)
        return false;
    digest(secret, body, padding, bytes);
    if (signature == SIGNATURE_WRONG)
        bytes[DIGEST_BYTES - 1] ^= 1;
    if (signature == SIGNATURE_PREFIXED)
        buf_puts(out, "sha256=");
    size_t shown = signature == SIGNATURE_TRUNCATED ? DIGEST_BYTES / 2 : DIGEST_BYTES;
    for (size_t i = 0; i < shown; i++)
        buf_printf(out, "%02x", bytes[i]);
    return true;
}
