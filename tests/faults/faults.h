/* faults.h: what the fault tests share: commands under kill_shim.so, the wait for all their processes, and plain tools
 * that look at the files. Include it after python.h. */
#ifndef TESTS_FAULTS_H
#define TESTS_FAULTS_H

#include <pthread.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "fault_board.h"

#define SHIM TEST_FAULTS "/kill_shim.so"
#define FAULT_PLUGINS TEST_FAULTS

static fault_board *fault;
static char fault_path[64];

/* ---- The board ---- */

/* A zombie does not. */
static int process_lives(pid_t process)
{
    char path[64], text[256] = "";
    const char *state;
    FILE *file;
    if (process <= 0)
        return 0;
    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)process);
    file = fopen(path, "r");
    if (file == NULL)
        return 0;
    if (fgets(text, sizeof text, file) == NULL)
        text[0] = '\0';
    (void)fclose(file);
    state = strrchr(text, ')');
    return state != NULL && state[1] == ' ' && state[2] != 'Z' && state[2] != 'X';
}

COMMAND_UNUSED static void faults_kill_all(void)
{
    uint32_t i, count = atomic_load(&fault->process_count);
    for (i = 0; i < count && i < FAULT_PROCESSES; i++) {
        int32_t process = atomic_load(&fault->processes[i]);
        if (process > 1 && process_lives(process))
            (void)kill(process, SIGKILL);
    }
}

/* A thread: who is in a namespace of process numbers cannot kill those outside, so the test does it. */
static pthread_t faults_killer;
static _Atomic int faults_over;
static pthread_mutex_t faults_board_lock =
    PTHREAD_MUTEX_INITIALIZER; /* or a late look at the board kills the next command */
static void *faults_kill_on_demand(void *unused)
{
    (void)unused;
    while (!atomic_load(&faults_over)) {
        (void)pthread_mutex_lock(&faults_board_lock);
        if (atomic_load(&fault->end_all))
            faults_kill_all();
        (void)pthread_mutex_unlock(&faults_board_lock);
        command_pause(0.0005);
    }
    return NULL;
}

static void faults_begin(void)
{
    int file;
    strcpy(fault_path, "/tmp/pipette-fault-XXXXXX");
    file = mkstemp(fault_path);
    if (file < 0 || ftruncate(file, sizeof *fault) != 0)
        command_stop("a board for faults");
    fault = mmap(NULL, sizeof *fault, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (fault == MAP_FAILED)
        command_stop("a board for faults");
    (void)close(file);
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1); /* what a killed command leaves behind is ours to wait for */
    (void)setenv("PIPETTE_FAULT_BOARD", fault_path, 1);
    atomic_store(&faults_over, 0);
    if (pthread_create(&faults_killer, NULL, faults_kill_on_demand, NULL) != 0)
        command_stop("a thread");
}

static void faults_end(void)
{
    atomic_store(&faults_over, 1);
    (void)pthread_join(faults_killer, NULL);
    (void)unsetenv("PIPETTE_FAULT_BOARD");
    (void)munmap(fault, sizeof *fault);
    (void)unlink(fault_path);
}

/* Waits until no process of the command is left; 0 where one stays. */
static int faults_all_gone(void)
{
    double waited;
    uint32_t i, left = 1;
    for (waited = 0; left > 0 && waited < 20; waited += 0.002) {
        uint32_t count = atomic_load(&fault->process_count);
        left = 0;
        while (waitpid(-1, NULL, WNOHANG) > 0) /* orphans; compare.py stays */
            ;
        for (i = 0; i < count && i < FAULT_PROCESSES; i++)
            left += (uint32_t)process_lives(atomic_load(&fault->processes[i]));
        if (left > 0)
            command_pause(0.002);
    }
    return left == 0;
}

/* Starts a command under the shim; what is to happen to it was written to the board after faults_clear(). */
COMMAND_UNUSED static void faults_clear(void)
{
    (void)pthread_mutex_lock(&faults_board_lock);
    memset(fault, 0, sizeof *fault);
    (void)pthread_mutex_unlock(&faults_board_lock);
}

COMMAND_UNUSED static pid_t faults_start(const char *const *arguments)
{
    pid_t process;
    (void)setenv("LD_PRELOAD", SHIM, 1);
    if (SANITIZED)
        (void)setenv("ASAN_OPTIONS", "verify_asan_link_order=0", 1);
    process = command_start(arguments);
    (void)unsetenv("LD_PRELOAD");
    return process;
}

COMMAND_UNUSED static int faults_run(const char *const *arguments)
{
    return command_wait(faults_start(arguments), COMMAND_SECONDS);
}

/* ---- Plain tools ---- */

static python_helper tools; /* compare.py */

COMMAND_UNUSED static void tools_begin(void)
{
    python_start(&tools, TEST_SOURCE_FOLDER "/faults/compare.py");
}

COMMAND_UNUSED static void tools_end(void)
{
    python_end(&tools);
}

/* The answer of compare.py; good until the next call. */
COMMAND_UNUSED static const char *tools_ask(const char *what, const char *path)
{
    static char answer[8192];
    fprintf(tools.in, "%s\t%s\n", what, path);
    if (!python_answer(&tools, answer, sizeof answer))
        command_stop("compare.py");
    return answer;
}

COMMAND_UNUSED static int tools_good(const char *answer)
{
    return strncmp(answer, "ok", 2) == 0;
}

/* ---- What was printed ---- */

/* The number behind `"name":` in a line; -1 without. */
COMMAND_UNUSED static long number_of(const char *text, const char *name)
{
    char key[64];
    const char *at;
    (void)snprintf(key, sizeof key, "\"%s\":", name);
    at = strstr(text, key);
    return at == NULL ? -1 : strtol(at + strlen(key), NULL, 10);
}

/* The most runs that a line of `--progress=json` said were done. */
COMMAND_UNUSED static long reported_done(const char *text)
{
    long most = 0;
    const char *line;
    for (line = strstr(text, "{\"event\""); line != NULL; line = strstr(line + 1, "{\"event\"")) {
        long done = number_of(line, "done");
        most = done > most ? done : most;
    }
    return most;
}

#endif
