/* probe.c: a plugin is loaded in a child, which sends back what it declares, or why it was refused. */
#include "plugin/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "plugin/loader.h"
#include "plugin/object_file.h"

#define ANSWER_MAGIC UINT32_C(0x45425250)
#define ANSWER_LIMIT ((size_t)64 << 20)
#define SECONDS_LIMIT 86400.0

typedef struct answer_header {
    uint32_t magic;
    int32_t status; /* 0: a schema follows, else a pipette_error */
    uint64_t size;
} answer_header;

/* ---- The child ---- */

static void write_all(int file, const void *bytes, size_t size)
{
    const char *at = bytes;
    while (size > 0) {
        ssize_t written = write(file, at, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return;
        at += written;
        size -= (size_t)written;
    }
}

/* Handlers of the parent would run in the child, too, and what the parent ignores, exec'd programs would ignore. */
static void reset_signals(void)
{
    struct sigaction standard;
    sigset_t none;
    int number;
    memset(&standard, 0, sizeof standard);
    standard.sa_handler = SIG_DFL;
    (void)sigemptyset(&standard.sa_mask);
    for (number = 1; number < NSIG; number++)
        (void)sigaction(number, &standard, NULL);
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static void close_between(unsigned first, unsigned last)
{
    if (first > last)
        return;
    if (syscall(SYS_close_range, first, last, 0u) != 0) {
        long limit = sysconf(_SC_OPEN_MAX);
        unsigned file;
        if (limit < 0 || limit > 65536)
            limit = 65536;
        for (file = first; file <= last && file < (unsigned)limit; file++)
            (void)close((int)file);
    }
}

/* The pipe's end, somewhere above 2, with everything else closed and the standard streams thrown away; -1 on failure.
 * Files of the parent that are open must not be within reach of exit handlers that a plugin sets off. */
static int isolate_files(int out)
{
    int file = fcntl(out, F_DUPFD_CLOEXEC, 3);
    int nothing, i;
    if (file < 0)
        return -1;
    nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (i = 0; i <= 2; i++)
        if (nothing < 0 || (nothing != i && dup2(nothing, i) < 0))
            (void)close(i);
    if (nothing >= 0 && nothing <= 2)
        (void)fcntl(nothing, F_SETFD, 0);
    if (file > 3)
        close_between(3, (unsigned)file - 1);
    close_between((unsigned)file + 1, UINT32_MAX);
    return file;
}

static void forbid_core(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_CORE, &limit) != 0)
        return;
    limit.rlim_cur = 0;
    (void)setrlimit(RLIMIT_CORE, &limit);
}

/* Runs before every exit handler that was there at the fork: those are the parent's, for the parent's end. */
static void leave_at_once(int status, void *unused)
{
    (void)unused;
    _exit(status);
}

static void answer(int file, int status, const void *bytes, size_t size)
{
    answer_header header;
    memset(&header, 0, sizeof header);
    header.magic = ANSWER_MAGIC;
    header.status = status;
    header.size = size;
    write_all(file, &header, sizeof header);
    write_all(file, bytes, size);
}

static _Noreturn void child(const char *path, int out, pid_t parent)
{
    const pipette_descriptor *descriptor = NULL;
    plugin_schema *schema = NULL;
    void *bytes = NULL;
    size_t size = 0;
    pipette_error error;
    int status, file;
    (void)setpgid(0, 0);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    reset_signals();
    file = isolate_files(out);
    if (file < 0)
        _exit(1);
    forbid_core();
    (void)on_exit(leave_at_once, NULL);
    memset(&error, 0, sizeof error);
    status = plugin_load(path, &descriptor, &error);
    if (status == PIPETTE_OK)
        status = schema_copy(path, descriptor, &schema, &error);
    if (status == PIPETTE_OK)
        status = schema_pack(schema, &bytes, &size, &error);
    if (status == PIPETTE_OK)
        answer(file, PIPETTE_OK, bytes, size);
    else
        answer(file, status, &error, sizeof error);
    free(bytes);
    schema_destroy(schema);
    _exit(0);
}

