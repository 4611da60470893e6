/* Tests of signals: being interrupted once or twice, a closed terminal, and kill -9 of each kind of process. */
#include <pty.h>
#include <sys/ioctl.h>

#include "hostile.h"

/* 40 runs of 50 ms with two workers: about a second. */
#define SLOW HOSTILE(39) "parameters = { pause = 0.05; };\n"
#define START(...) PIPETTE_START("run", "h.cfg", "--workers", "2", "--progress=json", __VA_ARGS__)

/* How many runs the running command has reported as done; -1: it has not said anything. */
static long last_done(const char *text)
{
    const char *at, *last = NULL;
    for (at = text; (at = strstr(at, "\"done\":")) != NULL; at++)
        last = at + 7;
    return last == NULL ? -1 : strtol(last, NULL, 10);
}

static long reported(int file)
{
    static char text[65536];
    ssize_t size = pread(file, text, sizeof text - 1, 0);
    text[size < 0 ? 0 : size] = '\0';
    return last_done(text);
}

static long wait_for(int file, long wanted)
{
    long done = -1;
    int i;
    for (i = 0; i < 6000 && (done = reported(file)) < wanted; i++)
        command_pause(0.005);
    return done;
}

static int marked(void)
{
    return survivors_counted(0);
}

static int gone_within(double seconds)
{
    double waited;
    for (waited = 0; waited < seconds && marked() > 0; waited += 0.02)
        command_pause(0.02);
    return marked() == 0;
}

static void finish(void)
{
    CU_ASSERT_EQUAL(PIPETTE("run", "h.cfg", "--workers", "2"), 0);
    CU_ASSERT_EQUAL(count_lines("runs.state", "done"), 40);
    CU_ASSERT_EQUAL(count_right(), 40);
}

/* ---- Interrupted ---- */

static void interrupt_with(int number)
{
    char expected[100];
    long seen, done;
    pid_t command;
    hostile_begin(SLOW);
    command = START(NULL);
    seen = wait_for(fileno(command_files[1]), 2);
    CU_ASSERT(seen >= 2);
    (void)kill(command, number);
    CU_ASSERT_EQUAL(command_wait(command, 20), 130);
    CU_ASSERT_EQUAL(survivors(), 0);
    {
        char *err = strdup(command_err);
        done = count_lines("runs.state", "done");
        CU_ASSERT(done >= seen && done < 40);
        CU_ASSERT_EQUAL(count_lines("runs.state", "pending"), 40 - done);
        CU_ASSERT_EQUAL(count_right(), done);
        (void)snprintf(expected, sizeof expected,
                       "pipette: interrupted; %ld runs are still to do; the same command goes on\n", 40 - done);
        CU_ASSERT(err != NULL && strstr(err, expected) != NULL);
        free(err);
    }
    finish();
    hostile_end();
}

static void test_interrupt(void)
{
    interrupt_with(SIGINT);
}
static void test_terminate(void)
{
    interrupt_with(SIGTERM);
}
static void test_hangup(void)
{
    interrupt_with(SIGHUP);
}

/* One of the runs never ends: once is not enough. */
static void test_twice(void)
{
    pid_t command;
    long seen;
    int status;
    hostile_begin(SLOW);
    command = START("--set", "parameters.deed=hang");
    seen = wait_for(fileno(command_files[1]), 30);
    (void)kill(command, SIGINT);
    command_pause(0.5);
    CU_ASSERT_EQUAL(waitpid(command, &status, WNOHANG), 0);
    (void)kill(command, SIGINT);
    CU_ASSERT_EQUAL(command_wait(command, 10), 130);
    CU_ASSERT_EQUAL(survivors(), 0);
    CU_ASSERT(seen >= 30 && count_lines("runs.state", "done") >= seen);
    CU_ASSERT_EQUAL(count_lines("runs.state", "failed"), 0);
    CU_ASSERT_EQUAL(count_right(), count_lines("runs.state", "done"));
    hostile_end();
}

static void test_nohup(void)
{
    pid_t command;
    hostile_begin(SLOW);
    (void)signal(SIGHUP, SIG_IGN);
    command = START(NULL);
    (void)signal(SIGHUP, SIG_DFL);
    CU_ASSERT(wait_for(fileno(command_files[1]), 2) >= 2);
    (void)kill(command, SIGHUP);
    CU_ASSERT_EQUAL(command_wait(command, 30), 0);
    CU_ASSERT_EQUAL(count_right(), 40);
    hostile_end();
}

/* On a terminal of its own, whose other end is `*master`. */
static pid_t start_on_terminal(int *master)
{
    pid_t command = forkpty(master, NULL, NULL, NULL);
    if (command == 0) {
        if (chdir(folder) == 0)
            (void)execl(TEST_COMMAND, TEST_COMMAND, "run", "h.cfg", "--workers", "2", "--progress=json", (char *)NULL);
        _exit(99);
    }
    return command;
}

