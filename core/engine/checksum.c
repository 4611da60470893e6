/* checksum.c: one number for what is stored of a run. */
#include "engine/checksum.h"

#include <libdeflate.h>
#include <math.h>

/* A number times this, whatever single bit of it changes: the first 7 bits of the product change, since nowhere in here
 * are 7 equal bits in a row, and the last one is set. Millions of runs of one number each cannot wait for a CRC. */
#define FACTOR UINT64_C(0x94d049bb133111eb)

enum { STATE_SHIFT = 25 };

uint32_t checksum_seed(const char *path)
{
    uint32_t seed = libdeflate_crc32(0, path, strlen(path));
    return seed != 0 ? seed : 1;
}

/* The bits of an element that has no value, with those of smaller types in front. */
static uint64_t fill_of(int type)
{
    const double f64 = NAN;
    const float f32 = NAN;
    uint64_t bits = 0;
    uint32_t half = 0;
    switch (type) {
    case PIPETTE_TYPE_F64:
    case PIPETTE_TYPE_COMPLEX:
        memcpy(&bits, &f64, sizeof bits);
        return bits;
    case PIPETTE_TYPE_F32:
        memcpy(&half, &f32, sizeof half);
        return half;
    case PIPETTE_TYPE_I64:
        return (uint64_t)PIPETTE_FILL_I64;
    case PIPETTE_TYPE_I32:
        return (uint32_t)PIPETTE_FILL_I32;
    case PIPETTE_TYPE_U64:
        return PIPETTE_FILL_U64;
    default:
        return (uint8_t)PIPETTE_FILL_BOOL;
    }
}

/* Never only one bit of it differs: that tells what has changed from a checksum that has. */
static uint32_t mix(uint64_t bits, uint64_t key)
{
    const uint32_t product = (uint32_t)(((bits ^ key) * FACTOR) >> 32);
    return product ^ product >> 15;
}

/* One loop for each size: the compiler knows how to load it. */
#define ADD_NUMBERS(unsigned_type)                                                                                     \
    for (i = 0; i < count; i++, at += stride) {                                                                        \
        unsigned_type bits;                                                                                            \
        memcpy(&bits, at, sizeof bits);                                                                                \
        sums[i] ^= bits == (unsigned_type)fill ? 0 : mix(bits, key);                                                   \
    }

static void add_numbers(uint64_t key, uint64_t fill, size_t size, const unsigned char *at, uint64_t stride,
                        uint64_t count, uint32_t *sums)
{
    uint64_t i;
    if (size == 8)
        ADD_NUMBERS(uint64_t)
    else if (size == 4)
        ADD_NUMBERS(uint32_t)
    else
        ADD_NUMBERS(uint8_t)
}

static int all_fill(int type, uint64_t elements, const unsigned char *at)
{
    const uint64_t fill = fill_of(type), count = type == PIPETTE_TYPE_COMPLEX ? 2 * elements : elements;
    const size_t size = type == PIPETTE_TYPE_COMPLEX ? sizeof(double) : pipette_type_size(type);
    uint64_t i;
    for (i = 0; i < count; i++)
        if (memcmp(at + i * size, &fill, size) != 0) /* little-endian, as the file is */
            return 0;
    return 1;
}

void checksum_rows(uint32_t seed, int type, uint64_t elements, const void *rows, uint64_t stride, uint64_t count,
                   uint32_t *sums)
{
    const unsigned char *at = rows;
    const size_t size = pipette_type_size(type);
    uint64_t i;
    if (elements == 1 && size <= sizeof(uint64_t)) {
        add_numbers(seed * FACTOR, fill_of(type), size, at, stride, count, sums);
        return;
    }
    for (i = 0; i < count; i++, at += stride)
        if (!all_fill(type, elements, at))
            sums[i] ^= libdeflate_crc32(seed, at, (size_t)elements * size);
}

uint32_t checksum_value(uint32_t seed, const pipette_value *value)
{
    const uint64_t count = pipette_value_count(value);
    const char *const *texts;
    uint32_t term = seed;
    uint64_t i;
    int any = 0;
    if (value->type != PIPETTE_TYPE_STRING && value->rank == 0) {
        term = 0;
        checksum_rows(seed, value->type, 1, pipette_value_data(value), 0, 1, &term);
        return term;
    }
    if (value->type != PIPETTE_TYPE_STRING)
        return count == 0 ? 0 : libdeflate_crc32(seed, value->data, (size_t)count * pipette_type_size(value->type));
    texts = value->rank == 0 ? &value->as.string : (const char *const *)value->data;
    for (i = 0; i < count; i++) {
        const char *text = texts[i] == NULL ? "" : texts[i];
        any |= text[0] != '\0';
        term = libdeflate_crc32(term, text, strlen(text) + 1);
    }
    return any ? term : 0;
}

void checksum_close(const uint32_t *sums, const int8_t *states, uint64_t count, uint32_t width, void *out)
{
    uint8_t *bytes = out;
    uint64_t i;
    for (i = 0; i < count; i++) {
        uint32_t sum = (states[i] == PIPETTE_STATE_DONE ? sums[i] : 0) ^ (uint32_t)(uint8_t)states[i] << STATE_SHIFT;
        if (width == 1) {
            bytes[i] = (uint8_t)(0x80u | sum >> STATE_SHIFT);
        } else {
            sum = 0x80000000u | sum >> 1;
            memcpy(bytes + 4 * i, &sum, sizeof sum);
        }
    }
}

void checksum_add(void *stored, uint64_t row, uint32_t width, uint32_t term)
{
    uint8_t *at = (uint8_t *)stored + row * width;
    uint32_t sum;
    if (width == 1) {
        *at = (uint8_t)(*at ^ term >> STATE_SHIFT);
        return;
    }
    memcpy(&sum, at, sizeof sum);
    sum ^= term >> 1;
    memcpy(at, &sum, sizeof sum);
}

uint32_t checksum_of_state(int state, uint32_t width)
{
    const uint32_t none = 0;
    const int8_t byte = (int8_t)state;
    uint32_t out = 0;
    checksum_close(&none, &byte, 1, width, &out);
    return out;
}
