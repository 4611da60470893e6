/* spec_check.c: checks of declared parameters, results and options. */
#include "plugin/spec_check.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "base/element.h"
#include "plugin/object_file.h"
#include "plugin/spec_names.h"

/* HDF5 takes 32 dimensions, one of them is the run. */
enum { RANK_LIMIT = 31 };

/* An array as it stands in a table: pointer, alignment, count and stride fit together. `smallest` is the size of an
 * element in ABI 1.0, `what` names the array ("parameters"). */
static int check_array(const char *path, const char *what, const void *array, uint32_t count, uint32_t stride,
                       size_t smallest, pipette_error *error)
{
    if (count == 0)
        return PIPETTE_OK;
    if (array == NULL)
        return plugin_refuse(error, PIPETTE_E_PLUGIN, path, " declares %u %s, but the array is NULL", count, what);
    if (stride != 0 && stride < smallest)
        return plugin_refuse(error, PIPETTE_E_ABI, path,
                             " has %s of %u bytes, ABI 1.0 has %zu: rebuild it with this host's headers", what, stride,
                             smallest);
    if (stride % 8 != 0 || (uintptr_t)array % 8 != 0)
        return plugin_refuse(error, PIPETTE_E_ABI, path, " has %s that do not lie on 8-byte boundaries", what);
    return PIPETTE_OK;
}

/* The size that an element says it has fits ABI 1.0 and the stride. Elements before it have been looked at. */
static int check_size(const char *path, const char *what, uint32_t index, const void *array, size_t smallest,
                      uint32_t stride, size_t known, pipette_error *error)
{
    uint32_t size, limit = stride;
    if (stride == 0 && index > 0)
        memcpy(&limit, array, sizeof limit);
    else if (stride == 0)
        limit = (uint32_t)known;
    memcpy(&size, element_at(array, stride, index), sizeof size);
    if (size < smallest)
        return plugin_refuse(
            error, PIPETTE_E_ABI, path,
            ": %s %u (from 0) says it has %u bytes, ABI 1.0 has %zu: declare it with the macros of the headers", what,
            index, size, smallest);
    if (size > limit)
        return plugin_refuse(error, PIPETTE_E_ABI, path,
                             ": %s %u (from 0) says it has %u bytes, more than the stride of %u", what, index, size,
                             limit);
    if (stride == 0 && size % 8 != 0)
        return plugin_refuse(error, PIPETTE_E_ABI, path, ": %s %u (from 0) says it has %u bytes, no multiple of 8",
                             what, index, size);
    return PIPETTE_OK;
}

/* A text that must be there. `what` "parameter", `name` 'neuron.I', `member` "unit". */
static int check_text(const char *path, const char *what, const char *name, const char *member, const char *text,
                      pipette_error *error)
{
    if (text == NULL)
        return plugin_refuse(error, PIPETTE_E_PLUGIN, path,
                             ": the %s of %s '%s' is NULL: give \"\" where there is none", member, what, name);
    if (!spec_is_text(text))
        return plugin_refuse(error, PIPETTE_E_PLUGIN, path, ": the %s of %s '%s' is not UTF-8", member, what, name);
    return PIPETTE_OK;
}

/* A text that describes; NULL is the empty one. */
static int check_note(const char *path, const char *what, const char *name, const char *member, const char *text,
                      pipette_error *error)
{
    return text == NULL ? PIPETTE_OK : check_text(path, what, name, member, text, error);
}

static int check_path(const char *path, const char *what, uint32_t index, const char *name, int runs,
                      pipette_error *error)
{
    const char *wrong;
    if (name == NULL)
        return plugin_refuse(error, PIPETTE_E_PLUGIN, path, ": the path of %s %u (from 0) is NULL", what, index);
    wrong = spec_wrong_path(name, runs);
    if (wrong != NULL)
        return plugin_refuse(error, PIPETTE_E_PLUGIN, path, ": the path of %s %u (from 0), '%s', has %s", what, index,
                             spec_is_text(name) ? name : "?", wrong);
    return PIPETTE_OK;
}

