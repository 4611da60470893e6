/* engine_private.h: the inside of an engine, shared by engine.c (starting, asking) and supervise.c (running). */
#ifndef CORE_ENGINE_PRIVATE_H
#define CORE_ENGINE_PRIVATE_H

#include <sys/stat.h>
#include <sys/types.h>

#include "engine/engine.h"
#include "engine/message.h"
#include "engine/orphans.h"

/* What the supervisor knows of a worker process. */
typedef struct engine_slot {
    int pipe;                          /* reading end */
    int output;                        /* what its runs print: capture_file() */
    int alive;                         /* asked for, and not dead as far as is known */
    int started;                       /* the host has said so */
    double asked_at;                   /* when it was asked for */
    uint64_t given_first, given_count; /* what a dead worker had left, and what this one was told to begin with */
    uint32_t given_tries;
    int given_isolate;
    int alone;        /* nobody else is at work: the given runs may have ended the model host */
    double killed_at; /* 0: it was not */
    int killed_for_timeout;
    uint64_t killed_ran; /* and board_slot.ran when that was decided */
    int looking;         /* its worker was seen to look at what a chunk has left */
    int leaving;         /* seen in the model's destroy() */
    uint32_t seen_tries; /* and board_slot.tries likewise */
    uint64_t seen_ran;   /* board_slot.ran when it last changed, */
    double seen_at;      /* and when that was */
    wire received;       /* bytes that are not a whole record yet */
    wire held;           /* records of messages and logs, until the states of their runs have come */
} engine_slot;

struct engine {
    engine_options options;
    char *model_path;
    pipette_stage *stage;
    const char *(*stage_message)(pipette_stage *stage);
    board *board;
    engine_slot *slots;
    uint32_t slot_count;
    size_t board_bytes;
    uint32_t board_slots; /* it was made for */
    pid_t keeper;         /* 0: everything is in this process, or it has ended */
    int keeper_gone, keeper_status;
    int orphans;                          /* orphans_watch() is in force */
    char keeper_mark[ORPHANS_MARK_BYTES]; /* for orphans_end() */
    int control;                          /* to the keeper */
    message_channel host;                 /* to the model host */
    enum { HOST_STARTING, HOST_LOADING, HOST_READY, HOST_ENDED, HOST_REFUSED } host_state;
    int host_status;        /* ENDED: its wait status; REFUSED: an errno */
    struct stat model_file; /* as it was when it was first loaded */
    void *declared;         /* and what the host said then */
    size_t declared_size;
    plugin_schema *schema;
    const pipette_descriptor *descriptor; /* in_process */
    double terminated_at;                 /* when options.terminate was first seen; 0: not yet */
};

#endif
