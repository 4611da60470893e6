/* check_points.c: the points at which `check` runs a model: around its defaults, or those of a pipeline. */
#include "program/check_points.h"

#include <math.h>
#include <stdlib.h>

#include "base/same.h"
#include "trajectory/parameter.h"

#define WHOLE_SPAN (INT64_C(1) << 40) /* integers move by no more than this */

static int no_memory(pipette_error *error)
{
    return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory for the points of the check");
}

/* ---- Around the defaults ---- */

/* Where in (-1, 1) a parameter is at a point: evenly spread over the points, differently for each parameter, never
 * twice the same. */
static double share_of(uint64_t point, uint32_t parameter)
{
    double at =
        (double)point * 0.6180339887498949 + (double)(parameter % 64u) * (0.4142135623730951 + 0.01 * (double)point);
    double part = 2 * (at - floor(at)) - 1;
    return fabs(part) < 1e-3 ? part + 0.01 : part;
}

/* A number at `share` of the way from its default to where the points end: half of it more or less. */
static double number_at(const pipette_parameter_spec *spec, double value, double share)
{
    double reach = value == 0 ? 1 : fabs(value) / 2, low = value - reach, high = value + reach;
    if ((spec->flags & PIPETTE_HAS_MINIMUM) != 0 && low < spec->minimum)
        low = spec->minimum;
    if ((spec->flags & PIPETTE_HAS_MAXIMUM) != 0 && high > spec->maximum)
        high = spec->maximum;
    if (!isfinite(value) || !isfinite(low) || !isfinite(high))
        return value;
    share = low >= value ? fabs(share) : high <= value ? -fabs(share) : share;
    return share < 0 ? value + share * (value - low) : value + share * (high - value);
}

/* The same for whole numbers; those that are not negative stay so. `lowest` and `highest` are the type's. */
static int64_t whole_at(const pipette_parameter_spec *spec, int64_t value, double share, int64_t lowest,
                        int64_t highest)
{
    int64_t half = value == INT64_MIN ? WHOLE_SPAN : llabs(value) / 2,
            reach = half < 2            ? 2
                    : half > WHOLE_SPAN ? WHOLE_SPAN
                                        : half,
            low, high;
    if (__builtin_sub_overflow(value, reach, &low) || low < lowest)
        low = lowest;
    if (__builtin_add_overflow(value, reach, &high) || high > highest)
        high = highest;
    if (value > 0 && low < 0)
        low = 0;
    if ((spec->flags & PIPETTE_HAS_MINIMUM) != 0 && (double)low < spec->minimum)
        low = (int64_t)ceil(spec->minimum);
    if ((spec->flags & PIPETTE_HAS_MINIMUM) != 0 && (spec->flags & PIPETTE_ABOVE_MINIMUM) != 0 &&
        (double)low <= spec->minimum)
        low++;
    if ((spec->flags & PIPETTE_HAS_MAXIMUM) != 0 && (double)high > spec->maximum)
        high = (int64_t)floor(spec->maximum);
    share = low >= value ? fabs(share) : high <= value ? -fabs(share) : share;
    return share < 0 ? value - (int64_t)round(-share * (double)(value - low))
                     : value + (int64_t)round(share * (double)(high - value));
}

static uint64_t unsigned_at(const pipette_parameter_spec *spec, uint64_t value, double share)
{
    if (value <= INT64_MAX - (uint64_t)WHOLE_SPAN)
        return (uint64_t)whole_at(spec, (int64_t)value, share, 0, INT64_MAX);
    return value - (uint64_t)(1 + fabs(share) * 1000); /* a number of no size, such as a seed */
}

static const char *other_text(const char *text, arena *memory)
{
    size_t length = text == NULL ? 0 : strlen(text);
    char *other = arena_get(memory, length + 2, 1);
    if (other == NULL)
        return NULL;
    memcpy(other, text == NULL ? "" : text, length);
    other[length] = 'x';
    return other;
}

static int vary_scalar(const pipette_parameter_spec *spec, pipette_value *value, uint64_t point, double share,
                       arena *memory)
{
    switch (value->type) {
    case PIPETTE_TYPE_F64:
        value->as.f64 = number_at(spec, value->as.f64, share);
        break;
    case PIPETTE_TYPE_F32:
        value->as.f32 = (float)number_at(spec, (double)value->as.f32, share);
        break;
    case PIPETTE_TYPE_I64:
        value->as.i64 = whole_at(spec, value->as.i64, share, INT64_MIN, INT64_MAX);
        break;
    case PIPETTE_TYPE_I32:
        value->as.i32 = (int32_t)whole_at(spec, value->as.i32, share, INT32_MIN, INT32_MAX);
        break;
    case PIPETTE_TYPE_U64:
        value->as.u64 = unsigned_at(spec, value->as.u64, share);
        break;
    case PIPETTE_TYPE_BOOL:
        value->as.boolean = share < 0 ? (uint8_t)!value->as.boolean : value->as.boolean;
        break;
    case PIPETTE_TYPE_COMPLEX:
        value->as.complex.real = number_at(spec, value->as.complex.real, share);
        break;
    case PIPETTE_TYPE_STRING: /* most texts name one of a few things, so that others end in a refusal */
        if (point % 8 == 5)
            value->as.string = other_text(value->as.string, memory);
        return value->as.string != NULL;
    default:
        break;
    }
    return 1;
}

