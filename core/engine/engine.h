/* engine.h: executes runs: a model host and its workers, or this process; sees to it that a run's failure costs that
 * run only. */
#ifndef CORE_ENGINE_ENGINE_H
#define CORE_ENGINE_ENGINE_H

#include <pipette/plugin.h>

#include "engine/plan.h"
#include "engine/worker.h"
#include "plugin/schema.h"

typedef struct engine engine;

typedef struct engine_progress {
    uint64_t run_count; /* wanted */
    uint64_t done, failed, timed_out, infeasible;
    double seconds; /* since engine_run() began */
} engine_progress;

typedef struct engine_options {
    uint32_t workers; /* processes; at least 1 */
    int in_process;   /* everything in this process, for debuggers */
    uint32_t threads; /* that the libraries of each worker may start (cores_set_threads); 0: as many as they like */
    double
        timeout; /* seconds for a run; 0: none. create() and destroy() of the model get ten times that, at least 5 s */
    double load_seconds; /* for loading the model; 0: 5 */
    /* 0, 1: store what runs, then end; 2: end now. Set by a signal handler or another thread. */
    const volatile int *interrupt;
    void (*progress)(const engine_progress *progress, void *user); /* may be NULL */
    void *progress_user;
    double progress_seconds; /* how often; 0: 0.2 */
    /* Not 0: end within `grace` seconds from then on: store what ends in time, give up the rest. May be NULL. */
    const volatile int *terminate;
    double grace;
    uint32_t retries; /* how often a run that fails is tried again */
    void (*warn)(const char *text,
                 void *user); /* what a person should know, and what goes on all the same; may be NULL */
    void *warn_user;
    const pipette_descriptor
        *descriptor; /* of a model that is a function of this program; NULL: it is loaded from its file */
} engine_options;

/* Makes the run of a row fail with `message`, though it computed well. `ended`: its state has been given to `states`;
 * else it will be. */
typedef void (*engine_refuse)(void *sweep, uint64_t row, int ended, const char *message);

/* What the engine does with results that do not go straight to their place. Each returns 0 or a status with `error`
 * filled. */
typedef struct engine_store {
    void *user;
    int (*write)(void *user, uint32_t column, uint64_t row, uint64_t count, const void *data, uint64_t row_bytes,
                 pipette_error *error);
    int (*append)(void *user, uint32_t column, uint64_t row, const pipette_value *value, pipette_error *error);
    /* An undeclared result. One that cannot go with those of other runs costs its run, or theirs: `refuse(sweep, ...)`.
     */
    int (*add)(void *user, const char *path, uint64_t row, const pipette_value *value, engine_refuse refuse,
               void *sweep, pipette_error *error);
    /* One row, shuffled and deflated; only for columns whose plan asks for it. */
    int (*compressed)(void *user, uint32_t column, uint64_t row, const void *bytes, uint64_t size,
                      pipette_error *error);
    int (*states)(void *user, uint64_t row, uint64_t count, const int8_t *states, pipette_error *error);
    /* What is stored of them; NULL where nothing is. */
    int (*read_states)(void *user, uint64_t row, uint64_t count, int8_t *states, pipette_error *error);
} engine_store;

typedef struct engine_report {
    engine_progress progress;
    int interrupted;
    uint64_t first_failed_run; /* valid if failed + timed_out > 0 */
    char first_failure[512];
    int gave_up;          /* max_failures of the plan were reached before all runs were begun */
    uint64_t wrong_bytes; /* of texts that runs stored or printed, or gave as reasons: no UTF-8, and so replaced */
    char changed[96]; /* what runs changed of their process, so that others got processes of their own; "": nothing */
} engine_report;

/* Starts the engine: forks the model host, which loads the model. Where the options bring a descriptor, `model_path` is
 * the program's file, workers see the program's memory as it is now, and none of them runs its exit handlers. Call it
 * before the process has loaded a storage plugin. `stage` is the model's; `stage_message` gives what its fail()
 * recorded. The engine keeps a copy of `options`. */
int engine_create(const char *model_path, pipette_stage *stage, const char *(*stage_message)(pipette_stage *stage),
                  const engine_options *options, engine **out, pipette_error *error);
void engine_destroy(engine *engine);

/* No more runs will be asked for: the processes can end while the caller does something else. Does not wait. */
void engine_dismiss(engine *engine);

/* What the model declares; waits for the host to load it. A model that crashes or hangs while being loaded is an error
 * here. Owned by the engine. */
int engine_schema(engine *engine, const plugin_schema **schema, pipette_error *error);

/* The extents of all results (shape_extent_count() of them) where the shape parameters have these values, in their
 * order. */
int engine_shape(engine *engine, const pipette_value *values, shape_extent *extents, pipette_error *error);

/* Executes the runs of the plan. Failed runs are no error; a storage that fails, or an engine that cannot go on, is.
 * `report` is filled in any case. */
int engine_run(engine *engine, const engine_plan *plan, const engine_store *store, engine_report *report,
               pipette_error *error);

#endif
