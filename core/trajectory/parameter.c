/* parameter.c: what a parameter declares: copies of specs, defaults, bounds. */
#include "trajectory/parameter.h"

#include <math.h>
#include <stdlib.h>

static const uint32_t BOUNDED = PIPETTE_HAS_MINIMUM | PIPETTE_HAS_MAXIMUM | PIPETTE_ABOVE_MINIMUM;

int parameter_normalise(const pipette_parameter_spec *spec, pipette_parameter_spec *out, pipette_error *error)
{
    size_t size;
    memset(out, 0, sizeof *out);
    if (spec == NULL)
        return pipette_error_set(error, PIPETTE_E_INVALID, "no parameter is given");
    size = spec->size < sizeof *out ? spec->size : sizeof *out;
    memcpy(out, spec, size);
    out->size = (uint32_t)sizeof *out;
    if (out->path == NULL)
        return pipette_error_set(error, PIPETTE_E_INVALID, "a parameter without a path (is its size set?)");
    if (pipette_type_size(out->type) == 0)
        return pipette_error_set(error, PIPETTE_E_TYPE, "parameter '%.200s' has no known type (%ld)", out->path,
                                 (long)out->type);
    if ((out->flags & PIPETTE_ABOVE_MINIMUM) != 0)
        out->flags |= PIPETTE_HAS_MINIMUM;
    if ((out->flags & BOUNDED) == 0)
        return PIPETTE_OK;
    if (out->type == PIPETTE_TYPE_STRING || out->type == PIPETTE_TYPE_COMPLEX)
        return pipette_error_set(error, PIPETTE_E_INVALID, "parameter '%.200s' has bounds, but a %s has no order",
                                 out->path, pipette_type_text(out->type));
    if (((out->flags & PIPETTE_HAS_MINIMUM) != 0 && isnan(out->minimum)) ||
        ((out->flags & PIPETTE_HAS_MAXIMUM) != 0 && isnan(out->maximum)))
        return pipette_error_set(error, PIPETTE_E_INVALID, "parameter '%.200s' has a bound that is not a number",
                                 out->path);
    return PIPETTE_OK;
}

static int copy_text(const char **text, int *status)
{
    if (*text != NULL && *status == PIPETTE_OK) {
        *text = strdup(*text);
        if (*text == NULL)
            *status = PIPETTE_E_MEMORY;
    } else if (*status != PIPETTE_OK) {
        *text = NULL;
    }
    return *status;
}

int parameter_copy(const pipette_parameter_spec *spec, pipette_parameter_spec **copy, pipette_error *error)
{
    pipette_parameter_spec *out = malloc(sizeof *out);
    int status = PIPETTE_OK;
    *copy = NULL;
    if (out == NULL)
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
    *out = *spec;
    out->default_array = NULL;
    (void)copy_text(&out->path, &status);
    (void)copy_text(&out->default_string, &status);
    (void)copy_text(&out->unit, &status);
    (void)copy_text(&out->doc, &status);
    if (status == PIPETTE_OK && spec->default_array != NULL) {
        pipette_value *array = malloc(sizeof *array);
        if (array == NULL)
            status = PIPETTE_E_MEMORY;
        else if ((status = value_convert(spec->default_array, PIPETTE_TYPE_NONE, spec->path, array, error)) !=
                 PIPETTE_OK)
            free(array);
        else
            out->default_array = array;
    }
    if (status != PIPETTE_OK) {
        parameter_destroy(out);
        return status == PIPETTE_E_MEMORY ? pipette_error_set(error, status, "out of memory") : status;
    }
    *copy = out;
    return PIPETTE_OK;
}

static void drop(const void *memory)
{
    free((void *)(uintptr_t)memory);
}

void parameter_destroy(pipette_parameter_spec *spec)
{
    if (spec == NULL)
        return;
    if (spec->default_array != NULL) {
        value_destroy((pipette_value *)(uintptr_t)spec->default_array);
        drop(spec->default_array);
    }
    drop(spec->path);
    drop(spec->default_string);
    drop(spec->unit);
    drop(spec->doc);
    free(spec);
}

