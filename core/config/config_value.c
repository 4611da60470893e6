/* config_value.c: values of config nodes, converted to the type asked for where nothing is lost. */
#include "config/config_node.h"

#include <errno.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

const char *config_type_words(int type)
{
    switch (type) {
    case PIPETTE_TYPE_F64:
    case PIPETTE_TYPE_F32:
    case PIPETTE_TYPE_COMPLEX:
        return "a number";
    case PIPETTE_TYPE_I64:
    case PIPETTE_TYPE_I32:
        return "an integer";
    case PIPETTE_TYPE_U64:
        return "an integer from 0";
    case PIPETTE_TYPE_BOOL:
        return "true or false";
    case PIPETTE_TYPE_STRING:
        return "text";
    case PIPETTE_OPTION_ARRAY:
        return "an array of values [ ]";
    case PIPETTE_OPTION_LIST:
        return "a list ( )";
    case PIPETTE_OPTION_GROUP:
        return "a group { }";
    default:
        return "a value";
    }
}

/* The shortest of %.15g and %.17g that reads back the same, with a point so that it looks like a float. */
static const char *float_words(double value, char buffer[CONFIG_LABEL_SIZE])
{
    (void)snprintf(buffer, CONFIG_LABEL_SIZE, "%.15g", value);
    if (isfinite(value)) {
        if (strtod(buffer, NULL) != value)
            (void)snprintf(buffer, CONFIG_LABEL_SIZE, "%.17g", value);
        if (strpbrk(buffer, ".,e") == NULL)
            memcpy(buffer + strlen(buffer), ".0", 3);
    }
    return buffer;
}

const char *config_node_words(const pipette_option *node, char buffer[CONFIG_LABEL_SIZE])
{
    switch (node->kind) {
    case PIPETTE_TYPE_F64:
        return float_words(node->as.f64, buffer);
    case PIPETTE_TYPE_I64:
        (void)snprintf(buffer, CONFIG_LABEL_SIZE, "%" PRId64, node->as.i64);
        return buffer;
    case PIPETTE_TYPE_U64:
        (void)snprintf(buffer, CONFIG_LABEL_SIZE, "%" PRIu64, node->as.u64);
        return buffer;
    case PIPETTE_TYPE_BOOL:
        return node->as.boolean ? "true" : "false";
    case PIPETTE_TYPE_STRING:
        return "text";
    case PIPETTE_OPTION_ARRAY:
        return node->count == 0 ? "an empty list" : "an array";
    case PIPETTE_OPTION_LIST:
        return "a list";
    default:
        return "a group";
    }
}

static int does_not_fit(const pipette_option *node, int type, pipette_error *error)
{
    char label[CONFIG_LABEL_SIZE], words[CONFIG_LABEL_SIZE];
    return config_fail(node, error, PIPETTE_E_CONFIG, "%s is %s, which does not fit into %s", config_label(node, label),
                       config_node_words(node, words), pipette_type_text(type));
}

/* True if the integer of `node` is a double without loss. */
static int exact_double(const pipette_option *node, double *out)
{
    if (node->kind == PIPETTE_TYPE_U64) {
        *out = (double)node->as.u64;
        return *out < 0x1p64 && (uint64_t)*out == node->as.u64;
    }
    *out = (double)node->as.i64;
    return *out < 0x1p63 && (int64_t)*out == node->as.i64;
}

static int to_float(const pipette_option *node, int type, double *out, pipette_error *error)
{
    char label[CONFIG_LABEL_SIZE], words[CONFIG_LABEL_SIZE];
    if (node->kind == PIPETTE_TYPE_F64) {
        *out = node->as.f64;
        if (type == PIPETTE_TYPE_F32 && isfinite(*out) && fabs(*out) > (double)FLT_MAX)
            return does_not_fit(node, type, error);
        return PIPETTE_OK;
    }
    if (!exact_double(node, out) || (type == PIPETTE_TYPE_F32 && (double)(float)*out != *out))
        return config_fail(node, error, PIPETTE_E_CONFIG,
                           "%s is %s, which no %s holds exactly; write it as a float if it may be rounded",
                           config_label(node, label), config_node_words(node, words), pipette_type_text(type));
    return PIPETTE_OK;
}

