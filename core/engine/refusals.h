/* refusals.h: runs that computed well and fail all the same, because the storage cannot hold what they stored. */
#ifndef CORE_ENGINE_REFUSALS_H
#define CORE_ENGINE_REFUSALS_H

#include "engine/sweep.h"

/* An engine_refuse: the run of `row` fails with `message`. `sweep` is the sweep. */
void refusals_add(void *sweep, uint64_t row, int ended, const char *message);

/* Turns the states of refused runs among these rows into `failed` and stores why. `states` stays as it is; returns what
 * to store: the states themselves, or a copy in `*room`, which the caller frees. NULL without memory. */
const int8_t *refusals_apply(sweep *sweep, uint64_t row, uint64_t count, const int8_t *states, int8_t **room);

void refusals_free(sweep *sweep);

#endif
