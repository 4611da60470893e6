/* schema.c: copies what a descriptor declares. */
#include "plugin/schema.h"

#include <stdlib.h>

#include "base/arena.h"
#include "plugin/brought.h"
#include "base/element.h"
#include "plugin/object_file.h"

void schema_destroy(plugin_schema *schema)
{
    if (schema == NULL)
        return;
    arena_destroy((arena *)schema->memory);
    free(schema);
}

/* Copies report memory that was short by NULL or by leaving `*failed` set, which is looked at once at the end. */
static char *copy_text(arena *memory, const char *text, int *failed)
{
    char *copy;
    if (text == NULL)
        return NULL;
    copy = arena_text(memory, text, strlen(text));
    if (copy == NULL)
        *failed = 1;
    return copy;
}

/* A text that describes: NULL is the empty one. */
static char *copy_note(arena *memory, const char *text, int *failed)
{
    return copy_text(memory, text == NULL ? "" : text, failed);
}

static void *copy_room(arena *memory, size_t count, size_t size, int *failed)
{
    void *room = arena_get(memory, count, size);
    if (room == NULL)
        *failed = 1;
    return room;
}

static const pipette_value *copy_value(arena *memory, const pipette_value *from, int *failed)
{
    pipette_value *value;
    uint64_t *shape;
    uint64_t count, i;
    size_t size;
    if (from == NULL)
        return NULL;
    value = copy_room(memory, 1, sizeof *value, failed);
    if (value == NULL)
        return NULL;
    element_read(value, sizeof *value, from);
    size = pipette_type_size(value->type);
    shape = copy_room(memory, value->rank, sizeof *shape, failed);
    if (shape == NULL)
        return NULL;
    if (value->rank > 0)
        memcpy(shape, value->shape, value->rank * sizeof *shape);
    value->shape = shape;
    count = pipette_value_count(value);
    if (value->rank == 0) {
        if (value->type == PIPETTE_TYPE_STRING)
            value->as.string = copy_text(memory, value->as.string, failed);
    } else if (value->type == PIPETTE_TYPE_STRING) {
        const char **texts = copy_room(memory, count, sizeof *texts, failed);
        for (i = 0; texts != NULL && i < count; i++)
            texts[i] = copy_text(memory, ((const char *const *)value->data)[i], failed);
        value->data = texts;
    } else {
        void *data = copy_room(memory, count, size, failed);
        if (data != NULL && count > 0)
            memcpy(data, value->data, count * size);
        value->data = data;
    }
    return value;
}

static pipette_option_spec *copy_options(arena *memory, const pipette_descriptor *descriptor, int *failed)
{
    pipette_option_spec *options = copy_room(memory, descriptor->option_count, sizeof *options, failed);
    uint32_t i;
    for (i = 0; options != NULL && i < descriptor->option_count; i++) {
        element_read(&options[i], sizeof *options, element_at(descriptor->options, descriptor->option_stride, i));
        options[i].path = copy_text(memory, options[i].path, failed);
        options[i].default_text = copy_text(memory, options[i].default_text, failed);
        options[i].doc = copy_note(memory, options[i].doc, failed);
    }
    return options;
}

static pipette_parameter_spec *copy_parameters(arena *memory, const pipette_model *model, int *failed)
{
    pipette_parameter_spec *parameters = copy_room(memory, model->parameter_count, sizeof *parameters, failed);
    uint32_t i;
    for (i = 0; parameters != NULL && i < model->parameter_count; i++) {
        pipette_parameter_spec *one = &parameters[i];
        element_read(one, sizeof *one, element_at(model->parameters, model->parameter_stride, i));
        one->path = copy_text(memory, one->path, failed);
        one->default_string = copy_text(memory, one->default_string, failed);
        one->default_array = copy_value(memory, one->default_array, failed);
        one->unit = copy_note(memory, one->unit, failed);
        one->doc = copy_note(memory, one->doc, failed);
    }
    return parameters;
}

static const char *const *copy_labels(arena *memory, const pipette_dimension *dimension, int *failed)
{
    const char **labels;
    uint64_t i;
    if (dimension->labels == NULL)
        return NULL;
    labels = copy_room(memory, (size_t)dimension->extent, sizeof *labels, failed);
    for (i = 0; labels != NULL && i < dimension->extent; i++)
        labels[i] = copy_text(memory, dimension->labels[i], failed);
    return labels;
}

