/* Tests of whole pipelines: the default ones, selections, going on, failures, expansions, values of every type. */
#include "python.h"
#include "suite.h"

#define PIPELINES TEST_SOURCE_FOLDER "/../pipelines/"
#define EXPLORER(axes) "preprocess = ( { plugin = \"explorer\"; product = ( " axes " ); } );\n"
#define STORE "storage = { plugin = \"hdf5\"; file = \"e.hdf5\"; };\n"
#define MOODY "name = \"E\";\nrun = { plugin = \"" FIXTURE("moody") "\"; };\n" STORE
#define EVERY_TYPE "name = \"E\";\nrun = { plugin = \"" FIXTURE("every_type") "\"; };\n" STORE

/* A script over the open file `f` (h5py); an assertion that fails is told with its text. */
#define CHECK_FILE(file, script)                                                                                       \
    do {                                                                                                               \
        int code_ = PYTHON_RUN("import h5py, math, sys, numpy as np\nf = h5py.File(sys.argv[1])\n" script, file);      \
        EXPECT(code_ == 0);                                                                                            \
    } while (0)

/* ---- The pipelines of the project ---- */

static void test_multiply(void)
{
    folder_begin();
    CU_ASSERT_EQUAL(PIPETTE("run", PIPELINES "multiply.cfg"), 0);
    EXPECT(out_has("Multiply: 12 of 12 runs in ") && command_err[0] == '\0');
    CU_ASSERT_EQUAL(PIPETTE("get", "hdf5/Multiply.hdf5", "z"), 0);
    EXPECT(strcmp(command_out,
                  "run,x,y,z\n0,1,6,6\n1,1,7,7\n2,1,8,8\n3,2,6,12\n4,2,7,14\n5,2,8,16\n6,3,6,18\n7,3,7,21\n8,3,8,24\n"
                  "9,4,6,24\n10,4,7,28\n11,4,8,32\n") == 0);
    folder_end();
}

static void test_zipped(void)
{
    folder_begin();
    CU_ASSERT_EQUAL(PIPETTE("run", PIPELINES "zipped.cfg"), 0);
    EXPECT(out_has("Zipped: 15 of 15 runs in ") && command_err[0] == '\0');
    CHECK_FILE("hdf5/Zipped.hdf5",
               "n = f['results/neuron']\n"
               "assert n['tau_V'][:].tolist() == [5.0] * 5 + [10.0] * 5 + [20.0] * 5\n"
               "assert n['tau_ref'][:].tolist() == [2.5, 5.0, 7.5, 10.0, 12.5] * 3\n"
               "I = n['I'][:]\n"
               "assert I[:5].tolist() == I[5:10].tolist() == [0.2 + i * 0.8 / 4 for i in range(4)] + [1.0], I\n"
               "t = f['results/summary/firing_rates']\n"
               "rate = [k for k in t if t[k].ndim == 2]\n"
               "assert rate == ['rate'] and sorted(t['rate'].shape) == [3, 5]\n"
               "assert sorted(t['rate'][:].ravel()) == sorted(n['rate'][:])\n");
    folder_end();
}

static void test_names(void)
{
    folder_begin();
    CU_ASSERT_EQUAL(PIPETTE("run", PIPELINES "names.cfg"), 0);
    EXPECT(out_has("Names: 9 of 9 runs in ") && command_err[0] == '\0');
    CU_ASSERT_EQUAL(PIPETTE("get", "hdf5/Names.hdf5", "integrator.x"), 0);
    EXPECT(strncmp(command_out, "run,method,steps,x\n0,euler,10,0.348678440", 40) == 0);
    EXPECT(out_has("\n5,midpoint,1000,0.36787") && out_has("\n8,rk4,1000,0.36787944117"));
    CU_ASSERT_EQUAL(PIPETTE("get", "hdf5/Names.hdf5", "summary.errors.error"), 0);
    EXPECT(strncmp(command_out, "method,10,100,1000\neuler,0.0192", 31) == 0 && out_has("\nmidpoint,0.000") &&
           out_has("\nrk4,"));
    folder_end();
}

/* ---- Selections and settings ---- */