/* ---- Parameters ---- */

/* A default as it is: not every 64-bit integer has a double that is equal to it. */
typedef struct number {
    int type; /* PIPETTE_TYPE_F64, I64 or U64: which member counts */
    double f64;
    int64_t i64;
    uint64_t u64;
} number;

static number from_f64(double value)
{
    const number result = {PIPETTE_TYPE_F64, value, 0, 0};
    return result;
}

static number from_i64(int64_t value)
{
    const number result = {PIPETTE_TYPE_I64, 0.0, value, 0};
    return result;
}

static number from_u64(uint64_t value)
{
    const number result = {PIPETTE_TYPE_U64, 0.0, 0, value};
    return result;
}

/* -1, 0 or 1 as the number is below, at or above the bound; neither is NaN. */
static int compare(number value, double bound)
{
    double whole = trunc(bound);
    int order;
    if (value.type == PIPETTE_TYPE_F64)
        return value.f64 < bound ? -1 : value.f64 > bound;
    if (value.type == PIPETTE_TYPE_I64) {
        if (bound >= 0x1p63 || bound < -0x1p63)
            return bound > 0 ? -1 : 1;
        order = value.i64 < (int64_t)whole ? -1 : value.i64 > (int64_t)whole;
    } else {
        if (bound >= 0x1p64 || bound <= -1.0)
            return bound > 0 ? -1 : 1;
        order = value.u64 < (uint64_t)whole ? -1 : value.u64 > (uint64_t)whole;
    }
    return order != 0 ? order : bound > whole ? -1 : bound < whole;
}

enum { NUMBER_SIZE = 64 };

/* With as few digits as tell it from its neighbours. */
static const char *number_text(number value, char text[NUMBER_SIZE])
{
    int digits;
    if (value.type == PIPETTE_TYPE_I64)
        (void)snprintf(text, NUMBER_SIZE, "%lld", (long long)value.i64);
    else if (value.type == PIPETTE_TYPE_U64)
        (void)snprintf(text, NUMBER_SIZE, "%llu", (unsigned long long)value.u64);
    else
        for (digits = 6; digits <= 17; digits++) {
            (void)snprintf(text, NUMBER_SIZE, "%.*g", digits, value.f64);
            if (!(strtod(text, NULL) < value.f64) && !(strtod(text, NULL) > value.f64))
                break;
        }
    return text;
}

static int check_bounds(const char *path, const pipette_parameter_spec *spec, number value, pipette_error *error)
{
    int bounded = (spec->flags & (PIPETTE_HAS_MINIMUM | PIPETTE_HAS_MAXIMUM)) != 0;
    const char *wrong = NULL;
    double bound = 0.0;
    char default_text[NUMBER_SIZE], bound_text[NUMBER_SIZE];
    if (bounded && value.type == PIPETTE_TYPE_F64 && isnan(value.f64))
        return plugin_refuse(error, PIPETTE_E_PLUGIN, path, ": the default of parameter '%s' is NaN, but it has bounds",
                             spec->path);
    if ((spec->flags & PIPETTE_HAS_MINIMUM) != 0 && compare(value, spec->minimum) < 0) {
        wrong = "below its minimum";
        bound = spec->minimum;
    } else if ((spec->flags & PIPETTE_ABOVE_MINIMUM) != 0 && compare(value, spec->minimum) <= 0) {
        wrong = "not above";
        bound = spec->minimum;
    } else if ((spec->flags & PIPETTE_HAS_MAXIMUM) != 0 && compare(value, spec->maximum) > 0) {
        wrong = "above its maximum";
        bound = spec->maximum;
    }
    if (wrong != NULL)
        return plugin_refuse(error, PIPETTE_E_PLUGIN, path, ": the default of parameter '%s', %s, is %s %s", spec->path,
                             number_text(value, default_text), wrong, number_text(from_f64(bound), bound_text));
    return PIPETTE_OK;
}

