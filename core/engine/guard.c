/* guard.c: the bytes before and behind memory that a model fills: they show when it wrote too far. */
#include "engine/guard.h"

#include <stdint.h>
#include <string.h>

/* As a size before a block of the heap: larger than the address space, not a multiple of 16, of the main arena, not
 * mapped by itself. */
static const uint64_t pattern = UINT64_C(0xffffe7a5c3d9b6f9);

static unsigned char byte_for(const unsigned char *at)
{
    return ((const unsigned char *)&pattern)[(uintptr_t)at & 7u];
}

void guard_fill(void *at, size_t size)
{
    unsigned char *byte = at, *end = byte + size;
    for (; byte < end && ((uintptr_t)byte & 7u) != 0; byte++)
        *byte = byte_for(byte);
    for (; end - byte >= 8; byte += 8)
        memcpy(byte, &pattern, 8);
    for (; byte < end; byte++)
        *byte = byte_for(byte);
}

int guard_intact(const void *at, size_t size, size_t *first, size_t *last)
{
    const unsigned char *bytes = at, *byte = bytes, *end = bytes + size;
    uint64_t difference = 0, word;
    size_t i, from = size, to = 0;
    for (; byte < end && ((uintptr_t)byte & 7u) != 0; byte++)
        difference |= (uint64_t)(*byte ^ byte_for(byte));
    for (; end - byte >= 8; byte += 8) {
        memcpy(&word, byte, 8);
        difference |= word ^ pattern;
    }
    for (; byte < end; byte++)
        difference |= (uint64_t)(*byte ^ byte_for(byte));
    if (difference == 0)
        return 1;
    for (i = 0; i < size; i++)
        if (bytes[i] != byte_for(bytes + i)) {
            from = from == size ? i : from;
            to = i;
        }
    if (first != NULL)
        *first = from;
    if (last != NULL)
        *last = to;
    return 0;
}