static void test_runs(void)
{
    folder_begin();
    CU_ASSERT_EQUAL(
        PIPETTE("run", PIPELINES "multiply.cfg", "--runs", "10-11,0,4-5,5", "--set", "storage.file=part.hdf5"), 0);
    EXPECT(out_has("Multiply: 5 of 5 runs in "));
    CU_ASSERT_EQUAL(PIPETTE("get", "part.hdf5", "z"), 0);
    EXPECT(strcmp(command_out, "run,x,y,z\n0,1,6,6\n4,2,7,14\n5,2,8,16\n10,4,7,28\n11,4,8,32\n") == 0);
    CU_ASSERT_EQUAL(PIPETTE("get", "part.hdf5", "run_10.z"), 0);
    EXPECT(strcmp(command_out, "28\n") == 0);
    CU_ASSERT_EQUAL(PIPETTE("get", "part.hdf5", "z", "--run", "1"), 2);
    CU_ASSERT_EQUAL(PIPETTE("show", "part.hdf5", "z"), 0);
    EXPECT(out_has("\n 10 4 7 done  28\n"));
    CHECK_FILE("part.hdf5",
               "assert len(f['runs/state']) == 5\nassert f['runs/run'][:].tolist() == [0, 4, 5, 10, 11]\n");
    /* All of them: what is there is not run again, and every run finds its row. */
    CU_ASSERT_EQUAL(PIPETTE("run", PIPELINES "multiply.cfg", "--set", "storage.file=part.hdf5"), 0);
    EXPECT(out_has("Multiply: 7 of 7 runs in "));
    CU_ASSERT_EQUAL(PIPETTE("get", "part.hdf5", "z", "--run", "11"), 0);
    EXPECT(strcmp(command_out, "32\n") == 0);
    CHECK_FILE("part.hdf5", "x, y, z = f['results/x'][:], f['results/y'][:], f['results/z'][:]\n"
                            "assert len(z) == 12 and (z == x * y).all() and len(set(zip(x, y))) == 12\n"
                            "assert (f['runs/state'][:] == 1).all()\n");
    CU_ASSERT_EQUAL(PIPETTE("run", PIPELINES "multiply.cfg", "--set", "storage.file=part.hdf5", "--runs", "3"), 0);
    EXPECT(out_has("nothing to do"));
    /* A selection of ten thousand million million points costs its rows and no more. */
    CU_ASSERT_EQUAL(PIPETTE("run", PIPELINES "multiply.cfg", "--set",
                            "preprocess[0].product[0].values=[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]",
                            "--set", "preprocess[0].product[1].to=999999999999999", "--set", "storage.file=large.hdf5",
                            "--runs", "0-2,9999999999999989"),
                    0);
    CU_ASSERT_EQUAL(PIPETTE("get", "large.hdf5", "z"), 0);
    EXPECT(strcmp(command_out,
                  "run,x,y,z\n0,1,0,0\n1,1,1,1\n2,1,2,2\n9999999999999989,999999999999999,9,8999999999999991\n") == 0);
    folder_end();
}

static void test_set(void)
{
    folder_begin();
    CU_ASSERT_EQUAL(PIPETTE("run", PIPELINES "multiply.cfg", "--set", "preprocess[0].product[0].values=[2.5, 3.5]",
                            "--set", "preprocess[0].product[1].to=2", "--set", "storage.file=new/sub/set.hdf5", "--set",
                            "name=Set", "--set", "comment=Text of two words", "--quiet"),
                    0);
    EXPECT(command_out[0] == '\0' && command_err[0] == '\0');
    CU_ASSERT_EQUAL(PIPETTE("get", "new/sub/set.hdf5", "z"), 0);
    EXPECT(strcmp(command_out, "run,x,y,z\n0,1,2.5,2.5\n1,1,3.5,3.5\n2,2,2.5,5\n3,2,3.5,7\n") == 0);
    CU_ASSERT_EQUAL(PIPETTE("show", "new/sub/set.hdf5"), 0);
    EXPECT(strncmp(command_out, "new/sub/set.hdf5: Set\nText of two words\n4 runs: 4 done\n", 54) == 0);
    CU_ASSERT_EQUAL(PIPETTE("get", "new/sub/set.hdf5", "command_line"), 0);
    EXPECT(out_has("--set 'preprocess[0].product[0].values=[2.5, 3.5]'") && out_has("--quiet\n"));
    /* A preset by --set, and a parameter that is not explored. */
    file_write("e.cfg", MOODY);
    CU_ASSERT_EQUAL(PIPETTE("run", "e.cfg", "--set", "parameters.x=21"), 0);
    CU_ASSERT_EQUAL(PIPETTE("get", "e.hdf5", "twice", "--run", "0"), 0);
    EXPECT(strcmp(command_out, "42\n") == 0);
    CU_ASSERT_EQUAL(PIPETTE("get", "e.hdf5", "x"), 0);
    EXPECT(strcmp(command_out, "21\n") == 0);
    folder_end();
}

static void test_dry_run(void)
{
    folder_begin();
    CU_ASSERT_EQUAL(PIPETTE("run", PIPELINES "firing_rate.cfg", "--dry-run"), 0);
    EXPECT(strncmp(command_out, "FiringRate: 303 runs, 303 asked for, 24.", 40) == 0 &&
           out_has(" MB of results; nothing was run\n"));
    EXPECT(command_err[0] == '\0');
    CU_ASSERT_EQUAL(folder_count(), 0);
    folder_end();
}