static int check_scalar_default(const char *path, const pipette_parameter_spec *spec, pipette_error *error)
{
    switch (spec->type) {
    case PIPETTE_TYPE_F32:
        if (isfinite(spec->default_f64) && fabs(spec->default_f64) > (double)FLT_MAX)
            return plugin_refuse(error, PIPETTE_E_PLUGIN, path, ": the default of parameter '%s', %g, does not fit f32",
                                 spec->path, spec->default_f64);
        return check_bounds(path, spec, from_f64(spec->default_f64), error);
    case PIPETTE_TYPE_F64:
        return check_bounds(path, spec, from_f64(spec->default_f64), error);
    case PIPETTE_TYPE_BOOL:
        if (spec->default_i64 != 0 && spec->default_i64 != 1)
            return plugin_refuse(error, PIPETTE_E_PLUGIN, path,
                                 ": the default of parameter '%s', %lld, is neither 0 nor 1", spec->path,
                                 (long long)spec->default_i64);
        return PIPETTE_OK;
    case PIPETTE_TYPE_I32:
        if (spec->default_i64 < INT32_MIN || spec->default_i64 > INT32_MAX)
            return plugin_refuse(error, PIPETTE_E_PLUGIN, path,
                                 ": the default of parameter '%s', %lld, does not fit i32", spec->path,
                                 (long long)spec->default_i64);
        return check_bounds(path, spec, from_i64(spec->default_i64), error);
    case PIPETTE_TYPE_I64:
        return check_bounds(path, spec, from_i64(spec->default_i64), error);
    case PIPETTE_TYPE_U64:
        return check_bounds(path, spec, from_u64(spec->default_u64), error);
    case PIPETTE_TYPE_STRING:
        return check_text(path, "parameter", spec->path, "default", spec->default_string, error);
    default:
        return PIPETTE_OK;
    }
}

static int check_element_default(const char *path, const pipette_parameter_spec *spec, const void *data, uint64_t i,
                                 pipette_error *error)
{
    switch (spec->type) {
    case PIPETTE_TYPE_F64:
        return check_bounds(path, spec, from_f64(((const double *)data)[i]), error);
    case PIPETTE_TYPE_F32:
        return check_bounds(path, spec, from_f64((double)((const float *)data)[i]), error);
    case PIPETTE_TYPE_I64:
        return check_bounds(path, spec, from_i64(((const int64_t *)data)[i]), error);
    case PIPETTE_TYPE_I32:
        return check_bounds(path, spec, from_i64(((const int32_t *)data)[i]), error);
    case PIPETTE_TYPE_U64:
        return check_bounds(path, spec, from_u64(((const uint64_t *)data)[i]), error);
    case PIPETTE_TYPE_BOOL:
        if (((const uint8_t *)data)[i] > 1)
            return plugin_refuse(error, PIPETTE_E_PLUGIN, path,
                                 ": the default of parameter '%s' has an element that is neither 0 nor 1", spec->path);
        return PIPETTE_OK;
    case PIPETTE_TYPE_STRING:
        return check_text(path, "parameter", spec->path, "default", ((const char *const *)data)[i], error);
    default:
        return PIPETTE_OK;
    }
}

