/* engine.c: starting the engine, and asking the model host. */
#include "engine/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/engine_private.h"
#include "engine/host.h"
#include "engine/message.h"
#include "plugin/loader.h"
#include "plugin/probe.h"

static board *board_create(uint32_t slots)
{
    board *made = mmap(NULL, board_size(slots), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (made == MAP_FAILED)
        return NULL;
    made->slot_count = slots;
    return made;
}

static int fork_host(engine *e, pipette_stage *stage, const char *(*stage_message)(pipette_stage *), pipette_error *error)
{
    int sockets[2], *pipes = calloc(2u * e->slot_count, sizeof *pipes), *outputs = pipes + e->slot_count;
    int *private = calloc(e->slot_count + 1u, sizeof *private); /* what the host must not have open */
    host_start start;
    uint32_t i, opened = 0;
    int failure = 0;
    if (pipes == NULL || private == NULL) {
        free(pipes);
        free(private);
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
    }
    for (i = 0; i < e->slot_count && failure == 0; i++) {
        int ends[2];
        e->slots[i].output = capture_file();
        if (e->slots[i].output < 0 || pipe2(ends, O_CLOEXEC) != 0) {
            failure = errno;
            break;
        }
        private[i] = e->slots[i].pipe = ends[0];
        pipes[i] = ends[1];
        outputs[i] = e->slots[i].output;
        opened++;
        (void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
        (void)fcntl(ends[1], F_SETPIPE_SZ, 1 << 20);
    }
    if (failure == 0 && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0)
        failure = errno;
    if (failure == 0) {
        private[e->slot_count] = sockets[0];
        start = (host_start){e->model_path, stage,   stage_message,      e->board,   pipes,
                             outputs,       private, e->slot_count + 1u, sockets[1], e->options.threads};
        (void)fflush(NULL); /* or the child would write it again */
        e->host = host_fork(&start);
        failure = e->host < 0 ? errno : 0;
        e->host = e->host < 0 ? 0 : e->host;
        (void)close(sockets[1]);
        e->socket = sockets[0];
    }
    for (i = 0; i < opened; i++)
        (void)close(pipes[i]);
    free(pipes);
    free(private);
    if (failure != 0)
        return pipette_error_set(error, PIPETTE_E_SYSTEM, "cannot start the model host: %s%s", strerror(failure),
                                 failure == EMFILE ? "; fewer --workers need fewer of them" : "");
    return PIPETTE_OK;
}

int engine_create(const char *model_path, pipette_stage *stage, const char *(*stage_message)(pipette_stage *stage),
                  const engine_options *options, engine **out, pipette_error *error)
{
    engine *e = calloc(1, sizeof *e);
    uint32_t i;
    int status = PIPETTE_OK;
    *out = NULL;
    if (e == NULL)
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
    e->options = *options;
    e->stage = stage;
    e->stage_message = stage_message;
    e->socket = -1;
    e->slot_count = options->in_process || options->workers < 1 ? 1 : options->workers;
    e->model_path = strdup(model_path);
    e->slots = calloc(e->slot_count, sizeof *e->slots);
    e->board = board_create(e->slot_count);
    for (i = 0; e->slots != NULL && i < e->slot_count; i++)
        e->slots[i].pipe = e->slots[i].output = -1;
    if (e->model_path == NULL || e->slots == NULL || e->board == NULL)
        status = pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory for %u workers", e->slot_count);
    else if (!options->in_process)
        status = fork_host(e, stage, stage_message, error);
    if (status != PIPETTE_OK) {
        engine_destroy(e);
        return status;
    }
    *out = e;
    return PIPETTE_OK;
}

void engine_dismiss(engine *e)
{
    if (e->socket >= 0)
        (void)close(e->socket); /* the keeper hears that and ends the host and its workers */
    e->socket = -1;
}

void engine_destroy(engine *e)
{
    uint32_t i;
    if (e == NULL)
        return;
    engine_dismiss(e);
    if (e->host > 0) {
        int wait_status;
        while (waitpid(e->host, &wait_status, 0) < 0 && errno == EINTR)
            ;
    }
    for (i = 0; e->slots != NULL && i < e->slot_count; i++) {
        if (e->slots[i].pipe >= 0)
            (void)close(e->slots[i].pipe);
        if (e->slots[i].output >= 0)
            (void)close(e->slots[i].output);
        wire_free(&e->slots[i].received);
    }
    if (e->board != NULL)
        (void)munmap(e->board, board_size(e->slot_count));
    schema_destroy(e->schema);
    free(e->slots);
    free(e->model_path);
    free(e);
}

/* What became of a host that does not answer. Kills it where it hangs. */
static int host_lost(engine *e, int status, const char *doing, pipette_error *error)
{
    int wait_status;
    (void)shutdown(e->socket, SHUT_RDWR); /* the keeper ends a host that hangs */
    while (waitpid(e->host, &wait_status, 0) < 0 && errno == EINTR)
        ;
    if (!WIFSIGNALED(wait_status)) /* a keeper that is killed takes the host with it, and says nothing */
        wait_status = (int)atomic_load(&e->board->host_status);
    e->host = 0;
    if (status == PIPETTE_E_TIMEOUT)
        return pipette_error_set(error, PIPETTE_E_TIMEOUT, "%s: %s took longer than %g s", e->model_path, doing,
                                 e->options.load_seconds > 0 ? e->options.load_seconds : PLUGIN_LOAD_SECONDS);
    if (WIFSIGNALED(wait_status))
        return pipette_error_set(error, PIPETTE_E_CRASHED, "%s: crashed in %s (SIG%s)", e->model_path, doing,
                                 sigabbrev_np(WTERMSIG(wait_status)));
    return pipette_error_set(error, PIPETTE_E_CRASHED, "%s: ended its process in %s (exit status %d)", e->model_path, doing,
                             WEXITSTATUS(wait_status));
}

static int error_from(const void *bytes, size_t size, pipette_error *error)
{
    wire_reader in = {bytes, size, 0, 0};
    int code = (int)wire_get_u32(&in);
    const char *text = wire_get_text(&in);
    return pipette_error_set(error, code < 0 ? code : PIPETTE_E_INTERNAL, "%s", text == NULL ? "the model host failed" : text);
}

/* Sends a request and waits for the answer of the same kind. */
static int ask(engine *e, uint32_t kind, const char *doing, const void *request, size_t request_size, void **bytes, size_t *size,
               pipette_error *error)
{
    double seconds = e->options.load_seconds > 0 ? e->options.load_seconds : PLUGIN_LOAD_SECONDS;
    uint32_t answer = 0;
    int status;
    *bytes = NULL;
    if (request != NULL)
        (void)message_send(e->socket, kind, request, request_size);
    status = message_receive(e->socket, seconds, &answer, bytes, size);
    if (status == PIPETTE_E_CRASHED || status == PIPETTE_E_TIMEOUT)
        return host_lost(e, status, doing, error);
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

int engine_schema(engine *e, const plugin_schema **schema, pipette_error *error)
{
    int status = PIPETTE_OK;
    if (e->schema == NULL && e->options.in_process) {
        status = plugin_load(e->model_path, &e->descriptor, error);
        if (status == PIPETTE_OK && e->descriptor->kind != PIPETTE_KIND_MODEL)
            status = pipette_error_set(error, PIPETTE_E_PLUGIN, "%s: plugin '%s' is of kind %s; the run stage needs a model",
                                       e->model_path, e->descriptor->name, pipette_kind_text(e->descriptor->kind));
        if (status == PIPETTE_OK)
            status = schema_copy(e->model_path, e->descriptor, &e->schema, error);
    } else if (e->schema == NULL) {
        void *bytes;
        size_t size;
        status = ask(e, MESSAGE_SCHEMA, "loading", NULL, 0, &bytes, &size, error);
        if (status == PIPETTE_OK)
            status = schema_unpack(bytes, size, &e->schema, error);
        free(bytes);
    }
    *schema = e->schema;
    return status;
}

typedef struct shape_values {
    const plugin_schema *schema;
    const pipette_value *values;
} shape_values;

static const pipette_value *shape_value_of(void *user, uint32_t parameter, pipette_value *room)
{
    const shape_values *given = user;
    uint32_t i;
    (void)room;
    for (i = 0; i < given->schema->shape_parameter_count; i++)
        if (strcmp(given->schema->shape_parameters[i], given->schema->parameters[parameter].path) == 0)
            return &given->values[i];
    return NULL;
}

int engine_shape(engine *e, const pipette_value *values, shape_extent *extents, pipette_error *error)
{
    size_t expected = shape_extent_count(e->schema) * sizeof *extents, size;
    wire request = {0};
    void *bytes;
    uint32_t i;
    int status;
    if (e->options.in_process) {
        shape_values given = {e->schema, values};
        return shape_ask(e->schema, e->descriptor->table, shape_value_of, &given, extents, error);
    }
    for (i = 0; i < e->schema->shape_parameter_count; i++)
        wire_value(&request, &values[i]);
    if (request.failed)
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
    status = ask(e, MESSAGE_SHAPE, "shape()", request.data == NULL ? (const void *)"" : request.data, request.size, &bytes, &size, error);
    wire_free(&request);
    if (status == PIPETTE_OK && size != expected)
        status = pipette_error_set(error, PIPETTE_E_INTERNAL, "the model host answered with %zu bytes of shapes", size);
    if (status == PIPETTE_OK)
        memcpy(extents, bytes, expected);
    free(bytes);
    return status;
}
