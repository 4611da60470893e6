/* schema_bytes.c: a schema as bytes, for another process on the same machine.
 *
 * magic, total size, FNV-1a checksum of what follows (8 bytes each, native order), then the members in the order of the
 * structs. Text: length (4 bytes; TEXT_NULL for NULL) and its bytes. Arrays: count (4 bytes) and their elements. */
#include "plugin/schema.h"

#include <stdlib.h>

#include "base/arena.h"

#define BYTES_MAGIC UINT64_C(0x3153454854504950)
enum { HEADER_SIZE = 24 };
#define TEXT_NULL UINT32_MAX

static uint64_t checksum(const unsigned char *bytes, size_t size)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    size_t i;
    for (i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
    return hash;
}

/* ---- Packing ---- */

/* With bytes NULL, only counts. Every schema is packed twice: to know its size, and to fill it in. */
typedef struct writer {
    unsigned char *bytes;
    size_t used;
} writer;

static void put(writer *out, const void *bytes, size_t size)
{
    if (out->bytes != NULL && size > 0)
        memcpy(out->bytes + out->used, bytes, size);
    out->used += size;
}

#define PUT(out, member) put((out), &(member), sizeof(member))

static void put_text(writer *out, const char *text)
{
    uint32_t length = text != NULL ? (uint32_t)strlen(text) : TEXT_NULL;
    PUT(out, length);
    if (text != NULL)
        put(out, text, length);
}

static void put_value(writer *out, const pipette_value *value)
{
    uint64_t count, i;
    uint8_t present = value != NULL;
    PUT(out, present);
    if (value == NULL)
        return;
    PUT(out, value->type);
    PUT(out, value->rank);
    put(out, value->shape, value->rank * sizeof *value->shape);
    count = pipette_value_count(value);
    if (value->type != PIPETTE_TYPE_STRING) {
        put(out, pipette_value_data(value), count * pipette_type_size(value->type));
        return;
    }
    for (i = 0; i < count; i++)
        put_text(out, ((const char *const *)pipette_value_data(value))[i]);
}

static void put_parameter(writer *out, const pipette_parameter_spec *spec)
{
    PUT(out, spec->type);
    put_text(out, spec->path);
    PUT(out, spec->default_f64);
    PUT(out, spec->default_i64);
    PUT(out, spec->default_u64);
    put_text(out, spec->default_string);
    put_value(out, spec->default_array);
    put_text(out, spec->unit);
    put_text(out, spec->doc);
    PUT(out, spec->flags);
    PUT(out, spec->minimum);
    PUT(out, spec->maximum);
}

static void put_labels(writer *out, const pipette_dimension *dimension)
{
    uint8_t present = dimension->labels != NULL;
    uint64_t i;
    PUT(out, present);
    for (i = 0; present && i < dimension->extent; i++)
        put_text(out, dimension->labels[i]);
}

static void put_result(writer *out, const pipette_result_spec *spec)
{
    uint32_t i;
    PUT(out, spec->type);
    put_text(out, spec->path);
    put_text(out, spec->unit);
    put_text(out, spec->doc);
    PUT(out, spec->flags);
    PUT(out, spec->rank);
    for (i = 0; i < spec->rank; i++) {
        const pipette_dimension *dimension = &spec->dimensions[i];
        put_text(out, dimension->name);
        put_text(out, dimension->unit);
        put_text(out, dimension->doc);
        PUT(out, dimension->extent);
        PUT(out, dimension->start);
        PUT(out, dimension->step);
        put_labels(out, dimension);
    }
}

