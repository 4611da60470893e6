/* clean.c: whether runs leave their process as they found it. Some two hundred cheap system calls for each chunk of
 * runs. */
#include <errno.h>
#include <fcntl.h>
#include <fenv.h>
#include <locale.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
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

#define SIGNAL_COUNT 65
#define LIMIT_COUNT 16 /* kinds of limits that Linux has */
#define LOCALE_BYTES 512u
#define FILE_LIMIT 64u

typedef struct process_state {
    struct stat folder, root;
    mode_t mask_of_files;
    sigset_t mask, waiting;
    struct sigaction actions[SIGNAL_COUNT];
    void *signal_stack;
    struct stat files[FILE_LIMIT];
    int file_flags[FILE_LIMIT];
    off_t open_files; /* since Linux 6.2 the size of /proc/self/fd is their number; 0 before */
    int free_file;    /* the lowest free descriptor */
    struct rlimit limits[LIMIT_COUNT];
    int rounding, exceptions;
    unsigned arithmetic;         /* MXCSR without what past operations have noted */
    unsigned x87, x87_registers; /* control word: precision; which registers are in use */
    char locale[LOCALE_BYTES];
    locale_t thread_locale;
    uint64_t environment;
    int children;
    int niceness, policy, persona;
    cpu_set_t cores;
    int attributes[8]; /* of prctl() */
    uid_t users[2];
    gid_t groups[2];
    pid_t group, session;
} process_state;

static process_state before;
static int flags_before[FILE_LIMIT]; /* of the descriptors 0 ..., -1 where there was none */
static int own_files[FILE_LIMIT];
static uint32_t own_file_count;

/* Of all its texts. */
static uint64_t environment_sum(void)
{
    uint64_t sum = UINT64_C(0xcbf29ce484222325);
    char **entry;
    const char *at;
    for (entry = environ; entry != NULL && *entry != NULL; entry++)
        for (at = *entry; at == *entry || at[-1] != '\0'; at++)
            sum = (sum ^ (unsigned char)*at) * UINT64_C(0x100000001b3);
    return sum;
}

static void look_at_arithmetic(process_state *state)
{
    state->rounding = fegetround();
    state->exceptions = fegetexcept();
#if defined(__x86_64__)
    struct {
        uint32_t control, status, tags, others[4];
    } x87;
    state->arithmetic = _mm_getcsr() & ~0x3fu;
    __asm__ volatile("fnstenv %0\n\tfldenv %0" : "+m"(x87));
    state->x87 = x87.control & 0xffffu;
    state->x87_registers = x87.tags & 0xffffu;
#endif
}

static void look_at_attributes(process_state *state)
{
    static const int asked[] = {PR_GET_DUMPABLE, PR_GET_NO_NEW_PRIVS, PR_GET_TIMERSLACK, PR_GET_SECCOMP,
                                PR_GET_KEEPCAPS};
    size_t i;
    for (i = 0; i < sizeof asked / sizeof asked[0]; i++)
        state->attributes[i] = prctl(asked[i], 0, 0, 0, 0);
    (void)prctl(PR_GET_PDEATHSIG, &state->attributes[6]);
    (void)prctl(PR_GET_CHILD_SUBREAPER, &state->attributes[7]);
    state->niceness = getpriority(PRIO_PROCESS, 0);
    state->policy = sched_getscheduler(0);
    state->persona = personality(0xffffffffu);
    (void)sched_getaffinity(0, sizeof state->cores, &state->cores);
    state->users[0] = getuid();
    state->users[1] = geteuid();
    state->groups[0] = getgid();
    state->groups[1] = getegid();
    state->group = getpgrp();
    state->session = getsid(0);
}

static void look(process_state *state)
{
    struct stat seen;
    stack_t signal_stack;
    siginfo_t child;
    uint32_t i;
    memset(state, 0, sizeof *state);
    (void)stat(".", &state->folder);
    (void)stat("/", &state->root);
    state->mask_of_files = umask(0);
    (void)umask(state->mask_of_files);
    (void)sigprocmask(SIG_SETMASK, NULL, &state->mask);
    (void)sigpending(&state->waiting);
    for (i = 1; i < SIGNAL_COUNT; i++)
        (void)sigaction((int)i, NULL, &state->actions[i]);
    if (sigaltstack(NULL, &signal_stack) == 0)
        state->signal_stack = signal_stack.ss_sp;
    for (i = 0; i < own_file_count; i++) {
        (void)fstat(own_files[i], &state->files[i]);
        state->file_flags[i] = fcntl(own_files[i], F_GETFL);
    }
    if (stat("/proc/self/fd", &seen) == 0)
        state->open_files = seen.st_size;
    state->free_file = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
    if (state->free_file >= 0)
        (void)close(state->free_file);
    for (i = 0; i < LIMIT_COUNT; i++)
        (void)prlimit(0, (__rlimit_resource_t)i, NULL, &state->limits[i]);
    look_at_arithmetic(state);
    (void)snprintf(state->locale, sizeof state->locale, "%s", setlocale(LC_ALL, NULL));
    state->thread_locale = uselocale((locale_t)0);
    state->environment = environment_sum();
    state->children = waitid(P_ALL, 0, &child, WEXITED | WNOHANG | WNOWAIT | __WALL) == 0 || errno != ECHILD;
    look_at_attributes(state);
}