static void test_progress(void)
{
    folder_begin();
    CU_ASSERT_EQUAL(PIPETTE("run", PIPELINES "multiply.cfg", "--progress=json"), 0);
    EXPECT(err_has("{\"event\":\"end\",") && err_has("\"runs\":12,\"done\":12,\"failed\":0"));
    CU_ASSERT_EQUAL(
        PYTHON_RUN("import json, sys\n[json.loads(line) for line in sys.argv[1].splitlines()]", command_err), 0);
    folder_end();
}

static void test_overwrite(void)
{
    folder_begin();
    CU_ASSERT_EQUAL(PIPETTE("run", PIPELINES "multiply.cfg"), 0);
    CU_ASSERT_EQUAL(PIPETTE("run", PIPELINES "multiply.cfg"), 0);
    EXPECT(strcmp(command_out, "Multiply: nothing to do, 12 runs are stored\nresults: hdf5/Multiply.hdf5\n") == 0);
    CU_ASSERT_EQUAL(PIPETTE("run", PIPELINES "multiply.cfg", "--overwrite", "--set", "preprocess[0].product[1].to=1"),
                    0);
    EXPECT(out_has("Multiply: 3 of 3 runs in "));
    CU_ASSERT_EQUAL(PIPETTE("get", "hdf5/Multiply.hdf5", "z"), 0);
    EXPECT(strcmp(command_out, "run,x,y,z\n0,1,6,6\n1,1,7,7\n2,1,8,8\n") == 0);
    CU_ASSERT_EQUAL(folder_count(), 2);
    /* What cannot run replaces nothing. */
    CU_ASSERT_EQUAL(PIPETTE("run", PIPELINES "multiply.cfg", "--overwrite", "--set", "parameters.q=1.0"), 2);
    CU_ASSERT_EQUAL(PIPETTE("get", "hdf5/Multiply.hdf5", "z", "--run", "2"), 0);
    EXPECT(strcmp(command_out, "8\n") == 0);
    folder_end();
}

static void test_accept_changes(void)
{
    folder_begin();
    file_write("e.cfg", MOODY EXPLORER("{ parameter = \"x\"; values = [1.0, 2.0]; }"));
    CU_ASSERT_EQUAL(PIPETTE("run", "e.cfg", "--runs", "0"), 0);
    CU_ASSERT_EQUAL(PIPETTE("run", "e.cfg", "--set", "parameters.seconds=0.01"), 4);
    EXPECT(one_error_line() && err_has("parameters.seconds"));
    CU_ASSERT_EQUAL(PIPETTE("run", "e.cfg", "--set", "parameters.seconds=0.01", "--accept-changes"), 0);
    EXPECT(out_has("E: 1 of 1 run in ") && one_error_line() && err_has("warning: ") && err_has("parameters.seconds"));
    CU_ASSERT_EQUAL(PIPETTE("get", "e.hdf5", "twice"), 0);
    EXPECT(strcmp(command_out, "run,x,twice\n0,1,2\n1,2,4\n") == 0);
    folder_end();
}

/* ---- Interruptions ---- */

#define SLOW                                                                                                           \
    MOODY EXPLORER("{ parameter = \"x\"; from = 1.0; to = 12.0; step = 1.0; }") "parameters = { seconds = 0.25; };\n"

/* Waits until some run is done, as `show` tells. */
static int wait_for_done_run(void)
{
    int i;
    for (i = 0; i < 200; i++) {
        if (SHELL(TEST_COMMAND " show e.hdf5 2>/dev/null | grep -q '[1-9][0-9]* done'") == 0)
            return 1;
        command_pause(0.05);
    }
    return 0;
}

