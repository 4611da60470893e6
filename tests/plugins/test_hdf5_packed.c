/* The storage plugin `hdf5`: compressed rows, and ledger columns that have one value for many rows. */
#include "hdf5_host.h"

#include <libdeflate.h>

/* ---- Blocks of rows ---- */

static void blocks_plan(plan *p, uint64_t rows, uint32_t every)
{
    tutorial(p, rows);
    p->columns[START].every = every;
    p->columns[DURATION].every = every;
}

static void test_blocks(void)
{
    static const char script[] =
        "for e in engines:\n"
        "    r = xr.open_dataset(file, group='runs', engine=e, decode_times=False)\n"
        "    assert r.start.dims == ('run_block',) and list(r.start.values[:3]) == [10.0, 20.0, 30.0], r\n"
        "    assert r.start.attrs['rows_per_block'] == 100 and r.duration.dims == ('run_block',)\n"
        "    assert r.start.shape == ((r.state.shape[0] + 99) // 100,) and r.state.dims == ('run',)\n"
        "    assert np.isnan(r.start.values[3:]).all() and np.isnan(r.duration.values[1:]).all()\n"
        "    assert r.duration.values[0] == 0.5 and set(r.coords) == {'I', 'tau_ref'}\n"
        "    d = ds('results/neuron', e)\n"
        "    assert d.V.values[3, 7] == 3.007\n";
    static const double starts[] = {10.0, 20.0, 30.0}, took = 0.5;
    const pipette_storage_direct *direct;
    pipette_stage stage = new_stage();
    pipette_place where = {.size = sizeof where};
    double read[5], V_of[STEPS], late = 40.0, early[250];
    int8_t state = PIPETTE_STATE_DONE;
    uint64_t k;
    plan p;
    blocks_plan(&p, 250, 100);
    direct = descriptor->extension(PIPETTE_STORAGE_DIRECT_EXTENSION);
    OK(lay_out(&stage, fresh("blocks.hdf5"), &p));
    OK(direct->place(&stage, START, &where));
    CU_ASSERT_EQUAL(where.row_stride, 8);
    OK(write_cells(&stage, 0, 3, START, starts, 8));
    REFUSED(write_cells(&stage, 1, 3, START, starts, 8), PIPETTE_E_BOUNDS, "3 rows");
    OK(write_cells(&stage, 0, 1, DURATION, &took, 8));
    for (k = 0; k < STEPS; k++)
        V_of[k] = potential(3, k);
    OK(write_cells(&stage, 3, 1, V, V_of, sizeof V_of));
    OK(write_cells(&stage, 3, 1, STATE, &state, 1));
    OK(storage->finish(&stage, 0));
    CU_ASSERT_TRUE(python(file, script));
    CU_ASSERT_TRUE(shell("ncdump '%s' > /dev/null", file));
    /* Columns of blocks go where the others go: into a new structure in place, and into a file that grows. */
    OK(storage->open(&stage, file, PIPETTE_STORAGE_UPDATE));
    put_rates(&stage, &p);
    OK(storage->add_column(&stage, &undeclared));
    OK(storage->finish(&stage, 0));
    CU_ASSERT_TRUE(python(file, script));
    OK(storage->open(&stage, file, PIPETTE_STORAGE_UPDATE));
    p.span.count = p.layout.row_count = 450;
    OK(storage->extend(&stage, &p.layout));
    OK(storage->read(&stage, "runs.start", 0, 5, PIPETTE_TYPE_F64, read));
    CU_ASSERT_TRUE(read[0] == 10.0 && read[2] == 30.0 && isnan(read[3]) && isnan(read[4]));
    OK(storage->finish(&stage, 0));
    CU_ASSERT_TRUE(python(file, script));
    OK(storage->open(&stage, file, PIPETTE_STORAGE_UPDATE));
    OK(write_cells(&stage, 4, 1, START, &late, 8));
    CU_ASSERT_EQUAL(one(&stage, "runs.start", 4).as.f64, 40.0);
    REFUSED(storage->read(&stage, "runs.start", 4, 2, PIPETTE_TYPE_F64, read), PIPETTE_E_BOUNDS, "5 rows");
    OK(storage->finish(&stage, 0));
    /* A file that had a time for each run and grows beyond that: the first one of each block. */
    for (k = 0; k < 250; k++)
        early[k] = (double)k;
    blocks_plan(&p, 250, 1);
    OK(lay_out(&stage, fresh("grows.hdf5"), &p));
    OK(write_cells(&stage, 0, 250, START, early, 8));
    blocks_plan(&p, 450, 100);
    OK(storage->extend(&stage, &p.layout));
    OK(storage->read(&stage, "runs.start", 0, 5, PIPETTE_TYPE_F64, read));
    CU_ASSERT_TRUE(read[0] == 0.0 && read[1] == 100.0 && read[2] == 200.0 && isnan(read[3]));
    OK(storage->finish(&stage, 0));
    /* Only the ledger has such columns. */
    p.columns[RATE].every = 10;
    REFUSED(lay_out(&stage, fresh("refused.hdf5"), &p), PIPETTE_E_UNSUPPORTED, "results.neuron.$.rate");
    storage->destroy(&stage);
}

