/* guarded.c: memory between two pages that nobody may touch. */
#include "engine/guarded.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define GUARDED_BYTES ((size_t)64 << 10) /* forbidden on either side */

int guarded_make(guarded *memory, size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    unsigned char *all;
    memory->room =
        (size + page) / page * page; /* at least a byte more than the data: an empty buffer lies in it, too */
    all = mmap(NULL, memory->room + 2 * GUARDED_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (all == MAP_FAILED)
        return 0;
    memory->low = all + GUARDED_BYTES;
    memory->data = memory->low;
    memory->size = 0;
    return mprotect(memory->low, memory->room, PROT_READ | PROT_WRITE) == 0;
}

void *guarded_place(guarded *memory, size_t size, size_t alignment, guarded_side side, unsigned char pattern)
{
    size_t at = side == GUARDED_BEFORE ? 0 : (memory->room - size) / alignment * alignment;
    memset(memory->low, pattern, memory->room);
    memory->data = memory->low + at;
    memory->size = size;
    return memory->data;
}

int64_t guarded_damage(const guarded *memory, unsigned char pattern)
{
    const unsigned char *at, *end = memory->low + memory->room;
    for (at = memory->data; at > memory->low; at--)
        if (at[-1] != pattern)
            return at - 1 - memory->data;
    for (at = memory->data + memory->size; at < end; at++)
        if (*at != pattern)
            return at - memory->data;
    return 0;
}

int guarded_holds(const guarded *memory, const void *address, int64_t *offset)
{
    uintptr_t at = (uintptr_t)address, low = (uintptr_t)memory->low - GUARDED_BYTES;
    *offset = (int64_t)(at - (uintptr_t)memory->data);
    return memory->low != NULL && at >= low && at < (uintptr_t)memory->low + memory->room + GUARDED_BYTES;
}
