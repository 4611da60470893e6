/* Tests of the supervisor: what runs do to the model host and to the board, runs that are tried again, sweeps that end
 * early. */
#include "hostile.h"

#define FICKLE                                                                                                         \
    "name = \"H\";\npreprocess = ( { plugin = \"explorer\"; product = ( { parameter = \"i\"; from = 0; to = 39; step " \
    "= 1; } ); } );\n"                                                                                                 \
    "run = { plugin = \"" FIXTURE("fickle") "\"; };\nstorage = { plugin = \"hdf5\"; file = \"h.hdf5\"; };\n"

static const char *const isolations[] = {"run.isolation=batch", "run.isolation=run"};

/* How often the model was called for a run. */
static long tries_of(long run)
{
    struct stat about;
    char name[32];
    (void)snprintf(name, sizeof name, "tried.%ld", run);
    return stat(in_folder(name), &about) == 0 ? (long)about.st_size : 0;
}

static void forget_tries(void)
{
    CU_ASSERT_EQUAL(SHELL("rm -f tried.*"), 0);
}

static int wait_for_tries(long run, long wanted)
{
    double waited;
    for (waited = 0; waited < 30 && tries_of(run) < wanted; waited += 0.01)
        command_pause(0.01);
    return tries_of(run) >= wanted;
}

/* How many runs hold twice their number. */
static long count_twice(void)
{
    const char *line;
    long count = 0, run, i, twice;
    (void)PIPETTE("get", "h.hdf5", "twice");
    for (line = strchr(command_out, '\n'); line != NULL && line[1] != '\0'; line = strchr(line + 1, '\n')) {
        /* The field of a run without a value is empty. */
        size_t length = strcspn(line + 1, "\n");
        count += length > 0 && line[length] != ',' && sscanf(line + 1, "%ld,%ld,%ld", &run, &i, &twice) == 3 &&
                 run == i && twice == 2 * i;
    }
    return count;
}

/* ---- The model host and the board ---- */

/* Run 17 may fail or may be done; the others are done, and are right. */
static void only_17_may_fail(const char *deed)
{
    char set_deed[64];
    int i;
    (void)snprintf(set_deed, sizeof set_deed, "parameters.deed=%s", deed);
    for (i = 0; i < 2; i++) {
        int code = PIPETTE("run", "h.cfg", "--overwrite", "--workers", "2", "--timeout", "20", "--set", set_deed,
                           "--set", isolations[i]);
        long failed, done;
        EXPECT(code == 0 || code == 1);
        CU_ASSERT_EQUAL(survivors(), 0);
        done = count_lines("runs.state", "done");
        failed = count_lines("runs.state", "failed");
        CU_ASSERT(told(done == 40 - code && failed == code, set_deed));
        CU_ASSERT(told(count_right() == 40 - code, set_deed));
        if (code == 1)
            CU_ASSERT(told(strcmp(of_run("runs.state", 17), "failed") == 0 && strlen(of_run("runs.message", 17)) > 10,
                           set_deed));
    }
}

static void test_kill_parent(void)
{
    hostile_begin(HOSTILE(39) "parameters = { pause = 0.002; };\n");
    only_17_may_fail("kill_parent");
    hostile_end();
}

static void test_stop_parent(void)
{
    hostile_begin(HOSTILE(39) "parameters = { pause = 0.002; };\n");
    only_17_may_fail("stop_parent");
    hostile_end();
}

static void test_zero_board(void)
{
    hostile_begin(HOSTILE(39) "parameters = { pause = 0.002; };\n");
    only_17_may_fail("zero_board");
    hostile_end();
}

static int namespaces_of_test(void)
{
    FILE *status = fopen("/proc/self/status", "r");
    char line[512];
    int count = 0;
    while (status != NULL && fgets(line, sizeof line, status) != NULL)
        if (strncmp(line, "NSpid:", 6) == 0) {
            const char *at;
            for (at = line; (at = strchr(at, '\t')) != NULL; at++)
                count++;
        }
    if (status != NULL)
        (void)fclose(status);
    return count;
}

/* The model does it only where it is in one namespace more than this test: there it meets the model host and the other
 * workers. */
static void test_kill_all(void)
{
    char depth[16];
    const int here = namespaces_of_test();
    if (here < 1)
        return;
    (void)snprintf(depth, sizeof depth, "%d", here);
    hostile_begin(HOSTILE(39) "parameters = { pause = 0.002; };\n");
    (void)setenv("HOSTILE_NAMESPACES", depth, 1);
    only_17_may_fail("kill_all");
    (void)unsetenv("HOSTILE_NAMESPACES");
    hostile_end();
}

/* ---- Tried again, given up ---- */

