/* hdf5_host.h: what the tests of the storage plugin `hdf5` share: a host of one stage, layouts, runs, readers. */
#ifndef TESTS_HDF5_HOST_H
#define TESTS_HDF5_HOST_H

#include "python.h"
#include "suite.h"

#include <pipette/storage.h>

#include <dlfcn.h>
#include <math.h>
#include <stdbool.h>
#include <sys/file.h>
#include <sys/resource.h>

/* ---- A host of one stage ---- */

static char message[1200];
static char file[128];

PIPETTE_INLINE int host_fail(pipette_stage *stage, int code, const char *format, ...)
{
    va_list arguments;
    (void)stage;
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    return code;
}

PIPETTE_INLINE void host_log(pipette_stage *stage, int level, const char *format, ...)
{
    (void)stage;
    (void)level;
    (void)format;
}

static const pipette_stage_host host = {
    (uint32_t)sizeof host, 0, host_fail, host_log, NULL, NULL, NULL, NULL, NULL, NULL};

static const pipette_descriptor *descriptor;
static const pipette_storage *storage;

PIPETTE_INLINE pipette_stage new_stage(void)
{
    pipette_stage stage = {(uint32_t)sizeof stage, 0, &host, NULL};
    if (storage == NULL) {
        void *object = dlopen(TEST_PLUGINS "/hdf5.so", RTLD_NOW | RTLD_LOCAL);
        const pipette_descriptor *(*entry)(void) = NULL;
        void *symbol = object != NULL ? dlsym(object, PIPETTE_ENTRY_NAME) : NULL;
        if (symbol == NULL) {
            (void)fprintf(stderr, "%s\n", dlerror());
            exit(100);
        }
        memcpy(&entry, &symbol, sizeof entry);
        descriptor = entry();
        storage = descriptor->table;
        folder_begin();
    }
    message[0] = '\0';
    (void)storage->create(&stage);
    return stage;
}

/* A path in the test's folder that nothing has yet. */
PIPETTE_INLINE const char *fresh(const char *name)
{
    (void)snprintf(file, sizeof file, "%s/%s", folder, name);
    (void)unlink(file);
    return file;
}

#define OK(call)                                                                                                       \
    do {                                                                                                               \
        int status_ = (call);                                                                                          \
        if (status_ != PIPETTE_OK)                                                                                     \
            (void)fprintf(stderr, "\n  line %d: %d %s\n", __LINE__, status_, message);                                 \
        CU_ASSERT_EQUAL(status_, PIPETTE_OK);                                                                          \
    } while (0)

/* Refused with that code and a message of one line that holds `text`. */
#define REFUSED(call, code, text)                                                                                      \
    do {                                                                                                               \
        int status_ = (call);                                                                                          \
        if (status_ != (code) || strstr(message, text) == NULL)                                                        \
            (void)fprintf(stderr, "\n  line %d: %d %s\n", __LINE__, status_, message);                                 \
        CU_ASSERT_EQUAL(status_, code);                                                                                \
        CU_ASSERT_PTR_NOT_NULL(strstr(message, text));                                                                 \
        CU_ASSERT_PTR_NULL(strchr(message, '\n'));                                                                     \
    } while (0)

/* Runs the script with the file as argument; its exit code. */
PIPETTE_INLINE int python_code(const char *path, const char *script)
{
    char text[8192];
    python_environment = "HDF5_USE_FILE_LOCKING=FALSE";
    (void)snprintf(text, sizeof text, "import sys, numpy as np, h5py\nfile = sys.argv[1]\n%s%s",
                   strstr(script, "xr.") != NULL || strstr(script, "ds(") != NULL
                       ? "import xarray as xr\nengines = ('netcdf4', 'h5netcdf')\n"
                         "def ds(group, engine='netcdf4'): return xr.open_dataset(file, group=group, engine=engine)\n"
                       : "",
                   script);
    return PYTHON_RUN(text, path);
}

/* Whether no assertion of the script failed. */
PIPETTE_INLINE bool python(const char *path, const char *script)
{
    return told(python_code(path, script) == 0, script);
}

PIPETTE_INLINE bool shell(const char *format, const char *path)
{
    char line[1000];
    (void)snprintf(line, sizeof line, format, path);
    return SHELL(line) == 0;
}

/* ---- The tutorial's layout ---- */

enum { STEPS = 50 };
enum { I, TAU_REF, V, NSPIKES, RATE, STATE, START, DURATION, MESSAGE, COLUMNS };

static const pipette_dimension time_dimension[] = {PIPETTE_DIMENSION("time", "ms", STEPS, 0.0, 0.1, "Time.")};
static const char *const states[] = {"pending", "done", "failed", "timed_out", "infeasible"};

