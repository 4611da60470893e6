/* Tests of `reset`: which runs, what is left of them, what the next run does, and who may not. */
#include "python.h"
#include "suite.h"

#define EXPLORER                                                                                                       \
    "preprocess = ( { plugin = \"explorer\"; product = ( { parameter = \"x\"; values = [0.0, 1.0, 2.0, 7.0, -1.0, "    \
    "200.0]; } ); } );\n"
#define STORE "storage = { plugin = \"hdf5\"; file = \"e.hdf5\"; };\n"

static void begin(void)
{
    folder_begin();
    file_write("e.cfg", "name = \"E\";\nrun = { plugin = \"" FIXTURE("gaps") "\"; };\n" STORE EXPLORER);
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "e.cfg"), 1);
}

static char *kept(void)
{
    static char text[4096];
    (void)SHELL("for p in count flag ratio wave note pair square events odd message; do " TEST_COMMAND
                " get e.hdf5 $p; done");
    (void)snprintf(text, sizeof text, "%s", command_out);
    return text;
}

static void test_reset(void)
{
    char *before;
    begin();
    before = strdup(kept());
    CU_ASSERT_EQUAL(PIPETTE("reset", "e.hdf5", "--runs", "1,3-4"), 0);
    CU_ASSERT_STRING_EQUAL(command_out,
                           "e.hdf5: 3 runs are pending again; `pipette run` with its config does them anew\n");
    CU_ASSERT_EQUAL(PIPETTE("get", "e.hdf5", "runs"), 0);
    CU_ASSERT_STRING_EQUAL(command_out, "run,state,x,message\n0,done,0,\n1,pending,1,\n2,done,2,\n3,pending,7,\n4,"
                                        "pending,-1,\n5,infeasible,200,beyond 100\n");
    CU_ASSERT_EQUAL(PIPETTE("get", "e.hdf5", "events", "--wide", "--json"), 0);
    EXPECT(out_has("{\"run\": 1, \"x\": 1, \"events\": null}") &&
           out_has("{\"run\": 2, \"x\": 2, \"events\": [10, 20]}"));
    CU_ASSERT_EQUAL(PIPETTE("get", "e.hdf5", "odd", "--run", "1"), 0);
    CU_ASSERT_STRING_EQUAL(command_out, "\n");
    /* Plain tools see fill values and no message. */
    CU_ASSERT_EQUAL(
        PYTHON_RUN("import h5py, sys, numpy\nf = h5py.File('e.hdf5')\nassert f['runs/state'][:].tolist() == [1, 0, 1, "
                   "0, 0, 4]\n"
                   "assert numpy.isnan(f['results/ratio'][[1, 3, 4]]).all() and f['results/count'][1] == "
                   "-9223372036854775806\n"
                   "assert f['results/events_count'][:].tolist() == [0, 0, 2, 0, 0, 0]\nassert [(r, t) for r, t in "
                   "zip(f['runs/message/row'][:], f['runs/message/text'][:]) if t] == [(5, b'beyond 100')]\n",
                   ""),
        0);
    /* Exactly these are done again, and all is what it was. */
    CU_ASSERT_EQUAL(PIPETTE("run", "e.cfg"), 1);
    EXPECT(out_has("E: 3 of 3 runs in "));
    CU_ASSERT_STRING_EQUAL(kept(), before);
    CU_ASSERT_EQUAL(PIPETTE("run", "e.cfg"), 1);
    EXPECT(out_has("nothing to do, 6 runs are stored"));
    free(before);
    folder_end();
}

static void test_which(void)
{
    begin();
    CU_ASSERT_EQUAL(PIPETTE("reset", "e.hdf5", "--where", "count > 0 and not flag", "--dry-run"), 0);
    CU_ASSERT_STRING_EQUAL(command_out, "e.hdf5: 1 run would be pending again\n");
    CU_ASSERT_EQUAL(PIPETTE("reset", "e.hdf5", "--where", "x > 1000"), 0);
    CU_ASSERT_STRING_EQUAL(command_out, "e.hdf5: 0 runs are pending again\n");
    CU_ASSERT_EQUAL(PIPETTE("run", "e.cfg"), 1);
    EXPECT(out_has("nothing to do, 6 runs are stored"));
    CU_ASSERT_EQUAL(PIPETTE("reset", "e.hdf5", "--state", "failed,infeasible", "--where", "x < 100"), 0);
    CU_ASSERT_STRING_EQUAL(command_out,
                           "e.hdf5: 1 run is pending again; `pipette run` with its config does them anew\n");
    CU_ASSERT_EQUAL(PIPETTE("reset", "e.hdf5", "--runs", "4"), 0); /* it is already */
    CU_ASSERT_STRING_EQUAL(command_out, "e.hdf5: 0 runs are pending again\n");
    CU_ASSERT_EQUAL(PIPETTE("reset", "e.hdf5"), 2);
    EXPECT(one_error_line() && err_has("which runs? --runs LIST, --where CONDITION or --state LIST"));
    CU_ASSERT_EQUAL(PIPETTE("reset", "e.hdf5", "--runs", "4-9"), 2);
    EXPECT(one_error_line() && err_has("e.hdf5: holds no run 6"));
    CU_ASSERT_EQUAL(PIPETTE("reset", "e.hdf5", "--where", "cuont == 1"), 2);
    EXPECT(one_error_line() && err_has("character 1 of 'cuont == 1': "));
    CU_ASSERT_EQUAL(PIPETTE("reset", "absent.hdf5", "--runs", "0"), 4);
    EXPECT(one_error_line() && err_has("absent.hdf5"));
    CU_ASSERT_EQUAL(PIPETTE("get", "e.hdf5", "runs.state", "--where", "state == 'pending'"), 0);
    CU_ASSERT_STRING_EQUAL(command_out, "run,x,state\n4,-1,pending\n");
    folder_end();
}

