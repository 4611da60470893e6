/* chunk.h: some consecutive runs that a worker computes and stores together. */
#ifndef CORE_ENGINE_CHUNK_H
#define CORE_ENGINE_CHUNK_H

#include "engine/worker.h"

/* Computes `*count` (at most lane_limit) runs from `run` on, at `position`, and stores them in the rows from `row` on;
 * fewer where they take long, so that little is lost by a crash and nobody waits for a stop: *count tells how many.
 * WORKER_DIRTY: the model left the process in a state that the next run must not find; nothing was stored. */
int chunk_run(worker *worker, uint64_t position, uint64_t row, uint64_t run, uint64_t *count, pipette_error *error);

/* store.c: writes the chunk's columns, then what travels, then the states. */
int store_chunk(worker *worker, uint64_t row, uint64_t count, pipette_error *error);

/* ---- clean.c: whether runs leave the process as they found it ---- */

/* Notes the state of the process: working directory, signals, descriptors and their flags, limits, threads, children,
 * timers, locale, environment, floating-point state, priority, attributes. `files` are the worker's own descriptors. */
void clean_mark(const int *files, uint32_t count);
/* Whether flags such as O_APPEND of the descriptors below 64 have changed since clean_mark(); puts them back, as
 * processes share them. */
int clean_flags(void);
/* NULL, or what the runs since clean_mark() have changed: "the working directory". `first`: these were the first runs
 * of the process; files that they opened and keep are the model's, and later runs are compared with that. */
const char *clean_check(int first);

#endif
