/* added.h: undeclared results: which type and rank each has, and which runs cannot be stored beside others.
 *
 * What a finished file holds stays as it is. Else the run with the lowest index that stores a result says what it is,
 * whatever the order in which values come: a value of another type or rank, or at a path below or above another
 * result's, costs the run that stored it, also if that run came first and was done already. So the outcome does not
 * depend on workers, batches or interruptions. */
#ifndef CORE_PIPELINE_ADDED_H
#define CORE_PIPELINE_ADDED_H

#include "pipeline/pipeline.h"

/* Finds the column for a value of `row`, or makes it. `*taken` becomes 1 where it is to be appended to `*column`, 0
 * where its run has been refused. */
int added_take(pipette_pipeline *pipeline, const char *path, uint64_t row, const pipette_value *value,
               engine_refuse refuse, void *sweep, uint32_t *column, int *taken, pipette_error *error);

/* The states of these rows are known. */
void added_ended(pipette_pipeline *pipeline, uint64_t row, uint64_t count);

/* After extend, the storage gives undeclared results positions anew. */
void added_forget_positions(pipette_pipeline *pipeline);
void added_destroy(pipette_pipeline *pipeline);

#endif
