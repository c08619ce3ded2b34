/*
 * crc32c: whether bytes are still the ones that were written. Private to disk.
 *
 * The Castagnoli checksum as iSCSI (RFC 3720, appendix B.4), ext4 and btrfs have it: polynomial 0x1EDC6F41, reflected.
 */
#ifndef SKY_CRC32C_H
#define SKY_CRC32C_H

#include <stdint.h>

#include "span.h"

/* The checksum of bytes that follow those of checksum `before`, which is 0 at the beginning. */
uint32_t crc32c(uint32_t before, Span bytes);

#endif
