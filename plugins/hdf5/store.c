/* Messages, text, values and conversions of the storage plugin. */
#include "store.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

int store_fail(store_file *store, int code, const char *format, ...)
{
    char message[900];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    store->failure = code;
    return pipette_stage_fail(store->stage, code, "%s", message);
}

int store_system(store_file *store, const char *format, ...)
{
    int number = errno;
    char message[800];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    store->failure = number == ENOMEM ? PIPETTE_E_MEMORY : PIPETTE_E_STORAGE;
    return pipette_stage_fail(store->stage, store->failure, "%s: %s", message, strerror(number));
}

int store_memory(store_file *store)
{
    return store_fail(store, PIPETTE_E_MEMORY, "out of memory while '%s' is stored", store->path ? store->path : "?");
}

char *store_copy(const char *text)
{
    return strdup(text != NULL ? text : "");
}

char *store_format(const char *format, ...)
{
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        text = NULL;
    va_end(arguments);
    return text;
}

void store_add(store_text *text, const char *bytes, size_t count)
{
    if (text->failed)
        return;
    if (text->capacity - text->length <= count) {
        size_t capacity = (text->capacity + count) * 2 + 256;
        char *data = realloc(text->data, capacity);
        if (data == NULL) {
            text->failed = true;
            return;
        }
        text->data = data;
        text->capacity = capacity;
    }
    if (count > 0)
        memcpy(text->data + text->length, bytes, count);
    text->length += count;
    text->data[text->length] = '\0';
}

void store_addf(store_text *text, const char *format, ...)
{
    char buffer[512];
    int length;
    va_list arguments;
    va_start(arguments, format);
    length = vsnprintf(buffer, sizeof buffer, format, arguments);
    va_end(arguments);
    if (length >= 0)
        store_add(text, buffer, (size_t)length < sizeof buffer ? (size_t)length : sizeof buffer - 1);
}

/* ---- Values ---- */

int store_value_make(store_file *store, store_value *out, int type, uint32_t rank, const uint64_t *shape,
                     size_t text_bytes)
{
    size_t size = pipette_type_size(type);
    uint64_t count = 1;
    char *block;
    uint32_t i;
    memset(out, 0, sizeof *out);
    out->value = pipette_value_none();
    out->value.type = type;
    out->value.rank = rank;
    for (i = 0; i < rank; i++)
        if (__builtin_mul_overflow(count, shape[i], &count))
            return store_memory(store);
    if (rank == 0)
        size = 0;
    if (__builtin_mul_overflow(count, size, &count) ||
        __builtin_add_overflow(count, text_bytes + 8 * rank + 16, &count))
        return store_memory(store);
    block = calloc(1, (size_t)count);
    if (block == NULL)
        return store_memory(store);
    out->block = block;
    if (rank > 0) {
        memcpy(block, shape, 8 * rank);
        out->value.shape = (const uint64_t *)(const void *)block;
        out->value.data = block + 8 * rank;
    }
    return PIPETTE_OK;
}

void *store_value_elements(store_value *value)
{
    return value->value.rank == 0 ? (void *)&value->value.as : (char *)value->block + 8 * value->value.rank;
}

char *store_value_texts(store_value *value)
{
    if (value->value.rank == 0)
        return value->block;
    return (char *)store_value_elements(value) +
           pipette_value_count(&value->value) * pipette_type_size(value->value.type);
}

int store_value_copy(store_file *store, store_value *out, const pipette_value *value)
{
    uint64_t count = pipette_value_count(value), i;
    const char *const *texts = pipette_value_data(value);
    size_t bytes = 0;
    int status;
    if (value->type == PIPETTE_TYPE_STRING)
        for (i = 0; i < count; i++)
            bytes += strlen(texts[i] != NULL ? texts[i] : "") + 1;
    status = store_value_make(store, out, value->type, value->rank, value->shape, bytes);
    if (status != PIPETTE_OK)
        return status;
    if (value->type == PIPETTE_TYPE_STRING) {
        const char **elements = store_value_elements(out);
        char *text = store_value_texts(out);
        for (i = 0; i < count; i++) {
            const char *from = texts[i] != NULL ? texts[i] : "";
            elements[i] = strcpy(text, from);
            text += strlen(from) + 1;
        }
    } else if (count > 0) {
        memcpy(store_value_elements(out), pipette_value_data(value), count * pipette_type_size(value->type));
    }
    return PIPETTE_OK;
}

bool store_value_equal(const pipette_value *a, const pipette_value *b)
{
    uint64_t count, i;
    if (a->type != b->type || a->rank != b->rank)
        return false;
    for (i = 0; i < a->rank; i++)
        if (a->shape[i] != b->shape[i])
            return false;
    count = pipette_value_count(a);
    if (a->type == PIPETTE_TYPE_STRING) {
        const char *const *left = pipette_value_data(a), *const *right = pipette_value_data(b);
        for (i = 0; i < count; i++)
            if (strcmp(left[i] ? left[i] : "", right[i] ? right[i] : "") != 0)
                return false;
        return true;
    }
    return count == 0 || memcmp(pipette_value_data(a), pipette_value_data(b), count * pipette_type_size(a->type)) == 0;
}

void store_value_free(store_value *value)
{
    free(value->block);
    memset(value, 0, sizeof *value);
}

/* ---- Fill values and conversions ---- */