/* ---- Compressed rows ---- */

enum { SAMPLES = 700 };
enum { P_WAVE, P_GRID, P_FLAGS, P_SMALL, P_STATE, P_TRACE_AT, PACKED_COLUMNS };

static const pipette_dimension sample_dimension[] = {PIPETTE_DIMENSION("sample", "ms", SAMPLES, 0.0, 0.5, "")};
static const pipette_dimension wave_dimension[] = {PIPETTE_DIMENSION("position", "1", 300, 0.0, 0.0, "")};
static const pipette_dimension grid_dimensions[] = {PIPETTE_DIMENSION("y", "1", 40, 0.0, 0.0, ""),
                                                    PIPETTE_DIMENSION("x", "1", 40, 0.0, 0.0, "")};
static const pipette_dimension flag_dimension[] = {PIPETTE_DIMENSION("flag", "1", 5000, 0.0, 0.0, "")};
static const pipette_dimension small_dimension[] = {PIPETTE_DIMENSION("little", "1", 10, 0.0, 0.0, "")};
static const pipette_column_spec packed_columns[] = {
    COLUMN("results.$.wave", PIPETTE_TYPE_COMPLEX, PIPETTE_ROLE_RESULT, 0, "V", "W.", wave_dimension, 1, NULL, 0),
    COLUMN("results.$.grid", PIPETTE_TYPE_I32, PIPETTE_ROLE_RESULT, 0, "1", "G.", grid_dimensions, 2, NULL, 0),
    COLUMN("results.$.flags", PIPETTE_TYPE_BOOL, PIPETTE_ROLE_RESULT, 0, "1", "F.", flag_dimension, 1, NULL, 0),
    COLUMN("results.$.small", PIPETTE_TYPE_F64, PIPETTE_ROLE_RESULT, 0, "1", "S.", small_dimension, 1, NULL, 0),
    COLUMN("runs.state", PIPETTE_TYPE_BOOL, PIPETTE_ROLE_LEDGER, 0, "", "d", NULL, 0, states, 5),
    COLUMN("results.$.trace", PIPETTE_TYPE_F64, PIPETTE_ROLE_RESULT, 0, "mV", "T.", sample_dimension, 1, NULL, 0)};
static const pipette_column_spec late_trace =
    COLUMN("results.$.late", PIPETTE_TYPE_F64, PIPETTE_ROLE_RESULT, 0, "mV", "L.", sample_dimension, 1, NULL, 0);

static void packed_plan(plan *p, uint64_t rows)
{
    tutorial(p, rows);
    memcpy(p->columns, packed_columns, sizeof packed_columns);
    p->layout.column_count = PACKED_COLUMNS;
    p->layout.table_count = 0;
    p->layout.compression = 6;
}

static double sample(uint64_t row, uint64_t i)
{
    return (double)row * 1000.0 + (double)(i / 7);
}

/* As a worker does it. */
static int append_trace(pipette_stage *stage, uint64_t row, const double *trace)
{
    const pipette_storage_compressed *compressed = descriptor->extension(PIPETTE_STORAGE_COMPRESSED_EXTENSION);
    struct libdeflate_compressor *deflate = libdeflate_alloc_compressor(6);
    const char *from = (const char *)trace;
    char shuffled[SAMPLES * 8], bytes[SAMPLES * 8 + 200];
    size_t i, k, size;
    for (k = 0; k < 8; k++)
        for (i = 0; i < SAMPLES; i++)
            shuffled[k * SAMPLES + i] = from[i * 8 + k];
    size = libdeflate_zlib_compress(deflate, shuffled, sizeof shuffled, bytes, sizeof bytes);
    libdeflate_free_compressor(deflate);
    return compressed->append_compressed(stage, row, P_TRACE_AT, bytes, size);
}

