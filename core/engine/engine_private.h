/* engine_private.h: the inside of an engine, shared by engine.c (starting, asking) and supervise.c (running). */
#ifndef CORE_ENGINE_PRIVATE_H
#define CORE_ENGINE_PRIVATE_H

#include <sys/types.h>

#include "engine/engine.h"

/* What the supervisor knows of a worker process. */
typedef struct engine_slot {
    int pipe;   /* reading end */
    int output; /* what its runs print: capture_file() */
    int alive;
    int killed_for_timeout;
    uint64_t killed_ran; /* and board_slot.ran when that was decided */
    int leaving;         /* seen in the model's destroy() */
    uint64_t seen_ran; /* board_slot.ran when it last changed, */
    double seen_at;    /* and when that was */
    wire received;     /* bytes that are not a whole record yet */
} engine_slot;

struct engine {
    engine_options options;
    char *model_path;
    pipette_stage *stage;
    const char *(*stage_message)(pipette_stage *stage);
    board *board;
    engine_slot *slots;
    uint32_t slot_count;
    pid_t host; /* the keeper of the model host; 0: in this process, or gone */
    int socket;
    plugin_schema *schema;
    const pipette_descriptor *descriptor; /* in_process */
};

#endif
