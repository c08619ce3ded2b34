/*
 * utf8: characters as bytes (RFC 3629). Private to the model.
 */
#ifndef SKY_UTF8_H
#define SKY_UTF8_H

#include <stddef.h>
#include <stdint.h>

enum { UTF8_BYTES_MAX = 4 };

/* How many bytes must follow a character's first one (of 0x80 or more), and between what bounds the first of them must
 * be. -1 if no character begins so. */
int utf8_lead(unsigned char lead, unsigned *ret_low, unsigned *ret_high);
/* Length of the valid character that begins at `at`, or 0 if none does. */
size_t utf8_length(const char *at, const char *end);
/* The code point of a character of a length that utf8_length() gave. */
uint32_t utf8_decode(const char *at, size_t length);
/* Writes a code point, a surrogate too (as three bytes), and returns its length. */
size_t utf8_encode(uint32_t code, char ret_bytes[UTF8_BYTES_MAX]);

#endif