static int check_array_default(const char *path, const pipette_parameter_spec *spec, pipette_error *error)
{
    pipette_value value;
    uint64_t count = 1, i;
    uint32_t size, k;
    int status = PIPETTE_OK;
    memcpy(&size, spec->default_array, sizeof size);
    if (size < ABI_VALUE_SIZE)
        return plugin_refuse(error, PIPETTE_E_ABI, path,
                             ": the default of parameter '%s' says it has %u bytes, a value has %zu", spec->path, size,
                             ABI_VALUE_SIZE);
    element_read(&value, sizeof value, spec->default_array);
    if (value.type != spec->type)
        return plugin_refuse(error, PIPETTE_E_PLUGIN, path, ": parameter '%s' is of type %s, its default of type %s",
                             spec->path, pipette_type_text(spec->type), pipette_type_text(value.type));
    if (value.rank == 0 || value.rank > RANK_LIMIT || value.shape == NULL)
        return plugin_refuse(error, PIPETTE_E_PLUGIN, path,
                             ": the default of parameter '%s' is no array of 1 to %d dimensions", spec->path,
                             RANK_LIMIT);
    for (k = 0; k < value.rank; k++) {
        if (value.shape[k] != 0 && count > (uint64_t)(PTRDIFF_MAX / 16) / value.shape[k])
            return plugin_refuse(error, PIPETTE_E_PLUGIN, path,
                                 ": the default of parameter '%s' has an impossible shape", spec->path);
        count *= value.shape[k];
    }
    if (count > 0 && value.data == NULL)
        return plugin_refuse(error, PIPETTE_E_PLUGIN, path, ": the default of parameter '%s' has no data", spec->path);
    for (i = 0; i < count && status == PIPETTE_OK; i++)
        status = check_element_default(path, spec, value.data, i, error);
    return status;
}

static int check_range(const char *path, const pipette_parameter_spec *spec, pipette_error *error)
{
    const uint32_t known = PIPETTE_HAS_MINIMUM | PIPETTE_HAS_MAXIMUM | PIPETTE_ABOVE_MINIMUM;
    if ((spec->flags & ~known) != 0 ||
        ((spec->flags & PIPETTE_ABOVE_MINIMUM) != 0 && (spec->flags & PIPETTE_HAS_MINIMUM) == 0))
        return plugin_refuse(error, PIPETTE_E_PLUGIN, path, ": parameter '%s' has flags %#x, which say nothing",
                             spec->path, spec->flags);
    if (spec->flags == 0)
        return PIPETTE_OK;
    if (spec->type == PIPETTE_TYPE_BOOL || spec->type == PIPETTE_TYPE_COMPLEX || spec->type == PIPETTE_TYPE_STRING)
        return plugin_refuse(error, PIPETTE_E_PLUGIN, path, ": parameter '%s' is of type %s, which takes no bounds",
                             spec->path, pipette_type_text(spec->type));
    if (((spec->flags & PIPETTE_HAS_MINIMUM) != 0 && isnan(spec->minimum)) ||
        ((spec->flags & PIPETTE_HAS_MAXIMUM) != 0 && isnan(spec->maximum)))
        return plugin_refuse(error, PIPETTE_E_PLUGIN, path, ": a bound of parameter '%s' is NaN", spec->path);
    if ((spec->flags & PIPETTE_HAS_MINIMUM) != 0 && (spec->flags & PIPETTE_HAS_MAXIMUM) != 0 &&
        spec->minimum > spec->maximum)
        return plugin_refuse(error, PIPETTE_E_PLUGIN, path,
                             ": the minimum of parameter '%s', %g, is above its maximum, %g", spec->path, spec->minimum,
                             spec->maximum);
    return PIPETTE_OK;
}

static int check_parameter(const char *path, const pipette_model *model, uint32_t index, pipette_error *error)
{
    pipette_parameter_spec spec;
    int status = check_size(path, "parameter", index, model->parameters, ABI_PARAMETER_SIZE, model->parameter_stride,
                            sizeof spec, error);
    if (status != PIPETTE_OK)
        return status;
    element_read(&spec, sizeof spec, element_at(model->parameters, model->parameter_stride, index));
    status = check_path(path, "parameter", index, spec.path, 0, error);
    if (status != PIPETTE_OK)
        return status;
    if (pipette_type_size(spec.type) == 0)
        return plugin_refuse(error, PIPETTE_E_PLUGIN, path, ": parameter '%s' has the unknown type %d", spec.path,
                             spec.type);
    status = check_note(path, "parameter", spec.path, "unit", spec.unit, error);
    if (status == PIPETTE_OK)
        status = check_note(path, "parameter", spec.path, "doc", spec.doc, error);
    if (status == PIPETTE_OK)
        status = check_range(path, &spec, error);
    if (status != PIPETTE_OK)
        return status;
    return spec.default_array != NULL ? check_array_default(path, &spec, error)
                                      : check_scalar_default(path, &spec, error);
}

