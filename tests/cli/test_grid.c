/* Tests of /grid: results over the explored parameters, on the same bytes as over the runs. */
#include "python.h"
#include "suite.h"

#define CONFIG(product)                                                                                                \
    "name = \"G\";\nrun = { plugin = \"" FIXTURE(                                                                      \
        "gaps") "\"; };\nstorage = { plugin = \"hdf5\"; file = \"g.hdf5\"; };\n"                                       \
                "preprocess = ( { plugin = \"explorer\"; product = ( " product " ); } );\n"
#define LIF(I)                                                                                                         \
    "name = \"L\";\nrun = { plugin = \"lif\"; };\nstorage = { plugin = \"hdf5\"; file = \"g.hdf5\"; };\n"              \
    "preprocess = ( { plugin = \"explorer\"; product = ( { parameter = \"neuron.tau_ref\"; values = [5.0, 7.5, "       \
    "10.0]; },\n"                                                                                                      \
    "               { parameter = \"neuron.I\"; from = 0.0; to = " I "; step = 0.01; } ); } );\n"
#define GRID                                                                                                           \
    "import xarray, sys\n"                                                                                             \
    "for engine in ('netcdf4', 'h5netcdf'):\n"                                                                         \
    "    grid = xarray.open_dataset('g.hdf5', group='grid', engine=engine)\n"

/* The tutorial's: chunks of a whole row of the grid. */
static void test_tutorial(void)
{
    folder_begin();
    file_write("g.cfg", LIF("1.0"));
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "g.cfg"), 0);
    CU_ASSERT_EQUAL(
        PYTHON_RUN(GRID "    flat = xarray.open_dataset('g.hdf5', group='results/neuron', engine=engine)\n"
                        "    assert grid.V.dims == ('tau_ref', 'I', 'time') and grid.V.shape == (3, 101, 10000)\n"
                        "    assert (grid.V.values.reshape(303, 10000) == flat.V.values).all()\n"
                        "    assert grid.nspikes.sel(I=0.35, tau_ref=5.0, method='nearest') == 119\n"
                        "    assert grid.V.units == '1' and grid.I.units == '1/ms' and grid.time.values[1] == 0.1\n"
                        "    assert float(grid.tau_V) == 10 and 'tau_V' in grid.V.coords and (grid.state == 1).all()\n",
                   ""),
        0);
    EXPECT(command_err[0] == '\0');
    CU_ASSERT_EQUAL(SHELL("ncdump -h g.hdf5 | grep -c 'double V(tau_ref, I, time)'"), 0);
    folder_end();
}

/* Whoever deletes one of the two headers does not hurt the other, nor the next growth. */
static void test_deleted(void)
{
    folder_begin();
    file_write("g.cfg", LIF("0.2"));
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "g.cfg", "--runs", "0-20"),
                    0); /* a row: not all points, so there is no grid yet */
    CU_ASSERT_EQUAL(PYTHON_RUN("import h5py\nassert 'grid' not in h5py.File('g.hdf5')\n", ""), 0);
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "g.cfg"), 0);
    CU_ASSERT_EQUAL(
        PYTHON_RUN(
            "import h5py, numpy\nf = h5py.File('g.hdf5', 'r+')\nV = f['results/neuron/V'][:]\n"
            "assert (f['grid/V'][:].reshape(63, -1) == V).all()\ndel f['grid/V']\nf['mine'] = numpy.zeros(4000000)\n"
            "f.flush()\nassert (f['results/neuron/V'][:] == V).all()\n",
            ""),
        0);
    /* Finer: the new points come behind the old ones, which is no product's order. */
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "g.cfg", "--set", "preprocess[0].product[1].step=0.005"), 0);
    CU_ASSERT_EQUAL(
        PYTHON_RUN(
            "import h5py, numpy\nf = h5py.File('g.hdf5')\nassert 'grid' not in f and f['mine'].shape == (4000000,)\n"
            "V = f['results/neuron/V'][:]\nassert V.shape == (123, 10000) and numpy.isfinite(V).all()\n",
            ""),
        0);
    folder_end();
}

