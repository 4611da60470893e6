/* Tests of experiments that are programs: one program that does it in many ways (tests/programs/experiment.c), and the
 * tutorial's. */
#include "python.h"
#include "base/sha256.h"
#include "suite.h"

#define EXPERIMENT TEST_PROGRAMS "/experiment"
#define PROGRAM(...) command_run((const char *const[]){EXPERIMENT, __VA_ARGS__, NULL})
#define TUTORIAL TEST_SOURCE_FOLDER "/../pipelines/tutorial"

static void test_plain(void)
{
    folder_begin();
    CU_ASSERT_EQUAL(PROGRAM("plain"), 0);
    CU_ASSERT_STRING_EQUAL(command_out,
                           "not yet written: sum: 114 of 12 runs\n"
                           "T: 12 done, 0 failed, 0 pending of 12\nfactor 5, t.hdf5\nbye from the program\n");
    EXPECT(command_err[0] == '\0');
    CU_ASSERT_EQUAL(
        PYTHON_RUN(
            "import h5py\nf = h5py.File('t.hdf5')\n"
            "assert f['results/z'][:].tolist() == [6, 7, 8, 12, 14, 16, 18, 21, 24, 24, 28, 32]\n"
            "assert f['results/runs/returned'][:].tolist() == [7, 8, 9, 8, 9, 10, 9, 10, 11, 10, 11, 12]\n"
            "assert f['results/undeclared/undeclared'][:].tolist() == [1.] * 3 + [2.] * 3 + [3.] * 3 + [4.] * 3\n"
            "assert f['results/summary/sum'][()] == 114\n"
            "assert f['config/plugins/model'][()] == b'multiply'\n"
            "assert f['parameters/x'].attrs['long_name'] == b'First factor'\n",
            ""),
        0);
    EXPECT(command_err[0] == '\0');
    /* Again: nothing is run, what stands behind the runs is. */
    CU_ASSERT_EQUAL(PROGRAM("plain"), 0);
    EXPECT(out_has("sum: 114 of 12 runs\nT: 0 done, 0 failed, 0 pending of 12\n"));
    CU_ASSERT_EQUAL(PIPETTE("check", "t.hdf5"), 0);
    EXPECT(out_has("t.hdf5: 12 runs, and all is as it was stored\n"));
    /* Whoever wants one of its runs again is told what it takes. */
    CU_ASSERT_EQUAL(PIPETTE("replay", "t.hdf5", "3"), 3);
    EXPECT(one_error_line() && err_has("were computed by functions of the program '" EXPERIMENT
                                       "'; replay needs a model that is a plugin"));
    folder_end();
}

static void test_pipeline(void)
{
    folder_begin();
    CU_ASSERT_EQUAL(PROGRAM("pipeline"), 0);
    EXPECT(out_has("total: 114 of 12 runs\nT: 12 done, 0 failed, 0 pending of 12\nfactor 1, t.hdf5\n"));
    CU_ASSERT_EQUAL(
        PYTHON_RUN("import h5py\nf = h5py.File('t.hdf5')\n"
                   "assert f['results/z'][:].tolist() == [60, 70, 80, 120, 140, 160, 180, 210, 240, 240, 280, 320]\n",
                   ""),
        0);
    folder_end();
}

static const char same_script[] =
    "import h5py, numpy, sys\na, b = h5py.File('a.hdf5'), h5py.File('b.hdf5')\n"
    "for name in ('z', 'runs/returned', 'undeclared/undeclared', 'undeclared/run', 'undeclared_count'):\n"
    "    assert a['results/' + name][:].tobytes() == b['results/' + name][:].tobytes(), name\n"
    "for name in ('x', 'y'):\n"
    "    assert a['parameters/' + name][:].tobytes() == b['parameters/' + name][:].tobytes(), name\n"
    "assert a['runs/state'][:].tolist() == b['runs/state'][:].tolist() == [1] * 15\n";