static int check_shape_parameters(const char *path, const pipette_model *model, pipette_error *error)
{
    uint32_t i, j;
    int status = check_array(path, "shape parameters", model->shape_parameters, model->shape_parameter_count, 0,
                             sizeof(char *), error);
    for (i = 0; i < model->shape_parameter_count && status == PIPETTE_OK; i++) {
        const char *name = model->shape_parameters[i];
        int found = 0;
        if (name == NULL)
            return plugin_refuse(error, PIPETTE_E_PLUGIN, path, ": shape parameter %u (from 0) is NULL", i);
        for (j = 0; j < model->parameter_count && !found; j++) {
            pipette_parameter_spec spec;
            element_read(&spec, sizeof spec, element_at(model->parameters, model->parameter_stride, j));
            found = strcmp(spec.path, name) == 0;
        }
        if (!found)
            return plugin_refuse(error, PIPETTE_E_PLUGIN, path,
                                 ": shape parameter '%s' is not among its declared parameters",
                                 spec_is_text(name) ? name : "?");
    }
    return status;
}

int spec_check_parameters(const char *path, const pipette_model *model, pipette_error *error)
{
    uint32_t i;
    int status = check_array(path, "parameters", model->parameters, model->parameter_count, model->parameter_stride,
                             ABI_PARAMETER_SIZE, error);
    for (i = 0; i < model->parameter_count && status == PIPETTE_OK; i++)
        status = check_parameter(path, model, i, error);
    if (status == PIPETTE_OK)
        status = spec_check_collisions(path, "parameter", model->parameters, model->parameter_count,
                                       model->parameter_stride, offsetof(pipette_parameter_spec, path), 0, error);
    return status != PIPETTE_OK ? status : check_shape_parameters(path, model, error);
}

/* ---- Results ---- */

static int check_labels(const char *path, const pipette_result_spec *result, const pipette_dimension *dimension,
                        pipette_error *error)
{
    uint64_t i;
    if (dimension->extent == 0 || dimension->extent == PIPETTE_RAGGED)
        return plugin_refuse(error, PIPETTE_E_PLUGIN, path,
                             ": dimension '%s' of result '%s' has labels, so its extent must be their number",
                             dimension->name, result->path);
    if (dimension->step < 0 || dimension->step > 0)
        return plugin_refuse(error, PIPETTE_E_PLUGIN, path,
                             ": dimension '%s' of result '%s' has labels and a step, which both say where its elements "
                             "stand: leave one out",
                             dimension->name, result->path);
    for (i = 0; i < dimension->extent; i++)
        if (dimension->labels[i] == NULL || !spec_is_text(dimension->labels[i]))
            return plugin_refuse(error, PIPETTE_E_PLUGIN, path,
                                 ": label %llu (from 0) of dimension '%s' of result '%s' is %s", (unsigned long long)i,
                                 dimension->name, result->path, dimension->labels[i] == NULL ? "NULL" : "not UTF-8");
    return PIPETTE_OK;
}

