/* Tests of models with habits of older programs: random numbers of the C library, scratch files, pools of threads. */
#include "command.h"
#include "suite.h"

#define CONFIG                                                                                                         \
    "name = \"H\";\npreprocess = ( { plugin = \"explorer\"; product = ( { parameter = \"i\"; from = 0; to = 199; "     \
    "step = 1; } ); } );\n"                                                                                            \
    "run = { plugin = \"" FIXTURE("habits") "\"; };\nstorage = { plugin = \"hdf5\"; file = \"h.hdf5\"; };\n"

/* Of seed 0: what a file holds must come out again with a later version, too. */
#define FIRST_DRAWS "run,i,draw\n0,0,1459434316\n1,1,716601235\n2,2,1710549836\n"
#define FIRST_DRAWS48 "run,i,draw48\n0,0,0.9471231729994578\n1,1,0.20469767467966804\n2,2,0.8325959791700406\n"

static void begin(void)
{
    folder_begin();
    file_write("h.cfg", CONFIG);
}

static char *got(const char *path)
{
    CU_ASSERT_EQUAL(PIPETTE("get", "h.hdf5", path), 0);
    return strdup(command_out);
}

/* How many lines of `get` do not end in ",N" where they begin with "N,". */
static int wrong_scratch(void)
{
    char *text = got("scratch"), *line;
    int wrong = 0, count = 0;
    for (line = strchr(text, '\n'); line != NULL && line[1] != '\0'; line = strchr(line + 1, '\n')) {
        long run, i, read;
        count++;
        wrong += sscanf(line + 1, "%ld,%ld,%ld", &run, &i, &read) != 3 || run != read;
    }
    free(text);
    return count == 200 ? wrong : -1;
}

/* ---- Random numbers ---- */

static void test_random(void)
{
    static const char *const ways[][3] = {{"2", "run.isolation=run", "seed=0"},
                                          {"3", "run.isolation=batch", "seed=0"},
                                          {"1", "run.isolation=batch", "seed=1"}};
    char *draw, *draw48;
    size_t i;
    begin();
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "h.cfg", "--workers", "1"), 0);
    draw = got("draw");
    draw48 = got("draw48");
    EXPECT(strncmp(draw, FIRST_DRAWS, strlen(FIRST_DRAWS)) == 0);
    EXPECT(strncmp(draw48, FIRST_DRAWS48, strlen(FIRST_DRAWS48)) == 0);
    for (i = 0; i < 3; i++) {
        const int same = i < 2;
        char *again;
        CU_ASSERT_EQUAL(PIPETTE("run", "-q", "h.cfg", "--overwrite", "--workers", ways[i][0], "--set", ways[i][1],
                                "--set", ways[i][2]),
                        0);
        again = got("draw");
        CU_ASSERT_EQUAL(strcmp(draw, again) == 0, same);
        free(again);
        again = got("draw48");
        CU_ASSERT_EQUAL(strcmp(draw48, again) == 0, same);
        free(again);
    }
    (void)PIPETTE("replay", "h.hdf5", "137");
    EXPECT(out_has("equal     results.$.draw: 1 element"));
    CU_ASSERT_EQUAL(SHELL(TEST_COMMAND " get h.hdf5 draw | tail -n +2 | cut -d, -f3 | sort -u | wc -l"), 0);
    CU_ASSERT_EQUAL(atol(command_out), 200);
    free(draw);
    free(draw48);
    folder_end();
}

/* ---- Working directories ---- */

static void test_folder_per_run(void)
{
    begin();
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "h.cfg", "--workers", "3", "--set", "run.workdir=run"), 0);
    EXPECT(command_err[0] == '\0'); /* no run is held to change the working directory */
    CU_ASSERT_EQUAL(wrong_scratch(), 0);
    CU_ASSERT_EQUAL(folder_count(), 2); /* the config, the file */
    CU_ASSERT_EQUAL(PIPETTE("replay", "h.hdf5", "13"), 0);
    CU_ASSERT_EQUAL(folder_count(), 2);
    CU_ASSERT_EQUAL(PIPETTE("run", "h.cfg", "--set", "run.workdir=runs"), 2);
    EXPECT(err_has("workdir is \"shared\", \"worker\" or \"run\", not \"runs\""));
    folder_end();
}