static void interrupt(const char *const *how, int times, int expected)
{
    const char *arguments[] = {TEST_COMMAND, "run", "e.cfg", how[0], how[1], NULL};
    FILE *kept[2];
    pid_t process;
    folder_begin();
    file_write("e.cfg", SLOW);
    process = command_start(arguments);
    kept[0] = command_files[0]; /* looking at the file runs other commands meanwhile */
    kept[1] = command_files[1];
    CU_ASSERT(wait_for_done_run());
    command_files[0] = kept[0];
    command_files[1] = kept[1];
    while (times-- > 0) {
        (void)kill(process, SIGINT);
        command_pause(0.02);
    }
    CU_ASSERT_EQUAL(command_wait(process, COMMAND_SECONDS), expected);
    EXPECT(one_error_line() && err_has("interrupted; ") && err_has(" runs are still to do; the same command goes on"));
    CU_ASSERT_EQUAL(PIPETTE("show", "e.hdf5"), 0);
    EXPECT(out_has("12 runs: ") && out_has(" pending, ") && out_has(" done"));
    CU_ASSERT_EQUAL(PIPETTE("run", "e.cfg", "--workers", "4"), 0);
    EXPECT(strncmp(command_out, "E: ", 3) == 0 && atoi(command_out + 3) > 0 && atoi(command_out + 3) < 12);
    CU_ASSERT_EQUAL(PIPETTE("get", "e.hdf5", "twice"), 0);
    EXPECT(strcmp(command_out, "run,x,twice\n0,1,2\n1,2,4\n2,3,6\n3,4,8\n4,5,10\n5,6,12\n6,7,14\n7,8,16\n8,9,18\n9,10,"
                               "20\n10,11,22\n11,12,24\n") == 0);
    CU_ASSERT_EQUAL(PIPETTE("show", "e.hdf5"), 0);
    EXPECT(out_has("12 runs: 12 done\n"));
    CU_ASSERT_EQUAL(PIPETTE("run", "e.cfg"), 0);
    EXPECT(out_has("nothing to do, 12 runs are stored"));
    folder_end();
}

static void test_interrupt_once(void)
{
    interrupt((const char *const[]){"--workers", "1"}, 1, 130);
}

static void test_interrupt_twice(void)
{
    interrupt((const char *const[]){"--workers", "2"}, 2, 130);
}

static void test_interrupt_in_process(void)
{
    interrupt((const char *const[]){"--in-process", "--progress=none"}, 1, 130);
}

/* ---- Runs that fail ---- */

static void check_failed(const char *how)
{
    folder_begin();
    file_write("e.cfg", MOODY EXPLORER("{ parameter = \"x\"; values = [1.0, -2.0, 300.0, 4.0, -5.0]; }"));
    CU_ASSERT_EQUAL(PIPETTE("run", "e.cfg", how), 1);
    EXPECT(out_has("E: 5 of 5 runs in ") && out_has("\n1 point is infeasible\n"));
    EXPECT(one_error_line() && err_has("2 runs failed; the first, run_00000001: x = -2 is negative"));
    CU_ASSERT_EQUAL(PIPETTE("show", "e.hdf5"), 0);
    EXPECT(out_has("5 runs: 2 done, 2 failed, 1 infeasible\n"));
    CU_ASSERT_EQUAL(PIPETTE("get", "e.hdf5", "twice"), 0);
    EXPECT(strcmp(command_out, "run,x,twice\n0,1,2\n1,-2,\n2,300,\n3,4,8\n4,-5,\n") == 0);
    CU_ASSERT_EQUAL(PIPETTE("get", "e.hdf5", "message"), 0);
    EXPECT(strcmp(command_out,
                  "run,x,message\n1,-2,x = -2 is negative\n2,300,x = 300 is beyond 100\n4,-5,x = -5 is negative\n") ==
           0);
    CU_ASSERT_EQUAL(PIPETTE("get", "e.hdf5", "runs.state"), 0);
    EXPECT(strcmp(command_out, "run,x,state\n0,1,done\n1,-2,failed\n2,300,infeasible\n3,4,done\n4,-5,failed\n") == 0);
    CU_ASSERT_EQUAL(PIPETTE("show", "e.hdf5", "--run", "1"), 0);
    EXPECT(out_has("failed") && out_has("x = -2 is negative"));
    CU_ASSERT_EQUAL(PIPETTE("get", "e.hdf5", "runs.message", "--run", "4"), 0);
    EXPECT(strcmp(command_out, "x = -5 is negative\n") == 0);
    CHECK_FILE("e.hdf5",
               "assert f['runs/state'][:].tolist() == [1, 2, 4, 1, 2]\n"
               "t = f['results/twice'][:]\nassert t[[0, 3]].tolist() == [2.0, 8.0] and np.isnan(t[[1, 2, 4]]).all()\n");
    /* Nothing is left to do, but that is not all well; failed runs can be tried again. */
    CU_ASSERT_EQUAL(PIPETTE("run", "e.cfg", how), 1);
    EXPECT(out_has("nothing to do, 5 runs are stored") && one_error_line() &&
           err_has("2 stored runs failed earlier; --retry-failed"));
    CU_ASSERT_EQUAL(PIPETTE("run", "e.cfg", how, "--retry-failed"), 1);
    EXPECT(out_has("E: 2 of 2 runs in ") && err_has("2 runs failed; the first, run_00000001: x = -2 is negative"));
    folder_end();
}

static void test_failed(void)
{
    check_failed("--workers=2");
}

static void test_failed_in_process(void)
{
    check_failed("--in-process");
}

