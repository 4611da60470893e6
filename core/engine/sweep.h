/* sweep.h: one engine_run() in work, shared by supervise.c (what workers send, the clock) and deaths.c (workers that end). */
#ifndef CORE_ENGINE_SWEEP_H
#define CORE_ENGINE_SWEEP_H

#include "engine/engine_private.h"

/* Positions that a dead worker left; a new one runs them one by one. */
typedef struct left_over {
    uint64_t first, count;
    int isolate; /* each in a process of its own */
} left_over;

/* How often a worker has died at a position. */
typedef struct suspect {
    uint64_t position;
    unsigned deaths;
} suspect;

#define SUSPECTS 256u

/* A message of a row whose state has not come yet. */
typedef struct early_message {
    uint64_t row;
    char *text;
} early_message;

typedef struct sweep {
    engine *engine;
    const engine_plan *plan;
    const engine_store *store;
    engine_report *report;
    pipette_error *error;
    int status; /* the first failure that ends the sweep */
    uint64_t done, failed, timed_out, infeasible; /* of runs whose states went through the supervisor */
    left_over *left;
    uint32_t left_count, left_capacity;
    uint32_t alive;
    uint32_t idle_deaths; /* deaths in a row before any run was begun */
    uint32_t dirty_runs;
    int isolate_all;
    suspect suspects[SUSPECTS];
    early_message *reasons; /* in the order of their coming */
    size_t reason_count, reason_capacity;
    double began, reported;
} sweep;

/* --- supervise.c --- */

/* Ends the sweep, after what runs, with the first such status. */
void sweep_stop_with(sweep *s, int status);
/* How often the user has asked to stop. */
int sweep_interrupted(const sweep *s);
/* Row and run at a position; 0 behind the last. */
int sweep_row_of(const sweep *s, uint64_t position, uint64_t *row, uint64_t *run);
void sweep_keep_first_failure(sweep *s, uint64_t run, const char *text);
void sweep_take_states(sweep *s, uint64_t row, uint64_t n, const int8_t *states);
/* Takes what a worker has sent. */
void sweep_drain(sweep *s, engine_slot *slot);

/* --- deaths.c --- */

/* Asks for a worker in slot `number`, which begins with what a dead one left. */
void sweep_spawn(sweep *s, uint32_t number);
/* A worker has ended: what it left runs again, the run at fault is recorded. */
void sweep_bury(sweep *s, uint32_t number, int wait_status);

#endif