/* All elements move alike, so that what is sorted or adds up to something stays near to that. */
static int vary_array(const pipette_parameter_spec *spec, pipette_value *value, uint64_t point, double share,
                      arena *memory)
{
    uint64_t i, count = pipette_value_count(value);
    size_t size = pipette_type_size(value->type);
    unsigned char *data = arena_get(memory, (size_t)count + 1, size);
    if (data == NULL)
        return 0;
    if (count > 0)
        memcpy(data, value->data, (size_t)count * size);
    value->data = data;
    for (i = 0; i < count; i++) {
        pipette_value one = pipette_value_none();
        one.type = value->type;
        if (value->type == PIPETTE_TYPE_STRING && i > 0)
            break;
        memcpy(&one.as, data + i * size, size);
        if (!vary_scalar(spec, &one, point + 1, share, memory))
            return 0;
        memcpy(data + i * size, &one.as, size);
    }
    return 1;
}

/* The declared default, in the arena. */
static int default_of(const pipette_parameter_spec *spec, arena *memory, pipette_value *out, pipette_error *error)
{
    pipette_value owned;
    uint64_t count;
    size_t size;
    int status = parameter_default(spec, &owned, error);
    if (status != PIPETTE_OK)
        return status;
    *out = owned;
    count = pipette_value_count(&owned);
    size = pipette_type_size(owned.type);
    if (owned.rank > 0) {
        uint64_t *shape = arena_get(memory, owned.rank, sizeof *shape);
        unsigned char *data = arena_get(memory, (size_t)count + 1, size);
        if (shape != NULL && data != NULL) {
            memcpy(shape, owned.shape, owned.rank * sizeof *shape);
            memcpy(data, count > 0 ? owned.data : "", (size_t)count * size);
        }
        out->shape = shape;
        out->data = data;
        status = shape == NULL || data == NULL ? PIPETTE_E_MEMORY : PIPETTE_OK;
    }
    if (owned.type == PIPETTE_TYPE_STRING && status == PIPETTE_OK) {
        const char **texts = owned.rank > 0 ? (const char **)(uintptr_t)out->data : &out->as.string;
        uint64_t i;
        for (i = 0; i < count && status == PIPETTE_OK; i++) {
            const char *text = texts[i] == NULL ? "" : texts[i];
            texts[i] = arena_text(memory, text, strlen(text));
            status = texts[i] == NULL ? PIPETTE_E_MEMORY : PIPETTE_OK;
        }
    }
    value_destroy(&owned);
    return status == PIPETTE_OK ? status : no_memory(error);
}

static int decides_shapes(const plugin_schema *schema, const char *path)
{
    uint32_t i;
    for (i = 0; i < schema->shape_parameter_count; i++)
        if (strcmp(schema->shape_parameters[i], path) == 0)
            return 1;
    return 0;
}

int check_points_around(const plugin_schema *schema, uint64_t count, arena *memory, trial_points *out,
                        pipette_error *error)
{
    uint32_t n = schema->parameter_count, i;
    const char **paths = arena_get(memory, n + 1u, sizeof *paths);
    pipette_value *values = arena_get(memory, (size_t)count * n + 1u, sizeof *values);
    uint64_t *indices = arena_get(memory, (size_t)count + 1u, sizeof *indices), point;
    if (paths == NULL || values == NULL || indices == NULL)
        return no_memory(error);
    for (i = 0; i < n; i++) {
        const pipette_parameter_spec *spec = &schema->parameters[i];
        size_t length = strlen(spec->path) + sizeof "parameters.";
        int still = decides_shapes(schema, spec->path);
        char *path = arena_get(memory, length, 1);
        pipette_value standard;
        int status = path == NULL ? no_memory(error) : default_of(spec, memory, &standard, error);
        if (status != PIPETTE_OK)
            return status;
        (void)snprintf(path, length, "parameters.%s", spec->path);
        paths[i] = path;
        for (point = 0; point < count; point++) {
            pipette_value *value = &values[point * n + i];
            double share = share_of(point, i);
            *value = standard;
            if (point == 0 || (still && point < count - count / 4))
                continue;
            if (!(value->rank > 0 ? vary_array(spec, value, point, share, memory)
                                  : vary_scalar(spec, value, point, share, memory)))
                return no_memory(error);
        }
    }
    for (point = 0; point < count; point++)
        indices[point] = point;
    *out = (trial_points){paths, n, count, values, indices, 0};
    return PIPETTE_OK;
}