static void test_infeasible(void)
{
    folder_begin();
    file_write("e.cfg", MOODY EXPLORER("{ parameter = \"x\"; values = [1.0, 300.0]; }"));
    CU_ASSERT_EQUAL(PIPETTE("run", "e.cfg"), 0);
    EXPECT(out_has("\n1 point is infeasible\n") && command_err[0] == '\0');
    CU_ASSERT_EQUAL(PIPETTE("run", "e.cfg"), 0);
    EXPECT(out_has("nothing to do") && command_err[0] == '\0');
    folder_end();
}

static void test_timeout(void)
{
    folder_begin();
    file_write("e.cfg", MOODY EXPLORER("{ parameter = \"seconds\"; values = [0.0, 600.0, 0.0]; }"));
    CU_ASSERT_EQUAL(PIPETTE("run", "e.cfg", "--timeout", "1.5", "--progress=none"), 1);
    EXPECT(one_error_line() && err_has("1 run failed, run_00000001: "));
    CU_ASSERT_EQUAL(PIPETTE("show", "e.hdf5"), 0);
    EXPECT(out_has("3 runs: 2 done, 1 timed out\n"));
    folder_end();
}

/* ---- Pre- and postprocessing ---- */

#define EXPANDING(until)                                                                                               \
    MOODY EXPLORER("{ parameter = \"x\"; values = [1.0, 2.0]; }") "postprocess = ( { plugin = \"" FIXTURE(             \
        "expands") "\"; until = " until "; } );\n"

static void test_expands(void)
{
    folder_begin();
    file_write("e.cfg", EXPANDING("3.0"));
    CU_ASSERT_EQUAL(PIPETTE("run", "e.cfg"), 0);
    EXPECT(out_has("E: 3 of 3 runs in ") && strcmp(command_err, "pipette: expands: adds x = 3\n") == 0);
    CU_ASSERT_EQUAL(PIPETTE("get", "e.hdf5", "twice"), 0);
    EXPECT(strcmp(command_out, "run,x,twice\n0,1,2\n1,2,4\n2,3,6\n") == 0);
    CU_ASSERT_EQUAL(PIPETTE("run", "e.cfg"), 0);
    EXPECT(out_has("nothing to do, 3 runs are stored") && command_err[0] == '\0');
    /* Called again until it expands no more. */
    file_write("f.cfg", EXPANDING("5.0"));
    CU_ASSERT_EQUAL(PIPETTE("run", "f.cfg", "--set", "storage.file=f.hdf5", "--quiet"), 0);
    EXPECT(command_err[0] == '\0');
    CU_ASSERT_EQUAL(PIPETTE("get", "f.hdf5", "twice"), 0);
    EXPECT(strcmp(command_out, "run,x,twice\n0,1,2\n1,2,4\n2,3,6\n3,4,8\n4,5,10\n") == 0);
    CHECK_FILE("f.hdf5",
               "assert f['runs/state'][:].tolist() == [1] * 5\nassert f['results/x'][:].tolist() == [1, 2, 3, 4, 5]\n");
    folder_end();
}

/* A wider exploration runs only what is new; old runs keep their numbers. */
static void test_widened(void)
{
    folder_begin();
    file_write("e.cfg", EVERY_TYPE EXPLORER("{ parameter = \"n\"; values = [2, 0]; }"));
    CU_ASSERT_EQUAL(PIPETTE("run", "e.cfg"), 0);
    file_write("e.cfg", EVERY_TYPE EXPLORER("{ parameter = \"n\"; values = [0, 1, 2, 3]; }"));
    CU_ASSERT_EQUAL(PIPETTE("run", "e.cfg"), 0);
    EXPECT(out_has("E: 2 of 2 runs in ") && command_err[0] == '\0');
    CU_ASSERT_EQUAL(PIPETTE("get", "e.hdf5", "times"), 0);
    EXPECT(strcmp(command_out, "run,n,spike,times\n0,2,0,2\n0,2,1,2.25\n2,1,0,1\n3,3,0,3\n3,3,1,3.25\n3,3,2,3.5\n") ==
           0);
    CU_ASSERT_EQUAL(PIPETTE("get", "e.hdf5", "odd"), 0);
    EXPECT(strcmp(command_out, "run,n,odd\n0,2,\n1,0,\n2,1,yes\n3,3,yes\n") == 0);
    file_write("e.cfg", EVERY_TYPE EXPLORER("{ parameter = \"n\"; values = [5, 6]; }"));
    CU_ASSERT_EQUAL(PIPETTE("run", "e.cfg"), 0);
    EXPECT(out_has("E: 2 of 2 runs in "));
    CU_ASSERT_EQUAL(PIPETTE("get", "e.hdf5", "odd"), 0);
    EXPECT(strcmp(command_out, "run,n,odd\n0,2,\n1,0,\n2,1,yes\n3,3,yes\n4,5,yes\n5,6,\n") == 0);
    CU_ASSERT_EQUAL(PIPETTE("get", "e.hdf5", "out.string", "--run", "5"), 0);
    EXPECT(strcmp(command_out, "Zo\xc3\xab, \"quoted\"\n") == 0);
    /* A narrower one has nothing to do, and takes nothing away. */
    file_write("e.cfg", EVERY_TYPE EXPLORER("{ parameter = \"n\"; values = [3]; }"));
    CU_ASSERT_EQUAL(PIPETTE("run", "e.cfg"), 0);
    EXPECT(out_has("nothing to do, 6 runs are stored"));
    folder_end();
}

