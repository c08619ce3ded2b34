/* The signature of a delivery: HMAC-SHA256 over the raw body under the endpoint's secret, in lower-case hex. */
#ifndef SANDBOX_WEBHOOK_SIGN_H
#define SANDBOX_WEBHOOK_SIGN_H

#include "buf.h"

#include <stdbool.h>

typedef enum Signature {
    SIGNATURE_GOOD,
    SIGNATURE_PREFIXED,  /* good, behind `sha256=` */
    SIGNATURE_WRONG,     /* its last digit is another */
    SIGNATURE_TRUNCATED, /* its first half */
    SIGNATURE_MISSING,
    SIGNATURE_COUNT
} Signature;

/* The word for it, as the admin address has it. */
const char *signature_name(Signature signature);

/* The signature of that name; false if there is none. */
bool signature_find(const char *name, Signature *ret);

/* Adds the header's value for `body` followed by `padding` spaces. False: the header is left out. */
bool signature_put(Signature signature, const char *secret, Text body, int64_t padding, Buf *out);

#endif
