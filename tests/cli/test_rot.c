/* Tests of `check FILE`: bits that rot are found, each run and result is named, and nothing is changed. */
#include "python.h"
#include "suite.h"

#define STORE "storage = { plugin = \"hdf5\"; file = \"e.hdf5\"; };\n"
#define GAPS "name = \"E\";\nrun = { plugin = \"" FIXTURE("gaps") "\"; };\n" STORE
#define POINTS(values)                                                                                                 \
    "preprocess = ( { plugin = \"explorer\"; product = ( { parameter = \"x\"; values = [" values "]; } ); } );\n"
#define SIX POINTS("0.0, 1.0, 2.0, 7.0, -1.0, 200.0")

/* Turns one bit of byte `at` of a dataset over, behind the back of HDF5: flip FILE DATASET AT BIT. */
static const char flip[] = "import h5py, os, sys\n"
                           "name, path, at, bit = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])\n"
                           "with h5py.File(name) as f:\n"
                           "    d = f[path]\n"
                           "    begin = d.id.get_offset() if d.chunks is None else d.id.get_chunk_info(0).byte_offset\n"
                           "    assert begin is not None and at < d.id.get_storage_size()\n"
                           "file = os.open(name, os.O_RDWR)\n"
                           "old = os.pread(file, 1, begin + at)[0]\n"
                           "assert os.pwrite(file, bytes([old ^ 1 << bit]), begin + at) == 1\n";

static int flipped(const char *dataset, const char *at, const char *bit)
{
    return PYTHON_RUN(flip, "e.hdf5", dataset, at, bit) == 0;
}

/* After one bit has been turned, `check` says exactly this; turned back, all is well. */
static void expect_finding(const char *dataset, const char *at, const char *bit, const char *line)
{
    EXPECT(flipped(dataset, at, bit));
    EXPECT(SHELL("md5sum e.hdf5 > before") == 0);
    EXPECT(PIPETTE("check", "e.hdf5") == 4);
    if (strcmp(command_out, line) != 0)
        (void)told(0, dataset);
    CU_ASSERT_STRING_EQUAL(command_out, line);
    EXPECT(one_error_line() && err_has("e.hdf5: 1 run damaged"));
    EXPECT(SHELL("md5sum -c --quiet before") == 0);
    EXPECT(flipped(dataset, at, bit));
}

#define SOUND(line)                                                                                                    \
    do {                                                                                                               \
        EXPECT(PIPETTE("check", "e.hdf5") == 0 && command_err[0] == '\0');                                             \
        CU_ASSERT_STRING_EQUAL(command_out, line);                                                                     \
    } while (0)

#define ALL                                                                                                            \
    "count results.$.flag results.$.level results.$.bits results.$.ratio results.$.single results.$.wave "             \
    "results.$.note results.$.pair results.$.square results.$.events results.$.odd\n"

static void test_every_kind(void)
{
    static const char second[] =
        "run_00000001: one of its results does not fit the checksum of the run: results.$." ALL;
    static const char third[] = "run_00000002: one of its results does not fit the checksum of the run: results.$." ALL;
    folder_begin();
    file_write("e.cfg", GAPS SIX);
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "e.cfg"), 1);
    SOUND("e.hdf5: 6 runs, and all is as it was stored\n");
    expect_finding("results/count", "8", "0", second);
    expect_finding("results/count", "15", "7", second);
    expect_finding("results/flag", "2", "0", third);
    expect_finding("results/level", "4", "3", second);
    expect_finding("results/bits", "8", "6", second);
    expect_finding("results/ratio", "14", "0", second);
    expect_finding("results/single", "11", "7", third);
    expect_finding("results/wave", "24", "1", second);
    expect_finding("results/pair", "16", "0", second);
    expect_finding("results/square", "63", "2", second);
    expect_finding("results/events/events", "0", "4", second);
    expect_finding("results/odd", "8", "1", second);
    /* A fill value that becomes a number, and an undeclared result that a run did not store. */
    expect_finding("results/ratio", "24", "0",
                   "run_00000003: one of its results does not fit the checksum of the run: results.$." ALL);
    expect_finding("results/odd", "16", "0", third);
    expect_finding("runs/checksum", "6", "3",
                   "run_00000001: runs.checksum has a bit that is wrong; the results of the run are what they were\n");
    expect_finding("parameters/box/x", "14", "4",
                   "run_00000001: parameters.box.x is 0.5, but the exploration says 1\n");
    folder_end();
}

