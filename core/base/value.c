/* value.c: owned values, conversion without loss, comparison, text for messages. */
#include "base/value.h"
#include "base/number.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

static const double TWO_64 = 18446744073709551616.0;

void value_load(int type, const void *elements, uint64_t index, value_element *out)
{
    size_t size = pipette_type_size(type);
    memcpy(out, (const char *)elements + (size_t)index * size, size);
}

static int is_integer(int type)
{
    return type == PIPETTE_TYPE_I64 || type == PIPETTE_TYPE_I32 || type == PIPETTE_TYPE_U64;
}

static int is_exact(uint64_t magnitude, double x)
{
    x = fabs(x);
    return x < TWO_64 && (uint64_t)x == magnitude;
}

static int convert_integer(int from_type, const value_element *from, int type, value_element *to)
{
    int64_t wide = from_type == PIPETTE_TYPE_I32 ? from->i32 : from->i64;
    int negative = from_type != PIPETTE_TYPE_U64 && wide < 0;
    uint64_t bits = from_type == PIPETTE_TYPE_U64 ? from->u64 : (uint64_t)wide;
    uint64_t magnitude = negative ? 0 - bits : bits;
    double x = negative ? -(double)magnitude : (double)magnitude;
    switch (type) {
    case PIPETTE_TYPE_I64:
        to->i64 = (int64_t)bits;
        return negative || bits <= (uint64_t)INT64_MAX ? PIPETTE_OK : PIPETTE_E_BOUNDS;
    case PIPETTE_TYPE_U64:
        to->u64 = bits;
        return negative ? PIPETTE_E_BOUNDS : PIPETTE_OK;
    case PIPETTE_TYPE_I32:
        if (magnitude > (uint64_t)INT32_MAX + (negative ? 1u : 0u))
            return PIPETTE_E_BOUNDS;
        to->i32 = (int32_t)(int64_t)bits;
        return PIPETTE_OK;
    case PIPETTE_TYPE_F64:
        to->f64 = x;
        return is_exact(magnitude, x) ? PIPETTE_OK : PIPETTE_E_BOUNDS;
    case PIPETTE_TYPE_F32:
        to->f32 = (float)x;
        return is_exact(magnitude, (double)(float)x) ? PIPETTE_OK : PIPETTE_E_BOUNDS;
    case PIPETTE_TYPE_COMPLEX:
        to->complex.real = x;
        to->complex.imaginary = 0.0;
        return is_exact(magnitude, x) ? PIPETTE_OK : PIPETTE_E_BOUNDS;
    default:
        return PIPETTE_E_TYPE;
    }
}

int value_element_convert(int from_type, const value_element *from, int type, value_element *to)
{
    double x;
    memset(to, 0, sizeof *to);
    if (from_type == type) {
        memcpy(to, from, pipette_type_size(type));
        if (type == PIPETTE_TYPE_BOOL)
            to->boolean = from->boolean != 0;
        return PIPETTE_OK;
    }
    if (is_integer(from_type))
        return convert_integer(from_type, from, type, to);
    if (from_type != PIPETTE_TYPE_F64 && from_type != PIPETTE_TYPE_F32)
        return PIPETTE_E_TYPE;
    x = from_type == PIPETTE_TYPE_F64 ? from->f64 : (double)from->f32;
    switch (type) {
    case PIPETTE_TYPE_F64:
        to->f64 = x;
        return PIPETTE_OK;
    case PIPETTE_TYPE_F32:
        if (isfinite(x) && fabs(x) > (double)FLT_MAX)
            return PIPETTE_E_BOUNDS;
        to->f32 = (float)x;
        return PIPETTE_OK;
    case PIPETTE_TYPE_COMPLEX:
        to->complex.real = x;
        return PIPETTE_OK;
    default:
        return PIPETTE_E_TYPE;
    }
}

static int compare_f64(double a, double b)
{
    if (isnan(a) || isnan(b))
        return (isnan(a) ? 1 : 0) - (isnan(b) ? 1 : 0);
    return (a > b) - (a < b);
}

int value_element_compare(int type, const value_element *a, const value_element *b)
{
    int order;
    switch (type) {
    case PIPETTE_TYPE_F64:
        return compare_f64(a->f64, b->f64);
    case PIPETTE_TYPE_F32:
        return compare_f64((double)a->f32, (double)b->f32);
    case PIPETTE_TYPE_I64:
        return (a->i64 > b->i64) - (a->i64 < b->i64);
    case PIPETTE_TYPE_I32:
        return (a->i32 > b->i32) - (a->i32 < b->i32);
    case PIPETTE_TYPE_U64:
        return (a->u64 > b->u64) - (a->u64 < b->u64);
    case PIPETTE_TYPE_BOOL:
        return (a->boolean > b->boolean) - (a->boolean < b->boolean);
    case PIPETTE_TYPE_COMPLEX:
        order = compare_f64(a->complex.real, b->complex.real);
        return order != 0 ? order : compare_f64(a->complex.imaginary, b->complex.imaginary);
    default:
        return strcmp(a->string, b->string);
    }
}

