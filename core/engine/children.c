/* children.c: the processes below this one: ends what runs have started, and says how a process ended. */
#include "engine/children.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIST_LIMIT 256u

void children_adopt(void)
{
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1);
}

/* In a namespace of our own getpid() is not the number that the system's /proc knows: who opens /proc/GETPID/maps, as
 * LLVM's OpenMP does in each process, must find himself. Where mounting is not allowed, all stays as it is. */
static void mount_own_proc(void)
{
    if (unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) == 0)
        (void)mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
}

pid_t children_fork_apart(void)
{
    int ours = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
    int apart = ours >= 0 && unshare(CLONE_NEWPID) == 0;
    pid_t child = fork();
    if (child == 0 && apart)
        mount_own_proc();
    if (child == 0)
        return 0;
    if (child < 0 && apart) { /* no room for a namespace; without one, then */
        (void)setns(ours, CLONE_NEWPID);
        apart = 0;
        child = fork();
        if (child == 0)
            return 0;
    }
    if (apart)
        (void)setns(ours, CLONE_NEWPID); /* what this process forks from now on is not in there */
    if (ours >= 0)
        (void)close(ours);
    return child;
}

static size_t read_text(const char *path, char *out, size_t size)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    size_t used = 0;
    ssize_t got;
    if (file < 0)
        return 0;
    while (used < size - 1 && (got = read(file, out + used, size - 1 - used)) > 0)
        used += (size_t)got;
    (void)close(file);
    out[used] = '\0';
    return used;
}

/* Where /proc is the system's, it speaks its process numbers; in a namespace of our own, ours are the last ones of
 * NSpid. */
static pid_t own_number(long number)
{
    char path[64], text[4096], *line, *end;
    (void)snprintf(path, sizeof path, "/proc/%ld/status", number);
    if (read_text(path, text, sizeof text) == 0)
        return 0;
    line = strstr(text, "\nNSpid:");
    if (line == NULL)
        return (pid_t)number;
    line += 7;
    line[strcspn(line, "\n")] = '\0';
    end = strrchr(line, '\t');
    return (pid_t)strtol(end == NULL ? line : end + 1, NULL, 10);
}

uint32_t children_list(pid_t *out, uint32_t capacity)
{
    char text[LIST_LIMIT * 12], *at = text;
    uint32_t count = 0;
    if (read_text("/proc/thread-self/children", text, sizeof text) == 0)
        return 0;
    while (count < capacity) {
        char *end;
        long number = strtol(at, &end, 10);
        if (end == at || *end == '\0') /* every number is followed by a space: one without is cut off */
            break;
        out[count] = own_number(number);
        count += out[count] > 0;
        at = end;
    }
    return count;
}

static int is_spared(pid_t process, const pid_t *spared, uint32_t count)
{
    uint32_t i;
    for (i = 0; i < count; i++)
        if (spared[i] == process)
            return 1;
    return 0;
}

void children_end(const pid_t *spared, uint32_t count)
{
    siginfo_t child;
    uint32_t round;
    if (count == 0 && waitid(P_ALL, 0, &child, WEXITED | WNOHANG | WNOWAIT | __WALL) < 0 && errno == ECHILD)
        return; /* the usual case, for one system call */
    for (round = 0; round < 1000; round++) {
        pid_t found[LIST_LIMIT];
        uint32_t n = children_list(found, LIST_LIMIT), i, ended = 0;
        for (i = 0; i < n; i++)
            if (!is_spared(found[i], spared, count)) {
                (void)kill(found[i], SIGKILL);
                ended++;
            }
        if (ended == 0)
            return;
        for (i = 0; i < n; i++)
            if (!is_spared(found[i], spared, count))
                while (waitpid(found[i], NULL, __WALL) < 0 && errno == EINTR)
                    ;
    }
}

void children_describe(const char *who, int wait_status, uint64_t memory_limit, char *out, size_t size)
{
    char limit[80] = "", name[24];
    int number = WIFSIGNALED(wait_status) ? WTERMSIG(wait_status) : 0;
    const char *abbreviation = number == 0 ? NULL : sigabbrev_np(number);
    if (memory_limit > 0)
        (void)snprintf(limit, sizeof limit, " with a memory limit of %llu bytes", (unsigned long long)memory_limit);
    if (abbreviation != NULL)
        (void)snprintf(name, sizeof name, "SIG%s", abbreviation);
    else
        (void)snprintf(name, sizeof name, "signal %d", number);
    if (number == SIGKILL && memory_limit == 0)
        (void)snprintf(out, size, "%s was killed (SIGKILL); was memory short?", who);
    else if (number != 0)
        (void)snprintf(out, size, "%s %s (%s)%s", who,
                       children_killed_from_outside(wait_status) ? "was killed" : "crashed", name, limit);
    else
        (void)snprintf(out, size, "%s ended its process (exit status %d)%s", who, WEXITSTATUS(wait_status), limit);
}

int children_killed_from_outside(int wait_status)
{
    int number = WIFSIGNALED(wait_status) ? WTERMSIG(wait_status) : 0;
    return number == SIGKILL || number == SIGTERM || number == SIGHUP || number == SIGINT;
}
