/* Tests of more of what a model can do to its process, its parents and its neighbours (fixtures/wrecks.h): it costs at
 * most the run that does it. */
#include "deeds.h"
#include "suite.h"

#define DONE(deed)                                                                                                     \
    {                                                                                                                  \
        deed, "done", ""                                                                                               \
    }
#define FAILED(deed, how)                                                                                              \
    {                                                                                                                  \
        deed, "failed", how                                                                                            \
    }
#define LATE(deed)                                                                                                     \
    {                                                                                                                  \
        deed, "timed_out", "the run took longer than its time limit of 1 s"                                            \
    }

static void test_descriptors(void)
{
    if (SANITIZED) /* their own reports and memory are in the way of all of this */
        return;
    TRY(2, "30", DONE("close_all"), DONE("close_each"), DONE("dup_over"), DONE("close_streams"), DONE("reopen_streams"),
        DONE("wide_output"), DONE("nonblocking"), DONE("asynchronous"), DONE("keep_over_exec"), DONE("lock_files"),
        DONE("seal_files"), DONE("small_pipes"), DONE("cut_output"), DONE("read_files"), DONE("use_up_files"),
        DONE("odd_files"), DONE("broken_pipe"), DONE("flood_output"), DONE("flood_log"), DONE("flood_names"));
}

static void test_signals(void)
{
    if (SANITIZED)
        return;
    TRY(2, "30", DONE("segv_jump"), DONE("other_stack"), DONE("no_stack"), DONE("pending_signal"),
        DONE("every_handler"), DONE("short_alarm"), DONE("own_clock"), DONE("clock_of_work"),
        DONE("stop_like_terminal"));
    TRY(4, "30", FAILED("raise_usr1", "the run crashed (SIGUSR1)"), FAILED("raise_alarm", "the run crashed (SIGALRM)"),
        FAILED("raise_quit", "the run crashed (SIGQUIT)"), FAILED("raise_trap", "the run crashed (SIGTRAP)"),
        FAILED("raise_system", "the run crashed (SIGSYS)"), FAILED("raise_illegal", "the run crashed (SIGILL)"),
        FAILED("raise_bus", "the run crashed (SIGBUS)"), FAILED("raise_real_time", "the run crashed (signal 40)"),
        FAILED("kill_group", "the run was killed (SIGKILL); was memory short?"));
}

static void test_attributes(void)
{
    if (SANITIZED)
        return;
    TRY(2, "30", DONE("limit_files"), DONE("limit_processes"), DONE("limit_stack"), DONE("limit_data"),
        DONE("new_session"), DONE("nobody"), DONE("unshared"), DONE("not_dumpable"), DONE("no_privileges"),
        DONE("no_subreaper"), DONE("one_core"), DONE("idle_class"), DONE("other_persona"), DONE("other_root"),
        DONE("folder_that_is_gone"), DONE("no_environment"), DONE("overwritten_environment"), DONE("other_locale"),
        DONE("traced"), DONE("round_down"), DONE("trap_arithmetic"), DONE("flush_to_zero"), DONE("full_registers"),
        DONE("backwards"));
}

static void test_ends(void)
{
    if (SANITIZED)
        return;
    TRY(4, "30", FAILED("quick", "the run ended its process (exit status 5)"),
        FAILED("other_program", "the run ended its process (exit status 0)"),
        FAILED("cancelled", "the run ended its process (exit status 0)"),
        FAILED("double_free", "the run crashed (SIGABRT)"), FAILED("jump_out", "the run crashed (SIGSEGV)"),
        FAILED("thread_that_crashes", "the run crashed (SIGSEGV)"), FAILED("write_code", "the run crashed (SIGSEGV)"),
        FAILED("wreck_handle", "the run crashed (SIGSEGV)"),
        FAILED("limit_file_and_write", "the run crashed (SIGXFSZ)"));
}

static void test_late_ends(void)
{
    if (SANITIZED)
        return;
    TRY(6, "1", LATE("segv_handler"), LATE("ignore_and_hang"), LATE("other_program_hangs"), LATE("hanging_exit"),
        LATE("deadlock"));
}

static void test_children(void)
{
    if (SANITIZED)
        return;
    TRY(2, "30", DONE("late_exit_handler"), DONE("many_children"), DONE("dead_child"), DONE("child_that_writes"),
        DONE("sibling"), DONE("left_pipe"), DONE("thread_that_ends_all"), DONE("many_threads"),
        DONE("interrupt_parent"), DONE("lock_memory"), DONE("huge_mapping"));
}

/* What becomes of the run itself depends on when its deed is found out: in each way, in used processes and in fresh
 * ones, it costs no other run. */
static void try_others(size_t first, size_t step)
{
    static const char *const deeds[] = {
        "stack_buffer",       "limit_parent",         "limit_cpu",     "strict",       "no_time",
        "traced_and_stopped", "trace_parent",         "locked_stdout", "term_parent",  "crash_parent",
        "unmap_shared",       "remove_shared",        "forbid_buffer", "unmap_buffer", "shrunk_heap",
        "read_only_buffer",   "thread_that_writes_on"};
    static const char *const isolations[] = {"run.isolation=run", "run.isolation=batch"};
    char set[64], what[128];
    size_t i, k;
    if (SANITIZED)
        return;
    hostile_begin(HOSTILE(39));
    for (i = first; i < sizeof deeds / sizeof deeds[0]; i += step)
        for (k = 0; k < 4; k++) {
            int code;
            long done;
            (void)snprintf(set, sizeof set, "parameters.deed=%s", deeds[i]);
            (void)snprintf(what, sizeof what, "%s, %s, %s workers", deeds[i], isolations[k / 2],
                           k % 2 == 0 ? "1" : "2");
            code = PIPETTE("run", "h.cfg", "--overwrite", "--workers", k % 2 == 0 ? "1" : "2", "--timeout", "0.5",
                           "--set", set, "--set", isolations[k / 2]);
            done = count_lines("runs.state", "done");
            CU_ASSERT(told(code == (done == 40 ? 0 : 1), what));
            CU_ASSERT(told(survivors() == 0, what));
            CU_ASSERT(told(done == 40 || (done == 39 && strcmp(of_run("runs.state", 17), "done") != 0), what));
            CU_ASSERT(told(count_right() == done, what));
        }
    hostile_end();
}

static void test_others(void)
{
    try_others(0, 3);
}

static void test_second_others(void)
{
    try_others(1, 3);
}

static void test_third_others(void)
{
    try_others(2, 3);
}

SUITE("wrecks", {"descriptors and streams", test_descriptors}, {"signals and clocks", test_signals},
      {"limits and attributes", test_attributes}, {"ends", test_ends}, {"children and threads", test_children},
      {"ends that are waited for", test_late_ends}, {"deeds that end in different ways", test_others},
      {"more of them", test_second_others}, {"the rest of them", test_third_others}, )
