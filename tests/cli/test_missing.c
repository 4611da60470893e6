/* Tests of what readers see where a run has no value: missing, never a number. */
#include "python.h"
#include "suite.h"

#define CONFIG(model, values)                                                                                          \
    "name = \"M\";\nrun = { plugin = \"" FIXTURE(                                                                      \
        model) "\"; };\nstorage = { plugin = \"hdf5\"; file = \"m.hdf5\"; };\n"                                        \
               "preprocess = ( { plugin = \"explorer\"; product = ( { parameter = \"x\"; "                             \
               "values = [" values "]; } ); } );\n"
#define SEEN                                                                                                           \
    "import xarray\n"                                                                                                  \
    "for engine in ('netcdf4', 'h5netcdf'):\n"                                                                         \
    "  for group in ('results', 'grid'):\n"                                                                            \
    "    d = xarray.open_dataset('m.hdf5', group=group, engine=engine)\n"

/* Integers of a complete file stay integers, to the last digit; where one is missing, readers are told; and complete
 * again, they are as before. */
static void test_integers(void)
{
    folder_begin();
    file_write("m.cfg", CONFIG("gaps", "0.0, 1.0, 2.0"));
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "m.cfg"), 0);
    CU_ASSERT_EQUAL(
        PYTHON_RUN(SEEN
                   "    assert d['count'].dtype == 'int64' and d['count'].values.tolist() == [0, 1, 2]\n"
                   "    assert d.bits.dtype == 'uint64' and d.bits.values[0] == 2**64 - 1 and d.flag.dtype == 'int8'\n",
                   ""),
        0);
    file_write("m.cfg", CONFIG("gaps", "0.0, 1.0, 2.0, -1.0"));
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "m.cfg"), 1);
    CU_ASSERT_EQUAL(
        PYTHON_RUN(
            "import xarray, h5py\nd = xarray.open_dataset('m.hdf5', group='results')\n"
            "for name in ('count', 'flag', 'level', 'ratio', 'single', 'pair', 'square'):\n"
            "    assert d[name].isnull()[3].all() and not d[name].isnull()[:3].any(), (name, d[name].values)\n"
            "f = h5py.File('m.hdf5')\nassert f['results/count'].attrs['_FillValue'] == -9223372036854775806\n"
            "assert '_FillValue' not in f['runs/state'].attrs and '_FillValue' not in f['results/ratio'].attrs\n",
            ""),
        0);
    CU_ASSERT_EQUAL(PIPETTE("reset", "m.hdf5", "--runs", "1"), 0);
    CU_ASSERT_EQUAL(PYTHON_RUN("import xarray\nd = xarray.open_dataset('m.hdf5', group='results')\n"
                               "assert d['count'].isnull().values.tolist() == [False, True, False, True]\n",
                               ""),
                    0);
    folder_end();
}

static void test_again(void)
{
    folder_begin();
    file_write("m.cfg", CONFIG("gaps", "0.0, 1.0, 2.0"));
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "m.cfg"), 0);
    CU_ASSERT_EQUAL(PIPETTE("reset", "m.hdf5", "--runs", "1"), 0);
    CU_ASSERT_EQUAL(PYTHON_RUN(SEEN "    assert d['count'].isnull().values.tolist() == [False, True, False]\n", ""), 0);
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "m.cfg"), 0);
    CU_ASSERT_EQUAL(
        PYTHON_RUN(SEEN "    assert d['count'].dtype == 'int64' and d['count'].values.tolist() == [0, 1, 2]\n", ""), 0);
    folder_end();
}

/* A file whose command was killed: the coordinates of all runs are there, and no result that no run has given. */
static void test_killed(void)
{
    pid_t command;
    int i;
    folder_begin();
    file_write("m.cfg", "name = \"M\";\nrun = { plugin = \"" FIXTURE(
                            "moody") "\"; };\nstorage = { plugin = \"hdf5\"; file = \"m.hdf5\"; };\n"
                                     "preprocess = ( { plugin = \"explorer\"; product = ( { parameter = \"seconds\"; "
                                     "values = [0.2, 60.0]; },\n"
                                     "{ parameter = \"x\"; values = [1.0, 2.0, 3.0]; } ); } );\n");
    command = PIPETTE_START("run", "-q", "m.cfg", "-w", "1");
    for (i = 0; i < 1000; i++) {
        FILE *files[2] = {command_files[0], command_files[1]};
        int done = PIPETTE("get", "m.hdf5", "runs", "--state", "done") == 0 && out_has("\n2,done");
        command_files[0] = files[0];
        command_files[1] = files[1];
        if (done)
            break;
        command_pause(0.01);
    }
    CU_ASSERT(i < 1000);
    (void)kill(command, SIGKILL);
    CU_ASSERT_EQUAL(command_wait(command, COMMAND_SECONDS), 128 + SIGKILL);
    CU_ASSERT_EQUAL(
        PYTHON_RUN(
            "import xarray, numpy\nfor engine in ('netcdf4', 'h5netcdf'):\n"
            "    d = xarray.open_dataset('m.hdf5', group='results', engine=engine)\n"
            "    assert d.x.values.tolist() == [1, 2, 3, 1, 2, 3] and d.seconds.values.tolist() == [0.2, 0.2, 0.2, 60, "
            "60, "
            "60]\n"
            "    assert d.twice.values[:3].tolist() == [2, 4, 6] and numpy.isnan(d.twice.values[3:]).all(), d.twice\n"
            "    assert d.twice.groupby('x').count().values.tolist() == [1, 1, 1]\n",
            ""),
        0);
    EXPECT(command_err[0] == '\0');
    folder_end();
}

SUITE("missing", {"integers", test_integers}, {"run again", test_again}, {"killed", test_killed}, )