static void test_retries(void)
{
    static const char *const ways[] = {"parameters.way=fail", "parameters.way=abort"};
    int i, way;
    hostile_begin(FICKLE);
    for (i = 0; i < 2; i++)
        for (way = 0; way < 2; way++) {
            long run;
            forget_tries();
            EXPECT(PIPETTE("run", "h.cfg", "--overwrite", "--workers", "2", "--set", isolations[i], "--set", ways[way],
                           "--set", "parameters.below=6", "--set", "run.retries=1") == 0);
            CU_ASSERT_EQUAL(count_lines("runs.state", "done"), 40);
            CU_ASSERT_EQUAL(count_twice(), 40);
            for (run = 0; run < 6; run++)
                CU_ASSERT(tries_of(run) == 2 ||
                          (way == 1 && tries_of(run) > 2)); /* what dies among others runs once more, alone */
            CU_ASSERT_STRING_EQUAL(of_run("runs.message", 0), "");
            CU_ASSERT_STRING_EQUAL(of_run("runs.message", 5), "");
            if (way != i)
                continue;
            forget_tries();
            EXPECT(PIPETTE("run", "h.cfg", "--overwrite", "--workers", "2", "--set", isolations[i], "--set", ways[way],
                           "--set", "parameters.below=3", "--set", "parameters.fails=99", "--retries", "2") == 1);
            EXPECT(err_has("pipette: 3 runs failed; the first, run_00000000: "));
            CU_ASSERT_EQUAL(count_lines("runs.state", "done"), 37);
            CU_ASSERT_EQUAL(count_lines("runs.state", "failed"), 3);
            CU_ASSERT_EQUAL(count_twice(), 37);
            for (run = 0; run < 3; run++) {
                CU_ASSERT(tries_of(run) == 3 || (way == 1 && tries_of(run) > 3));
                CU_ASSERT_STRING_EQUAL(of_run("runs.message", run),
                                       way == 0 ? "try 3 went wrong" : "the run crashed (SIGABRT)");
            }
        }
    hostile_end();
}

static void test_max_failures(void)
{
    long failed, pending;
    char expected[128];
    hostile_begin(FICKLE "parameters = { below = 8; pause = 0.02; };\n");
    EXPECT(PIPETTE("run", "h.cfg", "--workers", "1", "--max-failures", "5") == 1);
    failed = count_lines("runs.state", "failed");
    pending = count_lines("runs.state", "pending");
    CU_ASSERT(failed >= 5 && failed <= 8 && pending > 0);
    CU_ASSERT_EQUAL(count_lines("runs.state", "done"), 40 - failed - pending);
    CU_ASSERT_STRING_EQUAL(of_run("runs.message", 4), "try 1 went wrong");
    /* What is stored stays; the rest has too few failures to end early, and then those are left. */
    EXPECT(PIPETTE("run", "h.cfg", "--workers", "1", "--set", "run.max_failures=5") == 1);
    CU_ASSERT_EQUAL(count_lines("runs.state", "failed"), 8);
    CU_ASSERT_EQUAL(count_lines("runs.state", "done"), 32);
    CU_ASSERT_EQUAL(tries_of(0), 1);
    EXPECT(PIPETTE("run", "h.cfg", "--workers", "1", "--max-failures", "5", "--retry-failed") == 0);
    CU_ASSERT_EQUAL(count_twice(), 40);
    CU_ASSERT_STRING_EQUAL(of_run("runs.message", 4), "");
    /* In the config, with several workers: the message says how to go on. */
    forget_tries();
    EXPECT(PIPETTE("run", "h.cfg", "--overwrite", "--workers", "2", "--set", "run.max_failures=3", "--set",
                   isolations[1]) == 1);
    EXPECT(one_error_line() && err_has("pipette: stopped early: ") &&
           err_has(" runs failed, and max_failures is 3; the first, run_0000000") && err_has(": try 1 went wrong; "));
    {
        char *err = strdup(command_err);
        (void)snprintf(expected, sizeof expected, "; %ld runs are still to do; the same command goes on with them",
                       count_lines("runs.state", "pending"));
        CU_ASSERT(err != NULL && strstr(err, expected) != NULL);
        free(err);
    }
    EXPECT(PIPETTE("run", "h.cfg", "--max-failures", "0") == 2);
    hostile_end();
}

/* ---- Time ---- */

/* An earlier run may have left a lock: a run that takes too long in a used process gets another chance in a fresh one.
 */
static void test_used_worker(void)
{
    hostile_begin("name = \"H\";\npreprocess = ( { plugin = \"explorer\"; product = ( { parameter = \"i\"; values = "
                  "[30, 31, 0, 32]; } ); } );\n"
                  "run = { plugin = \"" FIXTURE(
                      "fickle") "\"; timeout = 1.0; };\nstorage = { plugin = \"hdf5\"; file = \"h.hdf5\"; };\n"
                                "parameters = { way = \"used\"; fails = 99; below = 1; };\n");
    EXPECT(PIPETTE("run", "h.cfg", "--workers", "1") == 0);
    CU_ASSERT_EQUAL(count_lines("runs.state", "done"), 4);
    CU_ASSERT_STRING_EQUAL(of_run("runs.message", 2), "");
    CU_ASSERT(tries_of(0) >= 2);
    hostile_end();
}

