/* Tests of isolation: whatever a model does costs its own run and no other, the ledger names the cause, nothing lives on. */
#include <sys/resource.h>

#include "hostile.h"
#include "suite.h"

#define MISBEHAVES 17L

typedef struct deed {
    const char *name;
    const char *state;   /* of its run */
    const char *message; /* "": the run is done */
    double timeout;      /* 0: none is needed */
} deed;

/* One pipeline of 40 runs in which one misbehaves. */
static void try_deed(const deed *d, const char *isolation, const char *workers)
{
    const int bad = d->message[0] != '\0';
    char set_deed[64], set_isolation[64], timeout[32];
    char what[128];
    int code;
    (void)snprintf(what, sizeof what, "%s, isolation %s, %s workers", d->name, isolation, workers);
    (void)snprintf(set_deed, sizeof set_deed, "parameters.deed=%s", d->name);
    (void)snprintf(set_isolation, sizeof set_isolation, "run.isolation=%s", isolation);
    (void)snprintf(timeout, sizeof timeout, "%g", d->timeout > 0 ? d->timeout : 30.0);
    code = PIPETTE("run", "h.cfg", "--overwrite", "--workers", workers, "--timeout", timeout, "--set", set_deed, "--set", set_isolation);
    CU_ASSERT(told(code == (bad ? 1 : 0), what));
    CU_ASSERT(told(!bad || err_has(d->message), what));
    CU_ASSERT(told(survivors() == 0, what));
    CU_ASSERT(told(strcmp(of_run("runs.state", MISBEHAVES), d->state) == 0, what));
    CU_ASSERT(told(strcmp(of_run("runs.message", MISBEHAVES), d->message) == 0, what));
    CU_ASSERT(told(count_lines("runs.state", "done") == (bad ? 39 : 40), what));
    CU_ASSERT(told(count_right() == (bad ? 39 : 40), what));
}

static void try_everywhere(const deed *deeds, size_t count)
{
    static const char *const workers[] = {"1", "2", "4"};
    size_t i, j;
    hostile_begin(HOSTILE(39));
    for (i = 0; i < count; i++) {
        try_deed(&deeds[i], "run", workers[i % 3]);
        for (j = 0; j < 3; j++)
            if (j == (i + 1) % 3 || i % 4 == 0)
                try_deed(&deeds[i], "batch", workers[j]);
    }
    hostile_end();
}
#define TRY(...)                                                                  \
    do {                                                                          \
        static const deed deeds_[] = {__VA_ARGS__};                               \
        try_everywhere(deeds_, sizeof deeds_ / sizeof deeds_[0]);                 \
    } while (0)

static void test_crashes(void)
{
    TRY({"segfault", "failed", "the run crashed (SIGSEGV)", 0}, {"abort", "failed", "the run crashed (SIGABRT)", 0},
        {"divide", "failed", "the run crashed (SIGFPE)", 0}, {"exit", "failed", "the run ended its process (exit status 0)", 0},
        {"_exit", "failed", "the run ended its process (exit status 3)", 0},
        {"pthread_exit", "failed", "the run ended its process (exit status 0)", 0},
        {"terminate", "failed", "the run was killed (SIGTERM)", 0},
        {"kill", "failed", "the run was killed (SIGKILL); was memory short?", 0});
}

static void test_stack(void)
{
    static const deed it = {"stack", "failed", "the run needed more stack than 8388608 bytes (SIGSEGV); `stack` in the run stage gives more, such as stack = \"64M\"", 0};
    hostile_begin(HOSTILE(39));
    try_deed(&it, "batch", "2");
    try_deed(&it, "run", "2");
    hostile_end();
}

static void test_hangs(void)
{
    TRY({"hang", "timed_out", "the run took longer than its time limit of 0.4 s", 0.4},
        {"spin", "timed_out", "the run took longer than its time limit of 0.4 s", 0.4},
        {"death_signal_hang", "timed_out", "the run took longer than its time limit of 0.4 s", 0.4});
}

