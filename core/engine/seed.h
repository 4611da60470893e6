/* seed.h: the C library's own random number generators, seeded for each run. */
#ifndef CORE_ENGINE_SEED_H
#define CORE_ENGINE_SEED_H

#include <stdint.h>

/* "run" for what is before the runs: the model's create(). */
#define SEED_CREATE UINT64_MAX

/* Seeds `generators` (BROUGHT_..., of the schema) from the experiment's seed and the run, so that what a run draws
 * depends on nothing else. Runs of one experiment have different seeds, as far as 32 bits can tell them apart. */
void seed_generators(uint32_t generators, uint64_t seed, uint64_t run);

#endif
