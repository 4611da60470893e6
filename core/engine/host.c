/* host.c: the model host: loads the model, forks workers, tells the supervisor of their deaths. */
#include "engine/host.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/message.h"
#include "engine/worker.h"
#include "plugin/loader.h"

typedef struct host {
    const host_start *start;
    const pipette_descriptor *descriptor;
    plugin_schema *schema;
    engine_plan plan;
    pid_t *pids;
    int signals;
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

/* ---- Shapes ---------------------------------------------------------------------------------------------------------- */

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
        status = shape_ask(h->schema, h->descriptor->table, requested, &request, extents, &error);
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

/* ---- Workers ---------------------------------------------------------------------------------------------------------- */

static int write_record(void *user, const worker_record *record, const void *payload)
{
    const int *file = user;
    struct iovec parts[2] = {{(void *)(uintptr_t)record, sizeof *record}, {(void *)(uintptr_t)payload, (size_t)record->bytes}};
    int part = 0;
    while (part < 2) {
        ssize_t written;
        if (parts[part].iov_len == 0) {
            part++;
            continue;
        }
        written = writev(*file, &parts[part], 2 - part);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return PIPETTE_E_SYSTEM;
        while (part < 2 && (size_t)written >= parts[part].iov_len)
            written -= (ssize_t)parts[part++].iov_len;
        if (part < 2) {
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

_Noreturn static void worker_process(host *h, uint32_t number)
{
    worker w = {0};
    pipette_error error = {0};
    struct rlimit no_core = {0, 0};
    int file = h->start->pipes[number], status;
    uint32_t i;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    default_signals();
    (void)setrlimit(RLIMIT_CORE, &no_core);
    for (i = 0; i < h->start->board->slot_count; i++)
        if (i != number)
            (void)close(h->start->pipes[i]);
    (void)close(h->start->socket);
    (void)close(h->signals);
    w.plan = &h->plan;
    w.schema = h->schema;
    w.model = h->descriptor->table;
    w.stage = h->start->stage;
    w.stage_message = h->start->stage_message;
    w.board = h->start->board;
    w.slot = &h->start->board->slots[number];
    w.sink = write_record;
    w.sink_user = &file;
    w.capture = 1;
    w.pipe = file;
    w.isolated = h->plan.isolate || atomic_load(&w.slot->isolate);
    w.batch = h->descriptor->extension == NULL ? NULL : h->descriptor->extension(PIPETTE_BATCH_EXTENSION);
    status = capture_start(&error);
    if (status == PIPETTE_OK)
        status = worker_start(&w, &error);
    if (status == PIPETTE_OK)
        status = worker_work(&w, &error);
    if (status == WORKER_DIRTY) { /* no destroy: the process is not what the model's author expects */
        (void)snprintf(w.slot->changed, sizeof w.slot->changed, "%.90s", error.message);
        atomic_store(&w.slot->left, BOARD_LEFT_DIRTY);
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
    worker_end(&w);
    atomic_store(&w.slot->left, BOARD_LEFT_IN_ORDER);
    _exit(0);
}

static void spawn(host *h, uint32_t number)
{
    board_slot *slot = &h->start->board->slots[number];
    pid_t pid;
    atomic_store(&slot->claim_count, 0);
    atomic_store(&slot->stored, 0);
    atomic_store(&slot->ran, 0);
    atomic_store(&slot->left, 0);
    atomic_store(&slot->current, BOARD_IDLE);
    pid = fork();
    if (pid == 0)
        worker_process(h, number);
    if (pid < 0) {
        char text[128];
        (void)snprintf(text, sizeof text, "cannot start a worker process: %s", strerror(errno));
        report_error(h, PIPETTE_E_SYSTEM, text);
        return;
    }
    h->pids[number] = pid;
}

static void reap(host *h)
{
    struct signalfd_siginfo seen;
    int wait_status;
    pid_t pid;
    while (read(h->signals, &seen, sizeof seen) == (ssize_t)sizeof seen)
        ;
    while ((pid = waitpid(-1, &wait_status, WNOHANG)) > 0) {
        uint32_t i;
        for (i = 0; i < h->start->board->slot_count; i++)
            if (h->pids[i] == pid) {
                wire out = {0};
                h->pids[i] = 0;
                wire_u32(&out, i);
                wire_u32(&out, (uint32_t)wait_status);
                if (!out.failed)
                    (void)message_send(h->start->socket, MESSAGE_DEATH, out.data, out.size);
                wire_free(&out);
            }
    }
}

_Noreturn static void leave(host *h)
{
    uint32_t i;
    for (i = 0; i < h->start->board->slot_count; i++)
        if (h->pids[i] > 0)
            (void)kill(h->pids[i], SIGKILL);
    _exit(0);
}

static void obey(host *h, uint32_t kind, const void *bytes, size_t size)
{
    wire_reader in = {bytes, size, 0, 0};
    pipette_error error = {0};
    uint32_t number;
    switch (kind) {
    case MESSAGE_SHAPE: answer_shape(h, bytes, size); break;
    case MESSAGE_PLAN:
        plan_free(&h->plan);
        if (plan_unpack(bytes, size, &h->plan, &error) != PIPETTE_OK)
            report_error(h, error.code, error.message);
        break;
    case MESSAGE_SPAWN:
        number = wire_get_u32(&in);
        if (number < h->start->board->slot_count)
            spawn(h, number);
        break;
    case MESSAGE_KILL:
        number = wire_get_u32(&in);
        if (number < h->start->board->slot_count && h->pids[number] > 0)
            (void)kill(h->pids[number], SIGKILL);
        break;
    default: break;
    }
}

static int load(host *h)
{
    pipette_error error = {0};
    void *bytes = NULL;
    size_t size = 0;
    int status = plugin_load(h->start->model_path, &h->descriptor, &error);
    if (status == PIPETTE_OK && h->descriptor->kind != PIPETTE_KIND_MODEL)
        status = pipette_error_set(&error, PIPETTE_E_PLUGIN, "%s: plugin '%s' is of kind %s; the run stage needs a model",
                                   h->start->model_path, h->descriptor->name, pipette_kind_text(h->descriptor->kind));
    if (status == PIPETTE_OK)
        status = schema_copy(h->start->model_path, h->descriptor, &h->schema, &error);
    if (status == PIPETTE_OK)
        status = schema_pack(h->schema, &bytes, &size, &error);
    if (status == PIPETTE_OK)
        (void)message_send(h->start->socket, MESSAGE_SCHEMA, bytes, size);
    else
        report_error(h, status, error.message);
    free(bytes);
    return status;
}

_Noreturn void host_main(const host_start *start)
{
    host h = {0};
    sigset_t children;
    h.start = start;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)setpgid(0, 0); /* Ctrl-C is the supervisor's to hear */
    (void)signal(SIGINT, SIG_IGN);
    (void)signal(SIGTERM, SIG_DFL);
    (void)signal(SIGHUP, SIG_DFL);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGCHLD, SIG_DFL);
    sigemptyset(&children);
    sigaddset(&children, SIGCHLD);
    (void)sigprocmask(SIG_SETMASK, &children, NULL);
    /* Nothing that a constructor prints belongs on the terminal, and nothing here reads it. */
    (void)capture_start(NULL);
    if (freopen("/dev/null", "r", stdin) == NULL)
        (void)close(STDIN_FILENO);
    h.signals = signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
    h.pids = calloc(start->board->slot_count, sizeof *h.pids);
    if (h.signals < 0 || h.pids == NULL || load(&h) != PIPETTE_OK)
        _exit(1);
    for (;;) {
        struct pollfd waits[2] = {{start->socket, POLLIN, 0}, {h.signals, POLLIN, 0}};
        if (poll(waits, 2, -1) < 0)
            continue;
        if (waits[1].revents != 0)
            reap(&h);
        if (waits[0].revents != 0) {
            void *bytes;
            size_t size;
            uint32_t kind;
            if (message_receive(start->socket, -1, &kind, &bytes, &size) != PIPETTE_OK)
                leave(&h);
            obey(&h, kind, bytes, size);
            free(bytes);
        }
    }
}
