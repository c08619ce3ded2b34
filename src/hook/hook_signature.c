#include "hook_signature.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

static const char prefix[] = "sha256=";

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool hook_signature_parse(const char *header, HookSignature *ret_signature)
{
    HookSignature signature;

    if (!header)
        return false;
    if (strncmp(header, prefix, sizeof prefix - 1) == 0)
        header += sizeof prefix - 1;
    if (strlen(header) != 2 * (size_t)HOOK_SIGNATURE_BYTES)
        return false;
    for (size_t i = 0; i < HOOK_SIGNATURE_BYTES; i++) {
        int high = digit_of(header[2 * i]), low = digit_of(header[2 * i + 1]);

        if (high < 0 || low < 0)
            return false;
        signature.bytes[i] = (unsigned char)(high << 4 | low);
    }
    *ret_signature = signature;
    return true;
}

bool hook_signature_fits(const HookSignature *signature, Span secret, Span body)
{
    unsigned char right[EVP_MAX_MD_SIZE];
    unsigned length = 0;

    return HMAC(EVP_sha256(), secret.at, (int)secret.len, (const unsigned char *)body.at, body.len, right, &length) &&
           length == HOOK_SIGNATURE_BYTES && CRYPTO_memcmp(right, signature->bytes, HOOK_SIGNATURE_BYTES) == 0;
}
