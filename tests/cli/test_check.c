/* Tests of `check` where it tries a model: what is sound passes, and each way to break the contract is found and named.
 */
#include "command.h"
#include "suite.h"

#define MODEL FIXTURE("tried_model")
#define SOUND "tried_model 1.0 (model) loads and is sound: ABI 1."

/* The command's exit code for the fixture with that fault. */
static int check_fault(const char *fault)
{
    int code;
    (void)setenv("TRIED_MODEL", fault, 1);
    code = PIPETTE("check", MODEL);
    (void)unsetenv("TRIED_MODEL");
    return code;
}

static void check_found(const char *fault, const char *const parts[3])
{
    int i;
    CU_ASSERT_EQUAL(check_fault(fault), 3);
    EXPECT(one_error_line() && err_has("pipette: tried_model: "));
    EXPECT(out_has("tried_model 1.0 (model) loads, but is not shown to be sound: ABI 1.") && !out_has("the same bits"));
    for (i = 0; i < 3 && parts[i] != NULL; i++) {
        if (!err_has(parts[i]))
            fprintf(stderr, "\n[%s: no '%s']", fault, parts[i]);
        EXPECT(err_has(parts[i]));
    }
}

static void test_sound(void)
{
    folder_begin();
    CU_ASSERT_EQUAL(check_fault(""), 0);
    EXPECT(out_has(SOUND) && command_err[0] == '\0');
    EXPECT(out_has("\npoints:  67, every parameter varied within its bounds: 67 gave finite results\n"));
    EXPECT(out_has("\nruns:    the same bits in another order, twice in a row, each alone in a fresh process and in "
                   "batches of up to 67 lanes\n"));
    EXPECT(out_has("\ntime:    ") && out_has(" a run, ") && out_has(" in a batch: ") && out_has(" times as fast\n"));
    CU_ASSERT_EQUAL(check_fault("half infeasible"), 0);
    EXPECT(out_has(": 35 gave finite results, 32 are infeasible (\"x is below 1\")\n"));
    CU_ASSERT_EQUAL(PIPETTE("check", "lif"), 0);
    EXPECT(out_has("lif 1.0 (model) loads and is sound") && out_has(": 67 gave finite results\n") &&
           out_has(" and in batches of up to 51 lanes\n"));
    CU_ASSERT_EQUAL(PIPETTE("check", "convergence"), 0);
    EXPECT(out_has(": 65 gave finite results, 2 are refused by shape() (\"") && !out_has("batch"));
    CU_ASSERT_EQUAL(PIPETTE("check", "multiply", "--points", "5"), 0);
    EXPECT(out_has("\npoints:  5, ") && out_has(" and in batches of up to 5 lanes\n"));
    CU_ASSERT_EQUAL(folder_count(), 0);
    folder_end();
}

/* strtok() writes to its text. */
static void test_text_that_is_written_to(void)
{
    folder_begin();
    (void)setenv("WORDS", "cut", 1);
    CU_ASSERT_EQUAL(PIPETTE("check", FIXTURE("words")), 3);
    EXPECT(one_error_line() &&
           err_has("words: at the defaults it writes to parameter 'words', which it may only read\n"));
    (void)unsetenv("WORDS");
    folder_end();
}

/* Texts of an array come to a sweep as they come to a debugger. */
static void test_array_of_texts(void)
{
    folder_begin();
    CU_ASSERT_EQUAL(PIPETTE("check", FIXTURE("words")), 0);
    EXPECT(out_has("words 1.0 (model) loads and is sound"));
    file_write("words.cfg", "name = \"Words\";\nrun = { plugin = \"" FIXTURE(
                                "words") "\"; };\nstorage = { plugin = \"hdf5\"; file = \"w.hdf5\"; };\n"
                                         "preprocess = ( { plugin = \"explorer\"; product = ( { parameter = \"x\"; "
                                         "values = [1.0, 2.0]; } ); } );\n");
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "words.cfg"), 0);
    CU_ASSERT_EQUAL(PIPETTE("get", "w.hdf5", "results.first", "--run", "1"), 0);
    CU_ASSERT_STRING_EQUAL(command_out, "alpha\n");
    CU_ASSERT_EQUAL(PIPETTE("get", "w.hdf5", "results.last", "--run", "1"), 0);
    CU_ASSERT_STRING_EQUAL(command_out, "gamma\n");
    CU_ASSERT_EQUAL(PIPETTE("replay", "w.hdf5", "1"), 0);
    EXPECT(!out_has("DIFFERENT"));
    folder_end();
}

/* The C library's generators are seeded for create() and for each run, here as in a sweep; its batch form is not used.
 */
static void test_random_numbers_of_the_library(void)
{
    folder_begin();
    CU_ASSERT_EQUAL(PIPETTE("check", FIXTURE("dice")), 0);
    EXPECT(out_has("dice 1.0 (model) loads and is sound") && out_has(": 67 gave finite results\n"));
    EXPECT(out_has("\nruns:    the same bits in another order, twice in a row, each alone in a fresh process\n"));
    folder_end();
}