/* Every type, texts as axes, failed runs, and a killed sweep's file. */
static void test_types(void)
{
    folder_begin();
    file_write("g.cfg", CONFIG("{ parameter = \"box.name\"; values = [\"b\", \"a\"]; }, { parameter = \"x\"; values = "
                               "[0.0, 3.0, -1.0]; }"));
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "g.cfg"), 1);
    CU_ASSERT_EQUAL(
        PYTHON_RUN(
            GRID
            "    assert list(grid['name'].values) == ['b', 'a'] and list(grid.x.values) == [0, 3, -1]\n"
            "    assert grid.pair.dims[:2] == ('name', 'x') and grid.state.values.tolist() == [[1, 1, 2], [1, 1, 2]]\n"
            "    assert grid.ratio.isnull().values.tolist() == [[False, False, True]] * 2, grid.ratio\n"
            "    assert grid.wave.dims == ('name', 'x', 'complex'), grid.wave\n",
            ""),
        0);
    CU_ASSERT_EQUAL(SHELL("h5dump g.hdf5 > /dev/null && ncdump g.hdf5 > /dev/null"), 0);
    folder_end();
}

#define EXPORTED                                                                                                       \
    "import xarray\nfor engine in ('netcdf4', 'h5netcdf'):\n    d = xarray.open_dataset('g.nc', engine=engine)\n"

/* As a file of its own: sorted whatever the order of the runs, missing where no run has been, and without groups. */
static void test_export(void)
{
    folder_begin();
    file_write("g.cfg", LIF("0.2"));
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "g.cfg"), 0);
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "g.cfg", "--set", "preprocess[0].product[1].step=0.005", "--runs", "0-80"), 0);
    CU_ASSERT_EQUAL(PYTHON_RUN("import h5py\nassert h5py.File('g.hdf5').attrs['grid'].decode() == 'pipette export FILE "
                               "--grid -o OUT.nc'\n",
                               ""),
                    0);
    CU_ASSERT_EQUAL(PIPETTE("export", "g.hdf5", "--grid", "-o", "g.nc"), 0);
    CU_ASSERT_STRING_EQUAL(command_out, "g.nc\n");
    CU_ASSERT_EQUAL(
        PYTHON_RUN(
            EXPORTED
            "    assert d.V.dims == ('tau_ref', 'I', 'time') and d.V.shape == (3, 39, 10000) and (d.I.diff('I') > "
            "0).all()\n"
            "    flat = xarray.open_dataset('g.hdf5', group='results/neuron', engine=engine)\n"
            "    assert int(d.nspikes.notnull().sum()) == 81 and int(d.V.isnull().sum()) == 36 * 10000\n"
            "    for run in (0, 62, 63, 80):\n"
            "        point = d.sel(tau_ref=float(flat.tau_ref[run]), I=float(flat.I[run]))\n"
            "        assert (point.V.values == flat.V[run].values).all() and point.nspikes == flat.nspikes[run]\n"
            "    assert float(d.tau_V) == 10 and 'tau_V' in d.V.coords and d.attrs['title'] == 'L'\n",
            ""),
        0);
    EXPECT(command_err[0] == '\0');
    CU_ASSERT_EQUAL(SHELL("ncdump -h g.nc | grep -q 'group:'"), 1);
    CU_ASSERT_EQUAL(PIPETTE("export", "g.hdf5", "--grid", "-o", "g.nc"), 2);
    EXPECT(one_error_line() && err_has("'g.nc' exists already; --overwrite replaces it"));
    CU_ASSERT_EQUAL(PIPETTE("export", "g.hdf5", "--grid", "-o", "g.nc", "--overwrite"), 0);
    CU_ASSERT_EQUAL(PIPETTE("export", "g.hdf5", "--grid"), 2);
    EXPECT(one_error_line() && err_has("into which file? -o OUT.nc"));
    CU_ASSERT_EQUAL(PIPETTE("export", "g.hdf5", "--grid", "-o", "none/g.nc"), 4);
    EXPECT(one_error_line() && err_has("none/g.nc"));
    CU_ASSERT_EQUAL(folder_count(), 3);
    folder_end();
}

