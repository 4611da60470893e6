/* arena.h: memory that is freed all at once. */
#ifndef CORE_BASE_ARENA_H
#define CORE_BASE_ARENA_H

#include <stddef.h>

typedef struct arena arena;

/* NULL without memory. arena_destroy(NULL) does nothing. */
arena *arena_create(void);
void arena_destroy(arena *memory);

/* `count` elements of `size` bytes, zeroed, aligned for any type; also for count 0. NULL without memory. */
void *arena_get(arena *memory, size_t count, size_t size);

/* A copy of `length` bytes and a zero byte. */
char *arena_text(arena *memory, const char *text, size_t length);

#endif