/* Every second of many runs. */
static void test_many(void)
{
    folder_begin();
    file_write("e.cfg", "name = \"M\";\nrun = { plugin = \"multiply\"; };\n" STORE
                        "preprocess = ( { plugin = \"explorer\"; product = ( { parameter = \"x\"; from = 0.0; to = "
                        "29.99; step = 0.01; }, "
                        "{ parameter = \"y\"; from = 0.1; to = 10.0; step = 0.1; } ); } );\n");
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "e.cfg"), 0);
    CU_ASSERT_EQUAL(SHELL("cp e.hdf5 before.hdf5"), 0);
    CU_ASSERT_EQUAL(PIPETTE("reset", "e.hdf5", "--where", "run % 2 == 1 and (run < 1000 or run > 1009)"), 0);
    CU_ASSERT_STRING_EQUAL(command_out,
                           "e.hdf5: 149995 runs are pending again; `pipette run` with its config does them anew\n");
    CU_ASSERT_EQUAL(
        PYTHON_RUN(
            "import h5py, numpy, os\nf, b = h5py.File('e.hdf5'), h5py.File('before.hdf5')\n"
            "r = numpy.arange(300000)\nagain = (r % 2 == 1) & ((r < 1000) | (r > 1009))\n"
            "assert (f['runs/state'][:] == numpy.where(again, 0, 1)).all()\n"
            "z, w = f['results/z'][:], b['results/z'][:]\nassert numpy.isnan(z[again]).all() and (z[~again] == "
            "w[~again]).all()\n"
            "d = f['runs/duration'][:]\nassert numpy.isnan(d[again]).all() and not numpy.isnan(d[~again]).any()\n"
            "assert os.path.getsize('e.hdf5') < 1.3 * os.path.getsize('before.hdf5')\n",
            ""),
        0);
    EXPECT(command_err[0] == '\0');
    CU_ASSERT_EQUAL(PIPETTE("run", "e.cfg"), 0);
    EXPECT(out_has("M: 149995 of 149995 runs in "));
    CU_ASSERT_EQUAL(
        PYTHON_RUN("import h5py\nf, b = h5py.File('e.hdf5'), h5py.File('before.hdf5')\n"
                   "assert (f['runs/state'][:] == 1).all() and (f['results/z'][:] == b['results/z'][:]).all()\n",
                   ""),
        0);
    folder_end();
}

/* Not while a command writes the file. */
static void test_written(void)
{
    pid_t writer;
    int i, code = 0;
    folder_begin();
    file_write("e.cfg", "name = \"E\";\nrun = { plugin = \"" FIXTURE(
                            "moody") "\"; };\n" STORE
                                     "preprocess = ( { plugin = \"explorer\"; product = ( { parameter = \"x\"; values "
                                     "= [0.0, 1.0]; }, { parameter = \"seconds\"; values = [0.0, 3.0]; } ); } );\n");
    writer = PIPETTE_START("run", "-q", "e.cfg", "-w", "1");
    for (i = 0; i < 400 && !file_exists("e.hdf5"); i++)
        command_pause(0.01);
    {
        FILE *files[2] = {command_files[0], command_files[1]};
        code = PIPETTE("reset", "e.hdf5", "--runs", "0");
        EXPECT(one_error_line() && err_has("is being written by another process"));
        command_files[0] = files[0];
        command_files[1] = files[1];
    }
    CU_ASSERT_EQUAL(code, 4);
    CU_ASSERT_EQUAL(command_wait(writer, COMMAND_SECONDS), 0);
    CU_ASSERT_EQUAL(PIPETTE("reset", "e.hdf5", "--runs", "0"), 0);
    folder_end();
}

SUITE("reset", {"runs again", test_reset}, {"which runs", test_which}, {"many runs", test_many},
      {"a file that is written", test_written}, )