/* u64 also as text, because other readers of libconfig's files have no literal for it. */
static int digits_to_u64(const char *text, uint64_t *out)
{
    char *end;
    unsigned long long value;
    if (text[0] == '\0' || strspn(text, "0123456789") != strlen(text))
        return 0;
    errno = 0;
    value = strtoull(text, &end, 10);
    *out = value;
    return errno == 0;
}

static int to_u64(const pipette_option *node, uint64_t *out, pipette_error *error)
{
    char label[CONFIG_LABEL_SIZE];
    if (node->kind == PIPETTE_TYPE_STRING) {
        if (digits_to_u64(node->as.string, out))
            return PIPETTE_OK;
        return config_fail(node, error, PIPETTE_E_CONFIG, "%s takes an integer from 0 to %" PRIu64 ", not \"%.40s\"",
                           config_label(node, label), UINT64_MAX, node->as.string);
    }
    if (node->kind == PIPETTE_TYPE_I64 && node->as.i64 < 0)
        return config_fail(node, error, PIPETTE_E_CONFIG, "%s is %" PRId64 ", but takes no negative number",
                           config_label(node, label), node->as.i64);
    *out = node->kind == PIPETTE_TYPE_U64 ? node->as.u64 : (uint64_t)node->as.i64;
    return PIPETTE_OK;
}

/* What a conversion that makes no sense is told. */
static int wrong_type(const pipette_option *node, int type, pipette_error *error)
{
    char label[CONFIG_LABEL_SIZE], words[CONFIG_LABEL_SIZE], hint[80] = "";
    double value = node->kind == PIPETTE_TYPE_F64 ? node->as.f64 : 0.5;
    if (node->kind == PIPETTE_TYPE_F64 && type != PIPETTE_TYPE_STRING && type != PIPETTE_TYPE_BOOL &&
        value == floor(value) && fabs(value) < 1e15)
        (void)snprintf(hint, sizeof hint, "; write %.0f", value);
    else if (type == PIPETTE_TYPE_STRING && node->kind < PIPETTE_OPTION_ARRAY)
        (void)snprintf(hint, sizeof hint, "; put it in quotes");
    return config_fail(node, error, PIPETTE_E_CONFIG, "%s takes %s, not %s%s", config_label(node, label),
                       config_type_words(type), config_node_words(node, words), hint);
}

static int is_number(const pipette_option *node)
{
    return node->kind == PIPETTE_TYPE_F64 || node->kind == PIPETTE_TYPE_I64 || node->kind == PIPETTE_TYPE_U64;
}

/* True if the kind of `node` may become `type` at all. */
static int may_become(const pipette_option *node, int type)
{
    switch (type) {
    case PIPETTE_TYPE_F64:
    case PIPETTE_TYPE_F32:
    case PIPETTE_TYPE_COMPLEX:
        return is_number(node);
    case PIPETTE_TYPE_I64:
    case PIPETTE_TYPE_I32:
        return node->kind == PIPETTE_TYPE_I64 || node->kind == PIPETTE_TYPE_U64;
    case PIPETTE_TYPE_U64:
        return node->kind == PIPETTE_TYPE_I64 || node->kind == PIPETTE_TYPE_U64 || node->kind == PIPETTE_TYPE_STRING;
    default:
        return node->kind == type;
    }
}

/* Converts the scalar `node`; `out` has room for one element of `type`. */
static int convert(const pipette_option *node, int type, void *out, pipette_error *error)
{
    double number = 0;
    int status = PIPETTE_OK;
    if (!may_become(node, type))
        return wrong_type(node, type, error);
    switch (type) {
    case PIPETTE_TYPE_F64:
    case PIPETTE_TYPE_F32:
    case PIPETTE_TYPE_COMPLEX:
        status = to_float(node, type, &number, error);
        if (type == PIPETTE_TYPE_F64)
            *(double *)out = number;
        else if (type == PIPETTE_TYPE_F32)
            *(float *)out = status == PIPETTE_OK ? (float)number : 0;
        else
            *(pipette_complex *)out = (pipette_complex){number, 0};
        return status;
    case PIPETTE_TYPE_I64:
        if (node->kind == PIPETTE_TYPE_U64)
            return does_not_fit(node, type, error);
        *(int64_t *)out = node->as.i64;
        return PIPETTE_OK;
    case PIPETTE_TYPE_I32:
        if (node->kind == PIPETTE_TYPE_U64 || node->as.i64 < INT32_MIN || node->as.i64 > INT32_MAX)
            return does_not_fit(node, type, error);
        *(int32_t *)out = (int32_t)node->as.i64;
        return PIPETTE_OK;
    case PIPETTE_TYPE_U64:
        return to_u64(node, out, error);
    case PIPETTE_TYPE_BOOL:
        *(uint8_t *)out = node->as.boolean;
        return PIPETTE_OK;
    case PIPETTE_TYPE_STRING:
        *(const char **)out = node->as.string;
        return PIPETTE_OK;
    default:
        return pipette_error_set(error, PIPETTE_E_INVALID, "no such value type: %d", type);
    }
}