/* A run that ends its process costs itself; run again, the file is that of an experiment in which nothing happened. */
static void test_leaves(void)
{
    folder_begin();
    CU_ASSERT_EQUAL(PROGRAM("exit", "a.hdf5"), 1);
    EXPECT(out_has("T: 11 done, 1 failed, 0 pending of 12; the run ended its process (exit status 3)\nrun 7: x = 3\n"));
    EXPECT(out_has("T: 1 done, 0 failed, 0 pending of 13\n") && out_has("T: 1 done, 0 failed, 0 pending of 15\n"));
    CU_ASSERT_EQUAL(SHELL("test $(" EXPERIMENT " exit c.hdf5 | grep -c bye) = 1"), 0);
    CU_ASSERT_EQUAL(PROGRAM("retry", "a.hdf5"), 0);
    EXPECT(out_has("T: 1 done, 0 failed, 0 pending of 15\n"));
    CU_ASSERT_EQUAL(PROGRAM("loop", "b.hdf5"), 0);
    EXPECT(out_has("sum: 150 of 15 runs\nT: 1 done, 0 failed, 0 pending of 15\n"));
    CU_ASSERT_EQUAL(PYTHON_RUN(same_script, ""), 0);
    EXPECT(command_err[0] == '\0');
    CU_ASSERT_EQUAL(PROGRAM("crash", "d.hdf5"), 1);
    EXPECT(out_has("T: 11 done, 1 failed, 0 pending of 12; the run crashed (SIGABRT)\n"));
    folder_end();
}

/* Threads that are idle, HDF5 at work, no call of close(). */
static void test_company(void)
{
    static const char *const ways[] = {"threads", "hdf5", "forget", "version", "stages", "nested"};
    size_t i;
    folder_begin();
    for (i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        char file[32];
        (void)snprintf(file, sizeof file, "%s.hdf5", ways[i]);
        EXPECT(PROGRAM(ways[i], file) == 0 && out_has("T: 12 done, 0 failed, 0 pending of 12\n") &&
               command_err[0] == '\0');
        EXPECT(!out_has("damaged"));
    }
    CU_ASSERT_EQUAL(
        PYTHON_RUN("import h5py\nassert 'mine' in h5py.File('own.hdf5')\n"
                   "f = h5py.File('stages.hdf5')\nassert f['results/summary/sums/returned'][:].size == 12\n",
                   ""),
        0);
    EXPECT(command_err[0] == '\0');
    folder_end();
}

static void test_interrupted(void)
{
    folder_begin();
    CU_ASSERT_EQUAL(PROGRAM("slow"), 130);
    EXPECT(!out_has(" 0 pending"));
    CU_ASSERT_EQUAL(PROGRAM("plain"), 0);
    EXPECT(out_has("sum: 114 of 12 runs\n") && out_has(" 0 failed, 0 pending of 12\n"));
    folder_end();
}

static void test_options(void)
{
    folder_begin();
    CU_ASSERT_EQUAL(PROGRAM("log"), 0);
    EXPECT(out_has("T: 12 of 12 runs, "));
    CU_ASSERT_EQUAL(SHELL("grep -q 'Z INFO T: 12 of 12 runs, ' logs/deep/T.log"), 0);
    CU_ASSERT_EQUAL(PROGRAM("in_process", "i.hdf5"), 0);
    EXPECT(out_has("factor 17, i.hdf5\n"));
    CU_ASSERT_EQUAL(PROGRAM("time", "time.hdf5"), 0);
    CU_ASSERT_EQUAL(SHELL("ls time_20??_??_??_??h??m??s.hdf5"), 0);
    /* Another version is refused, what there is can be replaced. */
    CU_ASSERT_EQUAL(PROGRAM("version"), 3);
    EXPECT(err_has("experiment: t.hdf5: was made otherwise (version of the model:  -> 2.0); name another file, replace "
                   "it with overwrite = 1, or "
                   "go on with accept_changes = 1\n"));
    CU_ASSERT_EQUAL(PROGRAM("overwrite"), 0);
    EXPECT(out_has("T: 12 done, 0 failed, 0 pending of 12\n"));
    folder_end();
}

