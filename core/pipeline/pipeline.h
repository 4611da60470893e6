/* pipeline.h: the inside of a pipeline, shared by the files of this folder. The order of an experiment's life is in
 * pipeline.c. */
#ifndef CORE_PIPELINE_H
#define CORE_PIPELINE_H

#include <pipette/embed.h>

#include "engine/engine.h"
#include "pipeline/stage.h"
#include "pipeline/tables.h"
#include "pipeline/texts.h"
#include "pipeline/visible.h"
#include "trajectory/trajectory.h"

/* The columns that every file has beside the model's. */
#define LEDGER_STATE "runs.state"
#define LEDGER_START "runs.start"
#define LEDGER_DURATION "runs.duration"
#define LEDGER_CHECKSUM "runs.checksum"
#define LEDGER_MESSAGE "runs.message"
#define LEDGER_LOG "runs.log"

/* Stages that are functions of the program itself. In the config they stand as plugins of these names. */
typedef struct program_stages {
    pipette_trajectory *trajectory; /* prepared by the program, and the program's */
    const char *file;               /* the program */
    const pipette_descriptor *model;
    void *model_instance;                         /* for the model's run() */
    const pipette_descriptor *const *postprocess; /* the first of one name is meant */
    uint32_t postprocess_count;
    uint32_t played;       /* the model only plays what another one has computed, and the file speaks of that one */
    uint32_t refuse_dirty; /* no run while git knows of changes that are not committed */
    uint32_t versioned;    /* the program says what its version is: a file of another build may go on in silence */
} program_stages;

struct pipette_pipeline {
    pipette_pipeline_options options;
    const program_stages *program; /* NULL: all stages are plugins */
    config *config;
    plugin_search *search;
    uint32_t warnings_given;
    stage run, storage;
    stage *preprocess, *postprocess;
    uint32_t preprocess_count, postprocess_count;
    volatile int interrupt; /* how often it was asked to end */
    volatile int terminate; /* it was asked to end within `grace` */

    engine *engine;
    const plugin_schema *schema;
    pipette_trajectory *trajectory;
    uint64_t seed;
    double timeout, grace;
    uint64_t memory_limit, max_failures;
    uint32_t retries;
    uint64_t stack; /* bytes; 0: the command's */
    uint32_t isolate, power_safe, compression;
    uint32_t workdir;                 /* WORKDIR_... */
    uint32_t cores, workers, threads; /* that may be used; processes that use them; threads for the libraries of each */
    const char *file;

    /* The selection: which runs have rows, ascending. */
    pipette_run_span *spans;
    uint32_t span_count;
    uint64_t row_count;
    pipette_run_span *wanted; /* what was asked for: the file may hold more */
    uint32_t wanted_count;
    visible *visible; /* what postprocessing sees */

    /* The layout and what it points to (layout.c). */
    pipette_layout layout;
    pipette_column_spec *columns;
    pipette_dimension *dimensions;
    pipette_leaf_spec *leaves;
    uint32_t leaf_capacity;
    table_list tables; /* declared by postprocessing */
    char *exploration_text;
    pipette_table_dimension *axes; /* of the layout, with their values */
    uint32_t first_result;         /* column of the first result of the model */
    uint32_t
        stored_results; /* of the model, from there on; behind the layout's columns stand those that are left out */
    uint32_t *result_columns; /* for each declared result: its place in `columns` */
    uint32_t all_columns;     /* with those that are left out */
    int32_t checksum_type;    /* that the file has, or NONE */
    uint8_t *omitted;         /* for each declared result: the config leaves it out */
    struct added *added;      /* undeclared results seen so far (added.c) */
    text_repairs texts;       /* of leaves */

    const char *base; /* folder that relative paths of the config are taken from; NULL: the working directory */
    int replaying;    /* results are compared, not stored */
    uint32_t round;
    char *commit; /* of the working directory; NULL: not under git */
    char *diff;   /* what was changed on top of it; NULL: nothing */
    pipette_report report;
    char first_failure[512];
};

/* As pipette_pipeline_create(), of a config in memory; options->config is its name in messages. `program` must live as
 * long. */
int pipeline_create(const pipette_pipeline_options *options, const char *text, const program_stages *program,
                    pipette_pipeline **out, pipette_error *error);
