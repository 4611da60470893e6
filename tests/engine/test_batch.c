/* Tests of batches: the same bytes as one by one, a state for each lane, and a batch that dies is taken apart. */
#include "hostile.h"

#define BATCHES(last)                                                                                                  \
    "name = \"H\";\npreprocess = ( { plugin = \"explorer\"; product = ( { parameter = \"i\"; from = 0; to = " #last    \
    "; step = 1; } ); } );\nrun = { plugin = \"" FIXTURE(                                                              \
        "batch_model") "\"; };\n"                                                                                      \
                       "storage = { plugin = \"hdf5\"; file = \"h.hdf5\"; };\n"

/* The results of a file as bytes, in hexadecimal digests. */
static const char digest[] =
    "import h5py, hashlib, sys\nf = h5py.File(sys.argv[1])\n"
    "print(hashlib.sha256(f['results/root'][:].tobytes() + f['results/three'][:].tobytes() + "
    "f['runs/state'][:].tobytes()).hexdigest())\n"
    "assert (f['results/batched'][:] == 1).sum() >= int(sys.argv[2]), f['results/batched'][:]\n";

static char *digest_of(const char *least)
{
    EXPECT(PYTHON_RUN(digest, in_folder("h.hdf5"), least) == 0);
    return strdup(command_out);
}

static void test_same(void)
{
    static const char *const workers[] = {"1", "2", "5"};
    char *one, *many;
    int i;
    hostile_begin(BATCHES(1999));
    CU_ASSERT_EQUAL(PIPETTE("run", "h.cfg", "--set", "run.isolation=run"), 0);
    one = digest_of("0"); /* each in a process of its own: never in a batch */
    CU_ASSERT_EQUAL(count_lines("batched", "false") + count_lines("batched", "0"), 2000);
    for (i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL(PIPETTE("run", "h.cfg", "--overwrite", "--workers", workers[i]), 0);
        many = digest_of("1500");
        CU_ASSERT(one != NULL && many != NULL && strcmp(one, many) == 0);
        free(many);
    }
    free(one);
    hostile_end();
}

static void test_lanes(void)
{
    hostile_begin(BATCHES(999));
    CU_ASSERT_EQUAL(PIPETTE("run", "h.cfg", "--workers", "2", "--set", "parameters.fail_every=100", "--set",
                            "parameters.infeasible_every=10"),
                    1);
    EXPECT(err_has("10 runs failed; the first, run_00000099: run 99 is due\n") &&
           out_has("\n90 points are infeasible\n"));
    CU_ASSERT_EQUAL(count_lines("runs.state", "done"), 900);
    CU_ASSERT_EQUAL(count_lines("runs.state", "failed"), 10);
    CU_ASSERT_EQUAL(count_lines("runs.state", "infeasible"), 90);
    CU_ASSERT_STRING_EQUAL(of_run("runs.state", 199), "failed");
    CU_ASSERT_STRING_EQUAL(of_run("runs.message", 199), "run 199 is due");
    CU_ASSERT_STRING_EQUAL(of_run("root", 199), "");
    CU_ASSERT_STRING_EQUAL(of_run("runs.state", 209), "infeasible");
    CU_ASSERT_STRING_EQUAL(of_run("root", 209), "");
    CU_ASSERT_STRING_EQUAL(of_run("root", 400), "20.099833416646828"); /* 20 + sin(0.1) */
    hostile_end();
}

/* Deeds of one run among 1000: that run is found. */
static void test_taken_apart(void)
{
    static const struct {
        const char *deed, *state, *message;
    } deeds[] = {{"parameters.deed=1", "failed", "the run crashed (SIGABRT)"},
                 {"parameters.deed=2", "timed_out", "the run took longer than its time limit of 0.4 s"},
                 {"parameters.deed=3", "done", ""}};
    int i;
    hostile_begin(BATCHES(999));
    for (i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL(PIPETTE("run", "h.cfg", "--overwrite", "--workers", "2", "--timeout", i == 1 ? "0.4" : "30",
                                "--set", "parameters.at=717", "--set", deeds[i].deed),
                        i == 2 ? 0 : 1);
        CU_ASSERT_EQUAL(survivors(), 0);
        CU_ASSERT_EQUAL(count_lines("runs.state", "done"), i == 2 ? 1000 : 999);
        CU_ASSERT_STRING_EQUAL(of_run("runs.state", 717), deeds[i].state);
        CU_ASSERT_STRING_EQUAL(of_run("runs.message", 717), deeds[i].message);
    }
    hostile_end();
}

SUITE("batch", {"batches give the same bytes", test_same}, {"a state for each lane", test_lanes},
      {"batches that die", test_taken_apart}, )