static const pipette_dimension *copy_dimensions(arena *memory, const pipette_result_spec *result, int *failed)
{
    pipette_dimension *dimensions = copy_room(memory, result->rank, sizeof *dimensions, failed);
    uint32_t i;
    for (i = 0; dimensions != NULL && i < result->rank; i++) {
        element_read(&dimensions[i], sizeof *dimensions, element_at(result->dimensions, result->dimension_stride, i));
        dimensions[i].name = copy_text(memory, dimensions[i].name, failed);
        dimensions[i].unit = copy_note(memory, dimensions[i].unit, failed);
        dimensions[i].doc = copy_note(memory, dimensions[i].doc, failed);
        dimensions[i].labels = copy_labels(memory, &dimensions[i], failed);
    }
    return dimensions;
}

pipette_result_spec *schema_copy_results(arena *memory, const pipette_result_spec *from, uint32_t count,
                                         uint32_t stride, int *failed)
{
    pipette_result_spec *results = copy_room(memory, count, sizeof *results, failed);
    uint32_t i;
    for (i = 0; results != NULL && i < count; i++) {
        pipette_result_spec *one = &results[i];
        element_read(one, sizeof *one, element_at(from, stride, i));
        one->path = copy_text(memory, one->path, failed);
        one->unit = copy_note(memory, one->unit, failed);
        one->doc = copy_note(memory, one->doc, failed);
        one->dimensions = one->rank > 0 ? copy_dimensions(memory, one, failed) : NULL;
        one->dimension_stride = (uint32_t)sizeof(pipette_dimension);
    }
    return results;
}

static void copy_model(arena *memory, const pipette_descriptor *descriptor, plugin_schema *schema, int *failed)
{
    const pipette_model *model = (const pipette_model *)descriptor->table;
    uint32_t i;
    schema->parameters = copy_parameters(memory, model, failed);
    schema->parameter_count = model->parameter_count;
    schema->results = schema_copy_results(memory, model->results, model->result_count, model->result_stride, failed);
    schema->result_count = model->result_count;
    schema->shape_parameters = copy_room(memory, model->shape_parameter_count, sizeof(char *), failed);
    for (i = 0; schema->shape_parameters != NULL && i < model->shape_parameter_count; i++)
        schema->shape_parameters[i] = copy_text(memory, model->shape_parameters[i], failed);
    schema->shape_parameter_count = model->shape_parameter_count;
    schema->has_shape = model->shape != NULL;
    schema->has_batch = descriptor->extension != NULL && descriptor->extension(PIPETTE_BATCH_EXTENSION) != NULL;
}

int schema_copy(const char *path, const pipette_descriptor *descriptor, plugin_schema **schema, pipette_error *error)
{
    plugin_schema *copy = calloc(1, sizeof *copy);
    arena *memory = arena_create();
    char build_id[BUILD_ID_SIZE];
    brought with = {0};
    int failed = 0;
    *schema = NULL;
    if (copy == NULL || memory == NULL) {
        free(copy);
        arena_destroy(memory);
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory while describing plugin '%s'", path);
    }
    copy->memory = memory;
    object_file_identity(path, build_id);
    failed = brought_find(path, &with) != 0;
    copy->path = copy_text(memory, path, &failed);
    copy->name = copy_text(memory, descriptor->name, &failed);
    copy->version = copy_note(memory, descriptor->version, &failed);
    copy->doc = copy_note(memory, descriptor->doc, &failed);
    copy->build_id = copy_text(memory, build_id, &failed);
    copy->libraries = copy_text(memory, with.libraries, &failed);
    copy->random = with.random;
    free(with.libraries);
    copy->kind = descriptor->kind;
    copy->flags = descriptor->flags;
    copy->abi_major = descriptor->abi_major;
    copy->abi_minor = descriptor->abi_minor;
    copy->options = copy_options(memory, descriptor, &failed);
    copy->option_count = descriptor->option_count;
    if (descriptor->kind == PIPETTE_KIND_MODEL)
        copy_model(memory, descriptor, copy, &failed);
    if (failed) {
        schema_destroy(copy);
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory while describing plugin '%s'", path);
    }
    *schema = copy;
    return PIPETTE_OK;
}
