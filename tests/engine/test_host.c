/* Tests of what a model can call: every entry of the tables for a run, a shape and a stage, rightly and wrongly. */
#include "hostile.h"

#define RUN                                                                                                            \
    "run = { plugin = \"" FIXTURE(                                                                                     \
        "every_entry") "\"; gain = 2.5; offset = -3; big = \"18446744073709551615\"; on = true; "                      \
                       "word = \"word\"; list = ( { a = 1; }, { a = 2; }, { a = 3; } ); };\n"
#define CONFIG(uses)                                                                                                   \
    "name = \"H\";\nseed = \"9223372036854775813\";\npreprocess = ( { plugin = \"explorer\"; product = ( { parameter " \
    "= \"use\"; "                                                                                                      \
    "values = [" uses "]; } ); } );\n" RUN "storage = { plugin = \"hdf5\"; file = \"h.hdf5\"; };\n"

static int same(const char *path, long run, const char *text)
{
    const char *got = of_run(path, run);
    if (strcmp(got, text) != 0)
        fprintf(stderr, "\n%s of run %ld: '%s', not '%s'\n", path, run, got, text);
    return strcmp(got, text) == 0;
}
#define SAME(path, run, text) CU_ASSERT(same(path, run, text))

static void test_right(void)
{
    static const char *const isolations[] = {"run.isolation=batch", "run.isolation=run"};
    static const char *const workers[] = {"1", "3"};
    int i;
    hostile_begin(CONFIG("0, 1, 2, 3, 4, 5, 6, 7"));
    for (i = 0; i < 3; i++) {
        long run;
        int code = i < 2 ? PIPETTE("run", "h.cfg", "--overwrite", "--workers", workers[i], "--set", isolations[i])
                         : PIPETTE("run", "h.cfg", "--overwrite", "--in-process");
        CU_ASSERT(told(code == 0, "the run"));
        CU_ASSERT_EQUAL(count_lines("runs.state", "done"), 8);
        for (run = 0; run < 8; run++) {
            SAME("x", run, run == 5 ? "-7" : "1.5");
            SAME("n", run, run == 5 ? "1" : "-9007199254740993");
            SAME("name", run, "Zo\xc3\xab");
        }
        SAME("more.half", 6, "0.5");
        SAME("bare", 6, "11");
        /* Philox4x64-10 of key (seed, 3) and counter (1, run, 0, 0), its second number; computed by itself in Python.
         */
        SAME("bits", 2, "3559017557081708594");
        CU_ASSERT(PYTHON_RUN("import h5py, sys\nf = h5py.File(sys.argv[1])\n"
                             "assert f['results/rows'].shape == (8, 2, 6), f['results/rows'].shape\n"
                             "assert f['results/rows'][3].ravel().tolist() == list(range(12))\n"
                             "assert f['results/column'][:].tolist() == [10, 10.5, 11, 11.5, 12, 12.5]\n",
                             in_folder("h.hdf5")) == 0);
        EXPECT(command_err[0] == '\0');
        (void)PIPETTE("get", "h.hdf5", "events");
        EXPECT(strcmp(command_out, "run,use,event,events\n1,1,0,3\n2,2,0,3\n2,2,1,1\n3,3,0,3\n3,3,1,1\n3,3,2,4\n4,4,0,"
                                   "3\n4,4,1,1\n4,4,2,4\n4,4,3,1\n6,6,0,3\n7,7,0,3\n7,7,1,1\n") == 0);
        if (i < 2)
            SAME("runs.log", 7, "all is well\nprinted between\nwarning: or nearly\nerror: or not\ndebug: who knows\n");
    }
    hostile_end();
}

/* The known answer of Random123 for key 0 and counter 0. */
static void test_random(void)
{
    static const char *const config = "name = \"H\";\nseed = 0;\nrun = { plugin = \"" FIXTURE(
        "random_block") "\"; };\n"
                        "storage = { plugin = \"hdf5\"; file = \"h.hdf5\"; };\n";
    hostile_begin(config);
    CU_ASSERT_EQUAL(PIPETTE("run", "h.cfg"), 0);
    SAME("a", 0, "1609277786247541068");  /* 0x16554d9eca36314c */
    SAME("b", 0, "15789900245555285980"); /* 0xdb20fe9d672d0fdc */
    SAME("c", 0, "15557529670647158635"); /* 0xd7e772cee186176b */
    SAME("d", 0, "9108730954146095675");  /* 0x7e68b68aec7ba23b */
    SAME("uniform", 0, "0.08723912359911234");
    hostile_end();
}

