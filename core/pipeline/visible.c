/* visible.c: what postprocessing sees of an exploration that is older than its config. */
#include "pipeline/visible.h"

#include <stdlib.h>

#include "trajectory/trajectory.h"

/* A leaf that a stage has added, and the round in which it did so last. */
typedef struct added_path {
    char *path;
    uint32_t round;
} added_path;

struct visible {
    pipette_trajectory *shadow; /* the parameters, and the visible points only */
    pipette_trajectory *entered;
    const pipette_trajectory_host *original;
    visible_added added;
    void *added_user;
    added_path *paths; /* of leaves that stages have added */
    size_t path_count, path_capacity;
    uint32_t round;
    pipette_trajectory_host host; /* the original's functions, but those that say what is explored */
};

static visible *of(const pipette_trajectory *trajectory)
{
    return trajectory_companion(trajectory);
}

static int copy_parameter(const pipette_node *node, void *user)
{
    visible *v = user;
    int status;
    if (!(node->flags & PIPETTE_NODE_LEAF))
        return 0;
    if (node->spec == NULL)
        return pipette_add(v->shadow, PIPETTE_BRANCH_PARAMETERS, node->path, &node->value, node->unit, node->comment);
    status = pipette_preset(v->shadow, node->path, &node->value);
    return status == PIPETTE_OK ? pipette_add_parameter(v->shadow, node->spec) : status;
}

static added_path *find_added(visible *v, const char *path)
{
    size_t i;
    for (i = 0; i < v->path_count; i++)
        if (strcmp(v->paths[i].path, path) == 0)
            return &v->paths[i];
    return NULL;
}

static int note_added(visible *v, const char *path, uint32_t round)
{
    added_path *known = find_added(v, path);
    if (known == NULL && v->path_count == v->path_capacity) {
        size_t capacity = 2 * v->path_capacity + 16;
        added_path *more = realloc(v->paths, capacity * sizeof *more);
        if (more == NULL)
            return 0;
        v->paths = more;
        v->path_capacity = capacity;
    }
    if (known == NULL) {
        known = &v->paths[v->path_count];
        known->path = strdup(path);
        if (known->path == NULL)
            return 0;
        v->path_count++;
    }
    known->round = round;
    return 1;
}

#define ROUND_BEFORE (UINT32_MAX - 1u) /* of what was there before this pipeline */

static int note_result(const pipette_node *node, void *user)
{
    return !(node->flags & PIPETTE_NODE_LEAF) || note_added(user, node->path, ROUND_BEFORE) ? 0 : PIPETTE_E_MEMORY;
}

int visible_create(pipette_trajectory *trajectory, int again, visible **out, pipette_error *error)
{
    visible *v = calloc(1, sizeof *v);
    const exploration *points = trajectory_exploration(trajectory);
    char *text = NULL;
    int status;
    *out = NULL;
    if (v == NULL)
        return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
    status = trajectory_create(trajectory_name(trajectory), "", &v->shadow, error);
    if (status == PIPETTE_OK && pipette_walk(trajectory, "parameters", copy_parameter, v) != PIPETTE_OK)
        status = pipette_error_set(error, PIPETTE_E_INTERNAL, "%s", pipette_trajectory_message(v->shadow));
    if (status == PIPETTE_OK && points != NULL)
        status = exploration_text(points, &text, error);
    if (status == PIPETTE_OK && text != NULL)
        status = trajectory_restore(v->shadow, text, error);
    free(text);
    if (status == PIPETTE_OK && again && pipette_walk(trajectory, "results", note_result, v) != PIPETTE_OK)
        status = pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
    if (status != PIPETTE_OK) {
        visible_destroy(v);
        return status;
    }
    *out = v;
    return PIPETTE_OK;
}

void visible_destroy(visible *v)
{
    if (v == NULL)
        return;
    if (v->shadow != NULL)
        trajectory_destroy(v->shadow);
    while (v->path_count > 0)
        free(v->paths[--v->path_count].path);
    free(v->paths);
    free(v);
}

static int expand(pipette_trajectory *trajectory, const pipette_exploration *points)
{
    visible *v = of(trajectory);
    int status = v->original->expand(trajectory, points);
    if (status != PIPETTE_OK)
        return status;
    status = pipette_expand(v->shadow, points);
    return status == PIPETTE_OK
               ? status
               : pipette_trajectory_fail(trajectory, status, "%s", pipette_trajectory_message(v->shadow));
}