#define COLUMN(path, type, role, flags, unit, doc, dimensions, rank, codes, code_count)                                \
    {                                                                                                                  \
        (uint32_t)sizeof(pipette_column_spec), type, role, flags, path, unit, doc, dimensions, rank, 0, codes,         \
            code_count, 0                                                                                              \
    }

static const pipette_column_spec columns[] = {
    COLUMN("parameters.neuron.I", PIPETTE_TYPE_F64, PIPETTE_ROLE_PARAMETER, 0, "nA", "Input current.", NULL, 0, NULL,
           0),
    COLUMN("parameters.neuron.tau_ref", PIPETTE_TYPE_F64, PIPETTE_ROLE_PARAMETER, 0, "ms", "Refractory.", NULL, 0, NULL,
           0),
    COLUMN("results.neuron.$.V", PIPETTE_TYPE_F64, PIPETTE_ROLE_RESULT, 0, "mV", "Potential.", time_dimension, 1, NULL,
           0),
    COLUMN("results.neuron.$.nspikes", PIPETTE_TYPE_I64, PIPETTE_ROLE_RESULT, 0, "1", "Spikes.", NULL, 0, NULL, 0),
    COLUMN("results.neuron.$.rate", PIPETTE_TYPE_F64, PIPETTE_ROLE_RESULT, PIPETTE_RETURNED, "Hz", "Rate.", NULL, 0,
           NULL, 0),
    COLUMN("runs.state", PIPETTE_TYPE_BOOL, PIPETTE_ROLE_LEDGER, 0, "", "State.", NULL, 0, states, 5),
    COLUMN("runs.start", PIPETTE_TYPE_F64, PIPETTE_ROLE_LEDGER, 0, "s", "Start.", NULL, 0, NULL, 0),
    COLUMN("runs.duration", PIPETTE_TYPE_F64, PIPETTE_ROLE_LEDGER, 0, "s", "Duration.", NULL, 0, NULL, 0),
    COLUMN("runs.message", PIPETTE_TYPE_STRING, PIPETTE_ROLE_LEDGER, 0, "", "Why it failed.", NULL, 0, NULL, 0),
};

static const char *const axis_names[] = {"I", "tau_ref"};
static double axis_I[101], axis_tau_ref[] = {5.0, 7.5, 10.0};

PIPETTE_INLINE pipette_leaf_spec leaf(const char *path, const char *unit, const char *comment, pipette_value value)
{
    pipette_leaf_spec spec = {(uint32_t)sizeof spec, 0, path, unit, comment, value};
    return spec;
}

typedef struct plan {
    pipette_layout layout;
    pipette_column_spec columns[24];
    pipette_leaf_spec leaves[12];
    pipette_run_span span;
    pipette_table table;
    pipette_table_dimension dimensions[2];
    pipette_table_array array;
    uint64_t shapes[2];
} plan;

static const uint64_t weights_shape[] = {3};
static const double weights[] = {1.5, 2.5, 3.5};

PIPETTE_INLINE void tutorial(plan *p, uint64_t rows)
{
    uint32_t i;
    memset(p, 0, sizeof *p);
    for (i = 0; i < 101; i++)
        axis_I[i] = i * 0.01;
    p->shapes[0] = 101;
    p->shapes[1] = 3;
    for (i = 0; i < 2; i++) {
        p->dimensions[i].size = (uint32_t)sizeof p->dimensions[i];
        p->dimensions[i].name = axis_names[i];
        p->dimensions[i].unit = i == 0 ? "nA" : "ms";
        p->dimensions[i].doc = "An axis.";
        p->dimensions[i].values =
            pipette_value_array(PIPETTE_TYPE_F64, 1, &p->shapes[i], i == 0 ? axis_I : axis_tau_ref);
    }
    p->array.size = (uint32_t)sizeof p->array;
    p->array.type = PIPETTE_TYPE_F64;
    p->array.name = "rate";
    p->array.unit = "Hz";
    p->array.doc = "Firing rate.";
    p->table.size = (uint32_t)sizeof p->table;
    p->table.path = "results.summary.firing_rates";
    p->table.comment = "Rates by current.";
    p->table.dimensions = p->dimensions;
    p->table.dimension_count = 2;
    p->table.arrays = &p->array;
    p->table.array_count = 1;
    p->leaves[0] = leaf("parameters.neuron.tau_V", "ms", "Membrane.", pipette_value_f64(10.0));
    p->leaves[1] = leaf("parameters.simulation.steps", "1", "Steps.", pipette_value_i64(STEPS));
    p->leaves[2] =
        leaf("config.pipeline.text", "", "The config.", pipette_value_string("name = \"FiringRate\";\n\tπ\n"));
    p->leaves[3] = leaf("config.seed", "1", "", pipette_value_u64(UINT64_C(18446744073709551615)));
    p->leaves[4] = leaf("parameters.neuron.weights", "1", "Weights.",
                        pipette_value_array(PIPETTE_TYPE_F64, 1, weights_shape, weights));
    memcpy(p->columns, columns, sizeof columns);
    p->span.count = rows;
    p->layout.size = (uint32_t)sizeof p->layout;
    p->layout.name = "FiringRate";
    p->layout.comment = "Firing rate of a neuron";
    p->layout.row_count = rows;
    p->layout.spans = &p->span;
    p->layout.span_count = 1;
    p->layout.columns = p->columns;
    p->layout.column_count = COLUMNS;
    p->layout.leaves = p->leaves;
    p->layout.leaf_count = 5;
    p->layout.tables = &p->table;
    p->layout.table_count = 1;
    p->layout.exploration = "product tau_ref, I";
}