static void put_schema(writer *out, const plugin_schema *schema)
{
    uint32_t i;
    put_text(out, schema->path);
    put_text(out, schema->name);
    put_text(out, schema->version);
    put_text(out, schema->doc);
    put_text(out, schema->build_id);
    put_text(out, schema->libraries);
    PUT(out, schema->random);
    PUT(out, schema->kind);
    PUT(out, schema->flags);
    PUT(out, schema->abi_major);
    PUT(out, schema->abi_minor);
    PUT(out, schema->has_shape);
    PUT(out, schema->has_batch);
    PUT(out, schema->option_count);
    for (i = 0; i < schema->option_count; i++) {
        PUT(out, schema->options[i].type);
        put_text(out, schema->options[i].path);
        put_text(out, schema->options[i].default_text);
        put_text(out, schema->options[i].doc);
    }
    PUT(out, schema->parameter_count);
    for (i = 0; i < schema->parameter_count; i++)
        put_parameter(out, &schema->parameters[i]);
    PUT(out, schema->result_count);
    for (i = 0; i < schema->result_count; i++)
        put_result(out, &schema->results[i]);
    PUT(out, schema->shape_parameter_count);
    for (i = 0; i < schema->shape_parameter_count; i++)
        put_text(out, schema->shape_parameters[i]);
}

int schema_pack(const plugin_schema *schema, void **bytes, size_t *size, pipette_error *error)
{
    writer out = {NULL, HEADER_SIZE};
    uint64_t header[3];
    put_schema(&out, schema);
    *size = out.used;
    *bytes = out.bytes = malloc(out.used);
    if (*bytes == NULL)
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory while describing plugin '%s'", schema->path);
    out.used = HEADER_SIZE;
    put_schema(&out, schema);
    header[0] = BYTES_MAGIC;
    header[1] = (uint64_t)*size;
    header[2] = checksum(out.bytes + HEADER_SIZE, *size - HEADER_SIZE);
    memcpy(out.bytes, header, sizeof header);
    return PIPETTE_OK;
}

/* ---- Unpacking ---- */

/* Once something was wrong, every further reading gives zeros; `wrong` is looked at in loops and at the end. */
typedef struct reader {
    const unsigned char *at, *end;
    arena *memory;
    int wrong, no_memory;
} reader;

static void get(reader *in, void *out, size_t size)
{
    if (in->wrong || size > (size_t)(in->end - in->at)) {
        in->wrong = 1;
        memset(out, 0, size);
        return;
    }
    memcpy(out, in->at, size);
    in->at += size;
}

#define GET(in, member) get((in), &(member), sizeof(member))

static void *get_room(reader *in, size_t count, size_t size)
{
    void *room = in->wrong ? NULL : arena_get(in->memory, count, size);
    if (room == NULL && !in->wrong)
        in->wrong = in->no_memory = 1;
    return room;
}

/* A count of elements that take at least `least` bytes each: more than the rest can hold is wrong. */
static uint32_t get_count(reader *in, size_t least)
{
    uint32_t count;
    GET(in, count);
    if (count > (size_t)(in->end - in->at) / least) {
        in->wrong = 1;
        return 0;
    }
    return count;
}

/* `optional`: NULL is allowed. */
static char *get_text(reader *in, int optional)
{
    uint32_t length;
    char *text;
    GET(in, length);
    if (in->wrong || (length == TEXT_NULL && optional))
        return NULL;
    if (length > (size_t)(in->end - in->at) || memchr(in->at, '\0', length) != NULL) {
        in->wrong = 1;
        return NULL;
    }
    text = arena_text(in->memory, (const char *)in->at, length);
    if (text == NULL)
        in->wrong = in->no_memory = 1;
    in->at += length;
    return text;
}

/* Whether something follows: 0 or 1. */
static uint8_t get_present(reader *in)
{
    uint8_t present;
    GET(in, present);
    if (present > 1)
        in->wrong = 1;
    return present;
}

static int32_t get_type(reader *in)
{
    int32_t type;
    GET(in, type);
    if (pipette_type_size(type) == 0)
        in->wrong = 1;
    return type;
}