static void test_states(void)
{
    folder_begin();
    file_write("e.cfg", GAPS SIX);
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "e.cfg"), 1);
    expect_finding("runs/state", "1", "0",
                   "run_00000001: runs.state is 'pending', though the file was finished with every run\n");
    expect_finding("runs/state", "1", "1",
                   "run_00000001: runs.state is 'timed_out', which does not fit the checksum of the run\n");
    expect_finding("runs/state", "1", "6", "run_00000001: runs.state is 65, which is none\n");
    expect_finding("runs/state", "4", "0",
                   "run_00000004: runs.state is 'timed_out', which does not fit the checksum of the run\n");
    expect_finding("runs/state", "5", "3", "run_00000005: runs.state is 12, which is none\n");
    folder_end();
}

/* Texts stand in a heap of HDF5's. */
static void test_texts(void)
{
    folder_begin();
    file_write("e.cfg",
               "name = \"E\";\nrun = { plugin = \"" FIXTURE(
                   "every_type") "\"; };\n" STORE "preprocess = ( { plugin = \"explorer\"; product = ( { parameter = "
                                 "\"in.string\"; values = [\"alpha\", \"beta\", \"gamma\"]; } ); } );\n");
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "e.cfg"), 0);
    SOUND("e.hdf5: 3 runs, and all is as it was stored\n");
    EXPECT(PYTHON_RUN("b = bytearray(open('e.hdf5', 'rb').read())\nn = 0\nat = b.find(b'\\0beta\\0')\n"
                      "while at >= 0:\n    b[at + 2] ^= 1\n    at = b.find(b'\\0beta\\0', at + 1)\n    n += 1\n"
                      "assert n >= 2\nopen('e.hdf5', 'wb').write(b)\n",
                      "") == 0);
    CU_ASSERT_EQUAL(PIPETTE("check", "e.hdf5"), 4);
    EXPECT(out_has("run_00000001: parameters.in.string is \"bdta\", but the exploration says \"beta\"\n"));
    EXPECT(!out_has("run_00000000") && !out_has("run_00000002"));
    folder_end();
}

/* What there is of one kind is named. */
static void test_named(void)
{
    folder_begin();
    file_write("e.cfg", "name = \"M\";\nrun = { plugin = \"" FIXTURE("moody") "\"; };\n" STORE POINTS("1.0, 2.0, 3.0"));
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "e.cfg"), 0);
    expect_finding("results/twice", "21", "6", "run_00000002: results.$.twice does not fit the checksum of the run\n");
    EXPECT(flipped("results/twice", "0", "0") && flipped("results/twice", "23", "1"));
    CU_ASSERT_EQUAL(PIPETTE("check", "e.hdf5"), 4);
    CU_ASSERT_STRING_EQUAL(command_out, "run_00000000: results.$.twice does not fit the checksum of the run\n"
                                        "run_00000002: results.$.twice does not fit the checksum of the run\n");
    EXPECT(err_has("e.hdf5: 2 runs damaged"));
    folder_end();
}

