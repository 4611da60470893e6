/* host.h: the model host: a process that loads the model and forks the workers. It is forked before the supervisor
 * loads a storage plugin, so that no worker inherits the storage's libraries (a worker that calls exit() would run
 * their exit handlers).
 *
 *     supervisor -> keeper -> model host -> worker -> (a process for one run)
 *
 * The keeper runs no foreign code. It waits for the end of the supervisor or of the host, whatever end that is, and
 * then ends everything below it. Where the system allows, it is the first process of a PID namespace, and the kernel
 * sees to that. A host that a run has ended is replaced: the keeper, which is what it was before any storage was
 * loaded, forks another one when the supervisor asks for it. Keeper and host wake what is below them and was stopped.
 */
#ifndef CORE_ENGINE_HOST_H
#define CORE_ENGINE_HOST_H

#include <pipette/plugin.h>
#include <sys/types.h>

#include "engine/board.h"

typedef struct host_start {
    const char *model_path;
    pipette_stage *stage; /* of the model, for its create() */
    const char *(*stage_message)(pipette_stage *stage);
    board *board;
    const int *pipes;   /* the writing end for each slot */
    const int *outputs; /* what each slot prints: capture_file() */
    const int *hidden;  /* descriptors of the supervisor that the host must not have open */
    uint32_t hidden_count, slot_count;
    uint32_t board_slots;                 /* the board was made for */
    int control;                          /* the keeper's, to the supervisor */
    int socket;                           /* the host's, to the supervisor; the keeper makes it */
    const char *mark;                     /* of all below the keeper, for orphans_end() */
    const pipette_descriptor *descriptor; /* of a model that is here already; NULL: it is loaded */
    uint32_t threads;                     /* that the libraries of one worker may start; 0: as many as they like */
} host_start;

/* Before each record in a worker's pipe. A run that writes to descriptors which are not its own may put anything
 * between records; the supervisor looks for the next mark. */
extern const unsigned char host_mark[16];

/* Forks the keeper, in a PID namespace where that is allowed, which forks the host. The keeper's process number, or -1.
 */
pid_t host_fork(const host_start *start);

#endif