static const pipette_value *get_value(reader *in)
{
    pipette_value *value;
    uint64_t *shape;
    uint64_t count = 1, i;
    size_t size;
    uint8_t present = get_present(in);
    if (in->wrong || !present)
        return NULL;
    value = get_room(in, 1, sizeof *value);
    if (value == NULL)
        return NULL;
    value->size = (uint32_t)sizeof *value;
    value->type = get_type(in);
    value->rank = get_count(in, sizeof *shape);
    shape = get_room(in, value->rank, sizeof *shape);
    if (shape == NULL)
        return NULL;
    get(in, shape, value->rank * sizeof *shape);
    value->shape = shape;
    /* An element takes its size in bytes, a text at least the four of its length: the rest bounds the count. */
    size = value->type == PIPETTE_TYPE_STRING ? sizeof(uint32_t) : pipette_type_size(value->type);
    for (i = 0; i < value->rank && !in->wrong; i++) {
        if (shape[i] != 0 && count > (uint64_t)(in->end - in->at) / size / shape[i])
            in->wrong = 1;
        count *= shape[i];
    }
    if (in->wrong)
        return NULL;
    if (value->type != PIPETTE_TYPE_STRING) {
        void *data = value->rank == 0 ? (void *)&value->as : get_room(in, count, size);
        if (data != NULL)
            get(in, data, count * size);
        value->data = value->rank == 0 ? NULL : data;
    } else {
        const char **texts = get_room(in, count, sizeof *texts);
        for (i = 0; texts != NULL && i < count && !in->wrong; i++)
            texts[i] = get_text(in, 0);
        if (value->rank == 0 && texts != NULL)
            value->as.string = texts[0];
        value->data = value->rank == 0 ? NULL : texts;
    }
    return value;
}

static void get_parameter(reader *in, pipette_parameter_spec *spec)
{
    spec->size = (uint32_t)sizeof *spec;
    spec->type = get_type(in);
    spec->path = get_text(in, 0);
    GET(in, spec->default_f64);
    GET(in, spec->default_i64);
    GET(in, spec->default_u64);
    spec->default_string = get_text(in, 1);
    spec->default_array = get_value(in);
    spec->unit = get_text(in, 0);
    spec->doc = get_text(in, 0);
    GET(in, spec->flags);
    GET(in, spec->minimum);
    GET(in, spec->maximum);
    if (spec->default_array != NULL ? spec->default_array->type != spec->type
                                    : spec->type == PIPETTE_TYPE_STRING && spec->default_string == NULL)
        in->wrong = 1;
}

static const char *const *get_labels(reader *in, uint64_t extent)
{
    const char **labels;
    uint8_t present = get_present(in);
    uint64_t i;
    if (in->wrong || !present)
        return NULL;
    if (extent > (uint64_t)(in->end - in->at) / sizeof(uint32_t)) {
        in->wrong = 1;
        return NULL;
    }
    labels = get_room(in, (size_t)extent, sizeof *labels);
    for (i = 0; labels != NULL && i < extent && !in->wrong; i++)
        labels[i] = get_text(in, 0);
    return labels;
}

static void get_result(reader *in, pipette_result_spec *spec)
{
    pipette_dimension *dimensions;
    uint32_t i;
    spec->size = (uint32_t)sizeof *spec;
    spec->type = get_type(in);
    spec->path = get_text(in, 0);
    spec->unit = get_text(in, 0);
    spec->doc = get_text(in, 0);
    GET(in, spec->flags);
    spec->rank = get_count(in, 3 * sizeof(uint32_t) + 3 * sizeof(uint64_t) + 1);
    spec->dimension_stride = (uint32_t)sizeof *dimensions;
    dimensions = spec->rank > 0 ? get_room(in, spec->rank, sizeof *dimensions) : NULL;
    for (i = 0; dimensions != NULL && i < spec->rank && !in->wrong; i++) {
        dimensions[i].size = (uint32_t)sizeof *dimensions;
        dimensions[i].name = get_text(in, 0);
        dimensions[i].unit = get_text(in, 0);
        dimensions[i].doc = get_text(in, 0);
        GET(in, dimensions[i].extent);
        GET(in, dimensions[i].start);
        GET(in, dimensions[i].step);
        dimensions[i].labels = get_labels(in, dimensions[i].extent);
    }
    spec->dimensions = dimensions;
}

