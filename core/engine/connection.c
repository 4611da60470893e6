/* connection.c: the supervisor's connection to the keeper and to the model host below it: starting, asking, ending. */
#include "engine/connection.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "engine/host.h"
#include "plugin/probe.h"

#define SPARE_FILES 48u      /* descriptors for everything else: storage, config, plugins */
#define FILES_PER_WORKER 3u  /* at the time when they are made */
#define PATIENCE_SECONDS 2.0 /* for processes that have been told to end */

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static double load_seconds(const engine *e)
{
    return e->options.load_seconds > 0 ? e->options.load_seconds : PLUGIN_LOAD_SECONDS;
}

/* ---- Starting ---- */

/* How many workers the descriptors are enough for. */
static uint32_t affordable_workers(uint32_t wanted)
{
    struct rlimit limit;
    int lowest = dup(STDERR_FILENO);
    uint64_t used = lowest < 0 ? 3 : (uint64_t)lowest, fit;
    if (lowest >= 0)
        (void)close(lowest);
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return wanted;
    fit = limit.rlim_cur > used + SPARE_FILES ? (limit.rlim_cur - used - SPARE_FILES) / FILES_PER_WORKER : 0;
    return fit < 1 ? 1 : fit < wanted ? (uint32_t)fit : wanted;
}

static void warn_of_few(const engine *e, uint32_t wanted)
{
    char text[160];
    struct rlimit limit = {0, 0};
    (void)getrlimit(RLIMIT_NOFILE, &limit);
    (void)snprintf(text, sizeof text,
                   "%u workers instead of %u: this process may have only %llu files open (ulimit -n)", e->slot_count,
                   wanted, (unsigned long long)limit.rlim_cur);
    if (e->options.warn != NULL)
        e->options.warn(text, e->options.warn_user);
}