const pipette_storage *pipeline_storage(const pipette_pipeline *pipeline);
/* Hands the engine's progress on; `user` is the pipeline. */
void pipeline_progress(const engine_progress *progress, void *user);
void pipeline_log(pipette_pipeline *pipeline, int level, const char *format, ...) PIPETTE_PRINTF(3, 4);

/* ---- prepare.c: from the config to a trajectory that is ready to run ---- */
int prepare_stages(pipette_pipeline *pipeline, pipette_error *error);
int prepare_trajectory(pipette_pipeline *pipeline, pipette_error *error);

/* ---- select.c: which runs are wanted ---- */
/* "0-999,1500" as ascending spans that do not touch, for the caller to free. */
int select_parse(const char *text, pipette_run_span **spans, uint32_t *count, pipette_error *error);
/* `text`: "0-999,1500" or NULL for all; the spans replace the pipeline's. */
int select_runs(pipette_pipeline *pipeline, const char *text, pipette_error *error);
uint64_t select_run_of_row(const pipette_pipeline *pipeline, uint64_t row);

/* ---- layout.c: what the file will hold ---- */
/* Asks the model for shapes, then fills pipeline->layout. Called again after an expansion. */
int layout_build(pipette_pipeline *pipeline, pipette_error *error);
/* The single values again: stages can have added some. */
int layout_leaves(pipette_pipeline *pipeline, pipette_error *error);
void layout_free(pipette_pipeline *pipeline);
/* Bytes of all rows of all columns whose size is known. */
uint64_t layout_bytes(const pipette_pipeline *pipeline);

/* ---- execute.c: the runs ---- */
/* The plan for some rows; plan_drop() gives back what it borrows from the pipeline. */
int plan_make(pipette_pipeline *pipeline, const pipette_run_span *rows, uint64_t row_span_count, engine_plan *plan,
              pipette_error *error);
void plan_drop(engine_plan *plan);
/* Executes the rows of `spans` (of rows, not of runs) and adds to the pipeline's report. */
int execute_rows(pipette_pipeline *pipeline, const pipette_run_span *rows, uint64_t row_span_count,
                 pipette_error *error);

/* ---- results.c: what postprocessing sees ---- */
typedef struct results {
    pipette_results handle; /* first */
    pipette_pipeline *pipeline;
    int declaring;          /* before the runs: values cannot be read, tables can be declared */
    pipette_run_span *rows; /* of the file that are visible */
    uint64_t span_count, row_count;
    uint32_t abi_minor; /* of the plugin that looks */
    char *dimensions;   /* those of the columns, as ABI 1.0 has them; NULL until such a plugin asks */
    text_repairs texts; /* what the stage has handed over */
    char message[1024];
} results;
/* Finds the visible rows, unless `declaring`. results_free() in any case. */
int results_init(results *results, pipette_pipeline *pipeline, int declaring, pipette_error *error);
void results_free(results *results);

/* ---- space.c: what the experiment needs on the disk ---- */
/* Bytes that are free where `file` is, or will be; 0: not known. */
uint64_t space_free(const char *file);
/* Says what `rows` rows need and what is free; refuses where that is too little. */
int space_check(pipette_pipeline *pipeline, uint64_t rows, pipette_error *error);

/* ---- file.c: result files for looking, and for changing their runs ---- */
/* As pipette_file_open(), in a pipette_storage_mode of files that exist. */
int file_open(const char *path, const char *storage, const char *const *folders, uint32_t folder_count, int mode,
              pipette_file **file, pipette_error *error);
stage *file_storage(pipette_file *file);
/* An orderly end with runs that are pending; what pipette_file_destroy() cannot report. */
int file_finish(pipette_file *file, pipette_error *error);
/* pipette_file_destroy() leaves the file as it is. */
void file_leave(pipette_file *file);

/* ---- reset.c: runs that become pending again ---- */
/* `rows` are rows, not runs. Of an opened file (UPDATE). */
int reset_rows(stage *storage, const pipette_run_span *rows, uint64_t count, pipette_error *error);

/* ---- provenance.c: where the results come from ---- */
/* Adds what is known to the trajectory's `config` branch. */
int provenance_add(pipette_pipeline *pipeline, pipette_error *error);

#endif
