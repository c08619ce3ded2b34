/*
 * sim_chance: everything that a simulation leaves to chance, drawn from one seed (splitmix64).
 *
 * Each part of the world draws from a stream of its own, so that a change in one leaves what the others drew alone.
 *
 * A fuzzer decides instead by bytes. All streams then take them in the order in which they draw, as few as will do, and
 * when there are none left the seed goes on. What has no choices (chance_next: tokens, jitter) is the seed's all along.
 */
#ifndef SKY_SIM_CHANCE_H
#define SKY_SIM_CHANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ChanceSource {
    uint64_t seed;
    const uint8_t *bytes; /* not taken yet */
    size_t left;
} ChanceSource;

typedef struct Chance {
    uint64_t state;
    ChanceSource *source;
} Chance;

static inline uint64_t chance_next(Chance *chance)
{
    uint64_t mixed = chance->state += UINT64_C(0x9e3779b97f4a7c15);

    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

/* The stream number `stream` of a source, which outlives it. */
static inline Chance chance_stream(ChanceSource *source, uint64_t stream)
{
    Chance chance = {source->seed * UINT64_C(0x2545f4914f6cdd1d) + stream, source};

    (void)chance_next(&chance);
    return chance;
}

/* 0 … count - 1, by as many bytes as that takes. */
static inline uint64_t chance_take(ChanceSource *source, uint64_t count)
{
    uint64_t taken = 0;

    for (uint64_t rest = count - 1; rest > 0 && source->left > 0; rest >>= 8, source->left--)
        taken = taken << 8 | *source->bytes++;
    return taken % count;
}

static inline uint64_t chance_draw(Chance *chance, uint64_t count)
{
    return chance->source->left > 0 ? chance_take(chance->source, count) : chance_next(chance) % count;
}

/* 0 … count - 1. */
static inline unsigned chance_below(Chance *chance, unsigned count)
{
    return (unsigned)chance_draw(chance, count);
}

/* low … high. */
static inline int64_t chance_between(Chance *chance, int64_t low, int64_t high)
{
    return low + (int64_t)chance_draw(chance, (uint64_t)(high - low + 1));
}

/* True so many times in a thousand. Of bytes, the largest are true, and what never is takes none. */
static inline bool chance_hit(Chance *chance, unsigned permille)
{
    if (chance->source->left == 0)
        return chance_below(chance, 1000) < permille;
    return permille > 0 && 1000 * (255 - chance_take(chance->source, 256)) < 256 * permille;
}

#endif
