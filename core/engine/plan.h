/* plan.h: what workers need to know of a sweep: where parameters come from, where results go, which runs are wanted.
 * Crosses to the model host as bytes. */
#ifndef CORE_ENGINE_PLAN_H
#define CORE_ENGINE_PLAN_H

#include <pipette/base.h>

#include "exploration/exploration.h"

/* A parameter that a model can ask for: its value, or its place among the explored ones. */
typedef struct plan_parameter {
    char *path; /* "parameters.neuron.I" or "derived_parameters..." */
    pipette_value value;
    int32_t explored; /* index into the exploration, or -1: `value` holds */
} plan_parameter;

/* Bytes of a column that stand one behind the other in a file; row r is the column's bytes from r * row_bytes on. */
typedef struct plan_place {
    uint64_t first, bytes, offset;
} plan_place;

/* Where the values of a column go. Without a file they travel to the supervisor, which hands them to the storage. */
typedef struct plan_column {
    uint32_t column; /* position in the storage's layout; PLAN_NO_COLUMN: nowhere */
    int32_t type;
    uint64_t elements;  /* of one row; PLAN_VARIES: each run has a shape of its own */
    uint64_t row_bytes; /* elements * size of one */
    char *file;         /* NULL: through the supervisor */
    plan_place *places; /* all of its bytes in the file, ascending and without gaps */
    uint64_t place_count;
    uint32_t level; /* deflate level that the worker compresses a row with; 0: none */
    uint32_t every; /* a value for each `every` consecutive rows; 0 and 1: for each row */
    uint32_t seed;  /* of its part in the checksum of a run (checksum.h); 0: it has none */
} plan_column;

#define PLAN_NO_COLUMN UINT32_MAX
#define PLAN_VARIES UINT64_MAX

/* `count` rows from `row` on hold the runs from `run` on. */
typedef struct plan_span {
    uint64_t row, run, count;
} plan_span;

typedef struct engine_plan {
    exploration *points; /* NULL: nothing is explored */
    plan_parameter *parameters;
    uint32_t parameter_count;
    plan_column *results; /* one for each declared result of the model, in its order */
    uint32_t result_count;
    plan_column *coordinates; /* one for each explored parameter, in the order of the exploration */
    uint32_t coordinate_count;
    plan_column state, start, duration, checksum; /* ledger */
    uint32_t message_column, log_column;
    plan_span *spans; /* the runs that are wanted, ascending */
    uint64_t span_count;
    uint64_t run_count; /* sum of the spans */
    uint64_t seed;
    uint64_t memory_limit; /* bytes per run, 0: none */
    uint64_t stack;        /* bytes of stack for the model; 0: what the command has */
    uint32_t isolate;      /* a process for every run */
    uint32_t power_safe;
    uint32_t workdir;      /* WORKDIR_... */
    char *scratch;         /* folder for those of the runs or workers; not WORKDIR_SHARED: absolute, else NULL */
    double timeout;        /* seconds for a run, 0: none */
    uint32_t retries;      /* how often a run that fails is tried again */
    uint64_t max_failures; /* the supervisor's: so many failed runs end the sweep; 0: no limit */
} engine_plan;

enum { WORKDIR_SHARED = 0, WORKDIR_WORKER = 1, WORKDIR_RUN = 2 };

/* Frees what the plan owns (everything it points to). */
void plan_free(engine_plan *plan);

/* To bytes (wire_free) and back; the unpacked plan owns its parts. */
int plan_pack(const engine_plan *plan, void **bytes, size_t *size, pipette_error *error);
int plan_unpack(const void *bytes, size_t size, engine_plan *plan, pipette_error *error);

#endif
