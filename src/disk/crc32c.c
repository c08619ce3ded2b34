#include "crc32c.h"

#include <endian.h>
#include <pthread.h>

enum { SLICES = 8 };

/* tables[n][b]: what byte b leaves behind once n more bytes have passed, for 0x82F63B78, the polynomial with its bits in
 * reverse. */
static uint32_t tables[SLICES][256];
static pthread_once_t tables_made = PTHREAD_ONCE_INIT;

static void make_tables(void)
{
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t sum = byte;

        for (int bit = 0; bit < 8; bit++)
            sum = sum >> 1 ^ (sum & 1 ? 0x82F63B78 : 0);
        tables[0][byte] = sum;
    }
    for (size_t slice = 1; slice < SLICES; slice++)
        for (size_t byte = 0; byte < 256; byte++)
            tables[slice][byte] = tables[slice - 1][byte] >> 8 ^ tables[0][tables[slice - 1][byte] & 255];
}

static uint64_t next_eight(const char *at)
{
    uint64_t eight;

    memcpy(&eight, at, sizeof eight);
    return eight;
}

uint32_t crc32c_by_table(uint32_t before, Span bytes)
{
    uint32_t sum = ~before;
    const char *at = bytes.at, *end = bytes.at + bytes.len;

    pthread_once(&tables_made, make_tables);
    for (; end - at >= SLICES; at += SLICES) {
        uint64_t eight = le64toh(next_eight(at)) ^ sum;

        sum = 0;
        for (unsigned i = 0; i < SLICES; i++)
            sum ^= tables[SLICES - 1 - i][eight >> 8 * i & 255];
    }
    for (; at < end; at++)
        sum = sum >> 8 ^ tables[0][(sum ^ (unsigned char)*at) & 255];
    return ~sum;
}

#ifdef __x86_64__
__attribute__((target("sse4.2"))) static uint32_t by_instruction(uint32_t before, Span bytes)
{
    uint64_t sum = (uint32_t)~before;
    const char *at = bytes.at, *end = bytes.at + bytes.len;

    for (; end - at >= 8; at += 8)
        sum = __builtin_ia32_crc32di(sum, next_eight(at));
    for (; at < end; at++)
        sum = __builtin_ia32_crc32qi((uint32_t)sum, (unsigned char)*at);
    return ~(uint32_t)sum;
}

uint32_t crc32c(uint32_t before, Span bytes)
{
    return __builtin_cpu_supports("sse4.2") ? by_instruction(before, bytes) : crc32c_by_table(before, bytes);
}
#else
uint32_t crc32c(uint32_t before, Span bytes)
{
    return crc32c_by_table(before, bytes);
}
#endif