/* A byte for each of many small runs; a bit of any of them is found. */
static void test_small(void)
{
    folder_begin();
    file_write("e.cfg", "name = \"M\";\nrun = { plugin = \"multiply\"; };\n" STORE
                        "preprocess = ( { plugin = \"explorer\"; product = ( { parameter = \"x\"; from = 0.0; to = "
                        "1000.0; step = 1.0; }, "
                        "{ parameter = \"y\"; from = 0.5; to = 1000.5; step = 1.0; } ); } );\n");
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "e.cfg"), 0);
    SOUND("e.hdf5: 1002001 runs, and all is as it was stored\n");
    CU_ASSERT_EQUAL(PYTHON_RUN("import h5py\nassert h5py.File('e.hdf5')['runs/checksum'].dtype == 'int8'\n", ""), 0);
    expect_finding("results/z", "4000", "0", "run_00000500: results.$.z does not fit the checksum of the run\n");
    expect_finding("results/z", "4007", "7", "run_00000500: results.$.z does not fit the checksum of the run\n");
    expect_finding("runs/checksum", "77", "6", "run_00000077: results.$.z does not fit the checksum of the run\n");
    /* One bit of each of the first 640 runs, another one each time. */
    EXPECT(PYTHON_RUN(
               "import h5py, os\nwith h5py.File('e.hdf5') as f:\n    begin = "
               "f['results/z'].id.get_chunk_info(0).byte_offset\n"
               "file = os.open('e.hdf5', os.O_RDWR)\nb = bytearray(os.pread(file, 5120, begin))\n"
               "for run in range(640):\n    b[8 * run + run % 64 // 8] ^= 1 << run % 8\nos.pwrite(file, b, begin)\n",
               "") == 0);
    CU_ASSERT_EQUAL(PIPETTE("check", "e.hdf5"), 4);
    EXPECT(err_has("e.hdf5: 640 runs damaged"));
    folder_end();
}

/* Checksums go along when runs are added, done again, taken up after a kill, or the file is written anew. */
static void test_carried(void)
{
    folder_begin();
    file_write("e.cfg", GAPS SIX);
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "e.cfg", "--runs", "0-1"), 0);
    SOUND("e.hdf5: 2 runs, and all is as it was stored\n");
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "e.cfg"), 1);
    SOUND("e.hdf5: 6 runs, and all is as it was stored\n");
    file_write("more.cfg", GAPS POINTS("0.0, 0.5, 1.0, 1.5, 2.0, 7.0, -1.0, 200.0"));
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "more.cfg"), 1);
    SOUND("e.hdf5: 8 runs, and all is as it was stored\n");
    CU_ASSERT_EQUAL(PIPETTE("reset", "e.hdf5", "--runs", "1-4"), 0);
    SOUND("e.hdf5: 4 runs, and all is as it was stored\n");
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "more.cfg"), 1);
    SOUND("e.hdf5: 8 runs, and all is as it was stored\n");
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "more.cfg", "--retry-failed"), 1);
    SOUND("e.hdf5: 8 runs, and all is as it was stored\n");
    CU_ASSERT_EQUAL(PIPETTE("compact", "e.hdf5"), 0);
    SOUND("e.hdf5: 8 runs, and all is as it was stored\n");
    expect_finding("results/pair", "2", "2",
                   "run_00000000: one of its results does not fit the checksum of the run: results.$." ALL);
    folder_end();
}

/* Results that come late, or are left out later, do not count for the runs that have none. */
static void test_left_out(void)
{
    folder_begin();
    file_write("e.cfg",
               "name = \"E\";\nrun = { plugin = \"" FIXTURE(
                   "gaps") "\"; omit = [\"pair\", \"events\", \"note\", \"count\"]; };\n" STORE POINTS("0.0, 1.0"));
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "e.cfg"), 0);
    SOUND("e.hdf5: 2 runs, and all is as it was stored\n");
    file_write("e.cfg", GAPS POINTS("0.0, 1.0, 2.0, 3.0"));
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "e.cfg"), 0);
    SOUND("e.hdf5: 4 runs, and all is as it was stored\n");
    file_write("e.cfg",
               "name = \"E\";\nrun = { plugin = \"" FIXTURE(
                   "gaps") "\"; omit = [\"square\", \"flag\", \"bits\"]; };\n" STORE POINTS("0.0, 1.0, 2.0, 3.0, 4.0"));
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "e.cfg"), 0);
    SOUND("e.hdf5: 5 runs, and all is as it was stored\n");
    folder_end();
}

