/* same.c: two values, bit by bit, and what to say of an element. */
#include "base/same.h"

char *same_element_text(const pipette_value *value, uint64_t i, char *out, size_t size)
{
    const void *data = pipette_value_data(value);
    switch (value->type) {
    case PIPETTE_TYPE_F64:
        (void)snprintf(out, size, "%.17g", ((const double *)data)[i]);
        break;
    case PIPETTE_TYPE_F32:
        (void)snprintf(out, size, "%.9g", (double)((const float *)data)[i]);
        break;
    case PIPETTE_TYPE_I64:
        (void)snprintf(out, size, "%lld", (long long)((const int64_t *)data)[i]);
        break;
    case PIPETTE_TYPE_I32:
        (void)snprintf(out, size, "%ld", (long)((const int32_t *)data)[i]);
        break;
    case PIPETTE_TYPE_U64:
        (void)snprintf(out, size, "%llu", (unsigned long long)((const uint64_t *)data)[i]);
        break;
    case PIPETTE_TYPE_BOOL:
        (void)snprintf(out, size, "%u", ((const uint8_t *)data)[i]);
        break;
    case PIPETTE_TYPE_COMPLEX:
        (void)snprintf(out, size, "%.17g%+.17gj", ((const pipette_complex *)data)[i].real,
                       ((const pipette_complex *)data)[i].imaginary);
        break;
    case PIPETTE_TYPE_STRING:
        (void)snprintf(out, size, "\"%.40s\"",
                       ((const char *const *)data)[i] == NULL ? "" : ((const char *const *)data)[i]);
        break;
    default:
        (void)snprintf(out, size, "?");
        break;
    }
    return out;
}

static int same_element(const pipette_value *a, const pipette_value *b, uint64_t i)
{
    size_t size = pipette_type_size(a->type);
    if (a->type == PIPETTE_TYPE_STRING) {
        const char *x = ((const char *const *)pipette_value_data(a))[i],
                   *y = ((const char *const *)pipette_value_data(b))[i];
        return strcmp(x == NULL ? "" : x, y == NULL ? "" : y) == 0;
    }
    return memcmp((const char *)pipette_value_data(a) + i * size, (const char *)pipette_value_data(b) + i * size,
                  size) == 0;
}

int same_elements(const pipette_value *a, const pipette_value *b, uint64_t *element)
{
    uint64_t i, count = pipette_value_count(a);
    if (a->type != PIPETTE_TYPE_STRING && (count == 0 || memcmp(pipette_value_data(a), pipette_value_data(b),
                                                                (size_t)count * pipette_type_size(a->type)) == 0))
        return 1;
    for (i = 0; i < count; i++)
        if (!same_element(a, b, i)) {
            *element = i;
            return 0;
        }
    return 1;
}

int same_value(const pipette_value *a, const pipette_value *b, uint64_t *element)
{
    *element = UINT64_MAX;
    return a->type == b->type && a->rank == b->rank &&
           (a->rank == 0 || memcmp(a->shape, b->shape, a->rank * sizeof *a->shape) == 0) &&
           same_elements(a, b, element);
}
