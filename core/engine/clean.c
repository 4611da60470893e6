/* clean.c: whether runs leave their process as they found it. About fifty cheap system calls for each chunk of runs. */
#include <errno.h>
#include <fenv.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/chunk.h"

#define SIGNAL_COUNT 32
#define FILE_LIMIT 64u

typedef struct process_state {
    struct stat folder;
    sigset_t mask;
    struct sigaction actions[SIGNAL_COUNT];
    struct stat files[FILE_LIMIT];
    off_t open_files; /* since Linux 6.2 the size of /proc/self/fd is their number; 0 before */
    nlink_t tasks;    /* threads + 2 */
    int rounding;
} process_state;

static process_state before;
static int own_files[FILE_LIMIT];
static uint32_t own_file_count;

static void look(process_state *state)
{
    struct stat seen;
    uint32_t i;
    memset(state, 0, sizeof *state);
    (void)stat(".", &state->folder);
    (void)sigprocmask(SIG_SETMASK, NULL, &state->mask);
    for (i = 1; i < SIGNAL_COUNT; i++)
        (void)sigaction((int)i, NULL, &state->actions[i]);
    for (i = 0; i < own_file_count; i++)
        (void)fstat(own_files[i], &state->files[i]);
    if (stat("/proc/self/fd", &seen) == 0)
        state->open_files = seen.st_size;
    if (stat("/proc/self/task", &seen) == 0)
        state->tasks = seen.st_nlink;
    state->rounding = fegetround();
}

void clean_mark(const int *files, uint32_t count)
{
    own_file_count = count > FILE_LIMIT ? FILE_LIMIT : count;
    memcpy(own_files, files, own_file_count * sizeof *files);
    look(&before);
}

static int same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && (a->st_mode & S_IFMT) == (b->st_mode & S_IFMT);
}

const char *clean_check(void)
{
    static process_state now;
    struct itimerval timer = {{0, 0}, {0, 0}};
    siginfo_t child;
    uint32_t i;
    look(&now);
    if (!same_file(&now.folder, &before.folder))
        return "the working directory";
    for (i = 1; i < SIGNAL_COUNT; i++)
        if (sigismember(&now.mask, (int)i) != sigismember(&before.mask, (int)i) ||
            now.actions[i].sa_handler != before.actions[i].sa_handler)
            return "the handling of signals";
    for (i = 0; i < own_file_count; i++)
        if (!same_file(&now.files[i], &before.files[i]))
            return "file descriptors that are not its own";
    if (now.open_files != before.open_files)
        return "the number of open files";
    if (now.tasks != before.tasks)
        return "the number of threads";
    if (now.rounding != before.rounding)
        return "the rounding of floating-point numbers";
    if (getitimer(ITIMER_REAL, &timer) == 0 && (timer.it_value.tv_sec != 0 || timer.it_value.tv_usec != 0))
        return "the alarm clock";
    if (waitid(P_ALL, 0, &child, WEXITED | WNOHANG | WNOWAIT) == 0 || errno != ECHILD)
        return "the children of its process";
    return NULL;
}