PIPETTE_INLINE int lay_out(pipette_stage *stage, const char *path, const plan *p)
{
    int status = storage->open(stage, path, PIPETTE_STORAGE_CREATE);
    return status == PIPETTE_OK ? storage->lay_out(stage, &p->layout) : status;
}

PIPETTE_INLINE int write_cells(pipette_stage *stage, uint64_t first, uint64_t count, uint32_t column, const void *data,
                               uint64_t stride)
{
    pipette_column_data cells = {(uint32_t)sizeof cells, column, data, stride};
    return storage->write(stage, first, count, &cells, 1);
}

PIPETTE_INLINE double potential(uint64_t row, uint64_t step)
{
    return (double)row + (double)step / 1000.0;
}

/* Stores run `row` whole, its state last. */
PIPETTE_INLINE int store_run(pipette_stage *stage, uint64_t row, int8_t state)
{
    double V_of[STEPS], i = (double)(row % 101) * 0.01, tau_ref = 5.0 + 2.5 * (double)(row / 101), start = 100.0,
                        took = 0.5;
    double rate = (double)row * 0.5;
    int64_t nspikes = (int64_t)row * 10;
    uint64_t k;
    pipette_column_data cells[] = {
        {(uint32_t)sizeof cells[0], STATE, &state, 1},     {(uint32_t)sizeof cells[0], I, &i, 8},
        {(uint32_t)sizeof cells[0], TAU_REF, &tau_ref, 8}, {(uint32_t)sizeof cells[0], V, V_of, sizeof V_of},
        {(uint32_t)sizeof cells[0], NSPIKES, &nspikes, 8}, {(uint32_t)sizeof cells[0], RATE, &rate, 8},
        {(uint32_t)sizeof cells[0], START, &start, 8},     {(uint32_t)sizeof cells[0], DURATION, &took, 8}};
    for (k = 0; k < STEPS; k++)
        V_of[k] = potential(row, k);
    return storage->write(stage, row, 1, cells, 8);
}

PIPETTE_INLINE void put_rates(pipette_stage *stage, plan *p)
{
    static double rates[303];
    int i;
    for (i = 0; i < 303; i++)
        rates[i] = i / 3 * 100.0 + i % 3;
    p->array.data = rates;
    OK(storage->put_table(stage, &p->table));
}

/* ---- Reading ---- */

PIPETTE_INLINE pipette_stage opened(const char *path, int mode)
{
    pipette_stage stage = new_stage();
    OK(storage->open(&stage, path, mode));
    return stage;
}

PIPETTE_INLINE void close_down(pipette_stage *stage)
{
    OK(storage->finish(stage, 1));
    storage->destroy(stage);
}

/* A value that is there; an empty one after a failed assertion. Borrowed until the next read. */
PIPETTE_INLINE pipette_value one(pipette_stage *stage, const char *path, uint64_t row)
{
    static const uint64_t zeros[4];
    pipette_value value = pipette_value_array(PIPETTE_TYPE_F64, 1, zeros, zeros);
    OK(storage->read_one(stage, path, row, &value));
    if (value.type == PIPETTE_TYPE_STRING && value.rank == 0 && value.as.string == NULL)
        value.as.string = "";
    return value;
}

/* Where the last byte that is not zero stands, and one more: behind it a file may have room reserved for its log. */
static inline int64_t used_of(const char *path)
{
    static char bytes[65536];
    struct stat facts;
    int64_t end, at;
    int fd = open(path, O_RDONLY);
    CU_ASSERT_TRUE_FATAL(fd >= 0 && fstat(fd, &facts) == 0);
    for (end = facts.st_size; end > 0; end = at) {
        int64_t i;
        at = end > (int64_t)sizeof bytes ? end - (int64_t)sizeof bytes : 0;
        CU_ASSERT_EQUAL_FATAL(pread(fd, bytes, (size_t)(end - at), at), end - at);
        for (i = end - at; i > 0; i--)
            if (bytes[i - 1] != 0) {
                (void)close(fd);
                return at + i;
            }
    }
    (void)close(fd);
    return 0;
}

