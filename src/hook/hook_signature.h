/*
 * hook_signature: whether a body was sent by somebody who knows the secret. Pure; internal to hook.
 *
 * The header X-Signature carries the HMAC-SHA256 (RFC 2104) of the body's bytes as 64 hexadecimal digits, of either case,
 * perhaps after `sha256=`.
 */
#ifndef SKY_HOOK_SIGNATURE_H
#define SKY_HOOK_SIGNATURE_H

#include <stdbool.h>

#include "span.h"

enum { HOOK_SIGNATURE_BYTES = 32 };

typedef struct HookSignature {
    unsigned char bytes[HOOK_SIGNATURE_BYTES];
} HookSignature;

/* False: it is no signature at all. NULL is none. */
bool hook_signature_parse(const char *header, HookSignature *ret_signature);
/* Takes as long for a wrong signature as for the right one. */
bool hook_signature_fits(const HookSignature *signature, Span secret, Span body);

#endif