void store_fill(int type, void *elements, uint64_t count)
{
    uint64_t i;
    switch (type) {
    case PIPETTE_TYPE_COMPLEX:
        count *= 2;
        /* fall through */
    case PIPETTE_TYPE_F64:
        for (i = 0; i < count; i++)
            ((double *)elements)[i] = (double)NAN;
        break;
    case PIPETTE_TYPE_F32:
        for (i = 0; i < count; i++)
            ((float *)elements)[i] = NAN;
        break;
    case PIPETTE_TYPE_I64:
        for (i = 0; i < count; i++)
            ((int64_t *)elements)[i] = PIPETTE_FILL_I64;
        break;
    case PIPETTE_TYPE_I32:
        for (i = 0; i < count; i++)
            ((int32_t *)elements)[i] = PIPETTE_FILL_I32;
        break;
    case PIPETTE_TYPE_U64:
        for (i = 0; i < count; i++)
            ((uint64_t *)elements)[i] = PIPETTE_FILL_U64;
        break;
    case PIPETTE_TYPE_BOOL:
        memset(elements, PIPETTE_FILL_BOOL, (size_t)count);
        break;
    default:
        break;
    }
}

static bool is_fill(int type, const void *element)
{
    switch (type) {
    case PIPETTE_TYPE_I64:
        return *(const int64_t *)element == PIPETTE_FILL_I64;
    case PIPETTE_TYPE_I32:
        return *(const int32_t *)element == PIPETTE_FILL_I32;
    case PIPETTE_TYPE_U64:
        return *(const uint64_t *)element == PIPETTE_FILL_U64;
    case PIPETTE_TYPE_BOOL:
        return *(const int8_t *)element == PIPETTE_FILL_BOOL;
    default:
        return false; /* NaN stays NaN by itself */
    }
}

static double as_f64(int type, const void *element)
{
    switch (type) {
    case PIPETTE_TYPE_F64:
        return *(const double *)element;
    case PIPETTE_TYPE_F32:
        return (double)*(const float *)element;
    case PIPETTE_TYPE_I64:
        return (double)*(const int64_t *)element;
    case PIPETTE_TYPE_I32:
        return (double)*(const int32_t *)element;
    case PIPETTE_TYPE_U64:
        return (double)*(const uint64_t *)element;
    default:
        return (double)*(const int8_t *)element;
    }
}

/* An integer as sign and magnitude's 64 bits; false if it does not fit `to`. */
static bool as_integer(int type, const void *element, int to, void *out)
{
    bool negative = false;
    uint64_t bits;
    int64_t number = 0;
    switch (type) {
    case PIPETTE_TYPE_I64:
        number = *(const int64_t *)element;
        break;
    case PIPETTE_TYPE_I32:
        number = *(const int32_t *)element;
        break;
    case PIPETTE_TYPE_U64:
        number = (int64_t) * (const uint64_t *)element;
        break;
    default:
        number = *(const int8_t *)element;
        break;
    }
    bits = (uint64_t)number;
    negative = type != PIPETTE_TYPE_U64 && number < 0;
    switch (to) {
    case PIPETTE_TYPE_I64:
        if (!negative && bits > INT64_MAX)
            return false;
        *(int64_t *)out = number;
        return true;
    case PIPETTE_TYPE_I32:
        if (negative ? number < INT32_MIN : bits > INT32_MAX)
            return false;
        *(int32_t *)out = (int32_t)number;
        return true;
    default:
        if (negative)
            return false;
        *(uint64_t *)out = bits;
        return true;
    }
}

int store_convert(store_file *store, const char *path, int from, const void *in, int to, void *out, uint64_t count,
                  bool fills)
{
    size_t in_size = pipette_type_size(from), out_size = pipette_type_size(to);
    bool integer =
        from == PIPETTE_TYPE_I64 || from == PIPETTE_TYPE_I32 || from == PIPETTE_TYPE_U64 || from == PIPETTE_TYPE_BOOL;
    bool real = integer || from == PIPETTE_TYPE_F64 || from == PIPETTE_TYPE_F32;
    bool ok = from == to;
    uint64_t i;
    if (ok && from != PIPETTE_TYPE_STRING) {
        memcpy(out, in, count * in_size);
        return PIPETTE_OK;
    }
    if (to == PIPETTE_TYPE_F64 || to == PIPETTE_TYPE_F32 || to == PIPETTE_TYPE_COMPLEX)
        ok = real;
    else if (to == PIPETTE_TYPE_I64 || to == PIPETTE_TYPE_I32 || to == PIPETTE_TYPE_U64)
        ok = integer;
    if (!ok || from == PIPETTE_TYPE_STRING)
        return store_fail(store, PIPETTE_E_TYPE, "'%s' is %s and cannot be read as %s", path, pipette_type_text(from),
                          pipette_type_text(to));
    for (i = 0; i < count; i++) {
        const void *element = (const char *)in + i * in_size;
        char *target = (char *)out + i * out_size;
        if (fills && is_fill(from, element)) {
            store_fill(to, target, 1);
        } else if (to == PIPETTE_TYPE_F64) {
            *(double *)(void *)target = as_f64(from, element);
        } else if (to == PIPETTE_TYPE_F32) {
            *(float *)(void *)target = (float)as_f64(from, element);
        } else if (to == PIPETTE_TYPE_COMPLEX) {
            ((double *)(void *)target)[0] = as_f64(from, element);
            ((double *)(void *)target)[1] = 0.0;
        } else if (!as_integer(from, element, to, target)) {
            return store_fail(store, PIPETTE_E_TYPE, "a value of '%s' (%s) does not fit %s", path,
                              pipette_type_text(from), pipette_type_text(to));
        }
    }
    return PIPETTE_OK;
}
