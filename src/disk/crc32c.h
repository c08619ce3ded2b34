/*
 * crc32c: whether bytes are still the ones that were written. Private to disk.
 *
 * The Castagnoli checksum as iSCSI (RFC 3720, appendix B.4), ext4 and btrfs have it: polynomial 0x1EDC6F41, reflected.
 * By the processor's own instruction where there is one, else eight bytes at a time: a snapshot has a hundred megabytes.
 */
#ifndef SKY_CRC32C_H
#define SKY_CRC32C_H

#include <stdint.h>

#include "span.h"

/* The checksum of bytes that follow those of checksum `before`, which is 0 at the beginning. From any thread. */
uint32_t crc32c(uint32_t before, Span bytes);
/* The same without the processor's help, for the test of both. */
uint32_t crc32c_by_table(uint32_t before, Span bytes);

#endif