static void test_compressed(void)
{
    folder_begin();
    file_write("e.cfg", "name = \"L\";\nrun = { plugin = \"lif\"; };\nstorage = { plugin = \"hdf5\"; file = "
                        "\"e.hdf5\"; compression = 4; };\n"
                        "preprocess = ( { plugin = \"explorer\"; product = ( { parameter = \"neuron.I\"; values = "
                        "[0.1, 0.2, 0.3]; } ); } );\n");
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "e.cfg"), 0);
    SOUND("e.hdf5: 3 runs, and all is as it was stored\n");
    EXPECT(PYTHON_RUN("import h5py, os\nwith h5py.File('e.hdf5') as f:\n    begin = "
                      "f['results/neuron/V'].id.get_chunk_info(1).byte_offset\n"
                      "file = os.open('e.hdf5', os.O_RDWR)\nb = os.pread(file, 1, begin + 700)[0]\nos.pwrite(file, "
                      "bytes([b ^ 16]), begin + 700)\n",
                      "") == 0);
    CU_ASSERT_EQUAL(PIPETTE("check", "e.hdf5"), 4);
    EXPECT(strncmp(command_out, "run_00000001: results.neuron.$.V cannot be read: ", 49) == 0 &&
           strchr(command_out, '\n') == strrchr(command_out, '\n'));
    folder_end();
}

/* A file of before has no checksums, gets them for the runs that are added, and says so. */
static void test_before(void)
{
    folder_begin();
    CU_ASSERT_EQUAL(SHELL("cp '" TEST_SOURCE_FOLDER "/data/format1_unfinished.hdf5' e.hdf5 && chmod u+w e.hdf5"), 0);
    SOUND("e.hdf5: 4 runs, and all is as it was stored\n4 runs without a checksum: an earlier version stored them\n");
    folder_end();
}

/* A run that took its process along: its state is the supervisor's word. */
static void test_deaths(void)
{
    folder_begin();
    file_write("e.cfg", "name = \"H\";\nrun = { plugin = \"" FIXTURE(
                            "hostile_model") "\"; };\nparameters = { at = 1; deed = \"abort\"; };\n" STORE
                                             "preprocess = ( { plugin = \"explorer\"; product = ( { parameter = \"i\"; "
                                             "values = [0, 1, 2]; } ); } );\n");
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "e.cfg"), 1);
    SOUND("e.hdf5: 3 runs, and all is as it was stored\n");
    expect_finding("runs/state", "1", "0",
                   "run_00000001: runs.state is 'timed_out', which does not fit the checksum of the run\n");
    folder_end();
}

/* All results and parameters are what they were. */
static const char same[] =
    "import h5py, numpy, sys\n"
    "a, b = h5py.File(sys.argv[1]), h5py.File(sys.argv[2])\n"
    "paths = []\n"
    "for group in ('results', 'parameters'):\n"
    "    a[group].visititems(lambda name, o: paths.append(group + '/' + name) if isinstance(o, h5py.Dataset) else "
    "None)\n"
    "assert len(paths) > 10\n"
    "for path in paths:\n"
    "    assert a[path][()].tobytes() == b[path][()].tobytes() or a[path].dtype.kind == 'O', path\n"
    "assert (a['runs/state'][()] == b['runs/state'][()]).all()\n";

