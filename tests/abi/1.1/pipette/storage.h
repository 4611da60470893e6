/* storage.h: the service that keeps a trajectory. Version 0: may change until a second implementation exists.
 *
 * A storage plugin serves one file (or database, or folder) per instance. Order of calls:
 *   new experiment:   create, open(CREATE or REPLACE), lay_out, { write | append | flush }*, put_table*, finish
 *   going on:         create, open(UPDATE), info, [extend], { write .. }*, put_table*, finish
 *   looking:          create, open(READ), list, describe, read.., finish
 * then destroy. All functions: the process that runs the command, its main thread; they may block on the disk. Each
 * returns 0 or a negative status after pipette_stage_fail() with a message that names the file and the reason.
 *
 * What must hold: a run counts as done only when its state cell says so, and that is written after its data. All
 * structure is written and flushed before the data it describes. Whatever the moment of a crash, what was done can be
 * read by plain tools.
 */
#ifndef PIPETTE_STORAGE_H
#define PIPETTE_STORAGE_H

#include "postprocess.h"

#define PIPETTE_STORAGE_VERSION 0u

typedef enum pipette_storage_mode {
    PIPETTE_STORAGE_READ = 1,    /* exists; not changed */
    PIPETTE_STORAGE_CREATE = 2,  /* must not exist: PIPETTE_E_EXISTS */
    PIPETTE_STORAGE_REPLACE = 3, /* a file of this storage that exists is replaced when lay_out succeeds */
    PIPETTE_STORAGE_UPDATE = 4   /* exists; runs are added */
} pipette_storage_mode;

typedef enum pipette_role {
    PIPETTE_ROLE_PARAMETER = 1, /* an explored parameter: a coordinate of the runs */
    PIPETTE_ROLE_RESULT = 2,
    PIPETTE_ROLE_LEDGER = 3 /* what is known of each run: "runs.state", "runs.message", ... */
} pipette_role;

/* A column: one value per row. Rows are the runs that were asked for. Columns are addressed by their position in the
 * layout. */
typedef struct pipette_column_spec {
    uint32_t size;
    int32_t type;
    int32_t role;
    uint32_t flags;   /* PIPETTE_RETURNED */
    const char *path; /* full, `$` where the run stands: "results.neuron.$.V", "parameters.neuron.I", "runs.state" */
    const char *unit;
    const char *doc;
    const pipette_dimension
        *dimensions; /* beside the run: rank of them. An extent PIPETTE_RAGGED in any: ragged column */
    uint32_t rank;
    uint32_t dimension_stride;
    /* For coded columns: `code_count` texts for the values 0, 1, ...; elements are one byte (int8_t), `type` is
     * PIPETTE_TYPE_BOOL. */
    const char *const *codes;
    uint32_t code_count;
    /* 0 or 1: a value for each row. Otherwise one for each `every` consecutive rows (the last block may be shorter);
     * rows in calls and places then count blocks. For fixed-shape ledger columns of experiments whose runs are too many
     * to keep a time for each. */
    uint32_t every;
} pipette_column_spec;

/* A single value: config, unexplored parameters, derived parameters, provenance. */
typedef struct pipette_leaf_spec {
    uint32_t size;
    uint32_t reserved;
    const char *path; /* full: "parameters.neuron.tau_V", "config.pipeline.text" */
    const char *unit;
    const char *comment;
    pipette_value value;
} pipette_leaf_spec;

/* Consecutive runs; a selection is a list of these without overlap. Row r holds the r-th run of the selection: usually
 * ascending, but runs that were asked for later follow those that have rows already. */
typedef struct pipette_run_span {
    uint64_t first, count;
} pipette_run_span;

/* Everything that is known before the first run. Borrowed for the call. */
typedef struct pipette_layout {
    uint32_t size;
    uint32_t reserved;
    const char *name;    /* of the trajectory */
    const char *comment; /* of the trajectory */
    uint64_t row_count;
    const pipette_run_span *spans;
    uint32_t span_count, span_stride;
    const pipette_column_spec *columns;
    uint32_t column_count, column_stride;
    const pipette_leaf_spec *leaves;
    uint32_t leaf_count, leaf_stride;
    const pipette_table *tables; /* declared ones, without data */
    uint32_t table_count, table_stride;
    const char *exploration; /* text from which the exploration can be made again; kept as it is */
    uint32_t power_safe;     /* 1: flush() and done cells survive a loss of power */
    uint32_t compression;    /* 0: none, else a deflate level */
    /* Where the rows are all points of one product of axes, in its order (the last one changes fastest): these axes,
     * with their values; `name` is the full path of the parameter. A storage may show results of fixed shape over them.
     * None: axis_count is 0. */
    const pipette_table_dimension *axes;
    uint32_t axis_count, axis_stride;
} pipette_layout;

/* Data of one column for consecutive rows: row i stands at data + i * stride (bytes), contiguous elements. */
typedef struct pipette_column_data {
    uint32_t size;
    uint32_t column;
    const void *data;
    uint64_t stride;
} pipette_column_data;

