/* shape.c: asks a model's shape() for the extents that its declaration leaves open. */
#include "engine/worker.h"
#include "trajectory/name.h"

/* The handle that shape() sees. */
typedef struct shape_call {
    pipette_shape shape; /* first */
    const plugin_schema *schema;
    shape_lookup lookup;
    void *user;
    shape_extent *extents;
    int status;
    pipette_error *error;
} shape_call;

/* An extent that the declaration leaves to shape(), before shape() has given it: 0 is a length like any other. */
#define NOT_GIVEN (PIPETTE_RAGGED - 1)

static shape_call *call_of(pipette_shape *shape)
{
    return (shape_call *)(void *)shape;
}

static int shape_fail(pipette_shape *shape, int code, const char *format, ...) PIPETTE_PRINTF(3, 4);
static int shape_fail(pipette_shape *shape, int code, const char *format, ...)
{
    shape_call *call = call_of(shape);
    if (call->status == PIPETTE_OK) {
        va_list arguments;
        call->status = code < 0 ? code : PIPETTE_E_MODEL;
        va_start(arguments, format);
        (void)pipette_error_vset(call->error, call->status, format, arguments);
        va_end(arguments);
    }
    return call->status;
}

static const char *shape_parameter(const void *user, uint32_t i)
{
    return ((const plugin_schema *)user)->shape_parameters[i];
}

static const pipette_value *find(pipette_shape *shape, const char *name, pipette_value *room)
{
    shape_call *call = call_of(shape);
    uint32_t i;
    if (name == NULL) {
        (void)shape_fail(shape, PIPETTE_E_INVALID, "shape() of model '%s' names a parameter NULL", call->schema->name);
        return NULL;
    }
    for (i = 0; i < call->schema->shape_parameter_count; i++)
        if (strcmp(call->schema->shape_parameters[i], name) == 0)
            break;
    if (i == call->schema->shape_parameter_count) {
        const char *nearest = name_nearest(name, call->schema->shape_parameter_count, shape_parameter, call->schema);
        (void)shape_fail(shape, PIPETTE_E_NOT_FOUND,
                         "shape() of model '%s' reads '%s', which its shape_parameters do not name%s%s%s",
                         call->schema->name, name, nearest == NULL ? "" : "; did you mean '",
                         nearest == NULL ? "" : nearest, nearest == NULL ? "" : "'?");
        return NULL;
    }
    for (i = 0; i < call->schema->parameter_count; i++)
        if (strcmp(call->schema->parameters[i].path, name) == 0)
            return call->lookup(call->user, i, room);
    return NULL;
}

static double shape_f64(pipette_shape *shape, const char *name)
{
    pipette_value room;
    const pipette_value *value = find(shape, name, &room);
    if (value == NULL)
        return 0;
    switch (value->rank == 0 ? value->type : PIPETTE_TYPE_NONE) {
    case PIPETTE_TYPE_F64:
        return value->as.f64;
    case PIPETTE_TYPE_F32:
        return (double)value->as.f32;
    case PIPETTE_TYPE_I64:
        return (double)value->as.i64;
    case PIPETTE_TYPE_I32:
        return value->as.i32;
    case PIPETTE_TYPE_U64:
        return (double)value->as.u64;
    case PIPETTE_TYPE_BOOL:
        return value->as.boolean;
    default:
        break;
    }
    (void)shape_fail(shape, PIPETTE_E_TYPE, "shape() of model '%s' asks for '%s' as a number",
                     call_of(shape)->schema->name, name);
    return 0;
}

static int64_t shape_i64(pipette_shape *shape, const char *name)
{
    pipette_value room;
    const pipette_value *value = find(shape, name, &room);
    if (value == NULL)
        return 0;
    switch (value->rank == 0 ? value->type : PIPETTE_TYPE_NONE) {
    case PIPETTE_TYPE_I64:
        return value->as.i64;
    case PIPETTE_TYPE_I32:
        return value->as.i32;
    case PIPETTE_TYPE_BOOL:
        return value->as.boolean;
    case PIPETTE_TYPE_U64:
        if (value->as.u64 <= INT64_MAX)
            return (int64_t)value->as.u64;
        break;
    default:
        break;
    }
    (void)shape_fail(shape, PIPETTE_E_TYPE, "shape() of model '%s' asks for '%s' as an integer",
                     call_of(shape)->schema->name, name);
    return 0;
}

