/* Tests of `pipette export` without --grid: a part of a result file as one of its own. */
#include "command.h"
#include "suite.h"

#define TUTORIAL TEST_SOURCE_FOLDER "/../pipelines/firing_rate.cfg"
#define GAPS                                                                                                           \
    "name = \"E\";\nrun = { plugin = \"" FIXTURE(                                                                      \
        "gaps") "\"; };\nstorage = { plugin = \"hdf5\"; file = \"a.h5\"; };\n"                                         \
                "preprocess = ( { plugin = \"explorer\"; product = ( { parameter = \"x\"; values = [0.0, 1.0, 2.0, "   \
                "7.0, -1.0, 200.0]; } ); } );\n"

static void test_runs(void)
{
    folder_begin();
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", TUTORIAL, "--set", "storage.file=a.h5"), 0);
    CU_ASSERT_EQUAL(SHELL("md5sum a.h5 > before"), 0);
    CU_ASSERT_EQUAL(PIPETTE("export", "a.h5", "-o", "p.h5", "--where", "I > 0.495 and tau_ref == 5"), 0);
    CU_ASSERT_STRING_EQUAL(command_out, "p.h5: 51 runs\n");
    EXPECT(command_err[0] == '\0');
    CU_ASSERT_EQUAL(SHELL("md5sum -c --quiet before"), 0);
    CU_ASSERT_EQUAL(PIPETTE("check", "p.h5"), 0);
    CU_ASSERT_STRING_EQUAL(command_out, "p.h5: 51 runs, and all is as it was stored\n");
    CU_ASSERT_EQUAL(PIPETTE("get", "p.h5", "nspikes", "--where", "I < 0.525"), 0);
    CU_ASSERT_STRING_EQUAL(command_out, "run,tau_ref,I,nspikes\n50,5,0.5,137\n51,5,0.51,139\n52,5,0.52,139\n");
    CU_ASSERT_EQUAL(PIPETTE("diff", "p.h5", "a.h5"), 1);
    EXPECT(out_has("51 runs at the same point, 0 of them differ; 0 runs only in p.h5, 252 only in a.h5\n"));
    /* The config goes on with it. */
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", TUTORIAL, "--set", "storage.file=p.h5"), 0);
    CU_ASSERT_EQUAL(PIPETTE("diff", "p.h5", "a.h5"), 0);
    CU_ASSERT_STRING_EQUAL(command_out, "the same: 303 runs\n");
    folder_end();
}

static void test_results(void)
{
    folder_begin();
    file_write("a.cfg", GAPS);
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "a.cfg"), 1);
    CU_ASSERT_EQUAL(
        PIPETTE("export", "a.h5", "-o", "p.h5", "--omit", "square", "--omit", "note", "--state", "done,failed"), 0);
    CU_ASSERT_STRING_EQUAL(command_out, "p.h5: 5 runs\n");
    CU_ASSERT_EQUAL(PIPETTE("diff", "a.h5", "p.h5"), 1);
    CU_ASSERT_STRING_EQUAL(command_out,
                           "results.$.note stands only in the first file\n"
                           "results.$.square stands only in the first file\n"
                           "5 runs at the same point, 0 of them differ; 1 run only in a.h5, 0 only in p.h5\n");
    CU_ASSERT_EQUAL(PIPETTE("export", "p.h5", "-o", "q.h5", "--runs", "1-2"), 0);
    CU_ASSERT_EQUAL(PIPETTE("get", "q.h5", "odd"), 0);
    EXPECT(out_has("1,1,11\n"));
    folder_end();
}

static void test_refused(void)
{
    folder_begin();
    file_write("a.cfg", GAPS);
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "a.cfg"), 1);
    CU_ASSERT_EQUAL(PIPETTE("export", "a.h5", "-o", "a.h5"), 2);
    EXPECT(one_error_line() && err_has("a.h5 is the file that a part is taken of: name another one"));
    CU_ASSERT_EQUAL(PIPETTE("export", "a.h5", "-o", "p.h5", "--omit", "squares"), 2);
    EXPECT(one_error_line() && err_has("holds no 'squares'; did you mean 'results.$.square'?"));
    CU_ASSERT_EQUAL(PIPETTE("export", "a.h5", "-o", "p.h5", "--omit", "x"), 2);
    EXPECT(one_error_line() && err_has("'x' is no result of the runs: it cannot be left out"));
    CU_ASSERT_EQUAL(PIPETTE("export", "a.h5", "-o", "p.h5", "--where", "x > 1000"), 2);
    EXPECT(one_error_line() && err_has("a.h5: no run is left to be written"));
    CU_ASSERT_EQUAL(PIPETTE("export", "a.h5", "--grid", "-o", "p.nc", "--where", "x > 0"), 2);
    EXPECT(one_error_line() && err_has("make a part first"));
    CU_ASSERT_EQUAL(PIPETTE("export", "a.h5"), 2);
    EXPECT(one_error_line() && err_has("into which file? -o OUT"));
    CU_ASSERT_EQUAL(SHELL("test ! -e p.h5"), 0);
    folder_end();
}

SUITE("part", {"runs", test_runs}, {"results", test_results}, {"refused", test_refused}, )
