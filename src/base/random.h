/*
 * random: chance, handed in like time, so that a simulation can replay it from a seed.
 */
#ifndef SKY_RANDOM_H
#define SKY_RANDOM_H

#include <stdint.h>

typedef struct Random Random;
struct Random {
    uint64_t (*next)(Random *random);
};

enum { RANDOM_UUID_BYTES = 37 };

/* The system's own generator. Static; never NULL. */
Random *random_system(void);
/* 64 random bits. */
static inline uint64_t random_next(Random *random)
{
    return random->next(random);
}
/* A version 4 UUID (RFC 9562) as text. */
void random_uuid(Random *random, char ret_text[RANDOM_UUID_BYTES]);

#endif