static char list_text[8192];

PIPETTE_INLINE int note_entry(const pipette_entry *entry, void *user)
{
    size_t length = strlen(list_text);
    uint32_t i;
    (void)user;
    length +=
        (size_t)snprintf(list_text + length, sizeof list_text - length, "%d %s %s [%s]%s", entry->kind, entry->path,
                         pipette_type_text(entry->type), entry->unit, entry->flags ? " returned" : "");
    for (i = 0; i < entry->rank; i++)
        length += (size_t)snprintf(list_text + length, sizeof list_text - length, " %s:%d", entry->dimensions[i].name,
                                   (int)entry->dimensions[i].extent);
    (void)snprintf(list_text + length, sizeof list_text - length, "\n");
    return 0;
}

/* ---- What has no place: ragged, strings, undeclared ---- */

enum { R_SPIKES, R_PAIRS, R_WORD, R_STATE, RAGGED_COLUMNS };

static const pipette_dimension spike_dimension[] = {PIPETTE_DIMENSION("spike", "1", PIPETTE_RAGGED, 0, 0, "")};
static const pipette_dimension pair_dimensions[] = {PIPETTE_DIMENSION("pair", "1", PIPETTE_RAGGED, 0, 0, ""),
                                                    PIPETTE_DIMENSION("side", "1", 2, 0, 0, "")};
static const pipette_column_spec ragged_columns[] = {
    COLUMN("results.$.spikes", PIPETTE_TYPE_F64, PIPETTE_ROLE_RESULT, 0, "ms", "Spikes.", spike_dimension, 1, NULL, 0),
    COLUMN("results.$.pairs", PIPETTE_TYPE_I32, PIPETTE_ROLE_RESULT, 0, "1", "Pairs.", pair_dimensions, 2, NULL, 0),
    COLUMN("results.$.word", PIPETTE_TYPE_STRING, PIPETTE_ROLE_RESULT, 0, "", "A word.", NULL, 0, NULL, 0),
    COLUMN("runs.state", PIPETTE_TYPE_BOOL, PIPETTE_ROLE_LEDGER, 0, "", "d", NULL, 0, states, 5)};
static const pipette_column_spec undeclared =
    COLUMN("results.$.extra", PIPETTE_TYPE_F64, PIPETTE_ROLE_RESULT, 0, "m", "Extra.", NULL, 0, NULL, 0);

PIPETTE_INLINE void ragged_plan(plan *p, uint64_t rows)
{
    tutorial(p, rows);
    memcpy(p->columns, ragged_columns, sizeof ragged_columns);
    p->layout.column_count = RAGGED_COLUMNS;
    p->layout.table_count = 0;
}

/* Run `row` has `row` spikes and row + 1 pairs. */
PIPETTE_INLINE void append_run(pipette_stage *stage, uint64_t row, int8_t state)
{
    uint64_t shape[2] = {row, 2}, i;
    double spikes[16];
    int32_t pairs[32];
    pipette_value value;
    char word[24];
    for (i = 0; i < row; i++)
        spikes[i] = (double)row + (double)i / 8;
    for (i = 0; i < 32; i++)
        pairs[i] = (int32_t)(row * 100 + i);
    value = pipette_value_array(PIPETTE_TYPE_F64, 1, shape, spikes);
    OK(storage->append(stage, row, R_SPIKES, &value));
    shape[0]++;
    value = pipette_value_array(PIPETTE_TYPE_I32, 2, shape, pairs);
    OK(storage->append(stage, row, R_PAIRS, &value));
    (void)snprintf(word, sizeof word, "wörd %d", (int)row);
    value = pipette_value_string(word);
    OK(storage->append(stage, row, R_WORD, &value));
    OK(write_cells(stage, row, 1, R_STATE, &state, 1));
}

PIPETTE_INLINE void check_ragged(pipette_stage *stage, uint64_t row)
{
    pipette_value value = one(stage, "results.$.spikes", row);
    char word[24];
    CU_ASSERT_EQUAL(value.shape[0], row);
    if (row > 0 && value.shape[0] == row)
        CU_ASSERT_EQUAL(((const double *)value.data)[row - 1], (double)row + (double)(row - 1) / 8);
    value = one(stage, "results.$.pairs", row);
    CU_ASSERT_EQUAL(value.rank, 2);
    CU_ASSERT_EQUAL(value.shape[0], row + 1);
    if (value.rank == 2 && value.shape[0] == row + 1)
        CU_ASSERT_EQUAL(((const int32_t *)value.data)[2 * row + 1], (int32_t)(row * 100 + 2 * row + 1));
    (void)snprintf(word, sizeof word, "wörd %d", (int)row);
    value = one(stage, "results.$.word", row);
    CU_ASSERT_STRING_EQUAL(value.as.string, word);
}

#endif
