/* parameters.h: the values of parameters in a worker: memory of its own, which the model can read only. */
#ifndef CORE_ENGINE_PARAMETERS_H
#define CORE_ENGINE_PARAMETERS_H

#include "engine/worker.h"

/* Copies all values that do not change, texts and arrays too, and makes a column for each explored parameter. Needs
 * lane_limit. */
int parameters_make(worker *worker, pipette_error *error);
void parameters_free(worker *worker);

/* From lock to unlock, a write to them faults (parameters_write()). Does nothing where the process is not the worker's
 * own. */
void parameters_lock(worker *worker);
void parameters_unlock(worker *worker);

/* 1 where the fault at `address` was a write to locked parameters: they can be written now, and the chunk is dirty. For
 * fault.c. */
int parameters_write(worker *worker, uintptr_t address);

/* Hands out pieces of a block, or, without memory, counts what is needed. */
typedef struct parameter_block {
    unsigned char *memory;
    size_t used;
} parameter_block;

void *parameters_take(parameter_block *from, size_t bytes);
/* A copy of the value with its texts and elements in the block; `out` may be NULL where only the room is counted. */
void parameters_copy(parameter_block *from, const pipette_value *value, pipette_value *out);

#endif