static void packed_run(pipette_stage *stage, uint64_t row, int8_t state)
{
    static double trace[SAMPLES], small[10];
    static pipette_complex wave[300];
    static int32_t grid[1600];
    static int8_t flags[5000];
    uint64_t i;
    for (i = 0; i < SAMPLES; i++)
        trace[i] = sample(row, i);
    for (i = 0; i < 300; i++) {
        wave[i].real = (double)i;
        wave[i].imaginary = -(double)row;
    }
    for (i = 0; i < 1600; i++)
        grid[i] = (int32_t)(row * 10000 + i);
    for (i = 0; i < 5000; i++)
        flags[i] = (int8_t)(i % 3 == row % 3);
    for (i = 0; i < 10; i++)
        small[i] = (double)row;
    OK(append_trace(stage, row, trace));
    OK(write_cells(stage, row, 1, P_WAVE, wave, sizeof wave));
    OK(write_cells(stage, row, 1, P_GRID, grid, sizeof grid));
    OK(write_cells(stage, row, 1, P_FLAGS, flags, sizeof flags));
    OK(write_cells(stage, row, 1, P_SMALL, small, sizeof small));
    OK(write_cells(stage, row, 1, P_STATE, &state, 1));
}

static void check_packed(pipette_stage *stage, uint64_t row)
{
    pipette_value value = one(stage, "results.$.trace", row);
    CU_ASSERT_EQUAL(value.shape[0], SAMPLES);
    CU_ASSERT_EQUAL(((const double *)value.data)[699], sample(row, 699));
    value = one(stage, "results.$.wave", row);
    CU_ASSERT_EQUAL(((const pipette_complex *)value.data)[299].real, 299.0);
    CU_ASSERT_EQUAL(((const pipette_complex *)value.data)[7].imaginary, -(double)row);
    value = one(stage, "results.$.grid", row);
    CU_ASSERT_TRUE(value.rank == 2 && value.shape[1] == 40);
    CU_ASSERT_EQUAL(((const int32_t *)value.data)[1599], (int32_t)(row * 10000 + 1599));
    value = one(stage, "results.$.flags", row);
    CU_ASSERT_EQUAL(((const int8_t *)value.data)[4], (4 % 3 == row % 3));
}

/* `done` rows of a python list; the first ones were there before. */
#define PACKED_CHECK                                                                                                   \
    "import os\n"                                                                                                      \
    "h = h5py.File(file, 'r')\n"                                                                                       \
    "done = np.flatnonzero(h['runs/state'][:] == 1)\n"                                                                 \
    "rest = np.flatnonzero(h['runs/state'][:] != 1)\n"                                                                 \
    "t = h['results/trace']\n"                                                                                         \
    "assert t.chunks == (1, 700) and t.compression == 'gzip' and t.shuffle, (t.chunks, t.compression)\n"               \
    "assert h['results/small'].chunks is None and t.id.get_num_chunks() == len(done)\n"                                \
    "assert h['results/trace'].id.get_storage_size() < len(done) * 2800\n"                                             \
    "for e in engines:\n"                                                                                              \
    "    d = ds('results', e)\n"                                                                                       \
    "    assert d.trace.dims == ('run', 'sample') and d.trace.attrs['units'] == 'mV'\n"                                \
    "    assert (d.trace.values[done] == done[:, None] * 1000 + np.arange(700) // 7).all()\n"                          \
    "    assert np.isnan(d.trace.values[rest]).all() and np.isnan(d.small.values[rest]).all()\n"                       \
    "    assert d.wave.dims == ('run', 'position', 'complex') and (d.wave.values[done, :, 0] == "                      \
    "np.arange(300)).all()\n"                                                                                          \
    "    assert (d.wave.values[done, 9, 1] == -done).all() and np.isnan(d.wave.values[rest]).all()\n"                  \
    "    assert d.grid.dims == ('run', 'y', 'x') and (d.grid.values[done, 39, 39] == done * 10000 + 1599).all()\n"     \
    "    assert np.isnan(d.grid.values[rest]).all() and np.isnan(d.flags.values[rest]).all()\n"                        \
    "    assert (d.flags.values[done] == (np.arange(5000) % 3 == done[:, None] % 3)).all()\n"