static void test_process_state(void)
{
    TRY({"chdir", "done", "", 0}, {"umask", "done", "", 0}, {"block_signals", "done", "", 0}, {"handlers", "done", "", 0},
        {"ignore_term", "done", "", 0}, {"ignore_child", "done", "", 0}, {"alarm", "done", "", 0}, {"rounding", "done", "", 0},
        {"file_limit", "done", "", 0}, {"death_signal", "done", "", 0},
        {"stop", "done", "", 0}); /* somebody wakes it */
}

static void test_quiet_changes(void)
{
    TRY({"append_flags", "done", "", 0}, {"memory_limit", "done", "", 0}, {"thread_locale", "done", "", 0}, {"environment", "done", "", 0},
        {"nice", "done", "", 0}, {"precision", "done", "", 0});
}

/* What the first run opens and keeps is the model's way, and no reason for a process per run. */
static void test_kept_file(void)
{
    hostile_begin(HOSTILE(39));
    CU_ASSERT_EQUAL(PIPETTE("run", "h.cfg", "--workers", "2", "--set", "parameters.deed=keep_file", "--set", "parameters.at=0", "--set",
                            "parameters.every=1"), 0);
    EXPECT(!err_has("process of its own"));
    CU_ASSERT_EQUAL(count_right(), 40);
    hostile_end();
}

