/* Tests of `pipette merge`: one file of two, by the points of their runs. */
#include "python.h"
#include "suite.h"

#define STAGES(model, file, explored)                                                                                  \
    "name = \"E\";\nrun = { plugin = \"" model "\"; };\nstorage = { plugin = \"hdf5\"; file = \"" file                 \
    "\"; };\npreprocess = ( { plugin = \"explorer\"; product = ( " explored " ); } );\n"
#define GAPS(file, values) STAGES(FIXTURE("gaps"), file, "{ parameter = \"x\"; values = [" values "]; }")
#define TUTORIAL TEST_SOURCE_FOLDER "/../pipelines/firing_rate.cfg"

static void run(const char *config, const char *text, int code)
{
    file_write(config, text);
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", config), code);
}

/* Halves that overlap are the whole; the config goes on with it, and a run can be computed again. */
static void test_halves(void)
{
    folder_begin();
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", TUTORIAL, "--set", "storage.file=a.h5", "--runs", "0-149"), 0);
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", TUTORIAL, "--set", "storage.file=b.h5", "--runs", "100-302"), 0);
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", TUTORIAL, "--set", "storage.file=whole.h5"), 0);
    CU_ASSERT_EQUAL(SHELL("md5sum a.h5 b.h5 > before"), 0);
    CU_ASSERT_EQUAL(PIPETTE("merge", "a.h5", "b.h5", "-o", "m.h5"), 0);
    CU_ASSERT_STRING_EQUAL(command_out, "m.h5: 303 runs, 150 from a.h5, 153 from b.h5; 50 at points that both have\n");
    EXPECT(command_err[0] == '\0');
    CU_ASSERT_EQUAL(SHELL("md5sum -c --quiet before"), 0);
    CU_ASSERT_EQUAL(PIPETTE("check", "m.h5"), 0);
    CU_ASSERT_EQUAL(PIPETTE("run", TUTORIAL, "--set", "storage.file=m.h5"), 0);
    EXPECT(out_has("nothing to do, 303 runs are stored"));
    CU_ASSERT_EQUAL(PIPETTE("diff", "m.h5", "whole.h5"), 0);
    CU_ASSERT_STRING_EQUAL(command_out, "the same: 303 runs\n");
    CU_ASSERT_EQUAL(PIPETTE("replay", "m.h5", "210"), 0);
    /* What only the first has, and all runs of it, stays what it is. */
    CU_ASSERT_EQUAL(
        PIPETTE("run", "-q", TUTORIAL, "--set", "storage.file=few.h5", "--runs", "0-9", "--set", "run.omit=[\"V\"]"),
        0);
    CU_ASSERT_EQUAL(PIPETTE("merge", "whole.h5", "few.h5", "-o", "f.h5"), 0);
    CU_ASSERT_EQUAL(SHELL("ncdump -h f.h5 | grep -q 'double V(run, time) ;'"), 0);
    CU_ASSERT_EQUAL(PIPETTE("merge", "few.h5", "whole.h5", "-o", "s.h5", "--prefer", "second"), 0);
    CU_ASSERT_EQUAL(SHELL("ncdump -h s.h5 | grep -q 'double V(run, time) ;'"), 0);
    /* Once more: it is there. */
    CU_ASSERT_EQUAL(PIPETTE("merge", "a.h5", "b.h5", "-o", "m.h5"), 0);
    CU_ASSERT_EQUAL(PIPETTE("diff", "m.h5", "whole.h5"), 0);
    folder_end();
}

