/* Tests of isolation: whatever a model does costs its own run and no other, the ledger names the cause, nothing lives
 * on. What runs do to memory, files and processes: test_guards.c. */
#include <sys/resource.h>

#include "deeds.h"
#include "suite.h"

static void test_crashes(void)
{
    static const deed deeds[] = {
        {"segfault", "failed", "the run crashed (SIGSEGV)"},
        {"abort", "failed", "the run crashed (SIGABRT)"},
        {"divide", "failed", "the run crashed (SIGFPE)"},
        {"exit", "failed", "the run ended its process (exit status 0)"},
        {"_exit", "failed", "the run ended its process (exit status 3)"},
        {"pthread_exit", "failed",
         SANITIZED ? "the run ended its process (exit status 1)" : "the run ended its process (exit status 0)"},
        {"terminate", "failed", "the run was killed (SIGTERM)"},
        {"kill", "failed", "the run was killed (SIGKILL); was memory short?"}};
    static const char *const workers[] = {"1", "2", "4"};
    const size_t count = sizeof deeds / sizeof deeds[0];
    size_t i;
    hostile_begin(HOSTILE(39));
    try_deeds(deeds, count, "run", "2", "30");
    for (i = 0; i < 3; i++)
        try_deeds(deeds, count, "batch", workers[i], "30");
    for (i = 0; i < count; i += 3) /* alone, too */
        try_deeds(&deeds[i], 1, "batch", workers[i / 3], "30");
    hostile_end();
}

static void test_stack(void)
{
    static const char *const isolations[] = {"run.isolation=run", "run.isolation=batch"};
    int i;
    hostile_begin(HOSTILE(39));
    for (i = 0; i < 2; i++) {
        CU_ASSERT_EQUAL(PIPETTE("run", "h.cfg", "--overwrite", "--workers", "2", "--set", "parameters.deed=stack",
                                "--set", isolations[i]),
                        1);
        CU_ASSERT_STRING_EQUAL(of_run("runs.message", 17),
                               "the run needed more stack than 8388608 bytes (SIGSEGV); `stack` in the run stage "
                               "gives more, such as stack = \"64M\"");
        CU_ASSERT_EQUAL(count_right(), 39);
    }
    hostile_end();
}

static void test_hangs(void)
{
    static const deed deeds[] = {{"hang", "timed_out", "the run took longer than its time limit of 1 s"},
                                 {"spin", "timed_out", "the run took longer than its time limit of 1 s"},
                                 {"death_signal_hang", "timed_out", "the run took longer than its time limit of 1 s"}};
    hostile_begin(HOSTILE(39));
    try_deeds(deeds, 3, "run", "2", "1");
    try_deeds(deeds, 3, "batch", "4", "1");
    try_deeds(&deeds[2], 1, "batch", "1", "1");
    hostile_end();
}

/* Each run leaves 10 MB behind: with a limit of 100 MB workers are renewed in time. */
static void test_leaks(void)
{
    const char *line;
    double most = 0;
    hostile_begin(HOSTILE(59));
    if (!SANITIZED) {
        CU_ASSERT_EQUAL(PIPETTE("run", "h.cfg", "--workers", "1", "--set", "parameters.deed=leak_memory", "--set",
                                "parameters.at=0", "--set", "parameters.every=1", "--set", "run.memory_limit=100M"),
                        0);
        EXPECT(!err_has("process of its own"));
        CU_ASSERT_EQUAL(count_right(), 60);
        (void)PIPETTE("get", "h.hdf5", "resident");
        for (line = strchr(command_out, '\n'); line != NULL && line[1] != '\0'; line = strchr(line + 1, '\n')) {
            double megabytes = 0;
            CU_ASSERT_EQUAL(sscanf(line + 1, "%*d,%*d,%lf", &megabytes), 1);
            most = megabytes > most ? megabytes : most;
        }
        EXPECT(most > 20 && most < 220);
    }
    hostile_end();
}

