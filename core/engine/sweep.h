/* sweep.h: one engine_run() in work, shared by supervise.c (what workers send, the clock) and deaths.c (workers that
 * end). */
#ifndef CORE_ENGINE_SWEEP_H
#define CORE_ENGINE_SWEEP_H

#include "engine/engine_private.h"

/* Positions that a dead worker left; a new one runs them one by one. */
typedef struct left_over {
    uint64_t first, count;
    int isolate;    /* each in a process of its own */
    uint32_t tries; /* how often the first has been tried and has failed */
} left_over;

typedef struct left_over_list {
    left_over *items;
    uint32_t count, capacity;
} left_over_list;

/* What a worker's slot of the board says, as far as it makes sense: a model can write there. */
typedef struct claim {
    uint64_t first, end; /* positions that are not stored yet */
    uint64_t current, ran, lanes;
    uint64_t inherited_first, inherited_count;
    uint32_t left, tries;
    int sane;
} claim;

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
    int status;                                   /* the first failure that ends the sweep */
    uint64_t done, failed, timed_out, infeasible; /* of runs whose states went through the supervisor */
    left_over_list left;
    left_over_list alone; /* to be run with nobody else at work: one of them may have ended the model host */
    uint32_t alive, worker_limit;
    int stopping;          /* nothing more is begun */
    int gave_up;           /* too many runs have failed */
    int doubtful;          /* the board made no sense: what is stored has to be looked at */
    int only_left;         /* nothing is claimed any more but what is left over */
    uint64_t seen_next;    /* board.next, which only grows */
    uint32_t looks;        /* at what is stored */
    uint64_t missing;      /* runs that the last look has found without a state */
    uint32_t host_deaths;  /* in a row, without any run that was stored */
    uint64_t settled;      /* runs that had an end when somebody last looked */
    int refusal, few_told; /* errno of a process that was not to be had */
    double refused_since, again_at;
    engine_slot *speaker; /* whose records are taken; NULL: this process */
    uint32_t idle_deaths; /* deaths in a row before any run was begun */
    uint32_t dirty_runs;
    int isolate_all;
    suspect suspects[SUSPECTS];
    early_message *reasons; /* in the order of their coming */
    size_t reason_count, reason_capacity;
    early_message *refused; /* rows whose state is to come and will be `failed`, whatever it says (refusals.c) */
    size_t refused_count, refused_capacity;
    uint64_t wrong_bytes; /* of texts, no UTF-8 */
    double began, reported;
} sweep;

/* --- supervise.c --- */

/* Ends the sweep, after what runs, with the first such status. */
void sweep_stop_with(sweep *s, int status);
/* How often the user has asked to stop. */
int sweep_interrupted(const sweep *s);
/* Row and run at a position; 0 behind the last. */
int sweep_row_of(const sweep *s, uint64_t position, uint64_t *row, uint64_t *run);
uint64_t sweep_run_of_row(const sweep *s, uint64_t row);
void sweep_keep_first_failure(sweep *s, uint64_t run, const char *text);
void sweep_take_states(sweep *s, uint64_t row, uint64_t n, const int8_t *states);
/* Takes what a worker has sent. */
void sweep_drain(sweep *s, engine_slot *slot);

/* Ends of all kinds so far. */
uint64_t sweep_settled(const sweep *s);

/* The checksum of a run whose state this process sets; CHECKSUM_NONE as `state` -1: there is none. Before the state is
 * written. */
int sweep_note_checksum(sweep *s, uint64_t row, int state);

/* --- deaths.c --- */

void sweep_leave(sweep *s, left_over_list *list, uint64_t first, uint64_t count, int isolate, uint32_t tries);
/* Asks for a worker in slot `number`, which begins with the last of `list`. */
void sweep_spawn(sweep *s, uint32_t number, left_over_list *list);
/* The system gives no process: for a slot, which then is not alive, or for the runs of a worker, which has left. */
void sweep_refused(sweep *s, int why);
/* Reads a slot of the board. */
void sweep_claim(const sweep *s, uint32_t number, claim *out);
/* A run has failed where its worker could not say so: it is tried again, or recorded. */
void sweep_fail(sweep *s, const engine_slot *known, const claim *c, uint64_t position, int state, const char *reason);
/* How often a worker has died at this position, this time included. */
unsigned sweep_count_death(sweep *s, uint64_t position);
/* The run at `position` is settled; what else of the claim is not stored runs again. */
void sweep_leave_others(sweep *s, uint64_t position, uint64_t first, uint64_t end, int isolate);
/* A worker has ended: what it left runs again, the run at fault is recorded. */
void sweep_bury(sweep *s, uint32_t number, int wait_status);

/* --- recover.c --- */

/* Hands the plan to a host that has loaded the model; starts another host where there is none. */
int sweep_ready_host(sweep *s);
/* The model host has ended, and all workers with it. */
void sweep_host_ended(sweep *s);
/* Looks at what is stored, counts anew, and leaves over what is missing; 1 if there is any and hope for it. */
int sweep_look(sweep *s);

#endif
