/* Tests of models that share a run out among threads: what their pools cost. */
#include "command.h"
#include "suite.h"

#include <stdbool.h>

#define CONFIG                                                                                                         \
    "name = \"T\";\npreprocess = ( { plugin = \"explorer\"; product = ( { parameter = \"i\"; from = 0; to = 2999; "    \
    "step = 1; } ); } );\n"                                                                                            \
    "run = { plugin = \"" FIXTURE("openmp") "\"; };\nstorage = { plugin = \"hdf5\"; file = \"t.hdf5\"; };\n"

static const char *const variables[] = {"OMP_NUM_THREADS", "OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME",
                                        "SLURM_CPUS_PER_TASK"};

static void begin(void)
{
    size_t i;
    folder_begin();
    for (i = 0; i < sizeof variables / sizeof variables[0]; i++)
        (void)unsetenv(variables[i]);
    file_write("t.cfg", CONFIG);
}

/* Whether every one of the 3,000 runs has that value. */
static bool all_are(const char *result, const char *value)
{
    char line[64];
    const char *at;
    int run = 0;
    if (PIPETTE("get", "t.hdf5", result) != 0)
        return false;
    for (at = strchr(command_out, '\n'); at != NULL && at[1] != '\0'; at = strchr(at + 1, '\n'), run++) {
        int length = snprintf(line, sizeof line, "%d,%d,%s\n", run, run, value);
        if (strncmp(at + 1, line, (size_t)length) != 0)
            return false;
    }
    return run == 3000;
}

/* A command with so many threads a worker ("": as many as the engine finds right). */
static void run_with(const char *threads, const char *workers)
{
    if (threads[0] != '\0')
        (void)setenv("OMP_NUM_THREADS", threads, 1);
    else
        (void)unsetenv("OMP_NUM_THREADS");
    EXPECT(PIPETTE("run", "-q", "t.cfg", "--overwrite", "--workers", workers) == 0);
    (void)unsetenv("OMP_NUM_THREADS");
}

/* A pool, also one of more threads than there are cores, changes no value. Waiting for each other's idle threads once
 * made it 800 times slower, which the suite's time limit does not outlast; figures are the benchmark's. */
static void test_pools(void)
{
    static const char *const threads[] = {"", "2", "3"}, *const workers[] = {"1", "2"};
    size_t i, k;
    begin();
    for (i = 0; i < 3; i++)
        for (k = 0; k < 2; k++) {
            run_with("1", workers[k]);
            run_with(threads[i], workers[k]);
            EXPECT(i == 0 || all_are("threads", threads[i]));
            EXPECT(PIPETTE("get", "t.hdf5", "sum", "--run", "2999") == 0);
            CU_ASSERT_STRING_EQUAL(command_out, "599770010000\n"); /* 2999 * 19999 * 10000 */
        }
    folder_end();
}

/* Where the workers' threads need every core, idle ones sleep; the file says so, and what the user wants is done. */
static void test_waiting(void)
{
    begin();
    run_with("2", "64");
    EXPECT(all_are("sleeps", "true"));
    EXPECT(PIPETTE("get", "t.hdf5", "config.provenance.threads.OMP_WAIT_POLICY") == 0);
    CU_ASSERT_STRING_EQUAL(command_out, "passive\n");
    run_with("1", "2");
    EXPECT(all_are("sleeps", "false"));
    (void)setenv("OMP_WAIT_POLICY", "active", 1);
    run_with("1", "2");
    EXPECT(all_are("sleeps", "false"));
    EXPECT(PIPETTE("get", "t.hdf5", "config.provenance.threads.OMP_WAIT_POLICY") == 0);
    CU_ASSERT_STRING_EQUAL(command_out, "active\n");
    (void)unsetenv("OMP_WAIT_POLICY");
    folder_end();
}

#ifdef TEST_OPENMP
SUITE("threads", {"pools of threads", test_pools}, {"how idle threads wait", test_waiting}, )
#else
static void test_nothing(void)
{
    (void)test_pools;
    (void)test_waiting;
}
SUITE("threads", {"this compiler has no OpenMP", test_nothing}, )
#endif
