/* trial.c: starts the processes of a trial, listens to them, and says how they ended.
 *
 *     caller -> keeper -> worker (trial_worker.c), which loads the model
 *
 * The keeper runs no foreign code. It tells how the worker ended and ends what that has left behind. */
#include "engine/trial.h"

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

#include "engine/children.h"
#include "engine/trial_worker.h"
#include "base/wire.h"

#define DEATHS 3u
#define LOAD_SECONDS 10.0
#define LOOK_MS 50
#define KEEPER_SECONDS 3.0

typedef struct listening {
    const trial_request *request;
    trial_take take;
    void *user;
    uint64_t at; /* the outcome that comes next */
    int in;
    pid_t keeper;
    int ready, complete, left, stopped, late;
    int has_ended, wait_status; /* of the worker, as the keeper tells it */
    trial_damage fault;
    wire received;
    pipette_error *error;
    int status;
} listening;

static double seconds_now(void)
{
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

/* ---- Below ---- */

static void close_between(unsigned first, unsigned last)
{
    unsigned file;
    if (first <= last && syscall(SYS_close_range, first, last, 0u) != 0)
        for (file = first; file <= last && file < 1024; file++)
            (void)close((int)file);
}

/* Only the pipe stays open; what is read and printed goes nowhere. */
static void leave_files(int out)
{
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC), i;
    for (i = 0; i <= 2; i++)
        if (nothing < 0 || (nothing != i && dup2(nothing, i) < 0))
            (void)close(i);
    close_between(3, (unsigned)out - 1);
    close_between((unsigned)out + 1, ~0u);
}

static void leave_at_once(int status, void *unused)
{
    (void)unused;
    _exit(status);
}

static void limit_resources(void)
{
    struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    {
        uint64_t memory = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
        struct rlimit limit;
        if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur > memory / 2) {
            limit.rlim_cur = memory / 2; /* a model that wants all there is ends, and not the machine */
            (void)setrlimit(RLIMIT_AS, &limit);
        }
    }
#endif
}

_Noreturn static void worker_process(const trial_request *request, uint64_t first, int out)
{
    sigset_t none;
    int i;
    (void)setpgid(0, 0);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (i = 1; i < NSIG; i++)
        if (i != SIGKILL && i != SIGSTOP && i != SIGPIPE)
            (void)signal(i, SIG_DFL);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    limit_resources();
    (void)on_exit(leave_at_once, NULL);
    trial_worker(request, first, out);
}

static void on_child(int number)
{
    (void)number;
}

