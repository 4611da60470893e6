/* board.c: what a worker can write to of the memory that all processes share. */
#include "engine/board.h"

#include <sys/mman.h>

_Static_assert(sizeof(board_slot) == 2 * BOARD_PAGE, "a slot is two pages");

static void protect(void *from, const void *to, int how)
{
    size_t size = (size_t)((const char *)to - (char *)from);
    if (size > 0)
        (void)mprotect(from, size, how);
}

void board_guard(board *shared, uint32_t slots, uint32_t slot)
{
    char *prints = board_print(shared, slots, 0), *own = board_print(shared, slots, slot);
    protect(&shared->slots[0], &shared->slots[slot], PROT_READ);
    protect(&shared->slots[slot + 1], prints, PROT_READ);
    protect(prints, own, PROT_READ);
    protect(own + BOARD_PRINT_BYTES, (char *)shared + board_size(slots), PROT_READ);
}

void board_lock(board *shared, uint32_t slot)
{
    (void)mprotect(shared, BOARD_PAGE, PROT_READ);
    (void)mprotect(&shared->slots[slot], BOARD_PAGE, PROT_READ);
}

void board_unlock(board *shared, uint32_t slot)
{
    (void)mprotect(&shared->slots[slot], BOARD_PAGE, PROT_READ | PROT_WRITE);
    (void)mprotect(shared, BOARD_PAGE, PROT_READ | PROT_WRITE);
}
