/* apart.h: memory of a worker that is not on the heap, where a model that writes too far would hit it: results and
 * states of other runs stay what they are. */
#ifndef CORE_BASE_APART_H
#define CORE_BASE_APART_H

#include <stddef.h>

/* `count` elements of `size` bytes, zeroed, aligned to 64 bytes, between pages that nobody can touch. It takes whole
 * pages: for what a worker makes once. apart_free() it; NULL without memory. */
void *apart_make(size_t count, size_t size);

/* Memory of apart_make() with room for `size` bytes, which is more than it had; NULL (and it stays) without memory.
 * What is new is zero. */
void *apart_grow(void *memory, size_t size);

/* NULL is none. */
void apart_free(void *memory);

#endif
