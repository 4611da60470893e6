/* seed.c: the C library's own random number generators, seeded for each run. */
#include "engine/seed.h"

#include <stdlib.h>

#include "plugin/brought.h"

/* A bijection of 64 bits in which every bit depends on all (the finaliser of MurmurHash3). */
static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 33)) * UINT64_C(0xff51afd7ed558ccd);
    x = (x ^ (x >> 33)) * UINT64_C(0xc4ceb9fe1a85ec53);
    return x ^ (x >> 33);
}

/* One of 32 bits. */
static uint32_t mix_half(uint32_t x)
{
    x = (x ^ (x >> 16)) * UINT32_C(0x85ebca6b);
    x = (x ^ (x >> 13)) * UINT32_C(0xc2b2ae35);
    return x ^ (x >> 16);
}

/* Runs below 2^32 are mapped one to one: a hash would give two of 80,000 runs the same seed. */
static uint32_t seed_of(uint64_t seed, uint64_t run, uint64_t purpose)
{
    uint64_t key = mix(mix(seed + purpose) + (run >> 32));
    return mix_half((uint32_t)run ^ (uint32_t)key) ^ (uint32_t)(key >> 32);
}

void seed_generators(uint32_t generators, uint64_t seed, uint64_t run)
{
    static char state[128];                    /* as many as the library has itself, so the same numbers */
    if ((generators & BROUGHT_OWN_STATE) != 0) /* the array of an earlier run may be gone */
        (void)initstate(seed_of(seed, run, 1), state, sizeof state);
    else if ((generators & BROUGHT_RAND) != 0)
        srandom(seed_of(seed, run, 1));
    if ((generators & BROUGHT_DRAND48) != 0)
        srand48((long)seed_of(seed, run, 2));
}
