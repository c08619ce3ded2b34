#include "random.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

static uint64_t system_next(Random *random)
{
    uint64_t bits = 0;

    (void)random;
    /* For 8 bytes getrandom neither fails nor comes back short once the kernel is up (random(7)). */
    if (getrandom(&bits, sizeof bits, 0) != (ssize_t)sizeof bits)
        abort();
    return bits;
}

Random *random_system(void)
{
    static Random system_random = {.next = system_next};

    return &system_random;
}

void random_uuid(Random *random, char ret_text[RANDOM_UUID_BYTES])
{
    uint64_t high = random_next(random), low = random_next(random);

    high = (high & ~UINT64_C(0xf000)) | 0x4000;
    low = (low & ~(UINT64_C(3) << 62)) | UINT64_C(1) << 63;
    snprintf(ret_text, RANDOM_UUID_BYTES, "%08" PRIx64 "-%04" PRIx64 "-%04" PRIx64 "-%04" PRIx64 "-%012" PRIx64,
             high >> 32, high >> 16 & 0xffff, high & 0xffff, low >> 48, low & UINT64_C(0xffffffffffff));
}
