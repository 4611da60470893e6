/* apart.c: memory of a worker that is not on the heap. */
#include "base/apart.h"

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#define HEAD 64u /* before the memory: how much was mapped */

void *apart_make(size_t count, size_t size)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t bytes, total;
    unsigned char *at;
    if (size > 0 && count > (SIZE_MAX - HEAD - 4u * page) / size)
        return NULL;
    bytes = (count * size + HEAD + page - 1) / page * page;
    total = bytes + 2u * page;
    at = mmap(NULL, total, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED)
        return NULL;
    if (mprotect(at + page, bytes, PROT_READ | PROT_WRITE) != 0) {
        (void)munmap(at, total);
        return NULL;
    }
    *(size_t *)(void *)(at + page) = total;
    return at + page + HEAD;
}

/* The pages move, nothing is copied. */
void *apart_grow(void *memory, size_t size)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    unsigned char *old = (unsigned char *)memory - HEAD - page, *at;
    const size_t old_total = *(const size_t *)(const void *)(old + page);
    size_t bytes, total;
    if (size > SIZE_MAX - HEAD - 4u * page)
        return NULL;
    bytes = (size + HEAD + page - 1) / page * page;
    total = bytes + 2u * page;
    at = mmap(NULL, total, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED)
        return NULL;
    if (mremap(old + page, old_total - 2u * page, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, at + page) == MAP_FAILED) {
        (void)munmap(at, total);
        return NULL;
    }
    (void)munmap(old, page);
    (void)munmap(old + old_total - page, page);
    *(size_t *)(void *)(at + page) = total;
    return at + page + HEAD;
}

void apart_free(void *memory)
{
    unsigned char *head;
    if (memory == NULL)
        return;
    head = (unsigned char *)memory - HEAD;
    (void)munmap(head - (size_t)sysconf(_SC_PAGESIZE), *(const size_t *)(const void *)head);
}
