/* trial.h: runs some points of a model once, in a process of their own and under guards: what `check` sees of a model.
 * Nothing that the model does there (a crash, a hang, an exit, a kill of its parent) reaches the caller. */
#ifndef CORE_ENGINE_TRIAL_H
#define CORE_ENGINE_TRIAL_H

#include <pipette/model.h>

#include "engine/guarded.h"
#include "plugin/schema.h"

/* Points: each has a value for every parameter and an index, which is the run's. All borrowed. */
typedef struct trial_points {
    const char *const *paths; /* "parameters.neuron.I" */
    uint32_t parameter_count;
    uint64_t count;
    const pipette_value *values; /* point after point, parameter_count of each */
    const uint64_t *indices;
    uint64_t seed;
} trial_points;

typedef enum trial_mode {
    TRIAL_SHAPES, /* shape() for each point; the values of an outcome are the extents */
    TRIAL_RUN,
    TRIAL_BATCH,    /* run_batch() for `lanes` points at a time, whose indices follow each other */
    TRIAL_TIME_RUN, /* over and over for `seconds`; one outcome in all: seconds per run. Points below `lanes`, all of
                       one shape */
    TRIAL_TIME_BATCH
} trial_mode;

typedef struct trial_request {
    const plugin_schema *schema; /* schema->path is loaded */
    pipette_stage *stage;
    const char *(*stage_message)(pipette_stage *stage);
    const trial_points *points;
    const uint64_t *const *extents; /* of each point, as TRIAL_SHAPES gave them; NULL for TRIAL_SHAPES */
    const uint64_t *order;          /* positions of points; may repeat */
    uint64_t order_count, lanes;
    trial_mode mode;
    guarded_side side;
    unsigned char pattern; /* what buffers hold before a run fills them */
    unsigned char garbage; /* what fresh memory and the stack hold */
    uint32_t number;       /* of the trial: moves addresses and process numbers */
    double run_seconds;    /* what takes longer is ended */
    double seconds;        /* the trial begins nothing more after them */
} trial_request;

/* Something that a call did and must not do. */
typedef enum trial_deed {
    TRIAL_WROTE = 1,         /* beside the buffer of a result */
    TRIAL_REACHED,           /* the same, or read there: the process was stopped */
    TRIAL_WROTE_PARAMETER,   /* to a parameter, which can only be read */
    TRIAL_REACHED_PARAMETER, /* beside a batch's column of a parameter */
    TRIAL_RETURNED,          /* a number that has no meaning */
} trial_deed;

typedef struct trial_damage {
    int32_t kind;    /* trial_deed; 0: none */
    int32_t place;   /* the result in the schema, or the parameter of the points */
    int64_t element; /* counts from the buffer's first: -1 is the one before it; or what was returned */
    int64_t lane;    /* of a batch; -1: of no lane */
} trial_damage;

typedef struct trial_outcome {
    int32_t state; /* pipette_state; PIPETTE_STATE_PENDING: there was no time */
    int32_t died;  /* the process ended in this run */
    int32_t late;  /* it was ended for taking too long */
    double seconds;
    trial_damage damage;
    const char *message; /* why there is no result, or how the process ended */
    const void *values;  /* wire: for each result its path, then the value */
    size_t size;
} trial_outcome;

/* Takes the outcome of order[at]; it is borrowed for the call. Another result than 0 ends the trial. */
typedef int (*trial_take)(void *user, uint64_t at, const trial_outcome *outcome);

/* Runs the points in their order. Where a run takes the process with it, another goes on behind it, three times at
 * most. What no process came to is not told. An error only where there is no process to be had or the model's instance
 * cannot be made, cannot be ended, or the model crashes while it is loaded. */
int trial_run(const trial_request *request, trial_take take, void *user, pipette_error *error);

#endif