static void test_export_types(void)
{
    folder_begin();
    file_write("g.cfg", CONFIG("{ parameter = \"box.name\"; values = [\"b\", \"a\"]; }, { parameter = \"x\"; values = "
                               "[3.0, 0.0, -1.0]; }"));
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "g.cfg"), 1);
    CU_ASSERT_EQUAL(PIPETTE("export", "g.hdf5", "--grid", "-o", "g.nc"), 0);
    CU_ASSERT_EQUAL(
        PYTHON_RUN(
            EXPORTED
            "    assert list(d['name'].values) == ['a', 'b'] and list(d.x.values) == [-1, 0, 3]\n"
            "    assert d['count'].isnull().values.tolist() == [[True, False, False]] * 2\n"
            "    assert d.pair.sel(name='b', x=3).values.tolist() == [3, 0.1] and d.square.shape == (2, 3, 2, 2)\n"
            "    assert d.wave.dims == ('name', 'x', 'complex') and 'events' not in d and 'note' not in d\n",
            ""),
        0);
    EXPECT(command_err[0] == '\0');
    folder_end();
}

/* Names: a dimension of a result keeps its name beside explored parameters of that name, in the results' group, too. */
static void test_names(void)
{
    folder_begin();
    file_write("g.cfg", "name = \"N\";\nrun = { plugin = \"" FIXTURE(
                            "namesakes") "\"; };\nstorage = { plugin = \"hdf5\"; file = \"g.hdf5\"; };\n"
                                         "preprocess = ( { plugin = \"explorer\"; product = ( { parameter = "
                                         "\"a.time\"; values = [1.0, 2.0]; } ); } );\n");
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "g.cfg"), 0);
    CU_ASSERT_EQUAL(PIPETTE("export", "g.hdf5", "--grid", "-o", "g.nc"), 0);
    CU_ASSERT_EQUAL(
        PYTHON_RUN("import xarray\nfor file, group in (('g.hdf5', 'grid'), ('g.nc', None)):\n"
                   "    d = xarray.open_dataset(file, group=group)\n"
                   "    assert dict(d.sizes) == {'a_time': 2, 'time': 5}, d\n"
                   "    assert set(d.data_vars) == {'state', 'x_V', 'y_V'} and d.state.dtype == 'float64', d\n"
                   "    assert float(d.b_time) == 1 and d.x_V.values.tolist() == [[0, 1, 2, 3, 4], [0, 2, 4, 6, 8]]\n"
                   "d = xarray.open_dataset('g.hdf5', group='results/x')\nassert d.V.dims == ('run', 'time') and "
                   "'a_time' in d.coords, d\n",
                   ""),
        0);
    EXPECT(command_err[0] == '\0');
    folder_end();
}

#define SLOWEST(values)                                                                                                \
    "name = \"L\";\nrun = { plugin = \"lif\"; };\nstorage = { plugin = \"hdf5\"; file = \"g.hdf5\"; };\n"              \
    "preprocess = ( { plugin = \"explorer\"; product = ( { parameter = \"neuron.tau_ref\"; values = [" values          \
    "]; },\n               { parameter = \"neuron.I\"; from = 0.1; to = 1.0; step = 0.1; } ); } );\n"

/* More values of the slowest axis go behind the rows that are there; as long as they go on up or down, the grid grows.
 */
