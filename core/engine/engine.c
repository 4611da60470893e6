/* engine.c: starting the engine, and asking the model host. */
#include "engine/engine.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "engine/connection.h"
#include "plugin/loader.h"

static board *board_create(uint32_t slots)
{
    board *made =
        mmap(NULL, board_size(slots), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (made == MAP_FAILED)
        return NULL;
    return made;
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
    e->control = e->host.socket = -1;
    e->slot_count = options->in_process || options->workers < 1 ? 1 : options->workers;
    e->model_path = strdup(model_path);
    e->slots = calloc(e->slot_count, sizeof *e->slots);
    e->board = board_create(e->slot_count);
    e->board_slots = e->slot_count;
    e->board_bytes = board_size(e->slot_count);
    for (i = 0; e->slots != NULL && i < e->slot_count; i++)
        e->slots[i].pipe = e->slots[i].output = -1;
    if (e->model_path == NULL || e->slots == NULL || e->board == NULL)
        status = pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory for %u workers", e->slot_count);
    else if (!options->in_process)
        status = connection_open(e, error);
    if (status != PIPETTE_OK) {
        engine_destroy(e);
        return status;
    }
    *out = e;
    return PIPETTE_OK;
}

void engine_dismiss(engine *e)
{
    connection_dismiss(e);
}

void engine_destroy(engine *e)
{
    uint32_t i;
    if (e == NULL)
        return;
    connection_close(e);
    for (i = 0; e->slots != NULL && i < e->slot_count; i++) {
        if (e->slots[i].pipe >= 0)
            (void)close(e->slots[i].pipe);
        if (e->slots[i].output >= 0)
            (void)close(e->slots[i].output);
        wire_free(&e->slots[i].received);
        wire_free(&e->slots[i].held);
    }
    if (e->board != NULL)
        (void)munmap(e->board, e->board_bytes);
    schema_destroy(e->schema);
    free(e->slots);
    free(e->model_path);
    free(e);
}

int engine_schema(engine *e, const plugin_schema **schema, pipette_error *error)
{
    int status = PIPETTE_OK;
    if (e->schema == NULL && e->options.in_process) {
        status = plugin_take(e->model_path, e->options.descriptor, &e->descriptor, error);
        if (status == PIPETTE_OK && e->descriptor->kind != PIPETTE_KIND_MODEL)
            status =
                pipette_error_set(error, PIPETTE_E_PLUGIN, "%s: plugin '%s' is of kind %s; the run stage needs a model",
                                  e->model_path, e->descriptor->name, pipette_kind_text(e->descriptor->kind));
        if (status == PIPETTE_OK)
            status = schema_copy(e->model_path, e->descriptor, &e->schema, error);
    } else if (e->schema == NULL) {
        status = connection_load(e, error);
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
    status = connection_ask(e, MESSAGE_SHAPE, "shape()", request.data == NULL ? (const void *)"" : request.data,
                            request.size, &bytes, &size, error);
    wire_free(&request);
    if (status == PIPETTE_OK && size != expected)
        status = pipette_error_set(error, PIPETTE_E_INTERNAL, "the model host answered with %zu bytes of shapes", size);
    if (status == PIPETTE_OK)
        memcpy(extents, bytes, expected);
    free(bytes);
    return status;
}