_Noreturn static void keeper_process(const trial_request *request, uint64_t first, int out)
{
    struct sigaction action = {.sa_handler = on_child};
    sigset_t children, none;
    int wait_status = 0, ended = 0;
    uint32_t i;
    pid_t below, process;
    (void)setpgid(0, 0);
    children_adopt();
    for (i = 1; i < NSIG; i++)
        if (i != SIGKILL && i != SIGSTOP && i != SIGCHLD && i != SIGSEGV && i != SIGBUS && i != SIGABRT)
            (void)signal((int)i, SIG_IGN);
    (void)sigaction(SIGCHLD, &action, NULL);
    (void)sigemptyset(&none);
    (void)sigemptyset(&children);
    (void)sigaddset(&children, SIGCHLD);
    (void)sigprocmask(SIG_SETMASK, &children, NULL);
    leave_files(out);
    for (i = 0; i < request->number % 4; i++) { /* other process numbers than the trial before, also in a namespace */
        below = fork();
        if (below == 0)
            _exit(0);
        while (below > 0 && waitpid(below, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    below = fork();
    if (below == 0)
        worker_process(request, first, out);
    while (below > 0 && !ended) {
        struct pollfd reader = {out, 0, 0};
        while ((process = waitpid(-1, &wait_status, WNOHANG)) > 0 && process != below)
            ;
        ended = process == below;
        if (!ended && ppoll(&reader, 1, NULL, &none) > 0 && reader.revents != 0) /* nobody listens any more */
            (void)kill(below, SIGKILL);
    }
    children_end(NULL, 0);
    (void)trial_write(out, TRIAL_ENDED, &wait_status, sizeof wait_status);
    _exit(0);
}

/* ---- Listening ---- */

static void take_failure(listening *l, const void *bytes, size_t size)
{
    wire_reader in = {bytes, size, 0, 0};
    int code = (int)wire_get_u32(&in);
    const char *text = wire_get_text(&in);
    l->status = pipette_error_set(l->error, code < 0 ? code : PIPETTE_E_INTERNAL, "%s",
                                  text == NULL ? "the trial failed" : text);
}

static void take_outcome(listening *l, const void *bytes, size_t size)
{
    wire_reader in = {bytes, size, 0, 0};
    trial_outcome outcome = {0};
    const void *damage;
    outcome.state = (int32_t)wire_get_u32(&in);
    outcome.seconds = wire_get_f64(&in);
    damage = wire_get(&in, sizeof outcome.damage);
    outcome.message = wire_get_text(&in);
    if (in.failed || damage == NULL || l->at >= l->request->order_count) {
        l->status =
            pipette_error_set(l->error, PIPETTE_E_MODEL, "a run has written to a descriptor that is not its own");
        return;
    }
    memcpy(&outcome.damage, damage, sizeof outcome.damage);
    outcome.values = (const char *)bytes + in.at;
    outcome.size = size - in.at;
    l->stopped = l->take(l->user, l->at++, &outcome) != 0;
}

static void take_record(listening *l, const trial_record *record, const void *bytes)
{
    switch (record->kind) {
    case TRIAL_READY:
        l->ready = 1;
        break;
    case TRIAL_OUTCOME:
        take_outcome(l, bytes, (size_t)record->size);
        break;
    case TRIAL_FAULT:
        if (record->size == sizeof l->fault)
            memcpy(&l->fault, bytes, sizeof l->fault);
        break;
    case TRIAL_FAILED:
        take_failure(l, bytes, (size_t)record->size);
        break;
    case TRIAL_COMPLETE:
        l->complete = 1;
        break;
    case TRIAL_LEFT:
        l->left = 1;
        break;
    case TRIAL_ENDED:
        l->has_ended = 1;
        if (record->size == sizeof l->wait_status)
            memcpy(&l->wait_status, bytes, sizeof l->wait_status);
        break;
    default:
        break;
    }
}

/* Takes the whole records among what was received. */
static void take_received(listening *l)
{
    size_t at = 0;
    trial_record record;
    while (l->status == PIPETTE_OK && !l->stopped && l->received.size - at >= sizeof record) {
        memcpy(&record, l->received.data + at, sizeof record);
        if (record.magic != TRIAL_MAGIC) {
            l->status =
                pipette_error_set(l->error, PIPETTE_E_MODEL, "a run has written to a descriptor that is not its own");
            break;
        }
        if (l->received.size - at - sizeof record < record.size)
            break;
        take_record(l, &record, l->received.data + at + sizeof record);
        at += sizeof record + (size_t)record.size;
    }
    memmove(l->received.data, l->received.data + at, l->received.size - at);
    l->received.size -= at;
}

static int keeper_is_gone(listening *l)
{
    pid_t gone = waitpid(l->keeper, NULL, WNOHANG);
    if (gone == 0 || (gone < 0 && errno == EINTR))
        return 0;
    l->keeper = 0;
    return 1;
}

/* Up to the end of the worker, of the keeper or of patience. */
static void listen_to(listening *l)
{
    double heard = seconds_now();
    while (l->status == PIPETTE_OK && !l->stopped && !l->has_ended) {
        struct pollfd wait = {l->in, POLLIN, 0};
        double limit = l->ready ? l->request->run_seconds : LOAD_SECONDS + l->request->run_seconds;
        char bytes[65536];
        ssize_t got;
        if (l->request->mode == TRIAL_TIME_RUN || l->request->mode == TRIAL_TIME_BATCH)
            limit += l->request->seconds;
        if (poll(&wait, 1, LOOK_MS) <= 0) {
            if (keeper_is_gone(l))
                return;
            l->late = seconds_now() - heard > limit;
            if (l->late)
                return;
            continue;
        }
        got = read(l->in, bytes, sizeof bytes);
        if (got < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (got <= 0) {
            (void)poll(NULL, 0, 1);
            if (keeper_is_gone(l))
                return;
            continue;
        }
        heard = seconds_now();
        wire_put(&l->received, bytes, (size_t)got);
        if (l->received.failed)
            l->status = pipette_error_set(l->error, PIPETTE_E_MEMORY, "out of memory for what a run has stored");
        else
            take_received(l);
    }
}

/* The process ended before all was done: whose fault that is. */
static void take_end(listening *l)
{
    const char *doing = l->request->mode == TRIAL_SHAPES ? "shape()" : "the run";
    trial_outcome outcome = {.state = PIPETTE_STATE_FAILED, .died = 1, .late = l->late, .damage = l->fault};
    char text[256];
    if (l->late)
        (void)snprintf(text, sizeof text, "%s takes longer than %.3g s",
                       l->complete ? "destroy()"
                       : l->ready  ? doing
                                   : "loading or create()",
                       l->ready ? l->request->run_seconds : LOAD_SECONDS + l->request->run_seconds);
    else if (!l->has_ended)
        (void)snprintf(text, sizeof text, "%s killed the process above it",
                       l->complete ? "destroy()"
                       : l->ready  ? doing
                                   : "loading or create()");
    else
        children_describe(l->complete ? "destroy()"
                          : l->ready  ? doing
                                      : "loading or create()",
                          l->wait_status, 0, text, sizeof text);
    if (!l->ready || l->complete) {
        l->status = pipette_error_set(l->error, l->late ? PIPETTE_E_TIMEOUT : PIPETTE_E_CRASHED, "%s", text);
        return;
    }
    outcome.message = text;
    l->stopped = l->take(l->user, l->at++, &outcome) != 0;
}

/* It ends by itself, unless the model has stopped it. */
static void end_keeper(listening *l)
{
    double begin = seconds_now();
    int pause = 0;
    while (l->keeper > 0 && !keeper_is_gone(l)) {
        (void)poll(NULL, 0, pause);
        pause = pause < 8 ? pause + 1 : 8;
        if (seconds_now() - begin > KEEPER_SECONDS)
            (void)kill(l->keeper, SIGKILL);
    }
}

/* One keeper and its worker, from order[l->at] on. */
static int attempt(listening *l)
{
    int ends[2];
    uint64_t first = l->at;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return pipette_error_set(l->error, PIPETTE_E_SYSTEM, "no pipe to the process that runs the model: %s",
                                 strerror(errno));
    (void)fcntl(ends[1], F_SETPIPE_SZ, 1 << 20);
    (void)fflush(NULL);
    l->keeper = children_fork_apart();
    if (l->keeper == 0)
        keeper_process(l->request, first, ends[1]);
    (void)close(ends[1]);
    if (l->keeper < 0) {
        (void)close(ends[0]);
        return pipette_error_set(l->error, PIPETTE_E_SYSTEM, "no process to run the model in: %s", strerror(errno));
    }
    (void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
    l->in = ends[0];
    l->ready = l->complete = l->left = l->late = l->has_ended = 0;
    l->fault = (trial_damage){0};
    l->received.size = 0;
    listen_to(l);
    (void)close(l->in); /* the keeper hears that */
    end_keeper(l);
    if (l->status == PIPETTE_OK && !l->stopped && !l->left)
        take_end(l);
    return l->status;
}

int trial_run(const trial_request *request, trial_take take, void *user, pipette_error *error)
{
    listening l = {.request = request, .take = take, .user = user, .error = error};
    double end = seconds_now() + request->seconds;
    uint32_t deaths = 0;
    do {
        (void)attempt(&l);
        deaths++;
    } while (l.status == PIPETTE_OK && !l.stopped && !l.left && l.at < request->order_count && deaths < DEATHS &&
             seconds_now() < end && (request->mode == TRIAL_RUN || request->mode == TRIAL_SHAPES));
    wire_free(&l.received);
    return l.status;
}