/* Each run leaves 10 MB behind: with a limit of 100 MB workers are renewed in time. */
static void test_leaks(void)
{
    const char *line;
    double most = 0;
    hostile_begin(HOSTILE(59));
    if (!SANITIZED) {
        CU_ASSERT_EQUAL(PIPETTE("run", "h.cfg", "--workers", "1", "--set", "parameters.deed=leak_memory", "--set", "parameters.at=0", "--set",
                                "parameters.every=1", "--set", "run.memory_limit=100M"), 0);
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
    CU_ASSERT_EQUAL(PIPETTE("run", "h.cfg", "--overwrite", "--set", "parameters.deed=deep", "--set", "run.stack=64M"), 0);
    CU_ASSERT_EQUAL(count_right(), 40);
    CU_ASSERT_EQUAL(PIPETTE("run", "h.cfg", "--overwrite", "--set", "parameters.deed=stack", "--set", "run.stack=16M"), 1);
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

static void test_files(void)
{
    TRY({"close_files", "done", "", 0}, {"close_output", "done", "", 0}, {"replace_files", "done", "", 0},
        {"write_files", "done", "", 0}, {"leak_files", "done", "", 0}, {"print", "done", "", 0});
}

static void test_children(void)
{
    TRY({"child", "done", "", 0}, {"stubborn_child", "done", "", 0}, {"fork", "done", "", 0}, {"thread", "done", "", 0},
        {"child_and_crash", "failed", "the run crashed (SIGABRT)", 0});
}

/* A run that damages the heap may be found out by its own process or by a later run: the others are right all the same. */
static void test_heap(void)
{
    static const char *const isolations[] = {"run.isolation=run", "run.isolation=batch"};
    int i;
    hostile_begin(HOSTILE(39));
    for (i = 0; i < 2; i++) {
        int code = PIPETTE("run", "h.cfg", "--overwrite", "--workers", "1", "--set", "parameters.deed=heap", "--set", isolations[i]);
        EXPECT(code == 0 || code == 1);
        CU_ASSERT(count_lines("runs.state", "done") >= 39);
        CU_ASSERT(count_right() >= 39);
        CU_ASSERT(strcmp(of_run("runs.state", MISBEHAVES), "done") == 0 ||
                  strstr(of_run("runs.message", MISBEHAVES), SANITIZED ? "ended its process" : "the run crashed (SIG") != NULL);
    }
    hostile_end();
}

static void test_shared_memory(void)
{
    TRY({"rewrite_parameters", "done", "", 0}, {"zero_shared", "done", "", 0},
        {"zero_shared_and_crash", "failed", "the run crashed (SIGABRT)", 0},
        {"zero_shared_and_hang", "timed_out", "the run took longer than its time limit of 2 s", 2.0});
}

static void test_buffers(void)
{
    TRY({"write_behind", "failed", "the run wrote behind the buffer of result '$.third'", 0},
        {"write_before", "failed", "the run wrote before the buffer of result '$.third'", 0},
        {"write_far_behind", "failed", "the run went far behind the buffer of result '$.third' (SIGSEGV)", 0});
    if (!SANITIZED) /* they have a free() of their own */
        TRY({"free_buffer", "failed", "the run crashed (SIGABRT)", 0}, {"realloc_buffer", "failed", "the run crashed (SIGABRT)", 0});
}

/* Rows of 8 KiB are filled where they lie, with guards between them. */
static void test_large_buffers(void)
{
    static const struct {
        const char *deed, *message;
    } deeds[] = {{"write_behind", "the run wrote behind the buffer of result '$.third'"},
                 {"write_before", "the run wrote before the buffer of result '$.third'"},
                 {"free_buffer", "the run crashed (SIGABRT)"}};
    size_t i;
    hostile_begin(HOSTILE(39));
    for (i = 0; i < sizeof deeds / sizeof deeds[0] - (SANITIZED ? 1 : 0); i++) {
        char set_deed[64];
        (void)snprintf(set_deed, sizeof set_deed, "parameters.deed=%s", deeds[i].deed);
        CU_ASSERT(told(PIPETTE("run", "h.cfg", "--overwrite", "--workers", "1", "--set", set_deed, "--set", "parameters.size=1024") == 1,
                       deeds[i].deed));
        CU_ASSERT_STRING_EQUAL(of_run("runs.message", MISBEHAVES), deeds[i].message);
        CU_ASSERT_EQUAL(count_lines("runs.state", "done"), 39);
        CU_ASSERT_EQUAL(count_right(), 39);
        (void)PIPETTE("get", "h.hdf5", "third", "--run", "38");
        EXPECT(out_has("1035.6666666666667")); /* its last element: 38 / 3 + 1023 */
    }
    hostile_end();
}

static void test_memory(void)
{
    hostile_begin(HOSTILE(39));
    if (!SANITIZED) { /* their own memory is beyond every limit */
        CU_ASSERT_EQUAL(PIPETTE("run", "h.cfg", "--set", "parameters.deed=memory", "--set", "run.memory_limit=100000000"), 1);
        EXPECT(err_has("the run crashed (SIGSEGV) with a memory limit of 100000000 bytes"));
        CU_ASSERT_EQUAL(count_right(), 39);
        CU_ASSERT_STRING_EQUAL(of_run("runs.message", MISBEHAVES), "the run crashed (SIGSEGV) with a memory limit of 100000000 bytes");
        CU_ASSERT_EQUAL(PIPETTE("run", "h.cfg", "--overwrite", "--set", "parameters.deed=memory", "--set",
                                "run.memory_limit=100000000", "--set", "run.isolation=run"), 1);
        CU_ASSERT_EQUAL(count_right(), 39);
        CU_ASSERT_STRING_EQUAL(of_run("runs.message", MISBEHAVES), "the run crashed (SIGSEGV) with a memory limit of 100000000 bytes");
    }
    hostile_end();
}

/* 3000 tiny runs: many in one chunk, one or some of them hostile. */
static void test_tiny_runs(void)
{
    static const deed deeds[] = {{"segfault", "failed", "the run crashed (SIGSEGV)", 0}, {"exit", "failed", "the run ended its process (exit status 0)", 0},
                                 {"chdir", "done", "", 0}, {"fork", "done", "", 0}, {"close_files", "done", "", 0},
                                 {"hang", "timed_out", "the run took longer than its time limit of 0.4 s", 0.4}};
    size_t i;
    hostile_begin(HOSTILE(2999));
    for (i = 0; i < sizeof deeds / sizeof deeds[0]; i++) {
        const int bad = deeds[i].message[0] != '\0';
        char set_deed[64];
        int code;
        (void)snprintf(set_deed, sizeof set_deed, "parameters.deed=%s", deeds[i].name);
        code = PIPETTE("run", "h.cfg", "--overwrite", "--workers", "2", "--timeout", deeds[i].timeout > 0 ? "0.4" : "30", "--set", set_deed,
                       "--set", "parameters.at=1717", "--set", "parameters.every=1000");
        CU_ASSERT(told(code == (bad ? 1 : 0), deeds[i].name));
        CU_ASSERT(told(survivors() == 0, deeds[i].name));
        CU_ASSERT_EQUAL(count_lines("runs.state", deeds[i].state), bad ? 2 : 3000);
        CU_ASSERT_EQUAL(count_lines("runs.state", "done"), bad ? 2998 : 3000);
        CU_ASSERT_EQUAL(count_right(), bad ? 2998 : 3000);
        CU_ASSERT_STRING_EQUAL(of_run("runs.message", 1717), deeds[i].message);
        CU_ASSERT_STRING_EQUAL(of_run("runs.message", 2717), deeds[i].message);
    }
    hostile_end();
}

/* Every second run misbehaves: also many failures cost no other run. */
static void test_many(void)
{
    static const char *const deeds[] = {"parameters.deed=abort", "parameters.deed=leak_files"};
    int i;
    hostile_begin(HOSTILE(199));
    for (i = 0; i < 2; i++) {
        CU_ASSERT_EQUAL(PIPETTE("run", "h.cfg", "--overwrite", "--set", deeds[i], "--set", "parameters.at=1", "--set", "parameters.every=2"),
                        i == 0 ? 1 : 0);
        CU_ASSERT_EQUAL(count_lines("runs.state", "failed"), i == 0 ? 100 : 0);
        CU_ASSERT_EQUAL(count_right(), i == 0 ? 100 : 200);
    }
    hostile_end();
}

/* ---- Elsewhere than in a run ------------------------------------------------------------------------------------------------- */

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
    (void)setenv("HOSTILE_CREATE", "hang", 1);
    CU_ASSERT_EQUAL(PIPETTE("run", "h.cfg", "--overwrite", "--timeout", "0.2"), 3);
    EXPECT(err_has("create() takes too long"));
    CU_ASSERT_EQUAL(survivors(), 0);
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
    (void)setenv("HOSTILE_DESTROY", "hang", 1);
    CU_ASSERT_EQUAL(PIPETTE("run", "h.cfg", "--overwrite", "--timeout", "0.2"), 0);
    CU_ASSERT_EQUAL(count_right(), 40);
    hostile_end();
}

static void test_shape(void)
{
    hostile_begin(HOSTILE(39));
    CU_ASSERT_EQUAL(PIPETTE("run", "h.cfg", "--set", "parameters.in_shape=1"), 3);
    EXPECT(one_error_line() && err_has("hostile_model.so: crashed in shape() (SIGABRT)"));
    CU_ASSERT(!file_exists("h.hdf5"));
    CU_ASSERT_EQUAL(PIPETTE("run", "h.cfg", "--set", "parameters.in_shape=2"), 3);
    EXPECT(one_error_line() && err_has("hostile_model.so: shape() took longer than 5 s"));
    hostile_end();
}

SUITE("isolation", {"a run that crashes or ends its process", test_crashes}, {"a run that uses up its stack", test_stack},
      {"a run that hangs or is stopped", test_hangs}, {"a run that changes its process", test_process_state},
      {"a run that changes what no one sees", test_quiet_changes}, {"a file that a model keeps", test_kept_file},
      {"runs that leak memory", test_leaks}, {"a larger stack, and a small one", test_stack_option},
      {"a run that closes, replaces, writes to or leaks files", test_files}, {"children and threads", test_children},
      {"a run that damages the heap", test_heap}, {"a run that writes to parameters or shared memory", test_shared_memory},
      {"a run that writes beyond or frees its buffers", test_buffers},
      {"the same with large results", test_large_buffers}, {"a run that eats memory", test_memory}, {"thousands of tiny runs", test_tiny_runs},
      {"many runs misbehave", test_many}, {"create()", test_create}, {"destroy()", test_destroy}, {"shape()", test_shape}, )