/* The first error stays, and what comes later does nothing. */
static void test_mistakes(void)
{
    folder_begin();
    CU_ASSERT_EQUAL(PROGRAM("mistakes"), 2);
    CU_ASSERT_STRING_EQUAL(command_out,
                           "not yet written: 1 0 '': 'y' is i64, not a text\n"
                           "first: name '_bad': '_bad' starts with '_'\nfactor 5, t.hdf5\nbye from the program\n");
    CU_ASSERT_STRING_EQUAL(command_err, "experiment: name '_bad': '_bad' starts with '_'\n");
    CU_ASSERT_EQUAL(PROGRAM("nameless"), 2);
    CU_ASSERT_STRING_EQUAL(command_err,
                           "experiment: the environment's trajectory has no name: .trajectory = \"NAME\"\n");
    CU_ASSERT_EQUAL(PROGRAM("storage"), 2);
    EXPECT(err_has("plugin 'hdf5' has no option 'compresion'; did you mean 'compression'?\n"));
    CU_ASSERT_EQUAL(SHELL("test ! -e t.hdf5"), 0);
    /* What is wrong behind the runs leaves them stored. */
    CU_ASSERT_EQUAL(PROGRAM("refused"), 2);
    CU_ASSERT_STRING_EQUAL(command_err, "experiment: function 'add_up': 12 runs are not enough\n");
    CU_ASSERT_EQUAL(PROGRAM("plain"), 0);
    EXPECT(out_has("T: 0 done, 0 failed, 0 pending of 12\n"));
    folder_end();
}

/* A finished file, in every way that <pipette/analysis.h> has. */
static void test_analysis(void)
{
    static const char found[] =
        "303 runs over parameters.neuron.tau_ref and parameters.neuron.I\n"
        "more than 30 leaves: 1\n"
        "tau_V: 10\n"
        "rates_frame: f64 of 101, rank 2\n"
        "summary.firing_rates.I: f64 of 101, rank 1\n"
        "config.pipeline.seed: 0\n"
        "V: -1 'results.neuron.run_ALL.V' is a result of each run: name one (run_00000013), or take the view of one\n"
        "neuron.run_00000013.V: f64 of 10000, rank 1\n"
        "Vv: -3 no node 'Vv'; did you mean 'results.neuron.run_ALL.V'?\n"
        "I: 0.13\n"
        "neuron.tau_ref: 5\n"
        "V: f64 of 10000, rank 1\n"
        "results.neuron.crun.nspikes: 51\n"
        "results.neuron.$.nspikes: 51\n"
        "neuron.run_00000013.nspikes: 51\n"
        "neuron.r_13.nspikes: 51\n"
        "neuron.run_14.nspikes: -3 there is no 'neuron.run_14.nspikes' in the view of run_00000013\n"
        "results.neuron.run_00000013.V 'Membrane potential.' [1] of f64\n"
        "  results.neuron/\n"
        "  results.neuron.run_00000013/\n"
        "  results.neuron.run_00000013.V\n"
        "  results.neuron.run_00000013.nspikes\n"
        "  results.neuron.run_00000013.rate\n"
        "  results.neuron.run_00000013.spike_times\n"
        "there is no run 303; there are 303, from 0 on\n"
        "found 3: 300 301 302\n"
        "12 rows: run 89 162, run 90 162\n"
        "run_00000013 is done, 1, ''\n"
        "hdf5/FiringRate.hdf5: holds no run 303; it has 303 runs, see `pipette show hdf5/FiringRate.hdf5`\n"
        "the trajectory of a file is only looked at: nothing can be added to it here\n"
        "mine: tau_V = 10, dt = 0.1\n"
        "rates_frame: -3 no node 'rates_frame'\n"
        "rates_frame: -6 'results.summary.firing_rates.rates_frame' is not loaded\n"
        "rates_frame: f64 of 101, rank 2\n"
        "threshold: 0.105\n"
        "by eye\n"
        "means.mean: f64 of 2, rank 1\n"
        "'results.neuron' has the name of something that is not a single value: take another\n"
        "name 'results.neuron..x': an empty part; write names with single dots between\n";
    folder_begin();
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", TEST_SOURCE_FOLDER "/../pipelines/firing_rate.cfg"), 0);
    CU_ASSERT_EQUAL(command_run((const char *const[]){TEST_PROGRAMS "/analysis", "hdf5/FiringRate.hdf5", NULL}), 0);
    if (strcmp(command_out, found) != 0)
        (void)told(0, "analysis");
    CU_ASSERT_STRING_EQUAL(command_out, found);
    EXPECT(command_err[0] == '\0');
    CU_ASSERT_EQUAL(command_run((const char *const[]){TEST_PROGRAMS "/analysis", "nothing.hdf5", NULL}), 1);
    EXPECT(out_has("nothing.hdf5' does not exist\n"));
    folder_end();
}

