/* axes.c: an exploration that is given axis by axis: the runs are the product of those that have come so far. */
#include "trajectory/explore.h"
#include "trajectory/handle.h"

#include <stdlib.h>

typedef struct kept_axis {
    pipette_axis axis; /* with texts and values of our own */
    char *parameter;
    pipette_value values;
} kept_axis;

static void drop(kept_axis *kept)
{
    free(kept->parameter);
    if (kept->values.type != PIPETTE_TYPE_NONE)
        value_destroy(&kept->values);
}

void axes_free(trajectory_core *core)
{
    while (core->axis_count > 0)
        drop(&core->axes[--core->axis_count]);
    free(core->axes);
    core->axes = NULL;
}

static int keep(const pipette_axis *given, kept_axis *out, pipette_error *error)
{
    int status = PIPETTE_OK;
    memset(out, 0, sizeof *out);
    memcpy(&out->axis, given, given->size == 0 || given->size > sizeof out->axis ? sizeof out->axis : given->size);
    if (given->parameter == NULL)
        return pipette_error_set(error, PIPETTE_E_INVALID, "an axis that names no parameter");
    out->parameter = strdup(given->parameter);
    if (out->parameter == NULL)
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
    if (out->axis.kind == PIPETTE_AXIS_VALUES)
        status = value_convert(&given->values, PIPETTE_TYPE_NONE, given->parameter, &out->values, error);
    if (status != PIPETTE_OK)
        out->values = pipette_value_none();
    out->axis.size = sizeof out->axis;
    out->axis.parameter = out->parameter;
    out->axis.values = out->values;
    out->axis.zip = 0;
    return status;
}

/* An axis of ours has locked its parameter; whatever else did must be heard. */
static int check_unlocked(trajectory_handle *h, const char *name)
{
    tree_node *node;
    if (tree_find(&h->core->nodes, name, NAME_NO_RUN, PIPETTE_BRANCH_PARAMETERS, &node, &h->error) != PIPETTE_OK)
        return h->error.code;
    if (node->leaf && node->locked && node->explored == 0)
        return pipette_error_set(&h->error, PIPETTE_E_LOCKED,
                                 "'%.400s' is locked: it was read, so it cannot be explored", node->path);
    return PIPETTE_OK;
}

int axes_explore(pipette_trajectory *trajectory, const pipette_axis *given)
{
    trajectory_handle *h = handle_of(trajectory);
    trajectory_core *core = h->core;
    pipette_exploration wanted = {.size = sizeof wanted, .axis_stride = sizeof(kept_axis)};
    exploration *points;
    kept_axis *more;
    int status = trajectory_check_open(h, "exploring");
    if (status == PIPETTE_OK && core->points != NULL && core->axis_count == 0)
        status =
            pipette_error_set(&h->error, PIPETTE_E_EXISTS, "the trajectory is explored already; expand adds points");
    if (status == PIPETTE_OK && given->parameter != NULL)
        status = check_unlocked(h, given->parameter);
    if (status != PIPETTE_OK)
        return status;
    more = realloc(core->axes, (core->axis_count + 1u) * sizeof *more);
    if (more == NULL)
        return pipette_error_set(&h->error, PIPETTE_E_MEMORY, "out of memory");
    core->axes = more;
    status = keep(given, &more[core->axis_count], &h->error);
    wanted.axes = &more[0].axis;
    wanted.axis_count = core->axis_count + 1u;
    if (status == PIPETTE_OK)
        status = explore_build(&core->nodes, &wanted, 0, &points, &h->error);
    if (status == PIPETTE_OK)
        status = trajectory_adopt(core, points, &h->error);
    if (status == PIPETTE_OK)
        core->axis_count++;
    else
        drop(&more[core->axis_count]);
    return status;
}
