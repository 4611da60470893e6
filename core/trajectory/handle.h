/* handle.h: the inside of a trajectory: what all its handles share, and one handle (the trajectory itself or a view).
 */
#ifndef CORE_TRAJECTORY_HANDLE_H
#define CORE_TRAJECTORY_HANDLE_H

#include "exploration/points.h"
#include "trajectory/trajectory.h"
#include "trajectory/tree.h"

/* A value that waits for its parameter; `path` is the full name. A config may hold very many, so they stand in lists by
 * a hash of their paths. */
enum { PRESET_LISTS = 1024 };
typedef struct preset {
    struct preset *next; /* of the list */
    uint64_t number;     /* in the order in which they were given, from 1 */
    char *path;
    pipette_value value;
} preset;

typedef struct trajectory_core {
    char *name, *comment;
    node_tree nodes;
    preset *presets[PRESET_LISTS];
    uint64_t preset_number; /* of the last one */
    exploration *points;    /* NULL: nothing is explored */
    series **values;        /* per explored parameter: its distinct values, once asked for */
    uint64_t views;
    int started;
    struct kept_axis *axes; /* of an exploration that is given axis by axis (axes.c) */
    uint32_t axis_count;
    const trajectory_source *source; /* of values that are not in memory; NULL: there are none */
    void *source_user;
    int load_on_touch;
    void *companion;     /* of whoever has put its own functions in front (visible.c) */
    pipette_error first; /* of a trajectory that keeps its first error (keeping.c) */
    pipette_trajectory_host keeping;
} trajectory_core;

typedef struct trajectory_handle {
    pipette_trajectory public;
    trajectory_core *core;
    uint64_t run;          /* PIPETTE_DEFAULT_RUN: the default view */
    int view;              /* made by view(): does not own the core */
    pipette_value fetched; /* the result of a run that was read last */
    char *path;            /* of the node of a run that was found last */
    pipette_error error;
} trajectory_handle;

extern const pipette_trajectory_host trajectory_host;

/* What is known of a node, as this handle sees it. */
void trajectory_describe(const trajectory_handle *handle, const tree_node *node, pipette_node *out);
void trajectory_value_seen(const trajectory_handle *handle, const tree_node *node, pipette_value *value);
/* Frees what a handle has kept for its caller. */
void trajectory_drop_kept(trajectory_handle *handle);

static inline trajectory_handle *handle_of(const pipette_trajectory *trajectory)
{
    return (trajectory_handle *)(uintptr_t)trajectory;
}

/* Parameters can be added, changed and explored before the runs start, and not from a view. `what` opens the message.
 */
int trajectory_check_open(trajectory_handle *handle, const char *what);

/* pipette_trajectory_host.explore_axis, and what it keeps. */
int axes_explore(pipette_trajectory *trajectory, const pipette_axis *axis);
void axes_free(trajectory_core *core);

/* Makes `points` (taken over) the trajectory's and marks their parameters. */
int trajectory_adopt(trajectory_core *core, exploration *points, pipette_error *error);

#endif