typedef struct fault {
    const char *name;
    const char *parts[3];
} fault;

static void try_faults_of_run(size_t first, size_t step)
{
    static const fault faults[] = {
        {"counter", {"result '$.z' is not always the same at x = ", "carried over from run to run", NULL}},
        {"first run differs", {"result '$.z' is not always the same at x = ", "carried over from run to run", NULL}},
        {"same again differs",
         {"result '$.z' is not always the same at x = ", "the second time in a row gives something else", NULL}},
        {"rand_r", {"result '$.z' is not always the same at x = ", "carried over from run to run", NULL}},
        {"time", {"result '$.z' is not always the same at ", "it depends on the time", NULL}},
        {"process number", {"result '$.z' is not always the same at x = ", "it differs from process to process", NULL}},
        {"random device", {"result '$.z' is not always the same at x = ", "it differs from process to process", NULL}},
#if !SANITIZED /* which has a heap of its own */
        {"heap", {"result '$.z' is not always the same at x = ", "it depends on uninitialised memory", NULL}},
#endif
        {"unfilled", {"result '$.a' is not filled at x = ", ": element 3 is ", NULL}},
        {"before",
         {"at the defaults it writes element -1 of result '$.a', whose buffer begins at element 0\n", NULL, NULL}},
        {"behind", {"at the defaults it writes element 4 of result '$.a', whose buffer has 4\n", NULL, NULL}},
        {"writes to y", {"at the defaults it writes to parameter 'y', which it may only read\n", NULL, NULL}},
        {"writes y back", {"at the defaults it writes to parameter 'y', which it may only read\n", NULL, NULL}},
        {"positive",
         {"at the defaults run() returned 2: it returns 0, PIPETTE_INFEASIBLE or a negative status\n", NULL, NULL}},
    };
    size_t i;
    folder_begin();
    for (i = first; i < sizeof faults / sizeof faults[0]; i += step)
        check_found(faults[i].name, faults[i].parts);
    folder_end();
}

static void test_faults_of_run(void)
{
    try_faults_of_run(0, 2);
}

static void test_more_faults_of_run(void)
{
    try_faults_of_run(1, 2);
}

static void try_faults_of_batch(size_t first, size_t step)
{
    static const fault faults[] = {
        {"one y for all",
         {"lane 1 in a batch of 67 lanes (at x = ", "result '$.a', element 1 is ", ", alone and in the batch\n"}},
        {"one n for all", {"in a batch of 67 lanes (at x = ", "result '$.z', it is ", NULL}},
        {"one flag for all", {"in a batch of 67 lanes (at x = ", "result '$.z', it is ", NULL}},
        {"one bit", {"lane 37 in a batch of 67 lanes (at x = ", "result '$.z', it is ", NULL}},
        {"unfilled lane", {"result '$.a' is not filled in lane 11 of a batch of 67 lanes", "element 3 is ", NULL}},
        {"batch fails", {"lane 0 in a batch of 67 lanes", "it is done and failed (the model returned -13", NULL}},
        {"before the batch", {"in a batch of 67 lanes it writes element -1 of result '$.z'", NULL, NULL}},
        {"behind the batch",
         {"in a batch of 67 lanes it writes element 320 of result '$.a', whose buffer has 320\n", NULL, NULL}},
        {"into the next lane",
         {"in a batch of one lane (at the defaults, in all 16 lanes of its width) it writes element 64 of result "
          "'$.a', ",
          NULL, NULL}},
        {"writes to the column of n",
         {"in a batch of 67 lanes it writes to parameter 'n' of lane 7, which it may only read\n", NULL, NULL}},
        {"reads behind the column of n",
         {"in a batch of 67 lanes it reaches for element 80 of the column of parameter 'n', which has 80\n", NULL,
          NULL}},
        {"batch is positive",
         {"in a batch of 67 lanes run_batch() returned 1: it returns 0 or a negative status\n", NULL, NULL}},
        {"a lane is positive",
         {"in a batch of 67 lanes lane 9 has the status 3: 0, PIPETTE_INFEASIBLE and ", NULL, NULL}},
    };
    size_t i;
    folder_begin();
    for (i = first; i < sizeof faults / sizeof faults[0]; i += step)
        check_found(faults[i].name, faults[i].parts);
    folder_end();
}

static void test_faults_of_batch(void)
{
    try_faults_of_batch(0, 3);
}

static void test_more_faults_of_batch(void)
{
    try_faults_of_batch(1, 3);
}

static void test_last_faults_of_batch(void)
{
    try_faults_of_batch(2, 3);
    folder_begin();
    CU_ASSERT_EQUAL(PIPETTE("check", FIXTURE("wrong_batch")), 3);
    EXPECT(one_error_line() && err_has("wrong_batch: lane 17 in a batch of 67 lanes (at x = "));
    folder_end();
}