/* ---- The parent ---- */

typedef struct deadline {
    struct timespec end;
} deadline;

static deadline deadline_in(double seconds)
{
    deadline limit;
    long whole;
    if (!(seconds > 0.0))
        seconds = 0.0;
    if (seconds > SECONDS_LIMIT)
        seconds = SECONDS_LIMIT;
    whole = (long)seconds;
    (void)clock_gettime(CLOCK_MONOTONIC, &limit.end);
    limit.end.tv_sec += whole;
    limit.end.tv_nsec += (long)((seconds - (double)whole) * 1e9);
    if (limit.end.tv_nsec >= 1000000000L) {
        limit.end.tv_sec++;
        limit.end.tv_nsec -= 1000000000L;
    }
    return limit;
}

/* Milliseconds until then, rounded up; 0 when it has passed. */
static int deadline_left(const deadline *limit)
{
    struct timespec now;
    long long left;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    left = ((long long)limit->end.tv_sec - now.tv_sec) * 1000 + (limit->end.tv_nsec - now.tv_nsec + 999999L) / 1000000L;
    return left > 0 ? (int)left : 0;
}

typedef enum reception { RECEIVED, ENDED, LATE, NO_SENSE, NO_MEMORY } reception;

enum { LOOK_MS = 20 };

/* Whether the child has ended. It stays a zombie, so that its number stays ours. */
static int has_ended(pid_t pid)
{
    siginfo_t about;
    memset(&about, 0, sizeof about);
    if (waitid(P_PID, (id_t)pid, &about, WEXITED | WNOHANG | WNOWAIT) != 0)
        return errno != EINTR;
    return about.si_pid == pid;
}

/* Reads exactly `size` bytes from the non-blocking pipe. A plugin may have left a process of its own behind that holds
 * the pipe open, so now and then the child itself is looked at, too. */
static reception receive(int in, pid_t pid, void *out, size_t size, const deadline *limit)
{
    size_t done = 0;
    int ended = 0;
    while (done < size) {
        struct pollfd file = {in, POLLIN, 0};
        ssize_t got = read(in, (char *)out + done, size - done);
        int left;
        if (got > 0) {
            done += (size_t)got;
            continue;
        }
        if (got < 0 && errno == EINTR)
            continue;
        if (got == 0 || errno != EAGAIN || ended)
            return ENDED;
        left = deadline_left(limit);
        if (left == 0)
            return LATE;
        /* What it wrote before its end is still in the pipe then: read once more. */
        if (poll(&file, 1, left < LOOK_MS ? left : LOOK_MS) == 0)
            ended = has_ended(pid);
    }
    return RECEIVED;
}

static reception receive_answer(int in, pid_t pid, answer_header *header, void **bytes, const deadline *limit)
{
    reception how = receive(in, pid, header, sizeof *header, limit);
    *bytes = NULL;
    if (how != RECEIVED)
        return how;
    if (header->magic != ANSWER_MAGIC || header->size > ANSWER_LIMIT ||
        (header->status != PIPETTE_OK && header->size != sizeof(pipette_error)))
        return NO_SENSE;
    *bytes = malloc(header->size > 0 ? (size_t)header->size : 1);
    if (*bytes == NULL)
        return NO_MEMORY;
    return receive(in, pid, *bytes, (size_t)header->size, limit);
}

/* Waits for the end of a child that has closed its pipe, until the deadline; 1 if it has ended. */
static int wait_for_end(pid_t pid, const deadline *limit)
{
    int pause = 1;
    while (!has_ended(pid)) {
        int left = deadline_left(limit);
        if (left == 0)
            return 0;
        (void)poll(NULL, 0, left < pause ? left : pause);
        pause = pause < LOOK_MS ? 2 * pause : pause;
    }
    return 1;
}

