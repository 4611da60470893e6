/* Tests of `pipette diff`: runs at the same point are held against each other, whatever their numbers. */
#include "python.h"
#include "suite.h"

#define GAPS(file, values)                                                                                             \
    "name = \"E\";\nrun = { plugin = \"" FIXTURE(                                                                      \
        "gaps") "\"; };\nstorage = { plugin = \"hdf5\"; file = \"" file                                                \
                "\"; };\npreprocess = ( { plugin = \"explorer\"; product = ( { parameter = \"x\"; values = [" values   \
                "]; } ); } );\n"

static void run(const char *config, const char *text, int code)
{
    file_write(config, text);
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", config), code);
}

static void expect(const char *a, const char *b, int code, const char *said)
{
    CU_ASSERT_EQUAL(PIPETTE("diff", a, b), code);
    if (strcmp(command_out, said) != 0)
        (void)told(0, b);
    CU_ASSERT_STRING_EQUAL(command_out, said);
    EXPECT(command_err[0] == '\0');
}

/* The same points in another order, with failed and infeasible ones, ragged results and texts. */
static void test_same(void)
{
    folder_begin();
    run("a.cfg", GAPS("a.h5", "0.0, 1.0, 2.0, 7.0, -1.0, 200.0"), 1);
    run("b.cfg", GAPS("b.h5", "200.0, 7.0, -1.0, 0.0, 2.0, 1.0"), 1);
    expect("a.h5", "b.h5", 0, "the same: 6 runs\n");
    expect("a.h5", "a.h5", 0, "the same: 6 runs\n");
    run("c.cfg", GAPS("c.h5", "2.0, 1.0, 3.0"), 0);
    expect("a.h5", "c.h5", 1, "2 runs at the same point, 0 of them differ; 4 runs only in a.h5, 1 only in c.h5\n");
    /* Grown and finished in pieces, it is the same. */
    run("d.cfg", GAPS("d.h5", "0.0, 1.0"), 0);
    run("d.cfg", GAPS("d.h5", "0.0, 1.0, 2.0, 7.0, -1.0, 200.0"), 1);
    expect("a.h5", "d.h5", 0, "the same: 6 runs\n");
    folder_end();
}

static void test_values(void)
{
    static const char change[] = "import h5py, sys\nf = h5py.File('b.h5', 'r+')\nd = f[sys.argv[1]]\n"
                                 "d[int(sys.argv[2])] = type(d[0])(float(sys.argv[3]))\n";
    folder_begin();
    run("a.cfg", GAPS("a.h5", "0.0, 1.0, 2.0"), 0);
    run("b.cfg", GAPS("b.h5", "2.0, 1.0, 0.0"), 0);
    EXPECT(PYTHON_RUN(change, "results/ratio", "0", "0.5000001") == 0);
    expect("a.h5", "b.h5", 1,
           "run_00000002, run_00000000 there: results.$.ratio is 0.5, 0.50000009999999995 there\n"
           "3 runs at the same point, 1 of them differ; 0 runs only in a.h5, 0 only in b.h5\n");
    CU_ASSERT_EQUAL(PIPETTE("diff", "--tolerance", "1e-6", "a.h5", "b.h5"), 0);
    CU_ASSERT_STRING_EQUAL(command_out, "the same: 3 runs\n");
    CU_ASSERT_EQUAL(PIPETTE("diff", "--tolerance", "1e-8", "a.h5", "b.h5"), 1);
    EXPECT(PYTHON_RUN(change, "results/events/events", "0", "77") == 0);
    EXPECT(PYTHON_RUN(change, "runs/state", "1", "2") == 0);
    CU_ASSERT_EQUAL(PIPETTE("diff", "--tolerance", "1e-6", "a.h5", "b.h5"), 1);
    EXPECT(out_has("run_00000001: runs.state is 'done', 'failed' there\n"));
    EXPECT(
        out_has("run_00000002, run_00000000 there: results.$.events 1 of 2 elements differ, the first, number 0, is "));
    EXPECT(out_has("3 runs at the same point, 2 of them differ; "));
    folder_end();
}

static void test_whole(void)
{
    folder_begin();
    file_write("l.cfg",
               "name = \"L\";\nrun = { plugin = \"lif\"; };\nstorage = { plugin = \"hdf5\"; file = \"a.h5\"; };\n"
               "postprocess = ( { plugin = \"rate_summary\"; } );\n"
               "preprocess = ( { plugin = \"explorer\"; product = ( { parameter = \"neuron.I\"; values = [0.0, 0.1]; } "
               "); } );\n");
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "l.cfg"), 0);
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "l.cfg", "--set", "storage.file=b.h5", "--set", "parameters.neuron.V_init=2.0",
                            "--set", "postprocess=()", "--set", "run.omit=[\"V\", \"rate\", \"spike_times\"]"),
                    0);
    expect("a.h5", "b.h5", 1,
           "parameters.neuron.V_init is 0, 2 there\n"
           "results.neuron.$.V stands only in the first file\n"
           "results.neuron.$.rate stands only in the first file\n"
           "results.neuron.$.spike_times stands only in the first file\n"
           "results.summary.firing_rates.I stands only in the first file\n"
           "results.summary.firing_rates.rate stands only in the first file\n"
           "run_00000000: results.neuron.$.nspikes is 0, 1 there\n"
           "run_00000001: results.neuron.$.nspikes is 0, 1 there\n"
           "2 runs at the same point, 2 of them differ; 0 runs only in a.h5, 0 only in b.h5\n");
    /* Explored in one, given in the other: the point says it all. */
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "l.cfg", "--set", "storage.file=c.h5", "--set", "preprocess=()", "--set",
                            "parameters.neuron.I=0.1", "--set", "postprocess=()"),
                    0);
    CU_ASSERT_EQUAL(PIPETTE("diff", "a.h5", "c.h5"), 1);
    EXPECT(out_has("1 run at the same point, 0 of them differ; 1 run only in a.h5, 0 only in c.h5\n"));
    folder_end();
}

static void test_usage(void)
{
    folder_begin();
    run("a.cfg", GAPS("a.h5", "0.0, 1.0"), 0);
    file_write(
        "m.cfg",
        "name = \"M\";\nrun = { plugin = \"multiply\"; };\nstorage = { plugin = \"hdf5\"; file = \"m.h5\"; };\n"
        "preprocess = ( { plugin = \"explorer\"; product = ( { parameter = \"y\"; values = [1.0, 2.0]; } ); } );\n");
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "m.cfg"), 0);
    CU_ASSERT_EQUAL(PIPETTE("diff", "a.h5", "m.h5"), 2);
    EXPECT(
        one_error_line() &&
        err_has("is explored in one of the files, and the other has no such parameter: their runs cannot be paired"));
    CU_ASSERT_EQUAL(PIPETTE("diff", "a.h5"), 2);
    EXPECT(one_error_line() && err_has("which two files?"));
    CU_ASSERT_EQUAL(PIPETTE("diff", "a.h5", "nothing.h5"), 4);
    EXPECT(one_error_line() && err_has("nothing.h5' does not exist"));
    CU_ASSERT_EQUAL(PIPETTE("diff", "--tolerance", "x", "a.h5", "a.h5"), 2);
    EXPECT(one_error_line());
    folder_end();
}

SUITE("diff", {"the same", test_same}, {"values", test_values}, {"the whole", test_whole}, {"usage", test_usage}, )
