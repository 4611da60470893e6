/* host.c: the model host: loads the model, forks workers, tells the supervisor of their deaths. And the keeper above
 * it. */
#include "engine/host.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "engine/children.h"
#include "engine/cores.h"
#include "engine/fault.h"
#include "engine/instance.h"
#include "engine/limits.h"
#include "engine/message.h"
#include "engine/orphans.h"
#include "engine/stack.h"
#include "engine/threads.h"
#include "engine/workdir.h"
#include "engine/worker.h"
#include "plugin/loader.h"

#define START_TRIES 40 /* with a twentieth of a second between them */

typedef struct host {
    const host_start *start;
    const pipette_descriptor *descriptor;
    plugin_schema *schema;
    engine_plan plan;
    pid_t *pids;
    int signals;
    uint32_t number; /* of the slot that a process is being forked for */
    int stack_errno; /* why it has no stack of the size that the plan asks for; 0: it has */
} host;

static void report_error(const host *h, int code, const char *text)
{
    wire out = {0};
    wire_u32(&out, (uint32_t)code);
    wire_text(&out, text);
    if (!out.failed)
        (void)message_send(h->start->socket, MESSAGE_ERROR, out.data, out.size);
    wire_free(&out);
}

/* ---- Shapes ---- */

typedef struct shape_request {
    const plugin_schema *schema;
    pipette_value *values; /* in the order of shape_parameters */
} shape_request;

static const pipette_value *requested(void *user, uint32_t parameter, pipette_value *room)
{
    const shape_request *request = user;
    uint32_t i;
    (void)room;
    for (i = 0; i < request->schema->shape_parameter_count; i++)
        if (strcmp(request->schema->shape_parameters[i], request->schema->parameters[parameter].path) == 0)
            return &request->values[i];
    return NULL;
}

static void answer_shape(host *h, const void *bytes, size_t size)
{
    wire_reader in = {bytes, size, 0, 0};
    wire out = {0};
    pipette_error error = {0};
    shape_request request = {h->schema, calloc(h->schema->shape_parameter_count + 1u, sizeof(pipette_value))};
    shape_extent *extents = calloc(shape_extent_count(h->schema) + 1u, sizeof *extents);
    uint32_t i;
    int status = PIPETTE_OK;
    if (request.values == NULL || extents == NULL)
        status = pipette_error_set(&error, PIPETTE_E_MEMORY, "out of memory");
    for (i = 0; status == PIPETTE_OK && i < h->schema->shape_parameter_count; i++)
        status = wire_get_value(&in, &request.values[i]);
    if (status == PIPETTE_OK)
        status = instance_shape(h->schema, h->descriptor->table, requested, &request, extents, &error);
    if (status == PIPETTE_OK) {
        wire_put(&out, extents, shape_extent_count(h->schema) * sizeof *extents);
        (void)message_send(h->start->socket, MESSAGE_SHAPE, out.data, out.size);
    } else {
        report_error(h, status, error.message);
    }
    for (i = 0; request.values != NULL && i < h->schema->shape_parameter_count; i++)
        wire_value_free(&request.values[i]);
    free(request.values);
    free(extents);
    wire_free(&out);
}

/* ---- Workers ---- */

const unsigned char host_mark[16] = {0xf1, 'P', 0xe7, 'i', 0x9c, 'p', 0x05, 'e',
                                     0xd2, 't', 0x8b, 't', 0xa6, 'e', 0x00, 0x3d};

static int write_record(void *user, const worker_record *record, const void *payload)
{
    const int *file = user;
    struct iovec parts[3] = {{(void *)(uintptr_t)host_mark, sizeof host_mark},
                             {(void *)(uintptr_t)record, sizeof *record},
                             {(void *)(uintptr_t)payload, (size_t)record->bytes}};
    int part = 0;
    while (part < 3) {
        ssize_t written;
        if (parts[part].iov_len == 0) {
            part++;
            continue;
        }
        written = writev(*file, &parts[part], 3 - part);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return PIPETTE_E_SYSTEM;
        while (part < 3 && (size_t)written >= parts[part].iov_len)
            written -= (ssize_t)parts[part++].iov_len;
        if (part < 3) {
            parts[part].iov_base = (char *)parts[part].iov_base + written;
            parts[part].iov_len -= (size_t)written;
        }
    }
    return PIPETTE_OK;
}