/* ---- The tutorial ---- */

/* The library and the headers as `installed/lib` and `installed/include`, whatever the system calls its folders. */
#define INSTALL                                                                                                        \
    "cmake --install " TEST_BUILD_FOLDER " --prefix \"$PWD/installed\" > install.log && "                              \
    "if [ ! -e installed/lib/libpipette.so ]; then mkdir -p installed/lib && "                                         \
    "mv installed/lib*/*/libpipette* installed/lib*/*/pipette installed/lib; fi && test -e "                           \
    "installed/lib/libpipette.so"
#define FLAGS                                                                                                          \
    " -O2 -ffp-contract=off -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror -Iinstalled/include "               \
    "-Linstalled/lib "

static const char tutorial_script[] =
    "import csv, h5py, hashlib, sys\n"
    "f = h5py.File(sys.argv[1])\n"
    "assert hashlib.sha256(f['results/neuron/V'][:].tobytes()).hexdigest() == "
    "'167612c0a7648f4997f9f8939c1306e0787300065d7ecc0a52636fde357bfd9d'\n"
    "rows = list(csv.DictReader(open(sys.argv[2] + '/runs_reference.csv')))\n"
    "assert [int(row['nspikes']) for row in rows] == f['results/neuron/nspikes'][:].tolist()\n"
    "assert [float(row['rate']) for row in rows] == f['results/runs/returned'][:].tolist()\n"
    "rows = list(csv.reader(open(sys.argv[2] + '/rates.csv')))\n"
    "t = f['results/summary/firing_rates']\n"
    "assert [[float(x) for x in r[1:]] for r in rows[1:]] == t['rates_frame'][:].tolist()\n"
    "assert [float(r[0]) for r in rows[1:]] == t['I'][:].tolist() and t['tau_ref'][:].tolist() == [5, 7.5, 10]\n"
    "assert f.attrs['title'].decode() == sys.argv[3]\n"
    "assert f['parameters/neuron/tau_V'].attrs['long_name'] == b'The membrane time constant in milliseconds'\n";

/* Built against the installed library in the line that the page has. */
static void test_tutorial(void)
{
    static const char *const compilers[] = {"cc -std=c11", "c++ -x c++ -std=c++17"};
    static const char *const programs[][2] = {{"main", "FiringRate"}, {"pipeline", "FiringRatePipeline"}};
    size_t i, k;
    if (SANITIZED) /* a program of another kind cannot load it */
        return;
    folder_begin();
    CU_ASSERT_EQUAL_FATAL(SHELL(INSTALL), 0);
    for (i = 0; i < 2; i++)
        for (k = 0; k < 2; k++) {
            char line[1024], file[64];
            (void)snprintf(line, sizeof line, "%s" FLAGS TUTORIAL "/%s.c " TUTORIAL "/neuron.c -lpipette -o program",
                           compilers[i], programs[k][0]);
            EXPECT(SHELL(line) == 0 && command_err[0] == '\0');
            CU_ASSERT_EQUAL(SHELL("LD_LIBRARY_PATH=installed/lib ./program"), 0);
            EXPECT(command_err[0] == '\0' && out_has(": 303 of 303 runs, "));
            (void)snprintf(file, sizeof file, "hdf5/%s.hdf5", programs[k][1]);
            EXPECT(PYTHON_RUN(tutorial_script, file, TEST_SOURCE_FOLDER "/data", programs[k][1]) == 0);
            if (k > 0)
                continue;
            (void)snprintf(line, sizeof line, "%s" FLAGS TUTORIAL "/analysis.c -lpipette -o analysis", compilers[i]);
            EXPECT(SHELL(line) == 0 && command_err[0] == '\0');
            CU_ASSERT_EQUAL(SHELL("rm -f *.png && LD_LIBRARY_PATH=installed/lib ./analysis"), 0);
            CU_ASSERT_STRING_EQUAL(command_out,
                                   "rates_frame: 101 x 3\nrun 13: I = 0.13, tau_ref = 5, V over 1000 ms\n");
            EXPECT(command_err[0] == '\0');
            CU_ASSERT_EQUAL(SHELL("head -c 8 rates.png | grep -aq PNG && head -c 8 example.png | grep -aq PNG"), 0);
            CU_ASSERT_EQUAL(SHELL("grep -q \"title 'Avg. Rate for tau_ref=7.5'\" rates.gp && grep -q \"set title "
                                  "'Example of development of V for I=0.13, tau_ref=5.0 in run 13'\" example.gp"),
                            0);
        }
    CU_ASSERT_EQUAL(
        SHELL("ncdump -h hdf5/FiringRate.hdf5 | grep 'double V(run, time) ;' && test -s logs/FiringRate.log"), 0);
    folder_end();
}