static int check_dimension(const char *path, const pipette_model *model, const pipette_result_spec *result,
                           uint32_t index, pipette_error *error)
{
    pipette_dimension dimension;
    const char *wrong;
    uint32_t j;
    int status = check_size(path, "dimension", index, result->dimensions, ABI_DIMENSION_SIZE, result->dimension_stride,
                            sizeof dimension, error);
    if (status != PIPETTE_OK)
        return status;
    element_read(&dimension, sizeof dimension, element_at(result->dimensions, result->dimension_stride, index));
    status = check_text(path, "a dimension of result", result->path, "name", dimension.name, error);
    if (status == PIPETTE_OK)
        status = check_note(path, "a dimension of result", result->path, "unit", dimension.unit, error);
    if (status == PIPETTE_OK)
        status = check_note(path, "a dimension of result", result->path, "doc", dimension.doc, error);
    if (status != PIPETTE_OK)
        return status;
    wrong = spec_wrong_part(dimension.name, strlen(dimension.name));
    if (wrong == NULL && strcmp(dimension.name, "run") == 0)
        wrong = "the name of the dimension of the runs";
    if (wrong == NULL && strcmp(dimension.name, "complex") == 0)
        wrong = "the name that files give to the real and imaginary parts of complex numbers: rename it";
    if (wrong != NULL)
        return plugin_refuse(error, PIPETTE_E_PLUGIN, path, ": dimension %u (from 0) of result '%s', '%s', has %s",
                             index, result->path, dimension.name, wrong);
    for (j = 0; j < index; j++) {
        pipette_dimension other;
        element_read(&other, sizeof other, element_at(result->dimensions, result->dimension_stride, j));
        if (strcmp(dimension.name, other.name) == 0)
            return plugin_refuse(error, PIPETTE_E_PLUGIN, path, ": result '%s' has two dimensions of the name '%s'",
                                 result->path, dimension.name);
    }
    if (dimension.extent == 0 && model->shape == NULL)
        return plugin_refuse(error, PIPETTE_E_PLUGIN, path,
                             ": dimension '%s' of result '%s' has extent 0, but the model has no shape() to give it",
                             dimension.name, result->path);
    if (!isfinite(dimension.start) || !isfinite(dimension.step))
        return plugin_refuse(error, PIPETTE_E_PLUGIN, path,
                             ": dimension '%s' of result '%s' has a start or step that is no number", dimension.name,
                             result->path);
    return dimension.labels != NULL ? check_labels(path, result, &dimension, error) : PIPETTE_OK;
}

static int check_dimensions(const char *path, const pipette_model *model, const pipette_result_spec *result,
                            pipette_error *error)
{
    uint64_t bytes = pipette_type_size(result->type);
    uint32_t i;
    int status;
    if (result->rank > RANK_LIMIT)
        return plugin_refuse(error, PIPETTE_E_PLUGIN, path, ": result '%s' has %u dimensions, at most %d can be stored",
                             result->path, result->rank, RANK_LIMIT);
    status = check_array(path, "dimensions", result->dimensions, result->rank, result->dimension_stride,
                         ABI_DIMENSION_SIZE, error);
    for (i = 0; i < result->rank && status == PIPETTE_OK; i++) {
        pipette_dimension dimension;
        status = check_dimension(path, model, result, i, error);
        if (status != PIPETTE_OK)
            break;
        element_read(&dimension, sizeof dimension, element_at(result->dimensions, result->dimension_stride, i));
        if (dimension.extent == 0 || dimension.extent == PIPETTE_RAGGED)
            continue;
        if (bytes > (uint64_t)INT64_MAX / dimension.extent)
            return plugin_refuse(error, PIPETTE_E_PLUGIN, path, ": result '%s' is larger than 2^63 bytes",
                                 result->path);
        bytes *= dimension.extent;
    }
    return status;
}

