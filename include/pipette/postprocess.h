/* postprocess.h: a stage after the runs: it sees the values of all of them, stores summaries, may expand the
 * exploration.
 *
 *     static int summarise(pipette_stage *stage, pipette_trajectory *trajectory, pipette_results *results) { ... }
 *     PIPETTE_POSTPROCESS("mine", "1.0", "Summarises my way.", options, NULL, summarise);
 *
 * A stage that expands the trajectory (pipette_expand) is called again once the new runs have been executed, until no
 * stage expands any more. An experiment that was cut off and goes on plays these rounds again: in each of them a stage
 * sees what it would have seen had nothing happened (runs, rows, axes, what is explored), also where the runs that it
 * asks for are in the file already. So what it does must follow from what it sees.
 */
#ifndef PIPETTE_POSTPROCESS_H
#define PIPETTE_POSTPROCESS_H

#include "trajectory.h"

/* A column of the runs: one value (a scalar or an array) per run. */
typedef struct pipette_column_info {
    uint32_t size;
    int32_t type;
    const char *path; /* full: "results.neuron.$.rate" */
    const char *unit;
    const char *doc;
    uint32_t rank;
    uint32_t flags;                      /* PIPETTE_RETURNED */
    const pipette_dimension *dimensions; /* rank of them */
} pipette_column_info;

/* A labelled array or several over the same dimensions: what xarray calls a dataset. Without a dimension, each array is
 * one number. Everything is borrowed for the call. */
typedef struct pipette_table_dimension {
    uint32_t size;
    uint32_t reserved;
    const char *name; /* "I" */
    const char *unit;
    const char *doc;
    pipette_value values; /* rank 1: the coordinates; strings are allowed. Type NONE: no coordinates, `extent` counts */
    uint64_t extent;
} pipette_table_dimension;

typedef struct pipette_table_array {
    uint32_t size;
    int32_t type;     /* no strings */
    const char *name; /* "rate" */
    const char *unit;
    const char *doc;
    const void *data; /* product of the extents, row-major; NULL in a declaration */
} pipette_table_array;

typedef struct pipette_table {
    uint32_t size;
    uint32_t dimension_count;
    const char *path; /* below `results`: "summary.firing_rates" */
    const char *comment;
    const pipette_table_dimension *dimensions;
    uint32_t dimension_stride; /* 0: sizeof */
    uint32_t array_count;
    const pipette_table_array *arrays;
    uint32_t array_stride; /* 0: sizeof */
    uint32_t reserved;
} pipette_table;

/* Initialisers: a dimension with coordinates (a pipette_value of rank 1), and an array over the table's dimensions. */
#define PIPETTE_TABLE_DIMENSION(name, unit, doc, values)                                                               \
    {                                                                                                                  \
        (uint32_t)sizeof(pipette_table_dimension), 0, name, unit, doc, values, 0                                       \
    }
#define PIPETTE_TABLE_ARRAY(name, type, unit, doc, data)                                                               \
    {                                                                                                                  \
        (uint32_t)sizeof(pipette_table_array), type, name, unit, doc, data                                             \
    }

/* Single values, texts and arrays without labels are added to the trajectory: pipette_add(trajectory,
 * PIPETTE_BRANCH_RESULTS, "summary.threshold", &value, "1/ms", "..."). They are stored in the file beside the tables.
 * What a stage has added in an earlier round, or in an earlier command, is replaced when it adds it again. */

typedef struct pipette_results pipette_results;

/* Functions of the host; use the inline ones below. All: the thread of the call, only while it lasts; reading may block
 * on the disk. After a negative status pipette_results_message() tells why. */
typedef struct pipette_results_host {
    uint32_t size;
    uint32_t reserved;
    const char *(*message)(const pipette_results *results);
    uint64_t (*row_count)(const pipette_results *results);
    int (*runs)(pipette_results *results, uint64_t first, uint64_t count, uint64_t *out);
    int (*states)(pipette_results *results, uint64_t first, uint64_t count, int8_t *out);
    uint32_t (*column_count)(const pipette_results *results);
    int (*column)(pipette_results *results, uint32_t index, pipette_column_info *info);
    int (*find)(pipette_results *results, const char *name, pipette_column_info *info);
    int (*read)(pipette_results *results, const char *name, uint64_t first, uint64_t count, int type, void *out);
    int (*read_one)(pipette_results *results, const char *name, uint64_t row, pipette_value *value);
    int (*declare_table)(pipette_results *results, const pipette_table *table);
    int (*put_table)(pipette_results *results, const pipette_table *table);
} pipette_results_host;

struct pipette_results {
    uint32_t size;
    uint32_t reserved;
    const pipette_results_host *host;
};

PIPETTE_INLINE const char *pipette_results_message(const pipette_results *results)
{
    return results->host->message(results);
}

/* Number of rows: the runs of the config's points that were asked for (`--runs`), by run index. */
PIPETTE_INLINE uint64_t pipette_row_count(const pipette_results *results)
{
    return results->host->row_count(results);
}