/* The table of a refined exploration, with values between the old ones, is sorted by value. */
static void test_refined_table(void)
{
    static const char config[] =
        "name = \"E\";\nrun = { plugin = \"multiply\"; };\n" STORE
        "postprocess = ( { plugin = \"rate_summary\"; value = \"z\"; table = \"summary.products\"; } );\n" EXPLORER(
            "{ parameter = \"x\"; values = [1.0, 3.0]; }, { parameter = \"y\"; values = [5.0, 6.0]; }");
    folder_begin();
    file_write("e.cfg", config);
    CU_ASSERT_EQUAL(PIPETTE("run", "e.cfg"), 0);
    CU_ASSERT_EQUAL(PIPETTE("get", "e.hdf5", "summary.products.z"), 0);
    EXPECT(strcmp(command_out, "y,1,3\n5,5,15\n6,6,18\n") == 0);
    CU_ASSERT_EQUAL(PIPETTE("run", "e.cfg", "--set", "preprocess[0].product[0].values=[1.0, 2.0, 3.0]"), 0);
    EXPECT(out_has("E: 2 of 2 runs in ") && command_err[0] == '\0');
    CU_ASSERT_EQUAL(PIPETTE("get", "e.hdf5", "results.$.z"), 0);
    EXPECT(strcmp(command_out, "run,x,y,z\n0,1,5,5\n1,1,6,6\n2,3,5,15\n3,3,6,18\n4,2,5,10\n5,2,6,12\n") == 0);
    CU_ASSERT_EQUAL(PIPETTE("get", "e.hdf5", "summary.products.z"), 0);
    EXPECT(strcmp(command_out, "y,1,2,3\n5,5,10,15\n6,6,12,18\n") == 0);
    folder_end();
}

static void test_derived(void)
{
    folder_begin();
    file_write("e.cfg", "name = \"E\";\nrun = { plugin = \"" FIXTURE(
                            "reads_derived") "\"; };\n" STORE
                                             "preprocess = ( { plugin = \"" FIXTURE(
                                                 "derives") "\"; factor = 3; },\n"
                                                            "  { plugin = \"explorer\"; product = ( { parameter = "
                                                            "\"x\"; values = [1.0, 2.0]; } ); } );\n");
    CU_ASSERT_EQUAL(PIPETTE("run", "e.cfg"), 0);
    CU_ASSERT_EQUAL(PIPETTE("get", "e.hdf5", "y"), 0);
    EXPECT(strcmp(command_out, "run,x,y\n0,1,140\n1,2,240\n") == 0);
    CU_ASSERT_EQUAL(PIPETTE("get", "e.hdf5", "scaled"), 0);
    EXPECT(strcmp(command_out, "30\n") == 0);
    CU_ASSERT_EQUAL(PIPETTE("get", "e.hdf5", "dpar.shift.scaled"), 0);
    EXPECT(strcmp(command_out, "30\n") == 0);
    /* A preset waits for the parameter that the plugin adds. */
    CU_ASSERT_EQUAL(PIPETTE("run", "e.cfg", "--overwrite", "--set", "parameters.shift.offset=1"), 0);
    CU_ASSERT_EQUAL(PIPETTE("get", "e.hdf5", "y", "--run", "1"), 0);
    EXPECT(strcmp(command_out, "204\n") == 0);
    /* The plugin's own refusal. */
    CU_ASSERT_EQUAL(PIPETTE("run", "e.cfg", "--overwrite", "--set", "parameters.shift.offset=-1.0"), 2);
    EXPECT(one_error_line() && err_has("e.cfg:4: plugin 'derives': ") &&
           err_has("shift.offset = -1: give one of at least 0"));
    folder_end();
}

/* ---- Values ---- */

