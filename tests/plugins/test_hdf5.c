/* The storage plugin `hdf5`: what goes in comes out, also for xarray, h5py and netCDF, and also after a crash. */
#include "suite.h"

#include <pipette/storage.h>

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- A host of one stage
 * ------------------------------------------------------------------------------------------------ */

static char message[1200];
static char folder[64];
static char file[128];

static int host_fail(pipette_stage *stage, int code, const char *format, ...)
{
    va_list arguments;
    (void)stage;
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    return code;
}

static void host_log(pipette_stage *stage, int level, const char *format, ...)
{
    (void)stage;
    (void)level;
    (void)format;
}

static const pipette_stage_host host = {
    (uint32_t)sizeof host, 0, host_fail, host_log, NULL, NULL, NULL, NULL, NULL, NULL};

static const pipette_descriptor *descriptor;
static const pipette_storage *storage;

static pipette_stage new_stage(void)
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
        (void)snprintf(folder, sizeof folder, "/tmp/pipette-hdf5-XXXXXX");
        if (mkdtemp(folder) == NULL)
            exit(100);
    }
    message[0] = '\0';
    (void)storage->create(&stage);
    return stage;
}

/* A path in the test's folder that nothing has yet. */
static const char *fresh(const char *name)
{
    (void)snprintf(file, sizeof file, "%s/%s", folder, name);
    (void)unlink(file);
    return file;
}

