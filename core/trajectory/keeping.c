/* keeping.c: a trajectory that keeps its first error while it is built: what comes after it does nothing, so that a
 * program may look once. */
#include "trajectory/handle.h"

/* Whether something failed before; then that is the error again. */
static int failed_before(pipette_trajectory *trajectory)
{
    trajectory_handle *h = handle_of(trajectory);
    if (h->core->first.code == PIPETTE_OK)
        return 0;
    h->error = h->core->first;
    return 1;
}

static int keep(pipette_trajectory *trajectory, int status)
{
    trajectory_handle *h = handle_of(trajectory);
    if (status >= 0)
        return status;
    h->core->first = h->error;
    h->core->first.code = status;
    return status;
}

#define KEEPING(trajectory, call)                                                                                      \
    (failed_before(trajectory) ? handle_of(trajectory)->core->first.code : keep(trajectory, trajectory_host.call))

static int add_parameter(pipette_trajectory *t, const pipette_parameter_spec *spec)
{
    return KEEPING(t, add_parameter(t, spec));
}

static int add(pipette_trajectory *t, int branch, const char *path, const pipette_value *value, const char *unit,
               const char *comment)
{
    return KEEPING(t, add(t, branch, path, value, unit, comment));
}

static int preset_value(pipette_trajectory *t, const char *path, const pipette_value *value)
{
    return KEEPING(t, preset(t, path, value));
}

static int set(pipette_trajectory *t, const char *name, const pipette_value *value)
{
    return KEEPING(t, set(t, name, value));
}

static int explore(pipette_trajectory *t, const pipette_exploration *points)
{
    return KEEPING(t, explore(t, points));
}

static int explore_axis(pipette_trajectory *t, const pipette_axis *given)
{
    return KEEPING(t, explore_axis(t, given));
}

static int expand(pipette_trajectory *t, const pipette_exploration *points)
{
    return KEEPING(t, expand(t, points));
}

void trajectory_keep_first_error(pipette_trajectory *trajectory)
{
    pipette_trajectory_host *host = &handle_of(trajectory)->core->keeping;
    *host = trajectory_host;
    host->add_parameter = add_parameter;
    host->add = add;
    host->preset = preset_value;
    host->set = set;
    host->explore = explore;
    host->explore_axis = explore_axis;
    host->expand = expand;
    trajectory->host = host;
}

const pipette_error *trajectory_first_error(const pipette_trajectory *trajectory)
{
    return &handle_of(trajectory)->core->first;
}