/* Failed and infeasible runs with their words, texts, ragged and undeclared results, in another order. */
static void test_kinds(void)
{
    folder_begin();
    run("a.cfg", GAPS("a.h5", "0.0, 1.0, -1.0, 200.0"), 1);
    run("b.cfg", GAPS("b.h5", "7.0, 200.0, 2.0, 1.0, 3.0"), 0);
    run("c.cfg", GAPS("c.h5", "3.0, 2.0, 1.0, 0.0, -1.0, 200.0, 7.0"), 1);
    CU_ASSERT_EQUAL(PIPETTE("merge", "a.h5", "b.h5", "-o", "m.h5", "-w", "1"), 0);
    CU_ASSERT_STRING_EQUAL(command_out, "m.h5: 7 runs, 4 from a.h5, 3 from b.h5; 2 at points that both have\n");
    CU_ASSERT_EQUAL(PIPETTE("diff", "c.h5", "m.h5"), 0);
    CU_ASSERT_STRING_EQUAL(command_out, "the same: 7 runs\n");
    CU_ASSERT_EQUAL(PIPETTE("get", "m.h5", "runs", "--state", "failed,infeasible"), 0);
    EXPECT(out_has("x = -1, ") && out_has("negative") && out_has("beyond 100"));
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "c.cfg", "--set", "storage.file=m.h5"), 1);
    CU_ASSERT_EQUAL(PIPETTE("check", "m.h5"), 0);
    EXPECT(out_has("m.h5: 7 runs, and all is as it was stored"));
    folder_end();
}

/* What is constant in each of them but different becomes explored; so does what only one explores. */
static void test_spaces(void)
{
    folder_begin();
    run("a.cfg",
        STAGES("multiply", "a.h5", "{ parameter = \"x\"; values = [1.0, 2.0]; }") "parameters = { y = 5.0; };\n", 0);
    run("b.cfg",
        STAGES("multiply", "b.h5", "{ parameter = \"x\"; values = [2.0, 3.0]; }") "parameters = { y = 6.0; };\n", 0);
    run("c.cfg",
        STAGES("multiply", "c.h5", "{ parameter = \"y\"; values = [5.0, 7.0]; }") "parameters = { x = 2.0; };\n", 0);
    CU_ASSERT_EQUAL(PIPETTE("merge", "a.h5", "b.h5", "-o", "ab.h5"), 0);
    CU_ASSERT_EQUAL(PIPETTE("get", "ab.h5", "z"), 0);
    CU_ASSERT_STRING_EQUAL(command_out, "run,x,y,z\n0,1,5,5\n1,2,5,10\n2,2,6,12\n3,3,6,18\n");
    CU_ASSERT_EQUAL(PIPETTE("merge", "ab.h5", "c.h5", "-o", "abc.h5"), 0);
    CU_ASSERT_STRING_EQUAL(command_out, "abc.h5: 5 runs, 4 from ab.h5, 1 from c.h5; 1 at points that both have\n");
    CU_ASSERT_EQUAL(PIPETTE("get", "abc.h5", "z"), 0);
    CU_ASSERT_STRING_EQUAL(command_out, "run,x,y,z\n0,1,5,5\n1,2,5,10\n2,2,6,12\n3,3,6,18\n4,2,7,14\n");
    folder_end();
}

/* Where both have a run and they differ, somebody must say whose counts. */
static void test_unequal(void)
{
    folder_begin();
    run("a.cfg", STAGES(FIXTURE("dice"), "a.h5", "{ parameter = \"x\"; values = [1.0, 2.0]; }") "seed = 1;\n", 0);
    run("b.cfg", STAGES(FIXTURE("dice"), "b.h5", "{ parameter = \"x\"; values = [2.0, 3.0]; }") "seed = 2;\n", 0);
    CU_ASSERT_EQUAL(PIPETTE("merge", "a.h5", "b.h5", "-o", "m.h5"), 1);
    EXPECT(out_has("run_00000001, run_00000000 there: results."));
    EXPECT(one_error_line() && err_has("a.h5 and b.h5 have results at the same points that differ"));
    CU_ASSERT_EQUAL(SHELL("test ! -e m.h5"), 0);
    CU_ASSERT_EQUAL(PIPETTE("merge", "a.h5", "b.h5", "-o", "first.h5", "--prefer", "first"), 0);
    EXPECT(out_has("first.h5: 3 runs, 2 from a.h5, 1 from b.h5; 1 at points that both have\n"));
    CU_ASSERT_EQUAL(PIPETTE("merge", "a.h5", "b.h5", "-o", "second.h5", "--prefer", "second"), 0);
    EXPECT(out_has("second.h5: 3 runs, 1 from a.h5, 2 from b.h5; 1 at points that both have\n"));
    CU_ASSERT_EQUAL(PIPETTE("diff", "a.h5", "first.h5"), 1);
    EXPECT(out_has("2 runs at the same point, 0 of them differ; 0 runs only in a.h5, 1 only in first.h5\n"));
    CU_ASSERT_EQUAL(PIPETTE("diff", "b.h5", "second.h5"), 1);
    EXPECT(out_has("2 runs at the same point, 0 of them differ; 0 runs only in b.h5, 1 only in second.h5\n"));
    folder_end();
}

