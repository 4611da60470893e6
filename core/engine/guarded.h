/* guarded.h: memory between two pages that nobody may touch, so that a write or a read one element beside it is seen.
 */
#ifndef CORE_ENGINE_GUARDED_H
#define CORE_ENGINE_GUARDED_H

#include <stddef.h>
#include <stdint.h>

/* Where the data lies: flush with the page behind it, or with the page before it. */
typedef enum guarded_side { GUARDED_BEHIND = 0, GUARDED_BEFORE = 1 } guarded_side;

typedef struct guarded {
    unsigned char *low;  /* first byte that can be touched; a forbidden page lies before it */
    size_t room;         /* bytes that can be touched; a forbidden page lies behind them */
    unsigned char *data; /* what was handed out, `size` bytes; the rest of the room holds the pattern */
    size_t size;
} guarded;

/* Room for up to `size` bytes. 0 where the system has no memory for it. */
int guarded_make(guarded *memory, size_t size);
/* Lays out `size` bytes (within the room) at a multiple of `alignment` and fills everything with `pattern`. Returns the
 * data. */
void *guarded_place(guarded *memory, size_t size, size_t alignment, guarded_side side, unsigned char pattern);
/* The byte nearest to the data that has changed beside it, counted from the data's first byte (so: negative, or not
 * below `size`); 0 where none has. The data itself is not looked at. */
int64_t guarded_damage(const guarded *memory, unsigned char pattern);
/* Whether an address lies in the memory or its two pages; `*offset` from the data's first byte. Safe in a signal
 * handler. */
int guarded_holds(const guarded *memory, const void *address, int64_t *offset);

#endif
