#include "account.h"

#include <openssl/evp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "error.h"

static bool digest(const char *endpoint, const char *token, unsigned char *ret_bytes)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool done = context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1 &&
                EVP_DigestUpdate(context, endpoint, strlen(endpoint) + 1) == 1 &&
                EVP_DigestUpdate(context, token, strlen(token)) == 1 &&
                EVP_DigestFinal_ex(context, ret_bytes, NULL) == 1;

    EVP_MD_CTX_free(context);
    return done;
}

int account_of(const char *endpoint, const char *token, char ret_account[LEDGER_ACCOUNT_BYTES])
{
    unsigned char bytes[EVP_MAX_MD_SIZE];

    if (!digest(endpoint, token, bytes))
        return -ERR_NO_MEMORY;
    for (size_t i = 0; i < (LEDGER_ACCOUNT_BYTES - 1) / 2; i++)
        snprintf(ret_account + 2 * i, 3, "%02x", bytes[i]);
    return 0;
}