static void check_every_type(const char *how)
{
    folder_begin();
    file_write("e.cfg", EVERY_TYPE EXPLORER("{ parameter = \"n\"; values = [3, 0, 2]; }"));
    CU_ASSERT_EQUAL(PIPETTE("run", "e.cfg", how), 0);
    EXPECT(command_err[0] == '\0');
    CU_ASSERT_EQUAL(PIPETTE("get", "e.hdf5", "out.u64", "--run", "0"), 0);
    EXPECT(strcmp(command_out, "18446744073709551615\n") == 0);
    CU_ASSERT_EQUAL(PIPETTE("get", "e.hdf5", "out.i64"), 0);
    EXPECT(strcmp(command_out, "run,n,i64\n0,3,-9007199254740993\n1,0,-9007199254740993\n2,2,-9007199254740993\n") ==
           0);
    CU_ASSERT_EQUAL(PIPETTE("get", "e.hdf5", "out.complex", "--run", "2"), 0);
    EXPECT(strcmp(command_out, "1.5+0j\n") == 0);
    CU_ASSERT_EQUAL(PIPETTE("get", "e.hdf5", "out.string"), 0);
    EXPECT(strcmp(command_out, "run,n,string\n0,3,\"Zo\xc3\xab, \"\"quoted\"\"\"\n1,0,\"Zo\xc3\xab, "
                               "\"\"quoted\"\"\"\n2,2,\"Zo\xc3\xab, \"\"quoted\"\"\"\n") == 0);
    CU_ASSERT_EQUAL(PIPETTE("get", "e.hdf5", "out.bool", "--run", "1"), 0);
    EXPECT(strcmp(command_out, "true\n") == 0 || strcmp(command_out, "1\n") == 0);
    CU_ASSERT_EQUAL(PIPETTE("get", "e.hdf5", "times", "--run", "0"), 0);
    EXPECT(strcmp(command_out, "spike,times\n0,3\n1,3.25\n2,3.5\n") == 0);
    CU_ASSERT_EQUAL(PIPETTE("get", "e.hdf5", "times", "--run", "1"), 0);
    EXPECT(strcmp(command_out, "spike,times\n") == 0);
    CU_ASSERT_EQUAL(PIPETTE("get", "e.hdf5", "times"), 0);
    EXPECT(strcmp(command_out, "run,n,spike,times\n0,3,0,3\n0,3,1,3.25\n0,3,2,3.5\n2,2,0,2\n2,2,1,2.25\n") == 0);
    CU_ASSERT_EQUAL(PIPETTE("get", "e.hdf5", "matrix", "--run", "2", "--wide"), 0);
    EXPECT(strcmp(command_out, "row,1,1.5,2\n0,20,21,22\n1,23,24,25\n") == 0);
    CU_ASSERT_EQUAL(PIPETTE("get", "e.hdf5", "more.run_2.vector"), 0);
    EXPECT(out_has("0,0.5\n1,1.5\n2,2.5\n"));
    CU_ASSERT_EQUAL(PIPETTE("get", "e.hdf5", "odd"), 0);
    EXPECT(strcmp(command_out, "run,n,odd\n0,3,yes\n1,0,\n2,2,\n") == 0);
    CU_ASSERT_EQUAL(PIPETTE("get", "e.hdf5", "in.u64"), 0);
    EXPECT(strcmp(command_out, "18446744073709551615\n") == 0);
    CU_ASSERT_EQUAL(PIPETTE("get", "e.hdf5", "in.string"), 0);
    EXPECT(strcmp(command_out, "Zo\xc3\xab, \"quoted\"\n") == 0);
    CHECK_FILE("e.hdf5",
               "o = f['results/out']\n"
               "assert o['f64'][:].tolist() == [0.1] * 3 and o['f64'].dtype == '<f8'\n"
               "assert o['f32'].dtype == '<f4' and o['i64'].dtype == '<i8' and o['i32'].dtype == '<i4' and "
               "o['u64'].dtype == '<u8'\n"
               "assert o['u64'][:].tolist() == [2**64 - 1] * 3 and o['i64'][:].tolist() == [-9007199254740993] * 3\n"
               "assert o['i32'][:].tolist() == [-7] * 3 and o['f32'][:].tolist() == [0.25] * 3\n"
               "assert [int(x) for x in o['bool'][:]] == [1] * 3\n"
               "assert [x.decode() for x in o['string'][:]] == ['Zo\\u00eb, \"quoted\"'] * 3\n"
               "assert o['matrix'].shape == (3, 2, 3) and o['matrix'][0].ravel().tolist() == [30, 31, 32, 33, 34, 35]\n"
               "c = o['complex']\nz = c[0]\n"
               "assert complex(z[0], z[1]) == 1.5 if c.dtype.names else complex(*np.atleast_1d(z)) == 1.5\n"
               "assert f['parameters/in/u64'][()] == 2**64 - 1\n"
               "assert f['parameters/in/vector'][:].tolist() == [0.5, 1.5, 2.5]\n"
               "print(o['random'][:].tolist(), o['uniform'][:].tolist())\n");
    EXPECT(command_out[0] == '[');
    CU_ASSERT_EQUAL(
        PYTHON_RUN("import h5py, sys, xarray\n"
                   "groups = []\n"
                   "with h5py.File(sys.argv[1]) as f:\n"
                   "    f.visititems(lambda name, o: groups.append(name) if isinstance(o, h5py.Group) else None)\n"
                   "for group in groups:\n"
                   "    xarray.open_dataset(sys.argv[1], group=group, engine='h5netcdf').load()\n",
                   "e.hdf5"),
        0);
    EXPECT(command_err[0] == '\0');
    folder_end();
}

