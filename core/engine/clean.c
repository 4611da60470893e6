/* clean.c: whether runs leave their process as they found it. About sixty cheap system calls for each chunk of runs. */
#include <errno.h>
#include <fcntl.h>
#include <fenv.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

#include "engine/chunk.h"

#define SIGNAL_COUNT 32
#define FILE_LIMIT 64u

typedef struct process_state {
    struct stat folder;
    mode_t mask_of_files;
    sigset_t mask;
    struct sigaction actions[SIGNAL_COUNT];
    int death_signal;
    struct stat files[FILE_LIMIT];
    off_t open_files; /* since Linux 6.2 the size of /proc/self/fd is their number; 0 before */
    int free_file;    /* the lowest free descriptor */
    struct rlimit file_size;
    nlink_t tasks; /* threads + 2 */
    int rounding;
    unsigned arithmetic;
    const char *locale;
    int children;
} process_state;

static process_state before;
static int own_files[FILE_LIMIT];
static uint32_t own_file_count;

static void look(process_state *state)
{
    struct stat seen;
    siginfo_t child;
    uint32_t i;
    memset(state, 0, sizeof *state);
    (void)stat(".", &state->folder);
    state->mask_of_files = umask(0);
    (void)umask(state->mask_of_files);
    (void)sigprocmask(SIG_SETMASK, NULL, &state->mask);
    for (i = 1; i < SIGNAL_COUNT; i++)
        (void)sigaction((int)i, NULL, &state->actions[i]);
    (void)prctl(PR_GET_PDEATHSIG, &state->death_signal);
    for (i = 0; i < own_file_count; i++)
        (void)fstat(own_files[i], &state->files[i]);
    if (stat("/proc/self/fd", &seen) == 0)
        state->open_files = seen.st_size;
    state->free_file = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
    if (state->free_file >= 0)
        (void)close(state->free_file);
    (void)getrlimit(RLIMIT_FSIZE, &state->file_size);
    if (stat("/proc/self/task", &seen) == 0)
        state->tasks = seen.st_nlink;
    state->rounding = fegetround();
#if defined(__x86_64__)
    state->arithmetic = _mm_getcsr() & ~0x3fu; /* without what past operations have noted */
#endif
    state->locale = setlocale(LC_ALL, NULL);
    state->children = waitid(P_ALL, 0, &child, WEXITED | WNOHANG | WNOWAIT | __WALL) == 0 || errno != ECHILD;
}

/* Moves the file's own position to where nothing can be written: we name the place of each write, and a run that writes to
 * descriptors which are not its own must not hit the head of the result file. */
static void guard(int file)
{
    struct stat about;
    off_t step, at = 0;
    if (fstat(file, &about) != 0 || !S_ISREG(about.st_mode) || (fcntl(file, F_GETFL) & O_ACCMODE) != O_WRONLY)
        return;
    for (step = (off_t)1 << 62; step > 0; step /= 2) /* the largest position that this file system knows */
        if (lseek(file, at + step, SEEK_SET) >= 0)
            at += step;
}

void clean_mark(const int *files, uint32_t count)
{
    uint32_t i;
    own_file_count = count > FILE_LIMIT ? FILE_LIMIT : count;
    memcpy(own_files, files, own_file_count * sizeof *files);
    for (i = 0; i < own_file_count; i++)
        guard(own_files[i]);
    look(&before);
}

static int same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && (a->st_mode & S_IFMT) == (b->st_mode & S_IFMT);
}

static int timer_runs(void)
{
    struct itimerval timer = {{0, 0}, {0, 0}};
    int kind;
    for (kind = ITIMER_REAL; kind <= ITIMER_PROF; kind++)
        if (getitimer(kind == ITIMER_REAL ? ITIMER_REAL : kind == ITIMER_VIRTUAL ? ITIMER_VIRTUAL : ITIMER_PROF, &timer) == 0 &&
            (timer.it_value.tv_sec != 0 || timer.it_value.tv_usec != 0))
            return 1;
    return 0;
}

const char *clean_check(void)
{
    static process_state now;
    uint32_t i;
    look(&now);
    if (!same_file(&now.folder, &before.folder))
        return "the working directory";
    if (now.mask_of_files != before.mask_of_files)
        return "the umask";
    for (i = 1; i < SIGNAL_COUNT; i++)
        if (sigismember(&now.mask, (int)i) != sigismember(&before.mask, (int)i) ||
            now.actions[i].sa_handler != before.actions[i].sa_handler)
            return "the handling of signals";
    if (now.death_signal != before.death_signal)
        return "the signal that ends their process with its parent";
    for (i = 0; i < own_file_count; i++)
        if (!same_file(&now.files[i], &before.files[i]))
            return "file descriptors that are not theirs";
    if (now.open_files != before.open_files || now.free_file != before.free_file)
        return "the number of open files";
    if (now.file_size.rlim_cur != before.file_size.rlim_cur)
        return "the limit of file sizes";
    if (now.tasks != before.tasks)
        return "the number of threads";
    if (now.rounding != before.rounding || now.arithmetic != before.arithmetic)
        return "the rounding of floating-point numbers";
    if (now.locale != before.locale)
        return "the locale";
    if (timer_runs())
        return "the alarm clock";
    if (now.children != before.children)
        return "the children of their process";
    return NULL;
}