static void test_folder_that_stays(void)
{
    static const char *const isolations[] = {"run.isolation=batch", "run.isolation=run"};
    char note[512];
    size_t i;
    begin();
    CU_ASSERT_EQUAL(SHELL("mkdir there"), 0);
    for (i = 0; i < 2; i++) {
        CU_ASSERT_EQUAL(PIPETTE("run", "-q", "h.cfg", "--overwrite", "--set", "storage.file=there/h.hdf5", "--set",
                                "run.workdir=run", "--set", isolations[i], "--set", "parameters.fails=7", "--set",
                                "parameters.crashes=9"),
                        1);
        CU_ASSERT_EQUAL(PIPETTE("get", "there/h.hdf5", "runs.message", "--run", "7"), 0);
        (void)snprintf(note, sizeof note,
                       "as it was told to; its files are kept in %s/there/h.hdf5.work/run_00000007\n", folder);
        CU_ASSERT_STRING_EQUAL(command_out, note);
        CU_ASSERT_EQUAL(PIPETTE("get", "there/h.hdf5", "runs.message", "--run", "9"), 0);
        (void)snprintf(note, sizeof note,
                       "the run crashed (SIGABRT); its files are kept in %s/there/h.hdf5.work/run_00000009\n", folder);
        CU_ASSERT_STRING_EQUAL(command_out, note);
        CU_ASSERT_EQUAL(SHELL("cd there/h.hdf5.work; ls; cat */scratch.txt"), 0);
        CU_ASSERT_STRING_EQUAL(command_out, "run_00000007\nrun_00000009\n7\n9\n");
    }
    (void)setenv("TMPDIR", folder, 1);
    CU_ASSERT_EQUAL(PIPETTE("replay", "there/h.hdf5", "7"), 0);
    (void)unsetenv("TMPDIR");
    EXPECT(!out_has("DIFFERENT"));
    CU_ASSERT_EQUAL(SHELL("cat pipette-replay-*/run_00000007/scratch.txt"), 0);
    CU_ASSERT_STRING_EQUAL(command_out, "7\n");
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "h.cfg", "--retry-failed", "--accept-changes", "--set",
                            "storage.file=there/h.hdf5", "--set", "run.workdir=run"),
                    0);
    CU_ASSERT(!file_exists("there/h.hdf5.work"));
    folder_end();
}

static void test_folder_per_worker(void)
{
    begin();
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "h.cfg", "--workers", "3", "--set", "run.workdir=worker"), 0);
    CU_ASSERT_EQUAL(wrong_scratch(), 0);
    CU_ASSERT_EQUAL(folder_count(), 2);
    folder_end();
}

/* ---- Threads ---- */

#define SLOW "so each such run gets a process of its own"

static void test_pools(void)
{
    begin();
    CU_ASSERT_EQUAL(PIPETTE("run", "h.cfg", "--set", "parameters.threads=pool", "--set", "run.workdir=worker"), 0);
    EXPECT(!err_has(SLOW));
    CU_ASSERT_EQUAL(wrong_scratch(), 0);
    CU_ASSERT_EQUAL(
        PIPETTE("run", "h.cfg", "--overwrite", "--set", "parameters.threads=leak", "--set", "run.workdir=run"), 0);
    EXPECT(err_has("change the number of threads, " SLOW));
    CU_ASSERT_EQUAL(wrong_scratch(), 0);
    (void)setenv("HABITS", "shape", 1);
    CU_ASSERT_EQUAL(PIPETTE("run", "h.cfg", "--overwrite"), 0);
    EXPECT(!err_has(SLOW));
    (void)setenv("HABITS", "create", 1);
    CU_ASSERT_EQUAL(PIPETTE("run", "h.cfg", "--overwrite"), 0);
    EXPECT(!err_has(SLOW));
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "h.cfg", "--overwrite", "--set", "run.isolation=run", "--set",
                            "run.workdir=run", "--timeout", "30"),
                    0);
    CU_ASSERT_EQUAL(wrong_scratch(), 0);
    (void)setenv("HABITS", "constructor", 1);
    CU_ASSERT_EQUAL(PIPETTE("run", "h.cfg", "--overwrite"), 3);
    EXPECT(one_error_line() && err_has("habits.so: starts threads when it is loaded") &&
           err_has("Start them in create() or run()"));
    (void)unsetenv("HABITS");
    folder_end();
}

static void test_thread_counts(void)
{
    begin();
    (void)unsetenv("OMP_NUM_THREADS");
    (void)setenv("SLURM_CPUS_PER_TASK", "1", 1);
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "h.cfg", "--workers", "1", "--runs", "0-3"), 0);
    (void)unsetenv("SLURM_CPUS_PER_TASK");
    CU_ASSERT_EQUAL(PIPETTE("get", "h.hdf5", "openmp", "--run", "2"), 0);
    CU_ASSERT_STRING_EQUAL(command_out, "1\n");
    CU_ASSERT_EQUAL(PIPETTE("get", "h.hdf5", "config.provenance.cores"), 0);
    CU_ASSERT_STRING_EQUAL(command_out, "1\n");
    (void)setenv("OMP_NUM_THREADS", "5", 1);
    CU_ASSERT_EQUAL(
        PIPETTE("run", "-q", "h.cfg", "--overwrite", "--workers", "64", "--runs", "0-3", "--set", "run.workdir=run"),
        0);
    (void)unsetenv("OMP_NUM_THREADS");
    CU_ASSERT_EQUAL(PIPETTE("get", "h.hdf5", "openmp", "--run", "2"), 0);
    CU_ASSERT_STRING_EQUAL(command_out, "5\n");
    CU_ASSERT_EQUAL(PIPETTE("get", "h.hdf5", "config.provenance.threads.OMP_NUM_THREADS"), 0);
    CU_ASSERT_STRING_EQUAL(command_out, "5\n");
    CU_ASSERT_EQUAL(PIPETTE("get", "h.hdf5", "config.provenance.workers"), 0);
    CU_ASSERT_STRING_EQUAL(command_out, "64\n");
    EXPECT(PIPETTE("replay", "h.hdf5", "2") == 0); /* with five, as then */
    folder_end();
}

SUITE("habits", {"random numbers of the C library", test_random}, {"a folder for each run", test_folder_per_run},
      {"the folder of a run that failed", test_folder_that_stays}, {"a folder for each worker", test_folder_per_worker},
      {"pools of threads", test_pools}, {"thread counts of libraries", test_thread_counts}, )