static void get_schema(reader *in, plugin_schema *schema)
{
    const size_t text = sizeof(uint32_t);
    uint32_t i;
    schema->path = get_text(in, 0);
    schema->name = get_text(in, 0);
    schema->version = get_text(in, 0);
    schema->doc = get_text(in, 0);
    schema->build_id = get_text(in, 0);
    schema->libraries = get_text(in, 0);
    GET(in, schema->random);
    GET(in, schema->kind);
    GET(in, schema->flags);
    GET(in, schema->abi_major);
    GET(in, schema->abi_minor);
    GET(in, schema->has_shape);
    GET(in, schema->has_batch);
    if (schema->kind < PIPETTE_KIND_MODEL || schema->kind > PIPETTE_KIND_LAUNCHER)
        in->wrong = 1;
    schema->option_count = get_count(in, sizeof(int32_t) + 3 * text);
    schema->options = get_room(in, schema->option_count, sizeof *schema->options);
    for (i = 0; i < schema->option_count && !in->wrong; i++) {
        schema->options[i].size = (uint32_t)sizeof *schema->options;
        GET(in, schema->options[i].type);
        schema->options[i].path = get_text(in, 0);
        schema->options[i].default_text = get_text(in, 1);
        schema->options[i].doc = get_text(in, 0);
    }
    schema->parameter_count = get_count(in, 2 * sizeof(int32_t) + 4 * text + 5 * sizeof(uint64_t) + 1);
    schema->parameters = get_room(in, schema->parameter_count, sizeof *schema->parameters);
    for (i = 0; i < schema->parameter_count && !in->wrong; i++)
        get_parameter(in, &schema->parameters[i]);
    schema->result_count = get_count(in, 3 * sizeof(int32_t) + 3 * text);
    schema->results = get_room(in, schema->result_count, sizeof *schema->results);
    for (i = 0; i < schema->result_count && !in->wrong; i++)
        get_result(in, &schema->results[i]);
    schema->shape_parameter_count = get_count(in, text);
    schema->shape_parameters = get_room(in, schema->shape_parameter_count, sizeof *schema->shape_parameters);
    for (i = 0; i < schema->shape_parameter_count && !in->wrong; i++)
        schema->shape_parameters[i] = get_text(in, 0);
    if (in->at != in->end)
        in->wrong = 1;
}

int schema_unpack(const void *bytes, size_t size, plugin_schema **schema, pipette_error *error)
{
    const unsigned char *start = bytes;
    uint64_t header[3] = {0, 0, 0};
    plugin_schema *copy;
    reader in;
    *schema = NULL;
    if (size >= HEADER_SIZE)
        memcpy(header, bytes, sizeof header);
    if (header[0] != BYTES_MAGIC || header[1] != size || header[2] != checksum(start + HEADER_SIZE, size - HEADER_SIZE))
        return pipette_error_set(error, PIPETTE_E_PLUGIN, "the description of a plugin arrived damaged (%zu bytes)",
                                 size);
    copy = calloc(1, sizeof *copy);
    memset(&in, 0, sizeof in);
    in.memory = arena_create();
    if (copy == NULL || in.memory == NULL) {
        free(copy);
        arena_destroy(in.memory);
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory while reading the description of a plugin");
    }
    copy->memory = in.memory;
    in.at = start + HEADER_SIZE;
    in.end = start + size;
    get_schema(&in, copy);
    if (in.wrong) {
        schema_destroy(copy);
        if (in.no_memory)
            return pipette_error_set(error, PIPETTE_E_MEMORY,
                                     "out of memory while reading the description of a plugin");
        return pipette_error_set(error, PIPETTE_E_PLUGIN, "the description of a plugin makes no sense (%zu bytes)",
                                 size);
    }
    *schema = copy;
    return PIPETTE_OK;
}