static int shape_value(pipette_shape *shape, const char *name, pipette_value *value)
{
    pipette_value room;
    const pipette_value *found = find(shape, name, &room);
    if (found == NULL)
        return call_of(shape)->status;
    *value = *found;
    return PIPETTE_OK;
}

static int shape_set(pipette_shape *shape, const char *path, uint32_t dimension, uint64_t extent, double start,
                     double step)
{
    shape_call *call = call_of(shape);
    uint32_t i, at = 0;
    if (path == NULL)
        return shape_fail(shape, PIPETTE_E_INVALID, "shape() of model '%s' names a result NULL", call->schema->name);
    for (i = 0; i < call->schema->result_count; i++) {
        if (strcmp(call->schema->results[i].path, path) == 0) {
            if (dimension >= call->schema->results[i].rank)
                break;
            if (call->schema->results[i].dimensions[dimension].labels != NULL &&
                (extent != call->schema->results[i].dimensions[dimension].extent || step < 0 || step > 0))
                return shape_fail(shape, PIPETTE_E_INVALID,
                                  "shape() of model '%s' changes dimension %u of '%s', whose elements have names",
                                  call->schema->name, dimension, path);
            call->extents[at + dimension].extent = extent;
            call->extents[at + dimension].start = start;
            call->extents[at + dimension].step = step;
            return PIPETTE_OK;
        }
        at += call->schema->results[i].rank;
    }
    return shape_fail(shape, PIPETTE_E_INVALID,
                      "shape() of model '%s' sets dimension %u of '%s', which it does not declare", call->schema->name,
                      dimension, path);
}

static const pipette_shape_host host = {
    .size = sizeof(pipette_shape_host),
    .f64 = shape_f64,
    .i64 = shape_i64,
    .value = shape_value,
    .extent = shape_set,
    .fail = shape_fail,
};

uint32_t shape_extent_count(const plugin_schema *schema)
{
    uint32_t i, count = 0;
    for (i = 0; i < schema->result_count; i++)
        count += schema->results[i].rank;
    return count;
}

int shape_ask(const plugin_schema *schema, const pipette_model *model, shape_lookup lookup, void *user,
              shape_extent *extents, pipette_error *error)
{
    shape_call call = {{sizeof(pipette_shape), 0, &host}, schema, lookup, user, extents, PIPETTE_OK, error};
    uint32_t i, j, at = 0;
    for (i = 0; i < schema->result_count; i++)
        for (j = 0; j < schema->results[i].rank; j++, at++) {
            extents[at].extent = schema->results[i].dimensions[j].extent;
            if (extents[at].extent == 0)
                extents[at].extent = NOT_GIVEN;
            extents[at].start = schema->results[i].dimensions[j].start;
            extents[at].step = schema->results[i].dimensions[j].step;
        }
    if (model->shape != NULL) {
        int status = model->shape(&call.shape);
        if (call.status != PIPETTE_OK)
            return call.status;
        if (status != PIPETTE_OK)
            return pipette_error_set(error, status < 0 ? status : PIPETTE_E_MODEL,
                                     "shape() of model '%s' returned %d (%s)", schema->name, status,
                                     pipette_status_text(status));
    }
    for (i = 0, at = 0; i < schema->result_count; i++) {
        const pipette_result_spec *result = &schema->results[i];
        uint64_t bytes = pipette_type_size(result->type);
        for (j = 0; j < result->rank; j++, at++) {
            if (extents[at].extent == NOT_GIVEN)
                return pipette_error_set(error, PIPETTE_E_MODEL,
                                         "shape() of model '%s' gives dimension '%s' of result '%s' no extent",
                                         schema->name, result->dimensions[j].name, result->path);
            if (extents[at].extent != PIPETTE_RAGGED &&
                (__builtin_mul_overflow(bytes, extents[at].extent, &bytes) || bytes > INT64_MAX))
                return pipette_error_set(error, PIPETTE_E_MODEL,
                                         "shape() of model '%s' gives result '%s' more elements than any memory holds",
                                         schema->name, result->path);
        }
    }
    return PIPETTE_OK;
}