static void test_batch_hang(void)
{
    struct timespec begin, end;
    hostile_begin("name = \"H\";\npreprocess = ( { plugin = \"explorer\"; product = ( { parameter = \"i\"; from = 0; "
                  "to = 3999; step = 1; } ); } );\n"
                  "run = { plugin = \"" FIXTURE(
                      "batch_model") "\"; timeout = 0.5; };\nstorage = { plugin = \"hdf5\"; file = \"h.hdf5\"; };\n"
                                     "parameters = { at = 3000; deed = 2; };\n");
    clock_gettime(CLOCK_MONOTONIC, &begin);
    EXPECT(PIPETTE("run", "h.cfg", "--workers", "2") == 1);
    clock_gettime(CLOCK_MONOTONIC, &end);
    CU_ASSERT(end.tv_sec - begin.tv_sec < 15);
    EXPECT(err_has("pipette: 1 run failed, run_00003000: the run took longer than its time limit of 0.5 s\n"));
    CU_ASSERT_EQUAL(count_lines("runs.state", "done"), 3999);
    CU_ASSERT_STRING_EQUAL(of_run("runs.state", 3000), "timed_out");
    hostile_end();
}

/* Runs 0 to 3 end at once, all others take a minute: there is no waiting for them. */
static void test_grace(void)
{
    pid_t command;
    long pending;
    hostile_begin(FICKLE "parameters = { below = 0; };\n");
    (void)setenv("FICKLE_SECONDS", "60", 1);
    command = PIPETTE_START("run", "h.cfg", "--workers", "2", "--set", "run.grace=0.5", "--set", "run.isolation=run");
    CU_ASSERT(wait_for_tries(4, 1));
    (void)kill(command, SIGTERM);
    CU_ASSERT_EQUAL(command_wait(command, 12), 130);
    EXPECT(one_error_line() && err_has("pipette: interrupted; ") &&
           err_has(" runs are still to do; the same command goes on\n"));
    CU_ASSERT_EQUAL(survivors(), 0);
    (void)unsetenv("FICKLE_SECONDS");
    pending = count_lines("runs.state", "pending");
    CU_ASSERT(pending >= 36 && pending <= 40);
    EXPECT(PIPETTE("run", "h.cfg", "--workers", "2", "--grace", "0.5") == 0);
    CU_ASSERT_EQUAL(count_twice(), 40);
    hostile_end();
}

/* Between the moment when a failed run is pending again and the end of its retry there is no message of its first try.
 */
static void test_killed_in_retry(void)
{
    pid_t command;
    hostile_begin(FICKLE "parameters = { below = 6; };\n");
    EXPECT(PIPETTE("run", "h.cfg", "--workers", "1") == 1);
    CU_ASSERT_STRING_EQUAL(of_run("runs.message", 5), "try 1 went wrong");
    (void)setenv("FICKLE_SECONDS", "60", 1);
    command = PIPETTE_START("run", "h.cfg", "--workers", "1", "--retry-failed");
    CU_ASSERT(wait_for_tries(4, 2));
    (void)kill(command, SIGKILL);
    CU_ASSERT_EQUAL(command_wait(command, 10), 128 + SIGKILL);
    (void)unsetenv("FICKLE_SECONDS");
    CU_ASSERT_STRING_EQUAL(of_run("runs.state", 5), "pending");
    CU_ASSERT_STRING_EQUAL(of_run("runs.message", 5), "");
    EXPECT(PIPETTE("run", "h.cfg", "--workers", "1") == 0);
    CU_ASSERT_EQUAL(count_twice(), 40);
    CU_ASSERT_STRING_EQUAL(of_run("runs.message", 4), "");
    CU_ASSERT_STRING_EQUAL(of_run("runs.message", 5), "");
    hostile_end();
}

/* ---- As another user ---- */

/* A shell line as a user who owns nothing else, where the test may become one. */
static char user_line[1024];
static const char *as_user(const char *line)
{
    (void)snprintf(user_line, sizeof user_line, "exec setpriv --reuid=%d --regid=%d --clear-groups /bin/sh -c '%s'",
                   50000 + (int)getpid() % 10000, 50000 + (int)getpid() % 10000, line);
    return user_line;
}

static int can_be_user(void)
{
    return geteuid() == 0 && chmod(folder, 0777) == 0 &&
           SHELL(as_user("test -x " TEST_COMMAND " && test -r " FIXTURE("fickle"))) == 0;
}