static void test_wrong(void)
{
    static const char *const messages[] = {
        "diverged at t=2.5",
        "the model returned -13 (the model reported a failure)",
        "result '$.x' was stored twice",
        "the model did not store result '$.name'",
        "result '$.x' is declared as f64, the model stored string",
        "result '$.n' is declared as i64, the model stored f64",
        "result '$.rows' has 12 elements, the model stored 4",
        "result '$.rows' has 2 dimensions, the model stored 1",
        "result '$.rows' is declared as f64, the model asks for a buffer of f32",
        "'$.none' is not a declared result, so it has no buffer",
        "result '$.events' has no shape before the run; store it with pipette_put",
        "99 is no handle of a result",
        "result '$.x': the value has no known type (0)",
        "name 'not a name': only letters, digits, _ and - are allowed (byte 0x20 is not)",
        "there is no parameter 'missing'",
        "'twin' fits several parameters: parameters.left.twin, parameters.right.twin",
        "parameter 'text' is string, the model asks for f64",
        "parameter 'f32' is f32, the model asks for i64",
        "parameter 'i32' is i32, the model asks for u64",
        "parameter 'vector' is f64 array, the model asks for string",
        "the first reason",
    };
    long i, isolated;
    hostile_begin(
        CONFIG("8, 9, 0, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 0"));
    for (isolated = 0; isolated < 2; isolated++) {
        CU_ASSERT_EQUAL(PIPETTE("run", "h.cfg", "--overwrite", "--workers", "2", "--set",
                                isolated ? "run.isolation=run" : "run.isolation=batch"),
                        1);
        EXPECT(err_has("pipette: 21 runs failed; the first, run_00000003: diverged at t=2.5\n") &&
               out_has("\n2 points are infeasible\n"));
        SAME("runs.state", 0, "infeasible");
        SAME("runs.message", 0, "nothing at 8");
        SAME("runs.state", 1, "infeasible");
        SAME("runs.message", 1, "the model calls this point infeasible");
        for (i = 0; i < 21; i++) {
            SAME("runs.state", i + 3, "failed");
            SAME("runs.message", i + 3, messages[i]);
            SAME("x", i + 3, "");
        }
        SAME("runs.state", 2, "done");
        SAME("runs.state", 24, "done");
        SAME("x", 24, "1.5");
    }
    hostile_end();
}

static void test_shape(void)
{
    hostile_begin(CONFIG("0"));
    CU_ASSERT_EQUAL(PIPETTE("run", "h.cfg", "--set", "parameters.length=100"), 2);
    EXPECT(one_error_line() && err_has("length 100 is too much"));
    CU_ASSERT_EQUAL(PIPETTE("run", "h.cfg", "--set", "parameters.length=101"), 2);
    EXPECT(one_error_line() &&
           err_has("shape() of model 'every_entry' reads 'use', which its shape_parameters do not name"));
    CU_ASSERT_EQUAL(PIPETTE("run", "h.cfg", "--set", "parameters.length=102"), 2);
    EXPECT(one_error_line() &&
           err_has("shape() of model 'every_entry' sets dimension 2 of '$.rows', which it does not declare"));
    CU_ASSERT(PIPETTE("run", "h.cfg", "--set", "parameters.length=103") != 0);
    EXPECT(one_error_line() &&
           err_has("shape() of model 'every_entry' gives dimension 'column' of result '$.rows' no extent"));
    CU_ASSERT_EQUAL(PIPETTE("run", "h.cfg", "--set", "parameters.length=104"), 2);
    EXPECT(one_error_line() &&
           err_has("shape() of model 'every_entry' gives result '$.rows' more elements than any memory holds"));
    CU_ASSERT(!file_exists("h.hdf5"));
    /* Rows that differ from run to run: as long as their own parameters say. */
    file_write("h.cfg", "name = \"H\";\npreprocess = ( { plugin = \"explorer\"; product = ( { parameter = \"width\"; "
                        "values = [1, 3]; } ); } );\n" RUN "storage = { plugin = \"hdf5\"; file = \"h.hdf5\"; };\n");
    CU_ASSERT_EQUAL(PIPETTE("run", "h.cfg"), 0);
    (void)PIPETTE("get", "h.hdf5", "rows");
    EXPECT(out_has("\n0,1,1,10.5,3\n1,3,0,10,0\n") && out_has("\n1,3,1,12.5,11\n"));
    hostile_end();
}

static void test_create(void)
{
    hostile_begin(CONFIG("0"));
    CU_ASSERT_EQUAL(PIPETTE("run", "h.cfg", "--set", "run.fail=so", "--set", "run.gain=1.0"), 3);
    EXPECT(one_error_line() && err_has("model 'every_entry' could not make its instance: not with word"));
    CU_ASSERT_EQUAL(PIPETTE("run", "h.cfg", "--set", "run.fail=so", "--overwrite"), 3);
    EXPECT(one_error_line() && err_has("not like this"));
    CU_ASSERT_EQUAL(PIPETTE("run", "h.cfg", "--set", "run.offset=1.5", "--overwrite"), 2);
    EXPECT(one_error_line() && err_has("offset"));
    hostile_end();
}

SUITE("host", {"every function of a run", test_right}, {"random numbers are Philox4x64-10", test_random},
      {"mistakes of a model", test_wrong}, {"shapes", test_shape}, {"options and failures of create()", test_create}, )