static void test_packed(void)
{
    static const char late_script[] =
        PACKED_CHECK "assert h['results/late'].chunks == (1, 700) and h['results/late'][1, 5] == 5.0\n"
                     "assert np.isnan(h['results/late'][2, 5])\n";
    static double late[SAMPLES];
    const pipette_storage_compressed *compressed;
    const pipette_storage_direct *direct;
    pipette_stage stage = new_stage(), reader;
    pipette_place where = {.size = sizeof where};
    static double read[3 * SAMPLES], grid[1600];
    uint64_t shape[1] = {SAMPLES}, row, i;
    pipette_value value;
    char script[600];
    struct stat before, after;
    int64_t used;
    plan p;
    compressed = descriptor->extension(PIPETTE_STORAGE_COMPRESSED_EXTENSION);
    direct = descriptor->extension(PIPETTE_STORAGE_DIRECT_EXTENSION);
    CU_ASSERT_PTR_NOT_NULL_FATAL(compressed);
    packed_plan(&p, 6);
    OK(lay_out(&stage, fresh("packed.hdf5"), &p));
    CU_ASSERT_EQUAL(compressed->level(&stage, P_TRACE_AT), 6);
    CU_ASSERT_EQUAL(compressed->level(&stage, P_GRID), 6);
    CU_ASSERT_EQUAL(compressed->level(&stage, P_SMALL), 0);
    CU_ASSERT_EQUAL(compressed->level(&stage, P_STATE), 0);
    CU_ASSERT_EQUAL(compressed->level(&stage, 99), 0);
    REFUSED(direct->place(&stage, P_TRACE_AT, &where), PIPETTE_E_UNSUPPORTED, "results.$.trace");
    OK(direct->place(&stage, P_SMALL, &where));
    packed_run(&stage, 4, PIPETTE_STATE_DONE);
    packed_run(&stage, 0, PIPETTE_STATE_DONE);
    packed_run(&stage, 2, PIPETTE_STATE_FAILED);
    packed_run(&stage, 1, PIPETTE_STATE_DONE);
    REFUSED(compressed->append_compressed(&stage, 3, P_TRACE_AT, "no deflate", 10), PIPETTE_E_TYPE, "results.$.trace");
    REFUSED(compressed->append_compressed(&stage, 6, P_TRACE_AT, "no deflate", 10), PIPETTE_E_BOUNDS, "6 rows");
    REFUSED(compressed->append_compressed(&stage, 3, P_SMALL, "no deflate", 10), PIPETTE_E_UNSUPPORTED, "small");
    /* An undeclared result of that size goes the same way. */
    for (i = 0; i < SAMPLES; i++)
        late[i] = (double)i;
    OK(storage->add_column(&stage, &late_trace));
    value = pipette_value_array(PIPETTE_TYPE_F64, 1, shape, late);
    OK(storage->append(&stage, 1, PACKED_COLUMNS, &value));
    OK(storage->flush(&stage));
    reader = opened(file, PIPETTE_STORAGE_READ);
    check_packed(&reader, 4);
    check_packed(&reader, 1);
    OK(storage->read(&reader, "results.$.trace", 0, 3, PIPETTE_TYPE_F64, read));
    CU_ASSERT_TRUE(read[0] == 0.0 && read[SAMPLES + 7] == 1001.0 && isnan(read[2 * SAMPLES]));
    OK(storage->read(&reader, "results.$.grid", 4, 1, PIPETTE_TYPE_F64, grid));
    CU_ASSERT_EQUAL(grid[3], 40003.0);
    close_down(&reader);
    CU_ASSERT_EQUAL(stat(file, &before), 0);
    used = used_of(file);
    OK(storage->finish(&stage, 0));
    CU_ASSERT_EQUAL(stat(file, &after), 0);
    CU_ASSERT_EQUAL(before.st_ino, after.st_ino);
    CU_ASSERT_TRUE(python(file, late_script));
    CU_ASSERT_TRUE(shell("h5dump '%1$s' > /dev/null && ncdump '%1$s' > /dev/null && h5stat '%1$s' > /dev/null", file));
    /* The bytes stand where the worker's stood: before what was the end of the log. */
    (void)snprintf(script, sizeof script,
                   "t = h5py.File(file, 'r')['results/trace'].id\n"
                   "info = [t.get_chunk_info(i) for i in range(t.get_num_chunks())]\n"
                   "old = {c.chunk_offset[0]: c.byte_offset for c in info if c.chunk_offset[0] in (0, 1, 4)}\n"
                   "assert len(old) == 3 and max(old.values()) < %lld\n"
                   "import os\nname = os.path.dirname(file) + '/places-before'\n"
                   "if not os.path.exists(name): open(name, 'w').write(repr(old))\n"
                   "assert open(name).read() == repr(old)\n",
                   (long long)used);
    CU_ASSERT_TRUE(python(file, script));
    reader = opened(file, PIPETTE_STORAGE_READ);
    check_packed(&reader, 4);
    OK(storage->read(&reader, "results.$.trace", 0, 3, PIPETTE_TYPE_F64, read));
    CU_ASSERT_TRUE(read[0] == 0.0 && read[SAMPLES + 7] == 1001.0 && isnan(read[2 * SAMPLES]));
    /* Going on: what stands there stays, bit by bit. */
    OK(storage->open(&stage, file, PIPETTE_STORAGE_UPDATE));
    CU_ASSERT_EQUAL(compressed->level(&stage, P_TRACE_AT), 6);
    packed_run(&stage, 2, PIPETTE_STATE_DONE);
    check_packed(&stage, 2);
    check_packed(&stage, 0);
    OK(storage->finish(&stage, 0));
    CU_ASSERT_TRUE(python(file, late_script));
    CU_ASSERT_TRUE(python(file, script));
    check_packed(&reader, 1);
    close_down(&reader);
    /* Growing: chunks are carried over; without compression in the layout what is compressed stays so. */
    packed_plan(&p, 9);
    p.layout.compression = 0;
    OK(storage->open(&stage, file, PIPETTE_STORAGE_UPDATE));
    packed_run(&stage, 3, PIPETTE_STATE_DONE);
    OK(storage->extend(&stage, &p.layout));
    CU_ASSERT_EQUAL(compressed->level(&stage, P_TRACE_AT), 6);
    packed_run(&stage, 8, PIPETTE_STATE_DONE);
    for (row = 0; row < 9; row++)
        if (row < 5 || row == 8)
            check_packed(&stage, row);
    OK(storage->finish(&stage, 0));
    CU_ASSERT_TRUE(python(file, late_script));
    CU_ASSERT_TRUE(shell("h5dump '%1$s' > /dev/null && ncdump '%1$s' > /dev/null", file));
    reader = opened(file, PIPETTE_STORAGE_READ);
    check_packed(&reader, 3);
    check_packed(&reader, 8);
    close_down(&reader);
    storage->destroy(&stage);
}

