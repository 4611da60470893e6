/* trajectory.c: making and ending a trajectory, its start, and taking over stored points. */
#include "trajectory/trajectory.h"

#include "trajectory/handle.h"
#include "trajectory/parameter.h"

#include <stdlib.h>

static int no_memory(pipette_error *error)
{
    return pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
}

static void forget_values(trajectory_core *core)
{
    uint32_t i;
    for (i = 0; core->values != NULL && i < core->points->parameter_count; i++)
        series_release(core->values[i]);
    free(core->values);
    core->values = NULL;
}

static void forget_presets(trajectory_core *core)
{
    size_t i;
    for (i = 0; i < PRESET_LISTS; i++)
        while (core->presets[i] != NULL) {
            preset *gone = core->presets[i];
            core->presets[i] = gone->next;
            value_destroy(&gone->value);
            free(gone->path);
            free(gone);
        }
}

/* The one that was given first, or NULL. */
static const preset *first_preset(const trajectory_core *core)
{
    const preset *first = NULL, *one;
    size_t i;
    for (i = 0; i < PRESET_LISTS; i++)
        for (one = core->presets[i]; one != NULL; one = one->next)
            if (first == NULL || one->number < first->number)
                first = one;
    return first;
}

static void core_destroy(trajectory_core *core)
{
    if (core == NULL)
        return;
    forget_values(core);
    axes_free(core);
    if (core->source != NULL && core->source->close != NULL)
        core->source->close(core->source_user);
    exploration_destroy(core->points);
    forget_presets(core);
    tree_destroy(&core->nodes);
    free(core->name);
    free(core->comment);
    free(core);
}

int trajectory_create(const char *name, const char *comment, pipette_trajectory **trajectory, pipette_error *error)
{
    trajectory_handle *handle;
    int status;
    *trajectory = NULL;
    status = name_check(name, 0, error);
    if (status == PIPETTE_OK && strchr(name, '.') != NULL)
        status =
            pipette_error_set(error, PIPETTE_E_INVALID, "name '%.200s': the name of a trajectory has no dots", name);
    if (status != PIPETTE_OK)
        return status;
    handle = calloc(1, sizeof *handle);
    if (handle == NULL)
        return no_memory(error);
    handle->public.size = (uint32_t)sizeof handle->public;
    handle->public.host = &trajectory_host;
    handle->run = PIPETTE_DEFAULT_RUN;
    handle->core = calloc(1, sizeof *handle->core);
    if (handle->core == NULL) {
        free(handle);
        return no_memory(error);
    }
    handle->core->name = strdup(name);
    handle->core->comment = strdup(comment == NULL ? "" : comment);
    status = handle->core->name == NULL || handle->core->comment == NULL ? no_memory(error)
                                                                         : tree_create(&handle->core->nodes, error);
    if (status != PIPETTE_OK) {
        core_destroy(handle->core);
        free(handle);
        return status;
    }
    *trajectory = &handle->public;
    return PIPETTE_OK;
}

void trajectory_destroy(pipette_trajectory *trajectory)
{
    trajectory_handle *handle = handle_of(trajectory);
    if (handle == NULL)
        return;
    if (handle->view)
        handle->core->views--;
    else
        core_destroy(handle->core);
    trajectory_drop_kept(handle);
    free(handle);
}

const char *trajectory_name(const pipette_trajectory *trajectory)
{
    return handle_of(trajectory)->core->name;
}

const char *trajectory_comment(const pipette_trajectory *trajectory)
{
    return handle_of(trajectory)->core->comment;
}

void trajectory_set_companion(pipette_trajectory *trajectory, void *companion)
{
    handle_of(trajectory)->core->companion = companion;
}

void *trajectory_companion(const pipette_trajectory *trajectory)
{
    return handle_of(trajectory)->core->companion;
}

const exploration *trajectory_exploration(const pipette_trajectory *trajectory)
{
    return handle_of(trajectory)->core->points;
}

