/* Tests of files that went through h5repack: they are read as before, however they are stored now. */
#include "python.h"
#include "suite.h"

#define CONFIG(values)                                                                                                 \
    "name = \"E\";\nrun = { plugin = \"" FIXTURE(                                                                      \
        "gaps") "\"; };\nstorage = { plugin = \"hdf5\"; file = \"e.hdf5\"; };\n"                                       \
                "preprocess = ( { plugin = \"explorer\"; product = ( { parameter = \"x\"; values = [" values           \
                "]; } ); } );\n"

/* All that `get` says of the results. */
#define SAY(file, to)                                                                                                  \
    "(for r in count flag level bits ratio single wave note pair square events odd; do " TEST_COMMAND " get " file     \
    " results.$.$r; done; " TEST_COMMAND " show " file " | grep -v 'on disk\\|hdf5') > " to

static void expect_read(const char *options)
{
    char command[256];
    (void)snprintf(command, sizeof command, "h5repack %s e.hdf5 r.hdf5", options);
    EXPECT(SHELL(command) == 0);
    EXPECT(SHELL(SAY("r.hdf5", "after")) == 0);
    CU_ASSERT(told(SHELL("cmp before after") == 0, options));
    EXPECT(PIPETTE("check", "r.hdf5") == 0);
    CU_ASSERT_STRING_EQUAL(command_out, "r.hdf5: 6 runs, and all is as it was stored\n");
    EXPECT(PIPETTE("export", "r.hdf5", "--grid", "-o", "grid.nc", "--overwrite") == 0);
    EXPECT(PYTHON_RUN("import h5py\nassert h5py.File('grid.nc')['x'][:].tolist() == [-1, 0, 1, 2, 7, 200]\n", "") == 0);
}

static void test_read(void)
{
    folder_begin();
    file_write("e.cfg", CONFIG("0.0, 1.0, 2.0, 7.0, -1.0, 200.0"));
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "e.cfg"), 1);
    EXPECT(SHELL(SAY("e.hdf5", "before") " && test $(wc -l < before) -gt 80") == 0);
    expect_read("");
    expect_read("-f GZIP=1");
    expect_read("-f SHUF -f GZIP=9");
    expect_read("-f FLET -l CHUNK=4");
    expect_read("-l COMPA");
    expect_read("-L");
    folder_end();
}

/* The tutorial's: chunks that are cut in two, a table, and a long array. */
static void test_tutorial(void)
{
    folder_begin();
    EXPECT(SHELL(TEST_COMMAND " run -q " TEST_SOURCE_FOLDER
                              "/../pipelines/firing_rate.cfg && mv hdf5/FiringRate.hdf5 e.hdf5 && "
                              "h5repack -f GZIP=1 -l /results/neuron/V:CHUNK=7x333 e.hdf5 r.hdf5") == 0);
    EXPECT(SHELL("for w in results.neuron.V results.neuron.nspikes results.summary.firing_rates.rates_frame "
                 "runs.state parameters.neuron.I; do " TEST_COMMAND " get e.hdf5 $w > a && " TEST_COMMAND
                 " get r.hdf5 $w > b && cmp a b && test -s a || exit 1; done") == 0);
    EXPECT(PIPETTE("check", "r.hdf5") == 0);
    folder_end();
}

/* Only in places of its own does it grow; the message says how they come back. */
static void test_grows(void)
{
    folder_begin();
    file_write("e.cfg", CONFIG("0.0, 1.0, 2.0"));
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "e.cfg"), 0);
    EXPECT(SHELL("mv e.hdf5 a.hdf5 && h5repack -f GZIP=1 a.hdf5 e.hdf5 && md5sum e.hdf5 > before") == 0);
    file_write("e.cfg", CONFIG("0.0, 1.0, 2.0, 3.0"));
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "e.cfg"), 4);
    EXPECT(one_error_line() && err_has("is stored in another way; `h5repack -f NONE -l CONTI` undoes that"));
    EXPECT(SHELL("md5sum -c --quiet before && mv e.hdf5 b.hdf5 && h5repack -f NONE -l CONTI b.hdf5 e.hdf5") == 0);
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "e.cfg"), 0);
    EXPECT(PIPETTE("check", "e.hdf5") == 0);
    CU_ASSERT_STRING_EQUAL(command_out, "e.hdf5: 4 runs, and all is as it was stored\n");
    folder_end();
}

/* What is gone is not read as a fill value. */
static void test_lost(void)
{
    folder_begin();
    file_write("e.cfg", CONFIG("0.0, 1.0, 2.0"));
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "e.cfg"), 0);
    EXPECT(PYTHON_RUN("import h5py\nf = h5py.File('e.hdf5', 'r+')\nold = f['results/ratio']\ndel f['results/ratio']\n"
                      "f.create_dataset('results/ratio', (3,), 'f8')\n",
                      "") == 0);
    EXPECT(PIPETTE("get", "e.hdf5", "results.$.ratio") == 4);
    EXPECT(one_error_line() && err_has("is damaged: what /results/ratio holds is not in it"));
    folder_end();
}

SUITE("repacked", {"read as before", test_read}, {"the tutorial's", test_tutorial}, {"grows", test_grows},
      {"lost", test_lost}, )