/* The run index of each row first .. first + count - 1. */
PIPETTE_INLINE int pipette_row_runs(pipette_results *results, uint64_t first, uint64_t count, uint64_t *out)
{
    return results->host->runs(results, first, count, out);
}

/* The state (pipette_state) of each row: values of rows that are not PIPETTE_STATE_DONE are fill values. */
PIPETTE_INLINE int pipette_row_states(pipette_results *results, uint64_t first, uint64_t count, int8_t *out)
{
    return results->host->states(results, first, count, out);
}

/* The results of the model, in the order of its declaration; PIPETTE_E_NOT_FOUND behind the end. */
PIPETTE_INLINE uint32_t pipette_column_count(const pipette_results *results)
{
    return results->host->column_count(results);
}
PIPETTE_INLINE int pipette_column(pipette_results *results, uint32_t index, pipette_column_info *info)
{
    return results->host->column(results, index, info);
}

/* The column that a name finds, by natural naming with or without `$`: "rate", "neuron.rate", "results.neuron.$.rate".
 */
PIPETTE_INLINE int pipette_column_find(pipette_results *results, const char *name, pipette_column_info *info)
{
    return results->host->find(results, name, info);
}

/* Values of a column for `count` rows from `first`, converted to `type` where nothing but precision is lost (an integer
 * to F64), row-major into `out`. Fixed shapes only; not strings. Read by blocks: a column can be larger than memory. */
PIPETTE_INLINE int pipette_results_read(pipette_results *results, const char *name, uint64_t first, uint64_t count,
                                        int type, void *out)
{
    return results->host->read(results, name, first, count, type, out);
}

/* The value of one row, of any shape and type, with its true length. Borrowed until the next call on `results`. */
PIPETTE_INLINE int pipette_results_read_one(pipette_results *results, const char *name, uint64_t row,
                                            pipette_value *value)
{
    return results->host->read_one(results, name, row, value);
}

/* Says before the runs (in `declare`) that a table of this shape will come, so that it gets its place ahead of time. */
PIPETTE_INLINE int pipette_declare_table(pipette_results *results, const pipette_table *table)
{
    return results->host->declare_table(results, table);
}

/* Stores a table below `results`; one that exists under that path is replaced. Declared or not: one that was not
 * declared costs the writing of a new file at the end. */
PIPETTE_INLINE int pipette_put_table(pipette_results *results, const pipette_table *table)
{
    return results->host->put_table(results, table);
}

/* The same from its parts. */
PIPETTE_INLINE int pipette_put_arrays(pipette_results *results, const char *path, const char *comment,
                                      const pipette_table_dimension *dimensions, uint32_t dimension_count,
                                      const pipette_table_array *arrays, uint32_t array_count)
{
    pipette_table table;
    memset(&table, 0, sizeof table);
    table.size = (uint32_t)sizeof table;
    table.path = path;
    table.comment = comment;
    table.dimensions = dimensions;
    table.dimension_count = dimension_count;
    table.dimension_stride = (uint32_t)sizeof *dimensions;
    table.arrays = arrays;
    table.array_count = array_count;
    table.array_stride = (uint32_t)sizeof *arrays;
    return pipette_put_table(results, &table);
}

/* All functions: the process that runs the command, its main thread. May block. */
typedef struct pipette_postprocess {
    uint32_t size;
    uint32_t reserved;
    /* Optional. Makes the stage's instance. 0, or a status after stage_fail(). */
    int (*create)(pipette_stage *stage);
    /* Optional. After exploring, before the first run: checks its options against the trajectory and the model's
     * columns, so that a mistake costs no run, and declares its tables. Only columns, find and declare_table of
     * `results` work here. */
    int (*declare)(pipette_stage *stage, pipette_trajectory *trajectory, pipette_results *results);
    /* After all runs. A negative status ends the command with the runs stored. */
    int (*postprocess)(pipette_stage *stage, pipette_trajectory *trajectory, pipette_results *results);
    /* Optional. Frees the instance. */
    void (*destroy)(pipette_stage *stage);
} pipette_postprocess;

#define PIPETTE_POSTPROCESS(name, version, doc, options, declare, postprocess)                                         \
    static const pipette_postprocess pipette_postprocess_table = {                                                     \
        (uint32_t)sizeof(pipette_postprocess), 0, NULL, declare, postprocess, NULL};                                   \
    PIPETTE_PLUGIN_(PIPETTE_KIND_POSTPROCESS, 0, name, version, doc, &pipette_postprocess_table, options,              \
                    PIPETTE_COUNT_OF(options), NULL)

/* The same for a stage that has no options. */
#define PIPETTE_POSTPROCESS_PLAIN(name, version, doc, declare, postprocess)                                            \
    static const pipette_postprocess pipette_postprocess_table = {                                                     \
        (uint32_t)sizeof(pipette_postprocess), 0, NULL, declare, postprocess, NULL};                                   \
    PIPETTE_PLUGIN_(PIPETTE_KIND_POSTPROCESS, 0, name, version, doc, &pipette_postprocess_table, NULL, 0, NULL)

#endif