static void test_stack_option(void)
{
    struct rlimit before, small;
    hostile_begin(HOSTILE(39));
    CU_ASSERT_EQUAL(PIPETTE("run", "h.cfg", "--set", "parameters.deed=deep"), 1);
    EXPECT(err_has("the run needed more stack than 8388608 bytes"));
    CU_ASSERT_EQUAL(PIPETTE("run", "h.cfg", "--overwrite", "--set", "parameters.deed=deep", "--set", "run.stack=64M"),
                    0);
    CU_ASSERT_EQUAL(count_right(), 40);
    CU_ASSERT_EQUAL(PIPETTE("run", "h.cfg", "--overwrite", "--set", "parameters.deed=stack", "--set", "run.stack=16M"),
                    1);
    EXPECT(err_has("the run needed more stack than 16777216 bytes"));
    CU_ASSERT_EQUAL(count_right(), 39);
    CU_ASSERT_EQUAL(PIPETTE("run", "h.cfg", "--overwrite", "--set", "run.stack=64X"), 2);
    EXPECT(one_error_line() && err_has("stack takes bytes, or a number with K, M or G such as \"64M\", not \"64X\""));
    /* The command itself does with little. */
    CU_ASSERT_EQUAL(getrlimit(RLIMIT_STACK, &before), 0);
    small = before;
    small.rlim_cur = 128u << 10;
    CU_ASSERT_EQUAL(setrlimit(RLIMIT_STACK, &small), 0);
    if (!SANITIZED)
        CU_ASSERT_EQUAL(PIPETTE("run", "h.cfg", "--overwrite", "--workers", "2"), 0);
    (void)setrlimit(RLIMIT_STACK, &before);
    hostile_end();
}

static void test_memory(void)
{
    hostile_begin(HOSTILE(39));
    if (!SANITIZED) { /* their own memory is beyond every limit */
        CU_ASSERT_EQUAL(
            PIPETTE("run", "h.cfg", "--set", "parameters.deed=memory", "--set", "run.memory_limit=100000000"), 1);
        EXPECT(err_has("the run crashed (SIGSEGV) with a memory limit of 100000000 bytes"));
        CU_ASSERT_EQUAL(count_right(), 39);
        CU_ASSERT_STRING_EQUAL(of_run("runs.message", 17),
                               "the run crashed (SIGSEGV) with a memory limit of 100000000 bytes");
        CU_ASSERT_EQUAL(PIPETTE("run", "h.cfg", "--overwrite", "--set", "parameters.deed=memory", "--set",
                                "run.memory_limit=100000000", "--set", "run.isolation=run"),
                        1);
        CU_ASSERT_EQUAL(count_right(), 39);
        CU_ASSERT_STRING_EQUAL(of_run("runs.message", 17),
                               "the run crashed (SIGSEGV) with a memory limit of 100000000 bytes");
    }
    hostile_end();
}

/* 3000 tiny runs: many in one chunk, some of them hostile. */
static void test_tiny_runs(void)
{
    static const struct {
        const char *set;
        int code;
        const char *states[2], *messages[2];
    } sweeps[] = {{"parameters.deed=segfault+exit",
                   1,
                   {"failed", "failed"},
                   {"the run crashed (SIGSEGV)", "the run ended its process (exit status 0)"}},
                  {"parameters.deed=chdir+fork", 0, {"done", "done"}, {"", ""}},
                  {"parameters.deed=close_files+hang",
                   1,
                   {"done", "timed_out"},
                   {"", "the run took longer than its time limit of 1 s"}}};
    size_t i;
    hostile_begin(HOSTILE(2999));
    for (i = 0; i < sizeof sweeps / sizeof sweeps[0]; i++) {
        const long right = 3000 - (sweeps[i].messages[0][0] != '\0') - (sweeps[i].messages[1][0] != '\0');
        CU_ASSERT(told(PIPETTE("run", "h.cfg", "--overwrite", "--workers", "2", "--timeout", i == 2 ? "1" : "30",
                               "--set", sweeps[i].set, "--set", "parameters.at=1717", "--set",
                               "parameters.every=1000") == sweeps[i].code,
                       sweeps[i].set));
        CU_ASSERT(told(survivors() == 0, sweeps[i].set));
        CU_ASSERT_EQUAL(count_lines("runs.state", "done"), right);
        (void)PIPETTE("get", "h.hdf5", "runs");
        CU_ASSERT(ledger_has(1717, sweeps[i].states[0], sweeps[i].messages[0]));
        CU_ASSERT(ledger_has(2717, sweeps[i].states[1], sweeps[i].messages[1]));
        CU_ASSERT(told(count_right() == right, sweeps[i].set));
    }
    hostile_end();
}

/* Every second run misbehaves: also many failures cost no other run. */
static void test_many(void)
{
    static const char *const deeds[] = {"parameters.deed=abort", "parameters.deed=leak_files"};
    int i;
    hostile_begin(HOSTILE(119));
    for (i = 0; i < 2; i++) {
        CU_ASSERT_EQUAL(PIPETTE("run", "h.cfg", "--overwrite", "--set", deeds[i], "--set", "parameters.at=1", "--set",
                                "parameters.every=2"),
                        i == 0 ? 1 : 0);
        CU_ASSERT_EQUAL(count_lines("runs.state", "failed"), i == 0 ? 60 : 0);
        CU_ASSERT_EQUAL(count_right(), i == 0 ? 60 : 120);
    }
    hostile_end();
}

