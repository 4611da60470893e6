/* guard.h: the bytes before and behind memory that a model fills: they show when it wrote too far. */
#ifndef CORE_ENGINE_GUARD_H
#define CORE_ENGINE_GUARD_H

#include <stddef.h>

/* Bytes of a guard on each side. They begin directly at the memory that they guard. */
#define GUARD_BYTES 64u

/* Writes the pattern. A free() or realloc() of the memory behind it ends the process at once (glibc finds an impossible
 * size before the block) and gives nothing back to the system. */
void guard_fill(void *at, size_t size);

/* Looks at the guard; returns 1 where it is as it was. Else 0, with the first and the last byte that are not (each may
 * be NULL). */
int guard_intact(const void *at, size_t size, size_t *first, size_t *last);

#endif