/* Killed at any moment, the same command goes on. */
static void test_killed(void)
{
    static const char *const delays[] = {"0.01", "0.02", "0.03", "0.04", "0.05", "0.06"};
    char line[160];
    size_t i;
    folder_begin();
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", TUTORIAL, "--set", "storage.file=a.h5", "--runs", "0-149"), 0);
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", TUTORIAL, "--set", "storage.file=b.h5", "--runs", "100-302"), 0);
    CU_ASSERT_EQUAL(PIPETTE("merge", "a.h5", "b.h5", "-o", "whole.h5"), 0);
    for (i = 0; i < sizeof delays / sizeof delays[0]; i++) {
        (void)snprintf(line, sizeof line, "timeout -s KILL %s " TEST_COMMAND " merge a.h5 b.h5 -o m%zu.h5", delays[i],
                       i);
        (void)SHELL(line);
        (void)snprintf(line, sizeof line,
                       TEST_COMMAND " merge a.h5 b.h5 -o m%zu.h5 && " TEST_COMMAND " diff m%zu.h5 whole.h5", i, i);
        EXPECT(SHELL(line) == 0 && out_has("the same: 303 runs\n"));
    }
    folder_end();
}

static void test_refused(void)
{
    folder_begin();
    run("a.cfg", GAPS("a.h5", "0.0, 1.0"), 0);
    run("b.cfg", GAPS("b.h5", "1.0, 2.0"), 0);
    run("m.cfg", STAGES("multiply", "m.h5", "{ parameter = \"y\"; values = [5.0, 7.0]; }"), 0);
    CU_ASSERT_EQUAL(PIPETTE("merge", "a.h5", "b.h5", "-o", "a.h5"), 2);
    EXPECT(one_error_line() && err_has("a.h5 is one of the files that are merged: name another one"));
    CU_ASSERT_EQUAL(PIPETTE("merge", "a.h5", "m.h5", "-o", "o.h5"), 2);
    EXPECT(one_error_line() && err_has("has no such parameter"));
    CU_ASSERT_EQUAL(PIPETTE("merge", "a.h5", "b.h5"), 2);
    EXPECT(one_error_line() && err_has("-o OUT"));
    CU_ASSERT_EQUAL(PIPETTE("merge", "a.h5", "nothing.h5", "-o", "o.h5"), 4);
    EXPECT(one_error_line());
    /* Rotten bits get no new checksum. */
    EXPECT(PYTHON_RUN("import h5py\nf = h5py.File('b.h5', 'r+')\nf['results/ratio'][1] = 7.0\n", "") == 0);
    CU_ASSERT_EQUAL(PIPETTE("merge", "a.h5", "b.h5", "-o", "o.h5"), 4);
    EXPECT(one_error_line() && err_has("b.h5 is damaged: `pipette check b.h5` says where"));
    CU_ASSERT_EQUAL(SHELL("test ! -e o.h5"), 0);
    folder_end();
}

SUITE("merge", {"halves", test_halves}, {"every kind of result", test_kinds}, {"spaces", test_spaces},
      {"unequal", test_unequal}, {"killed", test_killed}, {"refused", test_refused}, )