/* The one type that all elements of an array widen to. */
static int natural_type(const pipette_option *array, int *type, pipette_error *error)
{
    char label[CONFIG_LABEL_SIZE], words[CONFIG_LABEL_SIZE];
    int has_float = 0, has_large = 0;
    uint64_t i;
    if (array->count == 0) {
        *type = PIPETTE_TYPE_F64;
        return PIPETTE_OK;
    }
    for (i = 0; i < array->count; i++) {
        const pipette_option *first = array->children[0], *element = array->children[i];
        if (element->kind != first->kind && !(is_number(element) && is_number(first)))
            return config_fail(element, error, PIPETTE_E_CONFIG,
                               "%s is %s, but the array begins with %s; its elements need one type",
                               config_label(element, label), config_node_words(element, words),
                               is_number(first) ? "a number" : config_type_words(first->kind));
        has_float |= element->kind == PIPETTE_TYPE_F64;
        has_large |= element->kind == PIPETTE_TYPE_U64;
    }
    *type = array->children[0]->kind;
    if (is_number(array->children[0]))
        *type = has_float ? PIPETTE_TYPE_F64 : has_large ? PIPETTE_TYPE_U64 : PIPETTE_TYPE_I64;
    return PIPETTE_OK;
}

static int convert_elements(const pipette_option *array, int type, config_elements **out, pipette_error *error)
{
    size_t size = pipette_type_size(type);
    config_elements *made;
    uint64_t i;
    int status = PIPETTE_OK;
    if (size == 0)
        return pipette_error_set(error, PIPETTE_E_INVALID, "no such value type: %d", type);
    made = calloc(1, sizeof *made);
    if (made != NULL)
        made->data = calloc(array->count + 1, size);
    if (made == NULL || made->data == NULL) {
        free(made);
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory for an array of the config");
    }
    made->type = type;
    made->extent = array->count;
    for (i = 0; status == PIPETTE_OK && i < array->count; i++)
        status = convert(array->children[i], type, (char *)made->data + i * size, error);
    if (status != PIPETTE_OK) {
        free(made->data);
        free(made);
        return status;
    }
    *out = made;
    return PIPETTE_OK;
}

static int array_value(const pipette_option *node, int type, pipette_value *value, pipette_error *error)
{
    config_elements *elements;
    int status;
    if (type == PIPETTE_TYPE_NONE && (status = natural_type(node, &type, error)) != PIPETTE_OK)
        return status;
    for (elements = node->elements; elements != NULL && elements->type != type; elements = elements->next)
        continue;
    if (elements == NULL) {
        pipette_option *owner = (pipette_option *)(uintptr_t)node; /* nodes are made here, never constant */
        status = convert_elements(node, type, &elements, error);
        if (status != PIPETTE_OK)
            return status;
        elements->next = owner->elements;
        owner->elements = elements;
    }
    *value = pipette_value_array(type, 1, &elements->extent, elements->data);
    return PIPETTE_OK;
}

int config_value(const pipette_option *node, int type, pipette_value *value, pipette_error *error)
{
    pipette_value scalar = pipette_value_none();
    int status;
    if (node->kind == PIPETTE_OPTION_ARRAY)
        return array_value(node, type, value, error);
    if (node->kind > PIPETTE_OPTION_ARRAY)
        return wrong_type(node, type, error);
    scalar.type = type == PIPETTE_TYPE_NONE ? node->kind : type;
    status = convert(node, scalar.type, &scalar.as, error);
    if (status == PIPETTE_OK)
        *value = scalar;
    return status;
}
