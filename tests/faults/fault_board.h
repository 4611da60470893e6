/* fault_board.h: what a test and kill_shim.so share: a small file, mapped by both, named by PIPETTE_FAULT_BOARD. */
#ifndef TESTS_FAULT_BOARD_H
#define TESTS_FAULT_BOARD_H

#include <stdatomic.h>
#include <stdint.h>

enum {
    FAULT_NONE = 0,
    FAULT_BEFORE = 1,
    FAULT_AFTER = 2,
    FAULT_HALF = 3
};                                        /* when: HALF: half of the pages take effect */
enum { FAULT_CALLER = 0, FAULT_ALL = 1 }; /* whom */
enum { FAULT_PROCESSES = 1024 };

typedef struct fault_board {
    /* The shim: calls that would change a file, over all processes of the command, from 1. */
    _Atomic uint32_t calls;
    /* The test: at which call something happens (0: never). */
    uint32_t kill_at, kill_when, kill_whom;
    uint32_t fail_at;    /* this call and all later ones fail */
    uint32_t fail_error; /* with this errno */
    uint32_t fail_half;  /* the first of them writes half of its pages, as a disk does that fills up */
    uint32_t pause_us;   /* before each call, so that a command takes long enough to be watched */
    /* The shim: what happened, and to whom. */
    _Atomic uint32_t fired;
    int32_t hit;              /* the process that made the call */
    _Atomic uint32_t failed;  /* calls that were made to fail */
    _Atomic uint32_t end_all; /* to the test: kill them all; none of them changes a file any more */
    char call[64];            /* the call that was hit: "pwrite" */
    char file[192];
    _Atomic uint32_t process_count;
    _Atomic int32_t processes[FAULT_PROCESSES]; /* every process of the command, by the test's numbers */
} fault_board;

#endif