/* Ends the child and what it started in its group, and takes its status; -1 where somebody else took it. */
static int reap(pid_t pid)
{
    int status = -1;
    (void)kill(-pid, SIGKILL);
    (void)kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    return status;
}

static int ended_early(const char *path, int status, pipette_error *error)
{
    if (status != -1 && WIFSIGNALED(status)) {
        int number = WTERMSIG(status);
        const char *name = sigabbrev_np(number);
        char text[32];
        if (name != NULL)
            (void)snprintf(text, sizeof text, "SIG%s", name);
        else
            (void)snprintf(text, sizeof text, "signal %d", number);
        return plugin_refuse(error, PIPETTE_E_CRASHED, path, " crashed while being loaded (%s)", text);
    }
    if (status != -1 && WIFEXITED(status))
        return plugin_refuse(error, PIPETTE_E_PLUGIN, path, " ended the process while being loaded (exit status %d)",
                             WEXITSTATUS(status));
    return plugin_refuse(error, PIPETTE_E_PLUGIN, path, " ended the process while being loaded");
}

/* The status that the child's answer means. */
static int understand(const char *path, const answer_header *header, const void *bytes, plugin_schema **schema,
                      pipette_error *error)
{
    pipette_error reported;
    if (header->status == PIPETTE_OK)
        return schema_unpack(bytes, (size_t)header->size, schema, error);
    memcpy(&reported, bytes, sizeof reported);
    reported.message[sizeof reported.message - 1] = '\0';
    if (reported.code >= 0)
        return plugin_refuse(error, PIPETTE_E_PLUGIN, path,
                             ": the answer of the process that loaded it makes no sense");
    return pipette_error_set(error, reported.code, "%s", reported.message);
}

static int supervise(const char *path, pid_t pid, int in, double seconds, plugin_schema **schema, pipette_error *error)
{
    deadline limit = deadline_in(seconds);
    answer_header header;
    void *bytes;
    reception how = receive_answer(in, pid, &header, &bytes, &limit);
    int status;
    if (how == ENDED && !wait_for_end(pid, &limit))
        how = LATE;
    status = reap(pid);
    switch (how) {
    case RECEIVED:
        status = understand(path, &header, bytes, schema, error);
        break;
    case LATE:
        status = plugin_refuse(error, PIPETTE_E_TIMEOUT, path, " took longer than %g s to load", seconds);
        break;
    case NO_SENSE:
        status =
            plugin_refuse(error, PIPETTE_E_PLUGIN, path, ": the answer of the process that loaded it makes no sense");
        break;
    case NO_MEMORY:
        status = pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory while looking at plugin '%s'", path);
        break;
    case ENDED:
    default:
        status = ended_early(path, status, error);
        break;
    }
    free(bytes);
    return status;
}

int plugin_probe(const char *path, double seconds, plugin_schema **schema, pipette_error *error)
{
    sigset_t all, before;
    int files[2], status;
    pid_t parent = getpid(), pid;
    *schema = NULL;
    /* What can be seen without loading costs no process. */
    status = object_file_check(path, error);
    if (status != PIPETTE_OK)
        return status;
    if (pipe2(files, O_CLOEXEC) != 0)
        return plugin_refuse(error, PIPETTE_E_SYSTEM, path, " cannot be looked at: no pipe (%s)", strerror(errno));
    (void)fcntl(files[0], F_SETFL, O_NONBLOCK);
    /* No handler of ours runs in the child before it has put them back to the standard. */
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    pid = fork();
    if (pid == 0)
        child(path, files[1], parent);
    status = errno;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    (void)close(files[1]);
    if (pid < 0) {
        (void)close(files[0]);
        return plugin_refuse(error, PIPETTE_E_SYSTEM, path, " cannot be looked at: no process (%s)", strerror(status));
    }
    (void)setpgid(pid, pid);
    status = supervise(path, pid, files[0], seconds, schema, error);
    (void)close(files[0]);
    return status;
}