static long read_until(int master, long wanted)
{
    static char seen[65536];
    size_t used = 0;
    ssize_t got;
    while (used < sizeof seen - 1 && (got = read(master, seen + used, sizeof seen - 1 - used)) > 0) {
        used += (size_t)got;
        seen[used] = '\0';
        if (last_done(seen) >= wanted)
            break;
    }
    return last_done(seen);
}

static int exit_code(pid_t command)
{
    int status = -1;
    double waited;
    for (waited = 0; waited < 20; waited += 0.01) {
        if (waitpid(command, &status, WNOHANG) == command)
            return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        command_pause(0.01);
    }
    (void)kill(command, SIGKILL);
    (void)waitpid(command, &status, 0);
    return -1;
}

static void test_terminal(void)
{
    int close_it;
    for (close_it = 0; close_it < 2; close_it++) {
        int master, code;
        long done;
        pid_t command;
        hostile_begin(SLOW);
        command = start_on_terminal(&master);
        CU_ASSERT(read_until(master, 4) >= 4);
        if (close_it)
            (void)close(master);
        else
            CU_ASSERT_EQUAL(write(master, "\x03", 1), 1); /* Ctrl-C: to all processes in the foreground */
        code = exit_code(command);
        CU_ASSERT_EQUAL(code, 130);
        if (!close_it)
            (void)close(master);
        CU_ASSERT_EQUAL(survivors(), 0);
        done = count_lines("runs.state", "done");
        CU_ASSERT(done >= 4 && done < 40);
        CU_ASSERT_EQUAL(count_lines("runs.state", "pending"), 40 - done);
        finish();
        hostile_end();
    }
}

/* ---- kill -9 ---- */

/* What is killed: 0: the command, 1: the keeper, 2: the model host. */
static void kill_one(int which, const char *isolation)
{
    pid_t command, keeper = 0, host;
    long seen;
    hostile_begin(SLOW);
    command = START("--set", isolation);
    seen = wait_for(fileno(command_files[1]), 3);
    host = host_of(command, &keeper);
    CU_ASSERT(seen >= 3);
    CU_ASSERT_FATAL(host > 0 && keeper > 0);
    (void)kill(which == 0 ? command : which == 1 ? keeper : host, SIGKILL);
    CU_ASSERT_EQUAL(command_wait(command, 20), which == 0   ? 128 + SIGKILL
                                               : which == 1 ? 3
                                                            : 0); /* another host takes its place */
    if (which == 1)
        EXPECT(err_has("pipette: the model host has died; what is stored is safe, run again to go on\n"));
    CU_ASSERT(gone_within(1.0));
    CU_ASSERT(count_lines("runs.state", "done") >= seen);
    CU_ASSERT_EQUAL(count_lines("runs.state", "failed"), 0);
    finish();
    hostile_end();
}

static void test_kill_command(void)
{
    kill_one(0, "run.isolation=batch");
    kill_one(0, "run.isolation=run");
}
static void test_kill_keeper(void)
{
    kill_one(1, "run.isolation=batch");
}
static void test_kill_host(void)
{
    kill_one(2, "run.isolation=batch");
    kill_one(2, "run.isolation=run");
}

/* Somebody kills workers all the time: they are replaced, and no run is blamed. */
static void test_kill_workers(void)
{
    int isolated;
    for (isolated = 0; isolated < 2; isolated++) {
        pid_t command, keeper = 0, host;
        int i, killed = 0;
        hostile_begin(SLOW);
        command = START("--set", isolated ? "run.isolation=run" : "run.isolation=batch");
        CU_ASSERT(wait_for(fileno(command_files[1]), 1) >= 1);
        host = host_of(command, &keeper);
        CU_ASSERT_FATAL(host > 0);
        for (i = 0; i < 8; i++) {
            pid_t workers[8], run;
            int n = children_of(host, workers, 8);
            if (n > 0 && isolated && i % 2 == 1 && children_of(workers[i % n], &run, 1) == 1)
                killed += kill(run, SIGKILL) == 0;
            else if (n > 0)
                killed += kill(workers[i % n], SIGKILL) == 0;
            command_pause(0.07);
        }
        CU_ASSERT(killed >= 4);
        CU_ASSERT_EQUAL(command_wait(command, 30), 0);
        CU_ASSERT_EQUAL(survivors(), 0);
        CU_ASSERT_EQUAL(count_lines("runs.state", "done"), 40);
        CU_ASSERT_EQUAL(count_right(), 40);
        hostile_end();
    }
}

SUITE("signals", {"SIGINT finishes what runs", test_interrupt}, {"SIGTERM as well", test_terminate},
      {"SIGHUP as well", test_hangup}, {"twice ends at once", test_twice}, {"nohup is respected", test_nohup},
      {"Ctrl-C and a closed terminal", test_terminal}, {"kill -9 of the command", test_kill_command},
      {"kill -9 of the keeper", test_kill_keeper}, {"kill -9 of the model host", test_kill_host},
      {"kill -9 of workers", test_kill_workers}, )