/* What stands in a file, for `list` and `describe`. Strings are the storage's, until finish. */
typedef enum pipette_entry_kind {
    PIPETTE_ENTRY_LEAF = 1,
    PIPETTE_ENTRY_COLUMN = 2,
    PIPETTE_ENTRY_TABLE = 3 /* an array of a table, "results.summary.firing_rates.rate", or a coordinate of one */
} pipette_entry_kind;

typedef struct pipette_entry {
    uint32_t size;
    int32_t kind;
    const char *path; /* as in the layout */
    const char *unit;
    const char *doc;
    int32_t type;
    int32_t role;                        /* of a column */
    uint32_t rank;                       /* beside the run, for a column */
    uint32_t flags;                      /* PIPETTE_RETURNED, PIPETTE_ENTRY_OPTIONAL */
    const pipette_dimension *dimensions; /* rank of them: names and extents */
    uint64_t every; /* of a column: as in its spec; rows in calls count blocks of so many rows. 0: 1 */
} pipette_entry;

/* A flag of columns that were not declared: also a run that is done may have no value there, and then the fill value
 * stands for it. */
enum { PIPETTE_ENTRY_OPTIONAL = 1 << 16 };

typedef int (*pipette_entry_visit)(const pipette_entry *entry, void *user);

/* What is known of an opened file as a whole. Strings are the storage's, until finish. */
typedef struct pipette_storage_info {
    uint32_t size;
    uint32_t span_count;
    const char *name, *comment;
    uint64_t row_count;
    const pipette_run_span *spans;
    const char *exploration;
    uint64_t byte_count; /* that the file takes on the disk */
    uint32_t finished;   /* 1: finish(complete) was its last change */
    uint32_t reserved;
} pipette_storage_info;

typedef struct pipette_storage {
    uint32_t size;
    uint32_t version; /* PIPETTE_STORAGE_VERSION */
    int (*create)(pipette_stage *stage);
    void (*destroy)(pipette_stage *stage);
    /* Opens `path` in a pipette_storage_mode. In CREATE and REPLACE nothing is written before lay_out. A path that is a
     * directory, not of this storage, or not writable is refused here. */
    int (*open)(pipette_stage *stage, const char *path, int mode);
    /* Writes the structure of a new file; missing folders are made. After it plain tools open the file; a storage may
     * wait for the coordinates (role PARAMETER) that are written next, up to the first call of write for something
     * else, append, add_column, place, flush, put_table or finish, so that no crash leaves a file without them. extend
     * may do the same. */
    int (*lay_out)(pipette_stage *stage, const pipette_layout *layout);
    /* The layout grows to `layout`, of which the old one is a prefix in rows; columns and leaves may be added. What is
     * done stays readable at every moment. */
    int (*extend)(pipette_stage *stage, const pipette_layout *layout);
    /* Values of fixed-shape columns for rows first .. first + count - 1. */
    int (*write)(pipette_stage *stage, uint64_t first, uint64_t count, const pipette_column_data *data,
                 uint32_t data_count);
    /* The value of one row of a ragged column or a string column. */
    int (*append)(pipette_stage *stage, uint64_t row, uint32_t column, const pipette_value *value);
    /* A column that is not in the layout (an undeclared result); gets the next position, the first one behind the
     * layout's after lay_out, open(UPDATE) and extend, also where the file has the column already. Its rows are
     * appended. */
    int (*add_column)(pipette_stage *stage, const pipette_column_spec *column);
    /* Everything that write and append have been given survives the death of this process; with power_safe, of the
     * machine. Called before the states of rows whose values came through this table. Tables and leaves may wait for
     * extend or finish: an experiment that is cut off before does its postprocessing again. */
    int (*flush)(pipette_stage *stage);
    /* Rows first .. of a fixed-shape column, elements converted to `type`, into `out`. `column` is a full path as in
     * `list`. */
    int (*read)(pipette_stage *stage, const char *path, uint64_t first, uint64_t count, int type, void *out);
    /* One value: of a leaf, a table's array or coordinate (`row` 0), or of a column's row, also ragged. Borrowed until
     * the next call. */
    int (*read_one)(pipette_stage *stage, const char *path, uint64_t row, pipette_value *value);
    int (*info)(pipette_stage *stage, pipette_storage_info *info);
    /* Visits every entry in order of path groups as laid out; a result other than 0 of `visit` ends it and is returned.
     */
    int (*list)(pipette_stage *stage, pipette_entry_visit visit, void *user);
    /* Stores a table (postprocess.h); `path` is full, below `results`. */
    int (*put_table)(pipette_stage *stage, const pipette_table *table);
    /* An orderly end: fills what has no value, finalises the structure, closes. `complete`: every row has run. A file
     * that somebody has cut off, removed or replaced meanwhile is PIPETTE_E_STORAGE. */
    int (*finish)(pipette_stage *stage, int complete);
    /* As read_one for a value of one dimension or more, but only `count` of its elements (row-major) from `first` on:
     * the value has one dimension, and fewer elements where the value ends. *total: how many the value has. Optional; a
     * host without it reads the whole. */
    int (*read_part)(pipette_stage *stage, const char *path, uint64_t row, uint64_t first, uint64_t count,
                     pipette_value *value, uint64_t *total);

    /* What follows came later: a storage may leave it out (a shorter table, or NULL), and loses what its comment says.
     */

    /* Visits the rows that have a value of an undeclared result, whatever their state, in ascending order; a result
     * other than 0 of `visit`, which may write and append, ends it and is returned. PIPETTE_E_UNSUPPORTED where the
     * result is part of the structure of a file that was finished: then it stays what it is. */
    int (*value_rows)(pipette_stage *stage, const char *path, int (*visit)(uint64_t row, void *user), void *user);
    /* Takes such a result with all its values away, and its name is free. Without these two, the type of an undeclared
     * result is that of the value that comes first, not of the run that comes first. */
    int (*drop_column)(pipette_stage *stage, const char *path);
    /* Rows that are to be run again: what ragged columns, texts and undeclared results have for them is gone, then
     * their state is pending; that survives once flush has returned. Without it, texts of the first try are overwritten
     * by empty ones. */
    int (*reset_rows)(pipette_stage *stage, uint64_t first, uint64_t count);
    /* A single value that comes after lay_out: replaces the one of that path. May wait for extend or finish. Without
     * it, postprocessing cannot add values (pipette_add). */
    int (*put_leaf)(pipette_stage *stage, const pipette_leaf_spec *leaf);
} pipette_storage;