/* No row; and columns that were not compressed before. */
static void test_edges(void)
{
    const pipette_storage_compressed *compressed;
    const pipette_storage_direct *direct;
    pipette_place where = {.size = sizeof where};
    pipette_stage stage = new_stage();
    static double trace[SAMPLES];
    plan p;
    compressed = descriptor->extension(PIPETTE_STORAGE_COMPRESSED_EXTENSION);
    direct = descriptor->extension(PIPETTE_STORAGE_DIRECT_EXTENSION);
    packed_plan(&p, 0);
    OK(lay_out(&stage, fresh("norow.hdf5"), &p));
    OK(storage->finish(&stage, 1));
    CU_ASSERT_TRUE(python(file, "for e in engines: assert ds('results', e).trace.shape == (0, 700)\n"));
    OK(storage->open(&stage, file, PIPETTE_STORAGE_UPDATE));
    packed_plan(&p, 2);
    OK(storage->extend(&stage, &p.layout));
    packed_run(&stage, 1, PIPETTE_STATE_DONE);
    check_packed(&stage, 1);
    OK(storage->finish(&stage, 0));
    CU_ASSERT_TRUE(python(file, PACKED_CHECK));
    packed_plan(&p, 2);
    p.layout.compression = 0;
    OK(lay_out(&stage, fresh("plain.hdf5"), &p));
    CU_ASSERT_EQUAL(compressed->level(&stage, P_TRACE_AT), 0);
    trace[5] = 7.0;
    OK(write_cells(&stage, 1, 1, P_TRACE_AT, trace, sizeof trace));
    packed_plan(&p, 3);
    OK(storage->extend(&stage, &p.layout));
    CU_ASSERT_EQUAL(compressed->level(&stage, P_TRACE_AT), 0);
    OK(direct->place(&stage, P_TRACE_AT, &where));
    CU_ASSERT_EQUAL(where.row_stride, sizeof trace);
    OK(storage->finish(&stage, 0));
    CU_ASSERT_TRUE(python(file, "assert h5py.File(file, 'r')['results/trace'].chunks is None\n"));
    storage->destroy(&stage);
}

static void test_end(void)
{
    CU_ASSERT_TRUE(shell("test -z \"$(find '%s' -name '*.part')\"", folder));
    folder_end();
}

SUITE("hdf5 packed", {"blocks of rows", test_blocks}, {"compressed rows", test_packed}, {"edges", test_edges},
      {"nothing is left", test_end}, )
