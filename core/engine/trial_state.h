/* trial_state.h: what the parts of a trial's process share. */
#ifndef CORE_ENGINE_TRIAL_STATE_H
#define CORE_ENGINE_TRIAL_STATE_H

#include "engine/trial_worker.h"
#include "engine/worker.h"

#define TRIAL_BATCH_ALIGNMENT 64u /* of a batch's columns */

typedef struct trial_state {
    const trial_request *request;
    worker worker;
    engine_plan plan;
    guarded *results;                /* as in the schema */
    guarded *columns;                /* batch: of the declared parameters, then the status */
    unsigned char *given;            /* the parameters of the point at hand, which a run can only read */
    size_t given_bytes, *given_ends; /* where the texts and elements of each parameter end */
    trial_damage written;            /* a parameter that was written to since the call began */
    wire record;
    double deadline;
    int out;
} trial_state;

/* ---- trial_tell.c: what came of a run ---- */

void trial_tell(const trial_state *t, uint32_t kind, const void *bytes, size_t size);
_Noreturn void trial_give_up(const trial_state *t, int code, const char *text);
/* The memory; gives up where there is none. */
void *trial_need(const trial_state *t, void *memory);
double trial_seconds_now(void);
void trial_tell_outcome(trial_state *t, uint64_t lane, uint64_t point, int state, double seconds, trial_damage damage,
                        const char *message);
/* The next record that the outbox holds for a lane; 0 behind the last. */
int trial_outbox_next(const worker *w, size_t *at, uint64_t lane, worker_record *record, const unsigned char **payload);

/* ---- trial_memory.c: parameters, buffers and what happens beside them ---- */

const pipette_value *trial_value(const trial_state *t, uint64_t point, uint32_t parameter);
const uint64_t *trial_extents(const trial_state *t, uint64_t point, uint32_t result);
/* Room for the parameters of one point, and for `lanes` rows of the largest shape that a point has. */
void trial_make_buffers(trial_state *t, uint64_t lanes);
/* The buffers of the next call: `lanes` rows of the shapes of `point`. */
void trial_place_buffers(trial_state *t, uint64_t point, uint64_t lanes);
/* The parameters of the next run; trial_lock() before it: then a write to them is noted. */
void trial_bind_point(trial_state *t, uint64_t point);
void trial_lock(trial_state *t, int locked);
/* Columns of the parameters for batches of up to `width` lanes. */
void trial_make_columns(trial_state *t, uint64_t width);
/* What the call did that it must not do. */
trial_damage trial_find_damage(const trial_state *t);
void trial_listen_to_faults(trial_state *t);
/* What a run finds below its stack frame. */
void trial_dirty_stack(unsigned char garbage);

/* ---- trial_batch.c ---- */

/* Runs points order[at] .. as one batch. */
void trial_batch(trial_state *t, uint64_t at, uint64_t count);
void trial_time_batches(trial_state *t);

#endif