/* ---- Of a pipeline ---- */

typedef struct leaf_list {
    arena *memory;
    const char **paths; /* NULL: only counted */
    pipette_value *values;
    uint32_t count;
} leaf_list;

static int take_leaf(const pipette_node *node, void *user)
{
    leaf_list *list = user;
    if (!(node->flags & PIPETTE_NODE_LEAF) ||
        (node->branch != PIPETTE_BRANCH_PARAMETERS && node->branch != PIPETTE_BRANCH_DERIVED_PARAMETERS))
        return 0;
    if (list->paths != NULL) {
        list->paths[list->count] = arena_text(list->memory, node->path, strlen(node->path));
        list->values[list->count] = node->value;
        if (list->paths[list->count] == NULL)
            return PIPETTE_E_MEMORY;
    }
    list->count++;
    return 0;
}

static int is_explored(const pipette_pipeline *p, const char *path)
{
    uint32_t i;
    for (i = 0; i < pipette_explored_count(p->trajectory); i++)
        if (strcmp(pipette_explored(p->trajectory, i), path) == 0)
            return 1;
    return 0;
}

int check_points_of(pipette_pipeline *p, uint64_t count, arena *memory, trial_points *out, pipette_error *error)
{
    leaf_list list = {memory, NULL, NULL, 0};
    uint64_t all = p->row_count, point, *indices;
    pipette_value *values;
    uint32_t n, i;
    int status = pipette_walk(p->trajectory, "", take_leaf, &list);
    n = list.count;
    count = count < all ? count : all;
    list.paths = arena_get(memory, n + 1u, sizeof *list.paths);
    list.values = arena_get(memory, n + 1u, sizeof *list.values);
    values = arena_get(memory, (size_t)count * n + 1u, sizeof *values);
    indices = arena_get(memory, (size_t)count + 1u, sizeof *indices);
    list.count = 0;
    if (list.paths == NULL || list.values == NULL || values == NULL || indices == NULL)
        return no_memory(error);
    if (status == PIPETTE_OK)
        status = pipette_walk(p->trajectory, "", take_leaf, &list);
    for (point = 0; point < count; point++) {
        uint64_t steps = count > 1 ? count - 1 : 1;
        indices[point] = select_run_of_row(p, (all - 1) / steps * point + (all - 1) % steps * point / steps);
    }
    for (i = 0; status == PIPETTE_OK && i < n; i++) {
        int explored = is_explored(p, list.paths[i]);
        for (point = 0; status == PIPETTE_OK && point < count; point++) {
            pipette_value *value = &values[point * n + i];
            *value = list.values[i];
            if (explored)
                status = pipette_range(p->trajectory, list.paths[i], indices[point], 1, &value->as);
        }
    }
    if (status != PIPETTE_OK)
        return pipette_error_set(error, status, "%s", pipette_trajectory_message(p->trajectory));
    *out = (trial_points){list.paths, n, count, values, indices, p->seed};
    return PIPETTE_OK;
}

/* ---- In words ---- */

/* Whether another point has another value there. */
static int varies(const trial_points *points, uint32_t parameter)
{
    uint64_t point, element;
    for (point = 1; point < points->count; point++)
        if (!same_value(&points->values[parameter], &points->values[point * points->parameter_count + parameter],
                        &element))
            return 1;
    return 0;
}

char *check_points_text(const trial_points *points, uint64_t point, char *out, size_t size)
{
    size_t used = 0;
    uint32_t i;
    out[0] = '\0';
    for (i = 0; i < points->parameter_count; i++) {
        const pipette_value *value = &points->values[point * points->parameter_count + i];
        const char *path = points->paths[i];
        char text[100];
        int wrote;
        if (!varies(points, i))
            continue;
        path = strncmp(path, "parameters.", 11) == 0 ? path + 11 : path;
        if (pipette_value_count(value) > 0)
            (void)same_element_text(value, 0, text, sizeof text);
        else
            (void)snprintf(text, sizeof text, "[]");
        wrote = snprintf(out + used, size - used, "%s%s = %s%s", used > 0 ? ", " : "", path, text,
                         value->rank > 0 ? ", ..." : "");
        if (wrote < 0 || (size_t)wrote >= size - used) {
            (void)snprintf(out + (used > size - 6 ? size - 6 : used), 6, ", ...");
            break;
        }
        used += (size_t)wrote;
    }
    return out;
}
