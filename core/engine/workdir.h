/* workdir.h: the working directory of runs: a folder for each run, or for each worker, below a folder of the
 * experiment. */
#ifndef CORE_ENGINE_WORKDIR_H
#define CORE_ENGINE_WORKDIR_H

#include "engine/worker.h"

/* What a message says before the folder in which a failed run's files stay. */
#define WORKDIR_NOTE "; its files are kept in "

/* Before the instance is made: notes where this process is; "worker": makes its folder and goes there. */
int workdir_start(worker *worker, pipette_error *error);

/* Before and after each run: with "run", makes an empty folder run_00000013 and goes there; goes back, and removes the
 * folder unless the run failed. workdir_enter() returns a status, with the run's message set. */
int workdir_enter(worker *worker, uint64_t run);
void workdir_leave(worker *worker, uint64_t run, int failed);

/* With the worker's process: goes back, and removes its folder unless one of its runs failed. Once, or never in a
 * process that dies. */
void workdir_end(worker *worker);

/* Appends to the message of a failed run where its files are. Also for a run whose process is gone: then `worker` is
 * NULL. */
void workdir_note(const engine_plan *plan, const worker *worker, uint64_t run, char *message, size_t size);

#endif
