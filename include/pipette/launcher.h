/* launcher.h: the service that decides where runs execute. Version 0: may change until a second implementation exists.
 *
 * A launcher takes jobs. A job is a command line that executes a range of runs and leaves a complete, self-describing
 * shard; the range and the config are all that the place of execution needs. All functions: the process that runs the
 * command, its main thread. Each returns 0 or a negative status after pipette_stage_fail().
 */
#ifndef PIPETTE_LAUNCHER_H
#define PIPETTE_LAUNCHER_H

#include "plugin.h"

#define PIPETTE_LAUNCHER_VERSION 0u

typedef enum pipette_job_state {
    PIPETTE_JOB_WAITING = 1,
    PIPETTE_JOB_RUNNING = 2,
    PIPETTE_JOB_ENDED = 3, /* exit_code is valid */
    PIPETTE_JOB_LOST = 4   /* the place of execution is gone; the job must be started again */
} pipette_job_state;

typedef struct pipette_job {
    uint32_t size;
    uint32_t argument_count;
    const char *const *arguments; /* the command line; borrowed for the call */
    const char *folder;           /* working directory */
    uint64_t first_run, run_count;
} pipette_job;

typedef struct pipette_job_status {
    uint32_t size;
    int32_t state; /* pipette_job_state */
    int32_t exit_code;
    uint32_t reserved;
} pipette_job_status;

typedef struct pipette_launcher {
    uint32_t size;
    uint32_t version; /* PIPETTE_LAUNCHER_VERSION */
    int (*create)(pipette_stage *stage);
    void (*destroy)(pipette_stage *stage);
    /* How many jobs can run at once; 0: not known. */
    int (*capacity)(pipette_stage *stage, uint32_t *jobs);
    /* Starts a job and gives it a number. Does not wait for it. */
    int (*start)(pipette_stage *stage, const pipette_job *job, uint64_t *number);
    /* How a job is doing. Does not block. */
    int (*poll)(pipette_stage *stage, uint64_t number, pipette_job_status *status);
    /* Waits until a job changes its state, at most `seconds`. */
    int (*wait)(pipette_stage *stage, double seconds);
    /* Ends a job; ending one that has ended is no error. */
    int (*cancel)(pipette_stage *stage, uint64_t number);
} pipette_launcher;

#define PIPETTE_LAUNCHER(name, version, doc, options, table)                                                           \
    PIPETTE_PLUGIN_(PIPETTE_KIND_LAUNCHER, 0, name, version, doc, table, options, PIPETTE_COUNT_OF(options), NULL)

#endif
