/* arena.c: a list of blocks, each filled from its start. */
#include "base/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct block {
    struct block *next;
    size_t used, size;
    max_align_t bytes[];
} block;

struct arena {
    block *blocks;
};

enum { BLOCK_SIZE = 8192 };

arena *arena_create(void)
{
    return calloc(1, sizeof(arena));
}

void arena_destroy(arena *memory)
{
    block *one, *next;
    if (memory == NULL)
        return;
    for (one = memory->blocks; one != NULL; one = next) {
        next = one->next;
        free(one);
    }
    free(memory);
}

void *arena_get(arena *memory, size_t count, size_t size)
{
    const size_t alignment = sizeof(max_align_t);
    block *one = memory->blocks;
    size_t bytes;
    void *result;
    if (size != 0 && count > (size_t)PTRDIFF_MAX / 2 / size)
        return NULL;
    bytes = (count * size + alignment - 1) / alignment * alignment;
    if (bytes == 0)
        bytes = alignment;
    if (one == NULL || bytes > one->size - one->used) {
        size_t room = bytes > BLOCK_SIZE ? bytes : BLOCK_SIZE;
        one = calloc(1, sizeof *one + room);
        if (one == NULL)
            return NULL;
        one->size = room;
        one->next = memory->blocks;
        memory->blocks = one;
    }
    result = (char *)one->bytes + one->used;
    one->used += bytes;
    return result;
}

char *arena_text(arena *memory, const char *text, size_t length)
{
    char *copy = length < SIZE_MAX ? arena_get(memory, length + 1, 1) : NULL;
    if (copy != NULL && length > 0)
        memcpy(copy, text, length);
    return copy;
}
