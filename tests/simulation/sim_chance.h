/*
 * sim_chance: everything that a simulation leaves to chance, drawn from one seed (splitmix64).
 *
 * Each part of the world draws from a stream of its own, so that a change in one leaves what the others drew alone.
 */
#ifndef SKY_SIM_CHANCE_H
#define SKY_SIM_CHANCE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct Chance {
    uint64_t state;
} Chance;

static inline uint64_t chance_next(Chance *chance)
{
    uint64_t mixed = chance->state += UINT64_C(0x9e3779b97f4a7c15);

    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

/* The stream number `stream` of a seed. */
static inline Chance chance_stream(uint64_t seed, uint64_t stream)
{
    Chance chance = {seed * UINT64_C(0x2545f4914f6cdd1d) + stream};

    (void)chance_next(&chance);
    return chance;
}

/* 0 … count - 1. */
static inline unsigned chance_below(Chance *chance, unsigned count)
{
    return (unsigned)(chance_next(chance) % count);
}

/* low … high. */
static inline int64_t chance_between(Chance *chance, int64_t low, int64_t high)
{
    return low + (int64_t)(chance_next(chance) % (uint64_t)(high - low + 1));
}

/* True so many times in a thousand. */
static inline bool chance_hit(Chance *chance, unsigned permille)
{
    return chance_below(chance, 1000) < permille;
}

#endif
