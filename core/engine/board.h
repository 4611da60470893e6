/* board.h: the memory that supervisor, model host and workers share: which runs are claimed, which are stored, how far
 * each worker is. Every cell has one writer, but `next`, which all workers add to. */
#ifndef CORE_ENGINE_BOARD_H
#define CORE_ENGINE_BOARD_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define BOARD_PAGE 4096u
#define BOARD_REASON_BYTES 256u

/* Positions count the wanted runs of the plan, from 0, across its spans. The first page is out of the model's reach
 * while it computes; what is in the second, it can damage: board_current() and board_ran() believe only what fits the
 * first. */
typedef struct board_slot {
    _Alignas(BOARD_PAGE) _Atomic uint64_t claim_first; /* worker: the positions it has claimed */
    _Atomic uint64_t claim_count;
    _Atomic uint64_t stored;    /* worker: how many of them, from the first on, are stored with their state */
    _Atomic uint64_t lanes;     /* worker: how many runs the current call computes at once */
    _Atomic uint64_t begun;     /* worker: runs this process had begun before the chunk in work */
    _Atomic uint32_t computing; /* worker: 1: the model is at work on a chunk */
    _Atomic uint32_t
        looking; /* worker: 1: it prepares a chunk, or looks at what one has left: that may hang, too (stdio's lock) */
    _Atomic uint32_t left;                     /* worker: BOARD_LEFT_...; an exit() of the model leaves 0 here */
    _Atomic uint64_t done, failed, infeasible; /* worker: totals over all processes of this slot */
    /* supervisor, before it asks for a process: positions that a dead worker left, to be run first, one by one */
    _Atomic uint64_t inherited_first, inherited_count;
    _Atomic uint32_t isolate;         /* supervisor: BOARD_ISOLATE_... */
    _Atomic uint32_t only_inherited;  /* supervisor: the process claims nothing beyond them */
    _Atomic uint32_t inherited_tries; /* supervisor: how often the first of them has been tried */
    char changed[96];                 /* worker, with BOARD_LEFT_DIRTY: what the runs have changed */

    _Alignas(BOARD_PAGE) _Atomic uint64_t current; /* worker: the position that is being run; BOARD_IDLE between runs */
    _Atomic uint64_t ran;   /* worker: runs this process has begun; changes tell the supervisor that it lives */
    _Atomic uint32_t tries; /* worker: how often it has tried the current run, where failed runs are tried again */
    char reason[BOARD_REASON_BYTES]; /* worker, in a memory fault: what happened, where it can be told; else "" */
} board_slot;

#define BOARD_IDLE UINT64_MAX
/* LEAVING: all is stored, the model's destroy() is at work. */
/* REFUSED: the system gave no process for a run, which stays pending like the rest of the claim. */
enum { BOARD_LEFT_IN_ORDER = 1, BOARD_LEFT_DIRTY = 2, BOARD_LEFT_LEAVING = 3, BOARD_LEFT_REFUSED = 4 };
/* Which runs get a process of their own: the inherited ones, or whatever this worker runs. */
enum { BOARD_ISOLATE_INHERITED = 1, BOARD_ISOLATE_ALL = 2 };

typedef struct board {
    _Alignas(BOARD_PAGE) _Atomic uint64_t next; /* first position that nobody has claimed */
    _Alignas(128) _Atomic uint32_t stop;        /* supervisor: 1: claim nothing more */
    board_slot slots[];
} board;

/* Behind the slots: the buffer of each worker's stdout, so that what a run printed is there when it hangs or dies. Zero
 * bytes but for what waits in it. */
#define BOARD_PRINT_BYTES 65536u

static inline size_t board_size(uint32_t slots)
{
    return sizeof(board) + (size_t)slots * (sizeof(board_slot) + BOARD_PRINT_BYTES);
}

/* `slots` as the board was made with, which does not stand in it: a model could change that. */
static inline char *board_print(board *shared, uint32_t slots, uint32_t slot)
{
    return (char *)&shared->slots[slots] + (size_t)slot * BOARD_PRINT_BYTES;
}

/* The position that is being run; BOARD_IDLE between chunks. */
static inline uint64_t board_current(board_slot *slot)
{
    uint64_t first = atomic_load(&slot->claim_first) + atomic_load(&slot->stored);
    uint64_t end = atomic_load(&slot->claim_first) + atomic_load(&slot->claim_count),
             current = atomic_load(&slot->current);
    if (atomic_load(&slot->computing) == 0)
        return BOARD_IDLE;
    return current >= first && current < end ? current : first;
}

/* How many runs this process has begun. */
static inline uint64_t board_ran(board_slot *slot)
{
    uint64_t begun = atomic_load(&slot->begun), ran = atomic_load(&slot->ran);
    if (atomic_load(&slot->computing) == 0)
        return begun;
    return ran - begun - 1 < atomic_load(&slot->claim_count) ? ran : begun + 1;
}

/* Whether board_current() is what the worker said, not what is left of it. */
static inline int board_knows(board_slot *slot)
{
    uint64_t first = atomic_load(&slot->claim_first) + atomic_load(&slot->stored);
    uint64_t end = atomic_load(&slot->claim_first) + atomic_load(&slot->claim_count),
             current = atomic_load(&slot->current);
    if (end - first == 1 || atomic_load(&slot->lanes) > 1)
        return 1;
    return current >= first && current < end &&
           atomic_load(&slot->ran) - atomic_load(&slot->begun) - 1 == current - first;
}

/* ---- board.c: what of it a worker can write to ---- */

/* For good: nothing of the other slots. */
void board_guard(board *shared, uint32_t slots, uint32_t slot);
/* While the model is at work: nothing but the second page of its own slot. */
void board_lock(board *shared, uint32_t slot);
void board_unlock(board *shared, uint32_t slot);

#endif
