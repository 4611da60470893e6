/* fault.h: what a worker makes of a memory fault of its model. */
#ifndef CORE_ENGINE_FAULT_H
#define CORE_ENGINE_FAULT_H

#include "engine/worker.h"

/* From now on a SIGSEGV of this process is looked at, on a stack of its own. A write to the parameters is let through,
 * to a copy that only this process sees, and makes the chunk dirty (worker.dirty). For every other fault a sentence
 * goes to `reason`, where it can be told: the stack was used up, a buffer was left far behind, shared memory was
 * touched; then the process dies of the signal. `stack_bytes`: what the model may use; 0: no limit. `where`: an address
 * in the calling function's frame, near the stack's beginning. */
void fault_watch(worker *worker, const void *where, uint64_t stack_bytes);

/* Where the reason goes: BOARD_REASON_BYTES in a page that may be out of reach while the model computes. */
void fault_report_to(char *reason);

#endif