/* Moves the file's own position to where nothing can be written: we name the place of each write, and a run that writes
 * to descriptors which are not its own must not hit the head of the result file. */
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

int clean_flags(void)
{
    int file, changed = 0;
    for (file = 0; file < (int)FILE_LIMIT; file++) {
        int flags = flags_before[file] < 0 ? -1 : fcntl(file, F_GETFL);
        if (flags < 0 || flags == flags_before[file])
            continue;
        changed = 1;
        (void)fcntl(file, F_SETFL, flags_before[file]);
    }
    return changed;
}

void clean_mark(const int *files, uint32_t count)
{
    uint32_t i;
    own_file_count = count > FILE_LIMIT ? FILE_LIMIT : count;
    memcpy(own_files, files, own_file_count * sizeof *files);
    for (i = 0; i < own_file_count; i++)
        guard(own_files[i]);
    for (i = 0; i < FILE_LIMIT; i++)
        flags_before[i] = fcntl((int)i, F_GETFL);
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
        if (getitimer(kind == ITIMER_REAL      ? ITIMER_REAL
                      : kind == ITIMER_VIRTUAL ? ITIMER_VIRTUAL
                                               : ITIMER_PROF,
                      &timer) == 0 &&
            (timer.it_value.tv_sec != 0 || timer.it_value.tv_usec != 0))
            return 1;
    return 0;
}

static int signals_changed(const process_state *now)
{
    int i;
    if (now->signal_stack != before.signal_stack)
        return 1;
    for (i = 1; i < SIGNAL_COUNT; i++) {
        const struct sigaction *a = &now->actions[i], *b = &before.actions[i];
        if (sigismember(&now->mask, i) != sigismember(&before.mask, i) ||
            sigismember(&now->waiting, i) != sigismember(&before.waiting, i) || a->sa_handler != b->sa_handler ||
            a->sa_flags != b->sa_flags)
            return 1;
    }
    return 0;
}

static int limits_changed(const process_state *now)
{
    int i;
    for (i = 0; i < LIMIT_COUNT; i++)
        if (now->limits[i].rlim_cur != before.limits[i].rlim_cur ||
            now->limits[i].rlim_max != before.limits[i].rlim_max)
            return 1;
    return 0;
}

const char *clean_check(int first)
{
    static process_state now;
    uint32_t i;
    int flags;
    look(&now);
    flags = clean_flags();
    if (!same_file(&now.folder, &before.folder) || !same_file(&now.root, &before.root))
        return "the working directory";
    if (now.mask_of_files != before.mask_of_files)
        return "the umask";
    if (signals_changed(&now))
        return "the handling of signals";
    if (now.attributes[6] != before.attributes[6])
        return "the signal that ends their process with its parent";
    for (i = 0; i < own_file_count; i++)
        if (!same_file(&now.files[i], &before.files[i]))
            return "file descriptors that are not theirs";
        else
            flags |= now.file_flags[i] != before.file_flags[i];
    if (flags)
        return "the flags of file descriptors that are not theirs";
    if (first && now.open_files >= before.open_files && now.free_file >= before.free_file) {
        before.open_files = now.open_files; /* what the first runs open and keep: later ones must not open more */
        before.free_file = now.free_file;
    }
    if (now.open_files != before.open_files || now.free_file != before.free_file)
        return "the number of open files";
    if (limits_changed(&now))
        return "the limits of their process";
    if (now.rounding != before.rounding || now.exceptions != before.exceptions || now.arithmetic != before.arithmetic ||
        now.x87 != before.x87 || now.x87_registers != before.x87_registers)
        return "the floating-point state";
    if (strcmp(now.locale, before.locale) != 0 || now.thread_locale != before.thread_locale)
        return "the locale";
    if (now.environment != before.environment)
        return "the environment";
    if (timer_runs())
        return "the alarm clock";
    if (now.children != before.children)
        return "the children of their process";
    if (now.niceness != before.niceness || now.policy != before.policy ||
        memcmp(&now.cores, &before.cores, sizeof now.cores) != 0)
        return "the priority or the cores of their process";
    if (memcmp(now.attributes, before.attributes, sizeof now.attributes) != 0 || now.persona != before.persona ||
        memcmp(now.users, before.users, sizeof now.users) != 0 ||
        memcmp(now.groups, before.groups, sizeof now.groups) != 0 || now.group != before.group ||
        now.session != before.session)
        return "the attributes of their process";
    return NULL;
}
