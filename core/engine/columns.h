/* columns.h: memory for the values of a chunk: a column for each result and explored parameter, a row for each run. */
#ifndef CORE_ENGINE_COLUMNS_H
#define CORE_ENGINE_COLUMNS_H

#include "engine/worker.h"

/* Decides how many runs a chunk has (lane_limit) and makes their memory. The columns of results lie between pages that
 * nobody can touch, with room for a guard (guard.h) before the first row, behind the last one and between rows of a
 * page and more. */
int columns_make(worker *worker, pipette_error *error);

/* Frees what columns_make() made for results. */
/* Whether a thread goes on writing to what runs were lent for the first `lanes` lanes. Takes some milliseconds: ask
 * where there are threads, once. */
int columns_disturbed(worker *worker, uint64_t lanes);
void columns_free(worker *worker);

/* A column of `lane_limit` elements, aligned to 64 bytes, zeroed; apart_free() it. NULL without memory. */
void *columns_array(const worker *worker, uint64_t bytes);

#endif