static void test_repaired(void)
{
    folder_begin();
    file_write("e.cfg", GAPS SIX);
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "e.cfg"), 1);
    EXPECT(SHELL("cp e.hdf5 whole.hdf5") == 0);
    CU_ASSERT_EQUAL(PIPETTE("run", "e.cfg", "--repair"), 1);
    EXPECT(out_has("nothing to do") || err_has("nothing to do"));
    EXPECT(!err_has("damaged"));
    EXPECT(flipped("results/ratio", "14", "0") && flipped("results/events/events", "20", "3"));
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "e.cfg"), 1);
    CU_ASSERT_EQUAL(PIPETTE("check", "e.hdf5"), 4);
    EXPECT(err_has("e.hdf5: 2 runs damaged; `pipette run CONFIG --repair` does them again\n"));
    CU_ASSERT_EQUAL(PIPETTE("run", "e.cfg", "--repair"), 1);
    EXPECT(err_has("run_00000001: one of its results does not fit the checksum of the run"));
    EXPECT(err_has("e.hdf5: 2 damaged runs are pending again"));
    SOUND("e.hdf5: 6 runs, and all is as it was stored\n");
    CU_ASSERT_EQUAL(PYTHON_RUN(same, "whole.hdf5", "e.hdf5"), 0);
    EXPECT(flipped("parameters/box/x", "14", "4"));
    CU_ASSERT_EQUAL(PIPETTE("run", "e.cfg", "--repair"), 1);
    EXPECT(err_has("run_00000001: parameters.box.x is 0.5, but the exploration says 1"));
    SOUND("e.hdf5: 6 runs, and all is as it was stored\n");
    CU_ASSERT_EQUAL(PYTHON_RUN(same, "whole.hdf5", "e.hdf5"), 0);
    folder_end();
}

/* Who reads whole runs looks first. */
static void test_looked_at(void)
{
    folder_begin();
    file_write("e.cfg", "name = \"M\";\nrun = { plugin = \"" FIXTURE("moody") "\"; };\n" STORE POINTS("1.0, 2.0, 3.0"));
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "e.cfg"), 0);
    CU_ASSERT_EQUAL(PIPETTE("export", "e.hdf5", "--grid", "-o", "whole.nc"), 0);
    EXPECT(flipped("results/twice", "14", "1"));
    CU_ASSERT_EQUAL(PIPETTE("replay", "e.hdf5", "1"), 1);
    EXPECT(out_has("does not fit the checksum of the run"));
    CU_ASSERT_EQUAL(PIPETTE("replay", "e.hdf5", "2"), 0);
    CU_ASSERT_EQUAL(PIPETTE("export", "e.hdf5", "--grid", "-o", "out.nc"), 4);
    EXPECT(one_error_line() && err_has("e.hdf5: 1 run is damaged (run_00000001: results.$.twice does not fit"));
    EXPECT(SHELL("test ! -e out.nc") == 0);
    folder_end();
}

/* Damaged structures can make a library hang or crash. */
static void test_guarded(void)
{
    folder_begin();
    CU_ASSERT_EQUAL(SHELL("head -c 3000 /dev/zero > hang.x && cp hang.x crash.x"), 0);
    CU_ASSERT_EQUAL(PIPETTE("check", "--timeout", "0.3", "--storage", FIXTURE("stalls"), "hang.x"), 4);
    EXPECT(one_error_line() && err_has("hang.x: reading it has not gone on for 0.3 seconds (--timeout)"));
    CU_ASSERT_EQUAL(PIPETTE("check", "--storage", FIXTURE("stalls"), "crash.x"), 4);
    EXPECT(one_error_line() && err_has("crash.x: reading it ends with signal 11 ("));
    folder_end();
}

static void test_usage(void)
{
    folder_begin();
    CU_ASSERT_EQUAL(PIPETTE("check"), 2);
    EXPECT(one_error_line() && err_has("which CONFIG, PLUGIN or FILE?"));
    CU_ASSERT_EQUAL(SHELL("head -c 3000 /dev/zero > zeros.hdf5"), 0);
    CU_ASSERT_EQUAL(PIPETTE("check", "zeros.hdf5"), 4);
    EXPECT(one_error_line() && err_has("zeros.hdf5' is not an HDF5 file"));
    folder_end();
}

SUITE("rot", {"every kind of result", test_every_kind}, {"states", test_states}, {"texts", test_texts},
      {"named", test_named}, {"many small runs", test_small}, {"carried along", test_carried},
      {"left out", test_left_out}, {"compressed", test_compressed}, {"files of before", test_before},
      {"runs that die", test_deaths}, {"repaired", test_repaired}, {"looked at first", test_looked_at},
      {"hangs and crashes", test_guarded}, {"usage", test_usage}, )
