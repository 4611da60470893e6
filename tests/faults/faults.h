/* faults.h: what the fault tests share: commands under kill_shim.so, the wait for all their processes, and plain tools
 * that look at the files. Include it after command.h. */
#ifndef TESTS_FAULTS_H
#define TESTS_FAULTS_H

#include <pthread.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "fault_board.h"

#define SHIM TEST_FAULTS "/kill_shim.so"
#define FAULT_PLUGINS TEST_FAULTS

#if defined(__SANITIZE_ADDRESS__)
#define UNDER_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define UNDER_SANITIZER 1
#endif
#endif
#ifndef UNDER_SANITIZER
#define UNDER_SANITIZER 0
#endif

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
    if (UNDER_SANITIZER)
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

static FILE *tools_in, *tools_out;
static pid_t tools_process;

/* compare.py, which stays, because starting Python takes longer than all that it does here. */
COMMAND_UNUSED static void tools_begin(void)
{
    static const char *const arguments[] = {PYTHON, TEST_SOURCE_FOLDER "/faults/compare.py", NULL};
    posix_spawn_file_actions_t actions;
    int to[2], from[2];
    if (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0 || posix_spawn_file_actions_init(&actions) != 0 ||
        posix_spawn_file_actions_adddup2(&actions, to[0], 0) != 0 ||
        posix_spawn_file_actions_adddup2(&actions, from[1], 1) != 0 ||
        posix_spawn(&tools_process, PYTHON, &actions, NULL, (char *const *)(uintptr_t)arguments, environ) != 0)
        command_stop(PYTHON);
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)close(to[0]);
    (void)close(from[1]);
    tools_in = fdopen(to[1], "w");
    tools_out = fdopen(from[0], "r");
    if (tools_in == NULL || tools_out == NULL)
        command_stop(PYTHON);
}

COMMAND_UNUSED static void tools_end(void)
{
    int status;
    (void)fclose(tools_in);
    (void)fclose(tools_out);
    (void)waitpid(tools_process, &status, 0);
}

/* The answer of compare.py; good until the next call. */
COMMAND_UNUSED static const char *tools_ask(const char *what, const char *path)
{
    static char answer[8192];
    fprintf(tools_in, "%s\t%s\n", what, path);
    if (fflush(tools_in) != 0 || fgets(answer, sizeof answer, tools_out) == NULL)
        command_stop("compare.py");
    answer[strcspn(answer, "\n")] = '\0';
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

COMMAND_UNUSED static void copy_file(const char *from, const char *to)
{
    static char bytes[1 << 16];
    FILE *in = fopen(from, "r"), *out = fopen(to, "w");
    size_t size;
    if (in == NULL || out == NULL)
        command_stop(from);
    while ((size = fread(bytes, 1, sizeof bytes, in)) > 0)
        if (fwrite(bytes, 1, size, out) != size)
            command_stop(to);
    if (fclose(out) != 0)
        command_stop(to);
    (void)fclose(in);
}

#endif
