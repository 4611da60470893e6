/* environment.h: the inside of an environment, shared by the files of this folder. The order of its life is in
 * environment.c. */
#ifndef CORE_PROGRAM_ENVIRONMENT_H
#define CORE_PROGRAM_ENVIRONMENT_H

#include <pipette/experiment.h>

#include "pipeline/pipeline.h"
#include "base/arena.h"

/* A stage beside the runs: a plugin, or a function of the program. */
typedef struct program_stage {
    pipette_descriptor descriptor; /* first, of a function: how its stage finds it */
    int kind;
    char *name;                            /* of the plugin or function */
    char *options;                         /* of a plugin, as in a config */
    pipette_postprocess_function function; /* NULL: a plugin */
    void *user;
} program_stage;

/* The function of the runs, as a model's instance. */
typedef struct program_run {
    pipette_run_function function;
    void *user;
} program_run;

struct pipette_environment {
    pipette_environment_options options; /* with texts of the environment's own */
    arena *memory;
    pipette_trajectory *trajectory;
    char *name, *file;
    char *program; /* the executable */
    pipette_error error;
    pipette_result_spec *results;
    uint32_t result_count;
    program_stage **stages;
    uint32_t stage_count;
    uint32_t played; /* see program_stages */
    uint32_t runs_begun;
    pipette_pipeline *volatile running;
    pipette_report report;
    char *first_failure; /* of the report */
    FILE *log;
    double said; /* when progress was said last */
};

/* ---- environment_config.c ---- */

/* The config that says what the environment says; the caller frees it. NULL without memory. */
char *environment_config(const pipette_environment *environment, const char *run_name, uint32_t extra,
                         const program_stage *const *more);

/* A name as configs and files have it: what does not belong there becomes '_'. In `memory`; NULL without. */
char *environment_plain_name(arena *memory, const char *name, const char *fallback);

/* ---- environment_log.c ---- */

/* Opens the log file, where one is asked for. */
int environment_log_open(pipette_environment *environment);
void environment_log_close(pipette_environment *environment);
/* For pipette_pipeline_options; `user` is the environment. */
void environment_note(int level, const char *text, void *user);
void environment_progress(const pipette_progress *progress, void *user);

/* ---- environment_signals.c ---- */

/* While a pipeline runs, signals end it in order; leaving puts back what was before. One environment at a time. */
void environment_signals_enter(pipette_environment *environment);
void environment_signals_leave(void);

#endif
