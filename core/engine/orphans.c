/* orphans.c: what a keeper that was killed leaves behind, where no PID namespace ends it. */
#include "engine/orphans.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "engine/children.h"

#define ROUNDS 2000        /* of a millisecond: a process that was killed may take its time */
#define UNKNOWN_ROUNDS 500 /* while nothing can be said of a process */

/* What a child of this process is. UNKNOWN: one that is about to end has no memory left to know it by, but may still
 * leave children to us; one that is becoming another program has no environment for a moment. */
typedef enum orphan_kind { NOT_OURS, OURS, UNKNOWN } orphan_kind;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned watchers;  /* engines that count on adoption */
static int adopted_before; /* the program wants that for itself */

/* The inode of the memory that is shared at an address of this process; 0: unknown. */
static unsigned long long inode_at(const void *address)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    char line[512];
    unsigned long from, to;
    unsigned long long inode = 0, found = 0;
    while (maps != NULL && found == 0 && fgets(line, sizeof line, maps) != NULL)
        if (sscanf(line, "%lx-%lx %*s %*s %*s %llu", &from, &to, &inode) == 3 && from <= (unsigned long)address &&
            (unsigned long)address < to)
            found = inode;
    if (maps != NULL)
        (void)fclose(maps);
    return found;
}

static orphan_kind kind_by_memory(long process, unsigned long long wanted)
{
    char path[64], line[512], rights[8];
    unsigned long long inode;
    orphan_kind kind = UNKNOWN;
    FILE *maps;
    (void)snprintf(path, sizeof path, "/proc/%ld/maps", process);
    maps = fopen(path, "re");
    while (maps != NULL && kind != OURS && fgets(line, sizeof line, maps) != NULL)
        kind = sscanf(line, "%*s %7s %*s %*s %llu", rights, &inode) == 2 && rights[3] == 's' && inode == wanted &&
                       wanted != 0
                   ? OURS
                   : NOT_OURS;
    if (maps != NULL)
        (void)fclose(maps);
    return kind;
}

static orphan_kind kind_by_environment(long process, const char *mark)
{
    char path[64], wanted[ORPHANS_MARK_BYTES + sizeof ORPHANS_MARK + 1], *text = NULL;
    size_t capacity = 0;
    FILE *environment;
    orphan_kind kind = UNKNOWN;
    (void)snprintf(wanted, sizeof wanted, ORPHANS_MARK "=%s", mark);
    (void)snprintf(path, sizeof path, "/proc/%ld/environ", process);
    environment = fopen(path, "re");
    while (environment != NULL && kind != OURS && getdelim(&text, &capacity, '\0', environment) > 0)
        kind = strcmp(text, wanted) == 0 ? OURS : NOT_OURS;
    if (environment != NULL)
        (void)fclose(environment);
    free(text);
    return kind;
}

/* The mark as a limit. A process that is not privileged cannot raise what it was given, whatever program it becomes
 * with whatever environment; this one (processor time of threads in real-time scheduling, in microseconds) is some
 * thousand years. */
static rlim_t limit_of(const char *mark)
{
    uint64_t sum = UINT64_C(0xcbf29ce484222325);
    for (; *mark != '\0'; mark++)
        sum = (sum ^ (unsigned char)*mark) * UINT64_C(0x100000001b3);
    return (rlim_t)(UINT64_C(1) << 60 | (sum & ((UINT64_C(1) << 60) - 1)));
}

static orphan_kind kind_by_limit(long process, const char *mark)
{
    char path[64], line[256];
    unsigned long long hard;
    orphan_kind kind = UNKNOWN;
    FILE *limits;
    (void)snprintf(path, sizeof path, "/proc/%ld/limits", process);
    limits = fopen(path, "re");
    while (limits != NULL && kind != OURS && fgets(line, sizeof line, limits) != NULL)
        kind = sscanf(line, "Max realtime timeout %*s %llu", &hard) == 1 && hard == limit_of(mark) ? OURS : NOT_OURS;
    if (limits != NULL)
        (void)fclose(limits);
    return kind;
}

