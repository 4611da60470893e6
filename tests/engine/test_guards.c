/* Tests of what guards a run's neighbours: changes to the process, files, children, memory that is not its own. */
#include "deeds.h"
#include "suite.h"

static void test_process_state(void)
{
    TRY(2, "30", {"chdir", "done", ""}, {"umask", "done", ""}, {"block_signals", "done", ""}, {"handlers", "done", ""},
        {"ignore_term", "done", ""}, {"ignore_child", "done", ""}, {"alarm", "done", ""}, {"rounding", "done", ""},
        {"file_limit", "done", ""}, {"death_signal", "done", ""}, {"stop", "done", ""}); /* somebody wakes it */
}

static void test_quiet_changes(void)
{
    TRY(2, "30", {"append_flags", "done", ""}, {"memory_limit", "done", ""}, {"thread_locale", "done", ""},
        {"environment", "done", ""}, {"nice", "done", ""}, {"precision", "done", ""});
}

/* Without memory there still is room for what the run says, and a result that found none is not called done. */
static void test_no_memory(void)
{
    TRY(2, "30", {"memory_limit_and_fail", "failed", "out of memory as it was told"},
        {"memory_limit_and_more", "failed", "out of memory for the results of this run"});
}

/* What the first run opens and keeps is the model's way, and no reason for a process per run. */
static void test_kept_file(void)
{
    hostile_begin(HOSTILE(39));
    CU_ASSERT_EQUAL(PIPETTE("run", "h.cfg", "--workers", "2", "--set", "parameters.deed=keep_file", "--set",
                            "parameters.at=0", "--set", "parameters.every=1"),
                    0);
    EXPECT(!err_has("process of its own"));
    CU_ASSERT_EQUAL(count_right(), 40);
    hostile_end();
}

static void test_files(void)
{
    TRY(2, "30", {"close_files", "done", ""}, {"close_output", "done", ""}, {"replace_files", "done", ""},
        {"write_files", "done", ""}, {"leak_files", "done", ""}, {"print", "done", ""});
}

static void test_children(void)
{
    TRY(2, "30", {"child", "done", ""}, {"stubborn_child", "done", ""}, {"fork", "done", ""}, {"thread", "done", ""},
        {"child_and_crash", "failed", "the run crashed (SIGABRT)"});
}

/* A run that damages the heap may be found out by its own process or by a later run: the others are right all the same.
 */
static void test_heap(void)
{
    static const char *const isolations[] = {"run.isolation=run", "run.isolation=batch", "run.isolation=batch"};
    int i;
    hostile_begin(HOSTILE(39));
    for (i = 0; i < 3; i++) {
        int code = PIPETTE("run", "h.cfg", "--overwrite", "--workers", i % 2 == 0 ? "1" : "2", "--timeout", "30",
                           "--set", "parameters.deed=heap", "--set", isolations[i]);
        EXPECT(code == 0 || code == 1);
        CU_ASSERT(count_lines("runs.state", "done") >= 39);
        CU_ASSERT(count_right() >= 39);
        CU_ASSERT(strcmp(of_run("runs.state", 17), "done") == 0 ||
                  strstr(of_run("runs.message", 17), SANITIZED ? "ended its process" : "the run crashed (SIG") != NULL);
    }
    hostile_end();
}

/* What the worker keeps of earlier runs is not where a stray pointer of a model leads. */
static void test_texts_on_the_heap(void)
{
    static const char *const paths[] = {"word", "added", "runs.log"};
    char line[64];
    size_t i;
    hostile_begin(
        "name = \"H\";\npreprocess = ( { plugin = \"explorer\"; product = ( { parameter = \"i\"; from = 0; to = 19; "
        "step = 1; } ); } );\n"
        "run = { plugin = \"" FIXTURE("scribbler") "\"; };\nstorage = { plugin = \"hdf5\"; file = \"h.hdf5\"; };\n");
    CU_ASSERT_EQUAL(PIPETTE("run", "-q", "h.cfg", "--workers", "1"), 0);
    for (i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL(PIPETTE("get", "h.hdf5", paths[i]), 0);
        (void)snprintf(line, sizeof line, "\n3,3,%sword of run 3%s\n", i == 2 ? "\"" : "", i == 2 ? "\n\"" : "");
        EXPECT(out_has(line) && !out_has("WORD"));
    }
    hostile_end();
}

static void test_shared_memory(void)
{
    static const deed deeds[] = {
        {"zero_shared_and_crash", "failed", "the run crashed (SIGABRT)"},
        {"zero_shared_and_hang", "timed_out", "the run took longer than its time limit of 1 s"},
        {"rewrite_parameters", "done", ""},
        {"zero_shared", "done", ""}};
    hostile_begin(HOSTILE(39));
    try_deeds(deeds, 4, "run", "2", "1");
    try_deeds(deeds, 4, "batch", "1", "1");
    try_deeds(&deeds[1], 3, "batch", "4", "1");
    try_deeds(&deeds[2], 1, "batch", "2", "30");
    try_deeds(&deeds[3], 1, "batch", "1", "30");
    try_deeds(&deeds[0], 1, "batch", "2", "30");
    hostile_end();
}

static void test_buffers(void)
{
    TRY(2, "30", {"write_behind", "failed", "the run wrote behind the buffer of result '$.third'"},
        {"write_before", "failed", "the run wrote before the buffer of result '$.third'"},
        {"write_far_behind", "failed", "the run went far behind the buffer of result '$.third' (SIGSEGV)"});
    if (!SANITIZED) /* they have a free() of their own */
        TRY(2, "30", {"free_buffer", "failed", "the run crashed (SIGABRT)"},
            {"realloc_buffer", "failed", "the run crashed (SIGABRT)"});
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
        CU_ASSERT(told(PIPETTE("run", "h.cfg", "--overwrite", "--workers", "1", "--set", set_deed, "--set",
                               "parameters.size=1024") == 1,
                       deeds[i].deed));
        CU_ASSERT_STRING_EQUAL(of_run("runs.message", 17), deeds[i].message);
        CU_ASSERT_EQUAL(count_lines("runs.state", "done"), 39);
        CU_ASSERT_EQUAL(count_right(), 39);
        (void)PIPETTE("get", "h.hdf5", "third", "--run", "38");
        EXPECT(out_has("1035.6666666666667")); /* its last element: 38 / 3 + 1023 */
    }
    hostile_end();
}

SUITE("guards", {"a run that changes its process", test_process_state},
      {"a run that changes what no one sees", test_quiet_changes}, {"a file that a model keeps", test_kept_file},
      {"a run that leaves itself no memory", test_no_memory},
      {"a run that closes, replaces, writes to or leaks files", test_files}, {"children and threads", test_children},
      {"a run that damages the heap", test_heap}, {"texts of other runs on the heap", test_texts_on_the_heap},
      {"a run that writes to parameters or shared memory", test_shared_memory},
      {"a run that writes beyond or frees its buffers", test_buffers},
      {"the same with large results", test_large_buffers}, )