/* There is room for the command, the keeper, the model host and one worker, but not for the runs of their own. */
static void test_refused_forks(void)
{
    int code;
    hostile_begin(FICKLE "parameters = { below = 0; };\n");
    if (can_be_user()) {
        code =
            SHELL(as_user("exec prlimit --nproc=4 " TEST_COMMAND " run -q h.cfg --workers 2 --set run.isolation=run"));
        EXPECT(code == 5 && err_has("pipette: cannot start a process for the runs: ") &&
               err_has("(ulimit -u); 40 runs are still to do; "));
        CU_ASSERT_EQUAL(count_lines("runs.state", "pending"), 40);
        CU_ASSERT_EQUAL(survivors(), 0);
        EXPECT(SHELL(as_user("exec prlimit --nproc=4 " TEST_COMMAND " run -q h.cfg --workers 2")) ==
               0); /* one worker is enough */
        EXPECT(err_has("warning: the system gives no more processes ("));
        CU_ASSERT_EQUAL(count_twice(), 40);
    }
    hostile_end();
}

/* The number that a file of the folder begins with; 0: none. */
static pid_t number_in(const char *name)
{
    FILE *file = fopen(in_folder(name), "r");
    int number = 0;
    if (file != NULL && fscanf(file, "%d", &number) != 1)
        number = 0;
    if (file != NULL)
        (void)fclose(file);
    return (pid_t)number;
}

/* Where there is no PID namespace, a daemon of the model ends with the keeper all the same, whoever ends that. */
static void test_daemon(void)
{
    static const char *const deeds[] = {"daemon", "program_daemon",
                                        "clean_daemon"}; /* the last one clears its environment */
    int i, twice;
    hostile_begin(HOSTILE(39) "parameters = { pause = 0.05; at = 1; };\n");
    for (i = 0; i < 3 && can_be_user(); i++)
        for (twice = 0; twice < 2; twice++) {
            char line[512];
            pid_t command, keeper = 0, host = 0, daemon;
            double waited;
            (void)snprintf(line, sizeof line,
                           "exec " TEST_COMMAND " run -q h.cfg --overwrite --workers 1 --set parameters.deed=%s",
                           deeds[i]);
            command = command_start((const char *const[]){"/bin/sh", "-c", as_user(line), NULL});
            for (waited = 0; waited < 20 && host == 0; waited += 0.02) {
                command_pause(0.02);
                host = host_of(command, &keeper);
            }
            CU_ASSERT_FATAL(host > 0);
            for (waited = 0; waited < 20 && (daemon = number_in("daemon")) <= 0; waited += 0.02)
                command_pause(0.02);
            CU_ASSERT_FATAL(daemon > 0);
            CU_ASSERT_EQUAL(kill(daemon, 0), 0);
            CU_ASSERT_EQUAL(unlink(in_folder("daemon")), 0);
            if (twice) {
                (void)kill(command, SIGINT);
                command_pause(0.3); /* two at once are one */
                (void)kill(command, SIGINT);
            } else {
                (void)kill(keeper, SIGKILL);
            }
            (void)command_wait(command, 20);
            CU_ASSERT_EQUAL(survivors(), 0);
            CU_ASSERT(told(kill(daemon, SIGKILL) != 0, deeds[i]));
        }
    hostile_end();
}

/* In the second sweep of a command four processes end before their first run, in which the first sweep's places mean
 * nothing. */
static void test_early_end(void)
{
    hostile_begin(HOSTILE(39) "postprocess = ( { plugin = \"" FIXTURE("adds") "\"; until = 50; } );\n");
    (void)setenv("HOSTILE_CREATE", "end_early", 1);
    CU_ASSERT_EQUAL(PIPETTE("run", "h.cfg", "--workers", "2", "--set", "parameters.deed=leave_ready", "--set",
                            "parameters.at=39", "--set", "parameters.pause=0.005"),
                    0);
    EXPECT(file_exists("ended3"));
    CU_ASSERT_EQUAL(count_lines("runs.state", "done"), 60);
    CU_ASSERT_EQUAL(count_right(), 60);
    hostile_end();
}

SUITE("supervisor", {"a run kills the model host", test_kill_parent}, {"a run stops the model host", test_stop_parent},
      {"a run zeroes the board", test_zero_board}, {"kill(-1) in a namespace", test_kill_all},
      {"failed runs are tried again", test_retries}, {"max_failures", test_max_failures},
      {"a time limit in a used worker", test_used_worker}, {"a batch that hangs", test_batch_hang},
      {"SIGTERM with a time of grace", test_grace}, {"kill -9 while a failed run is tried again", test_killed_in_retry},
      {"forks that are refused", test_refused_forks}, {"daemons end with the keeper", test_daemon},
      {"workers that end before their first run", test_early_end}, )