/* ---- Elsewhere than in a run ---- */

static void test_create(void)
{
    hostile_begin(HOSTILE(39));
    (void)setenv("HOSTILE_CREATE", "abort", 1);
    CU_ASSERT_EQUAL(PIPETTE("run", "h.cfg"), 3);
    EXPECT(one_error_line() && err_has("workers die before their first run: create() crashed (SIGABRT)"));
    CU_ASSERT_EQUAL(survivors(), 0);
    (void)setenv("HOSTILE_CREATE", "exit", 1);
    CU_ASSERT_EQUAL(PIPETTE("run", "h.cfg", "--overwrite", "--set", "run.isolation=run"), 3);
    EXPECT(one_error_line() && err_has("create() ended its process (exit status 0)"));
    /* The file is good, and once the model is, the same command does everything. */
    (void)unsetenv("HOSTILE_CREATE");
    CU_ASSERT_EQUAL(PIPETTE("run", "h.cfg"), 0);
    CU_ASSERT_EQUAL(count_right(), 40);
    hostile_end();
}

static void test_destroy(void)
{
    hostile_begin(HOSTILE(39));
    (void)setenv("HOSTILE_DESTROY", "segfault", 1);
    CU_ASSERT_EQUAL(PIPETTE("run", "h.cfg"), 0);
    CU_ASSERT_EQUAL(count_right(), 40);
    (void)setenv("HOSTILE_DESTROY", "stubborn_child", 1);
    CU_ASSERT_EQUAL(PIPETTE("run", "h.cfg", "--overwrite"), 0);
    CU_ASSERT_EQUAL(survivors(), 0);
    hostile_end();
}

static void test_shape(void)
{
    hostile_begin(HOSTILE(39));
    CU_ASSERT_EQUAL(PIPETTE("run", "h.cfg", "--set", "parameters.in_shape=1"), 3);
    EXPECT(one_error_line() && err_has("hostile_model.so: crashed in shape() (SIGABRT)"));
    CU_ASSERT(!file_exists("h.hdf5"));
    hostile_end();
}

/* Each is given some seconds (destroy() ten times the limit): all three at once. */
static void test_hanging_entries(void)
{
    hostile_begin(HOSTILE(39));
    CU_ASSERT_EQUAL(
        SHELL("(HOSTILE_CREATE=hang " TEST_COMMAND " run h.cfg --timeout 0.2 --set storage.file=c.hdf5 >c.out 2>&1; "
              "echo create $? >>c.out) &\n"
              "(" TEST_COMMAND " run h.cfg --set parameters.in_shape=2 --set storage.file=s.hdf5 >s.out 2>&1; "
              "echo shape $? >>s.out) &\n"
              "HOSTILE_DESTROY=hang " TEST_COMMAND
              " run h.cfg --timeout 1; code=$?; wait; cat c.out s.out; exit $code"),
        0);
    EXPECT(out_has("create() takes too long") && out_has("\ncreate 3\n"));
    EXPECT(out_has("hostile_model.so: shape() took longer than 5 s\nshape 3\n"));
    CU_ASSERT_EQUAL(survivors(), 0);
    CU_ASSERT_EQUAL(count_right(), 40);
    CU_ASSERT(!file_exists("s.hdf5"));
    /* The file is good, and once the model is, the same command does everything. */
    CU_ASSERT_EQUAL(PIPETTE("run", "h.cfg", "--set", "storage.file=c.hdf5"), 0);
    CU_ASSERT_EQUAL(PIPETTE("get", "c.hdf5", "twice", "--run", "39"), 0);
    CU_ASSERT_STRING_EQUAL(command_out, "78\n");
    hostile_end();
}

SUITE("isolation", {"a run that crashes or ends its process", test_crashes},
      {"a run that uses up its stack", test_stack}, {"a run that hangs", test_hangs},
      {"runs that leak memory", test_leaks}, {"a larger stack, and a small one", test_stack_option},
      {"a run that eats memory", test_memory}, {"thousands of tiny runs", test_tiny_runs},
      {"many runs misbehave", test_many}, {"create()", test_create}, {"destroy()", test_destroy},
      {"shape()", test_shape}, {"create(), destroy() and shape() that hang", test_hanging_entries}, )