static void test_slowest(void)
{
    folder_begin();
    file_write("g.cfg", SLOWEST("5.0"));
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "--workers", "1", "g.cfg"), 0);
    file_write("g.cfg", SLOWEST("5.0, 7.5"));
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "--workers", "2", "g.cfg"), 0);
    file_write("g.cfg", SLOWEST("5.0, 7.5, 10.0, 12.0"));
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "--workers", "3", "g.cfg"), 0);
    EXPECT(PYTHON_RUN(GRID "    flat = xarray.open_dataset('g.hdf5', group='results/neuron', engine=engine)\n"
                           "    assert grid.V.dims == ('tau_ref', 'I', 'time') and grid.V.shape == (4, 10, 10000)\n"
                           "    assert grid.tau_ref.values.tolist() == [5, 7.5, 10, 12]\n"
                           "    assert (grid.V.values.reshape(40, 10000) == flat.V.values).all()\n"
                           "    assert grid.nspikes.sel(I=1.0, tau_ref=5.0, method='nearest') == 164\n",
                      "") == 0);
    /* In between: no grid, and what gives one. */
    file_write("g.cfg", SLOWEST("5.0, 6.0, 7.5, 10.0, 12.0"));
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "--workers", "4", "g.cfg"), 0);
    EXPECT(PYTHON_RUN("import h5py\nf = h5py.File('g.hdf5')\n"
                      "assert 'grid' not in f and f.attrs['grid'].decode() == 'pipette export FILE --grid -o OUT.nc'\n"
                      "lines = f.attrs['history'].decode().split('\\n')\n"
                      "said = ['pipette run -q --workers %d g.cfg' % n for n in (1, 2, 3, 4)]\n"
                      "assert [line.split(': ', 1)[1] for line in lines] == said, lines\n",
                      "") == 0);
    folder_end();
}

/* Compressed rows are chunks of both datasets, too. */
static void test_compressed(void)
{
    static const char shape[] =
        "import h5py, numpy, sys\nf = h5py.File('g.hdf5')\nrows = int(sys.argv[1])\n"
        "V, G = f['results/neuron/V'], f['grid/V']\n"
        "assert G.shape == (rows, 10, 10000) and G.chunks == (1, 1, 10000), G.shape\n"
        "assert (G[:].reshape(10 * rows, 10000) == V[:]).all() and numpy.isfinite(V[:]).all()\n"
        "first = lambda d: {c.byte_offset for c in map(d.id.get_chunk_info, range(10 * rows))}\n"
        "assert first(G) == first(V)\n";
    folder_begin();
    file_write("g.cfg", SLOWEST("5.0"));
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "g.cfg", "--set", "storage.compression=1"), 0);
    EXPECT(PYTHON_RUN(shape, "1") == 0);
    file_write("g.cfg", SLOWEST("5.0, 7.5, 10.0"));
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "g.cfg", "--set", "storage.compression=1"), 0);
    EXPECT(PYTHON_RUN(shape, "3") == 0);
    CU_ASSERT_EQUAL(PIPETTE("compact", "g.hdf5"), 0);
    EXPECT(PYTHON_RUN(shape, "3") == 0);
    CU_ASSERT_EQUAL(PYTHON_RUN(GRID "    assert grid.V.sel(I=1.0, tau_ref=5.0, method='nearest').max() > 1\n"
                                    "    assert grid.V.dims == ('tau_ref', 'I', 'time')\n",
                               ""),
                    0);
    /* Deleting one of the two harms nothing. */
    CU_ASSERT_EQUAL(PYTHON_RUN("import h5py, numpy\nf = h5py.File('g.hdf5', 'r+')\ndel f['grid/V']\n"
                               "f['mine'] = numpy.zeros(4000000)\n",
                               ""),
                    0);
    CU_ASSERT_EQUAL(PIPETTE("check", "g.hdf5"), 0);
    file_write("g.cfg", SLOWEST("5.0, 7.5, 10.0, 12.0"));
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "g.cfg", "--set", "storage.compression=1"), 0);
    EXPECT(PYTHON_RUN(shape, "4") == 0);
    CU_ASSERT_EQUAL(PIPETTE("check", "g.hdf5"), 0);
    CU_ASSERT_STRING_EQUAL(command_out, "g.hdf5: 40 runs, and all is as it was stored\n");
    folder_end();
}

SUITE("grid", {"the tutorial's", test_tutorial}, {"deleted headers", test_deleted}, {"every type", test_types},
      {"export", test_export}, {"export of every type", test_export_types}, {"names", test_names},
      {"more of the slowest axis", test_slowest}, {"compressed", test_compressed}, )