int parameter_default(const pipette_parameter_spec *spec, pipette_value *out, pipette_error *error)
{
    pipette_value value;
    char what[256];
    (void)snprintf(what, sizeof what, "default of '%.200s'", spec->path);
    if (spec->default_array != NULL) {
        if (spec->default_array->rank == 0)
            return pipette_error_set(error, PIPETTE_E_INVALID, "%s: the array is a scalar", what);
        return value_convert(spec->default_array, spec->type, what, out, error);
    }
    switch (spec->type) {
    case PIPETTE_TYPE_F64:
    case PIPETTE_TYPE_F32:
    case PIPETTE_TYPE_COMPLEX:
        value = pipette_value_f64(spec->default_f64);
        break;
    case PIPETTE_TYPE_BOOL:
        value = pipette_value_bool(spec->default_i64 != 0);
        break;
    case PIPETTE_TYPE_U64:
        value = pipette_value_u64(spec->default_u64);
        break;
    case PIPETTE_TYPE_STRING:
        value = pipette_value_string(spec->default_string == NULL ? "" : spec->default_string);
        break;
    default:
        value = pipette_value_i64(spec->default_i64);
    }
    return value_convert(&value, spec->type, what, out, error);
}

/* Below 0, 0 or above 0 as the integer (sign and magnitude) is below, at or above `bound`. A double cannot hold every
 * integer, so the bound's whole part is compared as one. */
static int compare_integer(int negative, uint64_t magnitude, double bound)
{
    double whole = floor(bound);
    int below = whole < 0;
    uint64_t bound_magnitude;
    if (fabs(whole) >= 18446744073709551616.0)
        return below ? 1 : -1;
    bound_magnitude = (uint64_t)fabs(whole);
    if (negative != below)
        return negative ? -1 : 1;
    if (magnitude != bound_magnitude)
        return (magnitude < bound_magnitude) != negative ? -1 : 1;
    return bound > whole ? -1 : 0;
}

static int compare_bound(int type, const value_element *element, double bound)
{
    int64_t wide = type == PIPETTE_TYPE_I32 ? element->i32 : element->i64;
    double x = type == PIPETTE_TYPE_F32 ? (double)element->f32 : element->f64;
    switch (type) {
    case PIPETTE_TYPE_F64:
    case PIPETTE_TYPE_F32:
        return (x > bound) - (x < bound);
    case PIPETTE_TYPE_U64:
        return compare_integer(0, element->u64, bound);
    case PIPETTE_TYPE_BOOL:
        return compare_integer(0, element->boolean, bound);
    default:
        return compare_integer(wide < 0, wide < 0 ? 0 - (uint64_t)wide : (uint64_t)wide, bound);
    }
}

static int is_nan(int type, const value_element *element)
{
    return (type == PIPETTE_TYPE_F64 && isnan(element->f64)) || (type == PIPETTE_TYPE_F32 && isnan(element->f32));
}

int parameter_check_element(const pipette_parameter_spec *spec, const char *what, const value_element *element,
                            pipette_error *error)
{
    char text[VALUE_TEXT_SIZE];
    if (spec == NULL || (spec->flags & BOUNDED) == 0)
        return PIPETTE_OK;
    (void)value_element_text(spec->type, element, text);
    if (is_nan(spec->type, element))
        return pipette_error_set(error, PIPETTE_E_BOUNDS, "%s: nan is not allowed where there are bounds", what);
    if ((spec->flags & PIPETTE_ABOVE_MINIMUM) != 0 && compare_bound(spec->type, element, spec->minimum) <= 0)
        return pipette_error_set(error, PIPETTE_E_BOUNDS, "%s: %s is out of bounds, it must be above %.15g", what, text,
                                 spec->minimum);
    if ((spec->flags & PIPETTE_HAS_MINIMUM) != 0 && compare_bound(spec->type, element, spec->minimum) < 0)
        return pipette_error_set(error, PIPETTE_E_BOUNDS, "%s: %s is out of bounds, the minimum is %.15g", what, text,
                                 spec->minimum);
    if ((spec->flags & PIPETTE_HAS_MAXIMUM) != 0 && compare_bound(spec->type, element, spec->maximum) > 0)
        return pipette_error_set(error, PIPETTE_E_BOUNDS, "%s: %s is out of bounds, the maximum is %.15g", what, text,
                                 spec->maximum);
    return PIPETTE_OK;
}

int parameter_check_value(const pipette_parameter_spec *spec, const char *what, const pipette_value *value,
                          pipette_error *error)
{
    uint64_t count = pipette_value_count(value), i;
    if (spec == NULL || (spec->flags & BOUNDED) == 0)
        return PIPETTE_OK;
    for (i = 0; i < count; i++) {
        value_element element;
        int status;
        value_load(value->type, pipette_value_data(value), i, &element);
        status = parameter_check_element(spec, what, &element, error);
        if (status != PIPETTE_OK)
            return status;
    }
    return PIPETTE_OK;
}