void orphans_carry(const char *mark)
{
    struct rlimit limit = {limit_of(mark), limit_of(mark)};
    (void)setenv(ORPHANS_MARK, mark, 1);
    (void)setrlimit(RLIMIT_RTTIME, &limit);
}

void orphans_mark(const void *shared, char out[ORPHANS_MARK_BYTES])
{
    (void)snprintf(out, ORPHANS_MARK_BYTES, "%ld-%llu", (long)getpid(), inode_at(shared));
}

static int is_apart(pid_t keeper)
{
    struct stat ours, theirs;
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%ld/ns/pid", (long)keeper);
    return stat("/proc/self/ns/pid", &ours) == 0 && stat(path, &theirs) == 0 && ours.st_ino != theirs.st_ino;
}

int orphans_watch(pid_t keeper, void *shared, size_t bytes)
{
    if (is_apart(keeper))
        return 0;
    (void)madvise(shared, bytes, MADV_DONTFORK);
    (void)pthread_mutex_lock(&lock);
    if (watchers++ == 0) {
        if (prctl(PR_GET_CHILD_SUBREAPER, &adopted_before) != 0)
            adopted_before = 0;
        children_adopt();
    }
    (void)pthread_mutex_unlock(&lock);
    return 1;
}

void orphans_forget(void)
{
    (void)pthread_mutex_lock(&lock);
    if (--watchers == 0 && !adopted_before)
        (void)prctl(PR_SET_CHILD_SUBREAPER, 0);
    (void)pthread_mutex_unlock(&lock);
}

static int has_ended(long process)
{
    char path[64], state = 'Z';
    FILE *about;
    (void)snprintf(path, sizeof path, "/proc/%ld/stat", process);
    about = fopen(path, "re");
    if (about != NULL && fscanf(about, "%*d (%*[^)]) %c", &state) != 1)
        state = 'R';
    if (about != NULL)
        (void)fclose(about);
    return state == 'Z' || state == 'X';
}

static void moment(void)
{
    static const struct timespec time = {0, 1000000};
    (void)nanosleep(&time, NULL);
}

static void end_one(pid_t process)
{
    int round;
    (void)kill(process, SIGKILL);
    for (round = 0; round < ROUNDS && waitpid(process, NULL, WNOHANG | __WALL) == 0; round++)
        moment();
}

/* One thread's children that stem from the keeper are ended; how many there were, or are about to end. */
static unsigned end_some(const char *thread, unsigned long long inode, const char *mark, int wait_for_unknown)
{
    char path[300];
    unsigned count = 0;
    long process;
    FILE *children;
    (void)snprintf(path, sizeof path, "/proc/self/task/%s/children", thread);
    children = fopen(path, "re");
    while (children != NULL && fscanf(children, "%ld", &process) == 1) {
        orphan_kind kind = kind_by_memory(process, inode);
        if (kind == NOT_OURS)
            kind = kind_by_environment(process, mark);
        if (kind != OURS && kind_by_limit(process, mark) == OURS)
            kind = OURS;
        if (kind == OURS)
            end_one((pid_t)process);
        count += kind == OURS || (kind == UNKNOWN && wait_for_unknown && !has_ended(process));
    }
    if (children != NULL)
        (void)fclose(children);
    return count;
}

void orphans_end(const void *shared, const char *mark)
{
    const unsigned long long inode = inode_at(shared);
    unsigned count = 1;
    int round;
    for (round = 0; round < ROUNDS && count > 0; round++) {
        DIR *threads = opendir("/proc/self/task");
        struct dirent *entry;
        count = 0;
        while (threads != NULL && (entry = readdir(threads)) != NULL)
            if (entry->d_name[0] != '.')
                count += end_some(entry->d_name, inode, mark, round < UNKNOWN_ROUNDS);
        if (threads != NULL)
            (void)closedir(threads);
        if (count > 0)
            moment();
    }
}