static int check_result(const char *path, const pipette_model *model, uint32_t index, pipette_error *error)
{
    pipette_result_spec spec;
    int status =
        check_size(path, "result", index, model->results, ABI_RESULT_SIZE, model->result_stride, sizeof spec, error);
    if (status != PIPETTE_OK)
        return status;
    element_read(&spec, sizeof spec, element_at(model->results, model->result_stride, index));
    status = check_path(path, "result", index, spec.path, 1, error);
    if (status != PIPETTE_OK)
        return status;
    if (pipette_type_size(spec.type) == 0)
        return plugin_refuse(error, PIPETTE_E_PLUGIN, path, ": result '%s' has the unknown type %d", spec.path,
                             spec.type);
    if ((spec.flags & ~(uint32_t)PIPETTE_RETURNED) != 0)
        return plugin_refuse(error, PIPETTE_E_PLUGIN, path, ": result '%s' has flags %#x, which say nothing", spec.path,
                             spec.flags);
    status = check_note(path, "result", spec.path, "unit", spec.unit, error);
    if (status == PIPETTE_OK)
        status = check_note(path, "result", spec.path, "doc", spec.doc, error);
    return status != PIPETTE_OK ? status : check_dimensions(path, model, &spec, error);
}

int spec_check_results(const char *path, const pipette_model *model, pipette_error *error)
{
    uint32_t i;
    int status =
        check_array(path, "results", model->results, model->result_count, model->result_stride, ABI_RESULT_SIZE, error);
    for (i = 0; i < model->result_count && status == PIPETTE_OK; i++)
        status = check_result(path, model, i, error);
    if (status == PIPETTE_OK)
        status = spec_check_collisions(path, "result", model->results, model->result_count, model->result_stride,
                                       offsetof(pipette_result_spec, path), 1, error);
    return status;
}

/* ---- Options ---- */

static int check_option(const char *path, const pipette_descriptor *descriptor, uint32_t index, pipette_error *error)
{
    pipette_option_spec spec;
    int status = check_size(path, "option", index, descriptor->options, ABI_OPTION_SIZE, descriptor->option_stride,
                            sizeof spec, error);
    if (status != PIPETTE_OK)
        return status;
    element_read(&spec, sizeof spec, element_at(descriptor->options, descriptor->option_stride, index));
    if (spec.path == NULL)
        return plugin_refuse(error, PIPETTE_E_PLUGIN, path, ": the path of option %u (from 0) is NULL", index);
    if (!spec_is_option_path(spec.path))
        return plugin_refuse(error, PIPETTE_E_PLUGIN, path,
                             ": the path of option %u (from 0), '%s', is not like \"a.b\", \"a[].b\" or \"a.*\"", index,
                             spec_is_text(spec.path) ? spec.path : "?");
    if (spec.type != PIPETTE_OPTION_ANY && pipette_type_size(spec.type) == 0 &&
        (spec.type < PIPETTE_OPTION_ARRAY || spec.type > PIPETTE_OPTION_GROUP))
        return plugin_refuse(error, PIPETTE_E_PLUGIN, path, ": option '%s' has the unknown type %d", spec.path,
                             spec.type);
    status = check_note(path, "option", spec.path, "doc", spec.doc, error);
    return status != PIPETTE_OK || spec.default_text == NULL
               ? status
               : check_text(path, "option", spec.path, "default", spec.default_text, error);
}

int spec_check_options(const char *path, const pipette_descriptor *descriptor, pipette_error *error)
{
    uint32_t i, j;
    int status = check_array(path, "options", descriptor->options, descriptor->option_count, descriptor->option_stride,
                             ABI_OPTION_SIZE, error);
    for (i = 0; i < descriptor->option_count && status == PIPETTE_OK; i++) {
        pipette_option_spec spec, other;
        status = check_option(path, descriptor, i, error);
        if (status != PIPETTE_OK)
            break;
        element_read(&spec, sizeof spec, element_at(descriptor->options, descriptor->option_stride, i));
        for (j = 0; j < i; j++) {
            element_read(&other, sizeof other, element_at(descriptor->options, descriptor->option_stride, j));
            if (strcmp(spec.path, other.path) == 0)
                return plugin_refuse(error, PIPETTE_E_PLUGIN, path, " declares option '%s' twice", spec.path);
        }
    }
    return status;
}