static int axis_values(pipette_trajectory *trajectory, const char *name, pipette_value *values)
{
    visible *v = of(trajectory);
    int status = pipette_axis_values(v->shadow, name, values);
    return status == PIPETTE_OK
               ? status
               : pipette_trajectory_fail(trajectory, status, "%s", pipette_trajectory_message(v->shadow));
}

/* What a stage has added in an earlier round it may add again in this one. */
static int may_replace(const char *path, void *user)
{
    visible *v = user;
    const added_path *known = find_added(v, path);
    return known != NULL && known->round != v->round;
}

static int add(pipette_trajectory *trajectory, int branch, const char *path, const pipette_value *value,
               const char *unit, const char *comment)
{
    visible *v = of(trajectory);
    pipette_node node = {.size = sizeof node};
    const char *why = NULL;
    int status = trajectory_put(trajectory, branch, path, value, unit, comment, may_replace, v, &node);
    if (status != PIPETTE_OK || node.path == NULL)
        return status;
    if (!note_added(v, node.path, v->round))
        return pipette_trajectory_fail(trajectory, PIPETTE_E_MEMORY, "out of memory");
    status = v->added(&node, &why, v->added_user);
    return status == PIPETTE_OK ? status : pipette_trajectory_fail(trajectory, status, "%s", why);
}

static uint64_t run_count(const pipette_trajectory *trajectory)
{
    return pipette_run_count(of(trajectory)->shadow);
}

static uint32_t explored_count(const pipette_trajectory *trajectory)
{
    return pipette_explored_count(of(trajectory)->shadow);
}

static const char *explored(const pipette_trajectory *trajectory, uint32_t index)
{
    return pipette_explored(of(trajectory)->shadow, index);
}

/* A parameter that only a later round explores is not explored yet. */
static void correct(const visible *v, pipette_node *node)
{
    pipette_node seen = {.size = sizeof seen};
    if ((node->flags & PIPETTE_NODE_EXPLORED) && pipette_find(v->shadow, node->path, &seen) == PIPETTE_OK &&
        !(seen.flags & PIPETTE_NODE_EXPLORED))
        node->flags &= ~(uint32_t)PIPETTE_NODE_EXPLORED;
}

static int find(pipette_trajectory *trajectory, const char *name, pipette_node *node)
{
    visible *v = of(trajectory);
    int status = v->original->find(trajectory, name, node);
    if (status == PIPETTE_OK)
        correct(v, node);
    return status;
}

typedef struct corrected_walk {
    const visible *v;
    pipette_visit visit;
    void *user;
} corrected_walk;

static int visit_corrected(const pipette_node *node, void *user)
{
    const corrected_walk *walk = user;
    pipette_node seen = *node;
    correct(walk->v, &seen);
    return walk->visit(&seen, walk->user);
}

static int walk(pipette_trajectory *trajectory, const char *name, pipette_visit visit, void *user)
{
    visible *v = of(trajectory);
    corrected_walk corrected = {v, visit, user};
    return v->original->walk(trajectory, name, visit_corrected, &corrected);
}

void visible_enter(visible *v, pipette_trajectory *trajectory, uint32_t round, visible_added added, void *user)
{
    v->round = round;
    v->added = added;
    v->added_user = user;
    trajectory_set_companion(trajectory, v);
    v->entered = trajectory;
    v->original = trajectory->host;
    v->host = *trajectory->host;
    v->host.expand = expand;
    v->host.axis_values = axis_values;
    v->host.add = add;
    v->host.run_count = run_count;
    v->host.explored_count = explored_count;
    v->host.explored = explored;
    v->host.find = find;
    v->host.walk = walk;
    trajectory->host = &v->host;
}

void visible_leave(visible *v)
{
    if (v->entered != NULL)
        v->entered->host = v->original;
    if (v->entered != NULL)
        trajectory_set_companion(v->entered, NULL);
    v->entered = NULL;
}

uint64_t visible_count(const visible *v)
{
    return pipette_run_count(v->shadow);
}

int visible_mask(const visible *v, const pipette_trajectory *trajectory, uint64_t first, uint64_t count, uint8_t *mask,
                 pipette_error *error)
{
    const exploration *all = trajectory_exploration(trajectory), *wanted = trajectory_exploration(v->shadow);
    if (all == NULL || wanted == NULL || exploration_count(all) == exploration_count(wanted)) {
        memset(mask, 1, (size_t)count);
        return PIPETTE_OK;
    }
    return exploration_match(all, wanted, first, count, mask, error);
}
