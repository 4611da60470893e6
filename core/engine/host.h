/* host.h: the model host: a process that loads the model and forks the workers. It is forked before the supervisor loads a storage
 * plugin, so that no worker inherits the storage's libraries (a worker that calls exit() would run their exit handlers). */
#ifndef CORE_ENGINE_HOST_H
#define CORE_ENGINE_HOST_H

#include <pipette/plugin.h>

#include "engine/board.h"

typedef struct host_start {
    const char *model_path;
    pipette_stage *stage; /* of the model, for its create() */
    const char *(*stage_message)(pipette_stage *stage);
    board *board;
    const int *pipes; /* the writing end for each slot */
    int socket;       /* to the supervisor */
} host_start;

/* The life of the host, in the forked process; never returns. */
_Noreturn void host_main(const host_start *start);

#endif
