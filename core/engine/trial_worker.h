/* trial_worker.h: the process of a trial that loads the model and runs the points. */
#ifndef CORE_ENGINE_TRIAL_WORKER_H
#define CORE_ENGINE_TRIAL_WORKER_H

#include "engine/trial.h"

/* A record on the pipe: this head, then `size` bytes. */
typedef struct trial_record {
    uint32_t magic, kind;
    uint64_t size;
} trial_record;
#define TRIAL_MAGIC UINT32_C(0x7e57a11e)
enum { TRIAL_READY = 1, TRIAL_OUTCOME, TRIAL_FAULT, TRIAL_FAILED, TRIAL_COMPLETE, TRIAL_LEFT, TRIAL_ENDED };

/* Loads the model and runs order[first ..], writing a record for each to `out`. Never returns. */
_Noreturn void trial_worker(const trial_request *request, uint64_t first, int out);

/* Writes a record; 0 where that was refused. Safe in a signal handler. */
int trial_write(int out, uint32_t kind, const void *bytes, size_t size);

#endif