static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static uint64_t hash_f64(double x)
{
    uint64_t bits = 0;
    if (isnan(x))
        return 1;
    if (x != 0.0) /* both zeros are equal */
        memcpy(&bits, &x, sizeof bits);
    return mix(bits + 2);
}

uint64_t value_element_hash(int type, const value_element *element)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    const char *at;
    switch (type) {
    case PIPETTE_TYPE_F64:
        return hash_f64(element->f64);
    case PIPETTE_TYPE_F32:
        return hash_f64((double)element->f32);
    case PIPETTE_TYPE_I64:
        return mix((uint64_t)element->i64);
    case PIPETTE_TYPE_I32:
        return mix((uint64_t)element->i32);
    case PIPETTE_TYPE_U64:
        return mix(element->u64);
    case PIPETTE_TYPE_BOOL:
        return mix(element->boolean);
    case PIPETTE_TYPE_COMPLEX:
        return mix(hash_f64(element->complex.real) * 3 + hash_f64(element->complex.imaginary));
    default:
        for (at = element->string; *at != '\0'; at++)
            hash = (hash ^ (unsigned char)*at) * UINT64_C(0x100000001b3);
        return mix(hash);
    }
}

char *value_element_text(int type, const value_element *element, char *out)
{
    char part[2][NUMBER_TEXT_SIZE];
    switch (type) {
    case PIPETTE_TYPE_F64:
        (void)number_f64(element->f64, out);
        break;
    case PIPETTE_TYPE_F32:
        (void)number_f32(element->f32, out);
        break;
    case PIPETTE_TYPE_I64:
        (void)snprintf(out, VALUE_TEXT_SIZE, "%lld", (long long)element->i64);
        break;
    case PIPETTE_TYPE_I32:
        (void)snprintf(out, VALUE_TEXT_SIZE, "%ld", (long)element->i32);
        break;
    case PIPETTE_TYPE_U64:
        (void)snprintf(out, VALUE_TEXT_SIZE, "%llu", (unsigned long long)element->u64);
        break;
    case PIPETTE_TYPE_BOOL:
        (void)snprintf(out, VALUE_TEXT_SIZE, "%s", element->boolean ? "true" : "false");
        break;
    case PIPETTE_TYPE_COMPLEX:
        (void)number_f64(element->complex.real, part[0]);
        (void)number_f64(element->complex.imaginary, part[1]);
        (void)snprintf(out, VALUE_TEXT_SIZE, "(%s, %s)", part[0], part[1]);
        break;
    case PIPETTE_TYPE_STRING:
        (void)snprintf(out, VALUE_TEXT_SIZE, strlen(element->string) > 50 ? "\"%.50s...\"" : "\"%.50s\"",
                       element->string);
        break;
    default:
        out[0] = '\0';
    }
    return out;
}

int value_convert_fail(int status, const char *what, int from_type, const value_element *from, int type,
                       pipette_error *error)
{
    char text[VALUE_TEXT_SIZE];
    (void)value_element_text(from_type, from, text);
    if (status == PIPETTE_E_BOUNDS)
        return pipette_error_set(error, status, "%s: %s does not fit in %s", what, text, pipette_type_text(type));
    return pipette_error_set(error, status, "%s: %s is of type %s, where %s belongs", what, text,
                             pipette_type_text(from_type), pipette_type_text(type));
}

int value_check(const pipette_value *value, const char *what, pipette_error *error)
{
    uint64_t count = 1, i;
    uint32_t d;
    size_t size;
    if (value == NULL)
        return pipette_error_set(error, PIPETTE_E_INVALID, "%s: no value is given", what);
    size = pipette_type_size(value->type);
    if (size == 0)
        return pipette_error_set(error, PIPETTE_E_TYPE, "%s: the value has no known type (%ld)", what,
                                 (long)value->type);
    if (value->rank > VALUE_RANK_MAX)
        return pipette_error_set(error, PIPETTE_E_INVALID, "%s: rank %lu is above %d", what, (unsigned long)value->rank,
                                 (int)VALUE_RANK_MAX);
    if (value->rank > 0 && value->shape == NULL)
        return pipette_error_set(error, PIPETTE_E_INVALID, "%s: an array without a shape", what);
    for (d = 0; d < value->rank; d++)
        if (__builtin_mul_overflow(count, value->shape[d], &count))
            count = UINT64_MAX;
    if (count > (uint64_t)(SIZE_MAX / 4 / size))
        return pipette_error_set(error, PIPETTE_E_INVALID, "%s: the array is too large", what);
    if (value->rank > 0 && count > 0 && value->data == NULL)
        return pipette_error_set(error, PIPETTE_E_INVALID, "%s: an array without data", what);
    if (value->type == PIPETTE_TYPE_STRING)
        for (i = 0; i < count; i++)
            if (((const char *const *)pipette_value_data(value))[i] == NULL)
                return pipette_error_set(error, PIPETTE_E_INVALID, "%s: a string that is NULL", what);
    return PIPETTE_OK;
}

