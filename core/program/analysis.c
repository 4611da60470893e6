/* analysis.c: finished experiments looked at from a program. */
#include <pipette/analysis.h>

#include <math.h>
#include <stdlib.h>

#include "pipeline/pipeline.h"
#include "program/stored_results.h"
#include "program/stored_trajectory.h"

int pipette_trajectory_load_sized(const char *path, const pipette_load_options *options, size_t size,
                                  pipette_trajectory **out, pipette_error *error)
{
    pipette_load_options o = pipette_load_defaults();
    pipette_file *file = NULL;
    int status;
    *out = NULL;
    if (options != NULL)
        memcpy(&o, options, size < sizeof o ? size : sizeof o);
    if (path == NULL)
        return pipette_error_set(error, PIPETTE_E_INVALID, "no file is named");
    status = pipette_file_open(path, o.storage, o.folders, (uint32_t)o.folder_count, &file, error);
    if (status == PIPETTE_OK)
        status = stored_trajectory(file, 1, &o, out, error);
    if (status != PIPETTE_OK)
        pipette_file_destroy(file);
    return status;
}

int pipette_load(pipette_trajectory *trajectory, const char *name, int level)
{
    if (stored_trajectory_file(trajectory) == NULL)
        return pipette_trajectory_fail(trajectory, PIPETTE_E_INVALID, "this trajectory is not one that was loaded");
    return level < PIPETTE_LOAD_DATA ? PIPETTE_OK : trajectory_load(trajectory, name, level >= PIPETTE_LOAD_ANEW);
}

pipette_file *pipette_trajectory_file(const pipette_trajectory *trajectory)
{
    return trajectory == NULL ? NULL : stored_trajectory_file(trajectory);
}

/* ---- Parameters of another trajectory ---- */

typedef struct parameter_copy {
    pipette_trajectory *from, *to;
    int status;
} parameter_copy;

static int copy_parameter(const pipette_node *node, void *user)
{
    parameter_copy *copy = user;
    pipette_node there = {.size = sizeof there};
    if (!(node->flags & PIPETTE_NODE_LEAF))
        return 0;
    if (pipette_find(copy->to, node->path, &there) == PIPETTE_OK)
        copy->status = pipette_set(copy->to, node->path, &node->value);
    else
        copy->status =
            pipette_add(copy->to, PIPETTE_BRANCH_PARAMETERS, node->path, &node->value, node->unit, node->comment);
    return copy->status;
}

int pipette_add_parameters_of(pipette_trajectory *trajectory, pipette_trajectory *from)
{
    parameter_copy copy = {from, trajectory, PIPETTE_OK};
    int status = pipette_walk(from, "parameters", copy_parameter, &copy);
    if (status != PIPETTE_OK && copy.status == PIPETTE_OK)
        return pipette_trajectory_fail(trajectory, status, "%s", pipette_trajectory_message(from));
    return status;
}

/* ---- Runs ---- */

static pipette_file *file_of(pipette_trajectory *trajectory, pipette_error *error)
{
    pipette_file *file = pipette_trajectory_file(trajectory);
    if (file == NULL)
        (void)pipette_error_set(error, PIPETTE_E_INVALID, "this trajectory is not one that was loaded");
    return file;
}

/* Where times are kept for blocks of runs, that of the block. */
static double time_of(pipette_file *file, const char *path, uint64_t row)
{
    const pipette_entry *entry;
    uint64_t run;
    double seconds = (double)NAN;
    if (pipette_file_find(file, path, &entry, &run, NULL) == PIPETTE_OK)
        (void)pipette_file_read(file, path, row / (entry->every > 1 ? entry->every : 1), 1, PIPETTE_TYPE_F64, &seconds,
                                NULL);
    return seconds;
}

int pipette_run_info(pipette_trajectory *trajectory, uint64_t run, pipette_run_information *out, pipette_error *error)
{
    pipette_run_information information;
    const uint32_t size = out->size == 0 || out->size > sizeof information ? (uint32_t)sizeof information : out->size;
    pipette_file *file = file_of(trajectory, error);
    pipette_value message;
    int8_t state = PIPETTE_STATE_PENDING;
    uint64_t row = 0;
    int status;
    if (file == NULL)
        return PIPETTE_E_INVALID;
    status = pipette_file_row(file, run, &row, error);
    if (status == PIPETTE_OK)
        status = pipette_file_read(file, LEDGER_STATE, row, 1, PIPETTE_TYPE_BOOL, &state, error);
    if (status != PIPETTE_OK)
        return status;
    memset(&information, 0, sizeof information);
    information.size = size;
    information.state = state;
    information.run = run;
    (void)pipette_run_name(run, information.name);
    information.start = time_of(file, LEDGER_START, row);
    information.duration = time_of(file, LEDGER_DURATION, row);
    information.message = "";
    if (pipette_file_read_one(file, LEDGER_MESSAGE, row, &message, NULL) == PIPETTE_OK &&
        message.type == PIPETTE_TYPE_STRING && message.as.string != NULL)
        information.message = message.as.string;
    memcpy(out, &information, size);
    return PIPETTE_OK;
}

int pipette_find_runs(pipette_trajectory *trajectory, pipette_run_predicate predicate, void *user, uint64_t **runs,
                      uint64_t *count, pipette_error *error)
{
    pipette_selection_options all = {.size = sizeof all};
    pipette_selected some[256];
    pipette_selection *selection = NULL;
    pipette_file *file = file_of(trajectory, error);
    uint64_t *found = NULL, capacity = 0;
    uint32_t n = 1, i;
    int status;
    *runs = NULL;
    *count = 0;
    if (file == NULL)
        return PIPETTE_E_INVALID;
    status = pipette_selection_create(file, &all, &selection, error);
    while (status == PIPETTE_OK && n > 0) {
        status = pipette_selection_next(selection, some, sizeof some / sizeof some[0], &n, error);
        for (i = 0; status == PIPETTE_OK && i < n; i++) {
            pipette_trajectory *view = NULL;
            int wanted;
            status = pipette_view(trajectory, some[i].run, &view);
            if (status != PIPETTE_OK) {
                (void)pipette_error_set(error, status, "%s", pipette_trajectory_message(trajectory));
                break;
            }
            wanted = predicate(view, user);
            pipette_view_destroy(view);
            if (!wanted)
                continue;
            if (*count == capacity) {
                uint64_t *more = realloc(found, (size_t)(2 * capacity + 64) * sizeof *more);
                if (more == NULL) {
                    status = pipette_error_set(error, PIPETTE_E_MEMORY, "out of memory");
                    break;
                }
                found = more;
                capacity = 2 * capacity + 64;
            }
            found[(*count)++] = some[i].run;
        }
    }
    pipette_selection_destroy(selection);
    if (status != PIPETTE_OK) {
        free(found);
        *count = 0;
        return status;
    }
    *runs = found;
    return PIPETTE_OK;
}

int pipette_runs_open(pipette_trajectory *trajectory, const pipette_selection_options *selection, pipette_results **out,
                      pipette_error *error)
{
    const pipette_selection_options all = {.size = sizeof all};
    pipette_file *file = file_of(trajectory, error);
    stored_results *made = NULL;
    int status;
    *out = NULL;
    if (file == NULL)
        return PIPETTE_E_INVALID;
    status = stored_results_create(file, selection == NULL ? &all : selection, &made, error);
    if (status == PIPETTE_OK)
        *out = stored_results_handle(made);
    return status;
}

void pipette_runs_close(pipette_results *seen)
{
    stored_results_destroy((stored_results *)(void *)seen);
}