static void build_and_run(const char *compiler, const char *name, const char *more, const char *said)
{
    char line[1024];
    (void)snprintf(line, sizeof line, "%s" FLAGS TUTORIAL "/%s.c %s -lpipette -o program", compiler, name, more);
    EXPECT(SHELL(line) == 0 && command_err[0] == '\0');
    CU_ASSERT_EQUAL(SHELL("LD_LIBRARY_PATH=installed/lib ./program"), 0);
    EXPECT(command_err[0] == '\0' && strcmp(command_out, said) == 0);
}

/* The examples beside it. Rule 90 from one cell has 425 living cells in 51 steps: 2 to the power of the ones in the
 * step's number, summed. */
static void test_examples(void)
{
    if (SANITIZED)
        return;
    folder_begin();
    CU_ASSERT_EQUAL_FATAL(SHELL(INSTALL), 0);
    build_and_run("cc -std=c11", "multiplication", "", "");
    build_and_run("c++ -x c++ -std=c++17", "multiplication", "", "");
    CU_ASSERT_EQUAL(PIPETTE("get", "hdf5/Multiplication.hdf5", "z"), 0);
    EXPECT(strncmp(command_out, "run,x,y,z\n0,1,6,6\n1,1,7,7\n2,1,8,8\n3,2,6,12\n", 41) == 0);
    build_and_run("cc -std=c11", "adaptive", TUTORIAL "/neuron.c", "fires from I = 0.100000 on, found with 22 runs\n");
    build_and_run("c++ -x c++ -std=c++17", "adaptive", TUTORIAL "/neuron.c",
                  "fires from I = 0.100000 on, found with 22 runs\n");
    build_and_run("cc -std=c11", "wrapping", "", "");
    build_and_run("c++ -x c++ -std=c++17", "wrapping", "", "");
    build_and_run("cc -std=c11", "merging", "", "5 runs, 3 from the first file\n");
    build_and_run("c++ -x c++ -std=c++17", "merging", "", "5 runs, 3 from the first file\n");
    CU_ASSERT_EQUAL(PIPETTE("get", "hdf5/merged.hdf5", "z"), 0);
    CU_ASSERT_STRING_EQUAL(command_out, "run,x,y,z\n0,1,6,6\n1,2,6,12\n2,3,6,18\n3,3,7,21\n4,4,7,28\n");
    CU_ASSERT_EQUAL(PIPETTE("get", "hdf5/CellularAutomata.hdf5", "alive"), 0);
    CU_ASSERT_STRING_EQUAL(command_out,
                           "run,rule,alive\n0,10,51\n1,30,1379\n2,90,425\n3,110,778\n4,184,51\n5,190,1976\n");
    folder_end();
}

SUITE("programs", {"plain", test_plain}, {"pipeline", test_pipeline}, {"runs that leave", test_leaves},
      {"company", test_company}, {"interrupted", test_interrupted}, {"options", test_options},
      {"mistakes", test_mistakes}, {"analysis", test_analysis}, {"the tutorial's", test_tutorial},
      {"examples", test_examples}, )