static void element_to_scalar(int type, const value_element *element, pipette_value *value)
{
    memcpy(&value->as, element, pipette_type_size(type));
}

static int convert_scalar(const pipette_value *value, int type, const char *what, pipette_value *out,
                          pipette_error *error)
{
    value_element from, to;
    int status;
    memset(&from, 0, sizeof from);
    value_load(value->type, pipette_value_data(value), 0, &from);
    status = value_element_convert(value->type, &from, type, &to);
    if (status != PIPETTE_OK)
        return value_convert_fail(status, what, value->type, &from, type, error);
    if (type == PIPETTE_TYPE_STRING && (to.string = strdup(to.string)) == NULL)
        return pipette_error_set(error, PIPETTE_E_MEMORY, "%s: out of memory", what);
    out->type = type;
    element_to_scalar(type, &to, out);
    return PIPETTE_OK;
}

/* One block holds shape, elements and text, so that one free() ends it. */
static int convert_array(const pipette_value *value, int type, const char *what, pipette_value *out,
                         pipette_error *error)
{
    uint64_t count = pipette_value_count(value), i;
    size_t size = pipette_type_size(type), head = value->rank * sizeof(uint64_t), text = 0;
    char *block, *data, *strings;
    if (type == PIPETTE_TYPE_STRING && value->type == PIPETTE_TYPE_STRING)
        for (i = 0; i < count; i++)
            text += strlen(((const char *const *)value->data)[i]) + 1;
    block = malloc(head + (size_t)count * size + text);
    if (block == NULL)
        return pipette_error_set(error, PIPETTE_E_MEMORY, "%s: out of memory", what);
    memcpy(block, value->shape, head);
    data = block + head;
    strings = data + (size_t)count * size;
    for (i = 0; i < count; i++) {
        value_element from, to;
        int status;
        value_load(value->type, value->data, i, &from);
        status = value_element_convert(value->type, &from, type, &to);
        if (status != PIPETTE_OK) {
            free(block);
            return value_convert_fail(status, what, value->type, &from, type, error);
        }
        if (type == PIPETTE_TYPE_STRING) {
            size_t length = strlen(to.string) + 1;
            memcpy(strings, to.string, length);
            to.string = strings;
            strings += length;
        }
        memcpy(data + (size_t)i * size, &to, size);
    }
    out->type = type;
    out->rank = value->rank;
    out->shape = (const uint64_t *)(void *)block;
    out->data = data;
    return PIPETTE_OK;
}

int value_convert(const pipette_value *value, int type, const char *what, pipette_value *out, pipette_error *error)
{
    int status;
    *out = pipette_value_none();
    status = value_check(value, what, error);
    if (status != PIPETTE_OK)
        return status;
    if (type == PIPETTE_TYPE_NONE)
        type = value->type;
    return value->rank == 0 ? convert_scalar(value, type, what, out, error)
                            : convert_array(value, type, what, out, error);
}

void value_destroy(pipette_value *value)
{
    if (value->rank > 0)
        free((void *)(uintptr_t)value->shape);
    else if (value->type == PIPETTE_TYPE_STRING)
        free((void *)(uintptr_t)value->as.string);
    *value = pipette_value_none();
}

int value_equal(const pipette_value *a, const pipette_value *b)
{
    uint64_t count, i;
    if (a->type != b->type || a->rank != b->rank)
        return 0;
    if (a->rank > 0 && memcmp(a->shape, b->shape, a->rank * sizeof(uint64_t)) != 0)
        return 0;
    count = pipette_value_count(a);
    for (i = 0; i < count; i++) {
        value_element x, y;
        value_load(a->type, pipette_value_data(a), i, &x);
        value_load(a->type, pipette_value_data(b), i, &y);
        if (value_element_compare(a->type, &x, &y) != 0)
            return 0;
    }
    return 1;
}