static void clean_up(void)
{
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf '%s'", folder);
    if (folder[0] != '\0')
        (void)!system(command);
    folder[0] = '\0';
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

/* Runs the script with the file as argument; true if no assertion failed. */
static bool python(const char *path, const char *script)
{
    char command[400];
    FILE *pipe;
    (void)snprintf(command, sizeof command, "HDF5_USE_FILE_LOCKING=FALSE /usr/bin/python3 -W ignore - '%s'", path);
    (void)fflush(NULL);
    pipe = popen(command, "w");
    if (pipe == NULL)
        return false;
    (void)fputs("import sys, numpy as np, h5py, xarray as xr\nfile = sys.argv[1]\n"
                "engines = ('netcdf4', 'h5netcdf')\n"
                "def ds(group, engine='netcdf4'): return xr.open_dataset(file, group=group, engine=engine)\n",
                pipe);
    (void)fputs(script, pipe);
    return pclose(pipe) == 0;
}

static bool shell(const char *format, const char *path)
{
    char command[400];
    int length = snprintf(command, sizeof command, format, path);
    return length > 0 && system(command) == 0;
}

/* ---- The tutorial's layout
 * --------------------------------------------------------------------------------------------------- */

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

static pipette_leaf_spec leaf(const char *path, const char *unit, const char *comment, pipette_value value)
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

static void tutorial(plan *p, uint64_t rows)
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

static int lay_out(pipette_stage *stage, const char *path, const plan *p)
{
    int status = storage->open(stage, path, PIPETTE_STORAGE_CREATE);
    return status == PIPETTE_OK ? storage->lay_out(stage, &p->layout) : status;
}

static int write_cells(pipette_stage *stage, uint64_t first, uint64_t count, uint32_t column, const void *data,
                       uint64_t stride)
{
    pipette_column_data cells = {(uint32_t)sizeof cells, column, data, stride};
    return storage->write(stage, first, count, &cells, 1);
}

static double potential(uint64_t row, uint64_t step)
{
    return (double)row + (double)step / 1000.0;
}

/* Stores run `row` whole, its state last. */
static int store_run(pipette_stage *stage, uint64_t row, int8_t state)
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

static void put_rates(pipette_stage *stage, plan *p)
{
    static double rates[303];
    int i;
    for (i = 0; i < 303; i++)
        rates[i] = i / 3 * 100.0 + i % 3;
    p->array.data = rates;
    OK(storage->put_table(stage, &p->table));
}

/* ---- Reading
 * ---------------------------------------------------------------------------------------------------------------- */

static pipette_stage opened(const char *path, int mode)
{
    pipette_stage stage = new_stage();
    OK(storage->open(&stage, path, mode));
    return stage;
}

static void close_down(pipette_stage *stage)
{
    OK(storage->finish(stage, 1));
    storage->destroy(stage);
}

/* A value that is there; an empty one after a failed assertion. Borrowed until the next read. */
static pipette_value one(pipette_stage *stage, const char *path, uint64_t row)
{
    static const uint64_t zeros[4];
    pipette_value value = pipette_value_array(PIPETTE_TYPE_F64, 1, zeros, zeros);
    OK(storage->read_one(stage, path, row, &value));
    if (value.type == PIPETTE_TYPE_STRING && value.rank == 0 && value.as.string == NULL)
        value.as.string = "";
    return value;
}

static char list_text[8192];

static int note_entry(const pipette_entry *entry, void *user)
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

/* ---- The tutorial in the file
 * --------------------------------------------------------------------------------------------------- */

static void test_tutorial(void)
{
    static const char script[] =
        "for e in engines:\n"
        "    d = ds('results/neuron', e)\n"
        "    assert d.V.dims == ('run', 'time') and d.V.shape == (303, 50), d\n"
        "    assert d.V.attrs['units'] == 'mV' and d.V.attrs['long_name'] == 'Potential.'\n"
        "    assert set(d.coords) == {'I', 'tau_ref', 'time'}, d.coords\n"
        "    assert d.I.dims == ('run',) and d.I.attrs['units'] == 'nA' and d.tau_ref.attrs['units'] == 'ms'\n"
        "    assert d.time.attrs['units'] == 'ms' and d.time.values[7] == 7 * 0.1\n"
        "    assert d.nspikes.dtype == np.int64 and d.nspikes.values[13] == 130\n"
        "    assert d.rate.values[302] == 151.0 and d.V.values[13, 5] == 13.005\n"
        "    assert np.isnan(d.rate.values[7]) and np.isnan(d.V.values[7]).all() and np.isnan(d.V.values[8]).all()\n"
        "    assert d.nspikes.values[7] == -9223372036854775806\n"
        "    assert d.I.values[7] == 0.07\n"
        "    r = ds('runs', e)\n"
        "    assert list(r.state.values[6:10]) == [1, 2, 4, 1] and r.state.dtype == np.int8\n"
        "    assert list(r.state.attrs['flag_values']) == [0, 1, 2, 3, 4]\n"
        "    assert r.state.attrs['flag_meanings'] == 'pending done failed timed_out infeasible'\n"
        "    assert r.duration.values[7] == 0.5 and r.start.dims == ('run',)\n"
        "    p = ds('parameters/neuron', e)\n"
        "    assert p.tau_V.values == 10.0 and p.tau_V.attrs['units'] == 'ms' and p.I.shape == (303,)\n"
        "    assert list(p.weights.values) == [1.5, 2.5, 3.5]\n"
        "    assert ds('parameters/simulation', e).steps.values == 50\n"
        "    t = ds('results/summary/firing_rates', e)\n"
        "    assert t.rate.dims == ('I', 'tau_ref') and t.rate.attrs['units'] == 'Hz' and t.I.attrs['units'] == 'nA'\n"
        "    assert t.rate.sel(I=0.35, tau_ref=5.0, method='nearest') == 3500.0\n"
        "    assert t.rate.sel(I=0.13, tau_ref=10.0) == 1302.0\n"
        "    assert t.attrs['comment'] == 'Rates by current.'\n"
        "    m = ds('runs/message', e)\n"
        "    assert list(m.row.values) == [7] and m.text.values[0] == 'it overflowed'\n"
        "    g = xr.open_dataset(file, engine=e)\n"
        "    assert g.attrs['Conventions'] == 'CF-1.8' and g.attrs['title'] == 'FiringRate'\n"
        "    assert g.attrs['comment'] == 'Firing rate of a neuron'\n"
        "    for name in ('config', 'config/pipeline', 'pipette', 'results', 'parameters'): ds(name, e)\n"
        "h = h5py.File(file, 'r')\n"
        "assert h['config/pipeline/text'][()].decode() == 'name = \"FiringRate\";\\n\\tπ\\n'\n"
        "assert h['config/seed'][()] == 18446744073709551615\n"
        "assert h['pipette/exploration'][()] == b'product tau_ref, I'\n"
        "assert h['results/neuron/V'].dims[1][0].name.endswith('/time')\n"
        "import pandas\n"
        "frame = ds('results/neuron')[['rate', 'nspikes']].to_dataframe()\n"
        "assert list(frame.columns) == ['rate', 'nspikes', 'I', 'tau_ref'] and len(frame) == 303\n";
    pipette_stage stage = new_stage();
    pipette_value text = pipette_value_string("it overflowed");
    pipette_storage_info info;
    double read[3];
    uint64_t row;
    plan p;
    tutorial(&p, 303);
    OK(lay_out(&stage, fresh("made/here/tutorial.hdf5"), &p));
    for (row = 0; row < 303; row++)
        OK(store_run(&stage, row,
                     row == 7   ? PIPETTE_STATE_FAILED
                     : row == 8 ? PIPETTE_STATE_INFEASIBLE
                                : PIPETTE_STATE_DONE));
    OK(storage->append(&stage, 7, MESSAGE, &text));
    OK(storage->flush(&stage));
    OK(storage->read(&stage, "results.neuron.$.nspikes", 6, 3, PIPETTE_TYPE_F64, read));
    CU_ASSERT_EQUAL(read[0], 60.0);
    CU_ASSERT_TRUE(isnan(read[1]) && isnan(read[2]));
    put_rates(&stage, &p);
    memset(&info, 0, sizeof info);
    OK(storage->info(&stage, &info));
    CU_ASSERT_STRING_EQUAL(info.name, "FiringRate");
    CU_ASSERT_EQUAL(info.row_count, 303);
    CU_ASSERT_TRUE(info.byte_count > 303 * STEPS * 8);
    OK(storage->finish(&stage, 1));
    storage->destroy(&stage);
    CU_ASSERT_TRUE(python(file, script));
    CU_ASSERT_TRUE(shell("ncdump -h '%s' > /dev/null", file));
    CU_ASSERT_TRUE(shell("h5dump '%s' > /dev/null", file));
    /* Nothing else is left beside it. */
    CU_ASSERT_TRUE(shell("test \"$(ls -A $(dirname '%s'))\" = tutorial.hdf5", file));
    /* And what the plugin itself reads. */
    stage = opened(file, PIPETTE_STORAGE_READ);
    OK(storage->info(&stage, &info));
    CU_ASSERT_EQUAL(info.finished, 1);
    CU_ASSERT_STRING_EQUAL(info.comment, "Firing rate of a neuron");
    CU_ASSERT_STRING_EQUAL(info.exploration, "product tau_ref, I");
    CU_ASSERT_EQUAL(info.span_count, 1);
    CU_ASSERT_EQUAL(info.spans[0].count, 303);
    OK(storage->read(&stage, "results.neuron.$.rate", 301, 2, PIPETTE_TYPE_F64, read));
    CU_ASSERT_EQUAL(read[0], 150.5);
    CU_ASSERT_EQUAL(read[1], 151.0);
    CU_ASSERT_STRING_EQUAL(one(&stage, "runs.message", 7).as.string, "it overflowed");
    CU_ASSERT_STRING_EQUAL(one(&stage, "config.pipeline.text", 0).as.string, "name = \"FiringRate\";\n\tπ\n");
    CU_ASSERT_EQUAL(one(&stage, "config.seed", 0).as.u64, UINT64_C(18446744073709551615));
    CU_ASSERT_EQUAL(one(&stage, "parameters.simulation.steps", 0).as.i64, STEPS);
    CU_ASSERT_EQUAL(one(&stage, "runs.state", 8).as.boolean, PIPETTE_STATE_INFEASIBLE);
    CU_ASSERT_EQUAL(((const double *)one(&stage, "results.neuron.$.V", 13).data)[5], 13.005);
    CU_ASSERT_EQUAL(one(&stage, "results.neuron.$.V", 13).shape[0], STEPS);
    CU_ASSERT_EQUAL(((const double *)one(&stage, "results.summary.firing_rates.rate", 0).data)[35 * 3], 3500.0);
    CU_ASSERT_EQUAL(((const double *)one(&stage, "results.summary.firing_rates.tau_ref", 0).data)[1], 7.5);
    REFUSED(storage->read_one(&stage, "runs.message", 8, &text), PIPETTE_E_NOT_FOUND, "row 8 has no 'runs.message'");
    REFUSED(storage->read_one(&stage, "results.nothing", 0, &text), PIPETTE_E_NOT_FOUND, "has no 'results.nothing'");
    REFUSED(storage->read(&stage, "results.neuron.$.rate", 300, 4, PIPETTE_TYPE_F64, read), PIPETTE_E_BOUNDS,
            "303 rows");
    REFUSED(storage->read(&stage, "results.neuron.$.rate", 0, 1, PIPETTE_TYPE_I64, read), PIPETTE_E_TYPE,
            "is f64 and cannot be read as i64");
    REFUSED(storage->flush(&stage), PIPETTE_E_INVALID, "opened for reading");
    list_text[0] = '\0';
    OK(storage->list(&stage, note_entry, NULL));
    CU_ASSERT_PTR_NOT_NULL(strstr(list_text, "2 results.neuron.$.V f64 [mV] time:50\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(list_text, "2 results.neuron.$.rate f64 [Hz] returned\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(list_text, "1 parameters.neuron.tau_V f64 [ms]\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(list_text, "3 results.summary.firing_rates.rate f64 [Hz] I:101 tau_ref:3\n"));
    close_down(&stage);
}

/* ---- Types
 * ---------------------------------------------------------------------------------------------------------------- */

enum {
    T_F64,
    T_F32,
    T_I64,
    T_I32,
    T_U64,
    T_BOOL,
    T_COMPLEX,
    T_GRID,
    T_OTHER,
    T_AX,
    T_BX,
    T_MODE,
    T_STATE,
    TYPE_COLUMNS
};

static void test_types(void)
{
    static const pipette_dimension grid[] = {PIPETTE_DIMENSION("x", "m", 2, 1.0, 0.5, "X."),
                                             PIPETTE_DIMENSION("y", "m", 3, 0.0, 0.0, "Y.")};
    static const pipette_dimension other[] = {PIPETTE_DIMENSION("x", "m", 4, 1.0, 0.5, "Another X.")};
    static const pipette_column_spec type_columns[] = {
        COLUMN("results.t.$.f64", PIPETTE_TYPE_F64, PIPETTE_ROLE_RESULT, 0, "1", "d", NULL, 0, NULL, 0),
        COLUMN("results.t.$.f32", PIPETTE_TYPE_F32, PIPETTE_ROLE_RESULT, 0, "1", "d", NULL, 0, NULL, 0),
        COLUMN("results.t.$.i64", PIPETTE_TYPE_I64, PIPETTE_ROLE_RESULT, 0, "1", "d", NULL, 0, NULL, 0),
        COLUMN("results.t.$.i32", PIPETTE_TYPE_I32, PIPETTE_ROLE_RESULT, 0, "1", "d", NULL, 0, NULL, 0),
        COLUMN("results.t.$.u64", PIPETTE_TYPE_U64, PIPETTE_ROLE_RESULT, 0, "1", "d", NULL, 0, NULL, 0),
        COLUMN("results.t.$.flag", PIPETTE_TYPE_BOOL, PIPETTE_ROLE_RESULT, 0, "", "d", NULL, 0, NULL, 0),
        COLUMN("results.t.$.complex", PIPETTE_TYPE_COMPLEX, PIPETTE_ROLE_RESULT, 0, "V", "d", NULL, 0, NULL, 0),
        COLUMN("results.t.$.grid", PIPETTE_TYPE_I32, PIPETTE_ROLE_RESULT, 0, "1", "d", grid, 2, NULL, 0),
        COLUMN("results.t.$.other", PIPETTE_TYPE_F32, PIPETTE_ROLE_RESULT, 0, "1", "d", other, 1, NULL, 0),
        COLUMN("parameters.a.x", PIPETTE_TYPE_F64, PIPETTE_ROLE_PARAMETER, 0, "m", "d", NULL, 0, NULL, 0),
        COLUMN("parameters.b.x", PIPETTE_TYPE_I64, PIPETTE_ROLE_PARAMETER, 0, "s", "d", NULL, 0, NULL, 0),
        COLUMN("parameters.mode", PIPETTE_TYPE_STRING, PIPETTE_ROLE_PARAMETER, 0, "", "d", NULL, 0, NULL, 0),
        COLUMN("runs.state", PIPETTE_TYPE_BOOL, PIPETTE_ROLE_LEDGER, 0, "", "d", NULL, 0, states, 5)};
    static const char script[] =
        "for e in engines:\n"
        "    d = ds('results/t', e)\n"
        "    kinds = dict(f64='f8', f32='f4', i64='i8', i32='i4', u64='u8', flag='i1', complex='f8', grid='i4')\n"
        "    for k in kinds: assert d[k].dtype == np.dtype(kinds[k]), (k, d[k].dtype)\n"
        "    assert d.f64.values[0] == 0.1 and d.f32.values[0] == np.float32(0.1)\n"
        "    assert d.i64.values[0] == -9007199254740993 and d.i32.values[0] == -2147483648\n"
        "    assert d.u64.values[0] == 18446744073709551615 and d.flag.values[0] == 1\n"
        "    assert d.flag.attrs['flag_meanings'] == 'false true'\n"
        "    assert d.complex.dims == ('run', 'complex_2') and list(d.complex.values[0]) == [1.5, -2.5]\n"
        "    assert d.grid.dims == ('run', 'x', 'y') and d.grid.values[0].tolist() == [[1, 2, 3], [4, 5, 6]]\n"
        "    assert list(d.x.values) == [1.0, 1.5] and d.other.dims == ('run', 'x_2') and d.x_2.values[3] == 2.5\n"
        "    assert set(d.f64.coords) == {'a_x', 'b_x', 'mode'}, d.f64.coords\n"
        "    assert d.a_x.values[1] == 2.5 and d.b_x.values[1] == -3 and d.a_x.attrs['units'] == 'm'\n"
        "    assert list(d['mode'].values) == ['slow', 'schnell ü'], d['mode'].values\n"
        "    assert np.isnan(d.f64.values[1]) and np.isnan(d.f32.values[1]) and np.isnan(d.complex.values[1]).all()\n"
        "    assert d.i64.values[1] == -9223372036854775806 and d.i32.values[1] == -2147483647\n"
        "    assert d.u64.values[1] == 18446744073709551614 and d.flag.values[1] == -127\n"
        "    assert (d.grid.values[1] == -2147483647).all()\n"
        "    p = ds('parameters', e)\n"
        "    assert list(p.names.values) == ['a', '', 'c'] and p.nothing.shape == (0,)\n"
        "    assert list(p.z.values) == [3.0, 4.0] and p.yes.values == 1 and p.matrix.shape == (2, 2)\n";
    static const uint64_t three[] = {3}, two_by_two[] = {2, 2}, none[] = {0};
    static const char *const names[] = {"a", "", "c"};
    static const int32_t matrix[] = {1, 2, 3, 4};
    static const pipette_complex z = {3.0, 4.0}, c[] = {{1.5, -2.5}, {9.0, 9.0}};
    static const double f64[] = {0.1, 9.0}, ax[] = {1.5, 2.5};
    static const float f32[] = {0.1f, 9.0f}, others[] = {1, 2, 3, 4, 9, 9, 9, 9};
    static const int64_t i64[] = {INT64_C(-9007199254740993), 9}, bx[] = {7, -3};
    static const int32_t i32[] = {INT32_MIN, 9}, cells[] = {1, 2, 3, 4, 5, 6, 9, 9, 9, 9, 9, 9};
    static const uint64_t u64[] = {UINT64_MAX, 9};
    static const uint8_t flag[] = {1, 1};
    static const int8_t state[] = {PIPETTE_STATE_DONE, PIPETTE_STATE_PENDING};
    static const char *const modes[] = {"slow", "schnell ü"};
    const void *const data[] = {f64, f32, i64, i32, u64, flag, c, cells, others, ax, bx, modes, state};
    static const uint64_t strides[] = {8, 4, 8, 4, 8, 1, 16, 24, 16, 8, 8, 8, 1};
    pipette_stage stage = new_stage();
    pipette_place place;
    double back[2];
    int64_t back_i64[2];
    uint32_t i;
    plan p;
    tutorial(&p, 2);
    p.layout.columns = type_columns;
    p.layout.column_count = TYPE_COLUMNS;
    p.layout.table_count = 0;
    p.leaves[0] = leaf("parameters.names", "", "d", pipette_value_array(PIPETTE_TYPE_STRING, 1, three, names));
    p.leaves[1] = leaf("parameters.z", "V", "d", pipette_value_complex(z));
    p.leaves[2] = leaf("parameters.yes", "", "d", pipette_value_bool(1));
    p.leaves[3] = leaf("parameters.matrix", "1", "d", pipette_value_array(PIPETTE_TYPE_I32, 2, two_by_two, matrix));
    p.leaves[4] = leaf("parameters.nothing", "1", "d", pipette_value_array(PIPETTE_TYPE_F64, 1, none, NULL));
    p.leaves[5] = leaf("parameters.single", "1", "d", pipette_value_f32(0.25f));
    p.leaves[6] = leaf("parameters.short", "1", "d", pipette_value_i32(-5));
    p.layout.leaf_count = 7;
    OK(lay_out(&stage, fresh("types.hdf5"), &p));
    for (i = 0; i < TYPE_COLUMNS; i++)
        OK(write_cells(&stage, 0, 2, i, data[i], strides[i]));
    REFUSED(((const pipette_storage_direct *)descriptor->extension(PIPETTE_STORAGE_DIRECT_EXTENSION))
                ->place(&stage, T_MODE, &place),
            PIPETTE_E_UNSUPPORTED, "parameters.mode");
    close_down(&stage);
    CU_ASSERT_TRUE(python(file, script));
    stage = opened(file, PIPETTE_STORAGE_READ);
    CU_ASSERT_EQUAL(one(&stage, "results.t.$.i64", 0).as.i64, INT64_C(-9007199254740993));
    CU_ASSERT_EQUAL(one(&stage, "results.t.$.f32", 0).as.f32, 0.1f);
    CU_ASSERT_EQUAL(one(&stage, "results.t.$.complex", 0).as.complex.imaginary, -2.5);
    CU_ASSERT_EQUAL(one(&stage, "results.t.$.flag", 0).as.boolean, 1);
    CU_ASSERT_EQUAL(one(&stage, "results.t.$.grid", 0).rank, 2);
    CU_ASSERT_EQUAL(((const int32_t *)one(&stage, "results.t.$.grid", 0).data)[5], 6);
    CU_ASSERT_STRING_EQUAL(one(&stage, "parameters.mode", 1).as.string, "schnell ü");
    CU_ASSERT_STRING_EQUAL(((const char *const *)one(&stage, "parameters.names", 0).data)[2], "c");
    CU_ASSERT_EQUAL(one(&stage, "parameters.z", 0).as.complex.real, 3.0);
    CU_ASSERT_EQUAL(one(&stage, "parameters.single", 0).as.f32, 0.25f);
    CU_ASSERT_EQUAL(one(&stage, "parameters.short", 0).as.i32, -5);
    CU_ASSERT_EQUAL(((const int32_t *)one(&stage, "parameters.matrix", 0).data)[3], 4);
    CU_ASSERT_EQUAL(one(&stage, "parameters.nothing", 0).shape[0], 0);
    OK(storage->read(&stage, "results.t.$.i32", 0, 2, PIPETTE_TYPE_F64, back));
    CU_ASSERT_EQUAL(back[0], -2147483648.0);
    CU_ASSERT_TRUE(isnan(back[1]));
    OK(storage->read(&stage, "results.t.$.i32", 0, 2, PIPETTE_TYPE_I64, back_i64));
    CU_ASSERT_EQUAL(back_i64[0], -2147483648);
    CU_ASSERT_EQUAL(back_i64[1], PIPETTE_FILL_I64);
    REFUSED(storage->read(&stage, "results.t.$.u64", 0, 1, PIPETTE_TYPE_I64, back_i64), PIPETTE_E_TYPE,
            "does not fit i64");
    REFUSED(storage->read(&stage, "parameters.mode", 0, 1, PIPETTE_TYPE_F64, back), PIPETTE_E_TYPE, "parameters.mode");
    close_down(&stage);
}

/* ---- What has no place: ragged, strings, undeclared
 * --------------------------------------------------------------------------- */

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

static void ragged_plan(plan *p, uint64_t rows)
{
    tutorial(p, rows);
    memcpy(p->columns, ragged_columns, sizeof ragged_columns);
    p->layout.column_count = RAGGED_COLUMNS;
    p->layout.table_count = 0;
}

/* Run `row` has `row` spikes and row + 1 pairs. */
static void append_run(pipette_stage *stage, uint64_t row, int8_t state)
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

static void check_ragged(pipette_stage *stage, uint64_t row)
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

static void test_ragged(void)
{
    static const char script[] =
        "for e in engines:\n"
        "    d = ds('results', e)\n"
        "    assert d.spikes.dims == ('spikes_sample',) and d.spikes.attrs['units'] == 'ms'\n"
        "    assert list(d.spikes_count.values) == [0, 1, 2, 0, 4, 0], d.spikes_count.values\n"
        "    assert d.spikes_count.attrs['sample_dimension'] == 'spikes_sample'\n"
        "    assert list(d.spikes.values) == [1.0, 2.0, 2.125, 4.0, 4.125, 4.25, 4.375]\n"
        "    assert d.pairs_shape.values.tolist() == [[1, 2], [2, 2], [3, 2], [0, 0], [5, 2], [0, 0]]\n"
        "    assert d.pairs.shape == (22,) and d.pairs.values[2] == 100 and d.pairs.values[-1] == 409\n"
        "    assert list(d.word.values) == ['wörd 0', 'wörd 1', 'wörd 2', '', 'wörd 4', '']\n"
        "    x = d.extra.values\n"
        "    assert x[1] == 11.0 and np.isnan(x[[0, 2, 3, 4, 5]]).all() and d.extra.attrs['units'] == 'm'\n";
    pipette_stage stage = new_stage(), reader;
    pipette_value value = pipette_value_f64(11.0);
    uint64_t row;
    plan p;
    ragged_plan(&p, 6);
    OK(lay_out(&stage, fresh("ragged.hdf5"), &p));
    append_run(&stage, 2, PIPETTE_STATE_DONE);
    append_run(&stage, 1, PIPETTE_STATE_DONE);
    append_run(&stage, 5, PIPETTE_STATE_FAILED);
    append_run(&stage, 0, PIPETTE_STATE_DONE);
    append_run(&stage, 4, PIPETTE_STATE_DONE);
    OK(storage->add_column(&stage, &undeclared));
    OK(storage->append(&stage, 1, RAGGED_COLUMNS, &value));
    value = pipette_value_string("no number");
    REFUSED(storage->append(&stage, 1, RAGGED_COLUMNS, &value), PIPETTE_E_TYPE, "results.$.extra");
    OK(storage->flush(&stage));
    /* Somebody looks while it runs: the plugin sees everything, plain tools all but the log. */
    reader = opened(file, PIPETTE_STORAGE_READ);
    for (row = 0; row < 3; row++)
        check_ragged(&reader, row);
    CU_ASSERT_EQUAL(one(&reader, "results.$.extra", 1).as.f64, 11.0);
    REFUSED(storage->read_one(&reader, "results.$.spikes", 5, &value), PIPETTE_E_NOT_FOUND, "row 5");
    REFUSED(storage->read_one(&reader, "results.$.spikes", 3, &value), PIPETTE_E_NOT_FOUND, "row 3");
    CU_ASSERT_TRUE(shell("h5dump '%s' > /dev/null", file));
    CU_ASSERT_TRUE(shell("ncdump '%s' > /dev/null", file));
    CU_ASSERT_TRUE(python(file, "for e in engines: assert list(ds('runs', e).state.values) == [1, 1, 1, 0, 1, 2]\n"));
    close_down(&stage);
    close_down(&reader);
    CU_ASSERT_TRUE(python(file, script));
    CU_ASSERT_TRUE(shell("ncdump '%s' > /dev/null", file));
    /* Going on with what is missing: new values beside those that have their place. */
    stage = opened(file, PIPETTE_STORAGE_UPDATE);
    check_ragged(&stage, 4);
    append_run(&stage, 3, PIPETTE_STATE_DONE);
    append_run(&stage, 5, PIPETTE_STATE_DONE);
    check_ragged(&stage, 3);
    check_ragged(&stage, 2);
    close_down(&stage);
    stage = opened(file, PIPETTE_STORAGE_READ);
    for (row = 0; row < 6; row++)
        check_ragged(&stage, row);
    CU_ASSERT_EQUAL(one(&stage, "results.$.extra", 1).as.f64, 11.0);
    CU_ASSERT_TRUE(isnan(one(&stage, "results.$.extra", 3).as.f64));
    close_down(&stage);
}

static void test_torn_record(void)
{
    pipette_stage stage = new_stage();
    pipette_value value;
    struct stat facts;
    int fd, cut;
    plan p;
    /* The last record loses its end, or has bytes that nobody wrote. */
    for (cut = 0; cut < 2; cut++) {
        ragged_plan(&p, 6);
        OK(lay_out(&stage, fresh("torn.hdf5"), &p));
        append_run(&stage, 1, PIPETTE_STATE_DONE);
        append_run(&stage, 4, PIPETTE_STATE_DONE);
        storage->destroy(&stage);
        fd = open(file, O_RDWR);
        CU_ASSERT_EQUAL(fstat(fd, &facts), 0);
        if (cut) {
            CU_ASSERT_EQUAL(ftruncate(fd, facts.st_size - 3), 0);
        } else {
            CU_ASSERT_EQUAL(pwrite(fd, "????????", 8, facts.st_size - 12), 8);
        }
        (void)close(fd);
        CU_ASSERT_TRUE(shell("h5dump '%s' > /dev/null", file));
        stage = opened(file, PIPETTE_STORAGE_UPDATE);
        check_ragged(&stage, 1);
        CU_ASSERT_EQUAL(one(&stage, "results.$.spikes", 4).shape[0], 4);
        REFUSED(storage->read_one(&stage, "results.$.word", 4, &value), PIPETTE_E_NOT_FOUND, "row 4");
        append_run(&stage, 4, PIPETTE_STATE_DONE);
        check_ragged(&stage, 4);
        close_down(&stage);
        stage = opened(file, PIPETTE_STORAGE_READ);
        check_ragged(&stage, 1);
        check_ragged(&stage, 4);
        close_down(&stage);
        stage = new_stage();
    }
    storage->destroy(&stage);
}

/* ---- Crashes
 * --------------------------------------------------------------------------------------------------------------------
 */

/* Workers write into the places themselves, state last; one is killed. */
static void test_crash(void)
{
    static const char script[] =
        "s = np.array(ds('runs').state.values); d = ds('results/neuron')\n"
        "done = np.flatnonzero(s == 1)\n"
        "assert len(done) >= 20, len(done)\n"
        "expected = done[:, None] + np.arange(50) / 1000.0\n"
        "assert (d.V.values[done] == expected).all() and (d.nspikes.values[done] == done * 10).all()\n";
    const pipette_storage_direct *direct = descriptor->extension(PIPETTE_STORAGE_DIRECT_EXTENSION);
    int attempt;
    for (attempt = 0; attempt < 3; attempt++) {
        pipette_stage stage = new_stage();
        pipette_place V_place, state_place, nspikes_place;
        int8_t found[303];
        int channel[2], done = 0, i;
        pid_t child;
        plan p;
        tutorial(&p, 303);
        OK(lay_out(&stage, fresh("crash.hdf5"), &p));
        OK(direct->place(&stage, V, &V_place));
        CU_ASSERT_STRING_EQUAL(V_place.path, file);
        CU_ASSERT_EQUAL(V_place.row_stride, STEPS * 8);
        OK(direct->place(&stage, STATE, &state_place));
        OK(direct->place(&stage, NSPIKES, &nspikes_place));
        CU_ASSERT_EQUAL(pipe(channel), 0);
        (void)fflush(NULL);
        child = fork();
        if (child == 0) {
            int fd = open(V_place.path, O_WRONLY);
            for (i = 0; i < 303; i++) {
                double V_of[STEPS];
                int64_t nspikes = i * 10;
                int k;
                for (k = 0; k < STEPS; k++)
                    V_of[k] = potential((uint64_t)i, (uint64_t)k);
                if (pwrite(fd, V_of, sizeof V_of, (off_t)(V_place.offset + (uint64_t)i * V_place.row_stride)) < 0 ||
                    pwrite(fd, &nspikes, 8, (off_t)(nspikes_place.offset + (uint64_t)i * 8)) < 0 ||
                    pwrite(fd, "\1", 1, (off_t)(state_place.offset + (uint64_t)i)) < 0 || write(channel[1], "x", 1) < 0)
                    _exit(1);
                if (i > 25)
                    (void)usleep(200);
            }
            for (;;)
                (void)pause();
        }
        (void)close(channel[1]);
        for (i = 0; i < 20 + attempt * 30; i++) {
            char byte;
            CU_ASSERT_EQUAL(read(channel[0], &byte, 1), 1);
        }
        (void)kill(child, SIGKILL);
        (void)waitpid(child, NULL, 0);
        (void)close(channel[0]);
        /* The command dies with it: nothing is finished. */
        storage->destroy(&stage);
        CU_ASSERT_TRUE(shell("h5dump '%s' > /dev/null", file));
        CU_ASSERT_TRUE(python(file, script));
        stage = opened(file, PIPETTE_STORAGE_UPDATE);
        OK(storage->read(&stage, "runs.state", 0, 303, PIPETTE_TYPE_BOOL, found));
        for (i = 0; i < 303; i++)
            done += found[i] == PIPETTE_STATE_DONE;
        CU_ASSERT_TRUE(done >= 20 + attempt * 30 && done < 303);
        for (i = 0; i < 303; i++)
            if (found[i] != PIPETTE_STATE_DONE)
                OK(store_run(&stage, (uint64_t)i, PIPETTE_STATE_DONE));
        close_down(&stage);
        CU_ASSERT_TRUE(python(file, "assert len(np.flatnonzero(ds('runs').state.values == 1)) == 303\n"));
        CU_ASSERT_TRUE(python(file, script));
    }
}

/* The supervisor itself is killed while it appends: every prefix of its writes is a good file. */
static void test_crash_of_log(void)
{
    pipette_stage stage = new_stage();
    int8_t found[12];
    int channel[2], i, done = 0, exit_status = 0;
    pid_t child;
    plan p;
    ragged_plan(&p, 12);
    (void)fresh("crashlog.hdf5");
    CU_ASSERT_EQUAL(pipe(channel), 0);
    (void)fflush(NULL);
    child = fork();
    if (child == 0) {
        if (lay_out(&stage, file, &p) != PIPETTE_OK)
            _exit(1);
        for (i = 0; i < 12; i++) {
            append_run(&stage, (uint64_t)i, PIPETTE_STATE_DONE);
            if (write(channel[1], "x", 1) < 0)
                _exit(1);
            (void)usleep(i > 4 ? 500 : 0);
        }
        for (;;)
            (void)pause();
    }
    (void)close(channel[1]);
    for (i = 0; i < 6; i++) {
        char byte;
        CU_ASSERT_EQUAL(read(channel[0], &byte, 1), 1);
    }
    (void)kill(child, SIGKILL);
    (void)waitpid(child, &exit_status, 0);
    CU_ASSERT_TRUE(WIFSIGNALED(exit_status));
    (void)close(channel[0]);
    storage->destroy(&stage);
    CU_ASSERT_TRUE(shell("h5dump '%s' > /dev/null", file));
    stage = opened(file, PIPETTE_STORAGE_UPDATE);
    OK(storage->read(&stage, "runs.state", 0, 12, PIPETTE_TYPE_BOOL, found));
    for (i = 0; i < 12; i++)
        if (found[i] == PIPETTE_STATE_DONE) {
            check_ragged(&stage, (uint64_t)i);
            done++;
        }
    CU_ASSERT_TRUE(done >= 6);
    OK(storage->finish(&stage, 0));
    storage->destroy(&stage);
    stage = opened(file, PIPETTE_STORAGE_READ);
    for (i = 0; i < done; i++)
        check_ragged(&stage, (uint64_t)i);
    close_down(&stage);
}

/* A limit on the size of files stands for a full disk. */
static void test_full_disk(void)
{
    pipette_stage stage = new_stage();
    struct rlimit old, limit;
    struct stat facts;
    int status = PIPETTE_OK, i;
    pipette_value value;
    uint64_t shape[1] = {100000};
    double *much = calloc(100000, sizeof *much);
    plan p;
    ragged_plan(&p, 6);
    (void)signal(SIGXFSZ, SIG_IGN);
    OK(lay_out(&stage, fresh("full.hdf5"), &p));
    append_run(&stage, 2, PIPETTE_STATE_DONE);
    CU_ASSERT_EQUAL(stat(file, &facts), 0);
    (void)getrlimit(RLIMIT_FSIZE, &old);
    limit = old;
    limit.rlim_cur = (rlim_t)facts.st_size + 100000;
    (void)setrlimit(RLIMIT_FSIZE, &limit);
    value = pipette_value_array(PIPETTE_TYPE_F64, 1, shape, much);
    for (i = 0; status == PIPETTE_OK && i < 3; i++)
        status = storage->append(&stage, 3, R_SPIKES, &value);
    if (status == PIPETTE_OK)
        status = storage->flush(&stage);
    CU_ASSERT_EQUAL(status, PIPETTE_E_STORAGE);
    CU_ASSERT_PTR_NOT_NULL(strstr(message, file));
    CU_ASSERT_PTR_NOT_NULL(strstr(message, strerror(EFBIG)));
    storage->destroy(&stage);
    (void)setrlimit(RLIMIT_FSIZE, &old);
    CU_ASSERT_TRUE(shell("h5dump '%s' > /dev/null", file));
    stage = opened(file, PIPETTE_STORAGE_UPDATE);
    check_ragged(&stage, 2);
    append_run(&stage, 3, PIPETTE_STATE_DONE);
    close_down(&stage);
    stage = opened(file, PIPETTE_STORAGE_READ);
    check_ragged(&stage, 2);
    check_ragged(&stage, 3);
    close_down(&stage);
    /* Not even the structure fits: the error names the file, and nothing is left. */
    stage = new_stage();
    limit.rlim_cur = 4000;
    (void)setrlimit(RLIMIT_FSIZE, &limit);
    tutorial(&p, 303);
    status = lay_out(&stage, fresh("full2.hdf5"), &p);
    (void)setrlimit(RLIMIT_FSIZE, &old);
    CU_ASSERT_EQUAL(status, PIPETTE_E_STORAGE);
    CU_ASSERT_PTR_NOT_NULL(strstr(message, file));
    CU_ASSERT_NOT_EQUAL(access(file, F_OK), 0);
    storage->destroy(&stage);
    free(much);
}

/* ---- Growing
 * ----------------------------------------------------------------------------------------------------------------------
 */

static void test_extend(void)
{
    static const char *const words[] = {"calm", "calm", "calm", "wild", "wild"};
    static const char script[] =
        "for e in engines:\n"
        "    d = ds('results', e)\n"
        "    assert list(d.spikes_count.values) == [0, 1, 2, 3, 0] and list(d.I.values) == [5.5, 6.5, 7.5, 8.5, 9.5]\n"
        "    assert list(d['mood'].values) == ['calm', 'calm', 'calm', 'wild', 'wild'], d['mood'].values\n"
        "    assert d.extra.values[1] == 11.0 and np.isnan(d.extra.values[[0, 2, 3, 4]]).all()\n"
        "    assert set(d.word.coords) == {'I', 'mood'}\n"
        "    assert 'tau_V' in ds('parameters/neuron', e) and 'I' in ds('parameters/neuron', e)\n"
        "h = h5py.File(file, 'r')\n"
        "assert h['config/note'][()] == b'new' and h['pipette/exploration'][()] == b'wider'\n";
    static const double currents[] = {5.5, 6.5, 7.5, 8.5, 9.5};
    pipette_stage stage = new_stage(), reader;
    pipette_value value = pipette_value_f64(11.0);
    pipette_storage_info info = {(uint32_t)sizeof info, 0, NULL, NULL, 0, NULL, NULL, 0, 0, 0};
    uint64_t row;
    plan p;
    ragged_plan(&p, 3);
    p.leaves[5] = leaf("parameters.neuron.I", "nA", "d", pipette_value_f64(1.0));
    p.layout.leaf_count = 6;
    OK(lay_out(&stage, fresh("extend.hdf5"), &p));
    for (row = 0; row < 3; row++)
        append_run(&stage, row, PIPETTE_STATE_DONE);
    OK(storage->add_column(&stage, &undeclared));
    OK(storage->append(&stage, 1, RAGGED_COLUMNS, &value));
    close_down(&stage);
    /* A notebook holds the file, with HDF5's lock. */
    reader = opened(file, PIPETTE_STORAGE_READ);
    CU_ASSERT_TRUE(python(file, "import fcntl\nh = h5py.File(file, 'r')\n"));
    stage = opened(file, PIPETTE_STORAGE_UPDATE);
    ragged_plan(&p, 5);
    p.columns[RAGGED_COLUMNS] = columns[I];
    p.columns[RAGGED_COLUMNS + 1] = columns[I];
    p.columns[RAGGED_COLUMNS + 1].path = "parameters.mood";
    p.columns[RAGGED_COLUMNS + 1].type = PIPETTE_TYPE_STRING;
    p.columns[RAGGED_COLUMNS + 1].unit = "";
    p.layout.column_count = RAGGED_COLUMNS + 2;
    p.leaves[0] = leaf("config.note", "", "d", pipette_value_string("new"));
    p.layout.leaf_count = 1;
    p.layout.exploration = "wider";
    OK(storage->extend(&stage, &p.layout));
    OK(write_cells(&stage, 0, 5, RAGGED_COLUMNS, currents, 8));
    OK(write_cells(&stage, 0, 5, RAGGED_COLUMNS + 1, words, sizeof words[0]));
    append_run(&stage, 3, PIPETTE_STATE_DONE);
    /* The undeclared column of before is found again under its next position. */
    OK(storage->add_column(&stage, &undeclared));
    for (row = 0; row < 4; row++)
        check_ragged(&stage, row);
    check_ragged(&reader, 2);
    CU_ASSERT_STRING_EQUAL(one(&stage, "parameters.mood", 3).as.string, "wild");
    close_down(&stage);
    close_down(&reader);
    CU_ASSERT_TRUE(python(file, script));
    stage = opened(file, PIPETTE_STORAGE_READ);
    OK(storage->info(&stage, &info));
    CU_ASSERT_EQUAL(info.row_count, 5);
    for (row = 0; row < 4; row++)
        check_ragged(&stage, row);
    CU_ASSERT_EQUAL(one(&stage, "parameters.neuron.tau_V", 0).as.f64, 10.0);
    close_down(&stage);
    /* Other runs in the old rows, or another type: refused, and the file is as it was. */
    stage = opened(file, PIPETTE_STORAGE_UPDATE);
    p.span.first = 1;
    REFUSED(storage->extend(&stage, &p.layout), PIPETTE_E_INVALID, "not the first ones");
    p.span.first = 0;
    p.columns[R_SPIKES].type = PIPETTE_TYPE_I64;
    REFUSED(storage->extend(&stage, &p.layout), PIPETTE_E_TYPE, "results.$.spikes");
    check_ragged(&stage, 3);
    close_down(&stage);
}

static void test_extend_fixed(void)
{
    static const char script[] =
        "for e in engines:\n"
        "    d = ds('results/neuron', e)\n"
        "    assert d.V.shape == (606, 50) and (d.V.values[:303, 7] == np.arange(303) + 0.007).all()\n"
        "    assert d.V.values[605, 0] == 605 and np.isnan(d.V.values[303:605]).all() and "
        "np.isnan(d.rate.values[400])\n"
        "    assert (d.nspikes.values[:303] == np.arange(303) * 10).all()\n"
        "    assert ds('results/summary/firing_rates', e).rate.values[35, 0] == 3500.0\n";
    pipette_stage stage = new_stage();
    uint64_t row;
    plan p;
    tutorial(&p, 303);
    OK(lay_out(&stage, fresh("fixed.hdf5"), &p));
    for (row = 0; row < 303; row++)
        OK(store_run(&stage, row, PIPETTE_STATE_DONE));
    put_rates(&stage, &p);
    /* Expanded by postprocessing: in the same session. */
    p.array.data = NULL;
    p.span.count = 606;
    p.layout.row_count = 606;
    OK(storage->extend(&stage, &p.layout));
    OK(store_run(&stage, 605, PIPETTE_STATE_DONE));
    OK(storage->finish(&stage, 0));
    storage->destroy(&stage);
    CU_ASSERT_TRUE(python(file, script));
}

/* Rows of a selection: the run index is a coordinate. */
static void test_selection(void)
{
    static const char script[] = "for e in engines:\n"
                                 "    d = ds('results/neuron', e)\n"
                                 "    assert list(d.run.values) == [5, 6, 7, 1000], d\n"
                                 "    assert d.rate.sel(run=1000) == 1.5 and d.V.dims == ('run', 'time')\n"
                                 "    assert list(ds('runs', e).run.values) == [5, 6, 7, 1000]\n";
    static const pipette_run_span spans[] = {{5, 3}, {1000, 1}};
    pipette_storage_info info;
    pipette_stage stage = new_stage();
    uint64_t row;
    plan p;
    tutorial(&p, 4);
    p.layout.spans = spans;
    p.layout.span_count = 2;
    OK(lay_out(&stage, fresh("selection.hdf5"), &p));
    for (row = 0; row < 4; row++)
        OK(store_run(&stage, row, PIPETTE_STATE_DONE));
    close_down(&stage);
    CU_ASSERT_TRUE(python(file, script));
    stage = opened(file, PIPETTE_STORAGE_READ);
    memset(&info, 0, sizeof info);
    OK(storage->info(&stage, &info));
    CU_ASSERT_EQUAL(info.span_count, 2);
    CU_ASSERT_EQUAL(info.spans[1].first, 1000);
    close_down(&stage);
}

/* ---- Tables
 * ------------------------------------------------------------------------------------------------------------------------
 */

static void test_tables(void)
{
    static const char script[] =
        "for e in engines:\n"
        "    t = ds('results/summary/firing_rates', e)\n"
        "    assert t.rate.shape == (2, 3) and list(t.I.values) == [0.25, 0.5] and t.rate.values[1, 2] == 6\n"
        "    t = ds('results/late', e)\n"
        "    assert t['mean'].dims == ('kind', 'step') and list(t.kind.values) == ['slow', 'fast'] and "
        "t['mean'].values[1, "
        "0] == 3\n"
        "    assert t.z.dims == ('kind', 'step', 'complex')\n";
    static const double rates[] = {1, 2, 3, 4, 5, 6}, currents[] = {0.25, 0.5}, means[] = {1, 2, 3, 4};
    static const pipette_complex z[] = {{1, 2}, {3, 4}, {5, 6}, {7, 8}};
    static const uint64_t two[] = {2};
    static const char *const kinds[] = {"slow", "fast"};
    pipette_table_dimension late_dimensions[2];
    pipette_table_array late_arrays[2];
    pipette_table late;
    pipette_stage stage = new_stage();
    uint64_t row;
    plan p;
    tutorial(&p, 4);
    OK(lay_out(&stage, fresh("tables.hdf5"), &p));
    for (row = 0; row < 4; row++)
        OK(store_run(&stage, row, PIPETTE_STATE_DONE));
    CU_ASSERT_TRUE(python(file, "assert np.isnan(ds('results/summary/firing_rates').rate.values).all()\n"));
    put_rates(&stage, &p);
    CU_ASSERT_EQUAL(((const double *)one(&stage, "results.summary.firing_rates.rate", 0).data)[105], 3500.0);
    /* Another shape than was declared: it replaces the declared one. */
    p.shapes[0] = 2;
    p.dimensions[0].values = pipette_value_array(PIPETTE_TYPE_F64, 1, two, currents);
    p.array.data = rates;
    OK(storage->put_table(&stage, &p.table));
    CU_ASSERT_EQUAL(one(&stage, "results.summary.firing_rates.rate", 0).shape[0], 2);
    /* One that nobody declared. */
    memset(late_dimensions, 0, sizeof late_dimensions);
    late_dimensions[0].name = "kind";
    late_dimensions[0].values = pipette_value_array(PIPETTE_TYPE_STRING, 1, two, kinds);
    late_dimensions[1].name = "step";
    late_dimensions[1].extent = 2;
    memset(late_arrays, 0, sizeof late_arrays);
    late_arrays[0].type = PIPETTE_TYPE_F64;
    late_arrays[0].name = "mean";
    late_arrays[0].data = means;
    late_arrays[1].type = PIPETTE_TYPE_COMPLEX;
    late_arrays[1].name = "z";
    late_arrays[1].data = z;
    late = p.table;
    late.path = "results.late";
    late.dimensions = late_dimensions;
    late.arrays = late_arrays;
    late.array_count = 2;
    OK(storage->put_table(&stage, &late));
    late.path = "results.neuron.$.V";
    REFUSED(storage->put_table(&stage, &late), PIPETTE_E_EXISTS, "results.neuron.$.V");
    close_down(&stage);
    CU_ASSERT_TRUE(python(file, script));
    /* Once more, in place. */
    stage = opened(file, PIPETTE_STORAGE_UPDATE);
    late.path = "results.late";
    OK(storage->put_table(&stage, &late));
    OK(storage->put_table(&stage, &p.table));
    CU_ASSERT_STRING_EQUAL(((const char *const *)one(&stage, "results.late.kind", 0).data)[1], "fast");
    CU_ASSERT_EQUAL(((const pipette_complex *)one(&stage, "results.late.z", 0).data)[3].imaginary, 8.0);
    close_down(&stage);
    CU_ASSERT_TRUE(python(file, script));
}

/* ---- What is refused
 * ------------------------------------------------------------------------------------------------------------------ */

static void make_file(const char *name, const void *bytes, size_t size)
{
    int fd = open(fresh(name), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    CU_ASSERT_TRUE(fd >= 0 && write(fd, bytes, size) == (ssize_t)size);
    (void)close(fd);
}

static void test_refusals(void)
{
    pipette_stage stage = new_stage(), other = new_stage();
    char path[200];
    int mode;
    plan p;
    for (mode = PIPETTE_STORAGE_READ; mode <= PIPETTE_STORAGE_UPDATE; mode++)
        REFUSED(storage->open(&stage, folder, mode), PIPETTE_E_STORAGE, "is a directory");
    REFUSED(storage->open(&stage, fresh("missing.hdf5"), PIPETTE_STORAGE_READ), PIPETTE_E_NOT_FOUND, "does not exist");
    REFUSED(storage->open(&stage, file, PIPETTE_STORAGE_UPDATE), PIPETTE_E_NOT_FOUND, "does not exist");
    make_file("text.hdf5", "this is a text, not HDF5", 24);
    REFUSED(storage->open(&stage, file, PIPETTE_STORAGE_READ), PIPETTE_E_STORAGE, "is not an HDF5 file");
    REFUSED(storage->open(&stage, file, PIPETTE_STORAGE_REPLACE), PIPETTE_E_STORAGE, "is not an HDF5 file");
    REFUSED(storage->open(&stage, file, PIPETTE_STORAGE_CREATE), PIPETTE_E_EXISTS, "--overwrite");
    make_file("empty.hdf5", "", 0);
    REFUSED(storage->open(&stage, file, PIPETTE_STORAGE_UPDATE), PIPETTE_E_STORAGE, "is empty");
    CU_ASSERT_TRUE(python(fresh("foreign.hdf5"), "h5py.File(file, 'w')['x'] = 1\n"));
    REFUSED(storage->open(&stage, file, PIPETTE_STORAGE_READ), PIPETTE_E_STORAGE, "pipette did not write it");
    REFUSED(storage->open(&stage, file, PIPETTE_STORAGE_REPLACE), PIPETTE_E_STORAGE, "pipette did not write it");
    /* A good one: locked, cut off, read-only, replaced. */
    tutorial(&p, 303);
    OK(lay_out(&stage, fresh("good.hdf5"), &p));
    REFUSED(storage->open(&other, file, PIPETTE_STORAGE_UPDATE), PIPETTE_E_STORAGE, "being written by another process");
    REFUSED(storage->open(&other, file, PIPETTE_STORAGE_REPLACE), PIPETTE_E_STORAGE,
            "being written by another process");
    OK(storage->open(&other, file, PIPETTE_STORAGE_READ));
    OK(storage->finish(&other, 0));
    OK(store_run(&stage, 3, PIPETTE_STATE_DONE));
    REFUSED(store_run(&stage, 303, PIPETTE_STATE_DONE), PIPETTE_E_BOUNDS, "303 rows");
    OK(storage->finish(&stage, 0));
    OK(storage->open(&stage, file, PIPETTE_STORAGE_REPLACE));
    tutorial(&p, 7);
    OK(storage->open(&other, file, PIPETTE_STORAGE_READ));
    CU_ASSERT_EQUAL(one(&other, "results.neuron.$.nspikes", 3).as.i64, 30);
    OK(storage->finish(&other, 0));
    OK(storage->lay_out(&stage, &p.layout));
    OK(storage->finish(&stage, 0));
    OK(storage->open(&other, file, PIPETTE_STORAGE_READ));
    REFUSED(store_run(&other, 0, PIPETTE_STATE_DONE), PIPETTE_E_INVALID, "opened for reading");
    OK(storage->finish(&other, 0));
    CU_ASSERT_EQUAL(chmod(file, 0444), 0);
    REFUSED(storage->open(&stage, file, PIPETTE_STORAGE_UPDATE), PIPETTE_E_STORAGE, "is read-only");
    REFUSED(storage->open(&stage, file, PIPETTE_STORAGE_REPLACE), PIPETTE_E_STORAGE, "is read-only");
    CU_ASSERT_EQUAL(chmod(file, 0200), 0);
    REFUSED(storage->open(&stage, file, PIPETTE_STORAGE_READ), PIPETTE_E_STORAGE, "may not be read");
    CU_ASSERT_EQUAL(chmod(file, 0644), 0);
    CU_ASSERT_EQUAL(truncate(file, 5000), 0);
    REFUSED(storage->open(&stage, file, PIPETTE_STORAGE_READ), PIPETTE_E_STORAGE, "is cut off: 5000 of");
    (void)snprintf(path, sizeof path, "%s/shut", folder);
    CU_ASSERT_EQUAL(mkdir(path, 0555), 0);
    (void)snprintf(path, sizeof path, "%s/shut/below/new.hdf5", folder);
    REFUSED(storage->open(&stage, path, PIPETTE_STORAGE_CREATE), PIPETTE_E_STORAGE, "read-only");
    (void)snprintf(path, sizeof path, "%s/text.hdf5/new.hdf5", folder);
    REFUSED(storage->open(&stage, path, PIPETTE_STORAGE_CREATE), PIPETTE_E_STORAGE, "text.hdf5");
    REFUSED(storage->open(&stage, "", PIPETTE_STORAGE_CREATE), PIPETTE_E_INVALID, "name of a file");
    REFUSED(storage->flush(&stage), PIPETTE_E_INVALID, "no file is open");
    storage->destroy(&stage);
    storage->destroy(&other);
}

static void test_names(void)
{
    pipette_stage stage = new_stage();
    plan p;
    tutorial(&p, 4);
    p.columns[V].path = "results.neuron.$.rate.V";
    REFUSED(lay_out(&stage, fresh("names.hdf5"), &p), PIPETTE_E_EXISTS, "results.neuron.$.rate");
    CU_ASSERT_NOT_EQUAL(access(file, F_OK), 0);
    p.columns[V].path = "results.$.neuron.rate";
    REFUSED(storage->lay_out(&stage, &p.layout), PIPETTE_E_EXISTS, "/results/neuron/rate");
    p.columns[V].path = "results.neuron.$.V";
    p.table.path = "results.neuron.V";
    REFUSED(storage->lay_out(&stage, &p.layout), PIPETTE_E_EXISTS, "results.neuron.$.V");
    p.table.path = "results.summary.firing_rates";
    p.columns[V].path = "results.neuron..V";
    REFUSED(storage->lay_out(&stage, &p.layout), PIPETTE_E_INVALID, "results.neuron..V");
    p.columns[V].path = "results.neuron.$.run";
    REFUSED(storage->lay_out(&stage, &p.layout), PIPETTE_E_EXISTS, "rename it");
    /* A result called like an explored parameter: the coordinate gets the longer name. */
    p.columns[V].path = "results.neuron.$.I";
    OK(storage->lay_out(&stage, &p.layout));
    close_down(&stage);
    CU_ASSERT_TRUE(
        python(file, "d = ds('results/neuron')\nassert 'neuron_I' in d.coords and d.I.dims == ('run', 'time')\n"));
}

/* Ten million rows are laid out at once and cost next to nothing until they are written. */
static void test_sparse(void)
{
    pipette_stage stage = new_stage();
    struct stat facts;
    plan p;
    tutorial(&p, 10000000);
    OK(lay_out(&stage, fresh("sparse.hdf5"), &p));
    OK(store_run(&stage, 9999999, PIPETTE_STATE_DONE));
    CU_ASSERT_EQUAL(stat(file, &facts), 0);
    CU_ASSERT_TRUE(facts.st_size > (off_t)10000000 * STEPS * 8);
    CU_ASSERT_TRUE(facts.st_blocks * 512 < 1000000);
    storage->destroy(&stage);
    CU_ASSERT_TRUE(python(file, "assert h5py.File(file, 'r')['results/neuron/V'][9999999, 1] == 9999999.001\n"));
    (void)unlink(file);
}

static void test_descriptor(void)
{
    pipette_stage stage = new_stage();
    storage->destroy(&stage);
    CU_ASSERT_EQUAL(descriptor->kind, PIPETTE_KIND_STORAGE);
    CU_ASSERT_STRING_EQUAL(descriptor->name, "hdf5");
    CU_ASSERT_EQUAL(storage->version, PIPETTE_STORAGE_VERSION);
    CU_ASSERT_EQUAL(descriptor->option_count, 1);
    CU_ASSERT_STRING_EQUAL(descriptor->options[0].path, "file");
    CU_ASSERT_PTR_NULL(descriptor->extension("pipette.storage.direct/1"));
    CU_ASSERT_PTR_NOT_NULL(descriptor->extension(PIPETTE_STORAGE_DIRECT_EXTENSION));
}

static void test_end(void)
{
    clean_up();
}

SUITE("hdf5", {"descriptor", test_descriptor}, {"the tutorial", test_tutorial}, {"types", test_types},
      {"ragged, strings, undeclared", test_ragged}, {"a torn record", test_torn_record},
      {"workers are killed", test_crash}, {"the writer of the log is killed", test_crash_of_log},
      {"a full disk", test_full_disk}, {"extend", test_extend}, {"extend in a session", test_extend_fixed},
      {"a selection of runs", test_selection}, {"tables", test_tables}, {"refusals", test_refusals},
      {"names", test_names}, {"ten million rows", test_sparse}, {"nothing is left", test_end}, )