/* A pipe and a place for what is printed, for each worker: as many as there are to be had. Returns 0 or an errno. */
static int make_pipes(engine *e, int *pipes, int *outputs)
{
    uint32_t i, wanted = e->slot_count, fit = affordable_workers(wanted);
    for (i = 0; i < fit; i++) {
        int ends[2];
        e->slots[i].output = capture_file();
        if (e->slots[i].output < 0 || pipe2(ends, O_CLOEXEC) != 0) {
            int failure = errno;
            if (e->slots[i].output >= 0)
                (void)close(e->slots[i].output);
            e->slots[i].output = -1;
            if (i == 0)
                return failure;
            break;
        }
        e->slots[i].pipe = ends[0];
        pipes[i] = ends[1];
        outputs[i] = e->slots[i].output;
        (void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
        (void)fcntl(ends[1], F_SETPIPE_SZ, 1 << 20);
    }
    e->slot_count = i;
    if (i < wanted)
        warn_of_few(e, wanted);
    return 0;
}

int connection_open(engine *e, pipette_error *error)
{
    int sockets[2], *pipes = calloc(2u * e->slot_count, sizeof *pipes), *outputs = pipes + e->slot_count;
    int *hidden = calloc(e->slot_count + 1u, sizeof *hidden); /* what the host must not have open */
    uint32_t i, opened = 0;
    int failure;
    if (pipes == NULL || hidden == NULL) {
        free(pipes);
        free(hidden);
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
    }
    failure = make_pipes(e, pipes, outputs);
    opened = failure == 0 ? e->slot_count : 0;
    if (failure == 0 && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0)
        failure = errno;
    if (failure == 0) {
        host_start start = {.model_path = e->model_path,
                            .stage = e->stage,
                            .stage_message = e->stage_message,
                            .board = e->board,
                            .pipes = pipes,
                            .outputs = outputs,
                            .hidden = hidden,
                            .hidden_count = opened + 1u,
                            .slot_count = opened,
                            .board_slots = e->board_slots,
                            .control = sockets[1],
                            .socket = -1,
                            .mark = e->keeper_mark,
                            .descriptor = e->options.descriptor,
                            .threads = e->options.threads};
        for (i = 0; i < opened; i++)
            hidden[i] = e->slots[i].pipe;
        hidden[opened] = sockets[0];
        (void)stat(e->model_path, &e->model_file);
        (void)fflush(NULL); /* or the child would write it again */
        orphans_mark(e->board, e->keeper_mark);
        e->keeper = host_fork(&start);
        failure = e->keeper < 0 ? errno : 0;
        e->keeper = e->keeper < 0 ? 0 : e->keeper;
        e->orphans = e->keeper > 0 && orphans_watch(e->keeper, e->board, e->board_bytes);
        (void)close(sockets[1]);
        e->control = sockets[0];
    }
    for (i = 0; i < opened; i++)
        (void)close(pipes[i]);
    free(pipes);
    free(hidden);
    if (failure == EAGAIN || failure == ENOMEM)
        return pipette_error_set(
            error, PIPETTE_E_SYSTEM,
            "cannot start a process for the model: %s; this user may have no more of them (ulimit -u)",
            strerror(failure));
    if (failure != 0)
        return pipette_error_set(error, PIPETTE_E_SYSTEM, "cannot start the model host: %s%s", strerror(failure),
                                 failure == EMFILE ? " (ulimit -n)" : "");
    return PIPETTE_OK;
}

int connection_listen(engine *e)
{
    int heard = 0;
    while (e->control >= 0) {
        notice what;
        int socket, got = notice_receive(e->control, &what, &socket);
        if (got == 0)
            return heard;
        if (got < 0) {
            e->keeper_gone = 1;
            e->host_state = HOST_ENDED;
            return -1;
        }
        heard = 1;
        switch (what.kind) {
        case NOTICE_STARTED:
            message_close(&e->host);
            e->host.socket = socket;
            e->host_state = HOST_LOADING;
            socket = -1;
            break;
        case NOTICE_ENDED:
            e->host_state = HOST_ENDED;
            e->host_status = (int)what.value;
            break;
        case NOTICE_REFUSED:
            e->host_state = HOST_REFUSED;
            e->host_status = (int)what.value;
            break;
        default:
            break;
        }
        if (socket >= 0)
            (void)close(socket);
    }
    return -1;
}

/* ---- Asking ---- */

/* Waits for the keeper's end; what it left below was told by the kernel. 0 where it takes longer. */
static int keeper_ended(engine *e, double seconds)
{
    double deadline = now() + seconds;
    int process = e->keeper > 0 ? pidfd_open(e->keeper, 0) : -1;
    while (e->keeper > 0) {
        int wait_status = 0;
        pid_t seen = waitpid(e->keeper, &wait_status, WNOHANG | WUNTRACED);
        double left = deadline - now();
        if (seen == e->keeper && WIFSTOPPED(wait_status)) {
            (void)kill(e->keeper, SIGCONT);
            continue;
        }
        if (seen == e->keeper || (seen < 0 && errno == ECHILD)) {
            e->keeper_status = seen < 0 ? SIGKILL : wait_status; /* somebody else has waited for it: who knows */
            e->keeper = 0;
            break;
        }
        if (left <= 0)
            break;
        if (process >= 0) {
            struct pollfd wait = {process, POLLIN, 0};
            (void)poll(&wait, 1, left > 0.1 ? 100 : (int)(left * 1000) + 1);
        } else {
            static const struct timespec moment = {0, 1000000};
            (void)nanosleep(&moment, NULL);
        }
    }
    if (process >= 0)
        (void)close(process);
    return e->keeper == 0;
}

/* What became of a host that has ended while it was asked for something. */
static int host_lost(engine *e, const char *doing, pipette_error *error)
{
    double deadline = now() + PATIENCE_SECONDS;
    int wait_status;
    while (e->host_state != HOST_ENDED && e->host_state != HOST_REFUSED && now() < deadline) {
        struct pollfd wait = {e->control, POLLIN, 0};
        (void)poll(&wait, 1, 100);
        (void)connection_listen(e);
    }
    wait_status = e->host_status;
    if (e->keeper_gone && keeper_ended(e, PATIENCE_SECONDS))
        wait_status = e->keeper_status;
    if (e->host_state == HOST_REFUSED)
        return pipette_error_set(
            error, PIPETTE_E_SYSTEM,
            "cannot start a process for the model: %s; this user may have no more of them (ulimit -u)",
            strerror(wait_status));
    if (WIFSIGNALED(wait_status))
        return pipette_error_set(error, PIPETTE_E_CRASHED, "%s: crashed in %s (SIG%s)", e->model_path, doing,
                                 sigabbrev_np(WTERMSIG(wait_status)));
    return pipette_error_set(error, PIPETTE_E_CRASHED, "%s: ended its process in %s (exit status %d)", e->model_path,
                             doing, WEXITSTATUS(wait_status));
}

static int error_from(const void *bytes, size_t size, pipette_error *error)
{
    wire_reader in = {bytes, size, 0, 0};
    int code = (int)wire_get_u32(&in);
    const char *text = wire_get_text(&in);
    return pipette_error_set(error, code < 0 ? code : PIPETTE_E_INTERNAL, "%s",
                             text == NULL ? "the model host failed" : text);
}

int connection_ask(engine *e, uint32_t kind, const char *doing, const void *request, size_t request_size, void **bytes,
                   size_t *size, pipette_error *error)
{
    double deadline = now() + load_seconds(e);
    int posted = request == NULL, status = PIPETTE_E_TIMEOUT;
    uint32_t answer = 0;
    *bytes = NULL;
    while (status == PIPETTE_E_TIMEOUT) {
        struct pollfd waits[2] = {{e->control, POLLIN, 0}, {e->host.socket, POLLIN, 0}};
        double left = deadline - now();
        if (e->options.interrupt != NULL && *e->options.interrupt >= 2)
            return pipette_error_set(error, PIPETTE_E_INTERRUPTED, "interrupted; the same command goes on");
        if (left <= 0) {
            (void)notice_send(e->control, NOTICE_KILL, 0, -1);
            return pipette_error_set(error, PIPETTE_E_TIMEOUT, "%s: %s took longer than %g s", e->model_path, doing,
                                     load_seconds(e));
        }
        if (e->host.socket >= 0 && !posted) {
            posted = 1;
            status = message_post(&e->host, kind, request, request_size);
            status = status == PIPETTE_OK ? PIPETTE_E_TIMEOUT : status;
        }
        (void)poll(waits, 2, left > 0.1 ? 100 : (int)(left * 1000) + 1);
        if (waits[0].revents != 0)
            (void)connection_listen(e);
        if (status == PIPETTE_E_TIMEOUT && e->host.socket >= 0) {
            if (message_flush(&e->host) == PIPETTE_OK || posted)
                status = message_take(&e->host, &answer, bytes, size);
        } else if (status == PIPETTE_E_TIMEOUT && (e->host_state == HOST_ENDED || e->host_state == HOST_REFUSED)) {
            status = PIPETTE_E_CRASHED;
        }
    }
    if (status == PIPETTE_E_CRASHED)
        return host_lost(e, doing, error);
    if (status == PIPETTE_OK && answer == MESSAGE_ERROR)
        status = error_from(*bytes, *size, error);
    else if (status == PIPETTE_OK && answer != kind)
        status = pipette_error_set(error, PIPETTE_E_INTERNAL, "the model host answered with message %u", answer);
    else if (status != PIPETTE_OK)
        (void)pipette_error_set(error, status, "%s: %s", e->model_path, pipette_status_text(status));
    if (status != PIPETTE_OK) {
        free(*bytes);
        *bytes = NULL;
    }
    return status;
}

int connection_load(engine *e, pipette_error *error)
{
    struct stat file;
    void *bytes;
    size_t size;
    int status = connection_ask(e, MESSAGE_SCHEMA, "loading", NULL, 0, &bytes, &size, error);
    if (status != PIPETTE_OK)
        return status;
    e->host_state = HOST_READY;
    if (e->schema == NULL) {
        e->declared = bytes;
        e->declared_size = size;
        return schema_unpack(bytes, size, &e->schema, error);
    }
    if (e->options.descriptor != NULL) { /* its memory is the same, whatever became of the file */
        free(bytes);
        return PIPETTE_OK;
    }
    if (size != e->declared_size || memcmp(bytes, e->declared, size) != 0 || stat(e->model_path, &file) != 0 ||
        file.st_ino != e->model_file.st_ino || file.st_dev != e->model_file.st_dev ||
        file.st_size != e->model_file.st_size || file.st_mtim.tv_sec != e->model_file.st_mtim.tv_sec ||
        file.st_mtim.tv_nsec != e->model_file.st_mtim.tv_nsec)
        status = pipette_error_set(
            error, PIPETTE_E_PLUGIN,
            "%s: its process has to be started again, but the file is no longer what it was when the command began; "
            "what is stored is safe",
            e->model_path);
    free(bytes);
    return status;
}

/* ---- Ending ---- */

void connection_dismiss(engine *e)
{
    message_close(&e->host);
    if (e->control >= 0)
        (void)close(e->control); /* the keeper hears that and ends the host and its workers */
    e->control = -1;
}

/* A keeper that was killed could not end what is below it. */
static void end_orphans(engine *e)
{
    if (!e->orphans || e->keeper > 0)
        return;
    if (WIFSIGNALED(e->keeper_status))
        orphans_end(e->board, e->keeper_mark);
    orphans_forget();
    e->orphans = 0;
}

void connection_kill(engine *e)
{
    double deadline = now() + PATIENCE_SECONDS;
    uint32_t i;
    connection_dismiss(e);
    e->keeper_gone = 1;
    e->host_state = HOST_ENDED;
    if (e->keeper > 0)
        (void)kill(e->keeper, SIGKILL);
    if (keeper_ended(e, PATIENCE_SECONDS))
        end_orphans(e);
    for (i = 0; i < e->slot_count; i++) { /* no writer is left once the pipe hangs up */
        struct pollfd wait = {e->slots[i].pipe, 0, 0};
        while (e->slots[i].pipe >= 0 && now() < deadline && poll(&wait, 1, 10) == 0)
            ;
    }
}

void connection_close(engine *e)
{
    connection_dismiss(e);
    if (e->keeper > 0 && !keeper_ended(e, PATIENCE_SECONDS))
        connection_kill(e);
    end_orphans(e);
    free(e->declared);
    e->declared = NULL;
}
