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

/* ---- A host of one stage ------------------------------------------------------------------------------------------------ */

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

static const pipette_stage_host host = {(uint32_t)sizeof host, 0, host_fail, host_log, NULL, NULL, NULL, NULL, NULL, NULL};

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
    (void)new_stage;
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

#define OK(call)                                                                                  \
    do {                                                                                          \
        int status_ = (call);                                                                     \
        if (status_ != PIPETTE_OK)                                                                \
            (void)fprintf(stderr, "\n  line %d: %d %s\n", __LINE__, status_, message);            \
        CU_ASSERT_EQUAL(status_, PIPETTE_OK);                                                     \
    } while (0)

/* Refused with that code and a message of one line that holds `text`. */
#define REFUSED(call, code, text)                                                                 \
    do {                                                                                          \
        int status_ = (call);                                                                     \
        if (status_ != (code) || strstr(message, text) == NULL)                                   \
            (void)fprintf(stderr, "\n  line %d: %d %s\n", __LINE__, status_, message);            \
        CU_ASSERT_EQUAL(status_, code);                                                           \
        CU_ASSERT_PTR_NOT_NULL(strstr(message, text));                                            \
        CU_ASSERT_PTR_NULL(strchr(message, '\n'));                                                \
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

/* ---- The tutorial's layout --------------------------------------------------------------------------------------------------- */

enum { STEPS = 50 };
enum { I, TAU_REF, V, NSPIKES, RATE, STATE, START, DURATION, MESSAGE, COLUMNS };

static const pipette_dimension time_dimension[] = {PIPETTE_DIMENSION("time", "ms", STEPS, 0.0, 0.1, "Time.")};
static const char *const states[] = {"pending", "done", "failed", "timed_out", "infeasible"};

#define COLUMN(path, type, role, flags, unit, doc, dimensions, rank, codes, code_count) \
    {(uint32_t)sizeof(pipette_column_spec), type, role, flags, path, unit, doc, dimensions, rank, 0, codes, code_count, 0}

static const pipette_column_spec columns[] = {
    COLUMN("parameters.neuron.I", PIPETTE_TYPE_F64, PIPETTE_ROLE_PARAMETER, 0, "nA", "Input current.", NULL, 0, NULL, 0),
    COLUMN("parameters.neuron.tau_ref", PIPETTE_TYPE_F64, PIPETTE_ROLE_PARAMETER, 0, "ms", "Refractory.", NULL, 0, NULL, 0),
    COLUMN("results.neuron.$.V", PIPETTE_TYPE_F64, PIPETTE_ROLE_RESULT, 0, "mV", "Potential.", time_dimension, 1, NULL, 0),
    COLUMN("results.neuron.$.nspikes", PIPETTE_TYPE_I64, PIPETTE_ROLE_RESULT, 0, "1", "Spikes.", NULL, 0, NULL, 0),
    COLUMN("results.neuron.$.rate", PIPETTE_TYPE_F64, PIPETTE_ROLE_RESULT, PIPETTE_RETURNED, "Hz", "Rate.", NULL, 0, NULL, 0),
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
        p->dimensions[i].values = pipette_value_array(PIPETTE_TYPE_F64, 1, &p->shapes[i], i == 0 ? axis_I : axis_tau_ref);
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
    p->leaves[2] = leaf("config.pipeline.text", "", "The config.", pipette_value_string("name = \"FiringRate\";\n\tπ\n"));
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

static int write_cells(pipette_stage *stage, uint64_t first, uint64_t count, uint32_t column, const void *data, uint64_t stride)
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
    double V_of[STEPS], i = (double)(row % 101) * 0.01, tau_ref = 5.0 + 2.5 * (double)(row / 101), start = 100.0, took = 0.5;
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

/* ---- The tutorial in the file --------------------------------------------------------------------------------------------------- */

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
        "assert h['results/neuron/V'].dims[0].keys() == [] or True\n"
        "assert h['results/neuron/V'].dims[1][0].name.endswith('/time')\n"
        "import pandas\n"
        "frame = ds('results/neuron')[['rate', 'nspikes']].to_dataframe()\n"
        "assert list(frame.columns) == ['rate', 'nspikes', 'I', 'tau_ref'] and len(frame) == 303\n";
    pipette_stage stage = new_stage();
    pipette_value text = pipette_value_string("it overflowed");
    pipette_storage_info info;
    double read[3];
    uint64_t row;
    int i;
    plan p;
    tutorial(&p, 303);
    OK(lay_out(&stage, fresh("made/here/tutorial.hdf5"), &p));
    for (row = 0; row < 303; row++)
        OK(store_run(&stage, row, row == 7 ? PIPETTE_STATE_FAILED : row == 8 ? PIPETTE_STATE_INFEASIBLE : PIPETTE_STATE_DONE));
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
    (void)i;
}

SUITE("hdf5",
      {"the tutorial", test_tutorial}, )