static void test_every_type(void)
{
    check_every_type("--workers=2");
}

static void test_every_type_in_process(void)
{
    check_every_type("--in-process");
}

static void test_typed_presets(void)
{
    folder_begin();
    file_write("e.cfg", EVERY_TYPE "parameters = { in = { f64 = 2; f32 = 0.5; i64 = 9223372036854775807L; i32 = "
                                   "2147483647; u64 = \"18446744073709551614\";\n"
                                   "bool = false; string = \"a\\\"b\"; vector = [1, 2.5]; }; };\n");
    CU_ASSERT_EQUAL(PIPETTE("run", "e.cfg"), 0);
    EXPECT(command_err[0] == '\0');
    CHECK_FILE(
        "e.hdf5",
        "o = f['results/out']\n"
        "assert o['f64'][0] == 2 and o['f32'][0] == 0.5 and o['i64'][0] == 2**63 - 1 and o['i32'][0] == 2**31 - 1\n"
        "assert o['u64'][0] == 2**64 - 2 and int(o['bool'][0]) == 0 and o['string'][0].decode() == 'a\"b'\n"
        "assert f['parameters/in/vector'][:].tolist() == [1.0, 2.5]\n");
    CU_ASSERT_EQUAL(PIPETTE("run", "e.cfg", "--dry-run", "--set", "parameters.in.i32=2147483648"), 2);
    EXPECT(one_error_line() && err_has("i32"));
    CU_ASSERT_EQUAL(PIPETTE("run", "e.cfg", "--dry-run", "--set", "parameters.in.u64=-1"), 2);
    EXPECT(one_error_line() && err_has("u64"));
    folder_end();
}

static void random_of(char *out, size_t size, const char *how, const char *seed)
{
    CU_ASSERT_EQUAL(PIPETTE("run", "e.cfg", "--overwrite", how, "--set", seed), 0);
    CU_ASSERT_EQUAL(PIPETTE("get", "e.hdf5", "random"), 0);
    (void)snprintf(out, size, "%s", command_out);
    CU_ASSERT_EQUAL(PIPETTE("get", "e.hdf5", "uniform"), 0);
    (void)snprintf(out + strlen(out), size - strlen(out), "%s", command_out);
}

static void test_random(void)
{
    static char one[20000], other[20000];
    folder_begin();
    file_write("e.cfg", EVERY_TYPE EXPLORER("{ parameter = \"n\"; from = 0; to = 99; step = 1; }"));
    random_of(one, sizeof one, "--workers=1", "seed=7");
    random_of(other, sizeof other, "--workers=3", "seed=7");
    CU_ASSERT_STRING_EQUAL(one, other);
    random_of(other, sizeof other, "--in-process", "seed=7");
    CU_ASSERT_STRING_EQUAL(one, other);
    random_of(other, sizeof other, "--workers=2", "seed=8");
    CU_ASSERT_STRING_NOT_EQUAL(one, other);
    CHECK_FILE("e.hdf5", "r, u = f['results/out/random'][:], f['results/out/uniform'][:]\n"
                         "assert len(set(r.tolist())) == 100 and len(set(u.tolist())) == 100\n"
                         "assert (u >= 0).all() and (u < 1).all() and 0.35 < u.mean() < 0.65\n");
    folder_end();
}

SUITE("pipelines", {"multiply", test_multiply}, {"zipped", test_zipped}, {"names", test_names}, {"--runs", test_runs},
      {"--set", test_set}, {"--dry-run", test_dry_run}, {"--progress=json", test_progress},
      {"the same again, and --overwrite", test_overwrite}, {"--accept-changes", test_accept_changes},
      {"interrupted once", test_interrupt_once}, {"interrupted twice", test_interrupt_twice},
      {"interrupted in one process", test_interrupt_in_process}, {"failed runs", test_failed},
      {"failed runs in one process", test_failed_in_process}, {"infeasible points", test_infeasible},
      {"timeout", test_timeout}, {"postprocessing expands", test_expands}, {"a wider exploration", test_widened},
      {"the table of a refined exploration", test_refined_table}, {"derived parameters", test_derived},
      {"every type", test_every_type}, {"every type in one process", test_every_type_in_process},
      {"presets of every type", test_typed_presets}, {"random numbers", test_random}, )