/* What would end the process that it happens in. */
static void test_ends(void)
{
    static const fault faults[] = {
        {"crash", {"the run crashed (SIGSEGV) at the defaults\n", NULL, NULL}},
        {"crash at n = 4", {"the run crashed (SIGSEGV) at x = ", "n = 4", NULL}},
        {"exit", {"the run ended its process (exit status 7) at the defaults\n", NULL, NULL}},
        {"free",
         {SANITIZED ? "the run ended its process (exit status 1" : "the run crashed (SIG", ") at the defaults\n",
          NULL}},
        {"no instance", {"model 'tried_model' could not make its instance: no licence for today\n", NULL, NULL}},
        {"destroy crashes", {"destroy() crashed (SIGABRT)\n", NULL, NULL}},
    };
    size_t i;
    int code;
    folder_begin();
    for (i = 0; i < sizeof faults / sizeof faults[0]; i++)
        check_found(faults[i].name, faults[i].parts);
    code = check_fault("kill"); /* in a namespace there is nothing to be killed */
    EXPECT(code == 0 || (code == 3 && err_has("the run killed the process above it")));
    file_write("moody.cfg", "name = \"Moody\";\nrun = { plugin = \"" FIXTURE(
                                "moody") "\"; };\nstorage = { plugin = \"hdf5\"; file = \"m.hdf5\"; };\n"
                                         "preprocess = ( { plugin = \"explorer\"; product = ( { parameter = \"x\"; "
                                         "values = [-1.0, -2.0]; } ); } );\n");
    CU_ASSERT_EQUAL(PIPETTE("check", "moody.cfg", "--points", "9"), 1);
    EXPECT(one_error_line() &&
           err_has("moody.cfg: none of the 2 points has a result; the first says: x = -1 is negative\n"));
    folder_end();
}

static void test_time_limit(void)
{
    folder_begin();
    (void)setenv("TRIED_MODEL", "hang", 1);
    CU_ASSERT_EQUAL(PIPETTE("check", MODEL, "--timeout", "2"), 3);
    EXPECT(one_error_line() && err_has("the run takes longer than 0.5 s at the defaults, so it cannot be told whether "
                                       "it hangs or needs a longer --timeout"));
    (void)setenv("TRIED_MODEL", "slow", 1); /* 0.1 s a run */
    CU_ASSERT_EQUAL(PIPETTE("check", MODEL, "--timeout", "3"), 0);
    EXPECT(out_has("loads and is sound") && out_has(" of 67, every parameter varied") &&
           out_has("         there was time for "));
    (void)unsetenv("TRIED_MODEL");
    CU_ASSERT_EQUAL(PIPETTE("check", MODEL, "--timeout", "0"), 2);
    EXPECT(one_error_line() && err_has("--timeout takes seconds above 0, not '0'"));
    CU_ASSERT_EQUAL(PIPETTE("check", MODEL, "--points", "0"), 2);
    EXPECT(one_error_line() && err_has("--points takes a number from 1 to 100000, not '0'"));
    folder_end();
}

/* The points of a config: its own values, evenly spread, first and last included. */
static void test_points_of_a_config(void)
{
    folder_begin();
    CU_ASSERT_EQUAL(PIPETTE("check", TEST_SOURCE_FOLDER "/../pipelines/firing_rate.cfg", "--points", "7"), 0);
    EXPECT(out_has(" fits together\nruns:    303\n") && out_has("firing_rate.cfg: its model loads and is sound\n"));
    EXPECT(out_has("\npoints:  7, evenly spread over the exploration: 7 gave finite results\n") &&
           out_has(" and in batches of up to 7 lanes\n"));
    file_write("t.cfg", "name = \"T\";\nrun = { plugin = \"" MODEL
                        "\"; };\nstorage = { plugin = \"hdf5\"; file = \"t.hdf5\"; };\n"
                        "preprocess = ( { plugin = \"explorer\"; product = ( { parameter = \"n\"; from = 0; to = 4; "
                        "step = 1; } ); } );\n");
    (void)setenv("TRIED_MODEL", "crash at n = 4", 1);
    CU_ASSERT_EQUAL(PIPETTE("check", "t.cfg"), 0);
    CU_ASSERT_EQUAL(PIPETTE("check", "t.cfg", "--points", "2"), 3);
    EXPECT(err_has("pipette: t.cfg: the run crashed (SIGSEGV) in run 4 (n = 4)\n"));
    CU_ASSERT_EQUAL(PIPETTE("check", "t.cfg", "--points", "2", "--runs", "0-3"), 0);
    (void)unsetenv("TRIED_MODEL");
    EXPECT(!file_exists("t.hdf5"));
    folder_end();
}

SUITE("check of models", {"faults of run_batch", test_faults_of_batch}, {"faults of run", test_faults_of_run},
      {"sound models", test_sound}, {"more faults of run_batch", test_more_faults_of_batch},
      {"more faults of run", test_more_faults_of_run}, {"the time limit", test_time_limit},
      {"the last faults of run_batch", test_last_faults_of_batch}, {"what ends its process", test_ends},
      {"points of a config", test_points_of_a_config}, {"an array of texts", test_array_of_texts},
      {"a text that is written to", test_text_that_is_written_to},
      {"random numbers of the library", test_random_numbers_of_the_library}, )