int trajectory_start(pipette_trajectory *trajectory, pipette_error *error)
{
    trajectory_core *core = handle_of(trajectory)->core;
    const preset *waiting = first_preset(core);
    tree_node *node;
    if (waiting != NULL) {
        const char *path = waiting->path,
                   *nearest = tree_nearest(&core->nodes, path, NAME_NO_RUN, PIPETTE_BRANCH_PARAMETERS);
        if (nearest != NULL)
            return pipette_error_set(
                error, PIPETTE_E_NOT_FOUND,
                "'%.400s' was given a value, but there is no such parameter; did you mean '%.400s'?", path, nearest);
        return pipette_error_set(error, PIPETTE_E_NOT_FOUND,
                                 "'%.400s' was given a value, but there is no such parameter", path);
    }
    for (node = &core->nodes.root; node != NULL; node = tree_next(&core->nodes.root, node))
        if (node->leaf && node->branch == PIPETTE_BRANCH_PARAMETERS)
            node->locked = 1;
    core->started = 1;
    return PIPETTE_OK;
}

int trajectory_adopt(trajectory_core *core, exploration *points, pipette_error *error)
{
    uint32_t i;
    for (i = 0; i < points->parameter_count; i++) {
        const tree_node *node = tree_exact(&core->nodes, points->parameters[i].name);
        int status = PIPETTE_OK;
        if (node == NULL || !node->leaf || node->branch != PIPETTE_BRANCH_PARAMETERS)
            status = pipette_error_set(error, PIPETTE_E_NOT_FOUND,
                                       "the stored points explore '%.400s', which is no parameter now",
                                       points->parameters[i].name);
        else if (node->value.rank != 0 || node->value.type != points->parameters[i].type)
            status =
                pipette_error_set(error, PIPETTE_E_TYPE, "the stored points explore '%.400s' as %s, now it is %s%s",
                                  node->path, pipette_type_text(points->parameters[i].type),
                                  node->value.rank == 0 ? "" : "an array of ", pipette_type_text(node->value.type));
        if (status != PIPETTE_OK) {
            exploration_destroy(points);
            return status;
        }
    }
    forget_values(core);
    exploration_destroy(core->points);
    core->points = points;
    for (i = 0; i < points->parameter_count; i++) {
        tree_node *node = tree_exact(&core->nodes, points->parameters[i].name);
        node->explored = i + 1;
        node->locked = 1;
    }
    return PIPETTE_OK;
}

int trajectory_restore(pipette_trajectory *trajectory, const char *text, pipette_error *error)
{
    trajectory_core *core = handle_of(trajectory)->core;
    exploration *points;
    int status;
    if (core->points != NULL)
        return pipette_error_set(error, PIPETTE_E_EXISTS, "the trajectory explores already; stored points come first");
    status = exploration_parse(text, &points, error);
    return status == PIPETTE_OK ? trajectory_adopt(core, points, error) : status;
}

static int is_same(const exploration *a, const exploration *b)
{
    char *one = NULL, *other = NULL;
    int same = exploration_text(a, &one, NULL) == PIPETTE_OK && exploration_text(b, &other, NULL) == PIPETTE_OK &&
               strcmp(one, other) == 0;
    free(one);
    free(other);
    return same;
}

int trajectory_continue(pipette_trajectory *trajectory, const char *text, pipette_error *error)
{
    trajectory_core *core = handle_of(trajectory)->core;
    exploration *stored = NULL, *merged = NULL;
    int status = PIPETTE_OK;
    if (core->points == NULL)
        return text == NULL ? PIPETTE_OK : trajectory_restore(trajectory, text, error);
    if (text != NULL)
        status = exploration_parse(text, &stored, error);
    if (status == PIPETTE_OK)
        status = exploration_expand(stored, core->points, &merged, error);
    if (status == PIPETTE_OK && merged == NULL && stored != NULL) {
        merged = stored;
        stored = NULL;
    }
    exploration_destroy(stored);
    if (status != PIPETTE_OK || merged == NULL)
        return status;
    if (core->views == 0)
        return trajectory_adopt(core, merged, error);
    if (!is_same(merged, core->points))
        status = pipette_error_set(error, PIPETTE_E_LOCKED, "runs cannot be renumbered while there are views of them");
    exploration_destroy(merged);
    return status;
}