static void default_signals(void)
{
    sigset_t none;
    int i;
    for (i = 1; i < 32; i++)
        if (i != SIGKILL && i != SIGSTOP && i != SIGINT && i != SIGPIPE)
            (void)signal(i, SIG_DFL);
    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Of all processes the system should end this one first where memory is short: it costs a run, not the experiment. */
static void offer_for_killing(void)
{
    int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (file < 0)
        return;
    if (write(file, "800", 3) != 3) {
        /* then not */
    }
    (void)close(file);
}

/* What the stack of this process may grow to; 0: no limit. */
static uint64_t stack_bytes(void)
{
    struct rlimit limit;
    return getrlimit(RLIMIT_STACK, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY ? 0 : limit.rlim_cur;
}

/* A run that calls exit() ends its own process: the handlers, and what stands in buffers, are the program's. */
static void leave(int exit_status, void *user)
{
    (void)user;
    (void)fflush(stdout);
    (void)fflush(stderr);
    _exit(exit_status);
}

_Noreturn static void worker_process(host *h, uint32_t number)
{
    worker w = {0};
    pipette_error error = {0};
    struct rlimit no_core = {0, 0};
    int file = h->start->pipes[number], nothing, status;
    uint32_t i;
    limits_restore(); /* of a host that was at the mercy of other workers' runs */
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    children_adopt();
    (void)setpgid(0, 0);
    default_signals();
    (void)setrlimit(RLIMIT_CORE, &no_core);
    offer_for_killing();
    nothing = open("/dev/null", O_RDWR | O_CLOEXEC); /* the host's would be shared, with its flags */
    if (nothing >= 0)
        (void)dup2(nothing, STDIN_FILENO);
    if (nothing >= 0)
        (void)close(nothing);
    for (i = 0; i < h->start->slot_count; i++)
        if (i != number) {
            (void)close(h->start->pipes[i]);
            (void)close(h->start->outputs[i]);
        }
    (void)close(h->start->socket);
    (void)close(h->signals);
    /* Processes of this slot share them one after the other: a run may have left flags. */
    (void)fcntl(file, F_SETFL, 0);
    (void)fcntl(h->start->outputs[number], F_SETFL, 0);
    w.slot = &h->start->board->slots[number];
    w.slot_number = number;
    w.board_guarded = 1;
    w.board_slots = h->start->board_slots;
    w.board_bytes = board_size(w.board_slots);
    board_guard(h->start->board, w.board_slots, number);
    if (atomic_load(&w.slot->isolate) == BOARD_ISOLATE_ALL)
        h->plan.isolate = 1;
    w.plan = &h->plan;
    w.schema = h->schema;
    w.model = h->descriptor->table;
    w.stage = h->start->stage;
    w.stage_message = h->start->stage_message;
    w.board = h->start->board;
    w.sink = write_record;
    w.sink_user = &file;
    w.capture = 1;
    w.pipe = file;
    w.process = getpid();
    w.isolated = h->plan.isolate || atomic_load(&w.slot->isolate);
    w.careful_first = atomic_load(&w.slot->inherited_first);
    w.careful_count = atomic_load(&w.slot->inherited_count);
    w.only_inherited = atomic_load(&w.slot->only_inherited) != 0;
    w.first_tries = atomic_load(&w.slot->inherited_tries);
    w.batch = h->descriptor->extension == NULL ? NULL : h->descriptor->extension(PIPETTE_BATCH_EXTENSION);
    if (h->start->descriptor != NULL)
        (void)on_exit(leave, NULL);
    fault_watch(&w, &w, h->plan.stack > 0 ? h->plan.stack : stack_bytes());
    fault_report_to(w.slot->reason);
    status = capture_start(h->start->outputs[number], board_print(h->start->board, h->start->board_slots, number),
                           BOARD_PRINT_BYTES, &error);
    if (status == PIPETTE_OK && h->stack_errno != 0)
        status = pipette_error_set(&error, PIPETTE_E_MEMORY, "no memory for a stack of %llu bytes: %s",
                                   (unsigned long long)h->plan.stack, strerror(h->stack_errno));
    if (status == PIPETTE_OK)
        status = worker_start(&w, &error);
    if (status == PIPETTE_OK)
        status = worker_work(&w, &error);
    if (getpid() != w.process) /* a model's fork() that came back here */
        _exit(0);
    if (status == WORKER_DIRTY) { /* no destroy: the process is not what the model's author expects */
        (void)snprintf(w.slot->changed, sizeof w.slot->changed, "%.90s", error.message);
        atomic_store(&w.slot->left, BOARD_LEFT_DIRTY);
        workdir_end(&w);
        _exit(0);
    }
    if (status == WORKER_REFUSED) {
        atomic_store(&w.slot->left, BOARD_LEFT_REFUSED);
        _exit(0);
    }
    if (status != PIPETTE_OK) {
        wire out = {0};
        worker_record record = {WORKER_ERROR, 0, 0, 0, 0};
        wire_u32(&out, (uint32_t)status);
        wire_text(&out, error.code != 0 ? error.message : pipette_status_text(status));
        record.bytes = out.size;
        if (!out.failed)
            (void)write_record(&file, &record, out.data);
    }
    atomic_store(&w.slot->left, BOARD_LEFT_LEAVING);
    worker_end(&w);
    if (getpid() == w.process)
        atomic_store(&w.slot->left, BOARD_LEFT_IN_ORDER);
    _exit(0);
}

static void worker_on_stack(void *user)
{
    host *h = user;
    worker_process(h, h->number);
}

/* Needs no memory: a run may have left this process none. */
static void tell(const host *h, uint32_t kind, uint32_t number, uint32_t value)
{
    const uint32_t body[2] = {number, value};
    (void)message_send(h->start->socket, kind, body, sizeof body);
}

static void spawn(host *h, uint32_t number)
{
    board_slot *slot = &h->start->board->slots[number];
    pid_t pid;
    atomic_store(&slot->claim_first, 0);
    atomic_store(&slot->claim_count, 0);
    atomic_store(&slot->stored, 0);
    atomic_store(&slot->ran, 0);
    atomic_store(&slot->left, 0);
    atomic_store(&slot->begun, 0);
    atomic_store(&slot->computing, 0);
    atomic_store(&slot->current, BOARD_IDLE);
    slot->reason[0] = '\0';
    atomic_store(&slot->looking, 0);
    pid = fork();
    if (pid == 0) {
        h->number = number;
        h->stack_errno = h->plan.stack == 0 ? 0 : stack_switch((size_t)h->plan.stack, worker_on_stack, h);
        worker_process(h, number);
    }
    tell(h, MESSAGE_SPAWNED, number, pid < 0 ? (uint32_t)errno : 0);
    if (pid > 0)
        h->pids[number] = pid;
}

/* What a run has stopped goes on: nothing else would ever wake it. A process that waits for a terminal stays as it is.
 */
static int woken(pid_t process, int wait_status)
{
    if (!WIFSTOPPED(wait_status))
        return 0;
    if (WSTOPSIG(wait_status) == SIGSTOP || WSTOPSIG(wait_status) == SIGTSTP)
        (void)kill(process, SIGCONT);
    return 1;
}

static void reap(host *h)
{
    struct signalfd_siginfo seen;
    int wait_status;
    pid_t pid;
    while (read(h->signals, &seen, sizeof seen) == (ssize_t)sizeof seen)
        ;
    while ((pid = waitpid(-1, &wait_status, WNOHANG | WUNTRACED)) > 0) {
        uint32_t i;
        if (woken(pid, wait_status))
            continue;
        for (i = 0; i < h->start->slot_count; i++)
            if (h->pids[i] == pid) {
                h->pids[i] = 0;
                /* What its runs had started is ours now; the living workers adopt for themselves. */
                children_end(h->pids, h->start->slot_count);
                tell(h, MESSAGE_DEATH, i, (uint32_t)wait_status);
            }
    }
}

static void obey(host *h, uint32_t kind, const void *bytes, size_t size)
{
    wire_reader in = {bytes, size, 0, 0};
    pipette_error error = {0};
    uint32_t number;
    switch (kind) {
    case MESSAGE_SHAPE:
        answer_shape(h, bytes, size);
        break;
    case MESSAGE_PLAN:
        plan_free(&h->plan);
        if (plan_unpack(bytes, size, &h->plan, &error) != PIPETTE_OK)
            report_error(h, error.code, error.message);
        break;
    case MESSAGE_SPAWN:
        number = wire_get_u32(&in);
        if (number < h->start->slot_count)
            spawn(h, number);
        break;
    case MESSAGE_KILL:
        number = wire_get_u32(&in);
        if (number < h->start->slot_count && h->pids[number] > 0)
            (void)kill(h->pids[number], SIGKILL);
        break;
    default:
        break;
    }
}

static int load(host *h)
{
    pipette_error error = {0};
    void *bytes = NULL;
    size_t size = 0;
    int status;
    if (h->start->threads > 0)
        cores_set_threads(h->start->threads, h->start->slot_count);
    status = plugin_take(h->start->model_path, h->start->descriptor, &h->descriptor, &error);
    if (status == PIPETTE_OK && h->descriptor->kind != PIPETTE_KIND_MODEL)
        status =
            pipette_error_set(&error, PIPETTE_E_PLUGIN, "%s: plugin '%s' is of kind %s; the run stage needs a model",
                              h->start->model_path, h->descriptor->name, pipette_kind_text(h->descriptor->kind));
    if (status == PIPETTE_OK)
        status = schema_copy(h->start->model_path, h->descriptor, &h->schema, &error);
    if (status == PIPETTE_OK)
        status = schema_pack(h->schema, &bytes, &size, &error);
    if (status == PIPETTE_OK && threads_across_fork() > 1)
        status = pipette_error_set(&error, PIPETTE_E_PLUGIN,
                                   "%s: starts threads when it is loaded; the workers are forked from the process that "
                                   "loads it, and would wait for "
                                   "threads that they do not have. Start them in create() or run()",
                                   h->start->model_path);
    if (status == PIPETTE_OK)
        (void)message_send(h->start->socket, MESSAGE_SCHEMA, bytes, size);
    else
        report_error(h, status, error.message);
    free(bytes);
    return status;
}

/* Ctrl-C, a closed terminal and a polite end are the supervisor's to hear, who then says what is to happen. */
static void ignore_signals(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};
    size_t i;
    (void)setpgid(0, 0);
    for (i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        (void)signal(numbers[i], SIG_IGN);
    (void)signal(SIGCHLD, SIG_DFL);
}

static int listen_to_children(void)
{
    sigset_t children;
    sigemptyset(&children);
    sigaddset(&children, SIGCHLD);
    (void)sigprocmask(SIG_SETMASK, &children, NULL);
    return signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* ---- The life of the host ---- */

_Noreturn static void host_process(const host_start *start)
{
    host h = {0};
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    h.start = start;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    children_adopt();
    ignore_signals();
    /* Nothing that a constructor prints belongs on the terminal, and nothing here reads it. */
    if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 || dup2(nothing, STDOUT_FILENO) < 0 ||
        dup2(nothing, STDERR_FILENO) < 0)
        _exit(1);
    if (nothing > STDERR_FILENO)
        (void)close(nothing);
    h.signals = listen_to_children();
    h.pids = calloc(start->slot_count, sizeof *h.pids);
    if (h.signals < 0 || h.pids == NULL || load(&h) != PIPETTE_OK)
        _exit(1);
    limits_keep();
    for (;;) {
        struct pollfd waits[2] = {{start->socket, POLLIN, 0}, {h.signals, POLLIN, 0}};
        const int ready = poll(waits, 2, -1), failure = errno;
        limits_restore(); /* before all else: with few descriptors allowed, poll() itself fails */
        if (ready < 0 && failure != EINTR && failure != EAGAIN && poll(waits, 2, 0) < 0)
            _exit(1); /* what was taken from us cannot be had back: another host goes on */
        if (ready < 0)
            continue;
        if (waits[1].revents != 0)
            reap(&h);
        if (waits[0].revents != 0) {
            void *bytes;
            size_t size;
            uint32_t kind;
            if (message_receive(start->socket, -1, &kind, &bytes, &size) != PIPETTE_OK)
                _exit(0); /* the keeper ends the workers */
            obey(&h, kind, bytes, size);
            free(bytes);
        }
    }
}

/* ---- The keeper ---- */

/* A host with a socket of its own, so that what its predecessor sent last cannot reach its ears. Where processes are
 * short for a moment, waits for that moment. The process, or -1 and errno. */
static pid_t start_host(const host_start *start, int signals)
{
    static const struct timespec moment = {0, 50000000};
    host_start own = *start;
    int ends[2], tries, failure;
    pid_t below = -1;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return -1;
    own.socket = ends[1];
    for (tries = 0; below < 0 && tries < START_TRIES; tries++) {
        below = fork();
        if (below == 0) {
            (void)close(signals);
            (void)close(ends[0]);
            (void)close(start->control);
            host_process(&own);
        }
        if (below < 0)
            (void)nanosleep(&moment, NULL);
    }
    failure = errno;
    (void)close(ends[1]);
    if (below > 0 && notice_send(start->control, NOTICE_STARTED, 0, ends[0]) != 0)
        (void)kill(below, SIGKILL);
    (void)close(ends[0]);
    errno = failure;
    return below;
}

/* What the supervisor wants; 0: it is gone, or has done. */
static int obey_supervisor(const host_start *start, int signals, pid_t *below)
{
    for (;;) {
        notice heard;
        int descriptor, got = notice_receive(start->control, &heard, &descriptor);
        if (got <= 0)
            return got == 0;
        if (heard.kind == NOTICE_KILL && *below > 0)
            (void)kill(*below, SIGKILL);
        if (heard.kind != NOTICE_START || *below > 0)
            continue;
        *below = start_host(start, signals);
        if (*below < 0)
            (void)notice_send(start->control, NOTICE_REFUSED, (uint32_t)errno, -1);
    }
}

_Noreturn static void keeper_process(const host_start *start)
{
    struct signalfd_siginfo seen;
    int signals;
    uint32_t i;
    pid_t below;
    for (i = 0; i < start->hidden_count; i++)
        (void)close(start->hidden[i]);
    orphans_carry(start->mark);
    children_adopt();
    ignore_signals();
    signals = listen_to_children();
    if (signals < 0)
        _exit(1);
    below = start_host(start, signals);
    if (below < 0)
        (void)notice_send(start->control, NOTICE_REFUSED, (uint32_t)errno, -1);
    for (;;) {
        struct pollfd waits[2] = {{start->control, POLLIN, 0}, {signals, POLLIN, 0}};
        int wait_status, ended = 0, last = 0;
        pid_t process;
        if (poll(waits, 2, -1) < 0)
            continue;
        if (waits[0].revents != 0 && !obey_supervisor(start, signals, &below))
            break;
        while (read(signals, &seen, sizeof seen) == (ssize_t)sizeof seen)
            ;
        while ((process = waitpid(-1, &wait_status, WNOHANG | WUNTRACED)) > 0)
            if (!woken(process, wait_status) && process == below) {
                ended = 1;
                last = wait_status;
            }
        if (!ended)
            continue;
        below = 0;
        children_end(NULL, 0);
        (void)notice_send(start->control, NOTICE_ENDED, (uint32_t)last, -1);
    }
    if (below > 0)
        (void)kill(below, SIGKILL);
    children_end(NULL, 0);
    _exit(0);
}

pid_t host_fork(const host_start *start)
{
    pid_t keeper = children_fork_apart();
    if (keeper == 0)
        keeper_process(start);
    return keeper;
}
