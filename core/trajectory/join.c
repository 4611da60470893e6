/* join.c: the points of another trajectory join: those that are not there yet come behind. */
#include "trajectory/explore.h"
#include "trajectory/handle.h"

#include <stdlib.h>

static const tree_node *parameter_of(const trajectory_core *core, const char *path, pipette_error *error)
{
    const tree_node *node = tree_exact(&core->nodes, path);
    if (node != NULL && node->leaf && node->value.rank == 0)
        return node;
    (void)pipette_error_set(error, PIPETTE_E_INVALID,
                            "'%.400s' is explored by one of the trajectories, and no single value in the other", path);
    return NULL;
}

/* What a parameter is where it is not explored. NULL: it is explored, or an error. */
static int constant_of(const trajectory_core *core, const char *path, series **out, pipette_error *error)
{
    const tree_node *node = parameter_of(core, path, error);
    *out = NULL;
    if (node == NULL)
        return PIPETTE_E_INVALID;
    return node->explored != 0 ? PIPETTE_OK : explore_fallback(node, out, error);
}

/* Adds a parameter that the points do not explore, with one value for all of them. */
static int add_constant(exploration *points, const char *path, const trajectory_core *from, const trajectory_core *to,
                        pipette_error *error)
{
    const tree_node *node = parameter_of(from, path, error);
    series *own = NULL, *fallback = NULL;
    uint32_t i, number = points->parameter_count;
    int status = node == NULL ? PIPETTE_E_INVALID : explore_fallback(node, &own, error);
    if (status == PIPETTE_OK)
        status = constant_of(to, path, &fallback, error);
    if (status == PIPETTE_OK)
        status = exploration_add_parameter(points, path, node->value.type, fallback, error);
    for (i = 0; status == PIPETTE_OK && i < points->segment_count; i++) {
        axis constant = {number, 0, NULL, 0};
        factor f = {NULL, 0, 0};
        status = axis_append(&constant, own, 0, 1, 1, error);
        if (status == PIPETTE_OK)
            status = factor_add(&f, &constant, error);
        if (status == PIPETTE_OK)
            status = segment_add(&points->segments[i], &f, error);
    }
    if (own != NULL)
        series_release(own);
    if (fallback != NULL)
        series_release(fallback);
    return status;
}

/* The points of `from`, or its one point, as they are but for what a parameter had in `to` where that does not explore
 * it. */
static int copy_points(const trajectory_core *from, const trajectory_core *to, exploration *out, pipette_error *error)
{
    uint32_t i, count = from->points == NULL ? 1 : from->points->segment_count;
    int status = PIPETTE_OK;
    for (i = 0; status == PIPETTE_OK && from->points != NULL && i < from->points->parameter_count; i++) {
        const explored *p = &from->points->parameters[i];
        series *fallback = NULL;
        status = constant_of(to, p->name, &fallback, error);
        if (status == PIPETTE_OK)
            status = exploration_add_parameter(out, p->name, p->type, fallback, error);
        if (fallback != NULL)
            series_release(fallback);
    }
    for (i = 0; status == PIPETTE_OK && i < count; i++) {
        segment s;
        memset(&s, 0, sizeof s);
        if (from->points != NULL)
            status = segment_copy(&from->points->segments[i], &s, error);
        if (status == PIPETTE_OK)
            status = exploration_add_segment(out, &s, error);
        else
            segment_destroy(&s);
    }
    return status;
}

int trajectory_join(pipette_trajectory *trajectory, const pipette_trajectory *other, const char *const *also,
                    uint32_t also_count, pipette_error *error)
{
    trajectory_core *to = handle_of(trajectory)->core;
    const trajectory_core *from = handle_of(other)->core;
    exploration *points = NULL, *merged = NULL;
    uint32_t i;
    int status = exploration_new(&points, error);
    if (status == PIPETTE_OK)
        status = copy_points(from, to, points, error);
    for (i = 0; status == PIPETTE_OK && to->points != NULL && i < to->points->parameter_count; i++)
        if (exploration_index(points, to->points->parameters[i].name) == UINT32_MAX)
            status = add_constant(points, to->points->parameters[i].name, from, to, error);
    for (i = 0; status == PIPETTE_OK && i < also_count; i++)
        if (exploration_index(points, also[i]) == UINT32_MAX)
            status = add_constant(points, also[i], from, to, error);
    if (status == PIPETTE_OK && points->parameter_count > 0) {
        status = exploration_finish(points, error);
        if (status == PIPETTE_OK)
            status = exploration_expand(to->points, points, &merged, error);
    }
    exploration_destroy(points);
    return status == PIPETTE_OK && merged != NULL ? trajectory_adopt(to, merged, error) : status;
}