#define PIPETTE_STORAGE(name, version, doc, options, table, extension)                                                 \
    PIPETTE_PLUGIN_(PIPETTE_KIND_STORAGE, 0, name, version, doc, table, options, PIPETTE_COUNT_OF(options), extension)

/* Extension "pipette.storage.direct/1": fixed-shape columns have places in a file, which workers fill themselves. */
#define PIPETTE_STORAGE_DIRECT_EXTENSION "pipette.storage.direct/1"

/* Bytes of a column that stand one behind the other in the file. Row r is the column's bytes from r * row_stride on. */
typedef struct pipette_place_span {
    uint64_t first; /* the column's byte that stands at `offset` */
    uint64_t bytes;
    uint64_t offset; /* in the file */
} pipette_place_span;

typedef struct pipette_place {
    uint32_t size;
    uint32_t reserved;
    const char *path;    /* of the file; absolute; the storage's, until extend or finish */
    uint64_t offset;     /* of row 0 */
    uint64_t row_stride; /* bytes from row to row; equal to the bytes of a row, native byte order */
    /* Where all rows stand: ascending, without gaps between them, `span_count` of them; the storage's, until extend or
     * finish. */
    const pipette_place_span *spans;
    uint32_t span_count;
    uint32_t span_stride; /* sizeof(pipette_place_span) */
} pipette_place;

typedef struct pipette_storage_direct {
    uint32_t size;
    uint32_t reserved;
    /* The place of a column, after lay_out or extend; PIPETTE_E_UNSUPPORTED for a column that has none. */
    int (*place)(pipette_stage *stage, uint32_t column, pipette_place *place);
} pipette_storage_direct;

/* Extension "pipette.storage.grid/0": results over the explored parameters, for other tools. */
#define PIPETTE_STORAGE_GRID_EXTENSION "pipette.storage.grid/0"

typedef struct pipette_storage_grid {
    uint32_t size;
    uint32_t reserved;
    /* After open(READ): writes a netCDF-4 file without groups at `path`, with every result of fixed shape as an array
     * over all explored parameters, whose values ascend (texts: in their order), whatever the order of the runs; points
     * without a run are missing. PIPETTE_E_EXISTS unless `replace`. */
    int (*write)(pipette_stage *stage, const char *path, int replace);
} pipette_storage_grid;

/* Extension "pipette.storage.compact/0": a file gives back the room that belongs to nothing any more. */
#define PIPETTE_STORAGE_COMPACT_EXTENSION "pipette.storage.compact/0"

typedef struct pipette_storage_compact {
    uint32_t size;
    uint32_t reserved;
    /* After open(UPDATE), which it ends but for finish: writes what the file holds, others' objects too, in no more
     * room than it takes. Whatever the moment of a crash, the file is the old one or the new one. May need as much room
     * again while it works. */
    int (*compact)(pipette_stage *stage);
} pipette_storage_compact;

/* Extension "pipette.storage.compressed/0": rows of large fixed-shape columns arrive compressed, by whoever computed
 * them. */
#define PIPETTE_STORAGE_COMPRESSED_EXTENSION "pipette.storage.compressed/0"

typedef struct pipette_storage_compressed {
    uint32_t size;
    uint32_t reserved;
    /* After lay_out or extend: the deflate level that the rows of a column are to be compressed with; 0: the column is
     * not compressed. */
    uint32_t (*level)(pipette_stage *stage, uint32_t column);
    /* One row: its elements shuffled (the first bytes of all elements, then the second ones, ...: HDF5's shuffle
     * filter; a complex number is two elements) and then deflated in zlib's format. */
    int (*append_compressed)(pipette_stage *stage, uint64_t row, uint32_t column, const void *bytes, uint64_t size);
} pipette_storage_compressed;

#endif
